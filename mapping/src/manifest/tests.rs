//! Lost answers, races, and what the stamps prove.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde::{Deserialize, Serialize};

use super::stored::RING;
use super::{Change, Created, Document, Manifest};
use crate::bucket::{Bucket, Settings};
use crate::clock::ManualClock;
use crate::error::{ErrorKind, Result};
use crate::id::AccountId;
use crate::key::ObjectKey;
use crate::store::faulty::{Fault, Faults, FaultyStore};
use crate::store::memory::MemoryStore;
use crate::store::{GetOptions, Store};
use crate::testing;

/// How often each change was made: a change that is made twice shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Tally(BTreeMap<u32, u32>);

impl Document for Tally {
    const KIND: &'static str = "tally";

    fn owner(&self) -> Option<AccountId> {
        None
    }

    fn state(&self) -> &'static str {
        "live"
    }
}

struct Scene {
    inner: Store,
    faulty: Arc<FaultyStore>,
    /// What is tested: everything it asks may fail.
    here: Bucket,
    /// Another replica, whose network is good.
    there: Bucket,
}

async fn scene() -> Scene {
    let clock = Arc::new(ManualClock::new());
    let inner: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
    let there = testing::open(Arc::clone(&inner), Arc::clone(&clock), Settings::default(), 1).await.unwrap();
    let faulty = Arc::new(FaultyStore::new(Arc::clone(&inner), Faults::default()));
    let here = testing::open(Arc::clone(&faulty) as Store, Arc::clone(&clock), Settings::default(), 2).await.unwrap();
    tally(&there).create(Tally::default()).await.unwrap();
    Scene { inner, faulty, here, there }
}

impl Scene {
    /// The calls from the next one on meet these faults.
    fn meets(&self, faults: &[Option<Fault>]) {
        let next = self.faulty.calls() + 1;
        let at = (next..).zip(faults).filter_map(|(number, fault)| Some((number, (*fault)?))).collect();
        self.faulty.set_faults(Faults { at, ..Faults::default() });
    }

    /// Runs `work` here, and `others` changes there as soon as `work` has made `calls` calls.
    async fn while_others_write<R>(&self, work: impl Future<Output = R>, calls: u64, others: u32) -> R {
        let from = self.faulty.calls() + calls;
        let meddle = async {
            while self.faulty.calls() < from {
                tokio::task::yield_now().await;
            }
            for n in 0..others {
                add(&self.there, 1000 + n).await.unwrap();
            }
        };
        tokio::join!(work, meddle).0
    }

    async fn counts(&self) -> BTreeMap<u32, u32> {
        tally(&self.there).read().await.unwrap().unwrap().0
    }
}

fn tally(bucket: &Bucket) -> Manifest<Tally> {
    bucket.manifest(ObjectKey::scratch("test", "tally"))
}

async fn add(bucket: &Bucket, n: u32) -> Result<u32> {
    let count = |tally: &mut Tally| {
        *tally.0.entry(n).or_default() += 1;
        Ok(Change::Save(n))
    };
    tally(bucket).update(count).await
}

const LOST: Option<Fault> = Some(Fault::LoseAnswer);
const REFUSED: Option<Fault> = Some(Fault::Refuse);

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_done_once() {
    let scene = scene().await;
    scene.meets(&[None, LOST]);
    assert_eq!(add(&scene.here, 7).await.unwrap(), 7);
    assert_eq!(scene.counts().await, BTreeMap::from([(7, 1)]));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_proved_behind_another_writer() {
    let scene = scene().await;
    // The look is refused once, so the other writer comes in between.
    scene.meets(&[None, LOST, REFUSED]);
    scene.while_others_write(add(&scene.here, 7), 3, 1).await.unwrap();
    assert_eq!(scene.counts().await, BTreeMap::from([(7, 1), (1000, 1)]));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_not_done_is_done_again_behind_another_writer() {
    let scene = scene().await;
    scene.meets(&[None, REFUSED, REFUSED]);
    scene.while_others_write(add(&scene.here, 7), 3, 1).await.unwrap();
    assert_eq!(scene.counts().await, BTreeMap::from([(7, 1), (1000, 1)]));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_nobody_can_prove_is_not_repeated() {
    for fault in [LOST, REFUSED] {
        let scene = scene().await;
        scene.meets(&[None, fault, REFUSED]);
        let others = u32::try_from(RING).unwrap() + 1;
        let error = scene.while_others_write(add(&scene.here, 7), 3, others).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(scene.counts().await.get(&7), if fault == LOST { Some(&1) } else { None });
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_proof_in_the_ring_is_enough() {
    let scene = scene().await;
    scene.meets(&[None, LOST, REFUSED]);
    let others = u32::try_from(RING).unwrap() - 1;
    scene.while_others_write(add(&scene.here, 7), 3, others).await.unwrap();
    assert_eq!(scene.counts().await[&7], 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_write_is_sent_again_while_nothing_has_changed() {
    let scene = scene().await;
    scene.meets(&[None, REFUSED, None, Some(Fault::Conflict), None, LOST]);
    let mut runs = 0;
    let count = |tally: &mut Tally| {
        runs += 1;
        *tally.0.entry(7).or_default() += 1;
        Ok(Change::Save(()))
    };
    tally(&scene.here).update(count).await.unwrap();
    assert_eq!(runs, 1);
    assert_eq!(scene.counts().await, BTreeMap::from([(7, 1)]));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_silent_is_unavailable() {
    let scene = scene().await;
    scene.meets(&[None, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED]);
    assert_eq!(add(&scene.here, 7).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(scene.counts().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_two_creations_one_is_new_also_when_its_answer_is_lost() {
    let scene = scene().await;
    let key = || ObjectKey::scratch("test", "new");
    scene.meets(&[LOST]);
    let first = scene.here.manifest::<Tally>(key()).create(Tally(BTreeMap::from([(1, 1)]))).await.unwrap();
    assert!(matches!(first, Created::New));
    let second = scene.there.manifest::<Tally>(key()).create(Tally::default()).await.unwrap();
    assert!(matches!(second, Created::Existed(there) if there.0.len() == 1));
}

#[tokio::test(start_paused = true)]
async fn a_creation_is_proved_however_many_writes_came_after_it() {
    let scene = scene().await;
    for n in 0..100 {
        add(&scene.there, n).await.unwrap();
    }
    let again = tally(&scene.here).create(Tally::default()).await.unwrap();
    assert!(matches!(again, Created::Existed(_)));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_changed() {
    let scene = scene().await;
    let nothing = scene.here.manifest::<Tally>(ObjectKey::scratch("test", "nothing"));
    let error = nothing.update(|_| Ok(Change::Save(()))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    nothing.upsert(Tally::default(), |_| Ok(Change::Keep(()))).await.unwrap();
    assert!(nothing.read().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn every_write_is_tagged() {
    let scene = scene().await;
    add(&scene.here, 1).await.unwrap();
    let key = ObjectKey::scratch("test", "tally");
    let tags = scene.inner.tags(&key).await.unwrap();
    let tags: Vec<_> = tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("fb-kind", "tally"), ("fb-owner", "-"), ("fb-state", "live")]);
    let object = scene.inner.get(&key, GetOptions::default()).await.unwrap();
    assert_eq!(object.meta.content_type.as_deref(), Some("application/json"));
}

/// 32 replicas with 20 changes each, over a network with these faults. Answers how many of the
/// changes were answered.
async fn race(faults: Faults) -> (usize, BTreeMap<u32, u32>) {
    let scene = scene().await;
    let mut writers = Vec::new();
    for n in 0..32 {
        let network = Faults { seed: faults.seed + u64::from(n), ..faults.clone() };
        let faulty: Store = Arc::new(FaultyStore::new(Arc::clone(&scene.inner), network));
        writers.push(async move {
            let bucket = reopened(faulty, u64::from(n)).await;
            let mut answered = Vec::new();
            for round in 0..20 {
                if add(&bucket, n * 100 + round).await.is_ok() {
                    answered.push(n * 100 + round);
                }
            }
            answered
        });
    }
    let answered: Vec<u32> = join_all(writers).await.concat();
    let counts = scene.counts().await;
    for n in &answered {
        assert_eq!(counts.get(n), Some(&1), "change {n} was answered");
    }
    (answered.len(), counts)
}

/// A process starts again until the network lets it.
async fn reopened(store: Store, seed: u64) -> Bucket {
    loop {
        let clock = Arc::new(ManualClock::new());
        if let Ok(bucket) = testing::open(Arc::clone(&store), clock, Settings::default(), 1000 + seed).await {
            return bucket;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn racing_writers_lose_no_change_and_make_none_twice() {
    let latency = Duration::from_millis(5);
    let (answered, counts) = race(Faults { seed: 1, latency, ..Faults::default() }).await;
    assert_eq!(answered, 640);
    assert_eq!(counts.len(), 640);
}

#[tokio::test(start_paused = true)]
async fn racing_writers_on_a_bad_network_make_no_change_twice() {
    let latency = Duration::from_millis(5);
    for seed in 0..2 {
        let faults = Faults { seed: seed * 1000, refused: 40, conflicts: 40, lost: 40, latency, ..Faults::default() };
        let (answered, counts) = race(faults).await;
        assert!(counts.values().all(|count| *count == 1));
        assert!(answered > 400, "{answered}");
    }
}
