//! One spelling for the many that clients use: with or without the version in the path, with or without a
//! slash at its end, with `-` or `_` in a verb, and with the method in a header.

use axum::extract::Request;
use http::uri::PathAndQuery;
use http::{Method, Uri};

use crate::layers::Fault;

/// What is served below each prefix.
const ROOTS: [&str; 7] = [
    "/folders",
    "/folders/",
    "/folders/{*rest}",
    "/manager/announcement",
    "/admin/gql",
    "/admin/graphql",
    "/events/background-task",
];

/// The paths that the API lies at, for the router around it.
pub(super) fn roots() -> Vec<String> {
    let prefixes = [String::new()].into_iter().chain((2..=9).map(|version| format!("/v{version}")));
    prefixes.flat_map(|prefix| ROOTS.map(|root| format!("{prefix}{root}"))).collect()
}

/// Whether a path lies in this API, although there may be nothing at it.
pub(in crate::dialects) fn holds(path: &str) -> bool {
    let path = unversioned(path);
    path == "/folders" || path.starts_with("/folders/")
}

/// Whether a canonical path is that of a link, which proves itself and needs no signature.
pub(super) fn is_link(path: &str) -> bool {
    path.starts_with("/folders/_/tus/") || path == "/folders/_/download-with-token"
}

/// The path behind `/v2` to `/v9`: clients of 2017 and 2018 put the version before everything.
fn unversioned(path: &str) -> &str {
    let rest = path.strip_prefix("/v").and_then(|rest| rest.strip_prefix(|digit| ('2'..='9').contains(&digit)));
    rest.filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// The same request, spelled as the routes are. What was signed stays in its `OriginalUri`, but for the
/// method: who names another one in `X-Method-Override` signs that one.
pub(super) fn canonical(mut request: Request) -> Result<Request, Fault> {
    if let Some(name) = request.headers().get("x-method-override") {
        let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        let method = known.into_iter().find(|method| method.as_str().as_bytes() == name.as_bytes());
        *request.method_mut() = method.ok_or(Fault::NoMethod)?;
    }
    let path = canonical_path(request.uri().path());
    let text = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let text: PathAndQuery = text.parse().map_err(|_| Fault::NoRoute)?;
    *request.uri_mut() = Uri::from(text);
    Ok(request)
}

fn canonical_path(path: &str) -> String {
    let path = unversioned(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut segments: Vec<_> = path.split('/').map(str::to_owned).collect();
    // `/folders/NAME/VERB`: nothing else has a verb, and a name keeps its letters.
    if let [_, folders, _, verb, ..] = segments.as_mut_slice()
        && folders == "folders"
    {
        *verb = verb.replace('_', "-");
    }
    // `/folders/VERB`: only these are no names.
    if let [_, folders, verb] = segments.as_mut_slice()
        && folders == "folders"
        && ["restore_from_trash_bin", "delete_from_trash_bin"].contains(&verb.as_str())
    {
        *verb = verb.replace('_', "-");
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn every_spelling_becomes_the_canonical_one() {
        for (path, expected) in [
            ("/folders", "/folders"),
            ("/folders/", "/folders"),
            ("/v2/folders/", "/folders"),
            ("/v9/folders/my_data/delete_files", "/folders/my_data/delete-files"),
            ("/folders/my_data/rename-file/", "/folders/my_data/rename-file"),
            ("/folders/a%2Fb/files?path=x_y/", "/folders/a%2Fb/files?path=x_y/"),
            ("/v4/folders/invitations/list_sent", "/folders/invitations/list-sent"),
            ("/folders/_/all_hosts", "/folders/_/all-hosts"),
            ("/folders/_/tus/upload/a_b-c", "/folders/_/tus/upload/a_b-c"),
            ("/folders/my_data", "/folders/my_data"),
            ("/v8/folders/restore_from_trash_bin", "/folders/restore-from-trash-bin"),
            ("/folders/delete_from_trash_bin/", "/folders/delete-from-trash-bin"),
            ("/v1/folders", "/v1/folders"),
            ("/v10/folders", "/v10/folders"),
            ("/v2folders", "/v2folders"),
            ("/admin/gql", "/admin/gql"),
        ] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            assert_eq!(canonical(request).unwrap().uri().to_string(), expected, "{path}");
        }
    }

    #[test]
    fn a_header_may_name_the_method() {
        let of = |name: &str| {
            let request = Request::builder().method("POST").uri("/folders/x").header("x-method-override", name);
            canonical(request.body(Body::empty()).unwrap()).map(|request| request.method().clone())
        };
        assert_eq!(of("DELETE"), Ok(Method::DELETE));
        for name in ["", "delete", "CONNECT", "OPTIONS"] {
            assert_eq!(of(name), Err(Fault::NoMethod), "{name}");
        }
    }

    #[test]
    fn what_lies_in_this_api_is_known() {
        for path in ["/folders", "/folders/", "/v2/folders", "/v9/folders/x/y/z"] {
            assert!(holds(path), "{path}");
        }
        for path in ["/", "/foldersx", "/v1/folders", "/v2", "/filesystems", "/admin/v1/folders", "/v2/filesystems"] {
            assert!(!holds(path), "{path}");
        }
    }
}
