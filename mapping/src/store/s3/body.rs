//! Bodies on their way to the SDK: counted, and replayed for a retry where that is possible.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::{fmt, io};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use futures::StreamExt;
use http_body::{Frame, SizeHint};

use crate::store::body::exactly;
use crate::store::{Body, BodyStream, StoreError, StoreErrorKind, StoreResult};

/// Bodies in memory up to this size are signed with their hash; all others go as UNSIGNED-PAYLOAD.
const SIGNED: u64 = 64 * 1024;

/// A body handed to the SDK, and what became of it.
pub(super) struct Sent {
    pub(super) stream: ByteStream,
    pub(super) size: u64,
    pub(super) signed: bool,
    pub(super) watch: Watch,
}

/// Knows whether a failed request failed because its body did.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<AtomicBool>);

impl Watch {
    /// Whether the body of the attempt that was made last broke.
    pub(super) fn broke(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// `result`, blaming the body when it broke on its way.
    pub(super) fn blame<T>(&self, result: StoreResult<T>) -> StoreResult<T> {
        match result {
            Err(error) if self.broke() => {
                Err(StoreError::new(StoreErrorKind::BadBody, "the body broke").caused_by(error))
            }
            result => result,
        }
    }
}

/// Hands `body` to the SDK.
pub(super) fn send(body: Body) -> Sent {
    let (size, watch) = (body.size(), Watch::default());
    let signed = body.as_bytes().is_some() && size <= SIGNED;
    let sdk = if let Some(bytes) = body.as_bytes() {
        SdkBody::from(bytes.clone())
    } else if let Some(open) = body.opener() {
        let watch = watch.clone();
        SdkBody::retryable(move || {
            watch.0.store(false, Ordering::SeqCst);
            streamed(size, exactly(size, open()), watch.clone())
        })
    } else {
        streamed(size, body.into_stream(), watch.clone())
    };
    Sent { stream: ByteStream::new(sdk), size, signed, watch }
}

fn streamed(size: u64, stream: BodyStream, watch: Watch) -> SdkBody {
    SdkBody::from_body_1_x(Streamed { left: size, stream: Mutex::new(stream), watch })
}

/// A stream of known length as an HTTP body. The lock is never taken: it makes the stream `Sync`,
/// which the SDK asks for and a boxed stream is not.
struct Streamed {
    left: u64,
    stream: Mutex<BodyStream>,
    watch: Watch,
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed").field("left", &self.left).finish_non_exhaustive()
    }
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        let stream = this.stream.get_mut().unwrap_or_else(PoisonError::into_inner);
        let next = std::task::ready!(stream.poll_next_unpin(context));
        Poll::Ready(next.map(|chunk| match chunk {
            Ok(chunk) => {
                this.left = this.left.saturating_sub(chunk.len() as u64);
                Ok(Frame::data(chunk))
            }
            Err(error) => {
                this.watch.0.store(true, Ordering::SeqCst);
                Err(error)
            }
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// The body of an answer: exactly `size` bytes, or an error.
pub(super) fn received(size: u64, stream: ByteStream) -> BodyStream {
    let chunks = http_body_util::BodyDataStream::new(stream.into_inner());
    exactly(size, chunks.map(|chunk| chunk.map_err(io::Error::other)).boxed())
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_broken_body_is_to_blame() {
        let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err(io::Error::other("broken"))]).boxed();
        for (body, blamed) in [(Body::once(5, broken), true), (Body::from(vec![1, 2]), false)] {
            let mut sent = send(body);
            while let Some(Ok(_)) = sent.stream.next().await {}
            let failed: StoreResult<()> = Err(StoreError::new(StoreErrorKind::Unavailable, "failed"));
            let kind = sent.watch.blame(failed).unwrap_err().kind();
            assert_eq!(kind == StoreErrorKind::BadBody, blamed);
        }
    }

    #[tokio::test]
    async fn a_replayed_body_forgets_the_failure_of_an_earlier_attempt() {
        let body = Body::replay(1, Arc::new(|| stream::iter([Err(io::Error::other("broken"))]).boxed()));
        let sent = send(body);
        let again = sent.stream.into_inner();
        let copy = again.try_clone().expect("a replayed body can be cloned");
        assert!(ByteStream::new(again).collect().await.is_err());
        assert!(sent.watch.0.load(Ordering::SeqCst));
        let _ = copy.try_clone();
        assert!(!sent.watch.0.load(Ordering::SeqCst));
    }
}
