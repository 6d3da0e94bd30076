//! Small files on their way into a folder, several at a time: each is several requests to the store, one after the
//! other. Files whose paths overlap keep their order.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use mapping::access::{Folder, Write};
use mapping::budget::Permit;
use mapping::files::WriteOptions;
use mapping::path::FilePath;
use mapping::store::BodyStream;
use mapping::{Error, ErrorKind};

/// How many are on their way at a time.
const AT_ONCE: usize = 16;

/// Files that are written into a folder, each numbered by its turn.
pub(super) struct SideBySide {
    folder: Folder<Write>,
    begun: u64,
    on_their_way: BTreeMap<u64, FilePath>,
    ends: FuturesUnordered<BoxFuture<'static, (u64, mapping::Result<Written>)>>,
    /// Those that there was no space for beside the others: what others take the place of is counted as well
    /// until they are there. Each is written once more, alone, and so is what comes after it.
    short: BTreeMap<u64, Bytes>,
    at_once: usize,
    stored: Stored,
}

/// What became of a file.
enum Written {
    Stored,
    /// There was no space for it; its bytes.
    Short(Error, Bytes),
}

/// Why no more files are begun.
pub(super) struct Failure {
    turn: u64,
    error: Error,
}

impl From<Error> for Failure {
    /// At the file whose turn it is: all others came before it.
    fn from(error: Error) -> Self {
        Self { turn: u64::MAX, error }
    }
}

impl Failure {
    /// The same, but for `why` where it is the file whose turn it was that failed.
    pub(super) fn rather(self, why: Option<Error>) -> Self {
        match why {
            Some(why) if self.turn == u64::MAX => why.into(),
            _ => self,
        }
    }
}

impl SideBySide {
    pub(super) fn new(folder: Folder<Write>) -> Self {
        let (on_their_way, ends) = (BTreeMap::new(), FuturesUnordered::new());
        let (short, stored) = (BTreeMap::new(), Stored::default());
        Self { folder, begun: 0, on_their_way, ends, short, at_once: AT_ONCE, stored }
    }

    /// Waits until the file at `path` may be begun.
    ///
    /// # Errors
    /// What became of a file before it.
    pub(super) async fn way_for(&mut self, path: &FilePath) -> Result<(), Failure> {
        self.look()?;
        let is_free = |files: &Self| {
            let overlaps = files.on_their_way.values().any(|other| other.overlaps(path));
            files.on_their_way.len() < files.at_once && files.short.is_empty() && !overlaps
        };
        while !is_free(self) {
            self.one_ends().await?;
        }
        Ok(())
    }

    /// The most bytes that there can be room for at a time.
    pub(super) fn most_room(&self) -> u64 {
        self.folder.bucket().budget().share().into()
    }

    /// Permits for `bytes`, if need be once files that have some are stored. `None` while others have them all.
    ///
    /// # Errors
    /// As [`SideBySide::way_for`].
    pub(super) async fn room(&mut self, bytes: u64) -> Result<Option<Permit>, Failure> {
        loop {
            let permit = self.folder.bucket().budget().try_spare(bytes);
            if permit.is_some() || !self.one_ends().await? {
                return Ok(permit);
            }
        }
    }

    /// Begins to write a file that is all there, whose way is free.
    ///
    /// # Errors
    /// As [`SideBySide::way_for`]: it is not begun then.
    pub(super) fn begin(&mut self, path: FilePath, bytes: Bytes) -> Result<(), Failure> {
        self.look()?;
        let (turn, written) = (self.next_turn(), self.written(path.clone(), bytes));
        self.ends.push(async move { (turn, written.await) }.boxed());
        self.on_their_way.insert(turn, path);
        Ok(())
    }

    /// Begins to write it; it goes on while the next one is read. Nothing is kept of what is stored.
    fn written(&self, path: FilePath, bytes: Bytes) -> impl Future<Output = mapping::Result<Written>> + Send + use<> {
        let folder = self.folder.clone();
        let write = async move {
            match folder.write_bytes(&path, bytes.clone(), WriteOptions::default()).await {
                Err(error) if error.kind() == ErrorKind::OverQuota => Ok(Written::Short(error, bytes)),
                written => written.map(|_| Written::Stored),
            }
        };
        let written = self.folder.bucket().tasks().begin(write);
        async move { written.await.flatten() }
    }

    /// Writes a file of any length once those before it are there.
    ///
    /// # Errors
    /// As [`SideBySide::way_for`], and its own.
    pub(super) async fn stream(&mut self, path: FilePath, body: BodyStream) -> Result<(), Failure> {
        while self.one_ends().await? {}
        self.folder.write(&path, None, body, WriteOptions::default()).await?;
        let turn = self.next_turn();
        self.stored.note(turn, path);
        Ok(())
    }

    /// Waits for all, also for those behind one that failed. Answers what is there, and the first failure by turn,
    /// `last` among them.
    pub(super) async fn end(mut self, last: Result<(), Failure>) -> (Stored, Option<Error>) {
        let mut failures = Vec::from_iter(last.err());
        loop {
            match self.one_ends().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(failure) => failures.push(failure),
            }
        }
        let first = failures.into_iter().min_by_key(|failure| failure.turn);
        (self.stored, first.map(|failure| failure.error))
    }

    const fn next_turn(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// Takes note of those that have ended.
    fn look(&mut self) -> Result<(), Failure> {
        while let Some(Some((turn, written))) = self.ends.next().now_or_never() {
            self.ended(turn, written)?;
        }
        Ok(())
    }

    /// Waits until one has ended; `false` when there is none.
    async fn one_ends(&mut self) -> Result<bool, Failure> {
        let Some((turn, written)) = self.ends.next().await else { return self.one_alone().await };
        self.ended(turn, written).map(|()| true)
    }

    fn ended(&mut self, turn: u64, written: mapping::Result<Written>) -> Result<(), Failure> {
        match written {
            Ok(Written::Short(_, bytes)) => drop(self.short.insert(turn, bytes)),
            written => self.note(turn, written.map(drop))?,
        }
        Ok(())
    }

    /// Writes one that there was no space for, now that no other is on its way; `false` when there is none.
    /// Where there is none now either, it is not looked for any more: each look may be long.
    async fn one_alone(&mut self) -> Result<bool, Failure> {
        let Some((turn, bytes)) = self.short.pop_first() else { return Ok(false) };
        self.at_once = 1;
        let Some(path) = self.on_their_way.get(&turn).cloned() else { return Ok(true) };
        let written = match self.written(path, bytes).await {
            Ok(Written::Short(error, _)) => {
                self.short.clear();
                Err(error)
            }
            written => written.map(drop),
        };
        self.note(turn, written).map(|()| true)
    }

    fn note(&mut self, turn: u64, written: mapping::Result<()>) -> Result<(), Failure> {
        let path = self.on_their_way.remove(&turn);
        written.map_err(|error| Failure { turn, error })?;
        path.into_iter().for_each(|path| self.stored.note(turn, path));
        Ok(())
    }
}

/// What was stored, whatever failed.
#[derive(Default)]
pub(super) struct Stored {
    count: u64,
    first: BTreeMap<u64, FilePath>,
}

/// How many of them are named.
const NAMED: usize = 5;

impl Stored {
    pub(super) const fn is_nothing(&self) -> bool {
        self.count == 0
    }

    fn note(&mut self, turn: u64, path: FilePath) {
        self.count += 1;
        self.first.insert(turn, path);
        if self.first.len() > NAMED {
            self.first.pop_last();
        }
    }

    /// The error, with what is there nevertheless.
    pub(super) fn beside(&self, error: Error) -> Error {
        if self.is_nothing() || error.kind() == ErrorKind::Internal {
            return error;
        }
        let names = self.first.values().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let more = if self.count > NAMED as u64 { " and others" } else { "" };
        let message = format!("{}; stored nevertheless: {} ({names}{more})", error.message(), self.count);
        Error::new(error.kind(), error.subject(), message).caused_by(error)
    }
}
