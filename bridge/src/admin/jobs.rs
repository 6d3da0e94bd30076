//! Jobs of all accounts: listed, shown, cancelled.

use axum::extract::State as Shared;
use axum::response::Response;

use super::access::Operator;
use super::error::Refusal;
use super::extract::{JobsOf, OfJob, PageOf};
use super::job_wire::{JobBody, JobsBody};
use crate::app::State;
use crate::render;

/// Lists jobs, a page at a time. A page may have fewer than asked for, or none, before the last.
#[utoipa::path(
    get, path = "/jobs", tag = "admin",
    params(
        ("after" = Option<String>, Query), ("limit" = Option<u16>, Query), ("account" = Option<String>, Query),
        ("folder" = Option<String>, Query), ("state" = Option<String>, Query),
    ),
    responses((status = 200, body = JobsBody), (status = 400), (status = 401), (status = 403)),
)]
pub(super) async fn list(
    Shared(state): Shared<State>,
    _: Operator,
    JobsOf(filter): JobsOf,
    page: PageOf,
) -> Result<Response, Refusal> {
    let page = state.bucket().jobs_page(filter, page.after, page.limit).await?;
    let jobs = page.jobs.iter().map(JobBody::from).collect();
    Ok(render::json(&JobsBody { jobs, next: page.next }))
}

/// Shows a job.
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "admin",
    params(("id" = String, Path)),
    responses((status = 200, body = JobBody), (status = 400), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn show(Shared(state): Shared<State>, _: Operator, OfJob(id): OfJob) -> Result<Response, Refusal> {
    Ok(render::json(&JobBody::from(&state.bucket().job(id).await?)))
}

/// Asks a job to stop. What is done stays done; a job that is over stays as it is.
#[utoipa::path(
    post, path = "/jobs/{id}/cancel", tag = "admin",
    params(("id" = String, Path)),
    responses((status = 200, body = JobBody), (status = 400), (status = 401), (status = 403), (status = 404)),
)]
pub(super) async fn cancel(Shared(state): Shared<State>, _: Operator, OfJob(id): OfJob) -> Result<Response, Refusal> {
    let bucket = state.bucket().clone();
    let job = state.finish(async move { bucket.cancel_job(id).await }).await?;
    tracing::info!(job.id = %id, state = job.state.name(), "asked a job to stop");
    Ok(render::json(&JobBody::from(&job)))
}
