//! `/livez`, `/readyz` and `/metrics`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use mapping::key::ObjectKey;
use tokio::time::Instant;

use crate::app::State;

/// How long an answer of the store is believed.
const BELIEVED: Duration = Duration::from_secs(2);
/// How long the store may take.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// Whether the application can serve.
#[derive(Debug, Default)]
pub(crate) struct Health {
    stopping: AtomicBool,
    store: Mutex<Option<(Instant, bool)>>,
}

impl Health {
    /// From now on the application is not ready.
    pub(crate) fn begin_stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn believed(&self) -> Option<bool> {
        let last = *self.store.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|(at, _)| at.elapsed() < BELIEVED).map(|(_, answers)| answers)
    }

    fn believe(&self, answers: bool) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), answers));
    }
}

pub(crate) fn routes() -> Router<State> {
    Router::new().route("/livez", get(livez)).route("/readyz", get(readyz)).route("/metrics", get(metrics))
}

/// The process runs. Nothing else is looked at: a restart mends nothing that is outside of it.
async fn livez() -> &'static str {
    "ok\n"
}

/// The application takes requests and its store answers.
async fn readyz(Shared(state): Shared<State>) -> (StatusCode, &'static str) {
    let health = state.health();
    if health.stopping.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    let answers = match health.believed() {
        Some(answers) => answers,
        None => ask(&state).await,
    };
    if answers { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n") }
}

async fn ask(state: &State) -> bool {
    let key = ObjectKey::format();
    let head = tokio::time::timeout(STORE_PATIENCE, state.bucket().store().head(&key)).await;
    let answers = matches!(head, Ok(Ok(_)));
    state.health().believe(answers);
    answers
}

async fn metrics(Shared(state): Shared<State>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.meter().render()).into_response()
}
