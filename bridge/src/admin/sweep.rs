//! Sweeping at the operator's word.

use std::time::Duration;

use axum::extract::State as Shared;
use axum::response::Response;
use mapping::sweep::{Mode, Swept, Turn};
use mapping::{Bucket, Error, ErrorKind, Result as CoreResult, Subject};

use super::access::Operator;
use super::error::Refusal;
use super::extract::JsonBody;
use super::wire::{SweepBody, SweepRequest};
use crate::app::State;
use crate::render;

/// Removes what crashes and deletions left, or lists it. Goes on also when the client hangs up.
#[utoipa::path(
    post, path = "/sweep", tag = "admin",
    request_body = SweepRequest,
    responses((status = 200, body = SweepBody), (status = 400), (status = 401), (status = 403), (status = 409)),
)]
pub(super) async fn sweep(
    Shared(state): Shared<State>,
    _: Operator,
    JsonBody(body): JsonBody<SweepRequest>,
) -> Result<Response, Refusal> {
    let (bucket, dry_run) = (state.bucket().clone(), body.dry_run);
    let swept = state
        .finish(async move { if dry_run { bucket.sweep_as(Mode::DryRun).await } else { sweep_now(&bucket).await } });
    let swept = swept.await?;
    if !dry_run {
        let report = swept.report;
        tracing::info!(?report, "swept the bucket at the operator's word");
    }
    Ok(render::json(&SweepBody::new(dry_run, swept)))
}

async fn sweep_now(bucket: &Bucket) -> CoreResult<Swept> {
    let busy = |message: String| Err(Error::new(ErrorKind::Busy, Subject::Request, message));
    match bucket.sweep_in_turn(Duration::ZERO).await? {
        Turn::Swept(swept) => Ok(swept),
        Turn::Elsewhere { by, look_again } => busy(format!(
            "replica {by} is sweeping: if it died, another can go on in {} s at the earliest",
            look_again.as_secs()
        )),
        Turn::Recent(_) => busy("the bucket was swept a moment ago: try again".to_owned()),
        Turn::Stopping => Err(Error::new(ErrorKind::Unavailable, Subject::Request, "the server is stopping")),
    }
}
