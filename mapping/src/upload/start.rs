//! Starts an upload, and fixes its grid once the first chunk shows what the client sends.

use std::ops::Range;
use std::sync::Arc;

use super::grid::{Grid, Sizes};
use super::handle::Session;
use super::record::{self, Fixed, State, UploadRecord};
use crate::access::{Folder, Writes};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{Stamp, UploadId};
use crate::key::ObjectKey;
use crate::manifest::{Change, Created};
use crate::path::FilePath;
use crate::store::{Attributes, MultipartId};

/// What a file made by an upload carries.
#[derive(Clone, Debug, Default)]
pub struct UploadOptions {
    /// Its content type, if the client said one.
    pub content_type: Option<String>,
}

impl<A: Writes> Folder<A> {
    /// Starts an upload of `length` bytes, or of a length that the end will show, to `path`.
    /// What is at `path` stays as it is until the upload is finished.
    ///
    /// # Errors
    /// `Conflict` when a directory has this name, or a file the name of a directory above;
    /// `Busy` while what was moved away from there is still on its way; `Invalid` for a name that no new file
    /// can have; `TooLarge` for more than any store takes;
    /// `OverQuota` for more than the folder may ever hold (whether it fits beside what is there, the
    /// finish decides); `Unavailable` when the store does not answer.
    pub async fn start_upload(&self, path: FilePath, length: Option<u64>, options: UploadOptions) -> Result<UploadId> {
        self.can_fit(length.unwrap_or(0)).await?;
        self.look_for_clash(&path).await?;
        Ok(self.begin_upload(path, length, options).await?.active.id.clone())
    }

    /// Writes the record of a new upload. A crash after it leaves a session that expires.
    pub(super) async fn begin_upload(
        &self,
        path: FilePath,
        length: Option<u64>,
        options: UploadOptions,
    ) -> Result<Session> {
        let id = UploadId::random(self.bucket().random());
        let begun = self.begin_upload_as(&id, path, length, options).await?;
        begun.ok_or_else(|| Error::internal(Subject::Upload, "a random upload id was used before"))
    }

    /// The same with an id that was drawn before; `None` when it has begun already.
    pub(super) async fn begin_upload_as(
        &self,
        id: &UploadId,
        path: FilePath,
        length: Option<u64>,
        options: UploadOptions,
    ) -> Result<Option<Session>> {
        path.check_new_file()?;
        if length.is_some_and(|length| length > Sizes::longest()) {
            return Err(record::too_large());
        }
        let bucket = self.bucket();
        let (now, sent) = (bucket.clock().now(), bucket.clock().elapsed());
        let record = UploadRecord {
            folder: self.id(),
            prefix: self.prefix().clone(),
            path,
            length,
            content_type: options.content_type,
            account: self.account().id,
            created: now,
            touched: now,
            stamp: Stamp::random(bucket.random()),
            fixed: None,
            state: State::Open,
        };
        match bucket.manifest(ObjectKey::session(id)).create(record.clone()).await? {
            Created::New => Ok(Some(Session::enter(bucket, id, record, sent))),
            Created::Existed(_) => Ok(None),
        }
    }
}

impl Session {
    /// The grid, fixed by this chunk if it is the first that can. `None` while no grid is needed,
    /// and for an upload that was finished without one.
    pub(super) async fn fixed_for(&self, record: &UploadRecord, chunk: &Range<u64>) -> Result<Option<Fixed>> {
        if record.fixed.is_some() {
            return Ok(record.fixed.clone());
        }
        match Grid::propose(self.sizes(), record.length, chunk) {
            None => Ok(None),
            Some(grid) => self.fix(grid).await,
        }
    }

    /// Fixes the grid: a multipart upload is begun, then one write of the record takes both.
    /// `None` for an upload that was finished without a grid.
    ///
    /// A crash after the first step leaves a multipart upload that no record holds; the sweep
    /// finds it by listing the file's key. Who loses the race aborts its own.
    pub(super) async fn fix(&self, grid: Grid) -> Result<Option<Fixed>> {
        let _one = self.active.fixing.lock().await;
        let (record, _) = self.active.known();
        if record.fixed.is_some() {
            return Ok(record.fixed.clone());
        }
        let begun = self.bucket.store().create_multipart(&record.key(), attributes(&record)).await;
        let mine = Fixed { grid, multipart: begun.map_err(|error| error.about(Subject::Upload))? };
        let fixed = self.take_grid(&mine).await;
        let certain = fixed.as_ref().map_or_else(|error| error.kind() != ErrorKind::Unavailable, |_| true);
        if certain && fixed.as_ref().ok().and_then(Option::as_ref) != Some(&mine) {
            self.abort_in_background(mine.multipart);
        }
        fixed
    }

    /// Writes `mine` into the record unless a grid is there already; answers the one that is there.
    async fn take_grid(&self, mine: &Fixed) -> Result<Option<Fixed>> {
        let sent = self.bucket.clock().elapsed();
        let change = |record: &mut UploadRecord| {
            record.check()?;
            if record.fixed.is_some() || matches!(record.state, State::Done(_)) {
                return Ok(Change::Keep(record.clone()));
            }
            record.fixed = Some(mine.clone());
            Ok(Change::Save(record.clone()))
        };
        let record = self.record().update(change).await?;
        let fixed = record.fixed.clone();
        self.active.learn(Arc::new(record), sent);
        Ok(fixed)
    }

    /// Aborts a multipart upload; what fails here is the sweep's to find.
    pub(super) fn abort_in_background(&self, multipart: MultipartId) {
        let upload = self.clone();
        self.bucket.tasks().background(async move {
            let key = upload.active.known().0.key();
            if let Err(error) = upload.bucket.store().abort_multipart(&key, &multipart).await {
                tracing::warn!(upload.id = %upload.active.id, error = %error, "an unused multipart upload is left to the sweep");
            }
        });
    }
}

/// What the file will carry. The stamp proves that this upload made it.
pub(super) fn attributes(record: &UploadRecord) -> Attributes {
    Attributes {
        content_type: record.content_type.clone(),
        metadata: [("fb-stamp".to_owned(), record.stamp.as_str().to_owned())].into(),
        tags: Default::default(),
    }
}
