//! What the sweeper's tests play in: a bucket that is in use, and everything that is done to it in
//! more than one write.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::access::{Folder, FolderRef, Manage, Permission};
use crate::accounts::{Account, Credentials};
use crate::bucket::{Bucket, Settings};
use crate::clock::ManualClock;
use crate::error::Result;
use crate::id::InvitationId;
use crate::invitations::Invited;
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::faulty::{Faults, FaultyStore, Kill, Moment};
use crate::store::memory::MemoryStore;
use crate::store::obstructed::ObstructedStore;
use crate::store::{Attributes, Body, Condition, ListRequest, Store};
use crate::sweep::{Mode, Swept};
use crate::testing::{self, TestBucket, add_account};

/// What is under way when the process dies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    CreateAccount,
    RotateCredentials,
    CreateFolder,
    CreateFolderAnew,
    RenameFolder,
    Share,
    Unshare,
    Leave,
    Invite,
    AcceptInvitation,
    RejectInvitation,
    CancelInvitation,
    DeleteFolder,
    MoveToBin,
    CreateFolderOverBinned,
    Restore,
    Purge,
}

pub(super) const DEEDS: [Deed; 17] = [
    Deed::CreateAccount,
    Deed::RotateCredentials,
    Deed::CreateFolder,
    Deed::CreateFolderAnew,
    Deed::RenameFolder,
    Deed::Share,
    Deed::Unshare,
    Deed::Leave,
    Deed::Invite,
    Deed::AcceptInvitation,
    Deed::RejectInvitation,
    Deed::CancelInvitation,
    Deed::DeleteFolder,
    Deed::MoveToBin,
    Deed::CreateFolderOverBinned,
    Deed::Restore,
    Deed::Purge,
];

/// A bucket with two accounts. Ann has `photos` with a file in it, and `letters`, shared with Bob.
pub(super) struct World {
    pub(super) test: TestBucket,
    pub(super) bob: Account,
    pub(super) bobs: Credentials,
    pub(super) inner: Store,
    /// Into `photos`, of Bob, where a deed needs one.
    invitation: OnceLock<InvitationId>,
}

impl World {
    pub(super) async fn new() -> Self {
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
        Self { test, bob, bobs, inner, invitation: OnceLock::new() }
    }

    pub(super) async fn prepare(&self, deed: Deed) {
        if let Deed::CreateFolderAnew = deed {
            // A folder of the name was there, and its deletion stopped half way.
            self.perform(Deed::CreateFolder, &self.test.bucket).await.unwrap();
            let (faulty, bucket) = self.mortal_process(6).await;
            let music = managed(&bucket, &self.test.account, "music").await.unwrap();
            faulty.kill_at(Kill { at: faulty.writes() + 1, moment: Moment::After, only_writes: true });
            music.delete().await.unwrap_err();
        }
        if let Deed::CreateFolderOverBinned = deed {
            // A folder of the name was there, and its way into the bin stopped half way.
            self.perform(Deed::CreateFolder, &self.test.bucket).await.unwrap();
            let (faulty, bucket) = self.mortal_process(6).await;
            let music = managed(&bucket, &self.test.account, "music").await.unwrap();
            faulty.kill_at(Kill { at: faulty.writes() + 1, moment: Moment::After, only_writes: true });
            music.move_to_bin().await.unwrap_err();
        }
        if let Deed::Restore | Deed::Purge = deed {
            self.perform(Deed::MoveToBin, &self.test.bucket).await.unwrap();
        }
        if let Deed::Restore = deed {
            // Bob gives the name away.
            self.test.bucket.create_folder(&self.bob, named("letters")).await.unwrap();
        }
        if let Deed::AcceptInvitation | Deed::RejectInvitation | Deed::CancelInvitation = deed {
            let invited = self.invite(&self.test.bucket).await.unwrap();
            self.invitation.set(invited[0].invitation.id).unwrap();
        }
    }

    async fn invite(&self, bucket: &Bucket) -> Result<Vec<Invited>> {
        let photos = managed(bucket, &self.test.account, "photos").await?;
        photos.invite(std::slice::from_ref(&self.bob.email), Permission::Read).await
    }

    /// Does it; answers what was issued, if anything was.
    pub(super) async fn perform(&self, deed: Deed, bucket: &Bucket) -> Result<Option<Credentials>> {
        let (ann, bob) = (&self.test.account, &self.bob);
        match deed {
            Deed::CreateAccount => {
                return add_account(bucket, "carol@example.org").await.map(|(_, issued)| Some(issued));
            }
            Deed::RotateCredentials => return bucket.rotate_credentials(bob.id).await.map(Some),
            Deed::CreateFolder | Deed::CreateFolderAnew | Deed::CreateFolderOverBinned => {
                bucket.create_folder(ann, named("music")).await.map(drop)?;
            }
            Deed::RenameFolder => {
                bucket.rename_folder(ann, &FolderRef::Id(self.test.folder.id), named("pictures")).await?;
            }
            Deed::Share => managed(bucket, ann, "photos").await?.share(bob.id, Permission::Read).await?,
            Deed::Unshare => managed(bucket, ann, "letters").await?.unshare(bob.id).await?,
            Deed::Leave => bucket.leave_folder(bob, &FolderRef::Name(named("letters"))).await?,
            Deed::Invite => self.invite(bucket).await.map(drop)?,
            Deed::AcceptInvitation => bucket.accept_invitation(bob, self.invitation()).await.map(drop)?,
            Deed::RejectInvitation => bucket.reject_invitation(bob, self.invitation()).await?,
            Deed::CancelInvitation => bucket.cancel_invitation(ann, self.invitation()).await?,
            Deed::DeleteFolder => managed(bucket, ann, "photos").await?.delete().await?,
            Deed::MoveToBin => managed(bucket, ann, "letters").await?.move_to_bin().await?,
            Deed::Restore => bucket.restore_folder(ann, &self.binned().await?).await.map(drop)?,
            Deed::Purge => bucket.purge_folder(ann, &self.binned().await?).await?,
        }
        Ok(None)
    }

    /// What is in Ann's bin.
    async fn binned(&self) -> Result<FolderRef> {
        let bucket = self.process(71).await;
        let binned = bucket.binned_folder(&self.test.account, &FolderRef::Name(named("letters"))).await;
        binned.map(|binned| FolderRef::Id(binned.id))
    }

    fn invitation(&self) -> &InvitationId {
        self.invitation.get().expect("the deed was prepared")
    }

    /// Whether what was issued is good.
    pub(super) async fn check(&self, issued: Option<Credentials>) {
        let Some(issued) = issued else { return };
        let bucket = self.process(70).await;
        bucket.authenticate_token(issued.api_token.expose()).await.unwrap();
        bucket.access_secret(&issued.access_key).await.unwrap();
    }

    /// A process whose store can kill it.
    pub(super) async fn mortal_process(&self, seed: u64) -> (Arc<FaultyStore>, Bucket) {
        let faulty = Arc::new(FaultyStore::new(Arc::clone(&self.inner), Faults::default()));
        let (store, clock) = (Arc::clone(&faulty) as Store, Arc::clone(&self.test.clock));
        (faulty, testing::open(store, clock, Settings::default(), seed).await.unwrap())
    }

    /// A process in whose store things can be in the way.
    pub(super) async fn obstructed_process(&self, seed: u64) -> (Arc<ObstructedStore>, Bucket) {
        let obstructed = Arc::new(ObstructedStore::new(Arc::clone(&self.inner)));
        let (store, clock) = (Arc::clone(&obstructed) as Store, Arc::clone(&self.test.clock));
        (obstructed, testing::open(store, clock, Settings::default(), seed).await.unwrap())
    }

    /// A process that lives on.
    pub(super) async fn process(&self, seed: u64) -> Bucket {
        testing::open(Arc::clone(&self.inner), Arc::clone(&self.test.clock), Settings::default(), seed).await.unwrap()
    }

    /// Everything that anybody can see.
    pub(super) async fn seen(&self) -> String {
        let bucket = self.process(50).await;
        let mut lines = Vec::new();
        for account in bucket.accounts(None, 1000).await.unwrap().accounts {
            lines.push(account.email.to_string());
            let (got, sent) = (bucket.invitations(&account).await, bucket.sent_invitations(&account).await);
            for (which, invitations) in [("got", got), ("sent", sent)] {
                let offers = invitations.unwrap().into_iter().map(|one| (one.name, one.permission));
                lines
                    .extend(offers.map(|(name, permission)| format!("{} {which}: {name} {permission}", account.email)));
            }
            let binned = bucket.binned_folders(&account).await.unwrap();
            lines.extend(binned.iter().map(|binned| format!("{}: {} in the bin", account.email, binned.name)));
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
    pub(super) async fn sweep(&self) {
        for _ in 0..3 {
            self.test.clock.advance(Settings::default().late_writes);
            self.sweep_as_announced(60).await;
        }
    }

    /// Sweeps once. A dry run before it writes nothing and says exactly what will go.
    pub(super) async fn sweep_as_announced(&self, seed: u64) -> Swept {
        let (faulty, dry) = self.mortal_process(seed).await;
        let writes = faulty.writes();
        let mut announced = dry.sweep_as(Mode::DryRun).await.unwrap();
        assert_eq!(faulty.writes(), writes, "a dry run writes");
        let mut swept = self.process(seed).await.sweep_as(Mode::Remove).await.unwrap();
        for run in [&mut announced, &mut swept] {
            run.findings.sort_by(|one, other| one.place.cmp(&other.place));
        }
        assert_eq!(announced, swept);
        swept
    }

    /// How many objects of which kind there are: keys without what is random in them.
    pub(super) async fn objects(&self) -> BTreeMap<String, usize> {
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

pub(super) fn named(name: &str) -> crate::name::FolderName {
    name.parse().unwrap()
}

pub(super) async fn managed(bucket: &Bucket, account: &Account, name: &str) -> Result<Folder<Manage>> {
    bucket.folder(account, &FolderRef::Name(named(name))).await
}
