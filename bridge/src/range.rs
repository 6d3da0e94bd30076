//! The standard `Range` header (RFC 9110, 14.1 and 14.2). A dialect's own spellings are in its `wire.rs`.

/// What a client asks for with `Range: bytes=...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// From the first byte to the last one, inclusive; to the end when there is no last one.
    From(u64, Option<u64>),
    /// That many bytes at the end.
    Last(u64),
}

/// A header that names bytes and makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadRange;

/// Parses the header's value. Another unit, and several ranges at once, may be ignored by a
/// server, and are: `Ok(None)`.
pub(crate) fn parse(value: &str) -> Result<Option<Wanted>, BadRange> {
    let Some((unit, set)) = value.split_once('=') else { return Err(BadRange) };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Ok(None);
    }
    let (first, last) = set.trim().split_once('-').ok_or(BadRange)?;
    match (first.trim(), last.trim()) {
        ("", count) => Ok(Some(Wanted::Last(digits(count)?))),
        (first, "") => Ok(Some(Wanted::From(digits(first)?, None))),
        (first, last) => {
            let (first, last) = (digits(first)?, digits(last)?);
            if last < first { Err(BadRange) } else { Ok(Some(Wanted::From(first, Some(last)))) }
        }
    }
}

/// A number of digits only: no sign, no space. One past `u64` is as good as the largest.
pub(crate) fn digits(text: &str) -> Result<u64, BadRange> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadRange);
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let cases = [
            ("bytes=0-499", Ok(Some(Wanted::From(0, Some(499))))),
            ("Bytes = 5 - 9", Ok(Some(Wanted::From(5, Some(9))))),
            ("bytes=500-", Ok(Some(Wanted::From(500, None)))),
            ("bytes=-500", Ok(Some(Wanted::Last(500)))),
            ("bytes=0-99999999999999999999999", Ok(Some(Wanted::From(0, Some(u64::MAX))))),
            ("bytes=0-1,3-4", Ok(None)),
            ("lines=1-2", Ok(None)),
            ("bytes", Err(BadRange)),
            ("bytes=", Err(BadRange)),
            ("bytes=-", Err(BadRange)),
            ("bytes=9-1", Err(BadRange)),
            ("bytes=a-b", Err(BadRange)),
            ("bytes=+1-2", Err(BadRange)),
            ("bytes=--5", Err(BadRange)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
