//! Uploads in chunks that go to any replica. What is not finished is left to the sweeper.

use std::ops::Range;
use std::time::Duration;

use mapping::access::{Delete, FolderRef};
use mapping::files::FileMeta;
use mapping::id::{FolderId, UploadId};
use mapping::path::FilePath;
use mapping::upload::{Upload, UploadOptions};
use mapping::{Account, Bucket, Error, ErrorKind, Result, Subject};

use super::client::Client;
use super::content::{body, content, length};
use super::report::is_unknown;

/// How often chunks and finishes are tried.
const TRIES: usize = 4;

impl Client {
    pub(super) async fn upload(&mut self, bucket: &Bucket, account: &Account) {
        let Some((folder, path)) = self.some_file() else { return };
        let (tag, start) = (self.new_tag(), self.cluster.now());
        let answer = self.upload_all(bucket, account, (folder, &path), tag).await;
        match answer {
            Uploaded::Started(answer) => {
                self.judge("upload", folder, start, &answer);
                self.wrote(folder, path, tag, &answer);
            }
            // What was not finished is never there, whatever became of its chunks.
            Uploaded::Unfinished(error) => self.judge::<()>("upload", folder, start, &Err(error)),
            Uploaded::GivenUp => {
                self.report.answered("upload given up", &Ok(()));
            }
        }
    }

    pub(super) async fn upload_all(
        &self,
        bucket: &Bucket,
        account: &Account,
        (folder, path): (FolderId, &FilePath),
        tag: u64,
    ) -> Uploaded {
        let size = length(tag) as u64;
        let started = async {
            let opened = bucket.folder::<Delete>(account, &FolderRef::Id(folder)).await?;
            opened.start_upload(path.clone(), Some(size), UploadOptions::default()).await
        };
        let id = match started.await {
            Ok(id) => id,
            Err(error) => return Uploaded::Unfinished(error),
        };
        let chunk = 10 + self.below(90);
        let mut left: Vec<Range<u64>> =
            (0..size.div_ceil(chunk)).map(|number| number * chunk..((number + 1) * chunk).min(size)).collect();
        if self.below(2) == 0 {
            left.reverse();
        }
        for _ in 0..TRIES {
            if let Err(error) = self.send(account, (folder, &id), tag, &left).await {
                return Uploaded::Unfinished(error);
            }
            match self.below(20) {
                0 => return Uploaded::GivenUp,
                1 => return self.abort(account, (folder, &id)).await,
                _ => {}
            }
            match self.finish(account, (folder, &id)).await {
                Err(error) if error.kind() == ErrorKind::Conflict && !error.missing().is_empty() => {
                    left = error.missing().to_vec();
                }
                answer => return Uploaded::Started(answer),
            }
        }
        Uploaded::GivenUp
    }

    async fn send(&self, account: &Account, at: (FolderId, &UploadId), tag: u64, left: &[Range<u64>]) -> Result<()> {
        let bytes = content(tag);
        for range in left {
            let piece =
                bytes.slice(usize::try_from(range.start).expect("short")..usize::try_from(range.end).expect("short"));
            let mut tries = 0;
            loop {
                tries += 1;
                let sent = async {
                    let upload = self.opened(account, at).await?;
                    upload.append(range.start, range.end - range.start, body(&piece)).await
                };
                match sent.await {
                    Err(error) if is_unknown(&error) && tries < TRIES => {}
                    answer => break answer?,
                }
            }
        }
        Ok(())
    }

    /// Finishes, and again when the answer says nothing.
    async fn finish(&self, account: &Account, at: (FolderId, &UploadId)) -> Result<FileMeta> {
        let mut unknown = None;
        for _ in 0..TRIES {
            let finished = async { self.opened(account, at).await?.finish().await };
            match finished.await {
                Err(error) if is_unknown(&error) || error.kind() == ErrorKind::Busy => unknown = Some(error),
                // What the first try did nobody knows, if this one finds it changed.
                Err(error) if unknown.is_some() && error.missing().is_empty() => {
                    let message = "an earlier finish may have been done";
                    return Err(Error::new(ErrorKind::Unavailable, Subject::Upload, message).caused_by(error));
                }
                answer => return answer,
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(unknown.expect("a try that failed"))
    }

    async fn abort(&self, account: &Account, at: (FolderId, &UploadId)) -> Uploaded {
        let aborted = async { self.opened(account, at).await?.abort().await };
        match aborted.await {
            Ok(()) => Uploaded::GivenUp,
            Err(error) => Uploaded::Unfinished(error),
        }
    }

    /// The upload as some replica opens it.
    async fn opened(&self, account: &Account, (folder, id): (FolderId, &UploadId)) -> Result<Upload> {
        let replica = self.cluster.replica(self.below(u64::MAX)).await;
        let opened = replica.bucket.folder::<Delete>(account, &FolderRef::Id(folder)).await?;
        opened.upload(id).await
    }
}

/// What came of an upload.
pub(super) enum Uploaded {
    /// It was finished, or that was tried.
    Started(Result<FileMeta>),
    /// It cannot be there.
    Unfinished(Error),
    /// Nobody wants it any more.
    GivenUp,
}
