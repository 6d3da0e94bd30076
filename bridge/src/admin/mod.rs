//! The operator's API under `/admin/v1`: JSON in and out, opened by the admin token.

mod access;
mod accounts;
mod error;
mod extract;
mod folders;
pub(crate) mod job_wire;
mod jobs;
pub(crate) mod limits;
mod sweep;
pub(crate) mod wire;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::State;

pub(crate) use error::voice;

/// The routes.
pub(crate) fn api() -> OpenApiRouter<State> {
    let accounts = OpenApiRouter::new()
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::show))
        .routes(routes!(accounts::rotate))
        .routes(routes!(accounts::disable))
        .routes(routes!(accounts::enable))
        .routes(routes!(accounts::limit));
    let folders = OpenApiRouter::new()
        .routes(routes!(folders::list))
        .routes(routes!(folders::show))
        .routes(routes!(folders::limit))
        .routes(routes!(folders::usage))
        .routes(routes!(folders::check));
    let jobs =
        OpenApiRouter::new().routes(routes!(jobs::list)).routes(routes!(jobs::show)).routes(routes!(jobs::cancel));
    let bucket = OpenApiRouter::new().routes(routes!(sweep::sweep));
    OpenApiRouter::new().nest("/admin/v1", accounts.merge(folders).merge(jobs).merge(bucket))
}

/// The routes, to serve.
pub(crate) fn router() -> Router<State> {
    api().into()
}
