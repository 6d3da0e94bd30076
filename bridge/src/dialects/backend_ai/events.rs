//! How background tasks stand, as server-sent events. Each look reads the job in the bucket, so it does not
//! matter which replica works on it, nor which one a client comes back to.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures::{Stream, stream};
use mapping::accounts::Account;
use mapping::id::JobId;
use mapping::jobs::{JobInfo, JobState};
use mapping::{Bucket, ErrorKind};
use serde_json::{Value, json};

use super::access::Caller;
use super::error::Refusal;
use super::extract::Params;
use crate::app::State;

/// How often a job is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long the first of them waits: clients up to 25.5 break when it comes together with the head, for they
/// begin to show that something goes on only then, and cannot stop what has not begun.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// How often something is sent where there is nothing to tell: it shows who has hung up.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// How many looks one answer has at most: a day of them. A client that is cut off comes back by itself.
const MOST_LOOKS: u32 = 12 * 60 * 60;

/// Tells how a task of the caller stands until it is over.
#[utoipa::path(
    get, path = "/events/background-task", tag = "backend-ai",
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn background_task(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<Response, Refusal> {
    let id: JobId = params.needed(&["task_id", "taskId"])?.parse()?;
    let (bucket, account) = (state.bucket().clone(), caller.account);
    let job = bucket.job_of(account.id, id).await?;
    let events = Sse::new(events(Following { bucket, account, job, told: None, looks: 0 }));
    Ok(events.keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)).into_response())
}

/// A task that somebody follows.
struct Following {
    bucket: Bucket,
    account: Account,
    job: JobInfo,
    /// What was told last.
    told: Option<JobInfo>,
    looks: u32,
}

fn events(following: Following) -> impl Stream<Item = Result<Event, Infallible>> {
    let pages = stream::unfold(Some(following), |following| async move { following?.next().await });
    futures::StreamExt::flat_map(pages, |events| stream::iter(events.into_iter().map(Ok)))
}

impl Following {
    /// What is to be told next, and then; `None` when the answer ends.
    async fn next(mut self) -> Option<(Vec<Event>, Option<Self>)> {
        let stopping = self.bucket.tasks().stopping();
        if self.told.is_none() {
            stopping.run_until_cancelled(tokio::time::sleep(FIRST_WAIT)).await?;
        }
        while self.told.as_ref() == Some(&self.job) {
            self.looks += 1;
            // Who is cut off while the process stops asks another replica.
            stopping.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await?;
            if self.looks > MOST_LOOKS || !self.is_welcome().await {
                return None;
            }
            match self.bucket.job_of(self.account.id, self.job.id).await {
                Ok(job) => self.job = job,
                Err(error) if error.kind() == ErrorKind::Unavailable => {}
                // It is forgotten: who asks again is told so.
                Err(_) => return None,
            }
        }
        self.told = Some(self.job.clone());
        let mut told = vec![updated(&self.job)];
        if !self.job.state.is_over() {
            return Some((told, Some(self)));
        }
        told.extend([ended(&self.job), event("server_close", &json!({}))]);
        Some((told, None))
    }

    /// Whether the account and its key are not refused by now.
    async fn is_welcome(&self) -> bool {
        match self.bucket.still_good(&self.account).await {
            Ok(()) => true,
            Err(error) => error.kind() == ErrorKind::Unavailable,
        }
    }
}

/// How far it is. Nobody knows how much there is before all was come across, so the total grows.
fn updated(job: &JobInfo) -> Event {
    event("bgtask_updated", &progress(job))
}

fn progress(job: &JobInfo) -> Value {
    let (done, found) = (job.progress.done, job.progress.found);
    let mut message = format!("{} files, {} bytes", done.files, done.bytes);
    if let Some(first) = errors(job).first() {
        message += &format!("; {} could not be done: {first}", job.progress.failed);
    }
    json!({
        "task_id": job.id.to_string(), "message": message,
        "current_progress": done.files, "total_progress": found.files.max(done.files),
    })
}

/// How it ended. The oldest clients that ask know no list of errors: the message before has one of them.
fn ended(job: &JobInfo) -> Event {
    let (name, message) = match job.state {
        JobState::Failed => ("bgtask_failed", job.error.clone().unwrap_or_else(|| "it could not go on".to_owned())),
        JobState::Cancelled => ("bgtask_cancelled", "it was stopped before its end".to_owned()),
        JobState::Done | JobState::Running | JobState::Cancelling => ("bgtask_done", String::new()),
    };
    event(name, &json!({ "task_id": job.id.to_string(), "message": message, "errors": errors(job) }))
}

fn errors(job: &JobInfo) -> Vec<String> {
    let told = |failure: &mapping::files::Failure| format!("`{}`: {}", failure.path, failure.message);
    let mut errors: Vec<_> = job.progress.failures.iter().map(told).collect();
    let more = job.progress.failed.saturating_sub(errors.len() as u64);
    if more > 0 {
        errors.push(format!("and {more} more"));
    }
    errors
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
