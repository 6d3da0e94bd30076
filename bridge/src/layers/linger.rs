//! Reads on what a handler left of a request body. Were the socket closed on bytes that are on
//! their way, the client would see a reset connection instead of the answer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use mapping::tasks::Tasks;

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
    next.run(request.map(|body| Body::from_stream(Owed { body: Some(body), tasks }))).await
}

/// A body that is read to its end even when it is dropped before.
struct Owed {
    body: Option<Body>,
    tasks: Tasks,
}

impl Stream for Owed {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(body).poll_frame(cx));
        Poll::Ready(match frame {
            // Trailers are nothing that anybody here reads.
            Some(Ok(frame)) => Some(Ok(frame.into_data().unwrap_or_default())),
            Some(Err(error)) => {
                self.body = None;
                Some(Err(error))
            }
            None => {
                self.body = None;
                None
            }
        })
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        let Some(body) = self.body.take() else { return };
        if body.is_end_stream() {
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
