//! The embedded store's first account, so that a newcomer has somebody to be.
//!
//! The credentials are written to a file first and the account is made from exactly these. A crash
//! in between leaves a file without an account, and the next start makes the account.

use std::path::{Path, PathBuf};

use mapping::accounts::{Credentials, NewAccount};
use mapping::bucket::Bucket;
use mapping::{Error, ErrorKind};

use crate::admin::wire::CredentialsBody;
use crate::failure::StartError;
use crate::secret_file;

/// Who the first account is.
const EMAIL: &str = "admin@localhost";

/// Where the embedded store's admin token is.
pub(crate) fn admin_token_file(directory: &Path) -> PathBuf {
    directory.join("admin.token")
}

/// Where the first account's credentials are.
pub(crate) fn credentials_file(directory: &Path) -> PathBuf {
    directory.join("credentials.json")
}

/// Makes the first account, if there is none yet; answers its credentials if this start made it.
pub(crate) async fn first_account(bucket: &Bucket, directory: &Path) -> Result<Option<CredentialsBody>, StartError> {
    let file = credentials_file(directory);
    let issued = match secret_file::read(&file)? {
        Some(text) => parse(&file, &text)?,
        None if has_accounts(bucket).await? => return Ok(None),
        None => issue(bucket, &file)?,
    };
    let body = CredentialsBody::from(&issued);
    match bucket.account(issued.account_id).await {
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&error)),
    }
    make(bucket, issued).await?;
    Ok(Some(body))
}

fn issue(bucket: &Bucket, file: &Path) -> Result<Credentials, StartError> {
    let email = EMAIL.parse().map_err(|error| failed(&error))?;
    let issued = Credentials::generate(email, bucket.random());
    let text = serde_json::to_string(&CredentialsBody::from(&issued));
    secret_file::write(file, &text.expect("credentials have text keys and no failing serialiser"))?;
    Ok(issued)
}

async fn make(bucket: &Bucket, issued: Credentials) -> Result<(), StartError> {
    let name = "admin".parse().map_err(|error| failed(&error))?;
    let new = NewAccount { email: issued.email.clone(), name, password: None, issued: Some(issued) };
    bucket.create_account(new).await.map_err(|error| failed(&error))?;
    Ok(())
}

fn parse(file: &Path, text: &str) -> Result<Credentials, StartError> {
    let what = || format!("`{}` holds no credentials: bring it back, or remove it", file.display());
    let body: CredentialsBody = serde_json::from_str(text).map_err(|error| StartError::because(what(), &error))?;
    Credentials::try_from(body).map_err(|error| StartError::because(what(), &error))
}

/// Whoever removed the file after the first start does not get a second first account.
async fn has_accounts(bucket: &Bucket) -> Result<bool, StartError> {
    let mut after = None;
    loop {
        let page = bucket.accounts(after, 100).await.map_err(|error| failed(&error))?;
        if !page.accounts.is_empty() {
            return Ok(true);
        }
        let Some(next) = page.next else { return Ok(false) };
        after = Some(next);
    }
}

fn failed(error: &Error) -> StartError {
    StartError::because("cannot make the first account", error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    use mapping::bucket::{Parts, Settings};
    use mapping::clock::SystemClock;
    use mapping::random::SystemRandom;
    use mapping::seal::MasterKeys;
    use mapping::store::memory::MemoryStore;

    use super::*;

    async fn bucket() -> Bucket {
        let parts = Parts {
            store: Arc::new(MemoryStore::new(Arc::new(SystemClock::new()))),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom),
            keys: MasterKeys::generate(&SystemRandom).expose().parse().unwrap(),
            settings: Settings::default(),
        };
        Bucket::open(parts).await.unwrap()
    }

    #[tokio::test]
    async fn the_first_start_makes_an_account_and_later_ones_do_not() {
        let (bucket, directory) = (bucket().await, tempfile::tempdir().unwrap());
        let made = first_account(&bucket, directory.path()).await.unwrap().unwrap();
        let account = bucket.authenticate_token(&made.api_token).await.unwrap();
        assert_eq!(account.id.to_string(), made.account_id);
        let file = credentials_file(directory.path());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(first_account(&bucket, directory.path()).await.unwrap().is_none());
        std::fs::remove_file(&file).unwrap();
        assert!(first_account(&bucket, directory.path()).await.unwrap().is_none());
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn a_crash_between_file_and_account_is_repaired() {
        let (bucket, directory) = (bucket().await, tempfile::tempdir().unwrap());
        let issued = issue(&bucket, &credentials_file(directory.path())).unwrap();
        let made = first_account(&bucket, directory.path()).await.unwrap().unwrap();
        assert_eq!(made.api_token, issued.api_token.expose());
        assert!(bucket.authenticate_token(&made.api_token).await.is_ok());
    }

    #[tokio::test]
    async fn a_file_that_holds_something_else_is_not_overwritten() {
        let (bucket, directory) = (bucket().await, tempfile::tempdir().unwrap());
        std::fs::write(credentials_file(directory.path()), "{}").unwrap();
        let error = first_account(&bucket, directory.path()).await.err().unwrap().to_string();
        assert!(error.contains("credentials.json"), "{error}");
    }
}
