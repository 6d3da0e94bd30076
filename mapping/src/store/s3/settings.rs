//! How to reach a bucket.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// How many objects even a slow store removes in a second, beside what every request may take.
const REMOVED_EACH_SECOND: u64 = 50;

/// The slowest body that is waited for, in bytes a second: beside [`Timeouts::attempt`].
const SLOWEST_BODY: u64 = 16 * 1024;

/// An access key and its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// The public half.
    pub access_key: String,
    /// The secret half.
    pub secret_key: String,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// When the SDK adds checksums of its own to requests and checks those of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksums {
    /// Only where S3 demands one. The SDK's own default breaks R2, GCS and Ceph.
    #[default]
    WhenRequired,
    /// Wherever S3 takes one.
    WhenSupported,
}

/// How long the store may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For one attempt, to the head of its answer. A request with a body has longer, by its size.
    pub attempt: Duration,
    /// For one attempt of what a store does inside: copies and Complete.
    pub long_attempt: Duration,
    /// For the next bytes of a body on its way in or out, while the other side is ready for them.
    pub stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            attempt: Duration::from_secs(30),
            long_attempt: Duration::from_secs(300),
            stall: Duration::from_secs(20),
        }
    }
}

/// How often a request is tried that the store refused for now, cut off, or did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Attempts in all.
    pub attempts: u32,
    /// The most that the first pause between two takes. Each is drawn between nothing and its most,
    /// which doubles from one to the next.
    pub pause: Duration,
    /// The most that any pause takes.
    pub longest_pause: Duration,
}

impl Default for Retries {
    /// Outlives a burst of 503 of a few seconds: the pauses are 3.75 s together on average, 7.5 s at
    /// most.
    fn default() -> Self {
        Self { attempts: 5, pause: Duration::from_millis(500), longest_pause: Duration::from_secs(4) }
    }
}

/// Attempts that wait for their whole time before no more are made, however many are left: a client
/// would have gone away meanwhile.
const WAITED_OUT: u32 = 3;

/// How to reach a bucket. What is `None` comes from where every AWS tool looks: environment,
/// profile, container, instance.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// Where the store is, if it is not AWS: `http://127.0.0.1:9000`.
    pub endpoint: Option<String>,
    /// The bucket.
    pub bucket: String,
    /// Its region. `us-east-1` where an endpoint is given and nothing says otherwise.
    pub region: Option<String>,
    /// Fixed credentials.
    pub credentials: Option<KeyPair>,
    /// Bucket in the path instead of the host name; unless told, where an endpoint is given.
    pub path_style: Option<bool>,
    /// When checksums are added.
    pub checksums: Checksums,
    /// What carries the requests, instead of a pool of connections. For the embedded store.
    pub http_client: Option<SharedHttpClient>,
    /// Connections kept open while idle.
    pub idle_connections: usize,
    /// How long they are kept. AWS drops them after 20 s, most proxies after 60 s: that is never to
    /// happen in the middle of a request.
    pub idle_for: Duration,
    /// How often a request is tried.
    pub retries: Retries,
    /// How long the store may take.
    pub timeouts: Timeouts,
    /// Objects above this size are copied by parts: 5 GiB is the most that AWS copies at once.
    pub copy_at_once: u64,
    /// Size of those parts, at least; they grow so that 10,000 suffice.
    pub copy_part: u64,
}

impl S3Settings {
    /// `bucket`, with everything else as it is usual.
    #[must_use]
    pub fn new(bucket: impl Into<String>) -> Self {
        Self {
            endpoint: None,
            bucket: bucket.into(),
            region: None,
            credentials: None,
            path_style: None,
            checksums: Checksums::default(),
            http_client: None,
            idle_connections: 64,
            idle_for: Duration::from_secs(15),
            retries: Retries::default(),
            timeouts: Timeouts::default(),
            copy_at_once: 5 << 30,
            copy_part: 256 << 20,
        }
    }

    /// The time-outs of a request whose one attempt may take `attempt`.
    pub(super) fn within(&self, attempt: Duration) -> TimeoutConfig {
        let Retries { attempts, longest_pause, .. } = self.retries;
        let whole = attempt * attempts.min(WAITED_OUT) + longest_pause * attempts;
        TimeoutConfig::builder()
            .connect_timeout(self.timeouts.connect)
            .operation_attempt_timeout(attempt)
            .operation_timeout(whole)
            .build()
    }

    /// The time-outs of a request that removes so many objects. Not long: a removal must not be
    /// under way for longer than whoever takes over from its sender waits.
    pub(super) fn within_many(&self, objects: usize) -> TimeoutConfig {
        let each = u64::try_from(objects).unwrap_or(u64::MAX) / REMOVED_EACH_SECOND;
        self.within(self.timeouts.attempt + Duration::from_secs(each))
    }

    /// The time-outs of a request with a body of `size` bytes.
    pub(super) fn within_body(&self, size: u64) -> TimeoutConfig {
        self.within(self.timeouts.attempt + Duration::from_secs(size / SLOWEST_BODY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let key_pair = KeyPair { access_key: "AKIA".to_owned(), secret_key: "hidden".to_owned() };
        let settings = S3Settings { credentials: Some(key_pair), ..S3Settings::new("bucket") };
        let printed = format!("{settings:?}");
        assert!(printed.contains("AKIA") && !printed.contains("hidden"));
    }

    #[test]
    fn a_store_that_never_answers_is_asked_three_times() {
        let settings = S3Settings::new("bucket");
        let whole = settings.within(Duration::from_secs(30)).operation_timeout();
        assert_eq!(whole, Some(Duration::from_secs(3 * 30 + 5 * 4)));
    }

    #[test]
    fn a_large_body_has_longer() {
        let settings = S3Settings::new("bucket");
        let attempt = |size| settings.within_body(size).operation_attempt_timeout();
        assert_eq!(attempt(100), Some(Duration::from_secs(30)));
        assert_eq!(attempt(16 << 20), Some(Duration::from_secs(30 + 1024)));
    }
}
