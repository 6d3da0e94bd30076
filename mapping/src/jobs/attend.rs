//! Looks meanwhile whether a job is to stop: because somebody wants it cancelled, or the process ends.

use std::time::Duration;

use tokio::time::sleep;

use super::record::JobState;
use crate::bucket::Bucket;
use crate::files::tree::Walk;

/// How often the record is looked at for a wish to stop.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Never: it cannot be made.
pub(super) enum Never {}

/// Looks now and then whether a job is to stop, for as long as it is polled.
pub(super) async fn attend(bucket: &Bucket, walk: &Walk) -> Never {
    let stopping = bucket.tasks().stopping();
    loop {
        if stopping.run_until_cancelled(sleep(LOOK_EVERY)).await.is_none() {
            walk.stop().cancel();
            return std::future::pending().await;
        }
        let cancelling = bucket.job(walk.id()).await.is_ok_and(|job| job.state != JobState::Running);
        if cancelling {
            walk.stop().cancel();
            return std::future::pending().await;
        }
    }
}
