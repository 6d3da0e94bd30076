//! What the files of a folder come to, as they lie in the store.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::TryStreamExt;
use mapping::Usage;
use mapping::id::FolderId;
use mapping::key::{FolderPrefix, KeyPrefix, ObjectKey};
use mapping::store::{GetOptions, ListRequest, Store};
use serde_json::Value;

/// Everything below `prefix`.
pub(super) async fn below(store: &Store, prefix: KeyPrefix) -> Usage {
    usage(&sizes(store, prefix).await)
}

/// Everything in a folder, each file once: one that follows its moved directory may lie at both places.
pub(super) async fn in_folder(store: &Store, id: FolderId) -> Usage {
    // In this order: what arrives between the two looks is known to be on its way.
    let moves = moves(store, id).await;
    let mut sizes = sizes(store, KeyPrefix::folder(&FolderPrefix::of(id))).await;
    for (from, to) in moves {
        let arrived = |path: &String| Some(format!("{to}{}", path.strip_prefix(&from)?));
        let is_twice = |path: &&String| arrived(path).is_some_and(|to| sizes.contains_key(&to));
        let twice: Vec<_> = sizes.keys().filter(is_twice).cloned().collect();
        sizes.retain(|path, _| !twice.contains(path));
    }
    usage(&sizes)
}

/// The directories of a folder that are on their way: from where and to where.
///
/// # Panics
/// When its record is none.
pub async fn moves(store: &Store, id: FolderId) -> Vec<(String, String)> {
    let Ok(record) = store.get(&ObjectKey::folder(id), GetOptions::default()).await else { return Vec::new() };
    let bytes = record.body.try_collect::<Vec<Bytes>>().await.expect("a record").concat();
    let record: Value = serde_json::from_slice(&bytes).expect("a record");
    let path = |of: &Value| format!("{}/", of.as_str().expect("a path"));
    let moves = record["body"]["moves"].as_array().into_iter().flatten();
    moves.map(|pending| (path(&pending["from"]), path(&pending["to"]))).collect()
}

fn usage(sizes: &BTreeMap<String, u64>) -> Usage {
    Usage { bytes: sizes.values().sum(), files: sizes.len() as u64 }
}

/// The size of each file below `prefix`, by the rest of its key.
async fn sizes(store: &Store, prefix: KeyPrefix) -> BTreeMap<String, u64> {
    let mut request = ListRequest::all(prefix.clone());
    let mut sizes = BTreeMap::new();
    loop {
        let page = store.list(request.clone()).await.expect("a store in memory lists");
        let files = page.objects.iter().filter(|object| !object.key.as_str().ends_with('/'));
        sizes.extend(files.filter_map(|file| Some((prefix.rest(&file.key)?.to_owned(), file.size))));
        let Some(token) = page.next else { return sizes };
        request.token = Some(token);
    }
}
