//! A clock that can be moved ahead, so that what waits for time to pass does not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mapping::clock::{Clock, SystemClock, Timestamp};

/// The machine's clock, moved ahead.
#[derive(Debug, Default)]
pub struct AheadClock {
    machine: SystemClock,
    ahead: AtomicU64,
}

impl AheadClock {
    /// Moves it ahead.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead.load(Ordering::SeqCst))
    }
}

impl Clock for AheadClock {
    fn now(&self) -> Timestamp {
        self.machine.now().plus(self.ahead())
    }

    fn elapsed(&self) -> Duration {
        self.machine.elapsed() + self.ahead()
    }
}
