//! Time-outs that do not punish large bodies: a body may take as long as it keeps coming, and a
//! handler must answer within a time that starts anew with every byte it reads.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
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
    /// For the next bytes of a request body.
    pub body: Duration,
    /// For a handler's answer, since the last bytes of its body.
    pub answer: Duration,
}

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

/// A body whose reader waits only so long for the next bytes.
struct Awaited {
    /// `None` once it was given up.
    body: Option<BodyDataStream>,
    patience: Duration,
    progress: Arc<Progress>,
    /// Set while the reader waits.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Awaited {
    fn new(body: Body, patience: Duration, progress: Arc<Progress>) -> Self {
        Self { body: Some(body.into_data_stream()), patience, progress, alarm: None }
    }
}

impl Stream for Awaited {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        if let Poll::Ready(next) = Pin::new(body).poll_next(cx) {
            self.alarm = None;
            self.progress.moved();
            return Poll::Ready(next.map(|chunk| chunk.map_err(io::Error::other)));
        }
        let deadline = Instant::now() + self.patience;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.progress.give_up();
        self.body = None;
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the request body stopped coming"))))
    }
}
