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
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::app::State;

/// How long an answer of the store is believed.
const BELIEVED: Duration = Duration::from_secs(2);
/// How long the store may take.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// Whether the application can serve.
#[derive(Debug)]
pub(crate) struct Health {
    stopping: AtomicBool,
    store: Mutex<Option<(Instant, bool)>>,
    /// Held by whoever asks the store; the others wait for what he hears.
    turn: Semaphore,
}

impl Default for Health {
    /// Ready, and nothing known of the store.
    fn default() -> Self {
        Self { stopping: AtomicBool::new(false), store: Mutex::new(None), turn: Semaphore::new(1) }
    }
}

impl Health {
    /// From now on the application is not ready.
    pub(crate) fn begin_stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the store answers: what was heard lately, or what `ask` hears now.
    async fn answers<F: Future<Output = bool>>(&self, ask: impl FnOnce() -> F) -> bool {
        if let Some(answers) = self.believed() {
            return answers;
        }
        let turn = self.turn.acquire().await.expect("nobody closes it");
        if let Some(answers) = self.believed() {
            return answers;
        }
        let answers = ask().await;
        self.believe(answers);
        drop(turn);
        answers
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
    let answers = health.answers(|| ask(&state)).await;
    if answers { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n") }
}

async fn ask(state: &State) -> bool {
    let key = ObjectKey::format();
    let head = tokio::time::timeout(STORE_PATIENCE, state.bucket().store().head(&key)).await;
    matches!(head, Ok(Ok(_)))
}

async fn metrics(Shared(state): Shared<State>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.meter().render()).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use futures::future::join_all;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_ask_the_store_once() {
        let (health, asked) = (Health::default(), AtomicUsize::new(0));
        let ask = || async {
            asked.fetch_add(1, Ordering::Relaxed);
            sleep(STORE_PATIENCE).await;
            true
        };
        let answers = join_all((0..50).map(|_| health.answers(ask))).await;
        assert!(answers.into_iter().all(|answers| answers));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        sleep(BELIEVED).await;
        assert!(health.answers(ask).await);
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_and_goes_lets_the_next_one_ask() {
        let health = Health::default();
        let gone = tokio::time::timeout(BELIEVED, health.answers(std::future::pending)).await;
        assert!(gone.is_err());
        assert!(health.answers(|| async { true }).await);
    }
}
