//! Uploads whose store breaks off where it is hard to tell what was done.

use mapping::Settings;
use mapping::key::{FolderPrefix, ObjectKey};
use suites::caller::pattern;
use suites::proxy::Fault;
use suites::shaky::{Shaky, core, quick};

use super::case::PART;
use super::world::World;

const FILE: &str = "dir/big.bin";

/// Lets `fault` befall each request of this kind about a file's data, `times` times.
fn befall(world: &World, operation: &'static str, fault: Fault, times: u32) {
    let mut left = times;
    world.shaky.proxy().script(move |request| {
        let hit = left > 0 && request.operation == operation && request.key.starts_with("folders/");
        left -= u32::from(hit);
        hit.then_some(fault)
    });
}

/// How many unfinished uploads the store has of the file.
async fn unfinished(world: &World) -> usize {
    let prefix = FolderPrefix::of(world.folder.parse().expect("an id"));
    let key = ObjectKey::file(&prefix, &FILE.parse().expect("a path"));
    world.shaky.direct.list_multiparts(&key).await.expect("a listing").len()
}

/// Sends both chunks of the large file.
async fn sent(world: &World) -> String {
    let (ann, folder, content) = (&world.ann.calls, &world.folder, &world.large);
    let upload = ann.started(folder, FILE, content.len() as u64).await;
    ann.chunk(folder, FILE, &upload, 0, content.slice(..PART)).await.expect(200);
    ann.chunk(folder, FILE, &upload, PART as u64, content.slice(PART..)).await.expect(200);
    upload
}

async fn is_there(world: &World) {
    let found = world.ann.calls.download(&world.folder, FILE).await.expect(200).body;
    assert!(found == world.large, "another file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_completion_that_nobody_answers_is_found_done() {
    for fault in [Fault::LoseAnswer, Fault::StallAfter, Fault::CutAnswer] {
        let world = World::between().await;
        let upload = sent(&world).await;
        befall(&world, "complete_multipart", fault, u32::MAX);
        world.ann.calls.complete(&world.folder, FILE, &upload).await.expect(200);
        world.shaky.heal();
        is_there(&world).await;
        world.ann.calls.complete(&world.folder, FILE, &upload).await.expect(200);
        world.check_tidy().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_multipart_upload_whose_beginning_nobody_answered_is_swept() {
    let world = World::between().await;
    befall(&world, "create_multipart", Fault::LoseAnswer, 2);
    let upload = sent(&world).await;
    assert_eq!(unfinished(&world).await, 3, "two that nobody knows, and the one in use");
    world.ann.calls.complete(&world.folder, FILE, &upload).await.expect(200);
    is_there(&world).await;
    assert_eq!(unfinished(&world).await, 2);
    world.check_tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_the_store_has_dropped_says_to_start_again() {
    let world = World::between().await;
    let (ann, folder) = (&world.ann.calls, &world.folder);
    let upload = sent(&world).await;
    befall(&world, "list_parts", Fault::DropUpload, 1);
    for _ in 0..2 {
        let refusal = ann.complete(folder, FILE, &upload).await.expect_refusal(404).text();
        assert!(refusal.contains("start it again"), "{refusal}");
    }
    ann.download(folder, FILE).await.expect_refusal(404);
    let again = sent(&world).await;
    ann.complete(folder, FILE, &again).await.expect(200);
    is_there(&world).await;
    world.check_tidy().await;
}

/// There is no room to keep a part for a second attempt: what was read of the client is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_could_not_be_kept_for_a_retry_is_asked_of_the_client_again() {
    let settings = Settings { budget_bytes: 1 << 20, ..core() };
    let world = World::over(Shaky::between_with(settings, quick()).await).await;
    let (ann, folder) = (&world.ann.calls, &world.folder);
    let upload = ann.started(folder, FILE, world.large.len() as u64).await;
    let part = || ann.chunk(folder, FILE, &upload, 0, world.large.slice(..PART));
    for fault in [Fault::CutRequest, Fault::LoseAnswer, Fault::SlowDown] {
        befall(&world, "put_part", fault, 1);
        let refusal = part().await.expect_refusal(503).text();
        assert!(refusal.contains("try again"), "{fault:?}: {refusal}");
        world.shaky.heal();
    }
    part().await.expect(200);
    ann.chunk(folder, FILE, &upload, PART as u64, world.large.slice(PART..)).await.expect(200);
    ann.complete(folder, FILE, &upload).await.expect(200);
    is_there(&world).await;
    world.check_tidy().await;
}

/// An answer that comes after the time-out of its attempt: the attempt may have been done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_file_whose_write_is_answered_too_late_is_there_once() {
    let world = World::between().await;
    let (ann, folder) = (&world.ann.calls, &world.folder);
    let content = pattern(5000, 8);
    let upload = ann.started(folder, "late.bin", 5000).await;
    ann.chunk(folder, "late.bin", &upload, 0, content.clone()).await.expect(200);
    befall(&world, "put", Fault::StallAfter, 2);
    ann.complete(folder, "late.bin", &upload).await.expect(200);
    world.shaky.heal();
    assert!(ann.download(folder, "late.bin").await.expect(200).body == content);
    assert_eq!(ann.names(folder, "").await.1, ["late.bin"]);
    world.check_tidy().await;
}
