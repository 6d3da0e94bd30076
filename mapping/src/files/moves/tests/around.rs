//! What else is done in a folder while files follow their directory.

use super::*;
use crate::files::tests::{body, write};
use crate::files::{Depth, Overwrite, Parents, WriteOptions};
use crate::store::faulty::{Kill, Moment};

async fn moved() -> (Scene, Replica) {
    let scene = Scene::of(&["a/1", "a/2", "a/b/3", "a/b/4", "a/b/5"]).await;
    let replica = scene.replica(1).await;
    replica.moved("a", "t").await.unwrap();
    (scene, replica)
}

async fn put(replica: &Replica, at: &str, overwrite: Overwrite) -> Result<()> {
    let options = WriteOptions { overwrite, content_type: None };
    replica.folder.write(&path(at), Some(3), body(b"new"), options).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn what_is_written_at_the_new_place_counts() {
    let (scene, replica) = moved().await;
    write(&replica.folder, "t/1", "newer").await;
    write(&replica.folder, "t/b/9", "another").await;
    replica.folder.mkdir(&path("t/d"), Parents::Require).await.unwrap();
    assert_eq!(text(&replica.folder, "t/1").await, "newer");
    assert_eq!(replica.names("t").await, ["1", "2", "b/", "d/"]);
    scene.settled().await;
    let files = replica.files().await;
    assert_eq!((files["t/1"].as_str(), files["t/b/9"].as_str(), files.len()), ("newer", "another", 6));
    assert_eq!(scene.objects().await, ["t/", "t/1", "t/2", "t/b/3", "t/b/4", "t/b/5", "t/b/9", "t/d/"]);
    assert_eq!(replica.usage().await, scene.stored().await);
}

#[tokio::test(start_paused = true)]
async fn what_has_not_arrived_is_there_for_all_who_ask() {
    let (scene, replica) = moved().await;
    assert_eq!(kind(put(&replica, "t/1", Overwrite::No).await), ErrorKind::AlreadyExists);
    assert_eq!(kind(put(&replica, "t/b", Overwrite::Yes).await), ErrorKind::Conflict);
    assert_eq!(kind(put(&replica, "t/1/x", Overwrite::Yes).await), ErrorKind::Conflict);
    assert_eq!(kind(replica.folder.mkdir(&path("t/b"), Parents::Create).await), ErrorKind::AlreadyExists);
    assert_eq!(kind(replica.folder.mkdir(&path("t/1"), Parents::Create).await), ErrorKind::Conflict);
    assert_eq!(kind(replica.folder.mkdir(&path("t/x/y"), Parents::Require).await), ErrorKind::Invalid);
    replica.folder.mkdir(&path("t/b/d"), Parents::Require).await.unwrap();
    assert_eq!(scene.moves().await.len(), 1, "nothing of this waited");
}

#[tokio::test(start_paused = true)]
async fn the_old_path_is_free_when_all_has_followed_and_not_before() {
    let (scene, replica) = moved().await;
    let waits = tokio::time::Instant::now();
    write(&replica.folder, "a/1", "another life").await;
    assert!(
        waits.elapsed() >= Duration::from_secs(6),
        "a reader that knows of the move and not of its end would find it at `t`"
    );
    assert_eq!(scene.moves().await, []);
    let files = replica.files().await;
    assert_eq!((files["t/1"].as_str(), files["a/1"].as_str(), files.len()), ("a/1", "another life", 6));
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_told_to_come_again_and_has_changed_nothing() {
    let scene = Scene::with(Settings { wait_for_moves: Duration::from_secs(1), ..Settings::default() }).await;
    scene.fill(&["a/1", "a/b/2", "c/3"]).await;
    let (mortal, replica) = (scene.replica(1).await, scene.replica(2).await);
    mortal.moved("a", "x/t").await.unwrap();
    mortal.faulty.kill_at(Kill { at: 0, moment: Moment::Before, only_writes: false });
    scene.test.clock.advance(scene.settings.cache_for);
    let before = scene.objects().await;
    let busy = |answer: Result<()>| {
        let error = answer.unwrap_err();
        assert!(
            error.kind() == ErrorKind::Busy && error.message().contains("`a` is still on its way to `x/t`"),
            "{error}"
        );
    };
    busy(put(&replica, "a", Overwrite::Yes).await);
    busy(put(&replica, "a/new", Overwrite::Yes).await);
    busy(replica.folder.mkdir(&path("a"), Parents::Create).await);
    busy(replica.folder.start_upload(path("a/1"), None, Default::default()).await.map(drop));
    for settling in ["x", "x/t", "x/t/1", "x/t/b"] {
        busy(replica.folder.remove(&path(settling), Depth::Tree).await.map(drop));
        busy(replica.folder.trash(&path(settling)).await.map(drop));
        busy(replica.moved(settling, "elsewhere").await.map(drop));
        let (from, to) = (path(settling), path("copy"));
        let copy = replica.folder.copy_to(&from, &replica.folder, &to, ConflictPolicy::Reject).await;
        busy(copy.map(drop));
    }
    busy(replica.folder.copy_file(&path("x/t/1"), &path("copy"), Overwrite::Yes).await.map(drop));
    busy(replica.moved("c", "a").await.map(drop));
    busy(replica.moved("c", "x/t/c").await.map(drop));
    for gone in ["a", "a/1"] {
        assert_eq!(kind(replica.folder.remove(&path(gone), Depth::Tree).await), ErrorKind::NotFound);
        assert_eq!(kind(replica.moved(gone, "elsewhere").await), ErrorKind::NotFound);
    }
    assert_eq!(scene.objects().await, before);
    replica.moved("c", "d").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_removed_after_the_move_does_not_come_back() {
    let (scene, replica) = moved().await;
    drop(replica.folder.remove(&path("t/1"), Depth::File).await.unwrap());
    drop(replica.folder.remove(&path("t/b"), Depth::Tree).await.unwrap());
    scene.settled().await;
    assert_eq!(replica.files().await.into_keys().collect::<Vec<_>>(), ["t/2"]);
    assert_eq!(scene.objects().await, ["t/", "t/2"]);
}

#[tokio::test(start_paused = true)]
async fn an_upload_to_the_old_path_waits_and_one_to_the_new_replaces() {
    let scene = Scene::of(&["a/1", "a/2"]).await;
    let replica = scene.replica(1).await;
    let old = replica.folder.start_upload(path("a/1"), Some(3), Default::default()).await.unwrap();
    let new = replica.folder.start_upload(path("t/2"), Some(3), Default::default()).await.unwrap();
    for upload in [&old, &new] {
        let upload = replica.folder.upload(upload).await.unwrap();
        upload.append(0, 3, body(b"new")).await.unwrap();
    }
    replica.moved("a", "t").await.unwrap();
    replica.folder.upload(&new).await.unwrap().finish().await.unwrap();
    assert_eq!(scene.moves().await.len(), 1, "it did not wait");
    assert_eq!(
        (text(&replica.folder, "t/2").await.as_str(), text(&replica.folder, "t/1").await.as_str()),
        ("new", "a/1")
    );
    replica.folder.upload(&old).await.unwrap().finish().await.unwrap();
    assert_eq!(scene.moves().await, [], "it waited");
    let files = replica.files().await;
    assert_eq!((files["a/1"].as_str(), files["t/1"].as_str(), files["t/2"].as_str()), ("new", "a/1", "new"));
    assert_eq!(replica.usage().await, scene.stored().await);
}

#[tokio::test(start_paused = true)]
async fn work_on_the_way_when_its_tree_moves_says_so() {
    let scene = Scene::with(Settings { job_page: 1, ..Settings::default() }).await;
    scene.fill(&["a/1", "a/2", "a/3", "a/4"]).await;
    let replica = scene.replica(1).await;
    replica.faulty.set_faults(Faults { latency: Duration::from_millis(200), ..Faults::default() });
    let copy =
        replica.folder.copy_to(&path("a"), &replica.folder, &path("copy"), ConflictPolicy::Reject).await.unwrap();
    replica.moved("a", "t").await.unwrap();
    let error = copy.ended().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Conflict && error.message().contains("was moved to `t` meanwhile"), "{error}");
    scene.settled().await;
    assert_eq!(replica.files().await.keys().filter(|name| name.starts_with("t/")).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_left_a_moment_ago_is_passed_over_and_not_waited_for() {
    for left in ["a (1)/", "a (1)/2"] {
        let scene = Scene::of(&["a/1", "a (1)/2", left]).await;
        scene.fill(&["f.txt", "f (1).txt/3"]).await;
        let (replica, began) = (scene.replica(1).await, tokio::time::Instant::now());
        let folder = &replica.folder;
        replica.moved("a (1)", "t").await.unwrap();
        replica.moved("f (1).txt", "u").await.unwrap();
        for (name, copy) in [("a", "a (2)"), ("f.txt", "f (2).txt")] {
            let copied = folder.copy_to(&path(name), folder, &path(name), ConflictPolicy::Rename).await.unwrap();
            assert_eq!(copied.ended().await.unwrap().target, Some(path(copy)));
        }
        assert!(began.elapsed() < Duration::from_secs(1), "it waited for a move");
        scene.settled().await;
        let files: Vec<String> = replica.files().await.into_keys().collect();
        assert_eq!(files, ["a (2)/1", "a/1", "f (2).txt", "f.txt", "t/2", "u/3"]);
    }
}
