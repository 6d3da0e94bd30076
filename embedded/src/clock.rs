//! Wall time for `Last-Modified`. No other file asks the operating system what time it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3s::dto::Timestamp;
use time::OffsetDateTime;

/// A moment in milliseconds since 1970, as the index keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Millis(pub(crate) i64);

impl Millis {
    /// The moment now.
    pub(crate) fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the crate's clock")]
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }

    /// Whole seconds: the precision of an HTTP date.
    pub(crate) const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl From<Millis> for SystemTime {
    fn from(at: Millis) -> Self {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or_default())
    }
}

impl From<Millis> for Timestamp {
    fn from(at: Millis) -> Self {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.0) * 1_000_000);
        moment.unwrap_or(OffsetDateTime::UNIX_EPOCH).into()
    }
}

/// Seconds since 1970 of a date that a client sent.
pub(crate) fn seconds_of(date: &Timestamp) -> i64 {
    OffsetDateTime::from(date.clone()).unix_timestamp()
}
