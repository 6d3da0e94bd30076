//! Uploads against a reference: random sequences, a death at every store call, faults by chance.
//! Limits of folders under many replicas.

mod budget;
mod crash;
mod faults;
mod known;
mod moves;
mod quota;
mod random;
mod stores;
mod tenants;

use std::sync::Arc;

use mapping::Settings;
use mapping::clock::ManualClock;
use mapping::store::Store;
use mapping::store::memory::{ETags, MemoryStore, Repeat};
use suites::model::world::{World, tiny_memory};

/// Runs a future where time passes only while everybody waits.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// A world over a store in memory, and that store.
async fn world(repeat: Repeat, settings: Settings, replicas: usize, seed: u64) -> (World, Arc<MemoryStore>) {
    world_of(repeat, ETags::OfBytes, settings, replicas, seed).await
}

/// The same over a store with such ETags.
async fn world_of(
    repeat: Repeat,
    etags: ETags,
    settings: Settings,
    replicas: usize,
    seed: u64,
) -> (World, Arc<MemoryStore>) {
    let clock = Arc::new(ManualClock::new());
    let memory = tiny_memory(&clock, repeat, etags);
    let world = World::over(Arc::clone(&memory) as Store, clock, settings, replicas, seed).await;
    (world, memory)
}
