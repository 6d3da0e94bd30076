//! How refusals read.

use super::*;

fn said(kind: ErrorKind, subject: Subject) -> (u16, &'static str, Option<String>) {
    let problem = Refusal::from(Error::new(kind, subject, "the core's words")).problem();
    (problem.status.as_u16(), problem.slug, problem.message)
}

#[test]
fn what_may_not_be_told_apart_reads_alike() {
    let missing = said(ErrorKind::NotFound, Subject::Folder);
    assert_eq!(missing, said(ErrorKind::Forbidden, Subject::Folder));
    assert_eq!(missing, (404, "vfolder-not-found", None));
}

#[test]
fn statuses_are_those_of_the_documents() {
    for (kind, subject, status, slug) in [
        (ErrorKind::AlreadyExists, Subject::Folder, 400, "vfolder-already-exists"),
        (ErrorKind::Invalid, Subject::Folder, 400, "invalid-api-params"),
        (ErrorKind::OverQuota, Subject::Account, 406, "too-many-vfolders"),
        (ErrorKind::OverQuota, Subject::Folder, 412, "quota-exceeded"),
        (ErrorKind::NotFound, Subject::File, 404, "object-not-found"),
        (ErrorKind::Conflict, Subject::File, 400, "vfolder-operation-failed"),
        (ErrorKind::Conflict, Subject::Upload, 409, "conflict"),
        (ErrorKind::Unavailable, Subject::File, 503, "service-unavailable"),
    ] {
        assert_eq!(said(kind, subject), (status, slug, Some("the core's words".to_owned())));
    }
}

#[tokio::test]
async fn an_error_is_a_problem_in_json() {
    let response = malformed("no `name`").into_response();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["type"], "https://api.backend.ai/probs/invalid-api-params");
    assert_eq!(body["msg"], "no `name`");
}

#[test]
fn too_many_requests_say_when_to_come_again() {
    let again_in = Some(std::time::Duration::from_millis(41_500));
    let response = Refusal::TooManyRequests(Allowance { limit: 5, remaining: 0, again_in }).into_response();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let header = |name| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("retry-after"), "42");
    assert_eq!([header("x-ratelimit-limit"), header("x-ratelimit-remaining")], ["5", "0"]);
    assert_eq!(header("x-ratelimit-window"), "900");
}
