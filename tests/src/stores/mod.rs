//! The stores that the suites run over: the one that the environment names, and servers that a test
//! starts. Nothing here knows of the suites themselves.

pub mod again;
pub mod differences;
pub mod installed;
pub mod minio;
pub mod named;
pub mod processes;
pub mod scratch;
pub mod under_test;

use std::io::Write;
use std::time::{Duration, Instant};

use self::named::NamedStore;
use self::scratch::ScratchBucket;

/// How long a server may take to start: SeaweedFS takes 3 seconds by itself, more beside others.
const PATIENCE: Duration = Duration::from_secs(90);

/// Says something that a passing test's output shows too: what was left out, what was counted.
pub fn say(line: &str) {
    // Past the capture of the test runner, which swallows what `println!` writes.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Waits until a bucket can be made: what a server answers before that is of no interest. `ended` says
/// why that will never come.
///
/// # Errors
/// What `ended` says.
///
/// # Panics
/// When it does not come.
async fn ready(store: &NamedStore, mut ended: impl AsyncFnMut() -> Option<String>) -> Result<(), String> {
    let began = Instant::now();
    while let Err(failure) = ScratchBucket::make(store).await {
        if let Some(reason) = ended().await {
            return Err(reason);
        }
        assert!(began.elapsed() < PATIENCE, "{} is not ready: {failure}", store.kind.name());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
