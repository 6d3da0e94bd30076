//! Whether the bucket answers at all, why not, and what time it is there.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::failure::failed;
use super::{S3Store, encode};
use crate::clock::Timestamp;
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// What came of looking for the bucket.
#[derive(Debug)]
pub struct Reach {
    /// Whether it can be used, else a sentence that names the bucket, the endpoint and what is wrong.
    pub answer: StoreResult<()>,
    /// Whether these credentials are known there, and only may not look at the bucket.
    pub only_denied: bool,
    /// When the store answered, by its own clock and to the second; it says so also when it refuses.
    pub date: Option<Timestamp>,
}

impl S3Store {
    /// Looks whether the bucket is there and these credentials may use it.
    pub async fn reach(&self) -> Reach {
        if let Err(error) = self.check_credentials().await {
            return Reach { answer: Err(error), only_denied: false, date: None };
        }
        let dated = Dated::default();
        let request = self.client.head_bucket().bucket(self.bucket());
        let answer = request.customize().interceptor(dated.clone()).send().await;
        let answer = answer.map(drop).map_err(|error| failed("head bucket", self.bucket(), error));
        let mut only_denied = false;
        let answer = match answer {
            Err(error) if error.kind() == StoreErrorKind::AccessDenied => {
                let reason = self.denial().await;
                only_denied = reason.as_ref().is_some_and(|(code, _)| code == "AccessDenied");
                reason.map_or(Ok(()), |(_, reason)| Err(error.because(&reason)))
            }
            answer => answer,
        };
        Reach { answer: answer.map_err(|error| self.named(error)), only_denied, date: dated.date() }
    }

    /// Why these credentials are denied: the answer to a HEAD has no room for it. `None` when they
    /// are not, after all.
    async fn denial(&self) -> Option<(String, StoreError)> {
        let answer = self.client.list_objects_v2().bucket(self.bucket()).max_keys(1).send().await;
        let error = answer.err()?;
        let code = error.code().unwrap_or_default().to_owned();
        Some((code, failed("list", self.bucket(), error)))
    }

    fn named(&self, error: StoreError) -> StoreError {
        let (bucket, endpoint) = (self.bucket(), self.endpoint());
        let (kind, sentence) = match error.kind() {
            StoreErrorKind::NotFound | StoreErrorKind::NoSuchBucket => {
                (StoreErrorKind::NoSuchBucket, format!("bucket `{bucket}` does not exist at {endpoint}"))
            }
            StoreErrorKind::AccessDenied => (
                StoreErrorKind::AccessDenied,
                format!("{endpoint} denies these credentials the bucket `{bucket}` ({})", error.message()),
            ),
            StoreErrorKind::Unavailable => {
                (StoreErrorKind::Unavailable, format!("no answer from {endpoint} for bucket `{bucket}`"))
            }
            kind => (kind, format!("{endpoint} refuses bucket `{bucket}`: {error}")),
        };
        StoreError::new(kind, sentence).caused_by(error)
    }
}

impl StoreError {
    /// The same kind of error, in the words of another that says more.
    fn because(self, reason: &Self) -> Self {
        Self::new(self.kind(), reason.message().to_owned())
    }
}

/// Keeps the `Date` of the last answer.
#[derive(Clone, Debug, Default)]
struct Dated(Arc<Mutex<Option<DateTime>>>);

impl Dated {
    fn date(&self) -> Option<Timestamp> {
        let date = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        date.as_ref().map(|date| encode::timestamp(Some(date)))
    }
}

#[dyn_dispatch_hint]
impl Intercept for Dated {
    fn name(&self) -> &'static str {
        "Dated"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}
