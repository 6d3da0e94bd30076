//! Time as the core sees it. No other file asks the operating system what time it is.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment `millis` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment `after` later; saturates at the end of time.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(after.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The last moment of its second.
    #[must_use]
    pub(crate) const fn end_of_second(self) -> Self {
        Self(self.0 - self.0 % 1000 + 999)
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds as needed: `2026-01-31T12:00:00.5Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i128::from(self.0) * 1_000_000;
        let text = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|at| at.format(&Rfc3339).ok());
        f.write_str(text.as_deref().unwrap_or("the end of time"))
    }
}

/// Where the core asks for the time. Wall time is for what people read and for expiry of days;
/// elapsed time is for everything that must not jump.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Wall time.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment of this process; never goes back.
    fn elapsed(&self) -> Duration;
}

/// A moment by both clocks of this process, for what must not be believed for too long: the time that
/// a process counts by itself stands still while its machine is suspended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    elapsed: Duration,
    wall: Timestamp,
}

impl Moment {
    /// Longer ago than anything.
    pub(crate) const NEVER: Self = Self { elapsed: Duration::ZERO, wall: Timestamp(0) };

    /// This moment.
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self { elapsed: clock.elapsed(), wall: clock.now() }
    }

    /// How long ago it was, by the clock that says more.
    pub(crate) fn age(self, clock: &dyn Clock) -> Duration {
        clock.elapsed().saturating_sub(self.elapsed).max(clock.now().since(self.wall))
    }

    /// The later of two; `other` where they are one.
    pub(crate) fn or_later(self, other: Self) -> Self {
        if other.elapsed >= self.elapsed { other } else { self }
    }

    /// By the time that the process counts itself.
    pub(crate) const fn elapsed(self) -> Duration {
        self.elapsed
    }
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose elapsed time starts now.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that moves only when told to. For tests.
#[derive(Debug)]
pub struct ManualClock {
    millis: AtomicU64,
}

/// Where a [`ManualClock`] starts: 2026-01-01T00:00:00Z.
const MANUAL_START: u64 = 1_767_225_600_000;

impl ManualClock {
    /// A clock that stands at 2026-01-01T00:00:00Z.
    #[must_use]
    pub const fn new() -> Self {
        Self { millis: AtomicU64::new(MANUAL_START) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.millis.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.millis.load(Ordering::SeqCst) - MANUAL_START)
    }
}

/// A clock that goes as the runtime's timers do: in a test that pauses time, it moves only while
/// everybody waits.
#[derive(Clone, Copy, Debug)]
pub struct TimerClock {
    started: tokio::time::Instant,
}

impl TimerClock {
    /// A clock whose elapsed time starts now, at 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn new() -> Self {
        Self { started: tokio::time::Instant::now() }
    }
}

impl Default for TimerClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TimerClock {
    fn now(&self) -> Timestamp {
        Timestamp(MANUAL_START).plus(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts by itself and shows the wall's time, each as it is told to.
    #[derive(Debug, Default)]
    struct Two {
        elapsed: AtomicU64,
        wall: AtomicU64,
    }

    impl Two {
        fn pass(&self, elapsed: u64, wall: u64) {
            self.elapsed.fetch_add(elapsed, Ordering::SeqCst);
            self.wall.fetch_add(wall, Ordering::SeqCst);
        }
    }

    impl Clock for Two {
        fn now(&self) -> Timestamp {
            Timestamp(self.wall.load(Ordering::SeqCst))
        }

        fn elapsed(&self) -> Duration {
            Duration::from_millis(self.elapsed.load(Ordering::SeqCst))
        }
    }

    #[test]
    fn a_moment_is_as_long_ago_as_either_clock_says() {
        let clock = Two::default();
        clock.pass(5, 1_000_000);
        assert!(Moment::NEVER.age(&clock) >= Duration::from_millis(1_000_000));
        let moment = Moment::now(&clock);
        clock.pass(20, 20);
        assert_eq!(moment.age(&clock), Duration::from_millis(20));
        // The machine was suspended.
        clock.pass(1, 60_000);
        assert_eq!(moment.age(&clock), Duration::from_millis(60_020));
        let later = Moment::now(&clock);
        assert_eq!(moment.or_later(later).elapsed(), later.elapsed());
        assert_eq!(later.or_later(moment).elapsed(), later.elapsed());
    }

    #[test]
    fn a_timestamp_reads_as_rfc3339() {
        assert_eq!(Timestamp::from_millis(1_767_225_600_500).to_string(), "2026-01-01T00:00:00.5Z");
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::new();
        let before = clock.now();
        clock.advance(Duration::from_secs(3));
        assert_eq!(clock.now().since(before), Duration::from_secs(3));
        assert_eq!(clock.elapsed(), Duration::from_secs(3));
    }
}
