//! Charges a folder: one small write for a single one, none for those of a burst, which a lease
//! pays from memory and folds into the document about once a second.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};

use super::charged::{Charged, Entered};
use super::record::{Amount, Charge, Spent, UsageRecord};
use super::tally::{Snapshot, Spending, Tallies, Tally};
use crate::bucket::Bucket;
use crate::error::Result;
use crate::id::FolderId;
use crate::key::ObjectKey;
use crate::manifest::{Change, Manifest};
use crate::path::FilePath;

/// How often a lease folds what it spent.
const FOLD_EVERY: Duration = Duration::from_secs(1);

/// How many folders are folded at once at shutdown.
const DRAIN_AT_ONCE: usize = 16;

/// The usage of a bucket's folders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ledger<'b> {
    pub(super) bucket: &'b Bucket,
    tallies: &'b Tallies,
}

/// Whether a fold gives the lease back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Close {
    Yes,
    No,
}

/// A doubt that is raised before a write of the document and taken back when its answer is known:
/// a request that is dropped in between leaves it, and with it a count.
struct Doubt<'t> {
    tally: &'t Tally,
    settled: bool,
}

impl<'t> Doubt<'t> {
    fn raise(tally: &'t Tally) -> Self {
        tally.doubt();
        Self { tally, settled: false }
    }

    fn settle(mut self) {
        self.settled = true;
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if self.settled {
            self.tally.answer(1);
        }
    }
}

impl<'b> Ledger<'b> {
    pub(crate) const fn new(bucket: &'b Bucket, tallies: &'b Tallies) -> Self {
        Self { bucket, tallies }
    }

    pub(super) fn tally(&self, folder: FolderId) -> Arc<Tally> {
        self.tallies.of(folder)
    }

    pub(super) fn manifest(&self, folder: FolderId) -> Manifest<UsageRecord> {
        self.bucket.manifest(ObjectKey::usage(folder))
    }

    /// Notes that `path` is being written, until the answer is dropped.
    pub(crate) fn enter(&self, folder: FolderId, path: &FilePath) -> Entered {
        self.tally(folder).enter(path)
    }

    /// Charges before the write or delete is done. The answer must be settled once it is visible,
    /// or cancelled when it certainly never will be.
    ///
    /// A crash after it leaves a charge for nothing and a mark, a lease or a raised `removed`
    /// that makes the next reader count.
    ///
    /// # Errors
    /// `Unavailable`: the charge may stand, and a count is due; the write must not be done.
    pub(crate) async fn charge(&self, folder: FolderId, charge: Charge) -> Result<Charged> {
        let tally = self.tally(folder);
        if let Some(charged) = tally.spend(charge) {
            return Ok(charged);
        }
        let _gate = tally.gate.lock().await;
        if let Some(charged) = tally.spend(charge) {
            return Ok(charged);
        }
        if tally.is_burst() {
            return self.open_lease(folder, &tally, charge).await;
        }
        self.charge_once(folder, &tally, charge).await
    }

    async fn charge_once(&self, folder: FolderId, tally: &Arc<Tally>, charge: Charge) -> Result<Charged> {
        let (replica, now) = (self.bucket.replica(), self.bucket.clock().now());
        let doubt = Doubt::raise(tally);
        let change = |record: &mut UsageRecord| {
            record.charge_once(replica, now, charge);
            Ok(Change::Save(()))
        };
        self.manifest(folder).upsert(UsageRecord::default(), change).await?;
        let charged = tally.begin(charge);
        doubt.settle();
        Ok(charged)
    }

    async fn open_lease(&self, folder: FolderId, tally: &Arc<Tally>, charge: Charge) -> Result<Charged> {
        let (replica, now) = (self.bucket.replica(), self.bucket.clock().now());
        let number = self.bucket.random().below(u64::MAX);
        let spent = Spent { number, amount: charge.amount, removed: charge.removes };
        let doubt = Doubt::raise(tally);
        let change = |record: &mut UsageRecord| {
            record.open_lease(replica, now, spent);
            Ok(Change::Save(()))
        };
        self.manifest(folder).upsert(UsageRecord::default(), change).await?;
        let charged = tally.begin(charge);
        tally.set_lease(Some(Spending { spent, folded: spent }));
        doubt.settle();
        self.keep(folder, Arc::clone(tally), number);
        Ok(charged)
    }

    /// Folds a lease about once a second, in the background, until it is idle or given back.
    fn keep(&self, folder: FolderId, tally: Arc<Tally>, number: u64) {
        let bucket = self.bucket.clone();
        let stopping = bucket.tasks().stopping();
        self.bucket.tasks().background(async move {
            let mut charges = None;
            while stopping.run_until_cancelled(tokio::time::sleep(FOLD_EVERY)).await.is_some() {
                let before = tally.snapshot();
                if before.lease.is_none_or(|lease| lease.spent.number != number) {
                    return;
                }
                let close = if charges == Some(before.charges) { Close::Yes } else { Close::No };
                charges = Some(before.charges);
                if let Err(error) = bucket.ledger().settle_up(folder, &tally, close).await {
                    tracing::warn!(folder.id = %folder, error = %error, "usage could not be folded, it is tried again");
                }
            }
        });
    }

    /// Stores what is held and, if asked to, gives back what is not in use.
    async fn settle_up(&self, folder: FolderId, tally: &Tally, close: Close) -> Result<()> {
        let _gate = tally.gate.lock().await;
        let held = tally.snapshot();
        if close == Close::Yes && tally.retire(held.charges) {
            let given_back = self.write_fold(folder, tally, held, Close::Yes).await;
            return given_back.map(drop).inspect_err(|_| tally.set_lease(held.lease));
        }
        if held.is_folded() {
            return Ok(());
        }
        self.write_fold(folder, tally, held, Close::No).await.map(drop)
    }

    /// Folds what is held into the document and answers the document. The gate is held.
    pub(super) async fn fold(&self, folder: FolderId, tally: &Tally, held: Snapshot) -> Result<UsageRecord> {
        if held.is_folded() {
            return Ok(self.manifest(folder).read().await?.unwrap_or_default());
        }
        self.write_fold(folder, tally, held, Close::No).await
    }

    async fn write_fold(&self, folder: FolderId, tally: &Tally, held: Snapshot, close: Close) -> Result<UsageRecord> {
        let (replica, now) = (self.bucket.replica(), self.bucket.clock().now());
        let change = |record: &mut UsageRecord| {
            let stands = held.lease.is_none_or(|lease| record.fold(replica, now, lease.spent, lease.folded));
            record.doubt(held.doubts);
            if close == Close::Yes {
                record.close(replica);
            }
            Ok(Change::Save((record.clone(), stands)))
        };
        let (record, stands) = self.manifest(folder).upsert(UsageRecord::default(), change).await?;
        tally.answer(held.doubts);
        match held.lease {
            Some(lease) if stands => tally.folded(lease.spent),
            Some(_) => tally.set_lease(None),
            None => {}
        }
        Ok(record)
    }

    /// Folds everything that is held and gives back what is not in use. For shutdown, when no
    /// request is under way any more. What cannot be folded costs a count after the next start, and
    /// so does a folder whose files came one by one: clearing its mark would cost a write for each.
    pub(crate) async fn drain(&self) {
        let all = stream::iter(self.tallies.all());
        all.for_each_concurrent(DRAIN_AT_ONCE, |(folder, tally)| async move {
            let held = tally.snapshot();
            if held.lease.is_none() && held.is_folded() {
                return;
            }
            if let Err(error) = self.settle_up(folder, &tally, Close::Yes).await {
                tracing::warn!(folder.id = %folder, error = %error, "usage was not folded, it will be counted");
            }
        })
        .await;
    }
}

/// What is held of a folder and what its document says, at one moment.
pub(super) struct Seen {
    pub(super) record: UsageRecord,
    pub(super) held: Snapshot,
}

impl Seen {
    /// What both add up to.
    pub(super) fn total(&self) -> Amount {
        self.record.total().plus(self.held.unfolded())
    }
}
