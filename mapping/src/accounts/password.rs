//! Passwords: argon2id, and no more than two at a time.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::bucket::Bucket;
use crate::error::{Error, Result, Subject};
use crate::seal::Secret;

/// The longest password that is hashed.
const MAX_PASSWORD_BYTES: usize = 1024;

impl Bucket {
    /// The password as it is stored: a PHC string.
    pub(super) async fn hash_password(&self, password: &Secret) -> Result<String> {
        if password.expose().is_empty() || password.expose().len() > MAX_PASSWORD_BYTES {
            return Err(Error::invalid(Subject::Account, "a password has 1 to 1024 bytes"));
        }
        let mut salt = [0_u8; 16];
        self.random().fill(&mut salt);
        let password = password.clone();
        self.hashing_work(move || hash(&password, &salt)).await?
    }

    /// Whether `password` is the one of `hash`. Without a hash it is not, and that takes as long.
    pub(super) async fn is_password(&self, password: &Secret, hash: Option<String>) -> Result<bool> {
        let password = password.clone();
        self.hashing_work(move || match hash {
            Some(stored) => verify(&password, &stored),
            None => self::hash(&password, &[0; 16]).map(|_| false),
        })
        .await?
    }

    async fn hashing_work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _turn = self.hashing().acquire().await.map_err(|error| Error::internal(Subject::Account, error))?;
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(Subject::Account, error))
    }
}

fn hash(password: &Secret, salt: &[u8]) -> Result<String> {
    let hash: Result<PasswordHash, _> = Argon2::default().hash_password_with_salt(password.expose().as_bytes(), salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(Subject::Account, error))
}

fn verify(password: &Secret, stored: &str) -> Result<bool> {
    let stored = PasswordHash::new(stored).map_err(|error| Error::internal(Subject::Account, error.to_string()))?;
    Ok(Argon2::default().verify_password(password.expose().as_bytes(), &stored).is_ok())
}
