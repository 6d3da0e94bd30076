//! What must hold when everybody has stopped: nothing acknowledged is lost, nothing is half there,
//! counters are exact, and the sweeper leaves nothing that nobody needs.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use mapping::access::{FolderRef, Manage};
use mapping::id::FolderId;
use mapping::key::{FolderPrefix, KeyPrefix};
use mapping::store::{GetOptions, ListRequest, Listed, ObjectStore};
use mapping::{Bucket, FolderInfo};

use super::board::{Board, Certainty, Known, Window};
use super::client::{Client, Possible};
use super::cluster::Cluster;
use super::content::tag_of;

/// Longer than a finished upload is remembered.
const REMEMBERED: Duration = Duration::from_secs(25 * 60 * 60);

/// Checks everything.
///
/// # Errors
/// The first thing that is not as it must be.
///
/// # Panics
/// When the store in memory fails.
pub async fn check(cluster: &Cluster, board: &Board, clients: &[Client]) -> Result<(), String> {
    cluster.stop().await;
    tokio::time::sleep(cluster.settings.session_life * 5 + REMEMBERED).await;
    let bucket = cluster.steady().await;
    let there = check_folders(cluster, board, &bucket).await?;
    check_files(cluster, clients, &there).await?;
    bucket.sweep().await.map_err(|error| format!("a sweep in peace failed: {error:?}"))?;
    check_swept(cluster, &there).await?;
    check_files(cluster, clients, &there).await?;
    for _ in 0..2 {
        tokio::time::sleep(cluster.settings.late_writes).await;
        bucket.sweep().await.map_err(|error| format!("a sweep in peace failed: {error:?}"))?;
    }
    let left = bucket.sweep().await.map_err(|error| format!("a sweep in peace failed: {error:?}"))?;
    if left != mapping::sweep::SweepReport::default() {
        return Err(format!("three sweeps leave something to sweep: {left:?}"));
    }
    check_files(cluster, clients, &there).await?;
    check_records(cluster, &there).await?;
    check_usage(cluster, board, &bucket).await
}

/// Every folder that must be there is, under a name that it may have, and no other.
async fn check_folders(cluster: &Cluster, board: &Board, bucket: &Bucket) -> Result<BTreeSet<FolderId>, String> {
    let now = Window { start: cluster.now(), end: cluster.now() };
    let mut there = BTreeSet::new();
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
        there.extend(listed.iter().filter(own).map(|info| info.id));
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
        for (_, path, possible) in clients.iter().flat_map(Client::files).filter(|(id, ..)| *id == folder) {
            check_file(cluster, &prefix, (folder, path, possible)).await?;
            written.insert(path.clone());
        }
        for listed in all(cluster, KeyPrefix::folder(&prefix)).await {
            let is_marker = listed.key.as_str().ends_with('/');
            let known = prefix.file_path(&listed.key).is_some_and(|path| written.contains(&path));
            if !is_marker && !known {
                return Err(format!("nobody wrote {}", listed.key));
            }
        }
    }
    Ok(())
}

async fn check_file(
    cluster: &Cluster,
    prefix: &FolderPrefix,
    (folder, path, possible): (&FolderId, &mapping::path::FilePath, &Possible),
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

/// One sweep leaves no data of folders that are gone, nothing of uploads, and no multipart upload.
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
    match cluster.memory.unfinished().as_slice() {
        [] => Ok(()),
        left => Err(format!("a sweep leaves {left:?}")),
    }
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

async fn all(cluster: &Cluster, prefix: KeyPrefix) -> Vec<Listed> {
    let (mut request, mut found) = (ListRequest::all(prefix), Vec::new());
    loop {
        let page = cluster.memory.list(request.clone()).await.expect("a listing");
        found.extend(page.objects);
        let Some(token) = page.next else { return found };
        request.token = Some(token);
    }
}
