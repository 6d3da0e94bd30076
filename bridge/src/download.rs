//! A file as an answer in the words of the standard (RFC 9110): ranges, versions, names.

use axum::body::Body;
use axum::response::Response;
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use mapping::access::{Folder, Read};
use mapping::files::{EntryKind, FileMeta, RangeRequest, ReadOptions, Reading, Served};
use mapping::path::FilePath;
use mapping::store::BodyStream;
use mapping::{Error, ErrorKind, Subject, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::range::{self, Wanted};

/// Why a file was not served.
#[derive(Debug)]
pub(crate) enum Unserved {
    /// The core says so.
    Core(Error),
    /// No byte of the file is in the range; the size of the file.
    OutOfRange(u64),
}

impl From<Error> for Unserved {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

/// Serves the file at `path`, or what of it the headers ask for, as a file that is called `name`. A range
/// that cannot be read is none, as the standard says.
///
/// # Errors
/// As [`Folder::read`], and a range outside of the file.
pub(crate) async fn serve(
    folder: &Folder<Read>,
    path: &FilePath,
    name: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Unserved> {
    if method == Method::HEAD {
        let mut response = Response::new(Body::empty());
        let meta = look(folder, path).await?;
        describe(response.headers_mut(), &meta, meta.size, name);
        return Ok(response);
    }
    let wanted = headers.get(header::RANGE).and_then(|value| range::parse(value.to_str().ok()?).ok()?);
    let reading = folder.read(path, ReadOptions { range: wanted.map_or(RangeRequest::Whole, request) }).await?;
    if wanted.is_some() && is_of_another_version(&reading.meta, headers.get(header::IF_RANGE)) {
        drop(reading);
        return answer(folder.read(path, ReadOptions::default()).await?, name, false);
    }
    answer(reading, name, wanted.is_some())
}

/// A body whose first bytes are there: what fails before them is told with the status, and not by a
/// connection that closes without an answer.
///
/// # Errors
/// What the stream began with.
pub(crate) async fn started(mut stream: BodyStream) -> Result<Body, Error> {
    match stream.next().await {
        None => Ok(Body::empty()),
        Some(Ok(first)) => Ok(Body::from_stream(stream::iter([Ok(first)]).chain(stream))),
        Some(Err(error)) => Err(error.downcast::<Error>().unwrap_or_else(|error| {
            let message = "the store did not answer: try again";
            Error::new(ErrorKind::Unavailable, Subject::File, message).caused_by(error)
        })),
    }
}

/// What is known of a file, by a look.
///
/// # Errors
/// As [`Folder::stat`]; `NotFound` for a directory.
pub(crate) async fn look(folder: &Folder<Read>, path: &FilePath) -> Result<FileMeta, Error> {
    match folder.stat(path).await?.kind {
        EntryKind::File { size, etag, modified } => Ok(FileMeta { size, etag, modified, content_type: None }),
        EntryKind::Directory => Err(Error::new(ErrorKind::NotFound, Subject::File, format!("`{path}` is a directory"))),
    }
}

const fn request(wanted: Wanted) -> RangeRequest {
    match wanted {
        Wanted::From(start, None) => RangeRequest::From(start),
        Wanted::From(start, Some(last)) => RangeRequest::FromTo(start, last.saturating_add(1)),
        Wanted::Last(count) => RangeRequest::Suffix(count),
    }
}

/// Whether the client has bytes of another version than this: it would put the two together. A version is
/// named by its `ETag`, or by the `Last-Modified` that was sent with it (RFC 9110, 13.1.5).
fn is_of_another_version(meta: &FileMeta, known: Option<&HeaderValue>) -> bool {
    let Some(known) = known else { return false };
    known.as_bytes() != meta.etag.0.as_bytes() && known.as_bytes() != http_date(meta.modified).as_bytes()
}

fn answer(reading: Reading, name: &str, ranged: bool) -> Result<Response, Unserved> {
    let Reading { meta, served, range, body } = reading;
    if ranged && served == Served::PastEnd {
        return Err(Unserved::OutOfRange(meta.size));
    }
    let mut response = Response::new(Body::from_stream(body));
    describe(response.headers_mut(), &meta, range.end - range.start, name);
    if ranged {
        let value = HeaderValue::from_str(&format!("bytes {}-{}/{}", range.start, range.end - 1, meta.size));
        response.headers_mut().insert(header::CONTENT_RANGE, value.expect("digits stand in a header"));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn describe(headers: &mut HeaderMap, meta: &FileMeta, length: u64, name: &str) {
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_DISPOSITION, attachment(name));
    if let Ok(date) = HeaderValue::from_str(&http_date(meta.modified)) {
        headers.insert(header::LAST_MODIFIED, date);
    }
    if let Ok(etag) = HeaderValue::from_str(&meta.etag.0) {
        headers.insert(header::ETAG, etag);
    }
}

/// What stands in a name in a header as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The name of a file as headers have it: percent-encoded, so that no letter of it means anything.
pub(crate) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, PLAIN).to_string()
}

/// `Content-Disposition` of a file to be stored under `name`.
pub(crate) fn attachment(name: &str) -> HeaderValue {
    let name = encoded(name);
    let value = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"; filename*=UTF-8''{name}"));
    value.expect("a percent-encoded name stands in a header")
}

const HTTP_DATE: &[BorrowedFormatItem<'static>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// `Sun, 13 Sep 2020 12:26:42 GMT`.
pub(crate) fn http_date(at: Timestamp) -> String {
    let seconds = i64::try_from(at.as_millis() / 1000).unwrap_or(i64::MAX);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(HTTP_DATE).expect("a moment has all that the format names")
}

#[cfg(test)]
mod tests {
    use mapping::store::ETag;

    use super::*;

    fn meta() -> FileMeta {
        let modified = Timestamp::from_millis(1_600_000_002_999);
        FileMeta { size: 10, etag: ETag("\"e\"".to_owned()), modified, content_type: None }
    }

    #[test]
    fn a_version_is_named_by_its_etag_or_by_the_date_that_came_with_it() {
        assert_eq!(http_date(meta().modified), "Sun, 13 Sep 2020 12:26:42 GMT");
        for (known, other) in [
            ("\"e\"", false),
            ("Sun, 13 Sep 2020 12:26:42 GMT", false),
            ("Sun, 13 Sep 2020 12:26:43 GMT", true),
            ("\"old\"", true),
            ("W/\"e\"", true),
        ] {
            assert_eq!(is_of_another_version(&meta(), Some(&HeaderValue::from_static(known))), other, "{known}");
        }
        assert!(!is_of_another_version(&meta(), None));
    }

    #[tokio::test]
    async fn what_fails_before_the_first_byte_is_told_with_the_status() {
        let core = || std::io::Error::other(Error::new(ErrorKind::Conflict, Subject::File, "replaced"));
        let kind = async |error| started(stream::iter([Err(error)]).boxed()).await.unwrap_err().kind();
        assert_eq!(kind(core()).await, ErrorKind::Conflict);
        assert_eq!(kind(std::io::ErrorKind::ConnectionReset.into()).await, ErrorKind::Unavailable);
        let broken = stream::iter([Ok("some".into()), Ok("more".into()), Err(core())]).boxed();
        let mut body = started(broken).await.unwrap().into_data_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), "some");
        assert_eq!(body.next().await.unwrap().unwrap(), "more");
        assert!(body.next().await.unwrap().is_err());
        assert!(started(stream::empty().boxed()).await.unwrap().into_data_stream().next().await.is_none());
    }

    #[test]
    fn a_name_means_nothing_in_a_header() {
        let value = attachment("a \"b\";\u{65e5}.txt");
        let name = "a%20%22b%22%3B%E6%97%A5.txt";
        assert_eq!(value, format!("attachment; filename=\"{name}\"; filename*=UTF-8''{name}").as_str());
    }

    #[test]
    fn an_answer_says_which_bytes_it_has() {
        let reading = |served, range| Reading { meta: meta(), served, range, body: Box::pin(futures::stream::empty()) };
        let part = answer(reading(Served::Part, 2..5), "f", true).unwrap();
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(part.headers()[header::CONTENT_RANGE], "bytes 2-4/10");
        assert_eq!(part.headers()[header::CONTENT_LENGTH], "3");
        let whole = answer(reading(Served::Whole, 0..10), "f", false).unwrap();
        assert_eq!((whole.status(), whole.headers().get(header::CONTENT_RANGE)), (StatusCode::OK, None));
        assert!(matches!(answer(reading(Served::PastEnd, 10..10), "f", true), Err(Unserved::OutOfRange(10))));
        assert_eq!(answer(reading(Served::PastEnd, 10..10), "f", false).unwrap().status(), StatusCode::OK);
    }

    #[test]
    fn an_inclusive_end_becomes_an_exclusive_one() {
        assert_eq!(request(Wanted::From(2, Some(4))), RangeRequest::FromTo(2, 5));
        assert_eq!(request(Wanted::From(0, Some(u64::MAX))), RangeRequest::FromTo(0, u64::MAX));
        assert_eq!(request(Wanted::From(7, None)), RangeRequest::From(7));
        assert_eq!(request(Wanted::Last(3)), RangeRequest::Suffix(3));
    }
}
