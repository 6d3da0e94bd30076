//! Runs work to its end: in its request at first, as a job once that takes too long.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::attend::attend;
use super::held::{Held, Saved};
use super::record::{JobRecord, JobState};
use super::underway::{Ended, Outcome, stopping};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::tree::{Plan, Position, Step, Walk, Work, pause};
use crate::id::JobId;
use crate::lease::Attempt;

/// How often one step is tried while the store does not answer; with the pauses, about five minutes
/// and what each try takes itself.
const MOST_TRIES: u32 = 32;

/// Work, and where it stands.
#[derive(Debug)]
pub(super) struct Run {
    bucket: Bucket,
    walk: Arc<Walk>,
    position: Position,
    /// Once it is a job.
    held: Option<Held>,
    tell_job: Option<oneshot::Sender<()>>,
    job_at: Instant,
}

impl Run {
    /// Work that begins.
    pub(super) fn begin(
        bucket: Bucket,
        id: JobId,
        account: Account,
        plan: Plan,
        tell_job: oneshot::Sender<()>,
    ) -> Self {
        // What is done for everybody already must not be forgotten.
        let after = if plan.work == Work::Relocate { Duration::ZERO } else { bucket.settings().job_after };
        let job_at = Instant::now() + after;
        let walk = Arc::new(Walk::new(bucket.clone(), id, account, plan, CancellationToken::new()));
        Self { bucket, walk, position: Position::default(), held: None, tell_job: Some(tell_job), job_at }
    }

    /// A job that is taken over.
    pub(super) fn go_on(bucket: Bucket, account: Account, record: &JobRecord, held: Held) -> Self {
        let stop = CancellationToken::new();
        let walk = Arc::new(Walk::new(bucket.clone(), record.id, account, record.plan.clone(), stop));
        walk.is_taken_over();
        let position = record.position();
        if let Some(until) = position.until {
            walk.is_job_since(until);
        }
        Self { bucket, walk, position, held: Some(held), tell_job: None, job_at: Instant::now() }
    }

    /// Works until it is over, stopped, or somebody else's.
    pub(super) async fn finish(mut self) -> Ended {
        self.enter();
        let ended = self.go_through().await;
        // After its end is noted: whoever took it over would do once more what is undone from then on.
        self.walk.end_passage().await;
        self.bucket.jobs().known().running.remove(&self.walk.id());
        ended
    }

    fn enter(&self) {
        let stop = self.walk.stop().clone();
        self.bucket.jobs().known().running.insert(self.walk.id(), stop);
    }

    async fn go_through(&mut self) -> Ended {
        let mut tries = 0;
        loop {
            let before = self.position.clone();
            match self.step().await {
                Ok(Step::Over) => return self.end(JobState::Done).await,
                Ok(Step::More) => {
                    tries = 0;
                    if let Some(ended) = self.save_or_become_job().await {
                        return ended;
                    }
                }
                Ok(Step::Stopped) => return self.stopped(before).await,
                Err(error) => {
                    self.step_back(before);
                    tries += 1;
                    if let Some(ended) = self.after(error, tries).await {
                        return ended;
                    }
                }
            }
        }
    }

    /// One step. Work that takes long becomes a job in the middle of it, as of its beginning.
    async fn step(&mut self) -> Result<Step> {
        let (walk, mut next) = (Arc::clone(&self.walk), self.position.clone());
        let ended = {
            let mut step = pin!(walk.step(&mut next));
            loop {
                if let Some(held) = &self.held {
                    let attend = attend(&self.bucket, &walk);
                    let work = async {
                        tokio::select! { ended = step => ended, never = attend => match never {} }
                    };
                    break held.lease().while_mine(work).await.and_then(std::convert::identity);
                }
                let stopping = self.bucket.tasks().stopping();
                tokio::select! {
                    biased;
                    ended = &mut step => break ended,
                    () = sleep_until(self.job_at) => {}
                    () = stopping.cancelled() => walk.stop().cancel(),
                }
                if let Err(error) = self.become_job().await {
                    tracing::warn!(job.id = %walk.id(), %error, "work could not become a job, it goes on without");
                    if walk.stop().is_cancelled() {
                        break step.await;
                    }
                }
            }
        };
        self.position = Position { until: self.walk.until(), ..next };
        ended
    }

    /// After a step that was not done: what it copied is found again, what it removed is not.
    fn step_back(&mut self, before: Position) {
        let progress = std::mem::take(&mut self.position.progress);
        self.position = before;
        if !self.walk.plan().work.only_adds() {
            self.position.progress = progress;
        }
    }

    async fn become_job(&mut self) -> Result<()> {
        self.job_at = Instant::now() + self.bucket.settings().job_after;
        let id = self.walk.id();
        let lease = match self.bucket.job_watch(id).try_take(&self.bucket).await? {
            Attempt::Taken(lease) => lease,
            Attempt::Held { by, .. } => {
                return Err(Error::internal(Subject::Job, format!("the lease of a new job is held by {by}")));
            }
        };
        let (account, now) = (self.walk.account().id, self.bucket.clock().now());
        let record = JobRecord::new(id, account, self.walk.plan().clone(), 1, now);
        // From here on it is a job, also when the answer to the first write is lost.
        let held = self.held.insert(Held::new(&self.bucket, lease, record));
        held.save(&self.position).await?;
        // Noted with the next write; whoever takes over before asks for it himself.
        self.ask_since_when().await;
        if let Some(tell) = self.tell_job.take() {
            let _nobody_waits = tell.send(());
        }
        Ok(())
    }

    /// When the record was written, by the store's clock: from here on a removal leaves what is newer.
    async fn ask_since_when(&mut self) {
        if let Some(since) = self.bucket.written_at(self.walk.id()).await {
            self.walk.is_job_since(since);
        }
        self.position.until = self.walk.until();
    }

    /// Between two steps.
    async fn save_or_become_job(&mut self) -> Option<Ended> {
        if self.held.is_some() && self.walk.until().is_none() {
            self.ask_since_when().await;
        }
        let Some(held) = &self.held else {
            if let Err(error) = self.become_job().await {
                tracing::warn!(job.id = %self.walk.id(), %error, "work could not become a job, it goes on without");
            }
            return None;
        };
        match held.save(&self.position).await {
            Ok(Saved::Yes) => {
                if let Some(tell) = self.tell_job.take() {
                    let _nobody_waits = tell.send(());
                }
                None
            }
            Ok(Saved::Cancelling) => Some(self.end(JobState::Cancelled).await),
            Ok(Saved::Lost) => Some(Ended::Elsewhere),
            // The steps since then can be done again.
            Err(error) => {
                tracing::warn!(job.id = %self.walk.id(), %error, "where a job stands could not be saved this time");
                None
            }
        }
    }

    /// What follows on an error: `None` is another try.
    async fn after(&mut self, error: Error, tries: u32) -> Option<Ended> {
        let Some(held) = &self.held else { return Some(Ended::Here(Err(error))) };
        if !held.lease().is_mine_for(Duration::ZERO) {
            return Some(Ended::Elsewhere);
        }
        let endless = self.walk.plan().work == Work::Relocate;
        if !endless && (error.kind() != ErrorKind::Unavailable || tries >= MOST_TRIES) {
            return Some(self.fail(error).await);
        }
        tracing::debug!(job.id = %self.walk.id(), %error, tries, "a step of a job is tried again");
        let pause = sleep(pause(self.bucket.random(), tries.min(MOST_TRIES)));
        let attended = async {
            tokio::select! {
                () = pause => {}
                () = self.walk.stop().cancelled() => {}
                never = attend(&self.bucket, &self.walk) => match never {},
            }
        };
        attended.await;
        if self.walk.stop().is_cancelled() {
            let before = self.position.clone();
            return Some(self.stopped(before).await);
        }
        None
    }

    /// It was told to stop: by somebody who wants it cancelled, or because the process stops.
    async fn stopped(&mut self, before: Position) -> Ended {
        let asked = match &self.held {
            Some(held) => held.save(&self.position).await,
            None => return Ended::Here(Err(stopping())),
        };
        match asked {
            Ok(Saved::Cancelling) => return self.end(JobState::Cancelled).await,
            Ok(Saved::Lost) => return Ended::Elsewhere,
            Ok(Saved::Yes) | Err(_) => {}
        }
        if self.walk.plan().work.only_adds() {
            // The page is gone through again and its files are counted then.
            self.position = before;
        }
        if let Some(held) = self.held.take()
            && let Err(error) = held.hand_over(&self.position).await
        {
            tracing::debug!(job.id = %self.walk.id(), %error, "a job was left without being handed over");
        }
        Ended::Here(Err(stopping()))
    }

    async fn end(&mut self, state: JobState) -> Ended {
        self.walk.close().await;
        let target = self.walk.plan().target_path().cloned();
        let cancelled = state == JobState::Cancelled;
        let outcome = Outcome { target, progress: self.position.progress.clone(), cancelled };
        self.note_end(state, Ok(outcome)).await
    }

    async fn fail(&mut self, error: Error) -> Ended {
        self.note_end(JobState::Failed, Err(error)).await
    }

    /// Nobody is told of an end that is not noted: the job would be taken over, and would do once more
    /// what was undone or overwritten since.
    async fn note_end(&mut self, state: JobState, result: Result<Outcome>) -> Ended {
        let Some(held) = self.held.take() else { return Ended::Here(result) };
        let stopping = self.bucket.tasks().stopping();
        let mut tries = 0;
        loop {
            match held.end(&self.position, state, result.as_ref().err()).await {
                Ok(Saved::Lost) => return Ended::Elsewhere,
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(job.id = %self.walk.id(), %error, "the end of a job was not noted this time")
                }
            }
            tries += 1;
            let paused = stopping.run_until_cancelled(sleep(pause(self.bucket.random(), tries))).await;
            if paused.is_none() || tries >= MOST_TRIES || !held.lease().is_mine_for(Duration::ZERO) {
                return Ended::Elsewhere;
            }
        }
        held.forget().await;
        Ended::Here(result)
    }
}
