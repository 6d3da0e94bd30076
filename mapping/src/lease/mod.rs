//! Leases: of all replicas, one at a time does a thing. A lease is a small document with a counter
//! (`docs/BUCKET.md`, decision 0005). Its holder renews it and looks at his own clock before each
//! request; others call him dead when the counter stood still for long enough by theirs.
//!
//! Given that clocks of all processes run at about the same speed, no two believe at one moment that they
//! hold it, and nothing that a dead holder sent can still arrive when the next begins.

mod held;
mod record;
#[cfg(test)]
mod tests;
mod watch;

use std::time::Duration;

pub(crate) use held::{Done, Lease};
#[cfg(test)]
pub(crate) use record::LeaseRecord;
pub(crate) use watch::{Attempt, Watch};

/// How long things take with one lease. Everybody who wants it must say the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// How long it holds from the sending of its last renewal.
    pub(crate) life: Duration,
    /// How much longer a request of a dead holder may still be under way: its time-out, and an
    /// allowance for a process that is paused between looking at the clock and sending.
    pub(crate) late: Duration,
}

impl Terms {
    /// Two renewals may fail before the lease is lost.
    fn renew_every(self) -> Duration {
        self.life / 4
    }

    /// For how long the counter must stand still until somebody else may take the lease.
    pub(crate) fn silence(self) -> Duration {
        self.life + self.late
    }
}
