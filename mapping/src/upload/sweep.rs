//! Removes what uploads left behind: expired sessions, parts that no session holds, bundles. Safe
//! to run at any time, on any number of replicas, and to stop anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::abort::delete_all;
use super::active::Active;
use super::handle::Session;
use super::record::{Done, State, UploadRecord};
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, Result, Subject};
use crate::id::UploadId;
use crate::key::{KeyPrefix, ObjectKey};
use crate::manifest::Change;
use crate::store::{Condition, ListRequest, MultipartId, StoreError};
use crate::sweep::{Finding, Mode, Run, What};

/// How long a finished upload is remembered, so that finishing it again succeeds.
const DONE_REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// How many lives an upload has in all, however often it is touched: what clears the bucket by age
/// alone must be able to count on an end.
const LIVES: u32 = 4;

/// What one sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweptUploads {
    /// Uploads that had expired.
    pub expired: u64,
    /// Records of uploads that were over.
    pub forgotten: u64,
    /// Multipart uploads that no record held.
    pub orphans: u64,
}

/// One sweep: what it has read so far.
pub(super) struct Sweep<'b> {
    pub(super) bucket: &'b Bucket,
    pub(super) run: &'b Run,
    pub(super) now: Timestamp,
    pub(super) records: BTreeMap<UploadId, UploadRecord>,
    /// Those that are over, or would be if this were no dry run.
    pub(super) over: BTreeSet<UploadId>,
    /// Multipart uploads that this sweep has aborted, or would have.
    pub(super) aborted: BTreeSet<String>,
}

impl Bucket {
    /// Expires uploads that nothing was stored of for too long, and removes what those and
    /// finished ones left behind.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer; the next sweep goes on.
    pub async fn sweep_uploads(&self) -> Result<SweptUploads> {
        let run = Run::new(Mode::Remove);
        self.sweep_uploads_in(&run).await?;
        Ok(run.end().report.uploads)
    }

    /// The same as a part of a run of the sweeper.
    pub(crate) async fn sweep_uploads_in(&self, run: &Run) -> Result<()> {
        let now = self.clock().now();
        let mut sweep =
            Sweep { bucket: self, run, now, records: BTreeMap::new(), over: BTreeSet::new(), aborted: BTreeSet::new() };
        // All expire before any is forgotten: an upload that is under way keeps others' orphans.
        let mut over = Vec::new();
        for (id, bundles) in sweep.list().await? {
            match sweep.end_one(&id, bundles).await {
                Ok(record) => over.extend(record.map(|record| (id, record))),
                Err(error) => complain(&id, &error),
            }
        }
        sweep.over = over.iter().map(|(id, _)| id.clone()).collect();
        for (id, record) in over {
            if let Err(error) = sweep.forget(&id, &record).await {
                complain(&id, &error);
            }
        }
        sweep.abort_strays().await
    }
}

impl Sweep<'_> {
    /// The uploads that something lies there of, with their bundles. A listing of several pages
    /// that races with writes is no proof of what is not there.
    pub(super) async fn list(&self) -> Result<BTreeMap<UploadId, Vec<ObjectKey>>> {
        let mut found: BTreeMap<UploadId, Vec<ObjectKey>> = BTreeMap::new();
        let mut request = ListRequest::all(KeyPrefix::uploads());
        loop {
            let page = self.bucket.store().list(request.clone()).await.map_err(unreadable)?;
            for object in page.objects {
                let Some(id) = id_of(&object.key) else { continue };
                let session = ObjectKey::session(&id) == object.key;
                let bundles = found.entry(id).or_default();
                if !session {
                    bundles.push(object.key);
                }
            }
            let Some(token) = page.next else { return Ok(found) };
            request.token = Some(token);
        }
    }

    /// Expires an upload, if it is time, and removes the bundles of one that is over. Answers the
    /// record if it can be forgotten.
    async fn end_one(&mut self, id: &UploadId, bundles: Vec<ObjectKey>) -> Result<Option<UploadRecord>> {
        // A record is written before the first bundle and removed after the last.
        let Some(record) = self.read(id).await? else {
            self.delete_bundles(id, &bundles, "no upload has them", None).await?;
            return Ok(None);
        };
        let over = match &record.state {
            State::Open | State::Finishing => self.expire(id, &record).await?,
            State::Done(_) | State::Aborted | State::Expired => Some(record),
        };
        let Some(record) = over else { return Ok(None) };
        let age = Some(self.now.since(record.touched));
        self.delete_bundles(id, &bundles, "their upload is over", age).await?;
        let remembered = matches!(&record.state, State::Done(done) if self.now.since(done.at) < DONE_REMEMBERED);
        Ok((!remembered).then_some(record))
    }

    pub(super) async fn read(&mut self, id: &UploadId) -> Result<Option<UploadRecord>> {
        let record = self.bucket.manifest::<UploadRecord>(ObjectKey::session(id)).read().await?;
        if let Some(record) = &record {
            self.records.insert(id.clone(), record.clone());
        }
        Ok(record)
    }

    /// Marks an upload as expired if nothing was stored of it for its whole life, and nobody can be
    /// finishing it. `touched` may be an eighth of that behind.
    async fn expire(&mut self, id: &UploadId, record: &UploadRecord) -> Result<Option<UploadRecord>> {
        let (now, life) = (self.now, self.bucket.settings().session_life);
        let idle = |record: &UploadRecord| now.since(record.touched) >= life + life / 8;
        let old = |record: &UploadRecord| idle(record) || now.since(record.created) >= life * LIVES;
        let dead = |record: &UploadRecord| old(record) && (record.state == State::Open || record.finish_has_ended(now));
        if !dead(record) {
            return Ok(None);
        }
        if let Some(record) = self.note_published(id, record).await? {
            return Ok(Some(record));
        }
        let change = |record: &mut UploadRecord| {
            if record.is_over() || !dead(record) {
                return Ok(Change::Keep(record.clone()));
            }
            record.state = State::Expired;
            Ok(Change::Save(record.clone()))
        };
        let record = match self.run.is_dry() {
            true => UploadRecord { state: State::Expired, ..record.clone() },
            false => self.bucket.manifest(ObjectKey::session(id)).update(change).await?,
        };
        if record.state == State::Expired {
            let age = Some(now.since(record.touched));
            self.run.note(finding(What::Expired, &ObjectKey::session(id), "nothing came for its whole life", age));
        }
        self.records.insert(id.clone(), record.clone());
        Ok(record.is_over().then_some(record))
    }

    /// The record, if a finish made the file and did not come to note it; it is noted now, as of
    /// the last sign of life of that finish, so that it is not remembered for longer than others.
    async fn note_published(&self, id: &UploadId, record: &UploadRecord) -> Result<Option<UploadRecord>> {
        if record.state != State::Finishing {
            return Ok(None);
        }
        let active = Active::new(id.clone(), Arc::new(record.clone()), Duration::ZERO);
        let session = Session::new(self.bucket.clone(), Arc::new(active));
        let Some(done) = session.find_published(record).await? else { return Ok(None) };
        let done = Done { at: record.touched, ..done };
        if self.run.is_dry() {
            return Ok(Some(UploadRecord { state: State::Done(done), ..record.clone() }));
        }
        session.end_finish(&done).await?;
        Ok(Some((*session.look_again().await?).clone()))
    }

    /// Removes the record of an upload that is over, and before that what only it leads to: its
    /// parts, and multipart uploads that never came into a record.
    async fn forget(&mut self, id: &UploadId, record: &UploadRecord) -> Result<()> {
        if !matches!(record.state, State::Done(_))
            && let Some(fixed) = &record.fixed
        {
            self.abort_own(record, &fixed.multipart).await?;
        }
        if !self.abort_orphans(&record.key()).await? {
            return Ok(());
        }
        let session = ObjectKey::session(id);
        let reason = match record.state {
            State::Done(_) => "it was finished long enough ago",
            State::Aborted => "its client gave it up",
            State::Expired | State::Open | State::Finishing => "it has expired",
        };
        let work = async {
            self.bucket.store().delete(&session, Condition::Always).await.map_err(unreadable)?;
            Ok(1)
        };
        let age = Some(self.now.since(record.touched));
        if self.run.settle(finding(What::Upload, &session, reason, age), work).await? {
            self.records.remove(id);
        }
        Ok(())
    }

    /// Aborts the multipart upload of a record that is over: part of removing the record.
    async fn abort_own(&mut self, record: &UploadRecord, multipart: &MultipartId) -> Result<()> {
        self.aborted.insert(multipart.0.clone());
        if self.run.is_dry() { Ok(()) } else { self.abort(&record.key(), multipart).await }
    }

    pub(super) async fn abort(&self, key: &ObjectKey, multipart: &MultipartId) -> Result<()> {
        self.bucket.store().abort_multipart(key, multipart).await.map_err(unreadable)
    }

    async fn delete_bundles(
        &self,
        id: &UploadId,
        keys: &[ObjectKey],
        reason: &'static str,
        age: Option<Duration>,
    ) -> Result<()> {
        let place = KeyPrefix::bundles(id).as_str().to_owned();
        let finding = Finding { what: What::Bundles, place, reason, age, objects: keys.len() };
        let work = async {
            delete_all(self.bucket.store(), keys).await.map_err(unreadable)?;
            Ok(keys.len())
        };
        self.run.settle(finding, work).await.map(drop)
    }
}

pub(super) fn finding(what: What, key: &ObjectKey, reason: &'static str, age: Option<Duration>) -> Finding {
    Finding { what, place: key.to_string(), reason, age, objects: 1 }
}

fn id_of(key: &ObjectKey) -> Option<UploadId> {
    KeyPrefix::uploads().rest(key)?.split('/').next()?.parse().ok()
}

fn complain(id: &UploadId, error: &Error) {
    tracing::warn!(upload.id = %id, error = %error, "an upload could not be swept");
}

pub(super) fn unreadable(error: StoreError) -> Error {
    error.about(Subject::Upload)
}
