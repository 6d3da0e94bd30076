//! Files downloaded: several in one answer, one by its name, and by links.

use std::io::Read as _;

use bytes::Bytes;
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use suites::app::{App, Person};
use suites::caller::pattern;
use suites::reply::Reply;

struct Scene {
    app: App,
    ann: Person,
    id: String,
}

impl Scene {
    async fn new(files: &[(&str, &[u8])]) -> Self {
        let app = App::start().await;
        let ann = app.person("ann").await;
        let id = ann.signs.created("mydata").await;
        let scene = Self { app, ann, id };
        for (path, content) in files {
            scene.put(path, content).await;
        }
        scene
    }

    async fn put(&self, path: &str, content: &[u8]) {
        self.ann.calls.upload(&self.id, path, &Bytes::copy_from_slice(content), 1 << 20).await;
    }

    async fn several(&self, version: &'static str, files: &Value) -> Reply {
        let ann = self.ann.signs.speaking(version);
        ann.call("GET", "/folders/mydata/download", &json!({ "files": files })).await
    }

    /// Asks for a link and says its path and query.
    async fn link(&self, verb: &str, body: Value) -> String {
        let reply = self.ann.signs.call("POST", &format!("/folders/mydata/{verb}"), &body).await.expect(200).json();
        let (url, token) = (reply["url"].as_str().expect("a URL"), reply["token"].as_str().expect("a token"));
        let path = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("of this host").1;
        format!("/{path}?token={token}")
    }

    async fn follow(&self, method: Method, link: &str, headers: &[(&'static str, &str)]) -> Reply {
        let nobody = self.app.nobody();
        let mut request = nobody.request(method, link);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        nobody.send(request).await
    }
}

/// The parts of an answer: the lines of each one's head, and its body.
pub(super) fn parts(reply: &Reply) -> Vec<(Vec<String>, Vec<u8>)> {
    let boundary = reply.header("content-type").strip_prefix("multipart/mixed; boundary=").expect("a boundary");
    let (mut rest, mut parts) = (&reply.body[..], Vec::new());
    let find = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).position(|window| window == wanted);
    while let Some(behind) = rest.strip_prefix(format!("--{boundary}\r\n").as_bytes()) {
        let end = find(behind, b"\r\n\r\n").expect("the end of a head");
        let lines = std::str::from_utf8(&behind[..end]).expect("text").split("\r\n").map(str::to_owned).collect();
        let body = &behind[end + 4..];
        let end = find(body, format!("\r\n--{boundary}").as_bytes()).expect("the end of a part");
        parts.push((lines, body[..end].to_vec()));
        rest = &body[end + 2..];
    }
    assert_eq!(rest, format!("--{boundary}--\r\n").as_bytes());
    parts
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut content).expect("gzip");
    content
}

#[tokio::test]
async fn several_files_come_as_each_generation_of_clients_reads_them() {
    let large = pattern(3 << 20, 1);
    let scene = Scene::new(&[("a.txt", b"one"), ("sub%20dir/b%20b.txt", &large), ("empty", b"")]).await;
    let files = json!(["sub dir/b b.txt", "a.txt", "empty", "a.txt"]);
    let expected: [(&str, &[u8]); 4] = [("b%20b.txt", &large), ("a.txt", b"one"), ("empty", b""), ("a.txt", b"one")];
    for (version, coding) in
        [("v2.20170315", "gzip"), ("v4.20190315", "gzip"), ("v4.20190615", "identity"), ("v5.20191215", "identity")]
    {
        let reply = scene.several(version, &files).await.expect(200);
        assert_eq!(reply.header("x-total-payloads-length"), (large.len() + 6).to_string(), "{version}");
        let parts = parts(&reply);
        assert_eq!(parts.len(), 4);
        for ((head, body), (name, content)) in parts.iter().zip(expected) {
            let mut lines = vec![
                "Content-Type: application/octet-stream".to_owned(),
                format!("Content-Encoding: {coding}"),
                format!("Content-Disposition: attachment; filename=\"{name}\"; filename*=utf-8''{name}"),
            ];
            let body = if coding == "gzip" { unpacked(body) } else { body.clone() };
            if coding == "identity" {
                lines.push(format!("Content-Length: {}", content.len()));
            }
            assert_eq!((head, body == content), (&lines, true), "{version}: {name}");
        }
    }
    let by_query = scene.ann.signs.plain("GET", "/folders/mydata/download?files=a.txt&files=empty").await.expect(200);
    assert_eq!(parts(&by_query).len(), 2);
}

#[tokio::test]
async fn what_cannot_be_downloaded_is_told_before_the_first_byte() {
    let scene = Scene::new(&[("a.txt", b"one"), ("dir/b", b"")]).await;
    for files in [json!(["a.txt", "none"]), json!(["dir"]), json!(["a.txt", "a.txt/x"])] {
        scene.several("v5.20191215", &files).await.expect_problem(404, "object-not-found");
    }
    for files in [json!([]), json!(null), json!(["../a"]), json!([5]), json!(vec!["a.txt"; 10_001])] {
        scene.several("v5.20191215", &files).await.expect_problem(400, "invalid-api-params");
    }
}

#[tokio::test]
async fn many_files_come_in_their_order_and_within_the_budget() {
    let scene = Scene::new(&[]).await;
    let names: Vec<_> = (0..700).map(|number| format!("d/{number:04}")).collect();
    scene.app.put_files(&scene.id, names.clone().into_iter()).await;
    let mut files: Vec<_> = names.iter().cycle().take(10_000).cloned().collect();
    files.reverse();
    let reply = scene.several("v5.20191215", &json!(files)).await.expect(200);
    assert_eq!(reply.header("x-total-payloads-length"), "10000");
    let parts = parts(&reply);
    assert_eq!(parts.len(), 10_000);
    for ((head, _), file) in parts.iter().zip(&files) {
        assert!(head[2].contains(&format!("filename=\"{}\"", &file[2..])), "{file}: {}", head[2]);
    }
    assert_eq!(scene.app.core().budget().held(), 0);
}

#[tokio::test]
async fn a_file_that_changes_under_an_answer_breaks_it_off() {
    // The second is too large to be fetched ahead of its turn.
    let (large, before, behind) = (pattern(64 << 20, 1), b"before".repeat(50_000), b"behind".repeat(50_000));
    for removed in [false, true] {
        let scene = Scene::new(&[("first", &large), ("second", &before)]).await;
        let body = json!({ "files": ["first", "second"] }).to_string();
        let signs = scene.ann.signs.speaking("v5.20191215");
        let request = signs.request(Method::GET, "/folders/mydata/download", "application/json", body.into());
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let mut body = answer.bytes_stream();
        let mut got = body.next().await.expect("some bytes").expect("some bytes").to_vec();
        if removed {
            scene.ann.calls.remove(&scene.id, "second").await.expect(200);
        } else {
            scene.put("second", &behind).await;
        }
        let mut broken = false;
        while let Some(chunk) = body.next().await {
            match chunk {
                Ok(chunk) => got.extend_from_slice(&chunk),
                Err(_) => broken = true,
            }
        }
        assert!(broken, "the answer ended as if it were whole");
        assert!(got.len() > large.len() && !got.ends_with(b"--\r\n"));
        let tail = &got[got.len() - 100..];
        assert!(!tail.windows(6).any(|window| window == b"behind" || window == b"before"));
    }
}

#[tokio::test]
async fn one_file_comes_whole_or_in_ranges() {
    let scene = Scene::new(&[("sub%20dir/a.txt", b"0123456789")]).await;
    let target = "/folders/mydata/download_single?file=sub+dir/a.txt";
    let whole = scene.ann.signs.plain("GET", target).await.expect(200);
    assert_eq!(whole.body, "0123456789");
    assert_eq!(whole.header("content-disposition"), "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let head = scene.ann.signs.plain("HEAD", target).await.expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), ("10", 0));
    let ranged = async |range: &str, if_range: Option<&str>| {
        let request = scene.ann.signs.request(Method::GET, target, "text/plain", Bytes::new()).header("range", range);
        let request = if_range.into_iter().fold(request, |request, known| request.header("if-range", known));
        scene.ann.signs.send(request).await
    };
    let part = ranged("bytes=2-4", None).await.expect(206);
    assert_eq!((part.header("content-range"), &part.body[..]), ("bytes 2-4/10", &b"234"[..]));
    for known in [whole.header("etag"), whole.header("last-modified")] {
        assert_eq!(ranged("bytes=7-", Some(known)).await.expect(206).body, "789", "{known}");
    }
    for known in ["\"old\"", "Sun, 13 Sep 2020 12:26:42 GMT"] {
        assert_eq!(ranged("bytes=7-", Some(known)).await.expect(200).body, "0123456789", "{known}");
    }
    let outside = ranged("bytes=10-", None).await.expect_problem(416, "range-not-satisfiable");
    assert_eq!(outside.header("content-range"), "bytes */10");
    assert_eq!(ranged("nonsense", None).await.expect(200).body.len(), 10);
    scene.ann.signs.plain("GET", "/folders/mydata/download_single?file=none").await.expect(404);
}

#[tokio::test]
async fn a_link_is_followed_without_a_signature() {
    let scene = Scene::new(&[("dir/%E6%97%A5.bin", b"0123456789"), ("second", b"2")]).await;
    let link = scene.link("request-download", json!({ "path": "dir/日.bin" })).await;
    let whole = scene.follow(Method::GET, &link, &[]).await.expect(200);
    assert_eq!(whole.body, "0123456789");
    assert!(whole.header("content-disposition").ends_with("filename*=UTF-8''%E6%97%A5.bin"));
    assert_eq!(scene.follow(Method::HEAD, &link, &[]).await.expect(200).header("content-length"), "10");
    let rest = [("range", "bytes=4-"), ("if-range", whole.header("last-modified"))];
    assert_eq!(scene.follow(Method::GET, &link, &rest).await.expect(206).body, "456789");
    let old = scene.link("request_download", json!({ "file": "second" })).await;
    let page = scene.follow(Method::GET, &old, &[("origin", "https://pages.example.org")]).await.expect(200);
    assert_eq!((&page.body[..], page.header("access-control-allow-origin")), (&b"2"[..], "*"));
    let of_20_3 = old.replacen("download-with-token", "download_with_token", 1);
    assert_eq!(scene.follow(Method::GET, &of_20_3, &[]).await.expect(200).body, "2");

    scene.ann.calls.remove(&scene.id, "second").await.expect(200);
    scene.follow(Method::GET, &old, &[]).await.expect_problem(404, "storage/file-not-found");
    let ask = async |body: Value| scene.ann.signs.call("POST", "/folders/mydata/request-download", &body).await;
    ask(json!({ "path": "none" })).await.expect_problem(404, "storage/file-not-found");
    ask(json!({ "path": "dir" })).await.expect_problem(404, "storage/file-not-found");
    ask(json!({ "path": "../x" })).await.expect_problem(400, "invalid-api-params");
    for link in ["/folders/_/download-with-token", "/folders/_/download-with-token?token=x"] {
        scene.follow(Method::GET, link, &[]).await.expect_problem(401, "auth-failed");
    }
}

/// What the list at the end of a zip names, and how long each is.
fn listed(zip: &[u8]) -> Vec<(String, u32)> {
    let start = zip.windows(4).position(|window| window == b"PK\x01\x02").unwrap_or(zip.len());
    let (mut rest, mut names) = (&zip[start..], Vec::new());
    while rest.starts_with(b"PK\x01\x02") {
        let short = |at: usize| usize::from(u16::from_le_bytes([rest[at], rest[at + 1]]));
        let size = u32::from_le_bytes(rest[24..28].try_into().expect("four bytes"));
        let (name, extra) = (short(28), short(30));
        names.push((String::from_utf8(rest[46..46 + name].to_vec()).expect("a name"), size));
        rest = &rest[46 + name + extra..];
    }
    assert!(rest.starts_with(b"PK\x05\x06"), "a zip has an end");
    names
}

fn names(list: &[(&str, u32)]) -> Vec<(String, u32)> {
    list.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect()
}

#[tokio::test]
async fn directories_and_several_files_come_as_archives() {
    let scene = Scene::new(&[("d/a.txt", b"one"), ("d/e/f", b"four"), ("g", b"1"), ("h", b"22")]).await;
    scene.ann.calls.mkdir(&scene.id, "d/empty").await.expect(200);
    let all = names(&[("d/", 0), ("d/a.txt", 3), ("d/e/f", 4), ("d/empty/", 0)]);
    let link = scene.link("request-download", json!({ "path": "d", "archive": true })).await;
    let zip = scene.follow(Method::GET, &link, &[]).await.expect(200);
    assert_eq!((zip.header("content-type"), listed(&zip.body)), ("application/zip", all.clone()));
    assert!(zip.header("content-disposition").contains("\"d.zip\""));
    let single =
        scene.ann.signs.plain("GET", "/folders/mydata/download_single?file=d/e&archive=true").await.expect(200);
    assert_eq!(listed(&single.body), names(&[("e/", 0), ("e/f", 4)]));
    let several = json!({ "files": ["g", "d/e"], "filename": "some.zip" });
    let link = scene.link("request-download-archive", several).await;
    let zip = scene.follow(Method::GET, &link, &[]).await.expect(200);
    assert_eq!(listed(&zip.body), names(&[("g", 1), ("d/e/", 0), ("d/e/f", 4)]));
    let link = scene.link("request-download-archive", json!({ "files": ["."] })).await;
    let zip = scene.follow(Method::GET, &link, &[]).await.expect(200);
    assert_eq!(listed(&zip.body), names(&[("d/a.txt", 3), ("d/e/f", 4), ("d/empty/", 0), ("g", 1), ("h", 2)]));
    let link = scene.link("request-download", json!({ "path": "d", "archive": "tar" })).await;
    let tar = scene.follow(Method::GET, &link, &[]).await.expect(200);
    assert_eq!((tar.header("content-type"), tar.body.len() % 512), ("application/x-tar", 0));
    assert!(tar.body.starts_with(b"d/\0"));
    let file = scene.link("request-download", json!({ "path": "g", "archive": true })).await;
    assert_eq!(scene.follow(Method::GET, &file, &[]).await.expect(200).body, "1");
    for files in [json!(["none"]), json!(["g", "none"])] {
        let body = json!({ "files": files });
        let refused = scene.ann.signs.call("POST", "/folders/mydata/request-download-archive", &body).await;
        refused.expect_problem(404, "storage/file-not-found");
    }
    let many: Vec<_> = (0..2000).map(|number| format!("a file that is not there {number}")).collect();
    let body = json!({ "files": many });
    scene.ann.signs.call("POST", "/folders/mydata/request-download-archive", &body).await.expect(404);
}
