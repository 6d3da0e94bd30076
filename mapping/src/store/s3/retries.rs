//! How often the SDK tries a request, and how long it pauses between.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_types::retry::RetrySpec;

use super::settings::Retries;
use crate::random::{Random, SystemRandom};

/// What each retry takes of [`QUOTA`]. One that is answered gives it back.
const RETRY_COST: u32 = 10;
/// Retries at once: those of a hundred uploads of five chunks each.
const QUOTA: usize = 20_000;
/// What comes back each second, whatever the store does.
const QUOTA_A_SECOND: f32 = 200.0;

/// The SDK pauses hardly at all after a 500, and a second after a 503 that says `SlowDown`. Stores
/// that are restarted say either: one pause for both.
pub(super) fn config(retries: Retries) -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(retries.attempts)
        .with_initial_backoff(retries.pause)
        .with_max_backoff(retries.longest_pause)
        .with_retry_spec(RetrySpec::v2_1().with_non_throttling_initial_backoff(retries.pause))
}

/// What bounds the retries of all requests together, so that a store that is down gets little more
/// than each request once. The SDK's own quota is shared by all clients of a process, lasts for 35
/// retries, and comes back only with successes: after an outage nothing would be retried.
pub(super) fn partition() -> RetryPartition {
    let quota = TokenBucket::builder()
        .capacity(QUOTA)
        .refill_rate(QUOTA_A_SECOND)
        .retry_cost(RETRY_COST)
        .timeout_retry_cost(RETRY_COST)
        .throttling_retry_cost(RETRY_COST)
        .build();
    RetryPartition::custom("bucket").token_bucket(quota).build()
}

/// Gives a store time that said that it cannot now. The SDK draws each pause from nothing to its
/// most: all of them may be short, and then a burst of 503 outlives all attempts.
#[derive(Debug)]
pub(super) struct Patience {
    pause: Duration,
}

impl Patience {
    pub(super) const fn of(retries: Retries) -> Self {
        Self { pause: retries.pause }
    }

    /// Between half of the first pause and all of it.
    fn least(&self) -> Duration {
        let half = self.pause / 2;
        let random: &dyn Random = &SystemRandom;
        half + Duration::from_micros(random.below(u64::try_from(half.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl ClassifyRetry for Patience {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, so_far: &RetryAction) -> RetryAction {
        let refused = context.response().is_some_and(|answer| answer.status().is_server_error());
        match so_far {
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind, retry_after: None }) if refused => {
                RetryAction::retryable_error_with_explicit_delay(*kind, self.least())
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "Patience"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}
