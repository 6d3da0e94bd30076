//! Lost answers, 500s, 409s, cut bodies and uploads that the store drops, by chance.

use std::time::Duration;

use mapping::store::faulty::Faults;
use mapping::store::memory::Repeat;
use mapping::{Error, ErrorKind};
use suites::model::bytes::{Delivery, body};
use suites::model::client::Client;
use suites::model::world::{World, tiny};

use super::{block_on, world};

/// A patient client: goes on until it is done, and says how often it had to.
async fn insist(world: &World, client: &mut Client) -> Result<u32, Error> {
    let mut tries = 0;
    loop {
        match client.go_on(world, tries as usize).await {
            Ok(()) => return Ok(tries),
            Err(error) if is_clear(&error) && tries < 400 => tries += 1,
            Err(error) => return Err(error),
        }
        world.rest().await;
    }
}

/// Whether an error tells the client what to do: again, or from the start.
fn is_clear(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Busy | ErrorKind::NotFound | ErrorKind::Conflict)
}

async fn ends_right(seed: u64, dropped: u16) -> u32 {
    let repeat = if seed.is_multiple_of(2) { Repeat::Succeeds } else { Repeat::NoSuchUpload };
    let (world, memory) = world(repeat, tiny(), 2, seed).await;
    let mut before = Client::new(33, 33, 2);
    before.go_on(&world, 0).await.expect("the first file");
    for replica in 0..2 {
        let seed = seed.wrapping_mul(31).wrapping_add(replica as u64);
        let faults = Faults { seed, refused: 30, conflicts: 30, lost: 30, cut: 20, dropped, ..Faults::default() };
        world.set_faults(replica, faults);
    }
    let rests = usize::try_from(seed % 7).unwrap_or_default();
    let mut client = Client::new(60 + seed % 300, 11 + seed % 40, 1).resting_after(rests);
    let tries = insist(&world, &mut client).await.unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
    assert!(world.file().await == Some(client.file()), "seed {seed}: another file is there");
    for replica in 0..2 {
        world.set_faults(replica, Faults::default());
    }
    world.expire_and_sweep().await;
    assert_eq!((world.rubbish().await, memory.unfinished()), (vec![], vec![]), "seed {seed}");
    let usage = world.usage().await;
    assert_eq!((usage.bytes, usage.files), (client.file().len() as u64, 1), "seed {seed}");
    tries
}

#[test]
fn uploads_end_right_whatever_is_lost() {
    let tries: u32 = (0..200).map(|seed| block_on(ends_right(seed, 0))).sum();
    assert!(tries > 100, "only {tries} errors came through");
}

#[test]
fn uploads_that_the_store_drops_are_started_again() {
    let tries: u32 = (1000..1100).map(|seed| block_on(ends_right(seed, 40))).sum();
    assert!(tries > 100, "only {tries} errors came through");
}

/// Two finishes of one upload; one is answered, and a newer file is uploaded, before the other,
/// over a slow store, comes to its end.
async fn newer_file_stays(seed: u64, length: u64) {
    let (world, _) = world(Repeat::Succeeds, tiny(), 2, seed).await;
    let id = world.start(0, Some(length)).await.expect("an upload");
    let (upload, other) = (world.upload(0, &id).await.expect("the upload"), world.upload(1, &id).await.expect("it"));
    // Both hold the file: the late one needs no bundle, which the first would have deleted.
    for upload in [&upload, &other] {
        upload.append(0, length, body(0..length, 1, Delivery::Whole)).await.expect("a chunk");
    }
    world.set_faults(1, Faults { seed, latency: Duration::from_millis(200), ..Faults::default() });
    let late = other.finish();
    let mut newer = Client::new(44, 44, 2);
    let fast = async {
        tokio::time::sleep(Duration::from_millis(seed * 25)).await;
        upload.finish().await.expect("the first finish");
        newer.go_on(&world, 0).await
    };
    let (late, fast) = futures::join!(late, fast);
    assert_eq!((late.expect("the second finish").size, fast.is_ok()), (length, true), "seed {seed}");
    assert!(world.file().await == Some(newer.file()), "seed {seed}: the newer file is gone");
}

#[test]
fn a_late_second_finish_never_replaces_a_newer_file() {
    for seed in 0..100 {
        block_on(newer_file_stays(seed, 40));
        block_on(newer_file_stays(seed, 170));
    }
}
