//! How many requests each access key has left. Counted in memory, by each replica for itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::future::Cache;

/// The time in which requests are counted. It begins with a key's first request and then anew.
pub(crate) const WINDOW: Duration = Duration::from_secs(15 * 60);

/// The most keys that are counted at a time. When there are more, the one that was idle for longest starts
/// anew: memory is bounded, and nobody is refused for it.
const MOST_KEYS: u64 = 100_000;

/// Counts the requests of each access key.
#[derive(Debug)]
pub(crate) struct RateLimit {
    most: u32,
    keys: Cache<String, Arc<Mutex<Spent>>>,
}

/// What a key has spent in its window.
#[derive(Clone, Copy, Debug)]
struct Spent {
    since: Duration,
    requests: u32,
}

/// What a request has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// How many requests a key has in a window.
    pub(crate) limit: u32,
    /// How many are left.
    pub(crate) remaining: u32,
    /// Set when this one was too many: when to come again.
    pub(crate) again_in: Option<Duration>,
}

impl RateLimit {
    /// Allows `most` requests; 0 is any number.
    pub(crate) fn new(most: u32) -> Self {
        Self { most, keys: Cache::builder().max_capacity(MOST_KEYS).time_to_idle(WINDOW).build() }
    }

    /// Counts a request of `key` at `now`, a time that never goes back. `None` where nothing is limited.
    pub(crate) async fn spend(&self, key: &str, now: Duration) -> Option<Allowance> {
        if self.most == 0 {
            return None;
        }
        let fresh = async { Arc::new(Mutex::new(Spent { since: now, requests: 0 })) };
        let spent = self.keys.entry_by_ref(key).or_insert_with(fresh).await.into_value();
        let mut spent = spent.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(spent.since) >= WINDOW {
            *spent = Spent { since: now, requests: 0 };
        }
        if spent.requests >= self.most {
            let left = WINDOW.saturating_sub(now.saturating_sub(spent.since));
            return Some(Allowance { limit: self.most, remaining: 0, again_in: Some(left) });
        }
        spent.requests += 1;
        Some(Allowance { limit: self.most, remaining: self.most - spent.requests, again_in: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn each_key_has_its_own_requests_and_gets_them_anew() {
        let limit = RateLimit::new(2);
        let allowed = |remaining| Some(Allowance { limit: 2, remaining, again_in: None });
        let refused = |seconds| Some(Allowance { limit: 2, remaining: 0, again_in: Some(at(seconds)) });
        assert_eq!(limit.spend("a", at(10)).await, allowed(1));
        assert_eq!(limit.spend("a", at(20)).await, allowed(0));
        assert_eq!(limit.spend("a", at(30)).await, refused(880));
        assert_eq!(limit.spend("b", at(30)).await, allowed(1));
        assert_eq!(limit.spend("a", at(909)).await, refused(1));
        assert_eq!(limit.spend("a", at(910)).await, allowed(1));
    }

    #[tokio::test]
    async fn zero_is_no_limit() {
        assert_eq!(RateLimit::new(0).spend("a", at(1)).await, None);
    }

    #[tokio::test]
    async fn of_many_at_once_exactly_so_many_are_let_through() {
        let limit = Arc::new(RateLimit::new(100));
        let tries = (0..500).map(|_| limit.spend("a", at(1)));
        let allowed = futures::future::join_all(tries).await;
        assert_eq!(allowed.into_iter().flatten().filter(|allowance| allowance.again_in.is_none()).count(), 100);
    }
}
