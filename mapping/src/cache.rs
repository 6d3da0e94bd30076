//! Documents as they were a moment ago. Only what exists is kept, only as long as the time to
//! live counted from sending the request, and never an older version over a newer one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::key::ObjectKey;

/// More documents than this are never kept: about 20 MB of them.
const CAPACITY: usize = 10_000;

/// The documents of one kind, by key.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    keep_for: Duration,
    clock: Arc<dyn Clock>,
    tickets: AtomicU64,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    kept: HashMap<ObjectKey, Kept<T>>,
    gates: HashMap<ObjectKey, Arc<Gate<T>>>,
    /// Answers to requests sent up to here are not given out: what they might replace was thrown out.
    floor: Option<Duration>,
}

#[derive(Debug)]
struct Kept<T> {
    document: Arc<T>,
    seq: u64,
    sent: Duration,
    /// When it came here. A request sent later saw this version or a newer one, so it is at hand
    /// until the answers of earlier ones are too old to be given out.
    put: Duration,
}

/// One flight at a time per key. It holds the last landing, for those who queued before it left.
type Gate<T> = tokio::sync::Mutex<Option<Landing<T>>>;

#[derive(Debug)]
struct Landing<T> {
    ticket: u64,
    /// `None` when the flight failed.
    answer: Option<Option<Arc<T>>>,
}

impl<T> Cache<T> {
    /// An empty cache that keeps each document for `keep_for` after its request was sent.
    pub(crate) fn new(keep_for: Duration, clock: Arc<dyn Clock>) -> Self {
        let state = State { kept: HashMap::new(), gates: HashMap::new(), floor: None };
        Self { keep_for, clock, tickets: AtomicU64::new(0), state: Mutex::new(state) }
    }

    /// The document, if it is young enough.
    pub(crate) fn get(&self, key: &ObjectKey) -> Option<Arc<T>> {
        let state = self.lock();
        let kept = state.kept.get(key).filter(|kept| self.is_young(kept.sent) && !state.is_below_floor(kept.sent))?;
        Some(Arc::clone(&kept.document))
    }

    /// Keeps version `seq` of a document, read or written by a request sent at `sent`. A version
    /// older than the one at hand changes nothing: so a read that began before this replica's own
    /// write does not bring the old document back. One that took too long to be given out is kept
    /// all the same, so that it stands in the way of older ones.
    pub(crate) fn put(&self, key: &ObjectKey, document: Arc<T>, seq: u64, sent: Duration) {
        let put = self.clock.elapsed();
        let mut state = self.lock();
        if state.kept.get(key).is_some_and(|kept| self.is_young(kept.put) && (kept.seq, kept.sent) > (seq, sent)) {
            return;
        }
        if state.kept.len() >= CAPACITY {
            self.make_room(&mut state);
        }
        state.kept.insert(key.clone(), Kept { document, seq, sent, put });
    }

    /// The answer of `fetch`, or of somebody else's fetch that began after this was called.
    pub(crate) async fn fly(
        &self,
        key: &ObjectKey,
        fetch: impl Future<Output = Result<Option<Arc<T>>>> + Send,
    ) -> Result<Option<Arc<T>>> {
        let asked = self.ticket();
        let turn = Turn { cache: self, key, gate: Some(self.gate(key)) };
        let gate = turn.gate.as_ref().expect("a turn has its gate until it is dropped");
        let mut landed = gate.lock().await;
        if let Some(landing) = landed.as_ref().filter(|landing| landing.ticket > asked) {
            return landing.answer.clone().ok_or_else(failed_together);
        }
        let ticket = self.ticket();
        let answer = fetch.await;
        *landed = Some(Landing { ticket, answer: answer.as_ref().ok().cloned() });
        answer
    }

    fn is_young(&self, sent: Duration) -> bool {
        self.clock.elapsed().saturating_sub(sent) < self.keep_for
    }

    fn make_room(&self, state: &mut State<T>) {
        state.kept.retain(|_, kept| self.is_young(kept.put));
        if state.kept.len() >= CAPACITY {
            state.floor = state.kept.values().map(|kept| kept.put).max();
            state.kept.clear();
        }
    }

    fn ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::SeqCst)
    }

    fn gate(&self, key: &ObjectKey) -> Arc<Gate<T>> {
        Arc::clone(self.lock().gates.entry(key.clone()).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn is_below_floor(&self, sent: Duration) -> bool {
        self.floor.is_some_and(|floor| sent <= floor)
    }
}

/// Waits at a gate; the last one to leave takes the gate away.
struct Turn<'c, T> {
    cache: &'c Cache<T>,
    key: &'c ObjectKey,
    gate: Option<Arc<Gate<T>>>,
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        let mut state = self.cache.lock();
        // Under the lock: of two that leave at once, the second sees that the first has left.
        drop(self.gate.take());
        if state.gates.get(self.key).is_some_and(|gate| Arc::strong_count(gate) == 1) {
            state.gates.remove(self.key);
        }
    }
}

fn failed_together() -> Error {
    Error::new(ErrorKind::Unavailable, Subject::Request, "the store does not answer: try again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use std::sync::atomic::AtomicUsize;
    use tokio::sync::Notify;

    const TTL: Duration = Duration::from_secs(2);

    fn cache() -> (Arc<ManualClock>, Cache<&'static str>, ObjectKey) {
        let clock = Arc::new(ManualClock::new());
        let cache = Cache::new(TTL, Arc::clone(&clock) as Arc<dyn Clock>);
        (clock, cache, ObjectKey::format())
    }

    #[test]
    fn a_document_lives_from_when_its_request_was_sent() {
        let (clock, cache, key) = cache();
        clock.advance(Duration::from_secs(10));
        cache.put(&key, Arc::new("slow"), 1, Duration::from_secs(9));
        assert_eq!(cache.get(&key).as_deref(), Some(&"slow"));
        clock.advance(Duration::from_secs(1));
        assert_eq!(cache.get(&key), None);
        cache.put(&key, Arc::new("too slow"), 1, Duration::from_secs(9));
        assert_eq!(cache.get(&key), None);
    }

    #[test]
    fn a_read_that_began_before_an_own_write_does_not_bring_the_old_back() {
        let (clock, cache, key) = cache();
        let read_sent = clock.elapsed();
        clock.advance(Duration::from_millis(5));
        cache.put(&key, Arc::new("written"), 2, clock.elapsed());
        cache.put(&key, Arc::new("old"), 1, read_sent);
        assert_eq!(cache.get(&key).as_deref(), Some(&"written"));
    }

    #[test]
    fn a_write_that_took_longer_than_the_cache_time_ends_what_was_kept() {
        let (clock, cache, key) = cache();
        clock.advance(Duration::from_millis(2100));
        cache.put(&key, Arc::new("old"), 1, clock.elapsed());
        clock.advance(Duration::from_millis(400));
        cache.put(&key, Arc::new("new"), 2, Duration::ZERO);
        assert_eq!(cache.get(&key), None);
        cache.put(&key, Arc::new("old"), 1, Duration::from_millis(2400));
        assert_eq!(cache.get(&key), None);
        cache.put(&key, Arc::new("new"), 2, clock.elapsed());
        assert_eq!(cache.get(&key).as_deref(), Some(&"new"));
    }

    #[test]
    fn a_slow_write_of_what_was_not_kept_stands_in_the_way_of_an_older_read() {
        let (clock, cache, key) = cache();
        clock.advance(Duration::from_millis(2500));
        cache.put(&key, Arc::new("new"), 2, Duration::ZERO);
        cache.put(&key, Arc::new("old"), 1, Duration::from_millis(2400));
        assert_eq!(cache.get(&key), None);
        // Whoever asks now and is told of an older one has met another document.
        clock.advance(TTL);
        cache.put(&key, Arc::new("anew"), 1, clock.elapsed());
        assert_eq!(cache.get(&key).as_deref(), Some(&"anew"));
    }

    #[test]
    fn two_who_leave_at_once_take_the_gate_away() {
        let (_, cache, key) = cache();
        for _ in 0..20_000 {
            let both = std::sync::Barrier::new(2);
            let turns = [0; 2].map(|_| Turn { cache: &cache, key: &key, gate: Some(cache.gate(&key)) });
            std::thread::scope(|scope| {
                for turn in turns {
                    scope.spawn(|| {
                        both.wait();
                        drop(turn);
                    });
                }
            });
            assert!(cache.lock().gates.is_empty());
        }
    }

    #[test]
    fn a_full_cache_starts_over_and_takes_no_older_answer() {
        let (clock, cache, key) = cache();
        let before = clock.elapsed();
        cache.put(&key, Arc::new("new"), 2, before);
        for n in 1..CAPACITY {
            cache.put(&ObjectKey::scratch("fill", &n.to_string()), Arc::new("x"), 1, before);
        }
        clock.advance(Duration::from_millis(1));
        cache.put(&ObjectKey::scratch("one", "more"), Arc::new("x"), 1, clock.elapsed());
        assert_eq!(cache.get(&key), None);
        cache.put(&key, Arc::new("old"), 1, before);
        assert_eq!(cache.get(&key), None);
        cache.put(&key, Arc::new("new"), 2, clock.elapsed());
        assert_eq!(cache.get(&key).as_deref(), Some(&"new"));
    }

    #[tokio::test]
    async fn a_flight_serves_only_those_who_asked_before_it_left() {
        let (_, cache, key) = cache();
        let (cache, flights, go) = (Arc::new(cache), Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let ask = || {
            let (cache, key, flights, go) = (Arc::clone(&cache), key.clone(), Arc::clone(&flights), Arc::clone(&go));
            async move {
                let fetch = async {
                    let number = flights.fetch_add(1, Ordering::SeqCst);
                    go.notified().await;
                    Ok(Some(Arc::new(["first", "second", "third"][number])))
                };
                cache.fly(&key, fetch).await.unwrap().unwrap()
            }
        };
        let first = ask();
        tokio::pin!(first);
        assert!(futures::poll!(first.as_mut()).is_pending());
        let (second, third) = (ask(), ask());
        tokio::pin!(second, third);
        assert!(futures::poll!(second.as_mut()).is_pending());
        assert!(futures::poll!(third.as_mut()).is_pending());
        go.notify_one();
        assert_eq!(*first.await, "first");
        assert!(futures::poll!(second.as_mut()).is_pending());
        go.notify_one();
        assert_eq!((*second.await, *third.await), ("second", "second"));
        assert_eq!(flights.load(Ordering::SeqCst), 2);
        assert!(cache.lock().gates.is_empty());
    }

    #[tokio::test]
    async fn who_waits_for_a_dropped_flight_flies_alone() {
        let (_, cache, key) = cache();
        {
            let lost = cache.fly(&key, std::future::pending());
            tokio::pin!(lost);
            assert!(futures::poll!(lost.as_mut()).is_pending());
        }
        assert_eq!(*cache.fly(&key, async { Ok(Some(Arc::new("own"))) }).await.unwrap().unwrap(), "own");
    }
}
