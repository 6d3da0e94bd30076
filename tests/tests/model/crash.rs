//! The process dies at every single store call, before it is done or before its answer is seen.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mapping::store::faulty::{Kill, Moment};
use mapping::store::memory::{MemoryStore, Repeat};
use suites::model::client::Client;
use suites::model::world::{World, tiny};

use super::{block_on, world};

/// How a client sends its file.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// In chunks, which become parts.
    Parts,
    /// In chunks, with a rest: bundles and parts.
    Bundles,
    /// A file of less than one part, with a rest: bundles and one write.
    Small,
    /// As one stream of unknown length.
    Stream,
}

/// What happens after the death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// The client goes on.
    GoesOn,
    /// The client never comes back.
    Nothing,
}

fn client(way: Way) -> Client {
    match way {
        Way::Parts => Client::new(400, 30, 1),
        Way::Bundles => Client::new(300, 23, 1).resting_after(5),
        Way::Small => Client::new(70, 20, 1).resting_after(2),
        Way::Stream => Client::new(330, 330, 1),
    }
}

async fn run_client(world: &World, way: Way, client: &mut Client) -> bool {
    let done = match way {
        Way::Stream => client.stream(world, 0).await,
        Way::Parts | Way::Bundles | Way::Small => client.go_on(world, 0).await,
    };
    done.is_ok()
}

/// A world in which an old file is there already.
async fn world_with_a_file() -> (World, Bytes, Arc<MemoryStore>) {
    let (world, memory) = world(Repeat::NoSuchUpload, tiny(), 1, 7).await;
    let mut before = Client::new(33, 33, 2);
    before.go_on(&world, 0).await.expect("the first file");
    world.rest().await;
    (world, before.file(), memory)
}

/// How many store calls a whole upload makes, those in the background included.
async fn calls_of(way: Way) -> u64 {
    let (world, _, _) = world_with_a_file().await;
    let before = world.replica(0).store.calls();
    assert!(run_client(&world, way, &mut client(way)).await);
    world.rest().await;
    world.replica(0).store.calls() - before
}

async fn die_at(way: Way, call: u64, moment: Moment, after: After) -> Result<(), String> {
    let (mut world, old, memory) = world_with_a_file().await;
    let at = world.replica(0).store.calls() + call;
    world.replica(0).store.kill_at(Kill { at, moment, only_writes: false });
    let mut client = client(way);
    let acknowledged = run_client(&world, way, &mut client).await;
    world.rest().await;
    if !world.replica(0).store.is_dead() {
        return Err("did not die".to_owned());
    }
    world.restart(0).await;
    let seen = world.file().await.ok_or("the old file is gone")?;
    if seen != client.file() && (acknowledged || seen != old) {
        return Err(format!("acknowledged: {acknowledged}, and {} other bytes are there", seen.len()));
    }
    if after == After::GoesOn {
        if !run_client(&world, way, &mut client).await {
            return Err("the client could not go on".to_owned());
        }
        if client.starts > 2 || world.file().await != Some(client.file()) {
            return Err(format!("after {} starts the file is another", client.starts));
        }
    }
    check_rest(&world, &memory).await
}

/// Nothing is left but the file, and the folder's usage is exactly the file.
async fn check_rest(world: &World, memory: &MemoryStore) -> Result<(), String> {
    world.expire_and_sweep_as_announced().await?;
    let (left, unfinished) = (world.rubbish().await, memory.unfinished());
    if !left.is_empty() || !unfinished.is_empty() {
        return Err(format!("the sweep leaves {left:?} {unfinished:?}"));
    }
    let (usage, file) = (world.usage().await, world.file().await.ok_or("the file is gone")?);
    if (usage.bytes, usage.files) == (file.len() as u64, 1) { Ok(()) } else { Err(format!("usage is {usage:?}")) }
}

fn die_everywhere(way: Way) {
    let calls = block_on(calls_of(way));
    assert!(calls >= 10, "{way:?} makes {calls} calls");
    for call in 1..=calls {
        for moment in [Moment::Before, Moment::After] {
            for after in [After::GoesOn, After::Nothing] {
                let outcome = block_on(die_at(way, call, moment, after));
                outcome.unwrap_or_else(|wrong| {
                    panic!("{way:?}, dead {moment:?} call {call} of {calls}, {after:?}: {wrong}")
                });
            }
        }
    }
}

#[test]
fn a_death_at_any_call_of_an_upload_in_parts() {
    die_everywhere(Way::Parts);
}

#[test]
fn a_death_at_any_call_of_an_upload_with_bundles() {
    die_everywhere(Way::Bundles);
}

#[test]
fn a_death_at_any_call_of_a_small_upload() {
    die_everywhere(Way::Small);
}

#[test]
fn a_death_at_any_call_of_a_stream() {
    die_everywhere(Way::Stream);
}

#[test]
fn a_death_at_any_call_of_the_sweep() {
    for call in 1.. {
        let died = block_on(async {
            let (mut world, old, memory) = world_with_a_file().await;
            for way in [Way::Bundles, Way::Small] {
                let mut left = client(way).resting_after(3);
                let _ = tokio::time::timeout(Duration::from_secs(1), left.go_on(&world, 0)).await;
            }
            world.restart(0).await;
            world.expire();
            let at = world.replica(0).store.calls() + call;
            world.replica(0).store.kill_at(Kill { at, moment: Moment::After, only_writes: false });
            let _ = world.replica(0).bucket.sweep_uploads().await;
            let died = world.replica(0).store.is_dead();
            world.restart(0).await;
            check_rest(&world, &memory).await.unwrap();
            assert_eq!(world.file().await, Some(old));
            died
        });
        if !died {
            assert!(call > 10, "the sweep makes only {call} calls");
            return;
        }
    }
}
