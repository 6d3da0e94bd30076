//! What became of the attempts of one write before its last, which is all that the SDK tells of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::body::Watch;
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// Knows whether an attempt ended without saying if its write was done.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    unknown: Arc<AtomicBool>,
    body: Watch,
}

impl Attempts {
    /// Those of a write with a body: one whose body broke on its way was not done, for the store never
    /// had as much as was announced.
    pub(super) fn with_body(body: &Watch) -> Self {
        Self { body: body.clone(), ..Self::default() }
    }

    /// `result`, unknown when an attempt before the refused one may have been done. Lost races and
    /// uploads that are gone stay: who asked looks then whether it was its own write that won.
    pub(super) fn weigh<T>(&self, result: StoreResult<T>) -> StoreResult<T> {
        use StoreErrorKind::{Conflict, NoSuchUpload, PreconditionFailed, Unavailable};
        match result {
            Err(error)
                if self.unknown.load(Ordering::SeqCst)
                    && !matches!(error.kind(), Conflict | NoSuchUpload | PreconditionFailed | Unavailable) =>
            {
                let message = "refused, but an earlier attempt may have been done";
                Err(StoreError::new(Unavailable, message).caused_by(error))
            }
            result => result,
        }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let failed = context.output_or_error().is_none_or(|answer| answer.is_err());
        let refused = context.response().is_some_and(|answer| (300..500).contains(&answer.status().as_u16()));
        if failed && !refused && !self.body.broke() {
            self.unknown.store(true, Ordering::SeqCst);
        }
        Ok(())
    }
}
