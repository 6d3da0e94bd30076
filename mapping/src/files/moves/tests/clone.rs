//! Folders are cloned while directories in them move.

use super::*;
use crate::files::tests::write;
use crate::folders::{FolderLimitsChange, NewFolder, Setting};
use crate::jobs::Underway;

const FILES: [&str; 8] = ["a/", "a/1", "a/b/", "a/b/2", "a/c/3", "a/c/4", "k/5", "z"];

/// Begins to clone the folder.
async fn cloned(replica: &Replica) -> (Folder<Manage>, Underway) {
    let name = "copy".parse().unwrap();
    let (folder, underway) = replica.bucket.clone_folder(&replica.folder, name, NewFolder::default()).await.unwrap();
    let copy = replica.bucket.folder(replica.folder.account(), &FolderRef::Id(folder.id)).await.unwrap();
    (copy, underway)
}

async fn files_of(folder: &Folder<Manage>) -> BTreeMap<String, String> {
    let entries: Vec<Entry> = folder.list_tree(&DirPath::root()).try_collect().await.unwrap();
    let mut found = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !entry.is_directory()) {
        found.insert(entry.path.to_string(), text(folder, entry.path.as_str()).await);
    }
    found
}

/// What a clone has that is made while what moved is on its way, with so much delay of each request.
async fn clone_of(scene: &Scene, delay: u64, pause: u64) -> BTreeMap<String, String> {
    let replica = scene.replica(100 + delay).await;
    tokio::time::sleep(Duration::from_millis(pause)).await;
    replica.faulty.set_faults(Faults { latency: Duration::from_millis(delay), ..Faults::default() });
    let (copy, underway) = cloned(&replica).await;
    let outcome = underway.ended().await.unwrap();
    assert_eq!(outcome.progress.failures, [], "{delay} {pause}");
    files_of(&copy).await
}

#[tokio::test(start_paused = true)]
async fn a_clone_has_what_follows_its_directory_where_that_was_moved_and_once() {
    let mut old = 0;
    for (to, new) in [("t/u", "t/u/"), ("0", "0/"), ("k/a", "k/a/")] {
        for delay in [0, 20, 60, 150] {
            for pause in [0, 2500, 3000, 3300, 4000, 20_000] {
                let scene = Scene::of(&FILES).await;
                let mover = scene.replica(7).await;
                mover.faulty.set_faults(Faults { latency: Duration::from_millis(30), ..Faults::default() });
                mover.moved("a", to).await.unwrap();
                old += usize::from(scene.objects().await.contains(&"a/1".to_owned()));
                let seen = clone_of(&scene, delay, pause).await;
                assert_eq!(seen, follow(&FILES, "a/", new), "{to} {delay} {pause}");
            }
        }
    }
    assert!(old > 60, "nearly always files are still at their old keys when it begins: {old}");
}

#[tokio::test(start_paused = true)]
async fn a_clone_has_what_was_written_where_a_directory_moved_and_not_what_that_replaced() {
    for (to, delay) in [("t/u", 0), ("t/u", 50), ("0", 0), ("0", 50)] {
        let scene = Scene::of(&FILES).await;
        let mover = scene.replica(7).await;
        mover.moved("a", to).await.unwrap();
        write(&mover.folder, &format!("{to}/c/3"), "newer").await;
        write(&mover.folder, &format!("{to}/new"), "new").await;
        let mut expected = follow(&FILES, "a/", &format!("{to}/"));
        expected.insert(format!("{to}/c/3"), "newer".to_owned());
        expected.insert(format!("{to}/new"), "new".to_owned());
        assert_eq!(clone_of(&scene, delay, 0).await, expected, "{to} {delay}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clone_leaves_out_what_is_on_its_way_into_the_trash_and_has_what_is_on_its_way_out() {
    let scene = Scene::of(&FILES).await;
    let replica = scene.replica(7).await;
    replica.folder.trash(&path("a")).await.unwrap().ended().await.unwrap();
    assert!(scene.objects().await.contains(&"a/1".to_owned()), "its files are still where they were");
    let expected: Vec<&str> = vec!["k/5", "z"];
    assert_eq!(clone_of(&scene, 0, 0).await.keys().collect::<Vec<_>>(), expected);
    scene.settled().await;
    let copy = replica.bucket.folder::<Manage>(&scene.test.account, &FolderRef::Name("copy".parse().unwrap())).await;
    copy.unwrap().delete().await.unwrap();
    replica.folder.restore(&path("Trash/a"), None, ConflictPolicy::Reject).await.unwrap().ended().await.unwrap();
    assert!(scene.objects().await.contains(&"Trash/a/1".to_owned()), "its files are still in the trash");
    assert_eq!(clone_of(&scene, 1, 0).await, follow(&FILES, "a/", "a/"));
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_moves_during_a_clone_is_in_it_at_one_place_at_least() {
    for (from, to) in [("a", "t"), ("k", "0"), ("a/c", "k/c"), ("k", "a/k")] {
        // So slow that what moves can have followed to where nothing is looked at any more.
        for delay in [40, 300, 700] {
            for pause in [0, 300, 900, 2000, 4000] {
                let scene = Scene::of(&FILES).await;
                let (mover, replica) = (scene.replica(7).await, scene.replica(8).await);
                replica.faulty.set_faults(Faults { latency: Duration::from_millis(delay), ..Faults::default() });
                let (copy, underway) = cloned(&replica).await;
                let moved = async {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    mover.moved(from, to).await.unwrap();
                };
                let ((), ended) = tokio::join!(moved, underway.ended());
                assert_eq!(ended.unwrap().progress.failures, []);
                let seen = files_of(&copy).await;
                let (slash, new) = (format!("{from}/"), format!("{to}/"));
                for name in FILES.iter().filter(|name| !name.ends_with('/')) {
                    let places = [(*name).to_owned(), name.replacen(&slash, &new, 1)];
                    let found: Vec<&String> = places.iter().filter_map(|place| seen.get(place)).collect();
                    assert!(!found.is_empty(), "`{name}` is missing: {from} {to} {delay} {pause}: {seen:?}");
                    assert!(found.iter().all(|text| text == name), "{seen:?}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_folder_whose_directories_move_all_the_time_is_not_said_to_be_cloned() {
    let scene = Scene::of(&FILES).await;
    let (mover, replica) = (scene.replica(7).await, scene.replica(8).await);
    replica.faulty.set_faults(Faults { latency: Duration::from_millis(200), ..Faults::default() });
    let (_copy, underway) = cloned(&replica).await;
    let moving = async {
        for n in 0.. {
            tokio::time::sleep(Duration::from_millis(700)).await;
            scene.fill(&[&format!("m{n}/x")]).await;
            drop(mover.moved(&format!("m{n}"), &format!("n{n}")).await);
        }
    };
    let ended = tokio::select! { ended = underway.ended() => ended, () = moving => panic!("it never ends") };
    assert_eq!(kind(ended), ErrorKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn a_clone_that_goes_through_its_source_again_is_charged_once() {
    let scene = Scene::of(&FILES).await;
    scene.fill(&["e/"]).await;
    let (mover, replica) = (scene.replica(7).await, scene.replica(8).await);
    replica.faulty.set_faults(Faults { latency: Duration::from_millis(300), ..Faults::default() });
    let (copy, underway) = cloned(&replica).await;
    // As many files as it will have.
    let change = FolderLimitsChange { files: Setting::To(6), ..FolderLimitsChange::default() };
    scene.test.bucket.set_folder_limits(copy.id(), change).await.unwrap();
    let moved = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        mover.moved("e", "f").await.unwrap();
    };
    let ((), ended) = tokio::join!(moved, underway.ended());
    assert_eq!(ended.unwrap().progress.failures, []);
    assert_eq!(files_of(&copy).await.len(), 6);
    assert_eq!(copy.usage().await.unwrap().files, 6);
}
