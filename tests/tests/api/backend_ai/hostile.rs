//! Input that no client sends by accident: each is answered with a problem, and nothing in the bucket changes.

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};
use suites::app::{App, Person};
use suites::raw;

/// One account with a folder `mydata` that holds `a/b.txt`, settled.
async fn with_file() -> (App, Person, String) {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.signs.created("mydata").await;
    app.put_files(&id, ["a/b.txt".to_owned()].into_iter()).await;
    app.settle().await;
    (app, ann, id)
}

/// Ways out of a folder, and what no file can be called.
fn bad_paths() -> Vec<String> {
    let fixed = [
        "..",
        "../x",
        "a/..",
        "a/../../x",
        "/..",
        "./..",
        "a//b",
        "//a",
        "a/./b",
        "\u{0}",
        "a\nb",
        "a\u{7f}b",
        "a\\b",
        "..\\x",
        ".. /x",
        " ../x",
        "a/\u{85}",
    ];
    let mut paths: Vec<String> = fixed.map(str::to_owned).into();
    paths.push("x".repeat(256));
    paths.push(vec!["d"; 451].join("/"));
    paths
}

#[tokio::test]
async fn bad_paths_are_refused_by_every_operation() {
    let (app, ann, _) = with_file().await;
    let before = app.snapshot().await;
    for path in bad_paths() {
        // For a list, a path that cannot be is one that is not there.
        let listed = ann.signs.call("GET", "/folders/mydata/files", &json!({ "path": path })).await;
        listed.expect_problem(404, "object-not-found");
        let operations: [(&str, &str, Value); 7] = [
            ("POST", "mkdir", json!({ "path": path })),
            ("DELETE", "delete_files", json!({ "files": [path], "recursive": true })),
            ("POST", "delete-files-async", json!({ "files": [path], "recursive": true })),
            ("POST", "rename_file", json!({ "target_path": path, "new_name": "x" })),
            ("POST", "rename_file", json!({ "target_path": "a/b.txt", "new_name": path })),
            ("POST", "move-file", json!({ "src": path, "dst": "x" })),
            ("POST", "move-file", json!({ "src": "a", "dst": path })),
        ];
        for (method, verb, body) in operations {
            let reply = ann.signs.call(method, &format!("/folders/mydata/{verb}"), &body).await;
            reply.expect_problem(400, "invalid-api-params");
        }
    }
    assert_eq!(app.snapshot().await, before);
}

#[tokio::test]
async fn a_body_that_is_none_is_refused() {
    let (app, ann, _) = with_file().await;
    let before = app.snapshot().await;
    let deep = "[".repeat(60_000);
    let bodies: [&[u8]; 7] = [b"{", b"[]", b"5", b"\xff\xfe", b"{\"name\": \"\xc3\"}", b"name=x", deep.as_bytes()];
    for body in bodies {
        for (method, target) in [
            ("POST", "/folders"),
            ("GET", "/folders"),
            ("POST", "/folders/mydata/mkdir"),
            ("DELETE", "/folders/mydata/delete_files"),
            ("POST", "/folders/mydata/invite"),
            ("POST", "/admin/gql"),
        ] {
            let method: Method = method.parse().unwrap();
            let request = ann.signs.request(method, target, "application/json", Bytes::copy_from_slice(body));
            ann.signs.send(request).await.expect_problem(400, "invalid-api-params");
        }
    }
    let long = json!({ "name": "x".repeat(2 << 20), "query": "x" });
    for target in ["/folders", "/folders/mydata/mkdir", "/admin/gql"] {
        ann.signs.call("POST", target, &long).await.expect_problem(413, "content-too-large");
    }
    assert_eq!(app.snapshot().await, before);
}

#[tokio::test]
async fn a_credential_of_any_bytes_is_only_wrong() {
    let (app, _ann, _) = with_file().await;
    let long = vec![b'k'; 6000];
    let date = "Date: Fri, 27 Nov 2026 00:00:00 GMT\r\n";
    for value in [&b"\xff\xfe\x80"[..], b"BackendAI", b"BackendAI signMethod=\xff", b"Sorna credential=:", &long] {
        let head = [b"GET /folders HTTP/1.1\r\nHost: h\r\n", date.as_bytes(), b"Authorization: ", value, b"\r\n\r\n"];
        let reply = raw::exchange(app.server(), &head.concat()).await.expect("an answer");
        reply.expect_problem(400, "invalid-auth-params");
    }
    // No host, no type of body, two of everything.
    for head in [
        "GET /folders HTTP/1.0\r\nAuthorization: BackendAI signMethod=HMAC-SHA256, credential=a:b\r\n\r\n",
        "GET /folders HTTP/1.1\r\nHost: h\r\nHost: i\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n",
    ] {
        let reply = raw::exchange(app.server(), head.as_bytes()).await.expect("an answer");
        assert_eq!(reply.status, 400, "{head}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_name_that_looks_like_the_id_of_another_is_no_way_in() {
    let (app, ann, id) = with_file().await;
    let bob = app.person("bob").await;
    // Made through another API, where any name goes, and offered to Ann.
    let trap = bob.calls.created(&id).await;
    bob.calls.share(&trap, &ann.id).await.expect(200);
    assert_eq!(ann.signs.plain("GET", &format!("/folders/{id}")).await.expect(200).json()["name"], "mydata");
    ann.signs.plain("DELETE", &format!("/folders/{id}")).await.expect(204);
    ann.signs.plain("GET", &format!("/folders/{id}")).await.expect_problem(404, "vfolder-not-found");
    ann.signs.plain("GET", &format!("/folders/{trap}")).await.expect(200);
}
