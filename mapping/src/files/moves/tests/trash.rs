//! Directories that go into the trash and come back at once.

use super::*;
use crate::sweep::{Mode, Run};

const FILES: [&str; 4] = ["x/a/1", "x/a/b/2", "x/a/b/3", "x/a/c/4"];

async fn trash(replica: &Replica, at: &str) -> String {
    let outcome = replica.folder.trash(&path(at)).await.unwrap().ended().await.unwrap();
    outcome.target.unwrap().to_string()
}

async fn passages(scene: &Scene) -> usize {
    scene.store.list(ListRequest::all(KeyPrefix::passages(scene.id()))).await.unwrap().objects.len()
}

#[tokio::test(start_paused = true)]
async fn a_directory_is_in_the_trash_at_once_with_its_origin_and_comes_back_at_once() {
    let scene = Scene::of(&FILES).await;
    let replica = scene.replica(1).await;
    assert_eq!(trash(&replica, "x/a").await, "Trash/a");
    assert_eq!((scene.moves().await.len(), passages(&scene).await), (1, 0));
    let page = replica.folder.trashed(PageRequest::default()).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    assert_eq!(page.entries[0].origin, Some(path("x/a")));
    assert_eq!(replica.files().await, follow(&FILES, "x/a/", "Trash/a/"));
    scene.settled().await;

    let back = replica.folder.restore(&path("Trash/a"), None, ConflictPolicy::Reject).await.unwrap();
    assert_eq!((back.target(), scene.moves().await.len()), (Some(&path("x/a")), 1));
    assert_eq!(replica.files().await, follow(&FILES, "x/a/", "x/a/"));
    let page = replica.folder.trashed(PageRequest::default()).await.unwrap();
    assert_eq!(page.entries, []);
    scene.settled().await;
    assert_eq!(replica.files().await, follow(&FILES, "x/a/", "x/a/"));
    assert_eq!(replica.usage().await, scene.stored().await);
}

#[tokio::test(start_paused = true)]
async fn each_of_one_name_keeps_its_own_origin() {
    let scene = Scene::of(&["a/1", "x/a/2", "y/a/3", "f/a"]).await;
    let replica = scene.replica(1).await;
    let mut names = vec![trash(&replica, "f/a").await];
    for directory in ["a", "x/a", "y/a"] {
        names.push(trash(&replica, directory).await);
    }
    assert_eq!(names, ["Trash/a", "Trash/a (1)", "Trash/a (2)", "Trash/a (3)"]);
    scene.settled().await;
    for name in names {
        replica.folder.restore(&path(&name), None, ConflictPolicy::Reject).await.unwrap().ended().await.unwrap();
    }
    assert_eq!(replica.files().await.into_keys().collect::<Vec<_>>(), ["a/1", "f/a", "x/a/2", "y/a/3"]);
}

#[tokio::test(start_paused = true)]
async fn of_two_who_trash_at_once_each_has_a_name() {
    for seed in 0..20 {
        let scene = Scene::of(&["x/a/1", "y/a/2", "z/a"]).await;
        let (one, other) = (scene.replica(1).await, scene.replica(2).await);
        for replica in [&one, &other] {
            replica.faulty.set_faults(Faults { seed, latency: Duration::from_millis(3), ..Faults::default() });
        }
        let (first, second, file) = tokio::join!(trash(&one, "x/a"), trash(&other, "y/a"), trash(&other, "z/a"));
        scene.settled().await;
        scene.test.clock.advance(scene.settings.cache_for);
        for (name, origin) in [(first, "x/a"), (second, "y/a"), (file, "z/a")] {
            let restored = one.folder.restore(&path(&name), None, ConflictPolicy::Reject).await.unwrap();
            assert_eq!(restored.ended().await.unwrap().target, Some(path(origin)), "seed {seed}");
        }
        assert_eq!(one.files().await.into_keys().collect::<Vec<_>>(), ["x/a/1", "y/a/2", "z/a"], "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_part_of_what_is_in_the_trash_comes_back_at_once() {
    let scene = Scene::of(&FILES).await;
    let replica = scene.replica(1).await;
    trash(&replica, "x/a").await;
    let back = replica.folder.restore(&path("Trash/a/b"), None, ConflictPolicy::Reject).await.unwrap();
    assert_eq!(back.target(), Some(&path("x/a/b")));
    let files: Vec<String> = replica.files().await.into_keys().collect();
    assert_eq!(files, ["Trash/a/1", "Trash/a/c/4", "x/a/b/2", "x/a/b/3"]);
    let page = replica.folder.trashed(PageRequest::default()).await.unwrap();
    assert_eq!(page.entries[0].origin, Some(path("x/a")), "the rest can come back too");
}

#[tokio::test(start_paused = true)]
async fn the_sweeper_leaves_alone_what_is_on_its_way() {
    let scene = Scene::of(&FILES).await;
    let replica = scene.replica(1).await;
    trash(&replica, "x/a").await;
    scene.settled().await;
    scene.test.clock.advance(scene.settings.trash_for.unwrap());
    let fresh = scene.replica(2).await;
    fresh.folder.restore(&path("Trash/a"), None, ConflictPolicy::Reject).await.unwrap().ended().await.unwrap();
    fresh.bucket.sweep_trash(&Run::new(Mode::Remove)).await.unwrap();
    scene.settled().await;
    assert_eq!(fresh.files().await, follow(&FILES, "x/a/", "x/a/"));
}
