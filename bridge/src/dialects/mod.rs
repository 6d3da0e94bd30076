//! The APIs that are served, one line each in `router`, `openapi` and `nothing_at`.

mod backend_ai;
mod filesystems;

use axum::Router;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{Info, OpenApi};

use crate::admin;
use crate::app::State;
use crate::layers::{Fault, Patience, guard};

/// All APIs, each answering in its own voice.
pub(crate) fn router(state: &State, patience: Patience) -> Router<State> {
    let filesystems = filesystems::clothe(guard(filesystems::routes().into(), patience, filesystems::voice));
    filesystems.merge(backend_ai::router(state, patience))
}

/// What answers a path at which there is nothing: the API that it lies in, if it lies in one.
pub(crate) fn nothing_at(path: &str) -> Option<Router> {
    if backend_ai::holds(path) {
        return Some(Router::new().fallback(|| async { backend_ai::voice(Fault::NoRoute) }));
    }
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let nothing = || async { filesystems::voice(Fault::NoRoute) };
    path.starts_with("/filesystems").then(|| filesystems::clothe(Router::new().fallback(nothing)))
}

/// What all routes take and answer.
pub(crate) fn openapi() -> OpenApi {
    let mut api = filesystems::routes().into_openapi();
    api.merge(backend_ai::routes().into_openapi());
    api.merge(admin::api().into_openapi());
    api.info = Info::new("folderbridge", env!("CARGO_PKG_VERSION"));
    api.info.description = Some("Folder APIs over one S3 bucket".to_owned());
    api.paths.paths = api.paths.paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    api
}

/// Every method and path of every API, as in `("GET", "/filesystems/{id}/files/{path}")`, for the
/// test that tries each of them as everybody.
#[must_use]
pub fn routes() -> Vec<(String, String)> {
    let paths = openapi().paths.paths;
    paths.iter().flat_map(|(path, item)| methods(item).map(|method| (method.to_owned(), path.clone()))).collect()
}

fn methods(item: &PathItem) -> impl Iterator<Item = &'static str> {
    let known = [
        ("GET", &item.get),
        ("PUT", &item.put),
        ("POST", &item.post),
        ("DELETE", &item.delete),
        ("OPTIONS", &item.options),
        ("HEAD", &item.head),
        ("PATCH", &item.patch),
        ("TRACE", &item.trace),
    ];
    known.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_filesystems_api_is_listed_under_both_prefixes() {
        let routes = routes();
        for prefix in ["", "/v1"] {
            for (method, path) in [
                ("GET", "/filesystems"),
                ("POST", "/filesystems"),
                ("DELETE", "/filesystems/{id}"),
                ("POST", "/filesystems/{id}/share"),
                ("GET", "/filesystems/{id}/list/{path}"),
                ("POST", "/filesystems/{id}/mkdir/{path}"),
                ("GET", "/filesystems/{id}/files/{path}"),
                ("POST", "/filesystems/{id}/files/{path}"),
                ("PUT", "/filesystems/{id}/files/{path}"),
                ("DELETE", "/filesystems/{id}/files/{path}"),
            ] {
                let route = (method.to_owned(), format!("{prefix}{path}"));
                assert!(routes.contains(&route), "{route:?} in {routes:?}");
            }
        }
    }
}
