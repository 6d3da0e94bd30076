//! The store: opening, closing, and the ways to reach it.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};

use crate::blobs::{Blobs, sync_dir};
use crate::cleanup;
use crate::clock::Millis;
use crate::error::OpenError;
use crate::habits::Habits;
use crate::http_client::InProcess;
use crate::index::upload;
use crate::keys::KeyPair;
use crate::pins::Pins;
use crate::readers::Readers;
use crate::schema;
use crate::service::Service;
use crate::writer::Writer;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) pins: Arc<Pins>,
    keys: KeyPair,
    /// Held as long as the store is open; the operating system lets go of it when the process dies.
    lock: Mutex<Option<File>>,
}

impl Inner {
    fn open(dir: &Path) -> Result<Self, OpenError> {
        make_directory(dir).map_err(OpenError::at(dir))?;
        let lock = lock(dir)?;
        let keys = KeyPair::open(dir).map_err(OpenError::at(&dir.join("store-credentials")))?;
        let blobs = Arc::new(Blobs::open(dir).map_err(OpenError::at(dir))?);
        let conn = schema::open_writer(dir, &blobs)?;
        cleanup::sweep(dir, &blobs, &conn, Millis::now())?;
        let pins = Pins::start(Arc::clone(&blobs)).map_err(OpenError::at(dir))?;
        let writer = Writer::start(conn, Arc::clone(&pins)).map_err(OpenError::at(dir))?;
        Ok(Self { writer, readers: Readers::new(dir), blobs, pins, keys, lock: Mutex::new(Some(lock)) })
    }

    fn stop(&self) {
        self.writer.stop();
        self.pins.stop();
        // Last, so that the next process finds nothing in motion.
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Makes the directory and those above it, durably, and says in which of them a name may be new.
///
/// What is in it belongs to the folders of users: nobody else on the machine may read it.
fn make_directory(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let dir = std::path::absolute(dir)?;
    let missing = dir.ancestors().take_while(|above| !above.exists()).count();
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    // One at least: the caller may have made the last one.
    let above: Vec<_> = dir.ancestors().skip(1).take(missing.max(1)).map(Path::to_path_buf).collect();
    for above in &above {
        match sync_dir(above) {
            // A directory that may be entered and not read is somebody else's to sync.
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(above)
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(OpenError::at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(dir.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(OpenError::Io(path, error)),
    }
}

/// POST with a form is not offered, but the protocol layer collects the form before it asks who calls:
/// let that be little.
fn limits() -> S3Config {
    let mut limits = S3Config::default();
    limits.post_object_max_file_size = 4 * 1024;
    limits.form_max_field_size = 4 * 1024;
    limits.form_max_fields_size = 16 * 1024;
    limits.form_max_parts = 32;
    limits
}

fn builder(inner: &Arc<Inner>) -> S3ServiceBuilder {
    let mut builder = S3ServiceBuilder::new(Service::new(Arc::clone(inner)));
    builder.set_auth(inner.keys.clone());
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(limits()))));
    builder
}

/// A durable S3 store in one directory. Cheap to clone; all clones are the same store.
#[derive(Clone, Debug)]
pub struct LocalStore {
    inner: Arc<Inner>,
    service: S3Service,
}

impl LocalStore {
    /// Whether there is a store in `dir`. Looks only, and takes no part in who may use it.
    #[must_use]
    pub fn is_in(dir: &Path) -> bool {
        dir.join("index.sqlite").is_file()
    }

    /// Opens the store in `dir`, and makes it if it is not there.
    ///
    /// Removes what an earlier run left unfinished. Completed writes are all there. Blobs that the index
    /// does not name go to `lost/`, from where they come back if the right index is put in place within
    /// seven days.
    ///
    /// # Errors
    /// [`OpenError::Locked`] when another process uses the directory, [`OpenError::NoIndex`] when its index
    /// went; the other variants when it cannot be read or written.
    pub async fn open(dir: &Path) -> Result<Self, OpenError> {
        let path: PathBuf = dir.to_path_buf();
        let opened = tokio::task::spawn_blocking(move || Inner::open(&path)).await;
        let inner = Arc::new(opened.map_err(|error| OpenError::Io(dir.to_path_buf(), error.into()))??);
        let abandoned = inner.writer.commit(|txn| upload::remove_abandoned(txn, Millis::now())).await;
        if let Err(error) = abandoned {
            tracing::warn!(%error, "cannot remove abandoned uploads now");
        }
        Ok(Self { service: builder(&inner).build(), inner })
    }

    /// An HTTP client for aws-sdk-s3 that calls the store in this process. Requests are signed with
    /// [`key_pair`](Self::key_pair); endpoint and region may be anything, addresses are path-style.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(InProcess::from(self.service.clone()))
    }

    /// The same store as a hyper (and tower) service, to be listened on. It verifies signatures and
    /// presigned URLs made with [`key_pair`](Self::key_pair) and refuses everybody else.
    ///
    /// A client with the keys can make the store hold one `aws-chunked` chunk in memory, whatever its size:
    /// the protocol layer verifies a chunk as a whole.
    #[must_use]
    pub fn service(&self) -> S3Service {
        self.service.clone()
    }

    /// The same service with habits of other stores. For tests.
    #[must_use]
    pub fn service_with(&self, habits: Habits) -> S3Service {
        let mut builder = builder(&self.inner);
        builder.set_access(habits);
        builder.build()
    }

    /// Access key and secret key. Made when the store was, kept in its directory.
    #[must_use]
    pub fn key_pair(&self) -> (String, String) {
        (self.inner.keys.access_key.clone(), self.inner.keys.secret_key.clone())
    }

    /// Finishes what is being written, stops, and lets another process open the directory. Requests
    /// that come afterwards are refused with `ServiceUnavailable`.
    pub async fn close(self) {
        self.inner.readers.close().await;
        let inner = Arc::clone(&self.inner);
        // The writer ends with its last batch, so this is short, but it blocks.
        if let Err(error) = tokio::task::spawn_blocking(move || inner.stop()).await {
            tracing::error!(%error, "the store did not stop in order");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_new_name_on_the_way_to_the_directory_is_synced() {
        let root = tempfile::tempdir().unwrap();
        let at = |below: &str| root.path().join(below);
        assert_eq!(make_directory(&at("a/b/c")).unwrap(), [at("a/b"), at("a"), root.path().to_path_buf()]);
        assert_eq!(make_directory(&at("a/b/c")).unwrap(), [at("a/b")]);
        assert_eq!(make_directory(&at("a/d")).unwrap(), [at("a")]);
    }
}
