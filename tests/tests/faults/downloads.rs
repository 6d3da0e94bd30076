//! Downloads whose store breaks off in the middle.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use reqwest::Method;
use suites::caller::pattern;
use suites::proxy::Fault;

use super::world::World;

const SIZE: usize = 3 << 20;

async fn with_file() -> (World, Bytes) {
    let (world, content) = (World::between().await, pattern(SIZE, 5));
    world.ann.calls.upload(&world.folder, "big.bin", &content, 1 << 20).await;
    (world, content)
}

/// Breaks the first `times` reads of a file's data.
fn break_reads(world: &World, fault: Fault, times: u32) {
    let mut left = times;
    world.shaky.proxy().script(move |request| {
        let hit = left > 0 && request.operation == "get" && request.key.starts_with("folders/");
        left -= u32::from(hit);
        hit.then_some(fault)
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_the_store_breaks_off_comes_whole() {
    let (world, content) = with_file().await;
    for fault in [Fault::CutAnswer, Fault::ShortAnswer, Fault::StallAnswer] {
        break_reads(&world, fault, 3);
        let reply = world.ann.calls.download(&world.folder, "big.bin").await.expect(200);
        assert!(reply.body == content, "{fault:?}: another file");
        break_reads(&world, fault, 1);
        let some = world.ann.calls.download_range(&world.folder, "big.bin", "1000-2000000").await.expect(200);
        assert!(some.body == content.slice(1000..2_000_000), "{fault:?}: other bytes");
    }
    world.check_tidy().await;
}

/// What arrived of an answer, and whether it broke off.
async fn received(world: &World, headers: &[(&'static str, String)]) -> (Bytes, bool) {
    let mut request = world.ann.calls.file(Method::GET, &world.folder, "big.bin");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    let (mut body, mut seen) = (answer.bytes_stream(), BytesMut::new());
    while let Some(chunk) = body.next().await {
        match chunk {
            Ok(chunk) => seen.extend_from_slice(&chunk),
            Err(_) => return (seen.freeze(), true),
        }
    }
    (seen.freeze(), false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_cannot_be_gone_on_with_is_seen_to_break_and_the_rest_is_had_by_range() {
    let (world, content) = with_file().await;
    let head = world.ann.calls.file(Method::HEAD, &world.folder, "big.bin").send().await.expect("an answer");
    let etag = head.headers()["etag"].to_str().expect("a text").to_owned();
    for fault in [Fault::CutAnswer, Fault::ShortAnswer] {
        world.shaky.proxy().forget();
        break_reads(&world, fault, u32::MAX);
        let (mut seen, broken) = received(&world, &[]).await;
        assert!(broken, "{fault:?}: {} of {SIZE} bytes, and a clean end", seen.len());
        assert!(content.starts_with(&seen) && seen.len() < SIZE);
        let counts = world.shaky.proxy().counts();
        assert_eq!(counts.faults, 5, "{fault:?}: one read and four more");
        world.shaky.heal();
        let range = [("range", format!("bytes={}-", seen.len())), ("if-range", etag.clone())];
        let (rest, broken) = received(&world, &range).await;
        assert!(!broken);
        seen = [seen, rest].concat().into();
        assert!(seen == content, "{fault:?}: the two halves make another file");
    }
    world.check_tidy().await;
}
