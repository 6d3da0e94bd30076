//! Archives, written as they are sent: no member is in memory, none on disk. What a name says has passed
//! the core's rules for paths, so none leads out of where it is unpacked.

mod tar;
mod zip;

use std::io;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use mapping::Timestamp;
use mapping::store::BodyStream;
use serde::{Deserialize, Serialize};

/// The most members of one archive: the list of them is kept to its end.
pub(crate) const MOST_MEMBERS: usize = 100_000;

/// Which archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// A zip, its members stored as they are; with 64 bit sizes where they are needed.
    Zip,
    /// A tar as POSIX has it (pax).
    Tar,
}

/// Something in an archive.
pub(crate) struct Member {
    /// Its path in the archive, without `/` at either end.
    pub(crate) name: String,
    /// When it was written.
    pub(crate) modified: Timestamp,
    /// What it is.
    pub(crate) content: Content,
}

/// What a [`Member`] is.
pub(crate) enum Content {
    /// A directory.
    Directory,
    /// A file: its size, and how it is opened when its turn comes. A body of another size breaks the archive.
    File(u64, BoxFuture<'static, io::Result<BodyStream>>),
}

impl Format {
    /// What such an archive is called behind its name.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
        }
    }

    /// Its media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Zip => "application/zip",
            Self::Tar => "application/x-tar",
        }
    }

    /// The archive of `members`. Ends in an error, and so without its end, when one cannot be read whole.
    pub(crate) fn write(self, members: BoxStream<'static, io::Result<Member>>) -> BodyStream {
        match self {
            Self::Zip => written(members, zip::Writer::default()),
            Self::Tar => written(members, tar::Writer::default()),
        }
    }
}

/// What goes around members.
trait Writer: Send + 'static {
    /// Before a member.
    fn begin(&mut self, name: &str, modified: Timestamp, size: Option<u64>) -> Vec<u8>;

    /// Bytes of it.
    fn passed(&mut self, bytes: &[u8]);

    /// Behind it.
    fn end(&mut self) -> Vec<u8>;

    /// Behind all.
    fn close(&mut self) -> Vec<u8>;
}

struct Writing<W> {
    writer: W,
    members: BoxStream<'static, io::Result<Member>>,
    open: Option<BodyStream>,
    closed: bool,
}

fn written<W: Writer>(members: BoxStream<'static, io::Result<Member>>, writer: W) -> BodyStream {
    let writing = Writing { writer, members, open: None, closed: false };
    let pieces = stream::try_unfold(writing, |mut writing| async move {
        Ok::<_, io::Error>(writing.next().await?.map(|piece| (piece, writing)))
    });
    pieces.boxed()
}

impl<W: Writer> Writing<W> {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(body) = &mut self.open {
            if let Some(bytes) = body.try_next().await? {
                self.writer.passed(&bytes);
                return Ok(Some(bytes));
            }
            self.open = None;
            return Ok(Some(self.writer.end().into()));
        }
        match self.members.try_next().await? {
            Some(Member { name, modified, content: Content::Directory }) => {
                Ok(Some(self.writer.begin(&name, modified, None).into()))
            }
            Some(Member { name, modified, content: Content::File(size, open) }) => {
                self.open = Some(mapping::store::body::exactly(size, open.await?));
                Ok(Some(self.writer.begin(&name, modified, Some(size)).into()))
            }
            None if self.closed => Ok(None),
            None => {
                self.closed = true;
                Ok(Some(self.writer.close().into()))
            }
        }
    }
}

/// Whether there are more than [`MOST_MEMBERS`].
pub(crate) async fn are_too_many<E>(members: impl Stream<Item = Result<(), E>>) -> Result<bool, E> {
    let counted = members.take(MOST_MEMBERS + 1).try_fold(0, |count, ()| std::future::ready(Ok(count + 1_usize)));
    Ok(counted.await? > MOST_MEMBERS)
}

#[cfg(test)]
mod tests;
