//! Reads a folder's usage, and counts the folder by listing it where something went.

use std::sync::Arc;

use super::amount::Amount;
use super::held::Snapshot;
use super::ledger::Ledger;
use super::record::{Finding, UsageRecord};
use super::tally::Tally;
use crate::error::{Result, Subject};
use crate::id::{FolderId, ReplicaId};
use crate::key::{FolderPrefix, KeyPrefix};
use crate::manifest::Change;
use crate::store::ListRequest;

/// How often a count that another replica overtook is done again before the document is taken as
/// it is: never too little.
const ROUNDS: u32 = 3;

/// A count that began.
pub(super) struct Begun {
    base: UsageRecord,
    held: Snapshot,
    /// Holders that nothing could come of any more before `base` was read.
    dead: Vec<ReplicaId>,
}

/// What is held of a folder and what its document says, at one moment.
pub(super) struct Seen {
    pub(super) record: UsageRecord,
    pub(super) held: Snapshot,
}

impl Seen {
    /// What both add up to; what other replicas hold is not in it.
    pub(super) fn total(&self) -> Amount {
        self.record.total().plus(self.held.unsaid)
    }

    /// Whether only a listing can tell what is there.
    pub(super) fn needs_count(&self, replica: ReplicaId) -> bool {
        self.held.needs_count || self.record.needs_count(replica, self.held.own)
    }
}

impl Ledger<'_> {
    /// What is there.
    pub(crate) async fn usage(&self, folder: FolderId, prefix: &FolderPrefix) -> Result<Amount> {
        let tally = self.tally(folder);
        let _counting = tally.counting.lock().await;
        let seen = self.look(folder, &tally).await?;
        if !seen.needs_count(self.bucket.replica()) {
            return Ok(seen.total());
        }
        for _ in 0..ROUNDS {
            let begun = self.begin(folder, &tally).await?;
            let listed = self.list_amount(prefix).await?;
            if let Some(amount) = self.save(folder, &tally, begun, listed).await? {
                return Ok(amount);
            }
        }
        Ok(self.look(folder, &tally).await?.total())
    }

    pub(super) async fn look(&self, folder: FolderId, tally: &Tally) -> Result<Seen> {
        // Nothing moves from memory to the document between the two looks.
        let _gate = tally.gate.lock().await;
        let held = tally.snapshot();
        let record = self.read(folder, tally).await?;
        Ok(Seen { record, held })
    }

    /// The document. A folder that nothing was ever charged to may have been filled by others.
    async fn read(&self, folder: FolderId, tally: &Tally) -> Result<UsageRecord> {
        let record = self.manifest(folder).read().await?.unwrap_or_else(UsageRecord::never_counted);
        tally.notice(record.others(self.bucket.replica()), record.wanted());
        Ok(record)
    }

    /// Begins a count: what is in the document's sum from here on is there, and will be listed.
    ///
    /// A crash before the count is saved leaves the document as it was, still asking for one.
    pub(super) async fn begin(&self, folder: FolderId, tally: &Tally) -> Result<Begun> {
        let _gate = tally.gate.lock().await;
        let began = tally.now();
        let held = tally.snapshot();
        let base = if held.is_said { self.read(folder, tally).await? } else { self.fold(folder, tally).await? };
        Ok(Begun { base, held, dead: tally.dead(began) })
    }

    async fn list_amount(&self, prefix: &FolderPrefix) -> Result<Amount> {
        let mut request = ListRequest::all(KeyPrefix::folder(prefix));
        let mut sum = Amount::default();
        loop {
            let page = self.bucket.store().list(request.clone()).await.map_err(|error| error.about(Subject::Folder))?;
            for object in page.objects.iter().filter(|object| !object.key.as_str().ends_with('/')) {
                sum = sum.plus(Amount { bytes: object.size, files: 1 });
            }
            let Some(token) = page.next else { return Ok(sum) };
            request.token = Some(token);
        }
    }

    /// Saves what was listed; `None` when another count was saved meanwhile.
    pub(super) async fn save(
        &self,
        folder: FolderId,
        tally: &Arc<Tally>,
        begun: Begun,
        listed: Amount,
    ) -> Result<Option<Amount>> {
        let _gate = tally.gate.lock().await;
        let now = tally.snapshot();
        let replica = self.bucket.replica();
        let quiet = begun.held.quiet && now.quiet && now.charges == begun.held.charges && !now.needs_count;
        // A mark that has said all goes with the count, so that nobody counts because of it.
        let retired = if quiet { tally.retire_mark(now.charges) } else { None };
        if retired.is_some() {
            self.keep(folder, tally);
        }
        let own = now.own.filter(|_| retired.is_none());
        let finding = Finding { base: &begun.base, listed, quiet, dead: &begun.dead, own };
        let change = |record: &mut UsageRecord| {
            let taken = record.take(replica, &finding);
            let answer = taken.then(|| record.clone());
            Ok(if taken { Change::Save(answer) } else { Change::Keep(answer) })
        };
        let record = self.manifest(folder).upsert(UsageRecord::default(), change).await?;
        match (&retired, &record) {
            (Some(mark), Some(_)) => tally.forget(&mark.said),
            (Some(mark), None) => tally.restore(mark),
            (None, _) => {}
        }
        // What was charged since `now` was taken belongs to a later moment.
        Ok(record.map(|record| Seen { record, held: now }.total()))
    }
}
