//! One request as the proxy sees it: what it asks of the store, and how much body it has.

use bytes::Bytes;
use mapping::key::{FolderPrefix, ObjectKey};
use mapping::store::operation::Operation;
use url::Url;

use super::side::Length;

/// A request to the store.
#[derive(Clone, Debug)]
pub struct Request {
    /// What it asks, in the words of the store port: `put_part`.
    pub operation: &'static str,
    /// The key that it is about, decoded; empty for those about the bucket.
    pub key: String,
    /// The multipart upload that it is about.
    pub upload: Option<String>,
    /// Names the request that this is an attempt of.
    pub invocation: String,
    method: String,
    conditional: bool,
    pub(super) head: Bytes,
    pub(super) body: Length,
}

impl Request {
    /// Whether it changes an object under a condition.
    #[must_use]
    pub fn is_conditional_write(&self) -> bool {
        self.conditional && self.is_write()
    }

    /// Whether it changes something.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }

    /// The key, when it is that of a file in a folder.
    pub(super) fn file_key(&self) -> Option<ObjectKey> {
        let (folder, path) = self.key.strip_prefix("folders/")?.split_once('/')?;
        Some(ObjectKey::file(&FolderPrefix::of(folder.parse().ok()?), &path.parse().ok()?))
    }

    /// Whether its answer has no body, whatever the answer's head says.
    pub(super) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// Reads a request's head.
    ///
    /// # Panics
    /// When it is none that an S3 client sends.
    pub(super) fn parse(head: Bytes) -> Self {
        let text = String::from_utf8_lossy(&head).into_owned();
        let mut words = text.lines().next().expect("a request line").split(' ');
        let method = words.next().expect("a method").to_owned();
        let url = Url::parse("http://store").and_then(|base| base.join(words.next().expect("a target")));
        let url = url.expect("a target");
        let asked =
            |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        let key = url.path().splitn(3, '/').nth(2).unwrap_or_default();
        let condition = header(&text, "if-match").or_else(|| header(&text, "if-none-match"));
        Self {
            operation: operation(&method, key.is_empty(), &text, &|name| asked(name).is_some()).name(),
            key: percent_encoding::percent_decode_str(key).decode_utf8_lossy().into_owned(),
            upload: asked("uploadId"),
            invocation: header(&text, "amz-sdk-invocation-id").unwrap_or_default().to_owned(),
            method,
            conditional: condition.is_some(),
            body: Length::of(&text),
            head,
        }
    }
}

/// One header's value; names are in any case.
pub(super) fn header<'t>(head: &'t str, name: &str) -> Option<&'t str> {
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn operation(method: &str, of_bucket: bool, head: &str, asks: &dyn Fn(&str) -> bool) -> Operation {
    match method {
        "GET" if asks("tagging") => Operation::Tags,
        "GET" if asks("uploadId") => Operation::ListParts,
        "GET" if asks("uploads") => Operation::ListMultiparts,
        "GET" if of_bucket => Operation::List,
        "GET" => Operation::Get,
        "HEAD" => Operation::Head,
        "PUT" if asks("tagging") => Operation::SetTags,
        "PUT" if asks("partNumber") => Operation::PutPart,
        "PUT" if header(head, "x-amz-copy-source").is_some() => Operation::Copy,
        "PUT" => Operation::Put,
        "POST" if asks("delete") => Operation::DeleteMany,
        "POST" if asks("uploads") => Operation::CreateMultipart,
        "POST" => Operation::CompleteMultipart,
        "DELETE" if asks("uploadId") => Operation::AbortMultipart,
        "DELETE" => Operation::Delete,
        other => panic!("{other} is no method of S3"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(head: &str) -> Request {
        Request::parse(Bytes::copy_from_slice(format!("{head}\r\nhost: h\r\n\r\n").as_bytes()))
    }

    #[test]
    fn a_request_is_what_it_asks() {
        for (head, operation, key) in [
            ("GET /b/a%20b/c?x-id=GetObject HTTP/1.1", "get", "a b/c"),
            ("GET /b/?list-type=2&prefix=x HTTP/1.1", "list", ""),
            ("GET /b?uploads&prefix=x HTTP/1.1", "list_multiparts", ""),
            ("GET /b/k?uploadId=u HTTP/1.1", "list_parts", "k"),
            ("PUT /b/k?partNumber=1&uploadId=u HTTP/1.1", "put_part", "k"),
            ("PUT /b/k HTTP/1.1\r\nX-Amz-Copy-Source: b/a", "copy", "k"),
            ("POST /b/k?uploads HTTP/1.1", "create_multipart", "k"),
            ("POST /b/k?uploadId=u HTTP/1.1", "complete_multipart", "k"),
            ("POST /b/?delete HTTP/1.1", "delete_many", ""),
            ("DELETE /b/k?uploadId=u HTTP/1.1", "abort_multipart", "k"),
        ] {
            let request = parsed(head);
            assert_eq!((request.operation, request.key.as_str()), (operation, key), "{head}");
        }
        let write = parsed("PUT /b/k HTTP/1.1\r\nIf-None-Match: *\r\nContent-Length: 12");
        assert!(write.is_conditional_write());
        assert_eq!(write.body, Length::Known(12));
    }
}
