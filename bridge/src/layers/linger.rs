//! Reads on what a handler left of a request body. Were the socket closed on bytes that are on
//! their way, the client would see a reset connection instead of the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderValue, header};
use mapping::tasks::Tasks;

use crate::body;

/// What is read for nothing at most: one large chunk.
const LEFTOVER_BYTES: usize = 64 << 20;
/// How long that may take.
const LEFTOVER_TIME: Duration = Duration::from_secs(10);
/// How long the client may pause in it.
const NEXT_BYTES_TIME: Duration = Duration::from_secs(1);

pub(super) async fn finish_reading(State(tasks): State<Tasks>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let debt = Arc::new(Debt::of(request.headers()));
    let owed = |body| Body::from_stream(Owed { body: Some(body), tasks, debt: Arc::clone(&debt) });
    let mut response = next.run(request.map(owed)).await;
    if debt.is_left_unpaid() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What is known of a body that a client began to send or asked leave to send.
struct Debt {
    /// The client sends nothing before it is asked to.
    expects: bool,
    announced: Option<u64>,
    read: AtomicU64,
    asked: AtomicBool,
    ended: AtomicBool,
}

impl Debt {
    fn of(headers: &HeaderMap) -> Self {
        let expect = headers.get(header::EXPECT).map(HeaderValue::as_bytes);
        Self {
            expects: expect.is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue")),
            announced: body::announced(headers),
            read: AtomicU64::new(0),
            asked: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// Whether the client still waits for leave to send: reading would give it, after the answer.
    fn is_unasked(&self) -> bool {
        self.expects && !self.asked.load(Ordering::Relaxed)
    }

    /// Whether the rest of the body is not read, so that nothing can follow it on its connection.
    fn is_left_unpaid(&self) -> bool {
        let rest = self.announced.map(|length| length.saturating_sub(self.read.load(Ordering::Relaxed)));
        let too_long = rest.is_some_and(|rest| rest > LEFTOVER_BYTES as u64);
        !self.ended.load(Ordering::Relaxed) && (too_long || self.is_unasked())
    }
}

/// A body that is read to its end even when it is dropped before.
struct Owed {
    body: Option<Body>,
    tasks: Tasks,
    debt: Arc<Debt>,
}

impl Stream for Owed {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        self.debt.asked.store(true, Ordering::Relaxed);
        Poll::Ready(match std::task::ready!(polled) {
            // Trailers are nothing that anybody here reads.
            Some(Ok(frame)) => {
                let bytes = frame.into_data().unwrap_or_default();
                self.debt.read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                Some(Ok(bytes))
            }
            Some(Err(error)) => {
                self.body = None;
                Some(Err(error))
            }
            None => {
                self.body = None;
                self.debt.ended.store(true, Ordering::Relaxed);
                None
            }
        })
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        let Some(body) = self.body.take() else { return };
        if body.is_end_stream() || self.debt.is_unasked() {
            return;
        }
        // Too slow or too long: the connection is closed on it after all.
        self.tasks.background(async move {
            drop(tokio::time::timeout(LEFTOVER_TIME, read_on(body)).await);
        });
    }
}

async fn read_on(body: Body) {
    let mut rest = body.into_data_stream();
    let mut left = LEFTOVER_BYTES;
    while let Ok(Some(Ok(chunk))) = tokio::time::timeout(NEXT_BYTES_TIME, rest.next()).await {
        left = left.saturating_sub(chunk.len());
        if left == 0 {
            return;
        }
    }
}
