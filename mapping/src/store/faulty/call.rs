//! One call on its way to the store and back.

use std::time::Duration;

use super::plan::Fault;
use super::{FaultyStore, body, dead, unavailable};
use crate::key::ObjectKey;
use crate::store::{Body, MultipartId, Object, StoreResult};

/// What befalls one call that was let through.
pub(super) struct Call<'s> {
    pub(super) store: &'s FaultyStore,
    pub(super) fault: Option<Fault>,
    /// How long its answer takes.
    pub(super) answer_delay: Option<Duration>,
}

impl Call<'_> {
    pub(super) fn resends(&self) -> bool {
        self.fault == Some(Fault::Resend)
    }

    pub(super) fn sent(&self, body: Body) -> Body {
        if self.fault == Some(Fault::CutBody) { body::cut(body) } else { body }
    }

    pub(super) fn received(&self, object: Object) -> Object {
        if self.fault == Some(Fault::CutBody) { body::cut_object(object) } else { object }
    }

    /// The upload is gone before the call reaches the store.
    pub(super) async fn drop_upload(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()> {
        if self.fault == Some(Fault::DropUpload) {
            self.store.inner.abort_multipart(key, upload).await?;
        }
        Ok(())
    }

    pub(super) async fn end<T>(self, result: StoreResult<T>) -> StoreResult<T> {
        if let Some(delay) = self.answer_delay {
            tokio::time::sleep(delay).await;
        }
        match self.fault {
            // Also for a call that was under way when another one was the last.
            _ if self.store.is_dead() => Err(dead()),
            Some(Fault::LoseAnswer) => Err(unavailable("the answer was lost")),
            Some(Fault::CutBody) if result.is_err() => Err(unavailable("the connection was cut")),
            _ => result,
        }
    }
}
