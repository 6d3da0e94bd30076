//! `multipart/form-data` (RFC 7578) as it arrives: part after part, each a stream of its own. In memory is
//! what the socket gave last and the head of one part, never a part.

mod head;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::poll_fn;
use mapping::store::BodyStream;
use memchr::memmem;

pub(crate) use head::{Head, boundary};

/// The most bytes of a part's head, and of what stands before the first part.
const LONGEST_HEAD: usize = 16 << 10;

/// The most parts of one form.
pub(crate) const MOST_PARTS: u64 = 10_000;

/// Why a form cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadForm {
    /// It is not what it says it is, or more than is taken.
    Malformed(&'static str),
    /// The client stopped sending it.
    CutOff(io::ErrorKind),
}

impl fmt::Display for BadForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => f.write_str(why),
            Self::CutOff(_) => f.write_str("the form ended early or was cut off"),
        }
    }
}

impl BadForm {
    fn as_io(&self) -> io::Error {
        match self {
            Self::Malformed(why) => io::Error::new(io::ErrorKind::InvalidData, *why),
            Self::CutOff(kind) => (*kind).into(),
        }
    }
}

/// A form that is being read.
pub(crate) struct Form(Arc<Mutex<Reader>>);

/// A part of a form. Its body is to be read before the next part is asked for: what is left is skipped.
pub(crate) struct Part {
    pub(crate) head: Head,
    pub(crate) body: BodyStream,
}

impl Form {
    /// The form in `body`, whose parts are parted by `boundary`.
    pub(crate) fn new(boundary: &str, body: BodyStream) -> Self {
        // The first boundary may stand at the very beginning: as if a line had ended before it.
        let buffer = BytesMut::from(&b"\r\n"[..]);
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        Self(Arc::new(Mutex::new(Reader { body, delimiter, buffer, at: At::Preamble(0), parts: 0, left: None })))
    }

    /// The next part; `None` behind the last.
    ///
    /// # Errors
    /// When the form cannot be read on.
    pub(crate) async fn next(&self) -> Result<Option<Part>, BadForm> {
        let head = std::future::poll_fn(|context| self.reader().poll_head(context)).await?;
        let Some(head) = head else { return Ok(None) };
        let (reader, number) = (Arc::clone(&self.0), self.reader().parts);
        let body = poll_fn(move |context| {
            let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            if reader.parts != number {
                return Poll::Ready(None);
            }
            reader.poll_bytes(context).map(|next| next.map(|bytes| bytes.map_err(|bad| bad.as_io())))
        });
        Ok(Some(Part { head, body: body.boxed() }))
    }

    /// Why the form could not be read on, if it could not.
    pub(crate) fn complaint(&self) -> Option<BadForm> {
        match &self.reader().at {
            At::Broken(bad) => Some(bad.clone()),
            At::Preamble(_) | At::Boundary | At::Head | At::Body | At::End => None,
        }
    }

    fn reader(&self) -> MutexGuard<'_, Reader> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where in the form the first byte of the buffer is.
enum At {
    /// Before the first boundary; how much was skipped.
    Preamble(usize),
    /// Right behind a boundary.
    Boundary,
    /// In the head of a part.
    Head,
    /// In the body of a part.
    Body,
    /// Behind the last boundary.
    End,
    /// Nowhere any more.
    Broken(BadForm),
}

struct Reader {
    body: BodyStream,
    /// A line's end and the boundary.
    delimiter: Vec<u8>,
    buffer: BytesMut,
    at: At,
    parts: u64,
    /// What is still to come of a part that said its length.
    left: Option<u64>,
}

impl Reader {
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Head>, BadForm>> {
        loop {
            match &self.at {
                At::End => return Poll::Ready(Ok(None)),
                At::Broken(bad) => return Poll::Ready(Err(bad.clone())),
                At::Body => while ready!(self.poll_bytes(context)).transpose()?.is_some() {},
                At::Preamble(skipped) => {
                    let skipped = *skipped;
                    if let Some(found) = memmem::find(&self.buffer, &self.delimiter) {
                        self.behind_delimiter(found);
                    } else {
                        let kept = self.keep_tail();
                        self.at = At::Preamble(skipped + kept.len());
                        self.bound(skipped + kept.len(), "there is no boundary where the form begins")?;
                        ready!(self.poll_more(context))?;
                    }
                }
                At::Boundary => match self.line_end() {
                    Some(()) => {}
                    None => ready!(self.poll_more(context))?,
                },
                At::Head => match self.whole_head() {
                    Some(head) => return Poll::Ready(self.begin_part(&head)),
                    None => {
                        self.bound(self.buffer.len(), "the head of a part is too long")?;
                        ready!(self.poll_more(context))?;
                    }
                },
            }
        }
    }

    /// The next bytes of the part that is being read; `None` at its end.
    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BadForm>>> {
        loop {
            match &self.at {
                At::Body => {}
                At::Broken(bad) => return Poll::Ready(Some(Err(bad.clone()))),
                At::Preamble(_) | At::Boundary | At::Head | At::End => return Poll::Ready(None),
            }
            let (bytes, ended) = match memmem::find(&self.buffer, &self.delimiter) {
                Some(found) => {
                    let bytes = self.buffer.split_to(found).freeze();
                    self.behind_delimiter(0);
                    (bytes, true)
                }
                None => (self.keep_tail(), false),
            };
            if let Err(bad) = self.count(bytes.len() as u64, ended) {
                return Poll::Ready(Some(Err(bad)));
            }
            if !bytes.is_empty() {
                return Poll::Ready(Some(Ok(bytes)));
            }
            if !ended && let Err(bad) = ready!(self.poll_more(context)) {
                return Poll::Ready(Some(Err(bad)));
            }
        }
    }

    /// Holds a part that said its length to it.
    fn count(&mut self, bytes: u64, ended: bool) -> Result<(), BadForm> {
        let Some(left) = self.left else { return Ok(()) };
        match left.checked_sub(bytes) {
            Some(rest) if !ended || rest == 0 => self.left = Some(rest),
            _ => return Err(self.broken(BadForm::Malformed("a part is not as long as its Content-Length"))),
        }
        Ok(())
    }

    /// Takes what cannot be the beginning of a boundary.
    fn keep_tail(&mut self) -> Bytes {
        let surely = (self.buffer.len() + 1).saturating_sub(self.delimiter.len());
        self.buffer.split_to(surely).freeze()
    }

    fn behind_delimiter(&mut self, found: usize) {
        drop(self.buffer.split_to(found + self.delimiter.len()));
        self.at = At::Boundary;
    }

    /// What follows a boundary: `--` for the end, or the end of the line, perhaps behind white space.
    fn line_end(&mut self) -> Option<()> {
        if self.buffer.starts_with(b"--") {
            self.at = At::End;
            return Some(());
        }
        let padding = self.buffer.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match (self.buffer.get(padding..)?, padding) {
            ([b'\r', b'\n', ..], _) => {
                drop(self.buffer.split_to(padding + 2));
                self.at = At::Head;
            }
            ([] | [b'\r'] | [b'-'], padding) if padding <= LONGEST_HEAD => return None,
            _ => drop(self.broken(BadForm::Malformed("a boundary does not end its line"))),
        }
        Some(())
    }

    fn whole_head(&mut self) -> Option<Bytes> {
        if self.buffer.starts_with(b"\r\n") {
            drop(self.buffer.split_to(2));
            return Some(Bytes::new());
        }
        let end = memmem::find(&self.buffer, b"\r\n\r\n")?;
        Some(self.buffer.split_to(end + 4).freeze().slice(..end))
    }

    fn begin_part(&mut self, head: &Bytes) -> Result<Option<Head>, BadForm> {
        self.bound(head.len(), "the head of a part is too long")?;
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(self.broken(BadForm::Malformed("the form has more than 10,000 parts: send several")));
        }
        let head = Head::parse(head).map_err(|why| self.broken(BadForm::Malformed(why)))?;
        self.left = head.length;
        self.at = At::Body;
        Ok(Some(head))
    }

    /// Reads what comes next from the socket, once: a fast client fills nothing but the socket.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BadForm>> {
        Poll::Ready(match ready!(self.body.poll_next_unpin(context)) {
            Some(Ok(chunk)) => {
                self.buffer.extend_from_slice(&chunk);
                Ok(())
            }
            Some(Err(error)) => Err(self.broken(BadForm::CutOff(error.kind()))),
            None => Err(self.broken(BadForm::CutOff(io::ErrorKind::UnexpectedEof))),
        })
    }

    fn bound(&mut self, length: usize, why: &'static str) -> Result<(), BadForm> {
        if length > LONGEST_HEAD { Err(self.broken(BadForm::Malformed(why))) } else { Ok(()) }
    }

    fn broken(&mut self, bad: BadForm) -> BadForm {
        self.at = At::Broken(bad.clone());
        self.buffer.clear();
        bad
    }
}

#[cfg(test)]
mod tests;
