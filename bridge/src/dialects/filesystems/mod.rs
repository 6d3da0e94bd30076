//! The Filesystems API (`docs/dialects/filesystems.md`), as the ET Engine's clients speak it.

mod access;
mod error;
mod extract;
mod files;
mod folders;
mod listing;
mod uploads;
mod wire;

use axum::Router;
use axum::routing::MethodRouter;
use http::{Method, header};
use tower_http::cors::{Any, CorsLayer};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::app::State;

pub(super) use error::voice;

/// The vendor's base URL ends in `/v1`; its documents do not.
pub(super) fn routes() -> OpenApiRouter<State> {
    unprefixed().nest("/v1", unprefixed())
}

fn unprefixed() -> OpenApiRouter<State> {
    let router = OpenApiRouter::new();
    let router = also_at(router, "/filesystems/", routes!(folders::list, folders::create));
    let router = also_at(router, "/filesystems/{id}/", routes!(folders::delete));
    let router = also_at(router, "/filesystems/{id}/share/", routes!(folders::share));
    let router = also_at(router, "/filesystems/{id}/list/", routes!(files::list_root));
    let router = router.route("/filesystems/{id}/mkdir/", axum::routing::post(files::mkdir));
    router.routes(routes!(files::list)).routes(routes!(files::mkdir)).routes(routes!(
        files::download,
        uploads::post,
        uploads::put,
        files::delete
    ))
}

/// A route under its documented path and under `alias`. Clients are never redirected: they would
/// not send their bodies again.
fn also_at(router: OpenApiRouter<State>, alias: &str, route: UtoipaMethodRouter<State>) -> OpenApiRouter<State> {
    let (schemas, paths, methods): (_, _, MethodRouter<State>) = route;
    router.routes((schemas, paths, methods.clone())).route(alias, methods)
}

/// Lets pages of any origin call the API, with what its clients send. `OPTIONS` needs no credentials.
pub(super) fn clothe<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::OPTIONS])
        .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION, header::CONTENT_RANGE, header::RANGE])
        .expose_headers([header::CONTENT_RANGE, header::CONTENT_LENGTH, header::ETAG]);
    router.layer(cors)
}
