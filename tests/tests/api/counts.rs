//! What a request costs in calls to the store. These stay as they are, or somebody says why.

use std::time::Duration;

use bridge::app::AppSettings;
use bytes::Bytes;
use futures::{StreamExt, stream};
use mapping::Settings;
use mapping::store::operation::Operation;
use suites::app::{App, Person};
use suites::caller::pattern;

/// Small chunks are held, and what was read is remembered, for as long as a test may take, so that the
/// count does not depend on how fast this machine is.
async fn with_folder() -> (App, Person, String) {
    let long = Duration::from_secs(600);
    let core = Settings { hold_chunks_for: long, cache_for: long, ..Settings::default() };
    let app = App::with(1, core, AppSettings::default()).await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    (app, ann, id)
}

/// Chunks five at a time, as the real client sends them, without the start and the finish.
async fn send_chunks(ann: &Person, id: &str, upload: &str, content: &Bytes, size: usize) {
    let starts = (0..content.len()).step_by(size);
    let sent = stream::iter(starts).map(|start| {
        let bytes = content.slice(start..content.len().min(start + size));
        ann.calls.chunk(id, "big.bin", upload, start as u64, bytes)
    });
    sent.buffer_unordered(5).for_each(|reply| async { drop(reply.expect(200)) }).await;
}

#[tokio::test]
async fn twenty_five_megabytes_in_chunks_of_ten_kibibytes_are_ten_writes() {
    let (app, ann, id) = with_folder().await;
    let content = pattern(25_000_000, 1);
    app.settle().await;
    let before = app.store().counts();
    let upload = ann.calls.started(&id, "big.bin", content.len() as u64).await;
    send_chunks(&ann, &id, &upload, &content, 10_240).await;
    ann.calls.complete(&id, "big.bin", &upload).await.expect(200);
    app.settle().await;
    let cost = app.store().counts().since(&before);
    assert!(cost.writes() <= 10, "{} writes: {cost}", cost.writes());
    assert!(ann.calls.download(&id, "big.bin").await.expect(200).body == content);
}

#[tokio::test]
async fn a_small_file_is_stored_as_one_object() {
    let (app, ann, id) = with_folder().await;
    ann.calls.upload(&id, "first.bin", &pattern(100_000, 1), 10_240).await;
    app.settle().await;
    let before = app.store().counts();
    ann.calls.upload(&id, "second.bin", &pattern(100_000, 2), 10_240).await;
    let cost = app.store().counts().since(&before);
    assert_eq!(cost.of(Operation::CreateMultipart), 0, "{cost}");
    assert!(cost.writes() <= 6, "{} writes: {cost}", cost.writes());
}

#[tokio::test]
async fn a_download_is_one_request_to_the_store() {
    let (app, ann, id) = with_folder().await;
    ann.calls.upload(&id, "a.bin", &pattern(100_000, 1), 50_000).await;
    ann.calls.download(&id, "a.bin").await.expect(200);
    app.settle().await;
    ann.calls.list(&id, "").await.expect(200);
    for range in [None, Some("0-1000"), Some("90000-110000")] {
        let before = app.store().counts();
        let reply = match range {
            None => ann.calls.download(&id, "a.bin").await,
            Some(range) => ann.calls.download_range(&id, "a.bin", range).await,
        };
        reply.expect(200);
        let cost = app.store().counts().since(&before);
        assert_eq!(cost.to_string(), "get 1", "{range:?}");
    }
}

#[tokio::test]
async fn a_page_of_a_listing_is_one_request_to_the_store() {
    let (app, ann, id) = with_folder().await;
    app.put_files(&id, (0..1500).map(|n| format!("many/{n:05}.txt"))).await;
    app.put_files(&id, (0..20).map(|n| format!("few/{n:05}.txt"))).await;
    for (directory, entries, pages) in [("few", 20, 1), ("many", 1500, 2)] {
        ann.calls.list(&id, "").await.expect(200);
        let before = app.store().counts();
        assert_eq!(ann.calls.names(&id, directory).await.1.len(), entries);
        let cost = app.store().counts().since(&before);
        assert_eq!(cost.to_string(), format!("list {pages}"));
    }
}

#[tokio::test]
async fn looking_at_the_same_things_again_costs_nothing_but_the_answer() {
    let (app, ann, id) = with_folder().await;
    ann.calls.upload(&id, "a.bin", &pattern(1000, 1), 1000).await;
    ann.calls.filesystems().await.expect(200);
    let before = app.store().counts();
    ann.calls.download_init(&id, "a.bin").await.expect(200);
    let cost = app.store().counts().since(&before);
    assert!(cost.reads() <= 1 && cost.writes() == 0, "{cost}");
}
