//! Reads a folder's usage, and counts the folder by listing it where something went.

use std::sync::Arc;

use super::amount::Amount;
use super::held::Snapshot;
use super::ledger::Ledger;
use super::record::{Finding, UsageRecord};
use super::tally::Tally;
use crate::error::{Result, Subject};
use crate::id::{FolderId, ReplicaId};
use crate::key::{FolderPrefix, KeyPrefix, ObjectKey};
use crate::manifest::Change;
use crate::path::DirPath;
use crate::records::FolderRecord;
use crate::store::{ListRequest, Listed};

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
            let listed = self.list_amount(folder, prefix).await?;
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

    /// What is there. Where the files of a moved directory follow it, its new place is listed last: so
    /// each file is seen at one of the two places at least, and too much is counted away at the end of the move.
    async fn list_amount(&self, folder: FolderId, prefix: &FolderPrefix) -> Result<Amount> {
        let arrivals = self.arrivals(folder, prefix).await?;
        let mut sum = Amount::default();
        let all = KeyPrefix::folder(prefix);
        self.list_files(all, |object| {
            if !is_below_any(&arrivals, &object.key) {
                sum = sum.plus(Amount { bytes: object.size, files: 1 });
            }
        })
        .await?;
        for arrival in arrivals {
            self.list_files(arrival, |object| sum = sum.plus(Amount { bytes: object.size, files: 1 })).await?;
        }
        Ok(sum)
    }

    /// Where files of directories arrive that have moved. To be asked once a count has begun: files of one that
    /// is not among them do not begin to move before that count is dropped.
    pub(super) async fn arrivals(&self, folder: FolderId, prefix: &FolderPrefix) -> Result<Vec<KeyPrefix>> {
        let record = self.bucket.manifest::<FolderRecord>(ObjectKey::folder(folder)).read().await?;
        let moves = record.into_iter().flat_map(|record| record.moves);
        Ok(moves.map(|pending| KeyPrefix::directory(prefix, &DirPath::at(pending.to))).collect())
    }

    pub(super) async fn list_files(&self, prefix: KeyPrefix, mut take: impl FnMut(&Listed)) -> Result<()> {
        let mut request = ListRequest::all(prefix);
        loop {
            let page = self.bucket.store().list(request.clone()).await.map_err(|error| error.about(Subject::Folder))?;
            page.objects.iter().filter(|object| !object.key.as_str().ends_with('/')).for_each(&mut take);
            let Some(token) = page.next else { return Ok(()) };
            request.token = Some(token);
        }
    }

    /// Drops every count of the folder that is under way: files are about to move.
    pub(crate) async fn drop_counts(&self, folder: FolderId) -> Result<()> {
        let drop = |record: &mut UsageRecord| {
            record.drop_counts();
            Ok(Change::Save(()))
        };
        self.manifest(folder).upsert(UsageRecord::never_counted(), drop).await
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

pub(super) fn is_below_any(prefixes: &[KeyPrefix], key: &ObjectKey) -> bool {
    prefixes.iter().any(|prefix| prefix.rest(key).is_some())
}
