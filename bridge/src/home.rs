//! `/` and `/openapi.json`: what this server is, for programs and for people.

use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use crate::app::State;
use crate::{dialects, render};

/// The version of the Backend.AI API that is spoken: clients of that family ask for it here.
const BACKEND_AI: &str = "v9.20250722";
/// The version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) fn routes() -> Router<State> {
    // Pages ask for the version before they sign anything.
    let pages = CorsLayer::new().allow_origin(Any).allow_methods([Method::GET]);
    let home = get(home)
        .options(|| async { StatusCode::NO_CONTENT })
        .layer(pages.allow_headers(AllowHeaders::mirror_request()));
    Router::new().route("/", home).route("/openapi.json", get(openapi))
}

async fn home(headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut response = if accept.contains("text/html") {
        let page = Html(PAGE.replace("{version}", VERSION));
        ([(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'")], page).into_response()
    } else {
        render::json(&serde_json::json!({ "version": BACKEND_AI, "manager": VERSION }))
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

async fn openapi() -> Response {
    render::json(&dialects::openapi())
}

const PAGE: &str = include_str!("home.html");
