//! Three replicas want one lease, over a network that refuses, loses answers and takes as long as
//! the lease lives, with pauses between looking at the clock and sending. An onlooker counts who
//! believes to hold it; what holders send is held against the order of their terms.

use std::sync::{Mutex, PoisonError};

use super::*;
use crate::random::{Random, SeededRandom};
use crate::tasks::Tasks;

const REPLICAS: usize = 3;
const LIFE: Duration = Duration::from_millis(800);
const LATE: Duration = Duration::from_millis(1200);
const LENGTH: Duration = Duration::from_secs(100);

/// What happened in one contest.
#[derive(Default)]
struct Contest {
    slots: [Mutex<Option<Lease>>; REPLICAS],
    /// Terms of requests, in the order in which they arrived.
    arrived: Mutex<Vec<u64>>,
    taken: Mutex<u32>,
    followed: Mutex<u32>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn up_to(random: &dyn Random, most: Duration) -> Duration {
    Duration::from_micros(random.below(most.as_micros() as u64))
}

/// Wants the lease, works, and gives it back or dies, again and again.
async fn contend(contest: Arc<Contest>, replica: Arc<Replica>, number: usize, seed: u64, under_way: Tasks) {
    let random = SeededRandom::new(seed ^ 0x5eed);
    let random: &dyn Random = &random;
    let end = tokio::time::Instant::now() + LENGTH;
    while tokio::time::Instant::now() < end {
        tokio::time::sleep(up_to(random, LIFE / 2)).await;
        let before = lock(&replica.watch.seen).is_some();
        let Ok(Attempt::Taken(lease)) = replica.watch.try_take(&replica.bucket).await else { continue };
        *lock(&contest.taken) += 1;
        *lock(&contest.followed) += u32::from(before);
        let term = lease.held.term;
        *lock(&contest.slots[number]) = Some(lease);
        let orderly = work(&contest, number, term, random, &under_way).await;
        let lease = lock(&contest.slots[number]).take().unwrap();
        if orderly {
            let _unknown = lease.release(Done::Yes).await;
        }
    }
}

/// Sends requests as long as it may; answers whether all of them were answered.
async fn work(contest: &Arc<Contest>, number: usize, term: u64, random: &dyn Random, under_way: &Tasks) -> bool {
    for _ in 0..random.below(12) {
        tokio::time::sleep(up_to(random, LIFE / 2)).await;
        if !lock(&contest.slots[number]).as_ref().unwrap().is_mine_for(Duration::ZERO) {
            return false;
        }
        // The process may be paused here, and the request may be on its way: in all for this long.
        let (late, contest) = (up_to(random, LATE), Arc::clone(contest));
        let request = under_way.begin(async move {
            tokio::time::sleep(late).await;
            lock(&contest.arrived).push(term);
        });
        if random.below(4) == 0 {
            return false;
        }
        request.await.unwrap();
    }
    true
}

/// Looks all the time at who believes to hold it.
async fn look_on(contest: &Contest, seed: u64) {
    let end = tokio::time::Instant::now() + LENGTH;
    while tokio::time::Instant::now() < end {
        let believes =
            |slot: &Mutex<Option<Lease>>| lock(slot).as_ref().is_some_and(|lease| lease.is_mine_for(Duration::ZERO));
        let believers = contest.slots.iter().filter(|slot| believes(slot)).count();
        assert!(believers <= 1, "seed {seed}: {believers} believe that they hold it");
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
}

/// Answers how often the lease was taken, and how often after somebody who had not given it back.
async fn run(seed: u64) -> (u32, u32) {
    let clock = Arc::new(TimerClock::new());
    let inner: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
    let (contest, under_way, terms) =
        (Arc::new(Contest::default()), Tasks::default(), Terms { life: LIFE, late: LATE });
    let slowness = [LIFE / 80, LIFE / 8, LIFE / 4, LIFE / 2][(seed % 4) as usize];
    let mut contenders = Vec::new();
    for number in 0..REPLICAS {
        let own = seed * 10 + number as u64;
        let replica = Arc::new(Replica::over(&inner, Arc::clone(&clock), own, terms).await);
        let faults = Faults { seed: own, refused: 40, conflicts: 40, lost: 60, ..Faults::default() };
        replica.faulty.set_faults(Faults { latency: slowness, answers: slowness, ..faults });
        contenders.push(contend(Arc::clone(&contest), replica, number, own, under_way.clone()));
    }
    tokio::join!(futures::future::join_all(contenders), look_on(&contest, seed));
    let arrived = lock(&contest.arrived);
    let overtaken = arrived.windows(2).find(|pair| pair[0] > pair[1]);
    assert_eq!(overtaken, None, "seed {seed}: a request arrived after the next holder's first");
    assert!(arrived.len() > 3, "seed {seed}: only {} requests", arrived.len());
    (*lock(&contest.taken), *lock(&contest.followed))
}

#[tokio::test(start_paused = true)]
async fn never_do_two_believe_at_one_moment_that_they_hold_it() {
    let (mut taken, mut followed) = (0, 0);
    for seed in 0..32 {
        let (more_taken, more_followed) = run(seed).await;
        taken += more_taken;
        followed += more_followed;
    }
    println!("seeds 0 to 31: taken {taken} times, {followed} times after a holder that died or was lost");
    assert!(taken > 300 && followed > 100, "taken {taken}, followed {followed}");
}
