//! What an application does now and then by itself.

use std::sync::Arc;
use std::time::Duration;

use mapping::sweep::Turn;
use tokio::time::{interval, sleep};

use crate::app::State;
use crate::failure::causes;

/// How often latencies are folded into their buckets: what nobody scrapes would pile up.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// A sweep elsewhere is not asked after more often than this.
const SOON: Duration = Duration::from_secs(1);

/// Begins what goes on until the application stops.
pub(crate) fn begin(state: &State, sweep_every: Option<Duration>, tend_every: Option<Duration>) {
    let tasks = state.bucket().tasks();
    tasks.background(fold_latencies(state.clone()));
    if let Some(every) = tend_every {
        tasks.background(tend_jobs(state.clone(), every));
    }
    if let Some(every) = sweep_every {
        tasks.background(sweep(state.clone(), every));
    }
}

/// At once after a start, which may follow the death of all replicas, and then now and then.
async fn tend_jobs(state: State, every: Duration) {
    let (bucket, stopping) = (state.bucket(), state.bucket().tasks().stopping());
    let mut ticks = interval(every);
    while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Some(Err(error)) = stopping.run_until_cancelled(bucket.tend_jobs()).await {
            tracing::warn!(error = causes(&error), "jobs could not be looked for this time");
        }
    }
}

async fn fold_latencies(state: State) {
    let (meter, stopping) = (Arc::clone(state.meter()), state.bucket().tasks().stopping());
    let mut ticks = interval(FOLD_EVERY);
    while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
        meter.upkeep();
    }
}

/// All replicas together sweep once in `every`: whoever's time comes first, and the next one's when
/// that one died at it.
async fn sweep(state: State, every: Duration) {
    let bucket = state.bucket();
    let stopping = bucket.tasks().stopping();
    let mut pause = Duration::from_millis(bucket.random().below(u64::try_from(every.as_millis()).unwrap_or(u64::MAX)));
    while stopping.run_until_cancelled(sleep(pause)).await.is_some() {
        pause = match bucket.sweep_in_turn(every / 2).await {
            Ok(Turn::Swept(swept)) => {
                let report = swept.report;
                tracing::debug!(?report, "swept the bucket");
                every
            }
            Ok(Turn::Recent(_)) => every,
            Ok(Turn::Elsewhere { look_again, .. }) => look_again.clamp(SOON, every.max(SOON)),
            Ok(Turn::Stopping) => return,
            Err(error) => {
                tracing::warn!(error = causes(&error), "a sweep did not get through");
                every
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mapping::bucket::{Bucket, Parts, Settings};
    use mapping::clock::{ManualClock, TimerClock};
    use mapping::random::SystemRandom;
    use mapping::seal::MasterKeys;
    use mapping::store::Store;
    use mapping::store::counted::CountedStore;
    use mapping::store::memory::MemoryStore;

    use super::*;
    use crate::app::AppSettings;

    #[tokio::test(start_paused = true)]
    async fn jobs_are_looked_for_until_the_application_stops() {
        let (store, state) = application().await;
        begin(&state, None, Some(Duration::from_secs(15)));
        store.reset();
        tokio::time::sleep(Duration::from_secs(31)).await;
        assert_eq!(store.reset().to_string(), "list 3");
        state.bucket().drain(Duration::from_secs(5)).await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(store.counts().reads(), 0, "a look after the end");
    }

    #[tokio::test(start_paused = true)]
    async fn the_bucket_is_swept_until_the_application_stops() {
        let (store, state) = application().await;
        begin(&state, Some(Duration::from_secs(60)), None);
        for _ in 0..2 {
            store.reset();
            tokio::time::sleep(Duration::from_secs(130)).await;
            assert!(store.counts().reads() > 0, "no sweep within two periods");
        }
        state.bucket().drain(Duration::from_secs(5)).await;
        store.reset();
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(store.counts().reads(), 0, "a sweep after the end");
    }

    async fn application() -> (Arc<CountedStore>, State) {
        let memory: Store = Arc::new(MemoryStore::new(Arc::new(ManualClock::new())));
        let store = Arc::new(CountedStore::new(memory));
        let parts = Parts {
            store: Arc::clone(&store) as Store,
            clock: Arc::new(TimerClock::new()),
            random: Arc::new(SystemRandom),
            keys: MasterKeys::generate(&SystemRandom).expose().parse().unwrap(),
            settings: Settings::default(),
        };
        let bucket = Bucket::open(parts).await.unwrap();
        let state = State::new(bucket, &AppSettings::default()).unwrap();
        (store, state)
    }
}
