//! Invitations over a store in memory.

mod ends;
mod expiry;
mod limits;
mod lists;
mod races;
mod refusals;
mod slow;

use std::slice::from_ref;
use std::sync::Arc;
use std::time::Duration;

use super::{Invitation, Novelty};
use crate::access::{Access, Delete, Folder, FolderRef, Manage, Permission, Write};
use crate::accounts::{Account, Person};
use crate::bucket::{Bucket, Settings};
use crate::clock::ManualClock;
use crate::error::{ErrorKind, Result, Subject};
use crate::id::InvitationId;
use crate::key::{KeyPrefix, ObjectKey};
use crate::name::FolderName;
use crate::records::FolderRecord;
use crate::store::faulty::{Faults, FaultyStore};
use crate::store::memory::MemoryStore;
use crate::store::obstructed::ObstructedStore;
use crate::store::{ListRequest, Store};
use crate::testing::{self, TestBucket, add_account};

/// Ann has `photos`; Bob and Carol have nothing.
struct Scene {
    test: TestBucket,
    inner: Store,
    settings: Settings,
    bob: Account,
    carol: Account,
}

fn named(name: &str) -> FolderName {
    name.parse().unwrap()
}

fn by_name(name: &str) -> FolderRef {
    FolderRef::Name(named(name))
}

fn refused<T: std::fmt::Debug>(answer: Result<T>) -> (ErrorKind, Subject) {
    let error = answer.unwrap_err();
    (error.kind(), error.subject())
}

/// What the wrong invitation is answered with.
const UNKNOWN: (ErrorKind, Subject) = (ErrorKind::NotFound, Subject::Invitation);

impl Scene {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new());
        let inner: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
        let test = TestBucket::over(Arc::clone(&inner), clock, settings.clone()).await;
        let (bob, _) = add_account(&test.bucket, "bob@example.org").await.unwrap();
        let (carol, _) = add_account(&test.bucket, "carol@example.org").await.unwrap();
        Self { test, inner, settings, bob, carol }
    }

    fn bucket(&self) -> &Bucket {
        &self.test.bucket
    }

    /// The folder `photos`, as somebody who may manage it has it.
    async fn photos_of(&self, account: &Account) -> Folder<Manage> {
        self.opened(account).await.unwrap()
    }

    async fn photos(&self) -> Folder<Manage> {
        self.photos_of(&self.test.account).await
    }

    async fn opened<A: Access>(&self, account: &Account) -> Result<Folder<A>> {
        self.bucket().folder(account, &FolderRef::Id(self.test.folder.id)).await
    }

    /// Ann invites somebody.
    async fn invite(&self, whom: &Account, permission: Permission) -> InvitationId {
        invite(&self.photos().await, whom, permission).await.id
    }

    /// Ann makes a folder and invites somebody into it.
    async fn invite_into(&self, name: &str, whom: &Account) -> InvitationId {
        let ann = &self.test.account;
        self.bucket().create_folder(ann, named(name)).await.unwrap();
        let folder = self.bucket().folder(ann, &by_name(name)).await.unwrap();
        invite(&folder, whom, Permission::Read).await.id
    }

    /// Another replica, whose store is as `faults` say.
    async fn replica(&self, faults: Faults, seed: u64) -> Bucket {
        let store = Arc::new(FaultyStore::new(Arc::clone(&self.inner), faults)) as Store;
        testing::open(store, Arc::clone(&self.test.clock), self.settings.clone(), seed).await.unwrap()
    }

    /// Another replica, in whose store things can be in the way.
    async fn obstructed(&self, seed: u64) -> (Arc<ObstructedStore>, Bucket) {
        let obstructed = Arc::new(ObstructedStore::new(Arc::clone(&self.inner)));
        let (store, clock) = (Arc::clone(&obstructed) as Store, Arc::clone(&self.test.clock));
        (obstructed, testing::open(store, clock, self.settings.clone(), seed).await.unwrap())
    }

    /// The invitations that somebody has, by a process that knows nothing.
    async fn got(&self, account: &Account) -> Vec<InvitationId> {
        let bucket = self.replica(Faults::default(), 500).await;
        bucket.invitations(account).await.unwrap().iter().map(|invitation| invitation.id).collect()
    }

    /// Every pointer that there is.
    async fn pointers(&self) -> Vec<InvitationId> {
        let page = self.inner.list(ListRequest::all(KeyPrefix::invitations())).await.unwrap();
        page.objects.iter().map(|listed| listed.key.invitation_id().unwrap()).collect()
    }

    async fn record(&self) -> FolderRecord {
        let key = ObjectKey::folder(self.test.folder.id);
        self.replica(Faults::default(), 501).await.manifest(key).read().await.unwrap().unwrap()
    }

    /// What somebody may do in `photos`.
    async fn permission_of(&self, account: &Account) -> Option<Permission> {
        self.record().await.permission(account.id)
    }
}

async fn invite(folder: &Folder<Manage>, whom: &Account, permission: Permission) -> Invitation {
    let mut invited = folder.invite(from_ref(&whom.email), permission).await.unwrap();
    assert_eq!((invited.len(), invited[0].novelty), (1, Novelty::New));
    invited.remove(0).invitation
}

#[tokio::test]
async fn who_is_invited_sees_it_and_becomes_a_member_by_accepting() {
    let scene = Scene::new().await;
    let (ann, bob) = (&scene.test.account, &scene.bob);
    let now = scene.bucket().clock().now();
    let made = invite(&scene.photos().await, bob, Permission::Write).await;
    let (inviter, invitee) = (Person::from(ann), Person::from(bob));
    let id = made.id;
    assert_eq!((id.invitee(), id.folder()), (bob.id, scene.test.folder.id));
    let expected = Invitation {
        id,
        folder: scene.test.folder.id,
        name: named("photos"),
        inviter,
        invitee,
        permission: Permission::Write,
        created: now,
        changed: now,
        expires: Some(now.plus(Duration::from_secs(30 * 24 * 60 * 60))),
    };
    assert_eq!(made, expected);
    let lists = async || {
        let bucket = scene.bucket();
        let (got, sent) = (bucket.invitations(bob).await.unwrap(), bucket.sent_invitations(ann).await.unwrap());
        (got, sent, scene.photos().await.invitations().await.unwrap())
    };
    assert_eq!(lists().await, (vec![made.clone()], vec![made.clone()], vec![made]));
    assert_eq!(refused(scene.opened::<Write>(bob).await).0, ErrorKind::NotFound);
    let joined = scene.bucket().accept_invitation(bob, &id).await.unwrap();
    assert_eq!((joined.id, joined.owner, joined.permission), (scene.test.folder.id, ann.id, Permission::Write));
    assert_eq!(scene.bucket().folders(bob).await.unwrap(), [joined]);
    scene.opened::<Write>(bob).await.unwrap();
    assert_eq!(refused(scene.opened::<Delete>(bob).await).0, ErrorKind::Forbidden);
    assert_eq!(lists().await, (vec![], vec![], vec![]));
    assert_eq!(scene.pointers().await, []);
}

#[tokio::test]
async fn inviting_twice_changes_nothing_and_says_so() {
    let scene = Scene::new().await;
    let made = invite(&scene.photos().await, &scene.bob, Permission::Read).await;
    scene.photos().await.share(scene.carol.id, Permission::Manage).await.unwrap();
    scene.test.clock.advance(Duration::from_secs(1));
    for account in [&scene.test.account, &scene.carol] {
        let again =
            scene.photos_of(account).await.invite(from_ref(&scene.bob.email), Permission::Manage).await.unwrap();
        assert_eq!(again, [super::Invited { invitation: made.clone(), novelty: Novelty::Pending }]);
    }
    assert_eq!(scene.pointers().await, [made.id]);
}

#[tokio::test]
async fn several_are_invited_at_once_or_nobody() {
    let scene = Scene::new().await;
    let (bob, carol) = (&scene.bob, &scene.carol);
    let nobody = "nobody@example.org".parse().unwrap();
    let photos = scene.photos().await;
    let wrong = photos.invite(&[bob.email.clone(), nobody], Permission::Read).await.unwrap_err();
    assert_eq!((wrong.kind(), wrong.subject()), (ErrorKind::NotFound, Subject::Account));
    assert!(wrong.message().contains("`nobody@example.org`"), "{wrong}");
    assert_eq!((scene.pointers().await, scene.got(bob).await), (vec![], vec![]));
    let made = invite(&photos, bob, Permission::Read).await;
    let all = [carol, bob, carol].map(|account| account.email.clone());
    let invited = photos.invite(&all, Permission::Write).await.unwrap();
    let said: Vec<_> = invited.iter().map(|one| (one.invitation.invitee.id, one.novelty)).collect();
    assert_eq!(said, [(carol.id, Novelty::New), (bob.id, Novelty::Pending)]);
    assert_eq!(invited[1].invitation, made);
    assert_eq!(scene.got(carol).await, [invited[0].invitation.id]);
}

#[tokio::test]
async fn the_folder_goes_by_the_name_that_its_inviter_has_for_it() {
    let scene = Scene::new().await;
    let (ann, bob) = (&scene.test.account, &scene.bob);
    scene.bucket().rename_folder(ann, &by_name("photos"), named("pictures")).await.unwrap();
    scene.photos().await.share(scene.carol.id, Permission::Manage).await.unwrap();
    let id = scene.invite(bob, Permission::Read).await;
    scene.bucket().rename_folder(ann, &by_name("pictures"), named("2026")).await.unwrap();
    assert_eq!(scene.bucket().accept_invitation(bob, &id).await.unwrap().name, named("pictures"));
    let (dave, _) = add_account(scene.bucket(), "dave@example.org").await.unwrap();
    let by_carol = invite(&scene.photos_of(&scene.carol).await, &dave, Permission::Read).await;
    assert_eq!((by_carol.name, by_carol.inviter.id), (named("photos"), scene.carol.id));
}

#[tokio::test]
async fn what_is_accepted_is_what_is_offered_then() {
    let scene = Scene::new().await;
    let (ann, bob) = (&scene.test.account, &scene.bob);
    let id = scene.invite(bob, Permission::Manage).await;
    let made = scene.bucket().clock().now();
    scene.test.clock.advance(Duration::from_secs(60));
    let now = scene.bucket().clock().now();
    for _ in 0..2 {
        scene.bucket().change_invitation(ann, &id, Permission::Read).await.unwrap();
        let offered = scene.bucket().invitations(bob).await.unwrap().remove(0);
        assert_eq!((offered.id, offered.permission), (id, Permission::Read));
        assert_eq!((offered.created, offered.changed), (made, now));
        scene.test.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(scene.bucket().accept_invitation(bob, &id).await.unwrap().permission, Permission::Read);
    assert_eq!(scene.permission_of(bob).await, Some(Permission::Read));
    assert_eq!(refused(scene.bucket().change_invitation(ann, &id, Permission::Write).await), UNKNOWN);
}
