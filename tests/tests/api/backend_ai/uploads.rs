//! Files in forms, as clients up to 20.03 send them.

use bytes::Bytes;
use futures::{StreamExt, stream};
use mapping::Settings;
use reqwest::Method;
use serde_json::json;
use suites::app::{App, Person};
use suites::caller::pattern;
use suites::process::Server;
use suites::reply::Reply;
use suites::signer::Signer;

/// A part as the published clients write it.
fn part(name: &str, content: &[u8]) -> Vec<u8> {
    let name: String = name.replace(' ', "%20").replace('/', "%2F");
    let disposition = format!("form-data; name=\"src\"; filename=\"{name}\"; filename*=utf-8''{name}");
    let length = content.len();
    let head = format!("--XX\r\nContent-Type: application/octet-stream\r\nContent-Length: {length}\r\n");
    let head = format!("{head}Content-Disposition: {disposition}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

pub(super) fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut form: Vec<u8> = parts.iter().flat_map(|(name, content)| part(name, content)).collect();
    form.extend_from_slice(b"--XX--\r\n");
    form
}

pub(super) fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("f{number:02}")).collect()
}

/// Files that all have the same bytes.
pub(super) fn form_of(names: &[String], content: &[u8]) -> Vec<u8> {
    let parts: Vec<_> = names.iter().map(|name| (name.as_str(), content)).collect();
    form(&parts)
}

/// The form of a client that does not say how long its parts are.
pub(super) fn without_lengths(form: &[u8]) -> Vec<u8> {
    let lines = form.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(b"Content-Length")).flatten().copied().collect()
}

pub(super) async fn sent(person: &Person, form: Vec<u8>) -> Reply {
    let kind = "multipart/form-data; boundary=XX";
    let request = person.signs.request(Method::POST, "/folders/mydata/upload", kind, form.into());
    person.signs.send(request).await
}

async fn scene() -> (App, Person, String) {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.signs.created("mydata").await;
    (app, ann, id)
}

pub(super) async fn content(ann: &Person, id: &str, path: &str) -> Bytes {
    ann.calls.download(id, path).await.expect(200).body
}

#[tokio::test]
async fn a_form_stores_its_files_where_their_names_say() {
    let (app, ann, id) = scene().await;
    let large = pattern(9 << 20, 3);
    let reply = sent(&ann, form(&[("sub/b b.txt", b"one"), ("empty", b""), ("large.bin", &large)])).await.expect(201);
    assert!(reply.body.is_empty());
    assert_eq!(content(&ann, &id, "sub/b%20b.txt").await, "one");
    assert_eq!(content(&ann, &id, "empty").await, "");
    assert!(content(&ann, &id, "large.bin").await == large);
    sent(&ann, form(&[("sub/b b.txt", b"another")])).await.expect(201);
    let many: Vec<_> = (0..30).map(|number| format!("many/{number:02}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), name.as_bytes())).collect();
    sent(&ann, form(&many)).await.expect(201);
    assert_eq!(content(&ann, &id, "many/29").await, "many/29");
    assert_eq!(content(&ann, &id, "sub/b%20b.txt").await, "another");
    let plain =
        b"--XX\r\nContent-Disposition: form-data; name=\"x\"; filename=\"a%2Fb\"\r\n\r\nliteral\r\n--XX--".to_vec();
    sent(&ann, plain.clone()).await.expect(201);
    assert_eq!(content(&ann, &id, "a%252Fb").await, "literal");
    // The client of 20.03 over a newer aiohttp sends the plain name alone, and encodes it nevertheless.
    let kind = "multipart/form-data; boundary=XX";
    let client = ann.signs.as_client();
    client.send(client.request(Method::POST, "/folders/mydata/upload", kind, plain.into())).await.expect(201);
    assert_eq!(content(&ann, &id, "a/b").await, "literal");
    app.settle().await;
    assert_eq!(app.core().budget().held(), 0);
}

#[tokio::test]
async fn a_form_puts_nothing_where_it_cannot_be() {
    let (app, ann, _) = scene().await;
    sent(&ann, form(&[("file", b"1"), ("dir/file", b"2")])).await.expect(201);
    app.settle().await;
    let before = app.snapshot().await;
    for name in ["../x", "..", "/etc/x", "a/../../x", "a//b", "", "a\\b"] {
        sent(&ann, form(&[(name, b"bad")])).await.expect_problem(400, "invalid-api-params");
    }
    for name in ["dir", "file/below"] {
        let refused = sent(&ann, form(&[(name, b"bad")])).await.expect_problem(400, "vfolder-operation-failed");
        assert!(refused.text().contains("is a"), "{}", refused.text());
    }
    let note = b"--XX\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--XX--".to_vec();
    for bad in [note, b"--XX--\r\n".to_vec(), b"nothing".to_vec(), Vec::new()] {
        sent(&ann, bad).await.expect_problem(400, "invalid-api-params");
    }
    let json = ann.signs.call("POST", "/folders/mydata/upload", &json!({})).await;
    assert!(json.expect_problem(400, "invalid-api-params").text().contains("multipart/form-data"));
    app.settle().await;
    assert_eq!(app.snapshot().await, before);
}

#[tokio::test]
async fn a_form_that_breaks_off_leaves_what_was_complete_and_says_so() {
    let (app, ann, id) = scene().await;
    let large = pattern(20 << 20, 5);
    let whole = form(&[("first", b"1"), ("second", b"2"), ("third", &large)]);
    for cut in [17 << 20, 300] {
        let refused = sent(&ann, whole[..whole.len() - cut].to_vec()).await.expect_problem(400, "invalid-api-params");
        let said = refused.json()["msg"].as_str().expect("a message").to_owned();
        assert_eq!(said, "the form ended early or was cut off; stored nevertheless: 2 (`first`, `second`)");
        assert_eq!(ann.calls.names(&id, "").await.1, ["first", "second"]);
    }
    let longer = String::from_utf8(form(&[("a", b"1"), ("b", b"123")])).unwrap().replace("Length: 3", "Length: 4");
    let refused = sent(&ann, longer.into_bytes()).await.expect_problem(400, "invalid-api-params");
    assert!(refused.text().contains("not as long as its Content-Length; stored nevertheless: 1 (`a`)"));
    assert_eq!(ann.calls.names(&id, "").await.1, ["a", "first", "second"]);
    app.settle().await;
    assert_eq!(app.core().budget().held(), 0);
    assert_eq!(app.keys(".folderbridge/uploads/").await.iter().filter(|key| key.contains("/bundles/")).count(), 0);
}

#[tokio::test]
async fn a_form_larger_than_the_budget_goes_through_it() {
    let budget = 4 << 20;
    let settings = Settings { budget_bytes: budget, ..Settings::default() };
    let app = App::with(1, settings, Default::default()).await;
    let ann = app.person("ann").await;
    let id = ann.signs.created("mydata").await;
    let large = pattern(48 << 20, 9);
    let form = form(&[("one", &large[..40 << 20]), ("two", &large)]);
    let (bucket, mut most) = (app.core().clone(), 0);
    let upload = sent(&ann, form);
    tokio::pin!(upload);
    let reply = loop {
        tokio::select! {
            reply = &mut upload => break reply,
            () = tokio::time::sleep(std::time::Duration::from_millis(5)) => most = bucket.budget().held().max(most),
        }
    };
    reply.expect(201);
    assert!(most > 0 && most <= budget, "{most} bytes of {budget} were held");
    assert!(content(&ann, &id, "one").await == large[..40 << 20]);
    assert!(content(&ann, &id, "two").await == large);
}

#[tokio::test]
async fn a_form_ends_where_a_limit_is_reached() {
    let (app, ann, id) = scene().await;
    let admin = app.admin();
    let limits = format!("/admin/v1/folders/{id}/limits");
    admin.call(Method::PATCH, &limits, &json!({ "max_bytes": 1000 })).await.expect(200);
    let refused = sent(&ann, form(&[("one", &[1; 600]), ("other", &[2; 600])])).await;
    // They are written side by side: either may be the one that fits.
    let there = ann.calls.names(&id, "").await.1;
    assert!(there == ["one"] || there == ["other"], "{there:?}");
    let said = format!("stored nevertheless: 1 (`{}`)", there[0]);
    assert!(refused.expect_problem(412, "quota-exceeded").text().contains(&said));
}

/// The most memory that a process ever had, where the system tells.
fn most_resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// The whole program, with its store: the budget, what the store has on its way, and the allocator's own.
#[tokio::test]
async fn a_large_form_takes_no_more_memory_than_the_budget_and_a_little() {
    let (pieces, piece) = (256, pattern(1 << 20, 1));
    let data = tempfile::tempdir().expect("a directory");
    let server = Server::start(data.path()).await;
    let ann = server.account("ann").await;
    let secret = |name: &str| ann[name].as_str().expect("a credential").to_owned();
    let signs = Signer::new(&server.nobody(), &secret("access_key"), &secret("secret_key"));
    signs.created("mydata").await;
    let Some(before) = most_resident(server.pid()) else { return };
    let head = Bytes::from_static(b"--XX\r\nContent-Disposition: form-data; filename=\"large\"\r\n\r\n");
    let chunks = [head].into_iter().chain(std::iter::repeat_n(piece, pieces)).chain([Bytes::from("\r\n--XX--")]);
    let body = reqwest::Body::wrap_stream(stream::iter(chunks.map(Ok::<_, std::io::Error>)));
    let kind = "multipart/form-data; boundary=XX";
    let request = signs.request(Method::POST, "/folders/mydata/upload", kind, Bytes::new());
    signs.send(request.body(body)).await.expect(201);
    let grown = most_resident(server.pid()).expect("it runs") - before;
    println!("{} MiB more for a form of {pieces} MiB", grown >> 20);
    assert!(grown < 100 << 20, "{} MiB more for a form of {pieces} MiB", grown >> 20);
}

#[tokio::test]
async fn what_is_stored_is_not_kept_while_a_slow_client_sends_the_next_file() {
    let (app, ann, id) = scene().await;
    let (names, large) = (names(0..17), pattern(100_000, 1));
    let whole = Bytes::from(form_of(&names, &large));
    let (first, rest) = (whole.slice(..whole.len() - 50_000), whole.slice(whole.len() - 50_000..));
    let (go_on, wait) = tokio::sync::oneshot::channel();
    let rest = stream::once(async move { wait.await.map(|()| rest).map_err(std::io::Error::other) });
    let body = reqwest::Body::wrap_stream(stream::iter([Ok(first)]).chain(rest));
    let kind = "multipart/form-data; boundary=XX";
    let request = ann.signs.request(Method::POST, "/folders/mydata/upload", kind, Bytes::new());
    let look = async {
        let is_stored = async || ann.calls.names(&id, "").await.1.len() == 16;
        app.until("sixteen are stored", is_stored).await;
        app.until("only the last is kept", async || app.core().budget().held() <= 100_000).await;
        go_on.send(()).expect("the form is read on");
    };
    tokio::join!(ann.signs.send(request.body(body)), look).0.expect(201);
    assert_eq!(ann.calls.names(&id, "").await.1, names);
}
