//! How to reach a bucket.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

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
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            attempt: Duration::from_secs(30),
            long_attempt: Duration::from_secs(300),
        }
    }
}

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
    /// How often a request is tried in all, with jittered back-off between.
    pub attempts: u32,
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
            attempts: 3,
            timeouts: Timeouts::default(),
            copy_at_once: 5 << 30,
            copy_part: 256 << 20,
        }
    }

    /// The time-outs of a request whose one attempt may take `attempt`.
    pub(super) fn within(&self, attempt: Duration) -> TimeoutConfig {
        // Between attempts the SDK waits up to 20 seconds.
        let whole = (attempt + Duration::from_secs(20)) * self.attempts;
        TimeoutConfig::builder()
            .connect_timeout(self.timeouts.connect)
            .operation_attempt_timeout(attempt)
            .operation_timeout(whole)
            .build()
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
    fn a_large_body_has_longer() {
        let settings = S3Settings::new("bucket");
        let attempt = |size| settings.within_body(size).operation_attempt_timeout();
        assert_eq!(attempt(100), Some(Duration::from_secs(30)));
        assert_eq!(attempt(16 << 20), Some(Duration::from_secs(30 + 1024)));
    }
}
