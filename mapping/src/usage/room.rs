//! Before a write is refused: waits once for what others hold and do not use, and counts.

use std::sync::Arc;
use std::time::Duration;

use super::amount::Amount;
use super::charged::Charged;
use super::ledger::{Ledger, Payer, Wish};
use super::record::UsageRecord;
use super::tally::Tally;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::FolderId;
use crate::limits::{Limit, LimitSource, Limits};
use crate::manifest::Change;

/// How long to wait for what others hold: they give back within a second what they do not use.
const PATIENCE: Duration = Duration::from_millis(2500);

/// How often to look meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Who has not moved for this long holds only what is under way, or is dead: no use in waiting.
const STILL: Duration = Duration::from_secs(3);

impl Ledger<'_> {
    /// Charges once there is room, or refuses. Those who wait at the same time share one look: one
    /// that began after there was no room for them, `asked` looks having begun then.
    pub(super) async fn make_room(
        &self,
        payer: Payer<'_>,
        tally: &Arc<Tally>,
        wish: Wish,
        asked: u64,
        mut short: UsageRecord,
    ) -> Result<Charged> {
        if can_never_fit(&payer.limits, wish.charge.amount) {
            return Err(refusal(&payer, wish.charge.amount, None));
        }
        let mut looked = tally.making_room.lock().await;
        if *looked <= asked {
            let number = tally.begin_look();
            short = match self.wait_for_others(payer, tally, wish, short).await? {
                Ok(charged) => return Ok(charged),
                Err(short) => *short,
            };
            let (replica, snapshot) = (self.bucket.replica(), tally.snapshot());
            if snapshot.needs_count || short.needs_count(replica, snapshot.own) {
                self.usage(payer.folder, payer.prefix).await?;
            }
            *looked = number;
        }
        drop(looked);
        match self.try_charge(payer, tally, wish).await? {
            Ok(charged) => Ok(charged),
            Err(short) => Err(refusal(&payer, wish.charge.amount, Some(self.taken(tally, &short)))),
        }
    }

    async fn wait_for_others(
        &self,
        payer: Payer<'_>,
        tally: &Arc<Tally>,
        wish: Wish,
        short: UsageRecord,
    ) -> Result<Result<Charged, Box<UsageRecord>>> {
        let (replica, deadline) = (self.bucket.replica(), tokio::time::Instant::now() + PATIENCE);
        let mut short = Box::new(short);
        if worth_waiting(&short, replica, tally) {
            self.want(payer.folder).await?;
        }
        while worth_waiting(&short, replica, tally) && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
            short = match self.try_charge(payer, tally, wish).await? {
                Ok(charged) => return Ok(Ok(charged)),
                Err(short) => short,
            };
        }
        Ok(Err(short))
    }

    /// Asks the others to give back what they do not use.
    async fn want(&self, folder: FolderId) -> Result<()> {
        let change = |record: &mut UsageRecord| {
            record.want();
            Ok(Change::Save(()))
        };
        self.manifest(folder).upsert(UsageRecord::default(), change).await
    }
}

fn worth_waiting(record: &UsageRecord, replica: crate::id::ReplicaId, tally: &Tally) -> bool {
    record.has_others(replica) && tally.watch(|watch, now| watch.any_moved_within(STILL, now))
}

fn can_never_fit(limits: &Limits, amount: Amount) -> bool {
    !limits.free(Amount::default()).covers(amount)
}

/// A refusal of something of `bytes` that can never fit, whatever is there.
pub(crate) fn never_fits(payer: &Payer<'_>, bytes: u64) -> Option<Error> {
    let amount = Amount { bytes, files: 1 };
    can_never_fit(&payer.limits, amount).then(|| refusal(payer, amount, None))
}

/// Says what is used, what the limit is, and how it is raised. `taken` is missing when it does not
/// matter.
fn refusal(payer: &Payer<'_>, amount: Amount, taken: Option<Amount>) -> Error {
    let used = taken.unwrap_or_default();
    let of_bytes = |limit: &Limit| amount.bytes > limit.most.saturating_sub(used.bytes);
    let (limit, what, used, more) = match payer.limits.bytes.filter(of_bytes) {
        Some(limit) => (Some(limit), "bytes", used.bytes, amount.bytes),
        None => (payer.limits.files, "files", used.files, amount.files),
    };
    let most = limit.map_or(0, |limit| limit.most);
    let raised = limit.map(|limit| how_to_raise(payer.folder, limit, what)).unwrap_or_default();
    let message = match taken {
        Some(_) => format!(
            "the folder is full: it may hold {most} {what}, {used} are used, and this needs {more}; delete something, \
             or have the operator raise the limit ({raised})"
        ),
        None => format!(
            "this can never fit: the folder may hold {most} {what}, and this needs {more}; the operator can raise the \
             limit ({raised})"
        ),
    };
    Error::new(ErrorKind::OverQuota, Subject::Folder, message)
}

fn how_to_raise(folder: FolderId, limit: Limit, what: &str) -> String {
    match limit.source {
        LimitSource::Folder | LimitSource::Profile => format!("`folderbridge folder limits {folder} --max-{what} N`"),
        LimitSource::Account => format!("`folderbridge account limits ACCOUNT --folder-max-{what} N`"),
        LimitSource::Deployment => {
            format!("FOLDERBRIDGE_FOLDER_MAX_{}, or `folderbridge folder limits {folder}`", what.to_uppercase())
        }
    }
}
