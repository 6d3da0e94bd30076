//! Time-outs that do not punish large bodies: a body may take as long as it keeps coming at a least
//! rate, and a handler must answer within a time that starts anew with every byte it reads.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Fault, Voice};

/// How long the server waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the next [`PROGRESS_BYTES`] of a request body, or its end.
    pub body: Duration,
    /// For a handler's answer, since the last bytes of its body.
    pub answer: Duration,
}

/// What must come while the server waits once: less would hold a handler for next to nothing.
const PROGRESS_BYTES: usize = 64 << 10;

/// When a request last moved, and whether its body was given up.
struct Progress {
    last: Mutex<(Instant, bool)>,
}

impl Progress {
    fn moved(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).0 = Instant::now();
    }

    fn give_up(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
    }

    fn read(&self) -> (Instant, bool) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn watch(
    State((patience, voice)): State<(Patience, Voice)>,
    request: Request,
    next: Next,
) -> Response {
    let progress = Arc::new(Progress { last: Mutex::new((Instant::now(), false)) });
    let request = if request.body().is_end_stream() {
        request
    } else {
        request.map(|body| Body::from_stream(Awaited::new(body, patience.body, Arc::clone(&progress))))
    };
    let answer = next.run(request);
    tokio::pin!(answer);
    loop {
        let deadline = progress.read().0 + patience.answer;
        tokio::select! {
            response = &mut answer => {
                return if progress.read().1 { voice(Fault::SlowBody) } else { response };
            }
            () = sleep_until(deadline) => {
                if progress.read().0 + patience.answer <= Instant::now() {
                    return voice(Fault::TookTooLong);
                }
            }
        }
    }
}

/// A body whose reader waits only so long for the next [`PROGRESS_BYTES`]. Only waiting counts: the
/// time that the reader itself takes is not the client's.
struct Awaited {
    /// `None` once it was given up.
    body: Option<BodyDataStream>,
    patience: Duration,
    progress: Arc<Progress>,
    /// What is left of the patience for these bytes, and how many of them came.
    left: Duration,
    came: usize,
    /// Set while the reader waits.
    wait: Option<Wait>,
}

/// Since when the reader waits, and until when at most.
struct Wait {
    since: Instant,
    alarm: Pin<Box<Sleep>>,
    bell: Arc<Bell>,
}

/// Wakes the reader, and knows when it did: from then on it is the reader who lets the body wait.
struct Bell {
    reader: Waker,
    rang: OnceLock<Instant>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rang.get_or_init(Instant::now);
        self.reader.wake_by_ref();
    }
}

impl Awaited {
    fn new(body: Body, patience: Duration, progress: Arc<Progress>) -> Self {
        let body = Some(body.into_data_stream());
        Self { body, patience, progress, left: patience, came: 0, wait: None }
    }

    fn arrived(&mut self, bytes: usize) {
        self.progress.moved();
        if let Some(wait) = self.wait.take() {
            let until = wait.bell.rang.get().copied().unwrap_or_else(Instant::now);
            self.left = self.left.saturating_sub(until.saturating_duration_since(wait.since));
        }
        self.came += bytes;
        if self.came >= PROGRESS_BYTES {
            self.came = 0;
            self.left = self.patience;
        }
    }

    /// Waits on; ready when that was too long.
    fn wait(&mut self, bell: Arc<Bell>, cx: &mut Context<'_>) -> Poll<()> {
        let since = Instant::now();
        let left = self.left;
        let wait = self.wait.get_or_insert_with(|| {
            let alarm = Box::pin(sleep_until(since + left));
            Wait { since, alarm, bell: Arc::clone(&bell) }
        });
        wait.bell = bell;
        wait.alarm.as_mut().poll(cx)
    }
}

impl Stream for Awaited {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let bell = Arc::new(Bell { reader: cx.waker().clone(), rang: OnceLock::new() });
        let waker = Waker::from(Arc::clone(&bell));
        if let Poll::Ready(next) = Pin::new(body).poll_next(&mut Context::from_waker(&waker)) {
            let bytes = next.as_ref().and_then(|chunk| chunk.as_ref().ok()).map_or(0, Bytes::len);
            self.arrived(bytes);
            return Poll::Ready(next.map(|chunk| chunk.map_err(io::Error::other)));
        }
        std::task::ready!(self.wait(bell, cx));
        self.progress.give_up();
        self.body = None;
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the request body stopped coming"))))
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};
    use tokio::time::sleep;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// `blocks` of `length` bytes, each after a pause.
    fn awaited(blocks: usize, length: usize, pause: Duration) -> Awaited {
        let blocks = stream::iter(0..blocks).then(move |_| async move {
            sleep(pause).await;
            Ok::<_, io::Error>(Bytes::from(vec![0; length]))
        });
        let progress = Arc::new(Progress { last: Mutex::new((Instant::now(), false)) });
        Awaited::new(Body::from_stream(blocks), PATIENCE, progress)
    }

    async fn read(mut body: Awaited, pause: Duration) -> io::Result<usize> {
        let mut length = 0;
        while let Some(chunk) = body.next().await {
            length += chunk?.len();
            sleep(pause).await;
        }
        Ok(length)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up() {
        let began = Instant::now();
        let error = read(awaited(1000, 1, PATIENCE - Duration::from_secs(1)), Duration::ZERO).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() < PATIENCE * 2, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_link_is_waited_for() {
        let two_kib_a_second = awaited(2000, 1024, Duration::from_millis(450));
        assert_eq!(read(two_kib_a_second, Duration::ZERO).await.unwrap(), 2000 << 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_its_time_is_not_the_clients_fault() {
        let body = awaited(100, 1024, Duration::from_millis(100));
        assert_eq!(read(body, PATIENCE * 2).await.unwrap(), 100 << 10);
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_that_came_while_the_reader_was_away_came_when_they_did() {
        let mut body = awaited(3, 1, Duration::from_secs(1));
        assert!(futures::poll!(body.next()).is_pending());
        sleep(PATIENCE * 2).await;
        assert_eq!(read(body, Duration::ZERO).await.unwrap(), 3);
    }
}
