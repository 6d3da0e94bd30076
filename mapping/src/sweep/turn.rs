//! Of all replicas one sweeps at a time. Two would do no harm; they would only be a waste.

use std::time::Duration;

use super::run::{Mode, Swept};
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::ReplicaId;
use crate::lease::{Attempt, Done};

/// What became of a wish to sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It was done.
    Swept(Swept),
    /// Another replica is at it, or died while it was.
    Elsewhere {
        /// Which.
        by: ReplicaId,
        /// After how long it can be taken over, if it is dead.
        look_again: Duration,
    },
    /// It was done a short while ago.
    Recent(Timestamp),
    /// The process is going down: another replica may have its turn.
    Stopping,
}

impl Bucket {
    /// Sweeps, unless another replica is at it or has done it within `fresh`. A replica that died at
    /// it is taken over once nothing of its can be under way any more; who wants that asks again.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer, or so slowly that another replica may have
    /// taken over: what was done stays done.
    pub async fn sweep_in_turn(&self, fresh: Duration) -> Result<Turn> {
        let returned = self.sweeper().last_returned(self).await?;
        if let Some(at) = returned.filter(|at| self.clock().now().since(*at) < fresh) {
            return Ok(Turn::Recent(at));
        }
        let lease = match self.sweeper().try_take(self).await? {
            Attempt::Taken(lease) => lease,
            Attempt::Held { by, look_again } => return Ok(Turn::Elsewhere { by, look_again }),
        };
        let stopping = self.tasks().stopping();
        let swept = stopping.run_until_cancelled(lease.while_mine(self.sweep_as(Mode::Remove))).await;
        // Given back whatever came of it: what may still be under way removes only what anybody may.
        let done = if matches!(swept, Some(Ok(Ok(_)))) { Done::Yes } else { Done::No };
        if let Err(error) = lease.release(done).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "others may sweep only after a while");
        }
        match swept {
            None => Ok(Turn::Stopping),
            Some(report) => report?.map(Turn::Swept),
        }
    }
}
