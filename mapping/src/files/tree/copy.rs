//! Copies the files of one page, many at a time, each at most once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::{StreamExt, stream};

use super::clear::is_marker;
use super::item::Item;
use super::pace::{MOST_AT_ONCE, pause};
use super::plan::{Existing, Target};
use super::round::Seen;
use super::tally::{Count, Progress};
use super::walk::Walk;
use crate::access::{Folder, Reads, Write};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::mkdir::Parents;
use crate::files::remove::Failure;
use crate::key::KeyPrefix;
use crate::path::FilePath;
use crate::store::Listed;

/// So many things that the store does not answer about are no accident, and half of a page is none
/// either: it is the store, and the page is gone through again later.
const MOST_UNANSWERED: u32 = 16;

/// How often a thing is begun anew when one of its requests was not answered however often it was sent.
const BEGINNINGS: u32 = 3;

/// What became of a page.
pub(super) struct PageCopied<'p> {
    /// What is at its target now.
    pub(super) things: Vec<&'p Listed>,
    pub(super) progress: Progress,
    /// Why no more was begun.
    pub(super) halted: Option<Error>,
    /// It was told to stop before all was begun.
    pub(super) stopped: bool,
}

/// What became of one thing.
enum End {
    Copied,
    /// It went before it could be copied.
    Gone,
    /// It was not begun.
    Left,
    Failed(Failure),
}

/// What the things of a page have in common.
pub(super) struct Copying<'w, A> {
    pub(super) walk: &'w Walk,
    pub(super) source: &'w Folder<A>,
    pub(super) target: &'w Folder<Write>,
    pub(super) into: &'w Target,
    /// Under which paths what is stored is seen, where those may differ.
    seen: Option<&'w Seen>,
    unanswered: AtomicU32,
    halted: Mutex<Option<Error>>,
}

impl Walk {
    pub(super) async fn copy_page<'p, A: Reads>(
        &self,
        source: &Folder<A>,
        target: &Folder<Write>,
        page: &'p [Listed],
        seen: Option<&Seen>,
    ) -> Result<PageCopied<'p>> {
        let no_target = || Error::internal(Subject::Job, "a copy without a target");
        let into = self.plan.target.as_ref().ok_or_else(no_target)?;
        let (unanswered, halted) = (AtomicU32::new(0), Mutex::new(None));
        let copying = Copying { walk: self, source, target, into, seen, unanswered, halted };
        let copies: Vec<_> = page.iter().map(|listed| copying.copy(listed)).collect();
        let mut ends = stream::iter(copies).buffer_unordered(MOST_AT_ONCE as usize);
        let (mut things, mut progress, mut stopped) = (Vec::new(), Progress::default(), false);
        while let Some((listed, end)) = ends.next().await {
            let count = if is_marker(listed) { Count::default() } else { Count::file(listed.size) };
            progress.found = progress.found.and(if matches!(end, End::Left) { Count::default() } else { count });
            match end {
                End::Copied => {
                    progress.done = progress.done.and(count);
                    things.push(listed);
                }
                End::Gone => {}
                End::Left => stopped = true,
                End::Failed(failure) => progress.fail(failure),
            }
        }
        drop(ends);
        if copying.unanswered.load(Ordering::SeqCst) as usize * 2 >= page.len().max(1) {
            copying.halt(Error::new(ErrorKind::Unavailable, Subject::File, "the store does not answer: try again"));
        }
        let halted = copying.halted.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(PageCopied { things, progress, halted, stopped })
    }
}

impl<A: Reads> Copying<'_, A> {
    async fn copy<'p>(&self, listed: &'p Listed) -> (&'p Listed, End) {
        if self.walk.stop.is_cancelled() || self.is_halted() {
            return (listed, End::Left);
        }
        let mut copied = self.copy_thing(listed).await;
        for beginning in 1..BEGINNINGS {
            let unanswered = copied.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unavailable);
            if !unanswered || self.walk.stop.is_cancelled() || self.is_halted() {
                break;
            }
            tokio::time::sleep(pause(self.walk.bucket.random(), beginning)).await;
            copied = self.copy_thing(listed).await;
        }
        let end = match copied {
            Ok(true) => End::Copied,
            Ok(false) => End::Gone,
            Err(error) if self.halts(&error) => {
                self.halt(error);
                End::Left
            }
            Err(error) => End::Failed(self.told(listed, &error)),
        };
        (listed, end)
    }

    /// Whether the page cannot be gone on with: the folder is full or gone, or the store does not answer.
    fn halts(&self, error: &Error) -> bool {
        match error.kind() {
            ErrorKind::Unavailable => self.unanswered.fetch_add(1, Ordering::SeqCst) + 1 >= MOST_UNANSWERED,
            ErrorKind::OverQuota => true,
            ErrorKind::NotFound => error.subject() == Subject::Folder,
            _ => false,
        }
    }

    fn halt(&self, error: Error) {
        self.halted.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    fn is_halted(&self) -> bool {
        self.halted.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn told(&self, listed: &Listed, error: &Error) -> Failure {
        tracing::debug!(job.id = %self.walk.id, key = %listed.key, error = error as &dyn std::error::Error,
            "something could not be copied");
        let path = KeyPrefix::folder(self.source.prefix()).rest(&listed.key).unwrap_or_default().to_owned();
        Failure { path, message: error.message().to_owned() }
    }

    /// Answers whether it is at its target now; it is not when it went meanwhile.
    async fn copy_thing(&self, listed: &Listed) -> Result<bool> {
        let prefix = self.source.prefix();
        if let Some(path) = prefix.file_path(&listed.key) {
            let Some(to) = self.target_of(&path)? else { return Ok(false) };
            let stored_elsewhere = self.seen.is_some() && to != path;
            if stored_elsewhere && self.walk.patiently(|| self.source.head(&to)).await?.is_some() {
                // What was written where it is seen counts, and is come across there.
                return Ok(false);
            }
            return Item { copying: self, from: &path, to }.copy().await;
        }
        let Some(path) = prefix.directory_path(listed.key.as_str()) else {
            return Err(Error::invalid(
                Subject::File,
                "another program stored it under a name that cannot be used here",
            ));
        };
        let Some(to) = self.target_of(&path)? else { return Ok(false) };
        self.make_directory(&to).await?;
        Ok(true)
    }

    /// Where what is stored at `path` goes; `None` for what is not seen.
    fn target_of(&self, path: &FilePath) -> Result<Option<FilePath>> {
        let path = match self.seen {
            Some(seen) => seen.path_of(path),
            None => Some(path.clone()),
        };
        path.map(|path| self.walk.plan.target_of(&path)).transpose()
    }

    async fn make_directory(&self, path: &FilePath) -> Result<()> {
        path.check_new_directory()?;
        let made = match self.into.existing {
            Existing::Keep => self.walk.patiently(|| self.target.put_marker(path)).await,
            Existing::Replace | Existing::Rename => {
                self.walk.patiently(|| self.target.mkdir(path, Parents::Create)).await
            }
        };
        match made {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
