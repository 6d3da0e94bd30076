//! Request bodies on their way in: large ones as counted streams, small JSON ones as values.
//!
//! Their time-outs are in `layers/timeout.rs`, around every body.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use http::{HeaderMap, header};
use mapping::store::BodyStream;
use serde::de::DeserializeOwned;

/// The most bytes of a JSON body, unless its API says otherwise.
pub(crate) const JSON_LIMIT: usize = 64 * 1024;

/// Why a JSON body was not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadBody {
    /// It has more bytes than are taken.
    TooLarge,
    /// It is not the JSON that is expected; why.
    Malformed(String),
    /// The client stopped sending it.
    CutOff,
}

/// How long the body will be, when the client says so. (hyper has refused what is no number.)
pub(crate) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Reads a small JSON body, whatever its `Content-Type` says.
pub(crate) async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, BadBody> {
    let bytes = small(headers, body, JSON_LIMIT).await?;
    serde_json::from_slice(&bytes).map_err(|error| BadBody::Malformed(error.to_string()))
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn small(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, BadBody> {
    if announced(headers).is_some_and(|length| length > limit as u64) {
        return Err(BadBody::TooLarge);
    }
    let mut stream = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| BadBody::CutOff)?;
        if whole.len() + chunk.len() > limit {
            return Err(BadBody::TooLarge);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// How many bytes of a stream have passed, and whether that was all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passed(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    bytes: AtomicU64,
    ended: AtomicBool,
}

impl Passed {
    /// So far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Whether the stream has shown that it is not of this length.
    pub(crate) fn is_other_than(&self, length: u64) -> bool {
        self.bytes() > length || (self.bytes() < length && self.0.ended.load(Ordering::Relaxed))
    }
}

/// A body as the core takes it, and a count of what passed.
pub(crate) fn counted(body: Body) -> (BodyStream, Passed) {
    let passed = Passed::default();
    let (counter, end) = (passed.clone(), passed.clone());
    let chunks = body.into_data_stream().map(move |chunk| {
        let chunk = chunk.map_err(io::Error::other)?;
        counter.0.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        Ok(chunk)
    });
    let mark = stream::poll_fn(move |_| {
        end.0.ended.store(true, Ordering::Relaxed);
        Poll::Ready(None)
    });
    (chunks.chain(mark).boxed(), passed)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    async fn read(bytes: Vec<u8>) -> Result<Value, BadBody> {
        json(&HeaderMap::new(), Body::from(bytes)).await
    }

    #[tokio::test]
    async fn a_small_json_body_is_read() {
        assert_eq!(read(br#"{"size": 5}"#.to_vec()).await.unwrap(), json!({"size": 5}));
    }

    #[tokio::test]
    async fn what_is_no_json_is_refused() {
        let nested = "[".repeat(2000);
        for text in ["", "{", "nope", "{\"a\":1}x", "\u{0}", nested.as_str()] {
            assert!(matches!(read(text.into()).await, Err(BadBody::Malformed(_))), "{text}");
        }
        assert!(matches!(read(vec![b'"', 0xff, b'"']).await, Err(BadBody::Malformed(_))));
    }

    #[tokio::test]
    async fn a_large_json_body_is_refused_announced_or_not() {
        assert_eq!(read(vec![b' '; JSON_LIMIT + 1]).await, Err(BadBody::TooLarge));
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, "10485760".parse().unwrap());
        assert_eq!(json::<Value>(&headers, Body::empty()).await, Err(BadBody::TooLarge));
    }

    #[tokio::test]
    async fn passing_bytes_are_counted() {
        let (stream, passed) = counted(Body::from("12345"));
        assert_eq!(passed.bytes(), 0);
        assert!(!passed.is_other_than(9), "more may come");
        stream.for_each(|chunk| async move { assert!(chunk.is_ok()) }).await;
        assert_eq!(passed.bytes(), 5);
        assert!(passed.is_other_than(9) && passed.is_other_than(4) && !passed.is_other_than(5));
    }
}
