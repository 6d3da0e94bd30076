//! Input that nobody sends by accident: each is answered with a clear refusal in the API's voice, and
//! nothing in the bucket changes.

use bytes::Bytes;
use reqwest::Method;
use serde_json::json;
use suites::app::{App, Person};
use suites::caller::pattern;
use suites::raw::{self, request};

/// One account with one file system that holds `a/b.txt`, settled.
async fn with_file() -> (App, Person, String) {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    ann.calls.upload(&id, "a/b.txt", &pattern(10, 1), 10).await;
    app.settle().await;
    (app, ann, id)
}

/// Paths that no file and no directory can have, as they stand in a request line.
fn bad_paths() -> Vec<String> {
    let fixed = [
        "..",
        "../..",
        "../../../etc/passwd",
        "a/..",
        "a/../b",
        "a/../../x",
        ".",
        "a/./b",
        "a//b",
        "/a",
        "a/b/",
        "%2e%2e",
        "%2E%2E/x",
        "..%2f..%2fx",
        "a%2F..%2Fb",
        "a%2f%2fb",
        "%00",
        "a%00b",
        "a%0ab",
        "a%0d%0aX-Evil:%201",
        "a%7fb",
        "a%5cb",
        "..%5c..%5cx",
        "%ff%fe",
        "a/%c3%28",
        "%c0%ae%c0%ae/x",
        "%ed%a0%80",
        "a/%80",
    ];
    let mut paths: Vec<String> = fixed.map(str::to_owned).into();
    paths.push("x".repeat(256));
    paths.push(format!("a/{}", "%C3%A9".repeat(128)));
    paths.push("x".repeat(2048));
    paths.push(vec!["d"; 451].join("/"));
    paths
}

#[tokio::test]
async fn bad_paths_are_refused_by_every_operation() {
    let (app, ann, id) = with_file().await;
    let before = app.snapshot().await;
    let operations = [
        ("GET", "files", ""),
        ("POST", "files", r#"{"size": 3}"#),
        ("PUT", "files", "abc"),
        ("DELETE", "files", ""),
        ("POST", "mkdir", "{}"),
    ];
    for path in bad_paths() {
        for (method, place, body) in operations {
            if place == "mkdir" && path == "a/b/" {
                continue;
            }
            let target = format!("/v1/filesystems/{id}/{place}/{path}");
            let range = "Content-Range: [12345678901234567890]:0-3\r\n";
            let headers = if method == "PUT" { range } else { "" };
            let reply =
                raw::exchange(app.server(), &request(method, &target, &ann.token, headers, body.as_bytes())).await;
            let reply = reply.unwrap_or_else(|| panic!("{method} {target}: no answer"));
            assert!(
                matches!(reply.status, 400 | 403 | 404 | 409 | 414),
                "{method} {target}: {} {}",
                reply.status,
                reply.text()
            );
            reply.clone().expect_refusal(reply.status);
        }
    }
    assert_eq!(app.snapshot().await, before);
    assert_eq!(ann.calls.download(&id, "a/b.txt").await.expect(200).body, pattern(10, 1));
}

#[tokio::test]
async fn a_bad_directory_lists_nothing_of_anybodys() {
    let (app, ann, id) = with_file().await;
    // `.` is the root itself, which may be listed.
    for path in bad_paths().into_iter().filter(|path| path != ".") {
        let target = format!("/filesystems/{id}/list/{path}");
        let reply =
            raw::exchange(app.server(), &request("GET", &target, &ann.token, "", b"")).await.expect("an answer");
        let empty = reply.status == 200 && reply.json() == json!({ "directories": [], "files": [] });
        assert!(empty || matches!(reply.status, 400 | 403 | 404 | 414), "{target}: {} {}", reply.status, reply.text());
    }
}

#[tokio::test]
async fn an_encoded_slash_is_a_slash_and_nothing_more() {
    let (app, ann, id) = with_file().await;
    let target = format!("/filesystems/{id}/files/a%2Fb.txt");
    let reply = raw::exchange(app.server(), &request("GET", &target, &ann.token, "", b"")).await.expect("an answer");
    assert!(
        (reply.status == 200 && reply.body == pattern(10, 1)) || reply.status == 400,
        "{} {}",
        reply.status,
        reply.text()
    );
}

#[tokio::test]
async fn an_id_that_is_none_names_nothing() {
    let (app, ann, _id) = with_file().await;
    for id in ["x", "..", "%2e%2e", "%00", "%ff", "-1", "00000000-0000-0000-0000-00000000000g", &"9".repeat(2048)] {
        for (method, rest) in
            [("GET", "/list/"), ("GET", "/files/a"), ("DELETE", ""), ("POST", "/share"), ("POST", "/mkdir/a")]
        {
            let target = format!("/filesystems/{id}{rest}");
            let reply =
                raw::exchange(app.server(), &request(method, &target, &ann.token, "", b"{}")).await.expect("an answer");
            assert!(
                matches!(reply.status, 400 | 403 | 404 | 405),
                "{method} {target}: {} {}",
                reply.status,
                reply.text()
            );
            reply.clone().expect_refusal(reply.status);
        }
    }
}

#[tokio::test]
async fn a_credential_of_any_bytes_is_only_wrong() {
    let (app, _ann, _id) = with_file().await;
    let values: [&[u8]; 6] = [b"\xff\xfe\x80", b"Bearer \xc3\x28", b"Bearer ", b"../../x", b"%00", &[b'k'; 6000]];
    for value in values {
        let head = [b"GET /filesystems HTTP/1.1\r\nHost: h\r\nAuthorization: ", value, b"\r\n\r\n"].concat();
        let reply = raw::exchange(app.server(), &head).await.expect("an answer");
        reply.expect_refusal(401);
    }
}

#[tokio::test]
async fn a_body_of_ten_mebibytes_of_json_is_refused() {
    let (app, ann, id) = with_file().await;
    let before = app.snapshot().await;
    let long = json!({ "filesystem_name": "x".repeat(10 * 1024 * 1024) }).to_string();
    for path in
        ["/filesystems".to_owned(), format!("/filesystems/{id}/share"), format!("/filesystems/{id}/files/c.txt")]
    {
        let request = ann.calls.request(Method::POST, &path).body(long.clone());
        ann.calls.send(request).await.expect_refusal(413);
    }
    let deep = "[".repeat(60_000);
    let request = ann.calls.request(Method::POST, "/filesystems").body(deep);
    ann.calls.send(request).await.expect_refusal(400);
    assert_eq!(app.snapshot().await, before);
}

#[tokio::test]
async fn a_body_that_ends_early_leaves_nothing() {
    let (app, ann, id) = with_file().await;
    let upload = ann.calls.started(&id, "c.bin", 100).await;
    let target = format!("/filesystems/{id}/files/c.bin");
    let head = format!(
        "PUT {target} HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\nContent-Range: [{upload}]:0-100\r\nContent-Length: 100\r\n\r\n",
        ann.token
    );
    raw::send_and_hang_up(app.server(), &[head.as_bytes(), &[7; 60]].concat()).await;
    let refusal = ann.calls.complete(&id, "c.bin", &upload).await.expect_refusal(409).text();
    assert!(refusal.contains("0-100"), "{refusal}");
    let content = pattern(100, 4);
    ann.calls.chunk(&id, "c.bin", &upload, 0, content.clone()).await.expect(200);
    ann.calls.complete(&id, "c.bin", &upload).await.expect(200);
    assert_eq!(ann.calls.download(&id, "c.bin").await.expect(200).body, content);
}

#[tokio::test]
async fn a_content_length_that_is_none_is_refused() {
    let (app, ann, id) = with_file().await;
    let before = app.snapshot().await;
    let lengths = [
        "Content-Length: -1",
        "Content-Length: ten",
        "Content-Length: 99999999999999999999999",
        "Content-Length: 3\r\nContent-Length: 4",
    ];
    for length in lengths {
        let head = format!(
            "POST /filesystems/{id}/files/c.bin HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\n{length}\r\n\r\n{{}}",
            ann.token
        );
        let reply = raw::exchange(app.server(), head.as_bytes()).await.expect("an answer");
        assert_eq!(reply.status, 400, "{length}");
    }
    assert_eq!(app.snapshot().await, before);
}

#[tokio::test]
async fn a_chunk_of_unannounced_length_must_still_fit_its_range() {
    let (app, ann, id) = with_file().await;
    let upload = ann.calls.started(&id, "c.bin", 10).await;
    let target = format!("/filesystems/{id}/files/c.bin");
    for (bytes, status) in [
        ("5\r\nshort\r\n0\r\n\r\n", 402),
        ("14\r\nfar too long for that\r\n0\r\n\r\n", 402),
        ("a\r\nexactly10!\r\n0\r\n\r\n", 200),
    ] {
        let head = format!(
            "PUT {target} HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\nContent-Range: [{upload}]:0-10\r\nTransfer-Encoding: chunked\r\n\r\n{bytes}",
            ann.token
        );
        let reply = raw::exchange(app.server(), head.as_bytes()).await.expect("an answer");
        assert_eq!(reply.status, status, "{bytes:?}: {}", reply.text());
    }
    ann.calls.complete(&id, "c.bin", &upload).await.expect(200);
    assert_eq!(ann.calls.download(&id, "c.bin").await.expect(200).body, "exactly10!");
}

#[tokio::test]
async fn a_body_that_stops_arriving_is_given_up() {
    let app = App::impatient().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    let upload = ann.calls.started(&id, "c.bin", 100).await;
    let heads = [
        format!(
            "PUT /filesystems/{id}/files/c.bin HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\nContent-Range: [{upload}]:0-100\r\nContent-Length: 100\r\n\r\n12345",
            ann.token
        ),
        format!(
            "POST /filesystems HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\nContent-Length: 100\r\n\r\n{{",
            ann.token
        ),
    ];
    for head in heads {
        if let Some(reply) = raw::exchange(app.server(), head.as_bytes()).await {
            assert!(matches!(reply.status, 400 | 402 | 408), "{} {}", reply.status, reply.text());
        }
    }
    let refusal = ann.calls.complete(&id, "c.bin", &upload).await.expect_refusal(409).text();
    assert!(refusal.contains("0-100"), "{refusal}");
}

#[tokio::test]
async fn a_head_that_is_too_large_or_no_http_ends_that_connection_only() {
    let (app, ann, _id) = with_file().await;
    let long = format!("GET /filesystems HTTP/1.1\r\nHost: h\r\nX-Long: {}\r\n\r\n", "x".repeat(1024 * 1024));
    let heads: [&[u8]; 4] = [
        long.as_bytes(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
    ];
    for head in heads {
        if let Some(reply) = raw::exchange(app.server(), head).await {
            assert!((400..=431).contains(&reply.status) || reply.status == 505, "{}", reply.status);
        }
    }
    ann.calls.filesystems().await.expect(200);
}

#[tokio::test]
async fn numbers_beyond_all_bounds_are_refused() {
    let (app, ann, id) = with_file().await;
    let before = app.snapshot().await;
    let upload = "12345678901234567890";
    let ranges = [
        "0-18446744073709551615",
        "18446744073709551614-18446744073709551615",
        "18446744073709551615-18446744073709551616",
        "99999999999999999999999999-99999999999999999999999999999",
        "-5--1",
        "0-9223372036854775808",
    ];
    for range in ranges {
        let reply =
            ann.calls.chunk_with(&id, "c.bin", &format!("[{upload}]:{range}"), Bytes::from_static(b"abc")).await;
        assert!(matches!(reply.status, 400 | 402 | 404 | 413), "{range}: {} {}", reply.status, reply.text());
        let reply = ann.calls.download_range(&id, "a/b.txt", range).await;
        assert!(matches!(reply.status, 200 | 400), "{range}: {} {}", reply.status, reply.text());
    }
    assert_eq!(app.snapshot().await, before);
}
