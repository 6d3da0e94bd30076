//! A secret in the `Authorization` header: bare, or behind `Bearer`.

use aws_lc_rs::{constant_time, digest};
use http::{HeaderMap, header};

/// The token that a request carries; `None` when there is none, or nothing that could be one.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(char::is_whitespace) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None => value,
    };
    let alone = token.eq_ignore_ascii_case("bearer");
    (!token.is_empty() && !alone && !token.contains(char::is_whitespace)).then_some(token)
}

/// A secret that is compared and never shown. What is compared takes the same time whatever is given.
#[derive(Clone)]
pub(crate) struct Expected(digest::Digest);

impl Expected {
    /// Expects `secret`.
    pub(crate) fn new(secret: &str) -> Self {
        Self(digest::digest(&digest::SHA256, secret.as_bytes()))
    }

    /// Whether `given` is the secret.
    pub(crate) fn is(&self, given: &str) -> bool {
        let given = digest::digest(&digest::SHA256, given.as_bytes());
        constant_time::verify_slices_are_equal(self.0.as_ref(), given.as_ref()).is_ok()
    }
}

impl std::fmt::Debug for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Expected(..)")
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_stands_alone_or_behind_bearer() {
        let cases = [
            ("abc", Some("abc")),
            (" abc ", Some("abc")),
            ("Bearer abc", Some("abc")),
            ("bearer   abc", Some("abc")),
            ("gAAAAABn-_==", Some("gAAAAABn-_==")),
            ("", None),
            ("Bearer", None),
            ("Bearer ", None),
            ("Basic YTpi", None),
            ("Bearer a b", None),
        ];
        for (text, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(text).unwrap());
            assert_eq!(token(&headers), expected, "{text:?}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(token(&headers), None);
        headers.insert(header::AUTHORIZATION, HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert_eq!(token(&headers), None);
    }

    #[test]
    fn only_the_secret_itself_will_do() {
        let expected = Expected::new("open sesame");
        assert!(expected.is("open sesame"));
        for wrong in ["", "open", "open sesame ", "OPEN SESAME"] {
            assert!(!expected.is(wrong), "{wrong:?}");
        }
        assert_eq!(format!("{expected:?}"), "Expected(..)");
    }
}
