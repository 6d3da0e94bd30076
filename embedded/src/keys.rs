//! The key pair that signs requests to the store: made once, kept in `store-credentials`, for the owner
//! of the directory only.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::blobs::sync_dir;

const FILE: &str = "store-credentials";

/// An access key and its secret.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeyPair {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
}

impl std::fmt::Debug for KeyPair {
    /// The secret stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

impl KeyPair {
    fn random() -> Self {
        let random = || Uuid::new_v4().simple().to_string();
        Self { access_key: format!("FB{}", random()[..18].to_uppercase()), secret_key: random() + &random() }
    }

    /// Reads the pair of the store in `dir`, or makes it.
    ///
    /// A crash before the rename leaves a file that the next start overwrites.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::random().save(dir),
            Err(error) => Err(error),
        }
    }

    fn save(self, dir: &Path) -> io::Result<Self> {
        let unfinished = dir.join(format!("{FILE}.new"));
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(&serde_json::to_vec_pretty(&self)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, dir.join(FILE))?;
        sync_dir(dir)?;
        Ok(self)
    }
}

#[async_trait::async_trait]
impl S3Auth for KeyPair {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key {
            Ok(SecretKey::from(&*self.secret_key))
        } else {
            Err(s3_error!(InvalidAccessKeyId, "the access key id you provided does not exist in our records"))
        }
    }
}
