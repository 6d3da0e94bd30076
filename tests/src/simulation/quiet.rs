//! What must hold when everybody has stopped: nothing acknowledged is lost, nothing is half there,
//! counters are exact, and the sweeper leaves nothing that nobody needs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use mapping::access::{FolderRef, Manage};
use mapping::files::trash::TRASH;
use mapping::id::FolderId;
use mapping::key::{FolderPrefix, KeyPrefix, ObjectKey};
use mapping::path::{DirPath, FilePath};
use mapping::store::{GetOptions, ListRequest, Listed, ObjectStore};
use mapping::sweep::SweepReport;
use mapping::{Bucket, FolderInfo, Settings};

use super::board::{Board, Certainty, Known, Window};
use super::client::{Client, Possible};
use super::cluster::{Cluster, Person};
use super::content::tag_of;
use super::trees::{Rest, Swept};

/// The folders that there are, and whose.
type Owners = BTreeMap<FolderId, Person>;

/// Longer than a finished upload is remembered.
const REMEMBERED: Duration = Duration::from_secs(25 * 60 * 60);

/// Checks everything.
///
/// # Errors
/// The first thing that is not as it must be.
///
/// # Panics
/// When the store in memory fails.
pub async fn check(cluster: &Cluster, board: &Board, clients: &mut [Client]) -> Result<(), String> {
    cluster.stop().await;
    tokio::time::sleep(cluster.settings.job_lease_for + cluster.settings.job_late).await;
    // At first the trash is kept: what is moved there is to be found.
    let bucket = cluster.steady_with(Settings { trash_for: None, ..cluster.settings.clone() }).await;
    let rest = Rest { bucket: bucket.clone(), owners: check_folders(cluster, board, &bucket).await? };
    rest.end_jobs(cluster).await?;
    settle(clients, &rest, Swept::No).await?;
    rest.end_moves(cluster, clients).await?;
    settle(clients, &rest, Swept::No).await?;
    tokio::time::sleep(cluster.settings.session_life * 5 + REMEMBERED).await;
    let there = check_folders(cluster, board, &bucket).await?.into_keys().collect();
    check_files(cluster, clients, &there).await?;
    sweep(&bucket).await?;
    check_swept(cluster, &there).await?;
    // Also what a sweep went on with that a dead sweeper had begun to remove for good.
    settle(clients, &rest, Swept::Yes).await?;
    check_files(cluster, clients, &there).await?;
    for _ in 0..2 {
        tokio::time::sleep(cluster.settings.late_writes).await;
        sweep(&bucket).await?;
    }
    let left = sweep(&bucket).await?;
    if left != SweepReport::default() {
        return Err(format!("three sweeps leave something to sweep: {left:?}"));
    }
    settle(clients, &rest, Swept::Yes).await?;
    check_files(cluster, clients, &there).await?;
    check_records(cluster, &there).await?;
    check_purge(cluster, &there).await?;
    clients.iter_mut().for_each(Client::forget_trash);
    check_files(cluster, clients, &there).await?;
    check_usage(cluster, board, &bucket).await
}

async fn sweep(bucket: &Bucket) -> Result<SweepReport, String> {
    bucket.sweep().await.map_err(|error| format!("a sweep in peace failed: {error:?}"))
}

async fn settle(clients: &mut [Client], rest: &Rest, swept: Swept) -> Result<(), String> {
    for client in clients {
        client.settle_at_rest(rest, swept).await?;
    }
    Ok(())
}

/// Every folder that must be there is, under a name that it may have, and no other.
async fn check_folders(cluster: &Cluster, board: &Board, bucket: &Bucket) -> Result<Owners, String> {
    let now = Window { start: cluster.now(), end: cluster.now() };
    let mut there = Owners::new();
    for (number, person) in board.people.iter().enumerate() {
        let listed = bucket.folders(&person.account).await.map_err(|error| format!("{error:?}"))?;
        let state = board.state();
        for known in &state.folders {
            check_folder(known, number, &listed, now)?;
        }
        let strange = |info: &&FolderInfo| state.folders.iter().all(|known| known.id != info.id);
        let own = |info: &&FolderInfo| info.owner == person.account.id;
        let (strangers, lost) =
            (listed.iter().filter(strange).filter(own).count(), state.lost.get(&number).copied().unwrap_or_default());
        if strangers > lost {
            return Err(format!(
                "account {number} has {strangers} folders that nobody answered for, {lost} are unknown"
            ));
        }
        there.extend(listed.iter().filter(own).map(|info| (info.id, person.clone())));
    }
    Ok(there)
}

fn check_folder(known: &Known, account: usize, listed: &[FolderInfo], now: Window) -> Result<(), String> {
    let found = listed.iter().find(|info| info.id == known.id);
    let usable = known.usable(account, now);
    match found {
        None if usable == Certainty::Yes => Err(format!("folder {} of account {} is lost", known.id, known.owner)),
        Some(_) if usable == Certainty::No => Err(format!("folder {} is there again for account {account}", known.id)),
        Some(info) if account == known.owner && !known.names.contains(&info.name.to_string()) => {
            Err(format!("folder {} is called `{}`, which is none of {:?}", known.id, info.name, known.names))
        }
        _ => Ok(()),
    }
}

/// Every file holds what was acknowledged, whole, and there is no file that nobody wrote.
async fn check_files(cluster: &Cluster, clients: &[Client], there: &BTreeSet<FolderId>) -> Result<(), String> {
    for folder in there {
        let prefix = FolderPrefix::of(*folder);
        let mut written = BTreeSet::new();
        for (_, path, possible) in clients.iter().flat_map(Client::files).filter(|(id, ..)| id == folder) {
            if !is_moving(clients, *folder, &path) {
                check_file(cluster, &prefix, (folder, &path, &possible)).await?;
            }
            written.insert(path);
        }
        for listed in all(cluster, KeyPrefix::folder(&prefix)).await {
            let is_marker = listed.key.as_str().ends_with('/');
            let known = prefix
                .file_path(&listed.key)
                .is_some_and(|path| written.contains(&path) || is_moving(clients, *folder, &path));
            if !is_marker && !known {
                return Err(format!("nobody wrote {}", listed.key));
            }
        }
    }
    Ok(())
}

/// What stopped half way on its way into the trash or out of it, until a sweep has ended that.
fn is_moving(clients: &[Client], folder: FolderId, path: &FilePath) -> bool {
    clients.iter().any(|client| client.is_moving(folder, path))
}

async fn check_file(
    cluster: &Cluster,
    prefix: &FolderPrefix,
    (folder, path, possible): (&FolderId, &FilePath, &Possible),
) -> Result<(), String> {
    let key = mapping::key::ObjectKey::file(prefix, path);
    let found = match cluster.memory.get(&key, GetOptions::default()).await {
        Err(_) => None,
        Ok(object) => {
            let bytes = object.body.try_collect::<Vec<Bytes>>().await.expect("a body").concat();
            Some(tag_of(&bytes).ok_or_else(|| format!("`{path}` in {folder} is half a file"))?)
        }
    };
    if possible.contains(&found) {
        return Ok(());
    }
    Err(format!("`{path}` in {folder} is {found:?} instead of one of {possible:?}"))
}

/// One sweep leaves no data of folders that are gone, nothing of uploads, jobs and moves through the trash, and
/// no multipart upload.
async fn check_swept(cluster: &Cluster, there: &BTreeSet<FolderId>) -> Result<(), String> {
    for listed in all(cluster, KeyPrefix::data()).await {
        if !there.iter().any(|folder| listed.key.as_str().starts_with(&format!("folders/{folder}/"))) {
            return Err(format!("a sweep leaves {}, whose folder is gone", listed.key));
        }
    }
    let uploads = all(cluster, KeyPrefix::uploads()).await;
    if let Some(left) = uploads.first() {
        return Err(format!("a sweep leaves {} objects of uploads: {}", uploads.len(), left.key));
    }
    let on_the_way = there.iter().map(|folder| KeyPrefix::passages(*folder));
    for prefix in on_the_way.chain([KeyPrefix::jobs(), KeyPrefix::job_leases()]) {
        if let Some(left) = all(cluster, prefix).await.first() {
            return Err(format!("a sweep leaves {}, which nobody needs", left.key));
        }
    }
    for folder in there {
        check_trash_records(cluster, *folder).await?;
    }
    match cluster.memory.unfinished().as_slice() {
        [] => Ok(()),
        left => Err(format!("a sweep leaves {left:?}")),
    }
}

/// Each record of the trash tells of something that is there.
async fn check_trash_records(cluster: &Cluster, folder: FolderId) -> Result<(), String> {
    let (prefix, trash) = (FolderPrefix::of(folder), DirPath::at(TRASH.parse().expect("a path")));
    let listed = all(cluster, KeyPrefix::directory(&prefix, &trash)).await;
    let names = listed.iter().filter_map(|listed| KeyPrefix::directory(&prefix, &trash).rest(&listed.key));
    let entries = names.filter_map(|rest| rest.split('/').next()).map(|name| ObjectKey::trashed(folder, name));
    let entries: BTreeSet<String> = entries.map(|key| key.to_string()).collect();
    match all(cluster, KeyPrefix::trashed(folder)).await.iter().find(|record| !entries.contains(record.key.as_str())) {
        Some(left) => Err(format!("a sweep leaves {}, of which nothing is in the trash", left.key)),
        None => Ok(()),
    }
}

/// What was in the trash for long enough goes, with its records.
async fn check_purge(cluster: &Cluster, there: &BTreeSet<FolderId>) -> Result<(), String> {
    sweep(&cluster.steady().await).await?;
    let trash = DirPath::at(TRASH.parse().expect("a path"));
    for folder in there {
        for prefix in [KeyPrefix::directory(&FolderPrefix::of(*folder), &trash), KeyPrefix::trashed(*folder)] {
            let left = all(cluster, prefix).await;
            if let Some(left) = left.iter().find(|left| !left.key.as_str().ends_with('/')) {
                return Err(format!("{} was in the trash for long enough, and stays", left.key));
            }
        }
    }
    Ok(())
}

/// In the end every record is that of a folder that is there.
async fn check_records(cluster: &Cluster, there: &BTreeSet<FolderId>) -> Result<(), String> {
    for listed in all(cluster, KeyPrefix::folders()).await {
        let id = KeyPrefix::folders().rest(&listed.key).and_then(|rest| rest.split('/').next()?.parse().ok());
        if !id.is_some_and(|id| there.contains(&id)) {
            return Err(format!("three sweeps leave {}, whose folder is gone", listed.key));
        }
    }
    Ok(())
}

/// Counters are what a listing shows.
async fn check_usage(cluster: &Cluster, board: &Board, bucket: &Bucket) -> Result<(), String> {
    for person in &board.people {
        let folders = bucket.folders(&person.account).await.map_err(|error| format!("{error:?}"))?;
        for info in folders.into_iter().filter(|info| info.owner == person.account.id) {
            let opened = bucket.folder::<Manage>(&person.account, &FolderRef::Id(info.id)).await;
            let usage =
                opened.map_err(|error| format!("{error:?}"))?.usage().await.map_err(|error| format!("{error:?}"))?;
            let objects = all(cluster, KeyPrefix::folder(&FolderPrefix::of(info.id))).await;
            let files: Vec<_> = objects.iter().filter(|object| !object.key.as_str().ends_with('/')).collect();
            let listed = (files.iter().map(|file| file.size).sum::<u64>(), files.len() as u64);
            if (usage.bytes, usage.files) != listed {
                return Err(format!("the usage of {} is {usage:?}, and a listing shows {listed:?}", info.id));
            }
        }
    }
    bucket.drain(Duration::from_secs(5)).await;
    Ok(())
}

pub(super) async fn all(cluster: &Cluster, prefix: KeyPrefix) -> Vec<Listed> {
    let (mut request, mut found) = (ListRequest::all(prefix), Vec::new());
    loop {
        let page = cluster.memory.list(request.clone()).await.expect("a listing");
        found.extend(page.objects);
        let Some(token) = page.next else { return found };
        request.token = Some(token);
    }
}
