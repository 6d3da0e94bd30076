//! Stores what is held of an upload as a bundle of this replica.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};

use super::bundle;
use super::fragments::Piece;
use super::handle::Session;
use super::record::{State, UploadRecord};
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::key::ObjectKey;
use crate::manifest::{Change, Document};
use crate::store::{Attributes, Body, BodyStream, Condition};
use std::ops::Range;

/// How many uploads are flushed at once at shutdown.
const DRAIN_AT_ONCE: usize = 8;

/// How often a chunk that is to be acknowledged as stored is looked after.
const DURABLE_ATTEMPTS: u32 = 8;

impl Session {
    /// Stores what is held, also when the caller goes away meanwhile.
    ///
    /// # Errors
    /// `Unavailable` when the store does not take it: it stays held.
    pub(super) async fn flush(&self) -> Result<()> {
        let upload = self.clone();
        self.bucket.tasks().finish(async move { upload.flush_here().await }).await?
    }

    /// Stores what is held: one bundle, except when its ranges are too many for one.
    ///
    /// A crash before the bundle is stored loses what was held; after it, nothing.
    ///
    /// # Errors
    /// As [`Session::flush`].
    pub(super) async fn flush_here(&self) -> Result<()> {
        let _turn = self.active.flushing.lock().await;
        let pieces = self.active.to_bundle();
        if pieces.is_empty() {
            return Ok(());
        }
        let record = match self.look().await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.active.clear();
                return Err(error);
            }
            other => other?,
        };
        if matches!(record.state, State::Done(_)) {
            self.active.clear();
            return Ok(());
        }
        for batch in bundle::batches(&pieces) {
            self.put_bundle(&record, batch).await?;
        }
        self.touch(&record);
        Ok(())
    }

    /// Waits until all of `chunk`, which is held, is in the store.
    ///
    /// # Errors
    /// As [`Session::flush`].
    pub(super) async fn store_held(&self, chunk: &Range<u64>) -> Result<()> {
        for _ in 0..DURABLE_ATTEMPTS {
            self.active.settled().await;
            let record = self.look().await?;
            if self.active.is_stored(chunk) || matches!(record.state, State::Done(_)) {
                return Ok(());
            }
            self.flush().await?;
        }
        Err(Error::new(ErrorKind::Unavailable, Subject::Upload, "the chunk could not be stored: send it again"))
    }

    async fn put_bundle(&self, record: &UploadRecord, pieces: &[Piece]) -> Result<()> {
        let number = self.bucket.uploads().next_bundle();
        let key = ObjectKey::bundle(&self.active.id, self.bucket.replica(), number);
        let body = replayable(bundle::encode(pieces));
        let stored = self.bucket.store().put(&key, body, attributes(record), Condition::Always).await;
        stored.map_err(|error| error.about(Subject::Upload))?;
        self.active.bundled(&pieces.iter().map(Piece::range).collect());
        Ok(())
    }

    /// Notes about eight times in a session's life that something was stored, so that it does not
    /// expire. In the background: a note that is lost is made up for by the next.
    pub(super) fn touch(&self, record: &UploadRecord) {
        let now = self.bucket.clock().now();
        let interval = self.bucket.settings().session_life / 8;
        if now.since(record.touched) < interval {
            return;
        }
        let upload = self.clone();
        self.bucket.tasks().background(async move {
            let sent = upload.bucket.clock().elapsed();
            let change = |record: &mut UploadRecord| {
                let due = matches!(record.state, State::Open | State::Finishing) && now.since(record.touched) >= interval;
                record.touched = record.touched.max(now);
                Ok(if due { Change::Save(record.clone()) } else { Change::Keep(record.clone()) })
            };
            match upload.record().update(change).await {
                Ok(record) => upload.active.learn(Arc::new(record), sent),
                Err(error) => {
                    tracing::warn!(upload.id = %upload.active.id, error = %error, "the upload's age could not be noted");
                }
            }
        });
    }
}

/// What a bundle carries beside its bytes.
fn attributes(record: &UploadRecord) -> Attributes {
    let tags = [
        ("fb-kind", "bundle".to_owned()),
        ("fb-owner", record.account.to_string()),
        ("fb-state", record.state().to_owned()),
    ];
    Attributes { tags: tags.map(|(name, value)| (name.to_owned(), value)).into(), ..Attributes::default() }
}

/// A body that is in memory in pieces, and can be read as often as an attempt needs it.
pub(super) fn replayable(parts: Vec<Bytes>) -> Body {
    let size = parts.iter().map(|part| part.len() as u64).sum();
    let parts: Arc<[Bytes]> = parts.into();
    let open = move || -> BodyStream {
        let parts = Arc::clone(&parts);
        stream::iter(0..parts.len()).map(move |at| Ok(parts[at].clone())).boxed()
    };
    Body::replay(size, Arc::new(open))
}

impl Bucket {
    /// Stores every chunk that is held, so that nothing is lost when the process ends.
    pub(crate) async fn flush_uploads(&self, deadline: Duration) {
        let all = stream::iter(self.uploads().holding()).for_each_concurrent(DRAIN_AT_ONCE, |active| async {
            let upload = Session::new(self.clone(), active);
            upload.active.settled().await;
            if let Err(error) = upload.flush_here().await {
                tracing::error!(upload.id = %upload.active.id, error = %error, "held chunks are lost");
            }
        });
        if tokio::time::timeout(deadline, all).await.is_err() {
            tracing::error!("stopped before all held chunks were stored");
        }
    }
}
