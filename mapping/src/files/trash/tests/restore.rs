//! Back from the trash.

use super::*;
use crate::files::Depth;

async fn scene() -> (Scene, Replica) {
    let scene = Scene::new().await;
    scene.fill(&["p/a/1", "p/a/b/2", "p/f.txt"]).await;
    let replica = scene.replica(7).await;
    done(replica.trash("p/a").await);
    done(replica.trash("p/f.txt").await);
    (scene, replica)
}

#[tokio::test(start_paused = true)]
async fn what_is_put_back_is_where_it_was_and_nothing_is_left_in_the_trash() {
    let (scene, replica) = scene().await;
    assert_eq!(replica.folder.remove(&path("p"), Depth::Tree).await.unwrap().failed, 0);
    assert_eq!(done(replica.restore("Trash/a", None, ConflictPolicy::Reject).await), "p/a");
    assert_eq!(done(replica.restore("Trash/f.txt", None, ConflictPolicy::Rename).await), "p/f.txt");
    assert_eq!(replica.files().await, ["p/a/1", "p/a/b/2", "p/f.txt"]);
    assert_eq!(text(&replica.folder, "p/a/b/2").await, "p/a/b/2");
    assert!(replica.trashed().await.is_empty());
    assert_eq!((scene.records().await, scene.passages().await), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn it_can_be_put_elsewhere_and_in_parts() {
    let (_scene, replica) = scene().await;
    assert_eq!(done(replica.restore("Trash/f.txt", Some("q/g.txt"), ConflictPolicy::Reject).await), "q/g.txt");
    assert_eq!(done(replica.restore("Trash/a/b/2", None, ConflictPolicy::Reject).await), "p/a/b/2");
    assert_eq!(replica.files().await, ["Trash/a/1", "p/a/b/2", "q/g.txt"]);
    assert_eq!(replica.trashed().await["a"].origin, Some(path("p/a")));
    assert_eq!(done(replica.restore("Trash/a", None, ConflictPolicy::Replace).await), "p/a");
    assert_eq!(replica.files().await, ["p/a/1", "p/a/b/2", "q/g.txt"]);
}

#[tokio::test(start_paused = true)]
async fn where_something_is_the_policy_says_what_is_done() {
    let (scene, replica) = scene().await;
    write(&replica.folder, "p/f.txt", "new").await;
    assert_eq!(kind(replica.restore("Trash/f.txt", None, ConflictPolicy::Reject).await), ErrorKind::AlreadyExists);
    assert_eq!(scene.passages().await, 0, "a refusal leaves nothing");
    assert!(replica.sees("Trash/f.txt").await);
    assert_eq!(done(replica.restore("Trash/f.txt", None, ConflictPolicy::Rename).await), "p/f (1).txt");
    assert_eq!(text(&replica.folder, "p/f (1).txt").await, "p/f.txt");
    done(replica.trash("p/f (1).txt").await);
    let replaced = replica.restore("Trash/f (1).txt", Some("p/f.txt"), ConflictPolicy::Replace).await;
    assert_eq!(done(replaced), "p/f.txt");
    assert_eq!(text(&replica.folder, "p/f.txt").await, "p/f.txt");
    assert_eq!(replica.files().await, ["Trash/a/1", "Trash/a/b/2", "p/f.txt"]);
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused_and_says_why() {
    let (scene, replica) = scene().await;
    scene.fill(&["Trash/foreign"]).await;
    let restore = |at, to| replica.restore(at, to, ConflictPolicy::Rename);
    assert_eq!(kind(restore("p", None).await), ErrorKind::Invalid);
    assert_eq!(kind(restore("Trash", None).await), ErrorKind::Invalid);
    assert_eq!(kind(restore("Trash/x", None).await), ErrorKind::NotFound);
    assert_eq!(kind(restore("Trash/a", Some("Trash/b")).await), ErrorKind::Invalid);
    assert_eq!(kind(replica.restore("Trash/a", None, ConflictPolicy::MergeRename).await), ErrorKind::Invalid);
    let unknown = restore("Trash/foreign", None).await.unwrap_err();
    assert!(unknown.message().contains("say where"), "{unknown}");
    assert_eq!(replica.trashed().await["foreign"].origin, None);
    assert_eq!(done(restore("Trash/foreign", Some("known")).await), "known");
}
