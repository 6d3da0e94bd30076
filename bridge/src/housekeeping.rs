//! What an application does now and then by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, interval, interval_at};

use crate::app::State;
use crate::failure::causes;

/// How often latencies are folded into their buckets: what nobody scrapes would pile up.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// Begins what goes on until the application stops.
pub(crate) fn begin(state: &State, sweep_every: Option<Duration>) {
    let tasks = state.bucket().tasks();
    tasks.background(fold_latencies(state.clone()));
    if let Some(every) = sweep_every {
        tasks.background(sweep(state.clone(), every));
    }
}

async fn fold_latencies(state: State) {
    let (meter, stopping) = (Arc::clone(state.meter()), state.bucket().tasks().stopping());
    let mut ticks = interval(FOLD_EVERY);
    while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
        meter.upkeep();
    }
}

/// Replicas that were started together do not sweep together; two that do are only a waste.
async fn sweep(state: State, every: Duration) {
    let bucket = state.bucket();
    let stopping = bucket.tasks().stopping();
    let first = Duration::from_millis(bucket.random().below(u64::try_from(every.as_millis()).unwrap_or(u64::MAX)));
    let mut ticks = interval_at(Instant::now() + first, every);
    while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
        match stopping.run_until_cancelled(bucket.sweep()).await {
            None => return,
            Some(Ok(report)) => tracing::debug!(?report, "swept the bucket"),
            Some(Err(error)) => tracing::warn!(error = causes(&error), "a sweep did not get through"),
        }
    }
}

#[cfg(test)]
mod tests {
    use mapping::bucket::{Bucket, Parts, Settings};
    use mapping::clock::ManualClock;
    use mapping::random::SystemRandom;
    use mapping::seal::MasterKeys;
    use mapping::store::Store;
    use mapping::store::counted::CountedStore;
    use mapping::store::memory::MemoryStore;

    use super::*;
    use crate::app::AppSettings;

    #[tokio::test(start_paused = true)]
    async fn the_bucket_is_swept_until_the_application_stops() {
        let memory: Store = Arc::new(MemoryStore::new(Arc::new(ManualClock::new())));
        let store = Arc::new(CountedStore::new(memory));
        let parts = Parts {
            store: Arc::clone(&store) as Store,
            clock: Arc::new(ManualClock::new()),
            random: Arc::new(SystemRandom),
            keys: MasterKeys::generate(&SystemRandom).expose().parse().unwrap(),
            settings: Settings::default(),
        };
        let bucket = Bucket::open(parts).await.unwrap();
        let state = State::new(bucket.clone(), &AppSettings::default()).unwrap();
        begin(&state, Some(Duration::from_secs(60)));
        for _ in 0..2 {
            store.reset();
            tokio::time::sleep(Duration::from_secs(130)).await;
            assert!(store.counts().reads() > 0, "no sweep within two periods");
        }
        bucket.drain(Duration::from_secs(5)).await;
        store.reset();
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(store.counts().reads(), 0, "a sweep after the end");
    }
}
