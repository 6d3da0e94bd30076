//! The spellings that servers and clients of this API have had over the years.

use bytes::Bytes;
use reqwest::Method;
use serde_json::json;
use suites::app::{App, Person};

async fn with_folder() -> (App, Person, String) {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    (app, ann, id)
}

#[tokio::test]
async fn a_key_is_taken_raw_or_behind_bearer() {
    let (_app, ann, _id) = with_folder().await;
    let nobody = ann.calls.without_token();
    for value in [ann.token.clone(), format!("Bearer {}", ann.token), format!("bearer  {}", ann.token)] {
        let request = nobody.request(Method::GET, "/filesystems").header("authorization", &value);
        nobody.send(request).await.expect(200);
    }
    for value in [String::new(), "Bearer".to_owned(), format!("Basic {}", ann.token), format!("{}x", ann.token)] {
        let request = nobody.request(Method::GET, "/filesystems").header("authorization", &value);
        nobody.send(request).await.expect_refusal(401);
    }
    nobody.filesystems().await.expect_refusal(401);
}

#[tokio::test]
async fn every_spelling_of_a_chunks_range_is_one_chunk() {
    let (_app, ann, id) = with_folder().await;
    let spellings = [
        "[ID]:0-4",
        "[ID]: 0-4",
        " [ID] : 0 - 4 ",
        "ID:0-4",
        "[ID]:bytes 0-4",
        "bytes [ID]:0-4",
        "[ID]:0-4/4",
        "[ID]:0-4/*",
        "[ID]:0-3",
    ];
    for spelling in spellings {
        let upload = ann.calls.started(&id, "a.bin", 4).await;
        let range = spelling.replace("ID", &upload);
        let reply = ann.calls.chunk_with(&id, "a.bin", &range, Bytes::from_static(b"four")).await;
        assert_eq!(reply.status, 200, "`{spelling}`: {}", reply.text());
        ann.calls.complete(&id, "a.bin", &upload).await.expect(200);
        assert_eq!(ann.calls.download(&id, "a.bin").await.expect(200).body, "four", "{spelling}");
        ann.calls.remove(&id, "a.bin").await.expect(200);
    }
}

#[tokio::test]
async fn an_upload_id_may_stand_in_the_query() {
    let (_app, ann, id) = with_folder().await;
    for name in ["uploadId", "upload_id"] {
        let upload = ann.calls.started(&id, "a.bin", 4).await;
        let request = ann.calls.file(Method::PUT, &id, &format!("a.bin?{name}={upload}"));
        ann.calls.send(request.header("content-range", "0-4").body("four")).await.expect(200);
        ann.calls.complete(&id, "a.bin", &upload).await.expect(200);
    }
}

#[tokio::test]
async fn a_chunk_without_a_usable_header_is_refused() {
    let (_app, ann, id) = with_folder().await;
    let upload = ann.calls.started(&id, "a.bin", 4).await;
    let without = ann.calls.file(Method::PUT, &id, "a.bin").body("four");
    ann.calls.send(without).await.expect_refusal(400);
    for range in
        ["", "0-4", "[ID]", "[ID]:", "[ID]:4", "[ID]:4-0", "[ID:0-4", "ID]:0-4", "[ID]:-1-4", "[ID]:a-b", "[]:0-4"]
    {
        let range = range.replace("ID", &upload);
        let reply = ann.calls.chunk_with(&id, "a.bin", &range, Bytes::from_static(b"four")).await;
        assert!(matches!(reply.status, 400 | 404), "`{range}`: {} {}", reply.status, reply.text());
    }
    ann.calls.complete(&id, "a.bin", &upload).await.expect_refusal(409);
}

#[tokio::test]
async fn completion_is_true_in_every_spelling_and_false_starts_anew() {
    let (_app, ann, id) = with_folder().await;
    for (field, value) in
        [("uploadId", json!(true)), ("upload_id", json!("true")), ("UploadId", json!(1)), ("uploadId", json!("True"))]
    {
        let upload = ann.calls.started(&id, "a.bin", 4).await;
        ann.calls.chunk(&id, "a.bin", &upload, 0, Bytes::from_static(b"four")).await.expect(200);
        let body = json!({ field: upload, "complete": value, "size": 4 });
        ann.calls.post_file(&id, "a.bin", &body).await.expect(200);
        assert_eq!(ann.calls.download(&id, "a.bin").await.expect(200).body, "four", "{body}");
        ann.calls.remove(&id, "a.bin").await.expect(200);
    }
    for no in [json!(false), json!("false")] {
        let reply = ann.calls.post_file(&id, "a.bin", &json!({ "complete": no, "size": 4 })).await.expect(200).json();
        assert!(reply["uploadId"].is_string(), "{reply}");
    }
}

#[tokio::test]
async fn a_content_type_makes_no_difference() {
    let (_app, ann, _id) = with_folder().await;
    for (n, kind) in
        ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense"].into_iter().enumerate()
    {
        let body = json!({ "filesystem_name": format!("n{n}") }).to_string();
        let request = ann.calls.request(Method::POST, "/filesystems").header("content-type", kind).body(body);
        ann.calls.send(request).await.expect(200);
    }
}

#[tokio::test]
async fn a_browser_of_another_origin_may_ask() {
    let (_app, ann, id) = with_folder().await;
    let path = format!("/filesystems/{id}/files/a.bin");
    let asked = ann.calls.without_token().request(Method::OPTIONS, &path).header("origin", "https://example.org");
    let asked = asked.header("access-control-request-method", "PUT");
    let asked = asked.header("access-control-request-headers", "authorization,content-range,content-type");
    let reply = ann.calls.send(asked).await;
    assert!(matches!(reply.status, 200 | 204), "{}", reply.status);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    let (methods, headers) =
        (reply.header("access-control-allow-methods"), reply.header("access-control-allow-headers"));
    for method in ["GET", "PUT", "POST", "DELETE"] {
        assert!(methods.contains(method), "{methods}");
    }
    for header in ["authorization", "content-range", "content-type"] {
        assert!(headers.to_lowercase().contains(header) || headers == "*", "{headers}");
    }
    let got = ann.calls.request(Method::GET, "/filesystems").header("origin", "https://example.org");
    assert_eq!(ann.calls.send(got).await.expect(200).header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn what_is_no_route_is_refused_in_the_same_voice() {
    let (_app, ann, id) = with_folder().await;
    let cases = [
        (Method::GET, format!("/filesystems/{id}/nothing"), 404),
        (Method::GET, "/v1/filesystems/a/b/c/d".to_owned(), 404),
        (Method::PATCH, "/filesystems".to_owned(), 405),
        (Method::PUT, format!("/filesystems/{id}/share"), 405),
        (Method::DELETE, format!("/filesystems/{id}/list/"), 405),
    ];
    for (method, path, status) in cases {
        ann.calls.send(ann.calls.request(method, &path)).await.expect_refusal(status);
    }
}

#[tokio::test]
async fn pages_of_any_origin_can_read_that_there_is_nothing() {
    let app = App::start().await;
    let nobody = app.nobody();
    for (method, path, status) in [
        (Method::GET, "/filesystems/a/nothing", 404),
        (Method::PUT, "/v1/filesystems/a/b/c/d", 404),
        (Method::PATCH, "/filesystems", 405),
        (Method::OPTIONS, "/filesystems/a/nothing", 200),
    ] {
        let asked = nobody.request(method.clone(), path).header("origin", "https://example.org");
        let reply = nobody.send(asked).await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (status, "*"), "{method} {path}");
    }
}
