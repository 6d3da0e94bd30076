//! Tickets: what stands for credentials in one URL. A ticket says who may do which one thing in which
//! folder until when; it is sealed with the master key, so every replica opens it and nobody makes or
//! changes one. Nothing is stored for it.
//!
//! It is worth no more than the credential that it was given for: each time it is shown, the account, the
//! credential and the permission are looked at again.

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::access::{Access, Folder, FolderRef};
use crate::accounts::{Account, Shown};
use crate::bucket::Bucket;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{AccountId, FolderId};
use crate::seal::{Sealed, Secret};

/// The longest ticket that is given out: URLs of some kilobytes are cut off on their way.
pub const MAX_TICKET_BYTES: usize = 6 * 1024;

/// A ticket that was shown and is good.
pub struct Ticket<T> {
    bucket: Bucket,
    account: Account,
    folder: FolderId,
    what: T,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Slip<T> {
    account: AccountId,
    shown: Option<Shown>,
    folder: FolderId,
    until: Timestamp,
    what: T,
}

impl<A: Access> Folder<A> {
    /// A ticket for `what` in this folder, for who opened it. `purpose` keeps tickets of one kind from
    /// being taken for another's.
    ///
    /// # Errors
    /// `TooLarge` when what it is for takes more than a URL can hold.
    pub fn ticket<T: Serialize>(&self, purpose: &str, good_for: Duration, what: &T) -> Result<String> {
        let (bucket, account) = (self.bucket(), self.account());
        let until = bucket.clock().now().plus(good_for);
        let slip = Slip { account: account.id, shown: account.shown.clone(), folder: self.id(), until, what };
        let text = serde_json::to_string(&slip).map_err(|error| Error::internal(Subject::Request, error))?;
        let word = bucket.keys().seal(&Secret::new(text), &place(purpose), bucket.random())?.to_word();
        if word.len() > MAX_TICKET_BYTES {
            return Err(Error::new(ErrorKind::TooLarge, Subject::Request, "this is more than one link can stand for"));
        }
        Ok(word)
    }
}

impl Bucket {
    /// Opens a ticket that was given out for `purpose`, by any replica.
    ///
    /// # Errors
    /// `Unauthenticated` when it is none, is not good any more, or its account or credential is not;
    /// `Unavailable` when the store does not answer.
    pub async fn open_ticket<T: DeserializeOwned>(&self, purpose: &str, word: &str) -> Result<Ticket<T>> {
        let sealed = Some(word).filter(|word| word.len() <= MAX_TICKET_BYTES).and_then(Sealed::from_word);
        let opened = sealed.ok_or_else(no_ticket)?;
        let opened = self.keys().open(&opened, &place(purpose)).map_err(|error| no_ticket().caused_by(error))?;
        let slip: Slip<T> = serde_json::from_str(opened.expose()).map_err(|error| no_ticket().caused_by(error))?;
        if self.clock().now() >= slip.until {
            return Err(no_ticket());
        }
        let account = self.who_has_shown(slip.account, slip.shown).await?;
        Ok(Ticket { bucket: self.clone(), account, folder: slip.folder, what: slip.what })
    }
}

impl<T> Ticket<T> {
    /// What it is for.
    #[must_use]
    pub const fn what(&self) -> &T {
        &self.what
    }

    /// The folder that it is for, opened for `A`.
    ///
    /// # Errors
    /// As [`Bucket::folder`].
    pub async fn folder<A: Access>(&self) -> Result<Folder<A>> {
        self.bucket.folder(&self.account, &FolderRef::Id(self.folder)).await
    }
}

impl<T> fmt::Debug for Ticket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("account", &self.account.id)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// What binds a sealed ticket to its purpose, and keeps other sealed things from being tickets.
fn place(purpose: &str) -> String {
    format!("ticket {purpose}")
}

fn no_ticket() -> Error {
    let message = "this link is not good, or not any more: ask for a new one";
    Error::new(ErrorKind::Unauthenticated, Subject::Request, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Permission;
    use crate::access::{Manage, Read, Write};
    use crate::testing::{TestBucket, add_account};

    const HOUR: Duration = Duration::from_secs(3600);

    fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }

    #[tokio::test]
    async fn any_replica_opens_a_ticket_and_only_for_its_purpose_and_time() {
        let test = TestBucket::new().await;
        let ticket = test.open::<Write>().await.ticket("look", HOUR, &"a/b.txt").unwrap();
        let other = test.replica(2).await;
        let opened = other.open_ticket::<String>("look", &ticket).await.unwrap();
        assert_eq!(opened.what(), "a/b.txt");
        assert_eq!(opened.folder::<Read>().await.unwrap().id(), test.folder.id);
        assert_eq!(kind(other.open_ticket::<String>("take", &ticket).await), Some(ErrorKind::Unauthenticated));
        for word in ["", "x", &ticket[1..], &"A".repeat(100_000)] {
            assert_eq!(kind(other.open_ticket::<String>("look", word).await), Some(ErrorKind::Unauthenticated));
        }
        test.clock.advance(HOUR);
        assert_eq!(kind(other.open_ticket::<String>("look", &ticket).await), Some(ErrorKind::Unauthenticated));
    }

    #[tokio::test]
    async fn a_ticket_ends_with_the_credential_that_it_was_given_for() {
        let test = TestBucket::new().await;
        let (account, _) = test.bucket.access_secret(&test.credentials.access_key).await.unwrap();
        let folder = test.bucket.folder::<Write>(&account, &FolderRef::Id(test.folder.id)).await.unwrap();
        let ticket = folder.ticket("look", HOUR, &1).unwrap();
        test.bucket.open_ticket::<u8>("look", &ticket).await.unwrap();
        test.bucket.rotate_credentials(test.account.id).await.unwrap();
        assert_eq!(kind(test.bucket.open_ticket::<u8>("look", &ticket).await), Some(ErrorKind::Unauthenticated));
    }

    #[tokio::test]
    async fn a_ticket_allows_no_more_than_its_bearer_is_granted_now() {
        let test = TestBucket::new().await;
        let (bob, _) = add_account(&test.bucket, "bob@example.org").await.unwrap();
        let owner = test.open::<Manage>().await;
        owner.share(bob.id, Permission::Write).await.unwrap();
        let which = FolderRef::Id(test.folder.id);
        let ticket = test.bucket.folder::<Write>(&bob, &which).await.unwrap().ticket("look", HOUR, &1).unwrap();
        let opened = test.bucket.open_ticket::<u8>("look", &ticket).await.unwrap();
        opened.folder::<Write>().await.unwrap();
        assert_eq!(kind(opened.folder::<Manage>().await), Some(ErrorKind::Forbidden));
        owner.unshare(bob.id).await.unwrap();
        assert_eq!(kind(opened.folder::<Read>().await), Some(ErrorKind::NotFound));
    }

    #[tokio::test]
    async fn a_ticket_that_no_url_can_hold_is_not_given_out() {
        let test = TestBucket::new().await;
        let folder = test.open::<Read>().await;
        folder.ticket("look", HOUR, &"x".repeat(4000)).unwrap();
        assert_eq!(kind(folder.ticket("look", HOUR, &"x".repeat(6000))), Some(ErrorKind::TooLarge));
    }
}
