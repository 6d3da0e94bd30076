//! Charges a folder: from memory as long as this replica's hold has something left, else by one
//! conditional write of the document, which takes as much as is wise.

use std::sync::Arc;
use std::time::Duration;

use super::amount::{Amount, Charge};
use super::charged::{Charged, Entered};
use super::grant::Ask;
use super::record::{Standing, UsageRecord};
use super::tallies::Tallies;
use super::tally::Tally;
use crate::bucket::Bucket;
use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::FolderId;
use crate::key::{FolderPrefix, ObjectKey};
use crate::limits::Limits;
use crate::manifest::{Change, Manifest};
use crate::path::FilePath;

/// How often a charge begins again because its hold was gone.
const ROUNDS: u32 = 4;

/// The usage of a bucket's folders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ledger<'b> {
    pub(super) bucket: &'b Bucket,
    pub(super) tallies: &'b Tallies,
}

/// A folder that is charged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payer<'f> {
    pub(crate) folder: FolderId,
    pub(crate) prefix: &'f FolderPrefix,
    pub(crate) limits: Limits,
}

/// A charge, and when the path was looked at that it is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) charge: Charge,
    pub(super) looked: Option<Duration>,
}

/// What came of asking the document.
pub(super) enum Took {
    Charged(Charged),
    /// It does not fit, and this is what the document says.
    Short(Box<UsageRecord>),
    /// The hold was not there any more: ask again with another.
    Gone,
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
    /// or cancelled when it certainly never will be. `looked` is when the path that is written was
    /// looked at.
    ///
    /// A crash after it leaves what was charged with a hold, which others take for used until a
    /// count that begins when nothing can come of it any more.
    ///
    /// # Errors
    /// `OverQuota`; `Unavailable`: the charge may stand, and the write must not be done.
    pub(crate) async fn charge(&self, payer: Payer<'_>, charge: Charge, looked: Option<Duration>) -> Result<Charged> {
        let (tally, wish) = (self.tally(payer.folder), Wish { charge, looked });
        if let Some(charged) = tally.spend(charge, payer.limits, looked) {
            return Ok(charged);
        }
        let asked = tally.looks();
        let _waiting = tally.wait_for(charge.amount);
        match self.try_charge(payer, &tally, wish).await? {
            Ok(charged) => Ok(charged),
            Err(short) => self.make_room(payer, &tally, wish, asked, *short).await,
        }
    }

    /// Charges, or answers the document that has no room for it.
    pub(super) async fn try_charge(
        &self,
        payer: Payer<'_>,
        tally: &Arc<Tally>,
        wish: Wish,
    ) -> Result<Result<Charged, Box<UsageRecord>>> {
        for _ in 0..ROUNDS {
            let _gate = tally.gate.lock().await;
            if let Some(charged) = tally.spend(wish.charge, payer.limits, wish.looked) {
                return Ok(Ok(charged));
            }
            match self.take(payer, tally, wish).await? {
                Took::Charged(charged) => return Ok(Ok(charged)),
                Took::Short(record) => return Ok(Err(record)),
                Took::Gone => {}
            }
        }
        Err(Error::new(ErrorKind::Busy, Subject::Folder, "the folder's usage changes too fast: try again"))
    }

    /// Asks the document for as much as is wise. The gate is held.
    async fn take(&self, payer: Payer<'_>, tally: &Arc<Tally>, wish: Wish) -> Result<Took> {
        let (needed, limits) = (wish.charge.amount, payer.limits);
        let (ahead, single) = tally.ahead(wish.charge, limits);
        let ask = Ask { limits, needed, waiting: tally.waiting_beside(needed), ahead };
        let (replica, sent) = (self.bucket.replica(), Moment::now(self.bucket.clock()));
        let prepared = tally.prepare(self.bucket.random().below(u64::MAX), limits);
        // Before the write: what a dropped request leaves in doubt is cleared up in the background.
        self.keep(payer.folder, tally);
        let change = |record: &mut UsageRecord| {
            Ok(match record.grant(replica, &prepared.said, &ask) {
                Some(granted) => Change::Save((Some(granted), record.clone())),
                None => Change::Keep((None, record.clone())),
            })
        };
        let (granted, record) = self.manifest(payer.folder).upsert(UsageRecord::default(), change).await?;
        tally.notice(record.others(replica), record.wanted());
        Ok(match granted {
            None => {
                tally.restore(&prepared);
                Took::Short(Box::new(record))
            }
            Some((Standing::Gone, _)) => {
                tally.forget(&prepared.said);
                Took::Gone
            }
            Some((Standing::Stands, granted)) => {
                let with = (wish.charge, limits, wish.looked, single);
                tally.granted(&prepared, granted, sent, with).map_or(Took::Gone, Took::Charged)
            }
        })
    }

    /// What `payer` has charged and not over, as its refusal counts it.
    pub(super) fn taken(&self, tally: &Tally, record: &UsageRecord) -> Amount {
        record.taken(self.bucket.replica(), tally.snapshot().unsaid)
    }
}
