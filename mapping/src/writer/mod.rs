//! One writer alone: how a store that ignores the conditions of writes can be served all the same
//! (decision 0008). The process takes the one place that there is, `.folderbridge/writer`, keeps it
//! by a heartbeat, and looks itself before each write what the store does not look at.
//!
//! The place is taken without conditions, for there are none: write over whatever is there, wait for longer
//! than anybody keeps a place that was written over, and see whether nobody wrote later. Whatever
//! the store does late, no two hold it at one moment.

mod place;
mod record;
mod seat;
mod store;
#[cfg(test)]
mod tests;
mod turns;

use std::sync::Arc;
use std::time::Duration;

pub use place::WriterPlace;
#[cfg(test)]
pub(crate) use record::WriterRecord;
pub use store::LoneStore;

use self::seat::Seat;
use crate::clock::Clock;
use crate::error::Result;
use crate::store::Store;

/// How often the writer shows that it lives.
const BEAT: Duration = Duration::from_millis(2500);

/// How long the place is kept from the sending of the last beat: after that nothing more is written.
const LIFE: Duration = Duration::from_secs(10);

/// For how long the heartbeat must stand still until its writer counts as dead. Longer than
/// [`LIFE`], so that a writer that lives is not taken for dead.
const SILENCE: Duration = Duration::from_secs(15);

/// How long to wait after writing oneself down. Longer than [`LIFE`]: a beat looks before it writes, so
/// whoever had the place has lost it by then, and for 2 s, so that what it sent has arrived.
const SETTLE: Duration = Duration::from_secs(12);

/// Sees to it that nobody serves the bucket alone: to be asked by everybody else who is about to
/// serve it. One request; 15 s longer after a writer that died.
///
/// # Errors
/// `Conflict` when somebody does; `Unavailable` when the store does not answer.
pub async fn nobody_writes_alone(store: Store, clock: Arc<dyn Clock>) -> Result<()> {
    let seat = Seat::new(store, clock);
    if let Some(dead) = seat.wait_until_free().await? {
        tracing::info!("who served this bucket alone has died: its place is cleared");
        // So that nobody else waits for it. A writer that begins at this very moment finds that it is
        // not the last, and ends.
        seat.write(dead.given_back()).await?;
    }
    Ok(())
}
