//! What a form says of its boundary, and a part of itself.

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

/// The longest boundary. (RFC 2046 has 70; some clients make longer ones.)
const LONGEST_BOUNDARY: usize = 200;

/// What a part says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The name of the file: `filename*` decoded, else `filename` as it stands.
    pub(crate) filename: Option<String>,
    /// Whether it was `filename*`.
    pub(crate) is_extended: bool,
    /// How long it will be.
    pub(crate) length: Option<u64>,
}

/// The boundary that a request of type `multipart/form-data` names.
pub(crate) fn boundary(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = value.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = find(parameters, "boundary")?;
    let good = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let fits = !boundary.is_empty() && boundary.len() <= LONGEST_BOUNDARY && boundary.bytes().all(good);
    fits.then_some(boundary)
}

impl Head {
    /// Reads the lines of a head.
    ///
    /// # Errors
    /// Why the part cannot be taken.
    pub(super) fn parse(head: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(head).map_err(|_| "the head of a part is not UTF-8")?;
        let mut parsed = Self::default();
        for line in text.split("\r\n").filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or("a line in the head of a part has no `:`")?;
            let value = value.trim();
            match name.trim_end().to_ascii_lowercase().as_str() {
                "content-disposition" => (parsed.filename, parsed.is_extended) = filename(value)?,
                "content-length" => parsed.length = Some(digits(value)?),
                "content-transfer-encoding" => plain(value, &["binary", "8bit", "7bit"])?,
                "content-encoding" => plain(value, &["identity"])?,
                _ => {}
            }
        }
        Ok(parsed)
    }
}

/// Encoded bytes would be stored as they came, which nobody means.
fn plain(value: &str, known: &[&str]) -> Result<(), &'static str> {
    let is_plain = known.iter().any(|known| value.eq_ignore_ascii_case(known));
    if is_plain { Ok(()) } else { Err("a part is encoded: send it as it is") }
}

fn digits(value: &str) -> Result<u64, &'static str> {
    crate::range::digits(value).map_err(|_| "the Content-Length of a part is no number")
}

fn filename(disposition: &str) -> Result<(Option<String>, bool), &'static str> {
    let Some((_, parameters)) = disposition.split_once(';') else { return Ok((None, false)) };
    match find(parameters, "filename*") {
        Some(extended) => Ok((Some(decoded(&extended)?), true)),
        None => Ok((find(parameters, "filename"), false)),
    }
}

/// `UTF-8'en'a%20b` is `a b` (RFC 8187).
fn decoded(extended: &str) -> Result<String, &'static str> {
    let mut parts = extended.splitn(3, '\'');
    let (charset, _language, text) = (parts.next(), parts.next(), parts.next());
    match (charset, text) {
        (Some(charset), Some(text)) if charset.eq_ignore_ascii_case("utf-8") => {
            let text = percent_decode_str(text).decode_utf8();
            text.map(std::borrow::Cow::into_owned).map_err(|_| "the `filename*` of a part is not UTF-8")
        }
        _ => Err("the `filename*` of a part is not written as UTF-8''name"),
    }
}

/// The value of a parameter of a header: a word, or quoted, where `\` takes the next letter as it is.
fn find(parameters: &str, wanted: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        let (name, behind) = rest.split_once('=')?;
        let name = name.trim_matches(|letter: char| letter == ';' || letter.is_whitespace());
        let (value, behind) = value(behind.trim_start());
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = behind;
    }
}

fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim_end().to_owned(), &text[end..]);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, letter) in quoted.char_indices() {
        match letter {
            '"' if !escaped => return (value, &quoted[at + 1..]),
            '\\' if !escaped => escaped = true,
            _ => {
                value.push(letter);
                escaped = false;
            }
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(disposition: &str) -> Result<Option<String>, &'static str> {
        Head::parse(format!("Content-Disposition: {disposition}").as_bytes()).map(|head| head.filename)
    }

    #[test]
    fn a_file_is_called_what_the_extended_name_says_and_else_the_plain_one() {
        for (disposition, expected) in [
            (r#"form-data; name="src"; filename="sub%2Fb%20b.txt"; filename*=utf-8''sub%2Fb%20b.txt"#, "sub/b b.txt"),
            (r#"form-data; name="src"; filename*=UTF-8'ko'%ED%95%9C.bin; filename="x""#, "한.bin"),
            (r#"form-data; name="src"; filename="sub%2Fb.txt""#, "sub%2Fb.txt"),
            (r#"form-data; name="a;filename=no"; filename="a \"b\" \\ c;d.txt""#, "a \"b\" \\ c;d.txt"),
            ("form-data; name=src; filename=plain.txt ; x=y", "plain.txt"),
            ("form-data;NAME=src;FileName=\"日.txt\"", "日.txt"),
            ("attachment; filename=\"\"", ""),
        ] {
            assert_eq!(named(disposition).unwrap().as_deref(), Some(expected), "{disposition}");
        }
        for disposition in ["form-data", "form-data; name=\"note\"", "form-data; name=\"filename=x\""] {
            assert_eq!(named(disposition), Ok(None), "{disposition}");
        }
        for extended in ["latin1''x", "utf-8'x", "utf-8''%ff", "x"] {
            assert!(named(&format!("form-data; filename*={extended}")).is_err(), "{extended}");
        }
    }

    #[test]
    fn a_part_that_is_encoded_or_has_no_length_is_refused() {
        let head = |line: &str| Head::parse(line.as_bytes());
        assert_eq!(head("content-length: 12\r\nContent-Type: text/plain").unwrap().length, Some(12));
        for line in ["Content-Transfer-Encoding: binary", "Content-Encoding: Identity", "X-Any: thing"] {
            assert_eq!(head(line).unwrap(), Head::default(), "{line}");
        }
        for line in [
            "Content-Length: x",
            "Content-Length: -1",
            "Content-Transfer-Encoding: base64",
            "Content-Encoding: gzip",
            "no colon",
        ] {
            assert!(head(line).is_err(), "{line}");
        }
        assert!(Head::parse(b"Content-Disposition: form-data; filename=\"\xff\"").is_err());
    }

    #[test]
    fn the_boundary_is_named_by_the_type_of_the_request() {
        let named = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            boundary(&headers)
        };
        for (value, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/mixed; boundary=abc", None),
            ("application/json", None),
        ] {
            assert_eq!(named(value).as_deref(), expected, "{value}");
        }
        assert_eq!(named(&format!("multipart/form-data; boundary={}", "x".repeat(201))), None);
        assert_eq!(boundary(&HeaderMap::new()), None);
    }
}
