//! A process is killed at every call of every verb that takes more than one write. What was
//! acknowledged stays, what was not is whole or not there, the request can be made again, and the
//! sweeper leaves what an undisturbed run would have left.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::access::{Folder, FolderRef, Manage, Permission};
use crate::accounts::{Account, Credentials};
use crate::bucket::{Bucket, Settings};
use crate::clock::ManualClock;
use crate::error::{ErrorKind, Result};
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::faulty::{Faults, FaultyStore, Kill, Moment};
use crate::store::memory::MemoryStore;
use crate::store::{Attributes, Body, Condition, ListRequest, Store};
use crate::testing::{self, TestBucket, add_account};

/// What is under way when the process dies.
#[derive(Clone, Copy, Debug)]
enum Deed {
    CreateAccount,
    RotateCredentials,
    CreateFolder,
    CreateFolderAnew,
    RenameFolder,
    Share,
    Unshare,
    Leave,
    DeleteFolder,
}

const DEEDS: [Deed; 9] = [
    Deed::CreateAccount,
    Deed::RotateCredentials,
    Deed::CreateFolder,
    Deed::CreateFolderAnew,
    Deed::RenameFolder,
    Deed::Share,
    Deed::Unshare,
    Deed::Leave,
    Deed::DeleteFolder,
];

/// A bucket with two accounts. Ann has `photos` with a file in it, and `letters`, shared with Bob.
struct World {
    test: TestBucket,
    bob: Account,
    bobs: Credentials,
    inner: Store,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new());
        let inner: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<_>));
        let test = TestBucket::over(Arc::clone(&inner), clock, Settings::default()).await;
        let (bob, bobs) = add_account(&test.bucket, "bob@example.org").await.unwrap();
        test.bucket.create_folder(&test.account, named("letters")).await.unwrap();
        let letters = managed(&test.bucket, &test.account, "letters").await.unwrap();
        letters.share(bob.id, Permission::Write).await.unwrap();
        let photos = managed(&test.bucket, &test.account, "photos").await.unwrap();
        for name in ["a", "b/c"] {
            let key = ObjectKey::file(photos.prefix(), &name.parse().unwrap());
            inner.put(&key, Body::from(vec![1]), Attributes::default(), Condition::Always).await.unwrap();
        }
        Self { test, bob, bobs, inner }
    }

    async fn prepare(&self, deed: Deed) {
        if let Deed::CreateFolderAnew = deed {
            // A folder of the name was there, and its deletion stopped half way.
            self.perform(Deed::CreateFolder, &self.test.bucket).await.unwrap();
            let (faulty, bucket) = self.mortal_process(6).await;
            let music = managed(&bucket, &self.test.account, "music").await.unwrap();
            faulty.kill_at(Kill { at: faulty.writes() + 1, moment: Moment::After, only_writes: true });
            music.delete().await.unwrap_err();
        }
    }

    async fn perform(&self, deed: Deed, bucket: &Bucket) -> Result<()> {
        let (ann, bob) = (&self.test.account, &self.bob);
        match deed {
            Deed::CreateAccount => add_account(bucket, "carol@example.org").await.map(drop),
            Deed::RotateCredentials => bucket.rotate_credentials(bob.id).await.map(drop),
            Deed::CreateFolder | Deed::CreateFolderAnew => bucket.create_folder(ann, named("music")).await.map(drop),
            Deed::RenameFolder => {
                bucket.rename_folder(ann, &FolderRef::Id(self.test.folder.id), named("pictures")).await
            }
            Deed::Share => managed(bucket, ann, "photos").await?.share(bob.id, Permission::Read).await,
            Deed::Unshare => managed(bucket, ann, "letters").await?.unshare(bob.id).await,
            Deed::Leave => bucket.leave_folder(bob, &FolderRef::Name(named("letters"))).await,
            Deed::DeleteFolder => managed(bucket, ann, "photos").await?.delete().await,
        }
    }

    /// A process whose store can kill it.
    async fn mortal_process(&self, seed: u64) -> (Arc<FaultyStore>, Bucket) {
        let faulty = Arc::new(FaultyStore::new(Arc::clone(&self.inner), Faults::default()));
        let (store, clock) = (Arc::clone(&faulty) as Store, Arc::clone(&self.test.clock));
        (faulty, testing::open(store, clock, Settings::default(), seed).await.unwrap())
    }

    /// A process that lives on.
    async fn process(&self, seed: u64) -> Bucket {
        testing::open(Arc::clone(&self.inner), Arc::clone(&self.test.clock), Settings::default(), seed).await.unwrap()
    }

    /// Everything that anybody can see.
    async fn seen(&self) -> String {
        let bucket = self.process(50).await;
        let mut lines = Vec::new();
        for account in bucket.accounts(None, 1000).await.unwrap().accounts {
            lines.push(account.email.to_string());
            for folder in bucket.folders(&account).await.unwrap() {
                lines.push(format!("{}: {} {}", account.email, folder.name, folder.permission));
                let which = FolderRef::Id(folder.id);
                if let Ok(opened) = bucket.folder::<Manage>(&account, &which).await {
                    let members = opened.members().await.unwrap();
                    lines.push(format!("{}: {} has {} members", account.email, folder.name, members.len()));
                }
            }
        }
        let shown = bucket.authenticate_token(self.bobs.api_token.expose()).await;
        lines.push(format!("bob's first token is good: {}", shown.is_ok()));
        lines.sort();
        lines.join("\n")
    }

    /// Runs the sweeper when everything half done is old, and once more much later.
    async fn sweep(&self) {
        for _ in 0..3 {
            self.test.clock.advance(Settings::default().late_writes);
            self.process(60).await.sweep().await.unwrap();
        }
    }

    /// How many objects of which kind there are: keys without what is random in them.
    async fn objects(&self) -> BTreeMap<String, usize> {
        let page = self.inner.list(ListRequest::all(KeyPrefix::everything())).await.unwrap();
        let mut objects = BTreeMap::new();
        for listed in page.objects {
            let parts: Vec<_> =
                listed.key.as_str().split('/').map(|part| if part.len() > 30 { "*" } else { part }).collect();
            *objects.entry(parts.join("/")).or_default() += 1;
        }
        objects
    }
}

fn named(name: &str) -> crate::name::FolderName {
    name.parse().unwrap()
}

async fn managed(bucket: &Bucket, account: &Account, name: &str) -> Result<Folder<Manage>> {
    bucket.folder(account, &FolderRef::Name(named(name))).await
}

/// What an undisturbed run shows and leaves.
struct Undisturbed {
    before: String,
    left_before: BTreeMap<String, usize>,
    after: String,
    left_after: BTreeMap<String, usize>,
}

async fn undisturbed(deed: Deed) -> Undisturbed {
    let world = World::new().await;
    world.prepare(deed).await;
    let before = world.seen().await;
    world.sweep().await;
    let left_before = world.objects().await;
    world.perform(deed, &world.test.bucket).await.unwrap();
    let after = world.seen().await;
    world.sweep().await;
    Undisturbed { before, left_before, after, left_after: world.objects().await }
}

/// Dies at a call, and answers the world it left and whether the request was acknowledged; `None`
/// when the request had ended before that call.
async fn killed(deed: Deed, at: u64, moment: Moment) -> Option<(World, bool)> {
    let world = World::new().await;
    world.prepare(deed).await;
    let (faulty, bucket) = world.mortal_process(7).await;
    faulty.kill_at(Kill { at: faulty.calls() + at, moment, only_writes: false });
    let answer = world.perform(deed, &bucket).await;
    bucket.drain(Duration::from_secs(600)).await;
    faulty.is_dead().then(|| (world, answer.is_ok()))
}

async fn check_killed(deed: Deed, world: &World, acknowledged: bool, clean: &Undisturbed, again: bool) {
    let seen = world.seen().await;
    let done = seen == clean.after && seen != clean.before;
    assert!(done || seen == clean.before, "half done:\n{seen}");
    assert!(done || !acknowledged, "lost:\n{seen}");
    if again {
        repeat(deed, world, done).await;
        assert_eq!(world.seen().await, clean.after);
    }
    world.sweep().await;
    let expected = if again || done { &clean.after } else { &clean.before };
    assert_eq!(&world.seen().await, expected, "swept too much");
    let mut left = world.objects().await;
    if !again && !done {
        // The claim of an address stays, free: its key can be used again.
        let emails = ".folderbridge/emails/*";
        left.insert(emails.to_owned(), clean.left_before[emails]);
    }
    // An account's names stay once there are any.
    let names = ".folderbridge/accounts/*/names".to_owned();
    left.remove(&names);
    let mut wanted = if again || done { clean.left_after.clone() } else { clean.left_before.clone() };
    wanted.remove(&names);
    assert_eq!(left, wanted, "rubbish is left");
}

/// Makes the request again, as a client would.
async fn repeat(deed: Deed, world: &World, done: bool) {
    let bucket = world.process(8).await;
    let mut answer = world.perform(deed, &bucket).await;
    if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Busy) {
        world.test.clock.advance(Settings::default().claim_grace);
        answer = world.perform(deed, &bucket).await;
    }
    match answer {
        Err(error) if done && !matches!(deed, Deed::RotateCredentials) => {
            assert!(matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound), "{error}")
        }
        answer => answer.unwrap(),
    }
    bucket.drain(Duration::from_secs(600)).await;
}

#[tokio::test(start_paused = true)]
async fn a_process_killed_at_any_call_leaves_a_whole_bucket() {
    for deed in DEEDS {
        let clean = undisturbed(deed).await;
        let mut deaths = 0;
        for (moment, again) in
            [(Moment::Before, true), (Moment::After, true), (Moment::Before, false), (Moment::After, false)]
        {
            for at in 1.. {
                let Some((world, acknowledged)) = killed(deed, at, moment).await else { break };
                println!("{deed:?}: killed {moment:?} call {at}, again: {again}, acknowledged: {acknowledged}");
                check_killed(deed, &world, acknowledged, &clean, again).await;
                deaths += 1;
            }
        }
        assert!(deaths >= 12, "{deed:?} makes at least three calls: {deaths}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_of_a_bucket_in_order_removes_nothing() {
    let world = World::new().await;
    let before = world.objects().await;
    let report = world.process(9).await.sweep().await.unwrap();
    assert_eq!(report, super::SweepReport::default());
    world.test.clock.advance(Duration::from_secs(1_000_000));
    assert_eq!(world.process(10).await.sweep().await.unwrap(), super::SweepReport::default());
    assert_eq!(world.objects().await, before);
    world.test.bucket.authenticate_token(world.test.credentials.api_token.expose()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_late_replica_writes_into_a_deleted_folder_is_removed_too() {
    let world = World::new().await;
    let photos = managed(&world.test.bucket, &world.test.account, "photos").await.unwrap();
    photos.delete().await.unwrap();
    while world.objects().await.keys().any(|key| key.starts_with("folders/")) {
        tokio::task::yield_now().await;
    }
    let late = ObjectKey::file(photos.prefix(), &"late".parse().unwrap());
    world.inner.put(&late, Body::from(vec![1]), Attributes::default(), Condition::Always).await.unwrap();
    let first = world.process(9).await.sweep().await.unwrap();
    assert_eq!((first.objects_removed, first.folders_removed), (1, 0));
    world.inner.put(&late, Body::from(vec![1]), Attributes::default(), Condition::Always).await.unwrap();
    world.test.clock.advance(Settings::default().late_writes);
    let second = world.process(10).await.sweep().await.unwrap();
    assert_eq!((second.objects_removed, second.folders_removed), (1, 1));
    assert!(!world.objects().await.keys().any(|key| key.starts_with("folders/")));
}
