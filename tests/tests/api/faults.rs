//! A store that fails now and then: what was answered with success holds, what was not is the old
//! state or the new one, and the API says "try again" and never "internal error".

use std::collections::BTreeMap;
use std::time::Duration;

use bridge::app::AppSettings;
use bytes::Bytes;
use mapping::Settings;
use mapping::store::faulty::Faults;
use serde_json::json;
use suites::app::{App, Person};
use suites::caller::pattern;
use suites::reply::Reply;

const FILES: u64 = 6;
const ROUNDS: u64 = 30;

fn bad_days(seed: u64) -> Faults {
    let latency = Duration::from_millis(2);
    Faults { seed, refused: 30, conflicts: 50, lost: 30, cut: 20, latency, ..Faults::default() }
}

/// What a file may hold now; `None` is that there is none.
type Possible = Vec<Option<Bytes>>;

/// Asks until the answer is not "try again". So is a finish that misses what the other replica still
/// holds and could not store yet.
async fn insist(what: &str, ask: impl AsyncFn() -> Reply) -> Option<Reply> {
    for _ in 0..30 {
        let reply = ask().await;
        assert!(reply.status != 500, "{what}: {}", reply.text());
        if reply.status != 503 && !reply.text().contains("missing") {
            return Some(reply);
        }
        reply.clone().expect_refusal(reply.status);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

/// One upload, each request repeated while the answer is "try again". Says whether it was completed.
async fn uploaded(ann: &Person, id: &str, path: &str, content: &Bytes, chunk: usize) -> bool {
    let start = json!({ "size": content.len() });
    let Some(started) = insist("start", async || ann.calls.post_file(id, path, &start).await).await else {
        return false;
    };
    let upload = started.expect(200).json()["uploadId"].as_str().expect("an id").to_owned();
    for at in (0..content.len()).step_by(chunk) {
        let bytes = content.slice(at..content.len().min(at + chunk));
        let sent = insist("chunk", async || ann.calls.chunk(id, path, &upload, at as u64, bytes.clone()).await).await;
        let Some(sent) = sent else { return false };
        sent.expect(200);
    }
    match insist("complete", async || ann.calls.complete(id, path, &upload).await).await {
        Some(reply) => reply.expect(200).status == 200,
        None => false,
    }
}

async fn a_bad_day(seed: u64) {
    let core = Settings { hold_chunks_for: Duration::from_millis(30), ..Settings::default() };
    let app = App::with(2, core, AppSettings::default()).await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    let mut files: BTreeMap<String, Possible> = (0..FILES).map(|n| (format!("dir/{n}.bin"), vec![None])).collect();
    app.set_faults(bad_days(seed));
    for round in 0..ROUNDS {
        let path = format!("dir/{}.bin", (round * 5 + seed) % FILES);
        let possible = files.get_mut(&path).expect("one of the files");
        if round % 7 == 6 {
            match insist("delete", async || ann.calls.remove(&id, &path).await).await {
                // 400: a delete before this one was done, only its answer was not.
                Some(reply) if matches!(reply.status, 200 | 400) => *possible = vec![None],
                other => panic!("seed {seed}: delete {path}: {other:?}"),
            }
            continue;
        }
        let content = pattern(usize::try_from(round * 1777 % 40_000).expect("small"), seed * 1000 + round);
        match uploaded(&ann, &id, &path, &content, 7_000).await {
            true => *possible = vec![Some(content)],
            false => possible.push(Some(content)),
        }
    }
    app.set_faults(Faults::default());
    for (path, possible) in &files {
        let reply = ann.calls.download(&id, path).await;
        let found = (reply.status == 200).then_some(reply.body);
        assert!(possible.contains(&found), "seed {seed}: {path} holds what nobody may have left there");
    }
    let listed = ann.calls.names(&id, "dir").await.1;
    let surely: Vec<_> = files.iter().filter(|(_, possible)| !possible.contains(&None)).collect();
    for (path, _) in surely {
        assert!(listed.contains(&path["dir/".len()..].to_owned()), "seed {seed}: {path} is not listed");
    }
}

#[tokio::test]
async fn on_a_bad_day_nothing_that_was_acknowledged_is_lost() {
    for seed in 1..=2 {
        a_bad_day(seed).await;
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_said_and_harms_nothing() {
    let app = App::start().await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    ann.calls.upload(&id, "a.bin", &pattern(5000, 1), 1000).await;
    app.settle().await;
    let before = app.snapshot().await;
    app.set_faults(Faults { refused: 1000, ..Faults::default() });
    tokio::time::sleep(Duration::from_millis(2100)).await;
    ann.calls.filesystems().await.expect_refusal(503);
    ann.calls.download(&id, "a.bin").await.expect_refusal(503);
    ann.calls.create("more").await.expect_refusal(503);
    ann.calls.remove(&id, "a.bin").await.expect_refusal(503);
    let ready = app.nobody().send(app.nobody().request(reqwest::Method::GET, "/readyz")).await;
    assert_eq!(ready.status, 503, "{}", ready.text());
    app.nobody().send(app.nobody().request(reqwest::Method::GET, "/livez")).await.expect(200);
    app.set_faults(Faults::default());
    assert_eq!(app.snapshot().await, before);
    assert_eq!(ann.calls.download(&id, "a.bin").await.expect(200).body, pattern(5000, 1));
}
