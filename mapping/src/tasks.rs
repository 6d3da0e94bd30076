//! Work that outlives its request. The only file that spawns: what it starts is counted, and
//! shutdown waits for it.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::error::{Error, ErrorKind, Result, Subject};

/// Everything that runs beside the requests. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    running: TaskTracker,
    stopping: CancellationToken,
}

impl Tasks {
    /// Runs `work` to its end even when the caller is dropped, inside the caller's tracing span.
    ///
    /// # Errors
    /// `Internal` when the work panicked; `Unavailable` when the process is going down.
    pub async fn finish<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        self.begin(work).await
    }

    /// As [`Tasks::finish`], but the work begins now, not when its answer is awaited.
    ///
    /// # Errors
    /// As [`Tasks::finish`].
    pub fn begin<T, W>(&self, work: W) -> impl Future<Output = Result<T>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let running = self.spawn(work);
        async move {
            running.await.map_err(|error| match error.is_panic() {
                true => Error::internal(Subject::Request, error),
                false => {
                    Error::new(ErrorKind::Unavailable, Subject::Request, "the server is stopping").caused_by(error)
                }
            })
        }
    }

    /// Runs `work` beside the requests. Work that repeats must end when [`Tasks::stopping`] says so.
    pub fn background(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.spawn(work));
    }

    /// Tells repeating work to end, then waits for all work, at most `deadline`; answers whether all
    /// of it has ended.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.stopping.cancel();
        self.running.close();
        let ended = tokio::time::timeout(deadline, self.running.wait()).await.is_ok();
        if !ended {
            tracing::warn!(unfinished = self.running.len(), "stopped before all background work had ended");
        }
        ended
    }

    /// Cancelled once the process is about to stop.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
    fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
        tokio::spawn(self.running.track_future(work.in_current_span()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[tokio::test(start_paused = true)]
    async fn work_goes_on_when_its_caller_is_dropped() {
        let (tasks, done) = (Tasks::default(), Arc::new(AtomicBool::new(false)));
        let mark = Arc::clone(&done);
        let work = tasks.finish(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            mark.store(true, Ordering::SeqCst);
        });
        assert!(tokio::time::timeout(Duration::from_millis(1), work).await.is_err());
        assert!(tasks.drain(Duration::from_secs(5)).await);
        assert!(done.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_one_who_asked() {
        let answer: Result<()> = Tasks::default().finish(async { panic!("on purpose") }).await;
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Internal);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_gives_up_at_its_deadline() {
        let tasks = Tasks::default();
        tasks.background(std::future::pending());
        assert!(!tasks.drain(Duration::from_secs(3)).await);
        assert!(tasks.stopping().is_cancelled());
    }
}
