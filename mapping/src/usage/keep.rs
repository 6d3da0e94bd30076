//! Keeps a hold up in the background: says about once a second what was charged to it, gives back
//! what is not in use, and moves the beat that tells others that its holder lives.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};

use super::amount::Amount;
use super::held::Upkeep;
use super::ledger::Ledger;
use super::record::{Standing, Statement, UsageRecord};
use super::tally::Tally;
use crate::clock::Moment;
use crate::error::Result;
use crate::id::FolderId;
use crate::manifest::Change;

/// How often it is looked whether something is to be done.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The longest pause after a look that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// For how long a hold stands after the last write that it paid for.
const STANDS: Duration = Duration::from_millis(500);

/// How many folders are folded at once at shutdown.
const DRAIN_AT_ONCE: usize = 16;

impl Ledger<'_> {
    /// Keeps the folder's hold up until there is none, unless somebody does already.
    pub(super) fn keep(&self, folder: FolderId, tally: &Arc<Tally>) {
        if !tally.begin_keeping() {
            return;
        }
        let (bucket, tally) = (self.bucket.clone(), Arc::clone(tally));
        let stopping = bucket.tasks().stopping();
        self.bucket.tasks().background(async move {
            let mut pause = LOOK_EVERY;
            while stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
                let upkeep = tally.upkeep();
                if upkeep == Upkeep::End {
                    return;
                }
                pause = match bucket.ledger().keep_up(folder, &tally, upkeep).await {
                    Ok(()) => LOOK_EVERY,
                    Err(error) => {
                        tracing::warn!(folder.id = %folder, error = %error, "usage could not be folded, it is tried again");
                        (pause * 2).min(LONGEST_PAUSE)
                    }
                };
            }
            tally.end_keeping();
        });
    }

    async fn keep_up(&self, folder: FolderId, tally: &Tally, upkeep: Upkeep) -> Result<()> {
        if upkeep == Upkeep::Wait {
            return Ok(());
        }
        let _gate = tally.gate.lock().await;
        // Whoever had the gate may have done it.
        match upkeep {
            Upkeep::Close => self.give_back(folder, tally).await,
            Upkeep::Shrink => self.shrink(folder, tally).await,
            Upkeep::Fold => self.fold(folder, tally).await.map(drop),
            Upkeep::Wait | Upkeep::End => Ok(()),
        }
    }

    /// Says what was charged and answers the document. The gate is held.
    pub(super) async fn fold(&self, folder: FolderId, tally: &Tally) -> Result<UsageRecord> {
        let (said, granted) = match tally.statement() {
            Some((said, granted)) => (Some(said), granted),
            None => (None, Amount::default()),
        };
        self.say(folder, tally, said, granted).await
    }

    /// Says what was charged and keeps nothing that is not in use. The gate is held.
    async fn shrink(&self, folder: FolderId, tally: &Tally) -> Result<()> {
        let Some((said, _)) = tally.statement() else { return Ok(()) };
        let prepared = tally.prepare(said.number, tally.limits());
        self.say(folder, tally, Some(prepared.said), prepared.said.spent).await.map(drop)
    }

    async fn say(
        &self,
        folder: FolderId,
        tally: &Tally,
        said: Option<Statement>,
        granted: Amount,
    ) -> Result<UsageRecord> {
        let (replica, sent, doubts) = (self.bucket.replica(), Moment::now(self.bucket.clock()), tally.doubts());
        let change = |record: &mut UsageRecord| {
            let standing = match &said {
                Some(said) => record.state_hold(replica, said, granted),
                None => {
                    record.doubt(doubts);
                    Standing::Stands
                }
            };
            Ok(Change::Save((record.clone(), standing)))
        };
        let (record, standing) = self.manifest(folder).upsert(UsageRecord::default(), change).await?;
        tally.notice(record.others(replica), record.wanted());
        match (&said, standing) {
            (Some(said), Standing::Stands) => tally.said(said, sent),
            (Some(said), Standing::Gone) => tally.forget(said),
            (None, _) => tally.answer(doubts),
        }
        Ok(record)
    }

    /// Gives the hold back, unless it is in use. The gate is held.
    ///
    /// A crash in between leaves it with nothing reserved, or as it was.
    async fn give_back(&self, folder: FolderId, tally: &Tally) -> Result<()> {
        let Some(prepared) = tally.retire() else { return Ok(()) };
        let (replica, said) = (self.bucket.replica(), prepared.said);
        let change = |record: &mut UsageRecord| {
            record.state_hold(replica, &said, said.spent);
            record.close(replica);
            Ok(Change::Save((record.clone(), ())))
        };
        let (record, ()) = self.manifest(folder).upsert(UsageRecord::default(), change).await?;
        tally.notice(record.others(replica), record.wanted());
        tally.forget(&said);
        Ok(())
    }

    /// Folds everything that is held and gives back what is not in use. For shutdown, when no
    /// request is under way any more. What cannot be folded costs a count after the next start, and
    /// so does a folder whose files came one by one: clearing its mark would cost a write for each.
    pub(crate) async fn drain(&self) {
        let all: Vec<_> = self.tallies.all().into_iter().filter(|(_, tally)| tally.is_worth_a_fold()).collect();
        if all.is_empty() {
            return;
        }
        tokio::time::sleep(STANDS).await;
        let all = stream::iter(all);
        all.for_each_concurrent(DRAIN_AT_ONCE, |(folder, tally)| async move {
            let _gate = tally.gate.lock().await;
            let folded = match tally.snapshot().quiet && tally.snapshot().own.is_some() {
                true => self.give_back(folder, &tally).await,
                false => self.fold(folder, &tally).await.map(drop),
            };
            if let Err(error) = folded {
                tracing::warn!(folder.id = %folder, error = %error, "usage was not folded, it will be counted");
            }
        })
        .await;
    }
}
