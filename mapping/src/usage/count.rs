//! Reads a folder's usage, and counts the folder by listing it where something went.

use super::ledger::{Ledger, Seen};
use super::record::{Amount, Finding, UsageRecord};
use super::tally::{Snapshot, Tally};
use crate::clock::Timestamp;
use crate::error::{Result, Subject};
use crate::id::FolderId;
use crate::key::{FolderPrefix, KeyPrefix};
use crate::manifest::Change;
use crate::store::ListRequest;

/// How often a count that another replica overtook is done again before the document is taken as
/// it is: never too little.
const ROUNDS: u32 = 3;

/// A count that began.
struct Begun {
    base: UsageRecord,
    held: Snapshot,
    at: Timestamp,
}

impl Ledger<'_> {
    /// What is there.
    pub(super) async fn usage(&self, folder: FolderId, prefix: &FolderPrefix) -> Result<Amount> {
        let tally = self.tally(folder);
        let _counting = tally.counting.lock().await;
        let seen = self.look(folder, &tally).await?;
        if !seen.held.needs_count() && !seen.record.needs_count(self.bucket.replica()) {
            return Ok(seen.total());
        }
        for _ in 0..ROUNDS {
            if let Some(amount) = self.count(folder, prefix, &tally).await? {
                return Ok(amount);
            }
        }
        Ok(self.look(folder, &tally).await?.total())
    }

    async fn look(&self, folder: FolderId, tally: &Tally) -> Result<Seen> {
        // Nothing moves from memory to the document between the two looks.
        let _gate = tally.gate.lock().await;
        let held = tally.snapshot();
        let record = self.manifest(folder).read().await?;
        // A folder that nothing was ever charged to may have been filled by others.
        let record = record.unwrap_or_else(UsageRecord::never_counted);
        Ok(Seen { record, held })
    }

    /// Counts once; `None` when another count was saved meanwhile.
    ///
    /// A crash before the last step leaves the document as it was, still asking for a count.
    async fn count(&self, folder: FolderId, prefix: &FolderPrefix, tally: &Tally) -> Result<Option<Amount>> {
        let begun = self.begin(folder, tally).await?;
        let listed = self.list_amount(prefix).await?;
        // What was under way may have been listed or not: too much rather than too little.
        self.save(folder, tally, begun, listed).await
    }

    async fn begin(&self, folder: FolderId, tally: &Tally) -> Result<Begun> {
        let _gate = tally.gate.lock().await;
        let at = self.bucket.clock().now();
        let held = tally.snapshot();
        let base = self.fold(folder, tally, held).await?;
        Ok(Begun { base, held, at })
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

    async fn save(&self, folder: FolderId, tally: &Tally, begun: Begun, listed: Amount) -> Result<Option<Amount>> {
        let _gate = tally.gate.lock().await;
        let now = tally.snapshot();
        let replica = self.bucket.replica();
        let finding = Finding {
            base: &begun.base,
            began: begun.at,
            late_writes: self.bucket.settings().late_writes,
            amount: listed.plus(begun.held.open),
            quiet: begun.held.quiet && now.charges == begun.held.charges && now.doubts == 0,
            lease: now.lease.is_some(),
        };
        let change = |record: &mut UsageRecord| {
            let taken = record.take(replica, &finding);
            let answer = taken.then(|| record.clone());
            Ok(if taken { Change::Save(answer) } else { Change::Keep(answer) })
        };
        let record = self.manifest(folder).upsert(UsageRecord::default(), change).await?;
        // What a lease spent since `now` was taken belongs to a later moment.
        Ok(record.map(|record| Seen { record, held: now }.total()))
    }
}
