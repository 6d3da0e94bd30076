//! Bytes on their way into the store.

use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{BoxStream, Fuse};
use futures::{StreamExt, stream};

/// Bytes on their way in or out. An error ends it.
pub type BodyStream = BoxStream<'static, io::Result<Bytes>>;

/// A body of known length for one write.
pub struct Body {
    size: u64,
    source: Source,
}

enum Source {
    Bytes(Bytes),
    Once(BodyStream),
    Replay(Arc<dyn Fn() -> BodyStream + Send + Sync>),
}

impl Body {
    /// A body that streams once: when the store fails half way, the write fails.
    #[must_use]
    pub fn once(size: u64, stream: BodyStream) -> Self {
        Self { size, source: Source::Once(stream) }
    }

    /// A body that can be read again for each attempt.
    #[must_use]
    pub fn replay(size: u64, open: Arc<dyn Fn() -> BodyStream + Send + Sync>) -> Self {
        Self { size, source: Source::Replay(open) }
    }

    /// Its exact length in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The bytes, when they are all in memory.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&Bytes> {
        match &self.source {
            Source::Bytes(bytes) => Some(bytes),
            Source::Once(_) | Source::Replay(_) => None,
        }
    }

    /// How to open it anew for each attempt, if that is possible.
    #[must_use]
    pub fn opener(&self) -> Option<Arc<dyn Fn() -> BodyStream + Send + Sync>> {
        match &self.source {
            Source::Once(_) => None,
            Source::Replay(open) => Some(Arc::clone(open)),
            Source::Bytes(bytes) => {
                let bytes = bytes.clone();
                Some(Arc::new(move || one(bytes.clone())))
            }
        }
    }

    /// The bytes as a stream, exactly [`Body::size`] of them: a source that ends early or runs
    /// over ends in an error instead.
    #[must_use]
    pub fn into_stream(self) -> BodyStream {
        let inner = match self.source {
            Source::Bytes(bytes) => return one(bytes),
            Source::Once(stream) => stream,
            Source::Replay(open) => open(),
        };
        exactly(self.size, inner)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { size: bytes.len() as u64, source: Source::Bytes(bytes) }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("size", &self.size).finish_non_exhaustive()
    }
}

fn one(bytes: Bytes) -> BodyStream {
    if bytes.is_empty() { stream::empty().boxed() } else { stream::once(async move { Ok(bytes) }).boxed() }
}

/// `stream`, failing unless it yields exactly `size` bytes.
#[must_use]
pub fn exactly(size: u64, stream: BodyStream) -> BodyStream {
    let counted = stream::try_unfold((stream.fuse(), size), |(mut stream, left)| async move {
        match stream.next().await {
            Some(chunk) => {
                let chunk = chunk?;
                let left = left.checked_sub(chunk.len() as u64).ok_or_else(|| wrong_length("longer"))?;
                // The last bytes wait for the end: whoever has counted them all stops reading.
                if left == 0 {
                    ended(&mut stream).await?;
                }
                Ok(Some((chunk, (stream, left))))
            }
            None if left == 0 => Ok(None),
            None => Err(wrong_length("shorter")),
        }
    });
    counted.boxed()
}

async fn ended(stream: &mut Fuse<BodyStream>) -> io::Result<()> {
    while let Some(chunk) = stream.next().await {
        if !chunk?.is_empty() {
            return Err(wrong_length("longer"));
        }
    }
    Ok(())
}

fn wrong_length(how: &str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, format!("the body is {how} than announced"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    fn chunks(sizes: &[usize]) -> BodyStream {
        stream::iter(sizes.iter().map(|size| Ok(Bytes::from(vec![b'x'; *size]))).collect::<Vec<_>>()).boxed()
    }

    async fn length(stream: BodyStream) -> io::Result<usize> {
        stream.try_fold(0, |sum, chunk| async move { Ok(sum + chunk.len()) }).await
    }

    #[tokio::test]
    async fn a_stream_of_another_length_fails() {
        assert_eq!(length(Body::once(5, chunks(&[2, 3])).into_stream()).await.unwrap(), 5);
        assert!(length(Body::once(6, chunks(&[2, 3])).into_stream()).await.is_err());
        assert!(length(Body::once(4, chunks(&[2, 3])).into_stream()).await.is_err());
        let mut longer = Body::once(2, chunks(&[2, 3])).into_stream();
        assert!(longer.next().await.is_some_and(|first| first.is_err()), "the last byte comes with the end");
        assert_eq!(length(Body::from(Bytes::new()).into_stream()).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn bytes_open_as_often_as_asked() {
        let body = Body::from(vec![1, 2, 3]);
        let open = body.opener().unwrap();
        assert_eq!(length(open()).await.unwrap(), 3);
        assert_eq!(length(open()).await.unwrap(), 3);
    }
}
