//! A request's body on its way into cells: read once, in order, by one reader at a time, and
//! never more or less than was announced.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::stream::poll_fn;
use futures::{Stream, StreamExt};

use crate::error::{Error, ErrorKind, Subject};
use crate::store::BodyStream;

/// A body of announced length, handed out in slices.
#[derive(Clone)]
pub(super) struct Source(Arc<Mutex<State>>);

struct State {
    stream: BodyStream,
    /// Read from the stream and not handed out yet.
    rest: Bytes,
    /// How many bytes of the announced length are still to be handed out.
    left: u64,
    /// The body broke: everything after that fails too.
    broken: Option<io::ErrorKind>,
}

impl Source {
    /// A body that was announced with `length` bytes.
    pub(super) fn new(length: u64, stream: BodyStream) -> Self {
        Self(Arc::new(Mutex::new(State { stream, rest: Bytes::new(), left: length, broken: None })))
    }

    /// The next `length` bytes. The last bytes that were announced come out only when the body
    /// has ended there, so a reader that has them all knows that the body was whole.
    pub(super) fn slice(&self, length: u64) -> BodyStream {
        let (source, mut wanted) = (self.clone(), length);
        poll_fn(move |context| {
            if wanted == 0 {
                return Poll::Ready(None);
            }
            let taken = ready!(source.state().poll_take(context, wanted));
            wanted -= taken.as_ref().map_or(wanted, |bytes| bytes.len() as u64);
            Poll::Ready(Some(taken))
        })
        .boxed()
    }

    /// Reads the next `length` bytes into one allocation of exactly that size.
    ///
    /// # Errors
    /// What the body broke with.
    pub(super) async fn read(&self, length: usize) -> io::Result<Bytes> {
        let mut bytes = Vec::with_capacity(length);
        let mut slice = self.slice(length as u64);
        while let Some(chunk) = slice.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        Ok(bytes.into())
    }

    /// Reads and forgets the next `length` bytes.
    ///
    /// # Errors
    /// What the body broke with.
    pub(super) async fn skip(&self, length: u64) -> io::Result<()> {
        let mut slice = self.slice(length);
        while let Some(chunk) = slice.next().await {
            chunk?;
        }
        Ok(())
    }

    /// Fails unless a body that was announced with no bytes has none.
    ///
    /// # Errors
    /// What the body broke with.
    pub(super) async fn ended(&self) -> io::Result<()> {
        std::future::poll_fn(|context| self.state().poll_end(context)).await
    }

    /// What the client is told when the body broke, whoever noticed it.
    pub(super) fn complaint(&self) -> Option<Error> {
        self.state().broken.map(broken)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client reads whose body broke.
pub(super) fn broken(kind: io::ErrorKind) -> Error {
    match kind {
        io::ErrorKind::InvalidData => Error::invalid(Subject::Upload, "the body is longer than announced"),
        io::ErrorKind::TimedOut => Error::new(ErrorKind::Invalid, Subject::Upload, "the body came too slowly"),
        _ => Error::invalid(Subject::Upload, "the body ended early or was cut off"),
    }
}

impl State {
    fn poll_take(&mut self, context: &mut Context<'_>, wanted: u64) -> Poll<io::Result<Bytes>> {
        if self.rest.is_empty() {
            self.rest = match ready!(self.poll_stream(context))? {
                Some(bytes) => bytes,
                None => return Poll::Ready(Err(self.breaks(io::ErrorKind::UnexpectedEof))),
            };
        }
        let available = self.rest.len() as u64;
        if available > self.left {
            return Poll::Ready(Err(self.breaks(io::ErrorKind::InvalidData)));
        }
        if available == self.left {
            ready!(self.poll_end(context))?;
        }
        let taken = self.rest.split_to(usize::try_from(wanted.min(available)).unwrap_or(usize::MAX));
        self.left -= taken.len() as u64;
        Poll::Ready(Ok(taken))
    }

    /// Ready when the stream has nothing more.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.poll_stream(context))? {
            None => Poll::Ready(Ok(())),
            Some(_) => Poll::Ready(Err(self.breaks(io::ErrorKind::InvalidData))),
        }
    }

    /// The stream's next bytes that are not empty.
    fn poll_stream(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if let Some(kind) = self.broken {
            return Poll::Ready(Err(kind.into()));
        }
        loop {
            match ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(bytes)) if bytes.is_empty() => {}
                Some(Ok(bytes)) => return Poll::Ready(Ok(Some(bytes))),
                None => {
                    self.stream = futures::stream::empty().boxed();
                    return Poll::Ready(Ok(None));
                }
                Some(Err(cause)) => {
                    self.broken = Some(cause.kind());
                    return Poll::Ready(Err(cause));
                }
            }
        }
    }

    fn breaks(&mut self, kind: io::ErrorKind) -> io::Error {
        self.broken = Some(kind);
        kind.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    fn source(announced: u64, chunks: &[&'static str]) -> Source {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
        Source::new(announced, stream::iter(chunks).boxed())
    }

    #[tokio::test]
    async fn slices_follow_one_another() {
        let source = source(7, &["abc", "", "defg"]);
        assert_eq!(source.read(2).await.unwrap(), "ab");
        assert_eq!(source.read(3).await.unwrap(), "cde");
        source.skip(2).await.unwrap();
        source.ended().await.unwrap();
        assert!(source.complaint().is_none());
    }

    #[tokio::test]
    async fn a_body_of_another_length_never_gives_its_last_bytes() {
        for (what, announced, chunks) in [
            ("short", 4, &["abc"][..]),
            ("long in one", 2, &["abc"]),
            ("long by another chunk", 2, &["a", "b", "c"]),
            ("empty", 1, &[]),
        ] {
            let source = source(announced, chunks);
            assert!(source.read(usize::try_from(announced).unwrap()).await.is_err(), "{what}");
            assert_eq!(source.complaint().unwrap().kind(), ErrorKind::Invalid, "{what}");
        }
        assert!(source(0, &["x"]).ended().await.is_err());
        assert!(source(0, &[]).ended().await.is_ok());
    }

    #[tokio::test]
    async fn a_broken_body_stays_broken() {
        let chunks = [Ok(Bytes::from_static(b"ab")), Err(io::ErrorKind::ConnectionReset.into())];
        let source = Source::new(9, stream::iter(chunks).boxed());
        assert_eq!(source.read(1).await.unwrap(), "a");
        assert!(source.read(5).await.is_err());
        assert!(source.skip(1).await.is_err());
        assert!(source.complaint().is_some());
    }
}
