//! Room in the byte budget for a piece. Who waits for it is not reading its client's socket, and
//! makes room meanwhile: what bundles have is let go, what has waited longest is stored.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::handle::Session;
use super::source::broken;
use crate::bucket::Bucket;
use crate::budget::Permit;
use crate::error::{Error, ErrorKind, Result, Subject};

/// How long a piece waits for room before its client is told to come back: no chunk ties up a
/// connection for ever when the store is gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing can be done when all held bytes are on their way already.
const PAUSE: Duration = Duration::from_millis(20);

/// What a piece is charged at least: a tiny one costs more than its bytes.
const LEAST: u32 = 512;

/// How long a client may take to send what there is room for. What has none of it then loses it.
const FILLING: Duration = Duration::from_secs(30);

/// Permits for a piece of `bytes`.
///
/// Nobody who waits here keeps another from storing what it holds, so room comes as long as the
/// store takes bundles and clients that were let in send their bytes or are cut off.
///
/// # Errors
/// `Busy` when no room came for a long time.
pub(super) async fn room(bucket: &Bucket, bytes: u32) -> Result<Permit> {
    let granted = async {
        let waiting = bucket.budget().acquire(bytes.max(LEAST));
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                biased;
                permit = &mut waiting => return permit,
                () = relieve(bucket) => {}
            }
        }
    };
    timeout(PATIENCE, granted).await.map_err(|_| {
        Error::new(ErrorKind::Busy, Subject::Upload, "too many unfinished chunks at this moment: try again")
    })
}

/// Permits for `bytes` that could be done without, if there is room, or if there is once what
/// bundles have is let go.
pub(super) fn room_at_once(bucket: &Bucket, bytes: u64) -> Option<Permit> {
    let budget = bucket.budget();
    if !budget.may_spare(bytes) {
        return None;
    }
    budget.try_spare(bytes).or_else(|| {
        let holding = bucket.uploads().holding();
        let freed: u64 = holding.iter().map(|active| active.drop_bundled()).sum();
        (freed > 0).then(|| budget.try_spare(bytes)).flatten()
    })
}

/// Reads what there is room for, as long as a client may take for it: nobody can take the room
/// away while it is read.
///
/// # Errors
/// `TimedOut`, or what the body broke with.
pub(super) async fn fill<T>(reading: impl Future<Output = io::Result<T>>) -> Result<T> {
    let filled = timeout(FILLING, reading).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    filled.map_err(|cause| broken(cause.kind()))
}

/// Makes some room, or waits a moment when there is nothing to let go.
async fn relieve(bucket: &Bucket) {
    let Ok(_turn) = bucket.uploads().relieving.acquire().await else { return };
    let mut holding = bucket.uploads().holding();
    if holding.iter().map(|active| active.drop_bundled()).sum::<u64>() > 0 {
        return;
    }
    holding.retain(|active| active.oldest().is_some() && active.flushing.try_lock().is_ok());
    let Some(oldest) = holding.into_iter().min_by_key(|active| active.oldest()) else {
        return sleep(PAUSE).await;
    };
    let upload = Session::new(bucket.clone(), Arc::clone(&oldest));
    if let Err(error) = upload.flush().await {
        tracing::warn!(upload.id = %oldest.id, error = %error, "no room could be made");
        sleep(PAUSE).await;
    }
    oldest.drop_bundled();
}
