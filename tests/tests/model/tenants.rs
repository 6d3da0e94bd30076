//! What one tenant may see never reaches another by way of a cache: random makings, sharings and
//! revocations through two replicas, and after each of them everybody looks at everything at once
//! through both, while the store takes its time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use mapping::access::{FolderRef, Manage, Permission, Read};
use mapping::clock::TimerClock;
use mapping::id::FolderId;
use mapping::store::Store;
use mapping::store::faulty::{Faults, FaultyStore};
use mapping::store::memory::MemoryStore;
use mapping::{Account, Bucket, Clock, ErrorKind, Secret, Settings, testing};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::block_on;

const REPLICAS: usize = 2;
const TENANTS: usize = 3;

/// Each call of the store takes up to so long.
const LATENCY: Duration = Duration::from_millis(40);

/// Who does what, and through which replica. Folders are told by the order in which they were made.
#[derive(Clone, Debug)]
enum Step {
    Create { who: usize, replica: usize },
    Share { folder: usize, with: usize, replica: usize },
    Unshare { folder: usize, with: usize, replica: usize },
    Delete { folder: usize, replica: usize },
    Wait { millis: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (folder, with, replica) = (0..8_usize, 0..TENANTS, 0..REPLICAS);
    let step = prop_oneof![
        3 => (with.clone(), replica.clone()).prop_map(|(who, replica)| Step::Create { who, replica }),
        4 => (folder.clone(), with.clone(), replica.clone())
            .prop_map(|(folder, with, replica)| Step::Share { folder, with, replica }),
        4 => (folder.clone(), with, replica.clone())
            .prop_map(|(folder, with, replica)| Step::Unshare { folder, with, replica }),
        1 => (folder, replica).prop_map(|(folder, replica)| Step::Delete { folder, replica }),
        2 => (0..3000_u64).prop_map(|millis| Step::Wait { millis }),
    ];
    proptest::collection::vec(step, 1..16)
}

/// Whether somebody may look into a folder, as far as was answered.
#[derive(Clone, Copy, Debug)]
enum Right {
    Given,
    /// Taken by a replica, that answered then.
    Taken {
        by: usize,
        at: Duration,
    },
}

struct Tenant {
    account: Account,
    token: Secret,
}

struct World {
    clock: Arc<TimerClock>,
    replicas: Vec<Bucket>,
    tenants: Vec<Tenant>,
    folders: Vec<(FolderId, usize)>,
    rights: BTreeMap<(FolderId, usize), Right>,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(TimerClock::new());
        let memory: Store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
        let mut replicas = Vec::new();
        for seed in 0..REPLICAS as u64 {
            let faults = Faults { seed, latency: LATENCY, ..Faults::default() };
            let store = Arc::new(FaultyStore::new(Arc::clone(&memory), faults));
            replicas
                .push(testing::open(store, Arc::clone(&clock), Settings::default(), seed).await.expect("a replica"));
        }
        let mut tenants = Vec::new();
        for number in 0..TENANTS {
            let made = testing::add_account(&replicas[0], &format!("a{number}@example.org")).await;
            let (account, credentials) = made.expect("an account");
            tenants.push(Tenant { account, token: credentials.api_token });
        }
        Self { clock, replicas, tenants, folders: Vec::new(), rights: BTreeMap::new() }
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Create { who, replica } => {
                let name = format!("f{}", self.folders.len()).parse().expect("a name");
                let made = self.replicas[replica].create_folder(&self.tenants[who].account, name).await;
                let id = made.expect("a folder").id;
                self.folders.push((id, who));
                self.rights.insert((id, who), Right::Given);
            }
            Step::Share { folder, with, replica } => {
                let Some((folder, id)) = self.owned(folder, with, replica).await else { return };
                if !matches!(self.rights.get(&(id, with)), Some(Right::Given)) {
                    folder.share(self.tenants[with].account.id, Permission::Read).await.expect("a share");
                    self.rights.insert((id, with), Right::Given);
                }
            }
            Step::Unshare { folder, with, replica } => {
                let Some((folder, id)) = self.owned(folder, with, replica).await else { return };
                if matches!(self.rights.get(&(id, with)), Some(Right::Given)) {
                    folder.unshare(self.tenants[with].account.id).await.expect("a revocation");
                    self.rights.insert((id, with), Right::Taken { by: replica, at: self.clock.elapsed() });
                }
            }
            Step::Delete { folder, replica } => {
                let Some((folder, id)) = self.owned(folder, TENANTS, replica).await else { return };
                folder.delete().await.expect("a deletion");
                let taken = Right::Taken { by: replica, at: self.clock.elapsed() };
                let theirs = self.rights.iter_mut().filter(|((folder, _), _)| *folder == id);
                theirs.filter(|(_, right)| matches!(right, Right::Given)).for_each(|(_, right)| *right = taken);
            }
            Step::Wait { millis } => tokio::time::sleep(Duration::from_millis(millis)).await,
        }
    }

    /// A folder that is there, opened by its owner, unless that is `with`.
    async fn owned(&self, folder: usize, with: usize, replica: usize) -> Option<(mapping::Folder<Manage>, FolderId)> {
        let (id, owner) = *self.folders.get(folder % self.folders.len().max(1))?;
        if owner == with || !matches!(self.rights.get(&(id, owner)), Some(Right::Given)) {
            return None;
        }
        let opened = self.replicas[replica].folder(&self.tenants[owner].account, &FolderRef::Id(id)).await;
        Some((opened.expect("the owner may"), id))
    }

    /// Everybody looks at everything through every replica at once.
    async fn look(&self) -> Result<(), String> {
        let places = (0..REPLICAS).flat_map(|replica| (0..TENANTS).map(move |who| (replica, who)));
        let looks = places.map(|(replica, who)| async move {
            self.is_himself(replica, who).await?;
            self.lists_his_own(replica, who).await?;
            join_all(self.folders.iter().map(|(id, _)| self.opens(replica, who, *id))).await.into_iter().collect()
        });
        join_all(looks).await.into_iter().collect()
    }

    async fn is_himself(&self, replica: usize, who: usize) -> Result<(), String> {
        let Tenant { account, token } = &self.tenants[who];
        let found = self.replicas[replica].authenticate_token(token.expose()).await;
        let found = found.map_err(|error| format!("{who} is refused by {replica}: {error}"))?;
        if found.id == account.id { Ok(()) } else { Err(format!("{who} is {} to {replica}", found.email)) }
    }

    async fn lists_his_own(&self, replica: usize, who: usize) -> Result<(), String> {
        let asked = self.clock.elapsed();
        let listed = self.replicas[replica].folders(&self.tenants[who].account).await;
        let listed = listed.map_err(|error| format!("{who} has no list from {replica}: {error}"))?;
        let strange = listed.iter().find(|folder| !self.may_be_seen(replica, who, folder.id, asked));
        strange.map_or(Ok(()), |folder| Err(format!("{who} lists `{}` through {replica}", folder.name)))
    }

    async fn opens(&self, replica: usize, who: usize, id: FolderId) -> Result<(), String> {
        let asked = self.clock.elapsed();
        let account = &self.tenants[who].account;
        let given = matches!(self.rights.get(&(id, who)), Some(Right::Given));
        match self.replicas[replica].folder::<Read>(account, &FolderRef::Id(id)).await {
            Ok(folder) if folder.id() != id => Err(format!("{who} asked {replica} for {id} and has {}", folder.id())),
            Ok(_) if !self.may_be_seen(replica, who, id, asked) => Err(format!("{who} opens {id} through {replica}")),
            Ok(_) => Ok(()),
            Err(error) if given => Err(format!("{who} is refused {id} by {replica}: {error}")),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(format!("{who} is told of {id} by {replica}: {error}")),
        }
    }

    /// What was taken holds at once where it was taken, and within the bound elsewhere.
    fn may_be_seen(&self, replica: usize, who: usize, id: FolderId, asked: Duration) -> bool {
        match self.rights.get(&(id, who)) {
            None => false,
            Some(Right::Given) => true,
            Some(Right::Taken { by, at }) => *by != replica && asked < *at + Settings::default().cache_for,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_sees_by_way_of_a_cache_what_is_not_his(steps in steps()) {
        let outcome: Result<(), String> = block_on(async {
            let mut world = World::new().await;
            for (number, step) in steps.iter().enumerate() {
                world.take(step).await;
                world.look().await.map_err(|wrong| format!("after step {number}: {wrong}"))?;
            }
            Ok(())
        });
        outcome.map_err(TestCaseError::fail)?;
    }
}
