//! The query of a URL, read once.

use http::Uri;
use percent_encoding::percent_decode_str;

/// Names and values in their order. What is not UTF-8 becomes replacement characters.
#[derive(Debug)]
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// What stands behind the `?`; `+` is a space there.
    pub(crate) fn of(uri: &Uri) -> Self {
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(name, value)| (decode(name), decode(value))).collect())
    }

    /// The value of a name; of one that stands twice, the first.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All of them, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded() {
        let pairs = Pairs::of(&"/?a=1&b=x%20y+z&a=2&flag&&=v&%61b=%FF".parse().unwrap());
        let cases = [("a", Some("1")), ("b", Some("x y z")), ("flag", Some("")), ("ab", Some("\u{fffd}")), ("c", None)];
        for (name, expected) in cases {
            assert_eq!(pairs.first(name), expected, "{name}");
        }
        assert_eq!(
            pairs.iter().filter(|(name, _)| *name == "a").map(|(_, value)| value).collect::<Vec<_>>(),
            ["1", "2"]
        );
    }
}
