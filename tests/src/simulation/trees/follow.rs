//! Follows work until it is over, as one who asked for it does: by the id of its job.

use std::time::Duration;

use mapping::Bucket;
use mapping::ErrorKind;
use mapping::jobs::{JobFilter, JobInfo};

use super::work::{End, State};
use crate::simulation::board::Certainty;
use crate::simulation::client::Client;
use crate::simulation::report::is_unknown;

/// Longer than a request can be under way that was sent by one who has died.
pub(super) const UNDER_WAY: Duration = Duration::from_millis(100);

impl Client {
    /// Sees how some of its work stands.
    pub(super) async fn follow(&mut self) {
        let count = self.trees.works.len() as u64;
        let Ok(which) = usize::try_from(self.below(count)) else { return };
        if count == 0 {
            return;
        }
        let replica = self.cluster.replica(self.below(u64::MAX)).await;
        let over = self.ask_after(&replica.bucket, which).await;
        let again = over && !self.trees.works[which].is_settled() && self.below(2) == 0;
        match (over, again) {
            (true, true) => self.ask_again(which).await,
            (true, false) => self.settle(which).await,
            (false, _) => self.watch(which).await,
        }
    }

    /// Asks after the job; answers whether nothing is done any more.
    pub(super) async fn ask_after(&mut self, bucket: &Bucket, which: usize) -> bool {
        let now = self.cluster.now();
        let work = &self.trees.works[which];
        let (deed, from) = (work.deed, work.from.clone());
        let (id, said_to_be, due) = match work.state {
            State::Over(_) => return true,
            State::Job(id) => (id, true, true),
            State::Unanswered { id, at, patience } => (id, false, now.saturating_sub(at) >= patience),
        };
        let job = bucket.job(id).await;
        self.did(&format!("ask after {id}"), from.folder, &from.root, &format!("{deed:?} {job:?}"), &job);
        let state = match job {
            Ok(job) => {
                self.check_job(which, &job);
                End::of_job(&job).map_or(State::Job(id), State::Over)
            }
            Err(error) if error.kind() == ErrorKind::NotFound && said_to_be => {
                return self.wrong(which, "its job is lost");
            }
            Err(error) if error.kind() == ErrorKind::NotFound && due => State::Over(End::Part),
            Err(error) => {
                if !is_unknown(&error) && error.kind() != ErrorKind::NotFound {
                    self.wrong(which, &format!("a job cannot be looked at: {error:?}"));
                }
                return false;
            }
        };
        let over = matches!(state, State::Over(_));
        self.trees.works[which].state = state;
        if over {
            self.end_emptying(which);
        }
        over
    }

    fn check_job(&self, which: usize, job: &JobInfo) {
        let work = &self.trees.works[which];
        let target = job.target.as_ref().and_then(|place| place.path.path());
        let known = target.is_none_or(|target| work.to.iter().any(|spot| spot.root == *target));
        let same = job.source.path.path() == Some(&work.from.root) && known && target.is_none() == work.to.is_empty();
        if !same || job.account != self.board.people[self.account].account.id {
            self.wrong(which, &format!("its job is another's: {job:?}"));
        }
        if let Some(end) = End::of_job(job) {
            self.check_counts(which, &end, job.progress.done.files);
        }
    }

    /// What is said to be done without a failure is as much as there was, while the folders are there.
    pub(super) fn check_counts(&self, which: usize, end: &End, done: u64) {
        let work = &self.trees.works[which];
        let there = |spot| self.exists(spot, work.since) == Certainty::Yes;
        let whole = matches!(end, End::Whole) && there(&work.from) && work.to.iter().all(there);
        if let Some(Err(wrong)) = whole.then(|| work.check_counts(done)) {
            self.wrong(which, &wrong);
        }
    }

    /// Somebody's patience for work that ended without an answer.
    pub(super) fn unanswered(&self, id: mapping::id::JobId, patience: Option<Duration>) -> State {
        State::Unanswered { id, at: self.cluster.now(), patience: patience.unwrap_or(UNDER_WAY) }
    }

    /// Stops a job: mostly one of its own, now and then any, as whoever operates it all may.
    pub(super) async fn cancel_some(&mut self, bucket: &Bucket) {
        let mut ids: Vec<_> = self.trees.works.iter().filter_map(|work| work.job()).collect();
        if self.below(3) == 0 {
            let page = bucket.jobs_page(JobFilter::default(), None, 1000).await;
            let jobs = page.map(|page| page.jobs).unwrap_or_default();
            ids.extend(jobs.iter().filter(|job| !job.state.is_over()).map(|job| job.id));
        }
        let Some(id) = usize::try_from(self.below(ids.len() as u64)).ok().and_then(|which| ids.get(which)) else {
            return;
        };
        let answer = bucket.cancel_job(*id).await;
        self.report.answered("cancel job", &answer);
        match &answer {
            Ok(job) if job.state == mapping::jobs::JobState::Running => {
                self.broken(&format!("a job runs on that was cancelled: {job:?}"));
            }
            Err(error) if !is_unknown(error) && error.kind() != ErrorKind::Conflict => {
                self.broken(&format!("job {id} cannot be cancelled: {error:?}"));
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Each job that it knows is in the list of all.
    pub(super) async fn list_jobs(&mut self, bucket: &Bucket) {
        let account = self.board.people[self.account].account.id;
        let filter = JobFilter { account: Some(account), ..JobFilter::default() };
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = bucket.jobs_page(filter, after, 7).await;
            self.report.answered("list jobs", &page);
            let Ok(page) = page else { return };
            listed.extend(page.jobs.into_iter().map(|job| job.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let known: Vec<_> = self.trees.works.iter().filter_map(|work| work.job()).collect();
        if let Some(missing) = known.iter().find(|id| !listed.contains(id)) {
            self.broken(&format!("job {missing} is not listed"));
        }
    }

    /// A promise about some work was broken. Answers `false`: it is not over.
    pub(super) fn wrong(&self, which: usize, what: &str) -> bool {
        self.broken(&format!("{what}: {:?}", self.trees.works[which]));
        false
    }
}
