//! Reading files: whole, by the API's own header, by the standard's, and the first request of the
//! real client.

use bytes::Bytes;
use mapping::store::operation::Operation;
use reqwest::Method;
use suites::app::{App, Person};
use suites::caller::pattern;

async fn with_file(length: usize) -> (App, Person, String, Bytes) {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    let content = pattern(length, 3);
    ann.calls.upload(&id, "a.bin", &content, 50_000).await;
    (app, ann, id, content)
}

#[tokio::test]
async fn without_a_header_the_whole_file_comes() {
    let (_app, ann, id, content) = with_file(100_000).await;
    let reply = ann.calls.download(&id, "a.bin").await.expect(200);
    assert_eq!(reply.header("content-length"), "100000");
    assert_eq!(reply.body, content);
}

#[tokio::test]
async fn the_first_request_tells_the_size_whatever_the_flag_looks_like() {
    let (_app, ann, id, _content) = with_file(1234).await;
    for flag in ["init=True", "init=true", "init=1", "init=yes", "x=1&init=TRUE"] {
        let reply = ann.calls.send(ann.calls.file(Method::GET, &id, &format!("a.bin?{flag}"))).await.expect(200).json();
        assert_eq!(reply["size"], 1234, "{flag}");
        let download = reply["download_id"].as_str().unwrap();
        assert!(!download.is_empty() && download.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{download}");
    }
    for flag in ["init=false", "init=False", "init=0", "init=no", "initial=true"] {
        let reply = ann.calls.send(ann.calls.file(Method::GET, &id, &format!("a.bin?{flag}"))).await.expect(200);
        assert_eq!(reply.body.len(), 1234, "{flag}");
    }
}

#[tokio::test]
async fn the_end_of_the_apis_own_range_is_exclusive_and_cut_to_the_file() {
    let (_app, ann, id, content) = with_file(1000).await;
    let cases: [(&str, &[u8]); 8] = [
        ("0-1000", &content),
        ("0-1", &content[..1]),
        ("10-20", &content[10..20]),
        (" 10 - 20 ", &content[10..20]),
        ("0-10240", &content),
        ("990-10240", &content[990..]),
        ("1000-2000", b""),
        ("5-5", b""),
    ];
    for (range, expected) in cases {
        let reply = ann.calls.download_range(&id, "a.bin", range).await.expect(200);
        assert_eq!(reply.body, expected, "{range}");
    }
}

#[tokio::test]
async fn a_standard_range_is_inclusive_and_answered_as_the_standard_says() {
    let (_app, ann, id, content) = with_file(1000).await;
    let cases: [(&str, &[u8], &str); 5] = [
        ("bytes=0-0", &content[..1], "bytes 0-0/1000"),
        ("bytes=10-19", &content[10..20], "bytes 10-19/1000"),
        ("bytes=990-", &content[990..], "bytes 990-999/1000"),
        ("bytes=-10", &content[990..], "bytes 990-999/1000"),
        ("bytes=0-99999999999999999999", &content, "bytes 0-999/1000"),
    ];
    for (range, expected, told) in cases {
        let request = ann.calls.file(Method::GET, &id, "a.bin").header("range", range);
        let reply = ann.calls.send(request).await.expect(206);
        assert_eq!((reply.header("content-range"), &reply.body[..]), (told, expected), "{range}");
    }
    let beyond = ann.calls.file(Method::GET, &id, "a.bin").header("range", "bytes=1000-");
    assert_eq!(ann.calls.send(beyond).await.expect_refusal(416).header("content-range"), "bytes */1000");
    let reply = ann.calls.download_range(&id, "a.bin", "bytes 10-19/1000").await.expect(206);
    assert_eq!(reply.body, &content[10..20], "behind `bytes` the API's header is the standard's");
}

#[tokio::test]
async fn a_range_of_another_version_becomes_the_whole_file() {
    let (_app, ann, id, content) = with_file(1000).await;
    let etag = ann.calls.download(&id, "a.bin").await.expect(200).header("etag").to_owned();
    let asked = |range: &str, version: &str| {
        let request = ann.calls.file(Method::GET, &id, "a.bin");
        ann.calls.send(request.header("range", range).header("if-range", version))
    };
    assert_eq!(asked("bytes=10-19", &etag).await.expect(206).body, &content[10..20]);
    for version in ["\"other\"", "Wed, 21 Oct 2026 07:28:00 GMT"] {
        for range in ["bytes=10-19", "bytes=-5", "bytes=5000-"] {
            assert_eq!(asked(range, version).await.expect(200).body, content, "{version} {range}");
        }
    }
}

#[tokio::test]
async fn a_head_tells_of_the_whole_file_and_reads_none_of_it() {
    let (app, ann, id, _content) = with_file(1000).await;
    let etag = ann.calls.download(&id, "a.bin").await.expect(200).header("etag").to_owned();
    let before = app.store().counts();
    let request = ann.calls.file(Method::HEAD, &id, "a.bin").header("range", "bytes=0-9");
    let reply = ann.calls.send(request).await.expect(200);
    assert_eq!((reply.header("content-length"), reply.header("etag")), ("1000", etag.as_str()));
    assert_eq!(app.store().counts().of(Operation::Get), before.of(Operation::Get));
    ann.calls.mkdir(&id, "dir").await.expect(200);
    for path in ["nothing", "dir"] {
        assert_eq!(ann.calls.send(ann.calls.file(Method::HEAD, &id, path)).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_malformed_range_is_refused() {
    let (_app, ann, id, _content) = with_file(1000).await;
    for range in
        ["", "abc", "1", "-", "5-", "-5", "9-1", "-1-5", "1--5", "0x1-0x5", "1.0-2.0", "1-99999999999999999999999"]
    {
        let reply = ann.calls.download_range(&id, "a.bin", range).await;
        assert_eq!(reply.status, 400, "`{range}`: {}", reply.text());
    }
}

#[tokio::test]
async fn a_missing_file_is_not_found_in_every_form() {
    let (_app, ann, id, _content) = with_file(10).await;
    ann.calls.mkdir(&id, "dir").await.expect(200);
    for path in ["b.bin", "a.bin/b", "dir", "nowhere/a.bin"] {
        ann.calls.download(&id, path).await.expect_refusal(404);
        ann.calls.download_init(&id, path).await.expect_refusal(404);
        ann.calls.download_range(&id, path, "0-10").await.expect_refusal(404);
    }
}

#[tokio::test]
async fn an_empty_file_can_be_read() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    ann.calls.upload(&id, "empty", &Bytes::new(), 10).await;
    assert_eq!(ann.calls.download(&id, "empty").await.expect(200).body.len(), 0);
    assert_eq!(ann.calls.download_init(&id, "empty").await.expect(200).json()["size"], 0);
    assert_eq!(ann.calls.download_range(&id, "empty", "0-10").await.expect(200).body.len(), 0);
    assert_eq!(ann.calls.names(&id, "").await.1, ["empty"]);
}

#[tokio::test]
async fn a_file_is_read_back_in_pieces_through_every_replica() {
    let app = App::replicas(2).await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    let content = pattern(64 * 1024 + 5, 9);
    ann.calls.upload(&id, "a.bin", &content, 10_240).await;
    let mut whole = Vec::new();
    for start in (0..content.len()).step_by(10_240) {
        let range = format!("{start}-{}", start + 10_240);
        whole.extend_from_slice(&ann.calls.download_range(&id, "a.bin", &range).await.expect(200).body);
    }
    assert_eq!(whole, content);
}
