//! The place in the bucket: looks at it, writes it, and waits until it is free.

use std::sync::Arc;
use std::time::Duration;

use super::SILENCE;
use super::record::WriterRecord;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::Stamp;
use crate::key::ObjectKey;
use crate::manifest::{Stored, attributes, read_stored};
use crate::random::SystemRandom;
use crate::store::{Body, Condition, Store};

/// How often a heartbeat is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The one place of a bucket.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    store: Store,
    pub(super) clock: Arc<dyn Clock>,
}

impl Seat {
    pub(super) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Waits until nobody has the place; who has it and does not beat is dead after a while, and
    /// is answered.
    ///
    /// # Errors
    /// `Conflict` once the heartbeat was seen to beat.
    pub(super) async fn wait_until_free(&self) -> Result<Option<WriterRecord>> {
        let Some(first) = self.holder().await? else { return Ok(None) };
        let since = self.clock.elapsed();
        tracing::info!("somebody serves this bucket alone, or died doing so: looking for signs of life");
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let looked = self.clock.elapsed();
            match self.holder().await? {
                None => return Ok(None),
                Some(there) if there != first => return Err(taken(&there)),
                Some(dead) if looked.saturating_sub(since) >= SILENCE => return Ok(Some(dead)),
                Some(_) => {}
            }
        }
    }

    /// What is written there, if it says that somebody has the place.
    async fn holder(&self) -> Result<Option<WriterRecord>> {
        Ok(self.read().await?.filter(|record| record.writer.is_some()))
    }

    /// What is written there.
    pub(super) async fn read(&self) -> Result<Option<WriterRecord>> {
        Ok(read_stored(&*self.store, &ObjectKey::writer()).await?.map(|(_, stored)| stored.body))
    }

    /// Writes it over whatever is there.
    pub(super) async fn write(&self, record: WriterRecord) -> Result<()> {
        let attributes = attributes(&record);
        let body = Body::from(Stored::first(record, Stamp::random(&SystemRandom)).encode()?);
        let put = self.store.put(&ObjectKey::writer(), body, attributes, Condition::Always).await;
        put.map(drop).map_err(|error| error.about(Subject::Request))
    }
}

/// What whoever comes second is told.
pub(super) fn taken(record: &WriterRecord) -> Error {
    let message = format!(
        "a `serve --single-writer` serves this bucket since {}, and nothing else may write to it: stop that one first",
        record.since
    );
    Error::new(ErrorKind::Conflict, Subject::Request, message)
}
