//! Writes during which the writer loses his permission.

use std::sync::Arc;

use super::*;
use crate::access::{FolderRef, Permission, Write};
use crate::accounts::Account;
use crate::bucket::Bucket;
use crate::clock::ManualClock;
use crate::error::ErrorKind;
use crate::files::fixture::PART_FLOOR;
use crate::testing::add_account;

/// What happens between the first byte and the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    Unshared,
    OnlyReading,
    Disabled,
    NewCredentials,
    Deleted,
}

use Meanwhile::{Deleted, Disabled, NewCredentials, Nothing, OnlyReading, Unshared};

const CASES: [(Meanwhile, Option<ErrorKind>); 6] = [
    (Nothing, None),
    (Unshared, Some(ErrorKind::NotFound)),
    (OnlyReading, Some(ErrorKind::Forbidden)),
    (Disabled, Some(ErrorKind::Unauthenticated)),
    (NewCredentials, Some(ErrorKind::Unauthenticated)),
    (Deleted, Some(ErrorKind::NotFound)),
];

impl Meanwhile {
    async fn happen(self, folder: Folder<Manage>, bob: Account, clock: Arc<ManualClock>) {
        let bucket = folder.bucket();
        match self {
            Nothing => {}
            Unshared => folder.unshare(bob.id).await.unwrap(),
            OnlyReading => {
                folder.unshare(bob.id).await.unwrap();
                folder.share(bob.id, Permission::Read).await.unwrap();
            }
            Disabled => bucket.set_disabled(bob.id, true).await.unwrap(),
            NewCredentials => drop(bucket.rotate_credentials(bob.id).await.unwrap()),
            Deleted => folder.delete().await.unwrap(),
        }
        clock.advance(bucket.settings().cache_for);
    }
}

/// Bob writes through `here` while something happens through the fixture's replica.
async fn write_through(
    fixture: &Fixture,
    here: &Bucket,
    bob: &Account,
    length: (usize, bool),
    meanwhile: Meanwhile,
) -> Result<FileMeta> {
    let (length, announced) = length;
    let bytes = Bytes::from(vec![b'n'; length]);
    let (first, last) = (bytes.slice(..length / 2), bytes.slice(length / 2..));
    let event = meanwhile.happen(fixture.folder.clone(), bob.clone(), Arc::clone(&fixture.clock));
    let second = stream::once(async move {
        event.await;
        Ok(last)
    });
    let body = stream::once(async { Ok(first) }).chain(second).boxed();
    let folder = here.folder::<Write>(bob, &FolderRef::Id(fixture.folder.id())).await?;
    folder.write(&path("f"), announced.then_some(length as u64), body, WriteOptions::default()).await
}

#[tokio::test(start_paused = true)]
async fn a_write_ends_with_the_permission_to_write() {
    for (meanwhile, refusal) in CASES {
        for length in [(100, true), (100, false), (PART_FLOOR as usize * 5, false)] {
            for elsewhere in [false, true] {
                let fixture = Fixture::new().await;
                write(&fixture.folder, "f", "old").await;
                let bucket = fixture.folder.bucket().clone();
                let (bob, credentials) = add_account(&bucket, "bob@example.org").await.unwrap();
                fixture.folder.share(bob.id, Permission::Write).await.unwrap();
                let here = if elsewhere { fixture.reopen().await.folder.bucket().clone() } else { bucket };
                let shown = here.authenticate_token(credentials.api_token.expose()).await.unwrap();
                let written = write_through(&fixture, &here, &shown, length, meanwhile).await;
                let case = format!("{meanwhile:?}, {length:?}, elsewhere: {elsewhere}");
                assert_eq!(written.err().map(|error| error.kind()), refusal, "{case}");
                assert!(fixture.store.unfinished().is_empty(), "{case}");
                if meanwhile != Deleted {
                    let there = text(&fixture.folder, "f").await;
                    let expected = if refusal.is_some() { "old".to_owned() } else { "n".repeat(length.0) };
                    assert!(there == expected, "{case}: another file is there");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_signed_request_is_looked_at_again_by_its_key() {
    let fixture = Fixture::new().await;
    let bucket = fixture.folder.bucket().clone();
    let (bob, credentials) = add_account(&bucket, "bob@example.org").await.unwrap();
    fixture.folder.share(bob.id, Permission::Write).await.unwrap();
    let (shown, _) = bucket.access_secret(&credentials.access_key).await.unwrap();
    for (meanwhile, refusal) in [(Nothing, None), (NewCredentials, Some(ErrorKind::Unauthenticated))] {
        let written = write_through(&fixture, &bucket, &shown, (100, true), meanwhile).await;
        assert_eq!(written.err().map(|error| error.kind()), refusal);
    }
}
