//! Uploads in chunks, as clients since 20.09 send them, through any replica.

use bytes::Bytes;
use mapping::access::Permission;
use mapping::store::faulty::Faults;
use reqwest::Method;
use serde_json::json;
use suites::app::{App, Person};
use suites::caller::pattern;
use suites::raw;
use suites::reply::Reply;

struct Scene {
    app: App,
    ann: Person,
    id: String,
}

impl Scene {
    async fn new(replicas: usize) -> Self {
        let app = App::replicas(replicas).await;
        let ann = app.person("ann").await;
        let id = ann.signs.created("mydata").await;
        Self { app, ann, id }
    }

    /// Asks for a link and says its path and query.
    async fn asked(&self, path: &str, size: usize) -> String {
        let body = json!({ "path": path, "size": size });
        let link = self.ann.signs.call("POST", "/folders/mydata/request-upload", &body).await.expect(200).json();
        let (url, token) = (link["url"].as_str().expect("a URL"), link["token"].as_str().expect("a token"));
        let path = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("of this host").1;
        format!("/{path}?token={token}")
    }

    /// Sends a chunk, to the replica whose turn it is.
    async fn patch(&self, link: &str, offset: usize, bytes: Bytes) -> Reply {
        let nobody = self.app.nobody();
        let request = nobody.request(Method::PATCH, link).header("upload-offset", offset.to_string());
        let request =
            request.header("tus-resumable", "1.0.0").header("content-type", "application/offset+octet-stream");
        nobody.send(request.body(bytes)).await
    }

    async fn sent(&self, link: &str, offset: usize, bytes: Bytes) {
        let end = offset + bytes.len();
        let reply = self.patch(link, offset, bytes).await.expect(204);
        assert_eq!(reply.header("upload-offset"), end.to_string());
        assert_eq!((reply.header("tus-resumable"), reply.header("cache-control")), ("1.0.0", "no-store"));
    }

    /// Where to go on, and how long the file is.
    async fn place(&self, link: &str) -> (usize, usize) {
        let nobody = self.app.nobody();
        let reply = nobody.send(nobody.request(Method::HEAD, link)).await.expect(200);
        let number = |name| reply.header(name).parse().expect("a number");
        (number("upload-offset"), number("upload-length"))
    }

    async fn is_there(&self, path: &str, content: &Bytes) {
        assert!(self.ann.calls.download(&self.id, path).await.expect(200).body == *content, "{path}");
    }

    async fn is_not_there(&self, path: &str) {
        self.ann.calls.download(&self.id, path).await.expect(404);
    }
}

#[tokio::test]
async fn a_file_comes_in_chunks_through_any_replica() {
    let scene = Scene::new(3).await;
    let content = pattern(12_000_003, 4);
    for (number, chunk) in [16 << 20, 6 << 20, 5_000_000, 1_000_000].into_iter().enumerate() {
        let path = format!("sub/dir{number}/a.bin");
        let link = scene.asked(&path, content.len()).await;
        for at in (0..content.len()).step_by(chunk) {
            assert_eq!(scene.place(&link).await, (at, content.len()));
            scene.is_not_there(&path).await;
            scene.sent(&link, at, content.slice(at..(at + chunk).min(content.len()))).await;
        }
        scene.is_there(&path, &content).await;
        assert_eq!(scene.place(&link).await, (content.len(), content.len()));
        // Whoever lost the answer to the last chunk sends it again.
        let last = (content.len() - 1) / chunk * chunk;
        scene.sent(&link, last, content.slice(last..)).await;
        scene.is_there(&path, &content).await;
    }
}

#[tokio::test]
async fn a_chunk_that_does_not_follow_is_refused_and_the_upload_goes_on() {
    let scene = Scene::new(2).await;
    let content = pattern(1000, 1);
    let link = scene.asked("a.bin", 1000).await;
    let refused = scene.patch(&link, 1, content.slice(1..10)).await.expect_problem(409, "conflict");
    assert!(refused.text().contains("the next byte to be sent is the one at 0"), "{}", refused.text());
    scene.sent(&link, 0, content.slice(..400)).await;
    scene.patch(&link, 500, content.slice(500..)).await.expect_problem(409, "conflict");
    for again in [0..400, 300..400] {
        scene.sent(&link, again.start, content.slice(again)).await;
    }
    scene.patch(&link, 400, pattern(601, 1)).await.expect_problem(400, "invalid-api-params");
    let nobody = scene.app.nobody();
    for offset in ["", "-1", "x", "1.5"] {
        let request = nobody.request(Method::PATCH, &link).header("upload-offset", offset).body("x");
        nobody.send(request).await.expect_problem(400, "invalid-api-params");
    }
    let head = format!("PATCH {link} HTTP/1.1\r\nHost: h\r\nUpload-Offset: 400\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunked = [head.as_bytes(), b"1\r\nx\r\n0\r\n\r\n"].concat();
    raw::exchange(scene.app.server(), &chunked).await.expect("an answer").expect_problem(411, "length-required");
    assert_eq!(scene.place(&link).await, (400, 1000));
    scene.sent(&link, 400, content.slice(400..)).await;
    scene.is_there("a.bin", &content).await;
}

#[tokio::test]
async fn an_empty_file_is_there_before_anything_is_sent() {
    let scene = Scene::new(1).await;
    let link = scene.asked("sub/empty", 0).await;
    scene.is_there("sub/empty", &Bytes::new()).await;
    assert_eq!(scene.place(&link).await, (0, 0));
    scene.sent(&link, 0, Bytes::new()).await;
    scene.is_there("sub/empty", &Bytes::new()).await;
}

#[tokio::test]
async fn what_can_never_be_a_file_is_refused_before_anything_is_sent() {
    let scene = Scene::new(1).await;
    scene.app.put_files(&scene.id, ["dir/file".to_owned()].into_iter()).await;
    let ask = async |body| scene.ann.signs.call("POST", "/folders/mydata/request-upload", &body).await;
    for body in [
        json!({ "path": "a" }),
        json!({ "size": 1 }),
        json!({ "path": "../a", "size": 1 }),
        json!({ "path": "a", "size": -1 }),
        json!({ "path": "a", "size": 1.5 }),
        json!({ "path": ".", "size": 1 }),
    ] {
        ask(body).await.expect_problem(400, "invalid-api-params");
    }
    for path in ["dir", "dir/file/below"] {
        for size in [0, 1] {
            ask(json!({ "path": path, "size": size })).await.expect_problem(400, "vfolder-operation-failed");
        }
    }
    // New folders of this API hold 1 GiB.
    ask(json!({ "path": "a", "size": 2_u64 << 30 })).await.expect_problem(412, "quota-exceeded");
}

#[tokio::test]
async fn what_came_before_a_client_hung_up_is_kept() {
    let scene = Scene::new(2).await;
    let content = pattern(3_000_000, 6);
    let link = scene.asked("a.bin", content.len()).await;
    let head = format!("PATCH {link} HTTP/1.1\r\nHost: h\r\nUpload-Offset: 0\r\nContent-Length: 3000000\r\n\r\n");
    let bytes = [head.as_bytes(), &content[..2_000_000]].concat();
    raw::send_and_hang_up(scene.app.server(), &bytes).await;
    scene.app.until("some of it is stored", async || scene.place(&link).await.0 > 1_000_000).await;
    let (at, _) = scene.place(&link).await;
    assert!(at <= 2_000_000, "{at}");
    scene.is_not_there("a.bin").await;
    scene.sent(&link, at, content.slice(at..)).await;
    scene.is_there("a.bin", &content).await;
}

#[tokio::test]
async fn chunks_of_one_upload_at_the_same_time_make_one_file() {
    let scene = Scene::new(3).await;
    let content = pattern(12_000_000, 8);
    let link = scene.asked("a.bin", content.len()).await;
    for range in [0..6_000_000, 6_000_000..12_000_000] {
        let sends = (0..4).map(|_| scene.sent(&link, range.start, content.slice(range.clone())));
        futures::future::join_all(sends).await;
    }
    scene.is_there("a.bin", &content).await;
}

#[tokio::test]
async fn a_finish_that_failed_is_made_up_for_by_whoever_asks() {
    let scene = Scene::new(1).await;
    let content = pattern(1000, 2);
    let link = scene.asked("a.bin", 1000).await;
    scene.sent(&link, 0, content.slice(..999)).await;
    let mut failed = 0;
    for refused in [1000, 500, 500, 500, 500] {
        scene.app.set_faults(Faults { refused, seed: failed, ..Faults::default() });
        failed += u64::from(scene.patch(&link, 999, content.slice(999..)).await.status == 503);
    }
    assert!(failed > 0);
    scene.app.set_faults(Faults::default());
    // All may be stored and the file not made: who is told that all is there finds it.
    let (at, _) = scene.place(&link).await;
    if at < 1000 {
        scene.sent(&link, at, content.slice(at..)).await;
    }
    scene.is_there("a.bin", &content).await;
}

#[tokio::test]
async fn a_client_says_below_which_directory_its_files_go() {
    let scene = Scene::new(2).await;
    let content = pattern(1000, 3);
    let link = format!("{}&dst_dir=to%20here/", scene.asked("sub/a.bin", 1000).await);
    scene.sent(&link, 0, content.slice(..500)).await;
    let elsewhere = link.replace("to%20here", "elsewhere");
    scene.patch(&elsewhere, 500, content.slice(500..)).await.expect_problem(409, "conflict");
    let outside = link.replace("to%20here", "../..");
    scene.patch(&outside, 500, content.slice(500..)).await.expect_problem(400, "invalid-api-params");
    scene.sent(&link, 500, content.slice(500..)).await;
    scene.is_there("to%20here/sub/a.bin", &content).await;
}

#[tokio::test]
async fn a_link_of_20_03_has_its_token_in_the_path() {
    let scene = Scene::new(1).await;
    let content = pattern(700, 3);
    let body = json!({ "path": "a.bin", "size": "700" });
    let session = scene.ann.signs.call("POST", "/folders/mydata/create_upload_session", &body).await.expect(200).json();
    let link = format!("/folders/_/tus/upload/{}", session["token"].as_str().unwrap());
    assert_eq!(scene.place(&link).await, (0, 700));
    scene.sent(&link, 0, content.slice(..300)).await;
    assert_eq!(scene.place(&link).await, (300, 700));
    scene.sent(&link, 300, content.slice(300..)).await;
    scene.is_there("a.bin", &content).await;
}

#[tokio::test]
async fn pages_of_any_origin_may_send_chunks() {
    let scene = Scene::new(1).await;
    let nobody = scene.app.nobody();
    for path in ["/folders/_/tus/upload", "/folders/_/tus/upload/x", "/folders/_/tus/upload?token=x"] {
        let request = nobody.request(Method::OPTIONS, path).header("origin", "https://pages.example.org");
        let reply = nobody.send(request.header("access-control-request-method", "PATCH")).await.expect(204);
        assert_eq!((reply.header("tus-version"), reply.header("tus-resumable")), ("1.0.0", "1.0.0"));
        assert!(reply.header("tus-max-size").parse::<u64>().unwrap() > 1 << 40);
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert!(reply.header("access-control-allow-methods").contains("PATCH"));
        assert!(reply.header("access-control-allow-headers").contains("Upload-Offset"));
    }
    let refused = nobody.send(nobody.request(Method::PATCH, "/folders/_/tus/upload?token=x")).await;
    let refused = refused.expect_problem(401, "auth-failed");
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    assert!(refused.header("access-control-expose-headers").contains("Upload-Offset"));
}

#[tokio::test]
async fn a_link_ends_with_the_permission_and_is_good_for_its_upload_alone() {
    let scene = Scene::new(1).await;
    let bob = scene.app.person("bob").await;
    scene.app.share(&scene.ann, &scene.id, &bob, Permission::Write).await;
    let body = json!({ "path": "a.bin", "size": 10 });
    let asked = bob.signs.call("POST", &format!("/folders/{}/request-upload", scene.id), &body).await.expect(200);
    let token = asked.json()["token"].as_str().unwrap().to_owned();
    let link = format!("/folders/_/tus/upload?token={token}");
    scene.sent(&link, 0, pattern(5, 1)).await;
    let nobody = scene.app.nobody();
    let other = nobody.request(Method::GET, &format!("/folders/_/download-with-token?token={token}"));
    nobody.send(other).await.expect_problem(401, "auth-failed");
    let emails = json!({ "emails": ["bob@example.org"] });
    scene.ann.signs.call("DELETE", "/folders/mydata/unshare", &emails).await.expect(200);
    scene.patch(&link, 5, pattern(5, 1)).await.expect_problem(404, "vfolder-not-found");
    let admin = scene.app.admin();
    admin.call(Method::POST, &format!("/admin/v1/accounts/{}/disable", bob.id), &json!({})).await.expect(200);
    scene.patch(&link, 5, pattern(5, 1)).await.expect_problem(401, "auth-failed");
    scene.is_not_there("a.bin").await;
}
