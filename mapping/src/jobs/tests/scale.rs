//! Ten thousand entries: what they cost.

use super::*;
use crate::store::operation::Operation;

const FILES: u64 = 10_000;

async fn with_many() -> (Scene, Replica) {
    let scene = Scene::with(Settings::default()).await;
    let names: Vec<String> = (0..FILES).map(|n| format!("a/{}/{n:05}", n % 7)).collect();
    scene.fill(scene.one, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let replica = scene.replica(7).await;
    replica.counted.reset();
    (scene, replica)
}

#[tokio::test]
async fn ten_thousand_files_are_copied_by_one_look_and_one_copy_each() {
    let (scene, replica) = with_many().await;
    let outcome = done(replica.copy(&scene, "a", "t", ConflictPolicy::Reject).await).await;
    assert_eq!((outcome.progress.done.files, outcome.progress.found.files), (FILES, FILES));
    let cost = replica.counted.reset();
    assert_eq!(cost.of(Operation::Copy), FILES, "{cost}");
    assert!(cost.of(Operation::Head) <= FILES + 10, "{cost}");
    assert!(cost.of(Operation::List) <= 15, "{cost}");
    assert!(cost.of(Operation::Put) <= 60, "{cost}");
}

#[tokio::test]
async fn ten_thousand_files_are_moved_with_one_removal_for_a_thousand() {
    let (scene, replica) = with_many().await;
    done(replica.moved(&scene, "a", "t", ConflictPolicy::Reject).await).await;
    let cost = replica.counted.reset();
    assert_eq!((cost.of(Operation::Copy), cost.of(Operation::DeleteMany)), (FILES, 10), "{cost}");
    assert!(cost.of(Operation::List) <= 30, "{cost}");
    assert!(cost.of(Operation::Delete) <= 1, "{cost}");
    let names = scene.names(scene.one).await;
    assert_eq!(names.iter().filter(|name| name.starts_with("t/")).count() as u64, FILES + 1);
    assert!(!names.iter().any(|name| name.starts_with("a/")));
}

#[tokio::test]
async fn ten_thousand_files_are_removed_by_ten_requests() {
    let (scene, replica) = with_many().await;
    let folder = replica.open::<Manage>(&scene, scene.one).await;
    done(folder.remove_tree(&path("a")).await).await;
    let job = replica.job().await.unwrap();
    assert_eq!((job.state, job.progress.done.files), (JobState::Done, FILES));
    let cost = replica.counted.reset();
    assert_eq!(cost.of(Operation::DeleteMany), 10, "{cost}");
    assert!(cost.of(Operation::List) <= 13, "{cost}");
    assert_eq!(scene.names(scene.one).await, Vec::<String>::new());
}
