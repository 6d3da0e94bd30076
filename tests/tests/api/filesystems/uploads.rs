//! Uploads in chunks: start, chunks in any order and size, complete.

use bytes::Bytes;
use serde_json::{Value, json};
use suites::app::{App, Person};
use suites::caller::pattern;

async fn with_folder(replicas: usize) -> (App, Person, String) {
    let app = App::replicas(replicas).await;
    let ann = app.person("ann").await;
    let id = ann.calls.created("photos").await;
    (app, ann, id)
}

#[tokio::test]
async fn a_started_upload_has_an_id_of_twenty_letters_and_digits() {
    let (_app, ann, id) = with_folder(1).await;
    let reply = ann.calls.post_file(&id, "a.bin", &json!({ "size": 10 })).await.expect(200).json();
    let upload = reply["uploadId"].as_str().unwrap();
    assert!(upload.len() == 20 && upload.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{upload}");
    assert_eq!(ann.calls.names(&id, "").await, (vec![], vec![]), "nothing shows before it is complete");
}

#[tokio::test]
async fn every_size_comes_back_as_it_went_through_two_replicas() {
    let (_app, ann, id) = with_folder(2).await;
    let mebibyte = 1024 * 1024;
    let cases = [
        (0, 10_240),
        (1, 10_240),
        (10_240, 10_240),
        (10_241, 10_240),
        (5 * mebibyte + 3, 10_240),
        (8 * mebibyte, 8 * mebibyte),
        (12 * mebibyte + 17, 5 * mebibyte),
        (20 * mebibyte + 17, 3 * mebibyte),
    ];
    for (length, chunk) in cases {
        let content = pattern(length, length as u64);
        ann.calls.upload(&id, "a.bin", &content, chunk).await;
        let back = ann.calls.download(&id, "a.bin").await.expect(200).body;
        assert!(back == content, "{length} bytes in chunks of {chunk}: {} came back", back.len());
    }
}

#[tokio::test]
async fn chunks_come_in_any_order_twice_and_overlapping() {
    let (_app, ann, id) = with_folder(2).await;
    let content = pattern(1000, 5);
    let upload = ann.calls.started(&id, "a.bin", 1000).await;
    for (start, end) in [(900, 1000), (300, 600), (0, 350), (300, 600), (550, 950)] {
        let reply = ann.calls.chunk(&id, "a.bin", &upload, start as u64, content.slice(start..end)).await.expect(200);
        assert!(reply.body.is_empty(), "{}", reply.text());
    }
    let reply = ann.calls.complete(&id, "a.bin", &upload).await.expect(200);
    assert!(reply.body.is_empty() || reply.json().is_object(), "{}", reply.text());
    assert_eq!(ann.calls.download(&id, "a.bin").await.expect(200).body, content);
}

#[tokio::test]
async fn holes_are_named_and_can_still_be_filled() {
    let (_app, ann, id) = with_folder(2).await;
    let content = pattern(1000, 5);
    let upload = ann.calls.started(&id, "a.bin", 1000).await;
    for (start, end) in [(0, 100), (300, 400), (900, 1000)] {
        ann.calls.chunk(&id, "a.bin", &upload, start as u64, content.slice(start..end)).await.expect(200);
    }
    let refusal = ann.calls.complete(&id, "a.bin", &upload).await.expect_refusal(409).text();
    assert!(refusal.contains("100-300") && refusal.contains("400-900"), "{refusal}");
    ann.calls.download(&id, "a.bin").await.expect_refusal(404);
    for (start, end) in [(100, 300), (400, 900)] {
        ann.calls.chunk(&id, "a.bin", &upload, start as u64, content.slice(start..end)).await.expect(200);
    }
    ann.calls.complete(&id, "a.bin", &upload).await.expect(200);
    assert_eq!(ann.calls.download(&id, "a.bin").await.expect(200).body, content);
}

#[tokio::test]
async fn the_old_file_stays_until_the_new_one_is_complete() {
    let (_app, ann, id) = with_folder(1).await;
    let (old, new) = (pattern(500, 1), pattern(700, 2));
    ann.calls.upload(&id, "a.bin", &old, 100).await;
    let upload = ann.calls.started(&id, "a.bin", 700).await;
    ann.calls.chunk(&id, "a.bin", &upload, 0, new.clone()).await.expect(200);
    assert_eq!(ann.calls.download(&id, "a.bin").await.expect(200).body, old);
    ann.calls.complete(&id, "a.bin", &upload).await.expect(200);
    assert_eq!(ann.calls.download(&id, "a.bin").await.expect(200).body, new);
}

#[tokio::test]
async fn completing_twice_and_a_late_chunk_succeed_and_change_nothing() {
    let (app, ann, id) = with_folder(2).await;
    let content = pattern(300, 1);
    let upload = ann.calls.started(&id, "a.bin", 300).await;
    ann.calls.chunk(&id, "a.bin", &upload, 0, content.clone()).await.expect(200);
    ann.calls.complete(&id, "a.bin", &upload).await.expect(200);
    let before = app.snapshot_of(&format!("folders/{id}/")).await;
    ann.calls.complete(&id, "a.bin", &upload).await.expect(200);
    ann.calls.chunk(&id, "a.bin", &upload, 0, content.clone()).await.expect(200);
    ann.calls.complete(&id, "a.bin", &upload).await.expect(200);
    assert_eq!(app.snapshot_of(&format!("folders/{id}/")).await, before);
}

#[tokio::test]
async fn a_chunk_that_is_not_as_long_as_it_says_is_refused_and_leaves_nothing() {
    let (_app, ann, id) = with_folder(1).await;
    let upload = ann.calls.started(&id, "a.bin", 100).await;
    for (range, length) in [("0-100", 50), ("0-10", 100), ("0-100", 0), ("50-50", 3)] {
        let range = format!("[{upload}]:{range}");
        ann.calls.chunk_with(&id, "a.bin", &range, pattern(length, 7)).await.expect_refusal(402);
    }
    let refusal = ann.calls.complete(&id, "a.bin", &upload).await.expect_refusal(409).text();
    assert!(refusal.contains("0-100"), "nothing of the refused chunks was kept: {refusal}");
}

#[tokio::test]
async fn a_chunk_beyond_the_announced_size_is_refused() {
    let (_app, ann, id) = with_folder(1).await;
    let upload = ann.calls.started(&id, "a.bin", 100).await;
    for start in [95, 100, 101, u64::MAX - 20] {
        let reply = ann.calls.chunk(&id, "a.bin", &upload, start, pattern(10, 7)).await;
        assert!((400..=416).contains(&reply.status), "at {start}: {} {}", reply.status, reply.text());
    }
}

#[tokio::test]
async fn an_upload_belongs_to_one_path_of_one_file_system() {
    let (_app, ann, id) = with_folder(1).await;
    let other = ann.calls.created("other").await;
    let upload = ann.calls.started(&id, "a.bin", 4).await;
    let content = Bytes::from_static(b"mine");
    for (id, path) in [(&id, "b.bin"), (&other, "a.bin")] {
        let chunk = ann.calls.chunk(id, path, &upload, 0, content.clone()).await;
        assert!(matches!(chunk.status, 400 | 404), "{} {}", chunk.status, chunk.text());
        let complete = ann.calls.complete(id, path, &upload).await;
        assert!(matches!(complete.status, 400 | 404), "{} {}", complete.status, complete.text());
        ann.calls.download(id, path).await.expect_refusal(404);
    }
    ann.calls.chunk(&id, "a.bin", &upload, 0, content).await.expect(200);
    ann.calls.complete(&id, "a.bin", &upload).await.expect(200);
}

#[tokio::test]
async fn an_upload_id_that_nobody_has_is_refused() {
    let (app, ann, id) = with_folder(1).await;
    let before = app.snapshot().await;
    for upload in ["12345678901234567890", "x", "../../../etc/passwd", "%00"] {
        let chunk = ann.calls.chunk(&id, "a.bin", upload, 0, pattern(4, 1)).await;
        assert!(matches!(chunk.status, 400 | 404), "{upload}: {} {}", chunk.status, chunk.text());
        let complete = ann.calls.complete(&id, "a.bin", upload).await;
        assert!(matches!(complete.status, 400 | 404), "{upload}: {} {}", complete.status, complete.text());
    }
    assert_eq!(app.snapshot().await, before);
}

#[tokio::test]
async fn a_body_that_neither_starts_nor_completes_is_refused() {
    let (app, ann, id) = with_folder(1).await;
    let before = app.snapshot().await;
    let huge: Value = serde_json::from_str("99999999999999999999999999").unwrap();
    let bodies = [
        json!({}),
        json!([]),
        json!(null),
        json!({ "size": -1 }),
        json!({ "size": 1.5 }),
        json!({ "size": "ten" }),
        json!({ "size": null }),
        json!({ "size": [] }),
        json!({ "size": huge }),
        json!({ "complete": true }),
        json!({ "complete": true, "uploadId": 5 }),
        json!({ "complete": "true" }),
    ];
    for body in bodies {
        let reply = ann.calls.post_file(&id, "a.bin", &body).await;
        assert!(matches!(reply.status, 400 | 404 | 413), "{body}: {} {}", reply.status, reply.text());
    }
    assert_eq!(app.snapshot().await, before);
}

#[tokio::test]
async fn a_size_that_no_store_takes_is_refused_at_the_start() {
    let (_app, ann, id) = with_folder(1).await;
    let reply = ann.calls.post_file(&id, "a.bin", &json!({ "size": u64::MAX })).await;
    assert!(matches!(reply.status, 400 | 413), "{} {}", reply.status, reply.text());
}
