//! Goes through a tree page by page and does what the plan says. One page is in memory at a time,
//! and every step can be done again: after a crash the page that was under way is gone through anew.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::pace::{Pace, pause};
use super::plan::{Plan, Work};
use super::relocation::Relocation;
use super::tally::{Position, Progress};
use crate::access::{Delete, Folder, Read, Reads, Write};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::remove::Failure;
use crate::id::JobId;

/// How often one request is sent before its thing is given up, beside what the store's client does.
pub(super) const TRIES: u32 = 5;

/// How many pages of a removal are under way at once.
const PAGES_AT_ONCE: usize = 4;

/// How often a source is gone through before what comes in below it all the time is left there.
const PASSES: u32 = 3;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// There is more to do.
    More,
    /// All is done that could be.
    Over,
    /// It was told to stop.
    Stopped,
}

/// Work on one tree.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(super) bucket: Bucket,
    pub(super) id: JobId,
    pub(super) account: Account,
    pub(super) plan: Plan,
    /// Cancelled when nothing more is to be begun.
    pub(super) stop: CancellationToken,
    /// See [`Position::until`].
    until: OnceLock<Timestamp>,
    /// Whether some of what is come across may have been done already.
    again: AtomicBool,
    pub(super) relocation: Relocation,
}

impl Walk {
    pub(crate) const fn new(bucket: Bucket, id: JobId, account: Account, plan: Plan, stop: CancellationToken) -> Self {
        let until = OnceLock::new();
        Self { bucket, id, account, plan, stop, until, again: AtomicBool::new(false), relocation: Relocation::new() }
    }

    /// From here on things are come across that were done before: they are looked for first, so that none is
    /// charged twice.
    pub(crate) fn go_again(&self) {
        self.again.store(true, Ordering::SeqCst);
    }

    pub(super) fn goes_again(&self) -> bool {
        self.again.load(Ordering::SeqCst)
    }

    /// From here on it is a job whose record was first written then, also for the step that is under way.
    pub(crate) fn is_job_since(&self, until: Timestamp) {
        let _known_before = self.until.set(until);
    }

    /// When it became a job, once that is known.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        self.until.get().copied()
    }

    pub(crate) const fn id(&self) -> JobId {
        self.id
    }

    pub(crate) const fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) const fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Does one step: a page that is copied or moved, some that are removed. Account and folders are
    /// opened anew each time, so what was revoked ends it, and a limit that was changed holds.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer: the same step can be done again. Any other is
    /// the end.
    pub(crate) async fn step(&self, position: &mut Position) -> Result<Step> {
        match (self.plan.work, &self.plan.target) {
            (Work::Copy, Some(target)) => {
                let (from, to) = (self.open_source::<Read>().await?, self.open_target(target).await?);
                let step = self.copy_step(&from, &to, position).await?;
                self.refuse_moved(&from, &self.plan.source.path).await?;
                Ok(step)
            }
            (Work::Move, Some(target)) => {
                let (from, to) = (self.open_source().await?, self.open_target(target).await?);
                let step = self.move_step(&from, &to, position).await?;
                self.refuse_moved(&from, &self.plan.source.path).await?;
                Ok(step)
            }
            (Work::Delete, _) => {
                let from = self.open_source().await?;
                let step = self.remove_step(&from, position).await?;
                self.refuse_moved(&from, &self.plan.source.path).await?;
                Ok(step)
            }
            (Work::Relocate, _) => self.relocate_step(position).await,
            (Work::Clone, Some(target)) => self.clone_step(target, position).await,
            (Work::Copy | Work::Move | Work::Clone, None) => {
                Err(Error::internal(Subject::Job, "a copy without a target"))
            }
        }
    }

    /// What is left to do once there is no more to go through. Failing here undoes nothing.
    pub(crate) async fn close(&self) {
        let (Work::Move | Work::Delete, Some(path)) = (self.plan.work, self.plan.source.path.path()) else { return };
        match self.open::<Write>(self.plan.source.folder).await {
            Ok(source) => source.keep_directory(&path.parent()).await,
            Err(error) => tracing::debug!(job.id = %self.id, %error, "an emptied directory was not looked at"),
        }
    }

    /// Lets go of what was brought into the trash or out of it, unless that goes on as a job. Failing here
    /// undoes nothing: what is at both places stays hidden in the trash, and the sweeper does it.
    pub(crate) async fn end_passage(&self) {
        if !self.plan.touches_trash() {
            return;
        }
        let ended = async {
            if !self.bucket.is_running(self.id).await? {
                self.open::<Delete>(self.plan.source.folder).await?.end_passage(self.id).await?;
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = ended.await {
            tracing::warn!(job.id = %self.id, %error, "a passage of the trash stays for the sweeper");
        }
    }

    pub(super) fn pace(&self) -> &Pace {
        self.bucket.pace()
    }

    /// Sends a request in its turn, a few times if the store does not take it.
    pub(super) async fn patiently<T, F>(&self, mut send: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut attempt = 0;
        loop {
            let turn = self.pace().turn().await;
            match send().await {
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    turn.refused();
                    attempt += 1;
                    if attempt == TRIES {
                        return Err(error);
                    }
                    tokio::time::sleep(pause(self.bucket.random(), attempt - 1)).await;
                }
                answer => {
                    turn.answered();
                    return answer;
                }
            }
        }
    }

    async fn copy_step<A: Reads>(
        &self,
        source: &Folder<A>,
        target: &Folder<Write>,
        position: &mut Position,
    ) -> Result<Step> {
        let page = self.look(source, position.cursor.as_deref()).await?;
        let copied = self.copy_page(source, target, &page.objects, None).await?;
        position.progress.add(copied.progress);
        if let Some(error) = copied.halted {
            return Err(error);
        }
        if copied.stopped {
            return Ok(Step::Stopped);
        }
        position.cursor = page.next;
        Ok(if position.cursor.is_some() { Step::More } else { Step::Over })
    }

    /// Copies a page, then removes what was copied. A crash in between leaves files at both places.
    async fn move_step(
        &self,
        source: &Folder<Delete>,
        target: &Folder<Write>,
        position: &mut Position,
    ) -> Result<Step> {
        let page = self.look(source, position.cursor.as_deref()).await?;
        let copied = self.copy_page(source, target, &page.objects, None).await?;
        let charged = if copied.things.is_empty() { None } else { Some(source.charge_removal().await?) };
        let cleared = self.clear(source, position.cursor.as_deref(), &copied.things).await?;
        if let Some(charged) = charged {
            charged.settle();
        }
        if let Some(error) = copied.halted {
            // The page is gone through again, but for what has moved: the rest is counted then.
            position.progress.add(Progress { found: cleared.done, done: cleared.done, ..Progress::default() });
            return Err(error);
        }
        position.progress.add(Progress { done: cleared.done, ..copied.progress });
        position.progress.add(Progress { done: Default::default(), ..cleared });
        if copied.stopped {
            return Ok(Step::Stopped);
        }
        position.cursor = page.next;
        if position.cursor.is_some() {
            return Ok(Step::More);
        }
        self.end_pass(source, position).await
    }

    /// Whether another pass is needed: something may have been written below the source meanwhile.
    async fn end_pass(&self, source: &Folder<Delete>, position: &mut Position) -> Result<Step> {
        if position.progress.failed > 0 || self.look(source, None).await?.objects.is_empty() {
            return Ok(Step::Over);
        }
        position.pass += 1;
        if position.pass < PASSES {
            return Ok(Step::More);
        }
        let path = self.plan.source.path.to_string();
        let message = "more was written here while it was moved, and was left".to_owned();
        position.progress.fail(Failure { path, message });
        Ok(Step::Over)
    }

    async fn remove_step(&self, source: &Folder<Delete>, position: &mut Position) -> Result<Step> {
        let charged = source.charge_removal().await?;
        let mut pages = Vec::new();
        loop {
            let page = self.look(source, position.cursor.as_deref()).await?;
            position.cursor.clone_from(&page.next);
            pages.push(page);
            if position.cursor.is_none() || pages.len() == PAGES_AT_ONCE || self.stop.is_cancelled() {
                break;
            }
        }
        let removals: Vec<_> = pages.iter().map(|page| self.remove_page(source, page)).collect();
        let done = stream::iter(removals).buffer_unordered(PAGES_AT_ONCE);
        done.try_for_each(|progress| {
            position.progress.add(progress);
            std::future::ready(Ok(()))
        })
        .await?;
        charged.settle();
        Ok(match position.cursor {
            None => Step::Over,
            Some(_) if self.stop.is_cancelled() => Step::Stopped,
            Some(_) => Step::More,
        })
    }
}
