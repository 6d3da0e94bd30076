//! Directories that move at once, over a store: what is seen at once, and what lies in the bucket when
//! the files have followed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use mapping::Settings;
use mapping::access::{Folder, Manage};
use mapping::clock::ManualClock;
use mapping::files::tree::ConflictPolicy;
use mapping::files::{Parents, ReadOptions, WriteOptions};
use mapping::id::JobId;
use mapping::jobs::JobState;
use mapping::path::{DirPath, FilePath};
use mapping::store::Store;
use mapping::testing::TestBucket;
use suites::bucket::snapshot;
use suites::stores::under_test::UnderTest;

/// Names that stores are known to trip over, and more than one page of them.
const NAMES: [&str; 7] = ["1", "b/2", "b/c/3 +%&", "b/ü", "b/c/~!*'()", "d.e/4", "b.x"];

fn path(text: &str) -> FilePath {
    text.parse().expect("a path")
}

async fn write(folder: &Folder<Manage>, at: &str) {
    let bytes = Bytes::from(at.to_owned());
    let body = stream::iter([Ok(bytes.clone())]).boxed();
    folder.write(&path(at), Some(bytes.len() as u64), body, WriteOptions::default()).await.expect("a file");
}

/// Every file that is listed, and what is read of it.
async fn files(folder: &Folder<Manage>) -> BTreeMap<String, String> {
    let (mut found, mut directories) = (BTreeMap::new(), vec![DirPath::root()]);
    while let Some(directory) = directories.pop() {
        let entries: Vec<_> = folder.list_all(&directory).try_collect().await.expect("a listing");
        for entry in entries {
            if entry.is_directory() {
                directories.push(DirPath::at(entry.path));
                continue;
            }
            let reading = folder.read(&entry.path, ReadOptions::default()).await.expect("what is listed");
            let bytes: Vec<Bytes> = reading.body.try_collect().await.expect("its bytes");
            found.insert(entry.path.to_string(), String::from_utf8(bytes.concat()).expect("text"));
        }
    }
    found
}

fn at(directory: &str) -> BTreeMap<String, String> {
    NAMES.iter().map(|name| (format!("{directory}/{name}"), format!("a/{name}"))).collect()
}

async fn followed(folder: &Folder<Manage>, job: JobId) {
    let over = async {
        loop {
            if let Ok(job) = folder.bucket().job(job).await
                && job.state.is_over()
            {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let job = tokio::time::timeout(Duration::from_secs(60), over).await.expect("the files follow");
    assert_eq!(
        (job.state, job.progress.done.files, job.progress.failures),
        (JobState::Done, NAMES.len() as u64, vec![])
    );
}

/// The files of the folder, as they lie in the bucket.
async fn stored(store: &Store, folder: &Folder<Manage>) -> Vec<String> {
    let prefix = format!("folders/{}/", folder.id());
    let keys = snapshot(store).await.into_keys();
    keys.filter_map(|key| Some(key.strip_prefix(&prefix)?.to_owned())).filter(|name| !name.ends_with('/')).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves_over_a_store_are_done_at_once_and_the_files_follow() {
    let (lower, store) = UnderTest::open().await;
    let settings = Settings { cache_for: Duration::from_millis(200), job_page: 3, ..Settings::default() };
    let store: Store = Arc::new(store);
    let test = TestBucket::over(Arc::clone(&store), Arc::new(ManualClock::new()), settings).await;
    let folder: Folder<Manage> = test.open().await;
    for name in NAMES {
        write(&folder, &format!("a/{name}")).await;
    }
    folder.mkdir(&path("a/empty"), Parents::Create).await.expect("a directory");

    let moved = folder.move_to(&path("a"), &folder, &path("t/u"), ConflictPolicy::Reject).await.expect("a move");
    assert_eq!(files(&folder).await, at("t/u"));
    assert!(folder.stat(&path("a")).await.is_err());
    followed(&folder, moved.id()).await;
    assert_eq!(stored(&store, &folder).await, at("t/u").into_keys().collect::<Vec<_>>());
    assert!(folder.stat(&path("t/u/empty")).await.expect("it followed").is_directory());

    let trashed = folder.trash(&path("t/u")).await.expect("the trash");
    assert_eq!(files(&folder).await, at("Trash/u"));
    followed(&folder, trashed.id()).await;
    assert_eq!(files(&folder).await, at("Trash/u"));

    let back = folder.restore(&path("Trash/u"), None, ConflictPolicy::Reject).await.expect("it comes back");
    assert_eq!(files(&folder).await, at("t/u"));
    followed(&folder, back.id()).await;
    assert_eq!(files(&folder).await, at("t/u"));
    assert_eq!(folder.usage().await.expect("the usage").files, NAMES.len() as u64);
    drop((test, folder, store));
    lower.close().await;
}
