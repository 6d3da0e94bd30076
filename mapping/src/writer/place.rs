//! The writer's side: takes the place, keeps it by a heartbeat, and stops writing when it is lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::record::WriterRecord;
use super::seat::{Seat, taken};
use super::{BEAT, LIFE, SETTLE};
use crate::clock::{Clock, Moment};
use crate::error::Result;
use crate::id::ReplicaId;
use crate::random::Random;
use crate::store::{Store, StoreError, StoreErrorKind, StoreResult};
use crate::tasks::Tasks;

/// How long one beat may take.
const ANSWER: Duration = Duration::from_secs(3);

/// The place of the one who writes. Cheap to clone: all clones are one place.
#[derive(Clone, Debug)]
pub struct WriterPlace {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    seat: Seat,
    id: ReplicaId,
    /// When the last beat began: the place is kept for [`LIFE`] from then.
    beaten: Mutex<Moment>,
    /// Cancelled once it is lost.
    lost: CancellationToken,
    /// The heartbeat, and whatever is being written.
    tasks: Tasks,
}

impl WriterPlace {
    /// Takes the place and begins to beat. Takes 12 s, until whoever had it or wants it has noticed, and
    /// 15 s more after a writer that died.
    ///
    /// # Errors
    /// `Conflict` when somebody has it, or began later; `Unavailable` when the store does not answer.
    pub async fn take(store: Store, clock: Arc<dyn Clock>, random: &dyn Random) -> Result<Self> {
        let seat = Seat::new(store, clock);
        seat.wait_until_free().await?;
        let id = ReplicaId::random(random);
        let record = WriterRecord { writer: Some(id), beat: 0, since: seat.clock.now() };
        // A crash from here on leaves the place taken: the next one waits until it is silent. Its own
        // write may also arrive later than its answer is waited for: then whoever has the place loses it.
        seat.write(record).await?;
        tokio::time::sleep(SETTLE).await;
        Self::begin(seat, id).await
    }

    async fn begin(seat: Seat, id: ReplicaId) -> Result<Self> {
        let beaten = Mutex::new(Moment::NEVER);
        let held = Arc::new(Held { seat, id, beaten, lost: CancellationToken::new(), tasks: Tasks::default() });
        if let Some(other) = held.beat_once().await? {
            return Err(taken(&other));
        }
        held.tasks.background(Arc::clone(&held).beat());
        tracing::info!(writer = %id, "this process writes alone");
        Ok(Self { held })
    }

    /// Whether it is still held.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.is_held()
    }

    /// Comes back when the place is lost: nothing is written any more.
    pub async fn lost(&self) {
        self.held.lost.cancelled().await;
    }

    /// Lets what is being written end, at most `deadline`, and gives the place to whoever wants it
    /// next. When not everything has ended, it is left to fall silent.
    pub async fn give_back(&self, deadline: Duration) {
        if !self.held.tasks.drain(deadline).await || !self.is_held() {
            return;
        }
        let given = tokio::time::timeout(ANSWER, self.held.give_back()).await;
        if !matches!(given, Ok(Ok(()))) {
            tracing::warn!("the writer's place was not given back: the next start waits until it is silent");
        }
    }

    /// # Errors
    /// `Unavailable` once the place is lost.
    pub(super) fn check(&self) -> StoreResult<()> {
        if self.is_held() { Ok(()) } else { Err(lost_place()) }
    }

    /// What is being written.
    pub(super) fn tasks(&self) -> &Tasks {
        &self.held.tasks
    }
}

impl Held {
    fn beaten(&self) -> MutexGuard<'_, Moment> {
        self.beaten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long it is kept from now, if nothing else happens.
    fn left(&self) -> Duration {
        let beaten = *self.beaten();
        LIFE.saturating_sub(beaten.age(&*self.seat.clock))
    }

    fn is_held(&self) -> bool {
        !self.lost.is_cancelled() && !self.left().is_zero()
    }

    /// Beats until the process stops, or the place is lost; what is lost stays lost, and that is said in
    /// the moment in which it is.
    async fn beat(self: Arc<Self>) {
        let stopping = self.tasks.stopping();
        loop {
            tokio::select! {
                () = tokio::time::sleep(BEAT.min(self.left())) => {}
                () = stopping.cancelled() => return,
            }
            match tokio::time::timeout(ANSWER.min(self.left()), self.beat_once()).await {
                Ok(Ok(None)) => {}
                Ok(Ok(Some(other))) => {
                    let by = other.writer.map_or_else(|| "nobody".to_owned(), |by| by.to_string());
                    tracing::error!(%by, "the writer's place was lost: it is somebody else's");
                    return self.lost.cancel();
                }
                Ok(Err(error)) => tracing::warn!(%error, "the heartbeat failed this time"),
                Err(_) => tracing::warn!("the heartbeat had no answer in time"),
            }
            if !self.is_held() {
                tracing::error!("the writer's place was lost: the heartbeat failed for {} s", LIFE.as_secs());
                return self.lost.cancel();
            }
        }
    }

    async fn give_back(&self) -> Result<()> {
        match self.seat.read().await? {
            Some(record) if record.writer == Some(self.id) => self.seat.write(record.given_back()).await,
            _ => Ok(()),
        }
    }

    /// Looks first, then beats; answers what is there if it is not ours. A beat that somebody's
    /// taking comes in between overwrites it: then he finds that he was not last.
    async fn beat_once(&self) -> Result<Option<WriterRecord>> {
        let began = Moment::now(&*self.seat.clock);
        let nobody = || WriterRecord { writer: None, beat: 0, since: self.seat.clock.now() };
        let there = self.seat.read().await?.unwrap_or_else(nobody);
        if there.writer != Some(self.id) {
            return Ok(Some(there));
        }
        self.seat.write(there.beaten()).await?;
        *self.beaten() = began;
        Ok(None)
    }
}

/// What becomes of writes then.
pub(super) fn lost_place() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, "this process has lost the place of the one who writes")
}
