//! Passwords: argon2id, and no more than two at a time, whoever hangs up meanwhile.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::seal::Secret;

/// The longest password that is hashed.
const MAX_PASSWORD_BYTES: usize = 1024;

/// Each hash takes 19 MiB and a core for a moment: more at a time would starve the requests.
const AT_ONCE: usize = 2;

/// Who comes when so many wait is sent away: he would wait for seconds.
const MOST_WAITING: usize = 32;

/// Turns at hashing.
#[derive(Debug)]
pub(crate) struct Hashing {
    turns: Arc<Semaphore>,
    places: Semaphore,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), places: Semaphore::new(MOST_WAITING) }
    }
}

impl Hashing {
    /// Does `work` when it is its turn. Work that has begun keeps its turn to its end, also when
    /// nobody waits for the answer any more.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = self.places.try_acquire().map_err(|error| too_many_wait().caused_by(error))?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|error| Error::internal(Subject::Account, error))?;
        drop(place);
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(Subject::Account, error))
    }
}

impl Bucket {
    /// The password as it is stored: a PHC string.
    pub(super) async fn hash_password(&self, password: &Secret) -> Result<String> {
        if password.expose().is_empty() || password.expose().len() > MAX_PASSWORD_BYTES {
            return Err(Error::invalid(Subject::Account, "a password has 1 to 1024 bytes"));
        }
        let mut salt = [0_u8; 16];
        self.random().fill(&mut salt);
        let password = password.clone();
        self.hashing().run(move || hash(&password, &salt)).await?
    }

    /// Whether `password` is the one of `hash`. Without a hash it is not, and that takes as long.
    pub(super) async fn is_password(&self, password: &Secret, hash: Option<String>) -> Result<bool> {
        let password = password.clone();
        let verdict = move || match hash {
            Some(stored) => verify(&password, &stored),
            None => self::hash(&password, &[0; 16]).map(|_| false),
        };
        self.hashing().run(verdict).await?
    }
}

fn too_many_wait() -> Error {
    Error::new(ErrorKind::Busy, Subject::Account, "too many passwords are being checked: try again")
}

fn hash(password: &Secret, salt: &[u8]) -> Result<String> {
    let hash: Result<PasswordHash, _> = Argon2::default().hash_password_with_salt(password.expose().as_bytes(), salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(Subject::Account, error))
}

fn verify(password: &Secret, stored: &str) -> Result<bool> {
    let stored = PasswordHash::new(stored).map_err(|error| Error::internal(Subject::Account, error.to_string()))?;
    Ok(Argon2::default().verify_password(password.expose().as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_than_two_passwords_are_hashed_at_a_time_also_when_callers_hang_up() {
        let (hashing, running, most) =
            (Hashing::default(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = || {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(30));
                running.fetch_sub(1, Ordering::SeqCst);
            }
        };
        for _ in 0..50 {
            let mut hung_up = Box::pin(hashing.run(work()));
            assert!(futures::poll!(hung_up.as_mut()).is_pending());
        }
        hashing.run(work()).await.unwrap();
        assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
    }

    #[tokio::test]
    async fn who_would_wait_too_long_is_sent_away() {
        let hashing = Hashing::default();
        let both = hashing.turns.acquire_many(2).await.unwrap();
        let mut waiting: Vec<_> = (0..MOST_WAITING).map(|_| Box::pin(hashing.run(|| ()))).collect();
        for one in &mut waiting {
            assert!(futures::poll!(one.as_mut()).is_pending());
        }
        assert_eq!(hashing.run(|| ()).await.unwrap_err().kind(), ErrorKind::Busy);
        drop(both);
        futures::future::try_join_all(waiting).await.unwrap();
        hashing.run(|| ()).await.unwrap();
    }
}
