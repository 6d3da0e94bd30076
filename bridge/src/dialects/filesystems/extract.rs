//! Paths, queries and bodies of the Filesystems API, read from the raw request: axum's own
//! extractors decode before anybody looks and answer in plain text of their own.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::Uri;
use http::request::Parts;
use mapping::path::{DirPath, FilePath};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::error::Refusal;
use crate::app::State;
use crate::body::{self, BadBody};
use crate::query::Pairs;

/// The segment that names the folder, as it was sent.
pub(super) fn folder_id(uri: &Uri) -> Option<&str> {
    below_root(uri.path())?.split('/').next()
}

/// What follows the folder and the verb, as it was sent: `a%20b` of `/filesystems/ID/files/a%20b`.
fn tail(path: &str) -> &str {
    below_root(path).and_then(|rest| rest.splitn(3, '/').nth(2)).unwrap_or_default()
}

fn below_root(path: &str) -> Option<&str> {
    path.strip_prefix("/v1").unwrap_or(path).strip_prefix("/filesystems/")
}

/// Decodes once. An encoded slash would become a separator that the client did not mean, so it is
/// refused; so is `..`, as the vendor does.
fn decoded(raw: &str) -> Result<String, Refusal> {
    if raw.to_ascii_lowercase().contains("%2f") {
        return Err(Refusal::Malformed("a name in a path cannot hold `/`, encoded or not"));
    }
    let text = percent_decode_str(raw).decode_utf8();
    let text = text.map_err(|_| Refusal::Malformed("the path is not UTF-8"))?;
    if text.split('/').any(|segment| segment == "..") {
        return Err(Refusal::InvalidPath);
    }
    Ok(text.into_owned())
}

fn file_path(raw: &str) -> Result<FilePath, Refusal> {
    // Clients cut names at `#` and `?`, so `dir/#1` arrives as `dir/`: what was meant is not the directory.
    if raw.ends_with('/') {
        return Err(Refusal::Malformed("a file path does not end in `/`"));
    }
    Ok(decoded(raw)?.parse::<FilePath>()?)
}

fn directory_path(raw: &str) -> Result<DirPath, Refusal> {
    let text = decoded(raw)?;
    // The core takes `.` and `/` for the root; here only the empty path is.
    if matches!(text.as_str(), "/" | "." | "./") {
        return Err(Refusal::Malformed("the path has a `.` or an empty segment"));
    }
    Ok(text.parse::<DirPath>()?)
}

/// The path of a file, or of a directory to delete.
pub(super) struct File(pub(super) FilePath);

impl FromRequestParts<State> for File {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        file_path(tail(parts.uri.path())).map(Self)
    }
}

/// The path of a directory; one `/` at its end is nothing.
pub(super) struct Directory(pub(super) DirPath);

impl FromRequestParts<State> for Directory {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        directory_path(tail(parts.uri.path())).map(Self)
    }
}

/// What the query says.
#[derive(Debug)]
pub(super) struct Query(Pairs);

impl Query {
    /// Whether a download is to begin: `init` is there and does not say no.
    pub(super) fn init(&self) -> bool {
        let no = |value: &str| matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "no");
        self.0.first("init").is_some_and(|value| !no(value))
    }

    /// The upload that a chunk belongs to, when its header does not say.
    pub(super) fn upload(&self) -> Option<&str> {
        ["uploadId", "upload_id", "UploadId"].iter().find_map(|name| self.0.first(name))
    }
}

impl FromRequestParts<State> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        Ok(Self(Pairs::of(&parts.uri)))
    }
}

/// A small JSON body, whatever its `Content-Type`: the vendor's clients send none.
pub(super) struct JsonBody(pub(super) Value);

impl FromRequest<State> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &State) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let value = body::json(&parts.headers, body).await;
        value.map(Self).map_err(|bad| match bad {
            BadBody::TooLarge => Refusal::BodyTooLarge,
            BadBody::Malformed(_) => Refusal::Malformed("Error parsing request: a JSON body is expected"),
            BadBody::CutOff => Refusal::Malformed("the request body ended early"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query(Pairs::of(&format!("/?{text}").parse().unwrap()))
    }

    #[test]
    fn a_path_is_taken_from_the_raw_uri() {
        for (path, expected) in [
            ("/filesystems/ID/files/a%20b/c", "a%20b/c"),
            ("/v1/filesystems/ID/files/x", "x"),
            ("/filesystems/ID/files/filesystems/ID/files/x", "filesystems/ID/files/x"),
            ("/filesystems/ID/list/", ""),
            ("/filesystems/ID/list", ""),
            ("/filesystems/ID/files/a//b", "a//b"),
        ] {
            assert_eq!(tail(path), expected, "{path}");
            assert_eq!(folder_id(&path.parse().unwrap()), Some("ID"), "{path}");
        }
    }

    #[test]
    fn names_are_decoded_once() {
        for (raw, expected) in [
            ("a%20b", "a b"),
            ("%E6%97%A5/%C3%A9.bin", "日/é.bin"),
            ("100%25.txt", "100%.txt"),
            ("a%252Fb", "a%2Fb"),
            ("a+b", "a+b"),
            ("..a/b..", "..a/b.."),
            ("50%", "50%"),
        ] {
            assert_eq!(file_path(raw).unwrap().as_str(), expected, "{raw}");
        }
    }

    #[test]
    fn a_way_out_of_the_folder_is_refused() {
        for raw in ["..", "../x", "a/../b", "a/..", "%2e%2e/x", "a/%2E./b", ".%2e"] {
            assert!(matches!(file_path(raw), Err(Refusal::InvalidPath)), "{raw}");
            assert!(matches!(directory_path(raw), Err(Refusal::InvalidPath)), "{raw}");
        }
    }

    #[test]
    fn what_no_file_can_be_called_is_refused() {
        let long = "x/".repeat(600) + "x";
        for raw in ["", "a/", "a%2Fb", "a%2fb", "a//b", "a%00b", "a%0Ab", "%FF", "%C3", "a/./b", "a%5Cb", &long] {
            assert!(matches!(file_path(raw), Err(Refusal::Malformed(_) | Refusal::Core(_))), "{raw}");
        }
    }

    #[test]
    fn a_directory_may_end_in_a_slash() {
        for (raw, expected) in
            [("", ""), ("a", "a"), ("a/", "a"), ("a/b%20c/", "a/b c"), ("...", "..."), (".../", "...")]
        {
            assert_eq!(directory_path(raw).unwrap().to_string(), expected, "{raw}");
        }
        for raw in ["a//", "/a", "%00/", ".", "./", "/", "%2e", "a/./b", "//", ".//", "./."] {
            assert!(directory_path(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn init_is_true_in_any_spelling() {
        for text in ["init=True", "init=true", "init=1", "init", "init=", "x=1&init=yes"] {
            assert!(query(text).init(), "{text}");
        }
        for text in ["", "init=false", "init=False", "init=0", "init=no", "xinit=1", "x=init"] {
            assert!(!query(text).init(), "{text}");
        }
    }

    #[test]
    fn a_query_may_name_the_upload() {
        for text in ["uploadId=abc", "upload_id=abc", "a=b&UploadId=a%62c"] {
            assert_eq!(query(text).upload(), Some("abc"), "{text}");
        }
        assert_eq!(query("upload=abc").upload(), None);
    }
}
