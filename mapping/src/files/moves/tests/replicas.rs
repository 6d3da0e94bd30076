//! What other replicas see, which may go by what was a moment ago.

use super::*;
use crate::files::tests::{body, write};
use crate::files::{Depth, Overwrite, Parents, WriteOptions};

const FILES: [&str; 5] = ["a/1", "a/2", "a/b/3", "a/b/4", "a/b/5"];

/// The second replica has the folder's record in its cache as it was before the move.
async fn two() -> (Scene, Replica, Replica) {
    let scene = Scene::of(&FILES).await;
    scene.fill(&["x/1"]).await;
    let (one, other) = (scene.replica(1).await, scene.replica(2).await);
    assert!(other.sees("a/1").await);
    one.moved("a", "t").await.unwrap();
    (scene, one, other)
}

#[tokio::test(start_paused = true)]
async fn what_one_replica_moved_another_finds_at_once() {
    for look in 0..13 {
        let (_scene, _one, other) = two().await;
        let (folder, file) = (&other.folder, path("t/b/4"));
        match look {
            0 => assert!(!folder.stat(&file).await.unwrap().is_directory()),
            1 => assert_eq!(text(folder, "t/b/4").await, "a/b/4"),
            2 => assert_eq!(other.names("t/b").await, ["3", "4", "5"]),
            3 => drop(folder.remove(&file, Depth::File).await.unwrap()),
            4 => drop(folder.copy_file(&file, &path("copy"), Overwrite::Yes).await.unwrap()),
            5 => assert_eq!(other.names("t").await, ["1", "2", "b/"]),
            6 => {
                let tree: Vec<Entry> = folder.list_tree(&"t".parse().unwrap()).try_collect().await.unwrap();
                assert_eq!(tree.iter().filter(|entry| !entry.is_directory()).count(), 5);
            }
            7 => {
                let copy = folder.copy_to(&path("t"), folder, &path("copy"), ConflictPolicy::Reject).await.unwrap();
                assert_eq!(copy.ended().await.unwrap().progress.done.files, 5);
            }
            8 => {
                assert_eq!(kind(folder.remove_tree(&path("a")).await), ErrorKind::NotFound);
                assert_eq!(folder.remove(&path("t"), Depth::Tree).await.unwrap().files, 5);
            }
            9 => {
                let moved = folder.move_to(&path("x/1"), folder, &path("t/1"), ConflictPolicy::Reject).await;
                assert_eq!(kind(moved), ErrorKind::AlreadyExists);
            }
            10 => folder.mkdir(&path("t/b/new"), Parents::Require).await.unwrap(),
            11 => assert_eq!(kind(folder.mkdir(&path("t/b"), Parents::Create).await), ErrorKind::AlreadyExists),
            _ => {
                let options = WriteOptions { overwrite: Overwrite::No, content_type: None };
                let refused = folder.write(&file, Some(3), body(b"new"), options).await;
                assert_eq!(kind(refused), ErrorKind::AlreadyExists);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_moved_is_gone_elsewhere_within_the_cache_time() {
    let (scene, _one, other) = two().await;
    assert!(other.sees("a/1").await, "as it was a moment ago");
    scene.test.clock.advance(scene.settings.cache_for);
    assert!(!other.sees("a/1").await);
    let mut all = follow(&FILES, "a/", "t/");
    all.insert("x/1".to_owned(), "x/1".to_owned());
    assert_eq!(other.files().await, all);
}

#[tokio::test(start_paused = true)]
async fn who_removes_what_something_was_moved_out_of_removes_the_rest() {
    let scene = Scene::of(&["a/keep/1", "a/keep/2", "a/3"]).await;
    let (one, other) = (scene.replica(1).await, scene.replica(2).await);
    assert!(other.sees("a/3").await);
    one.moved("a/keep", "keep").await.unwrap();
    let removed = other.folder.remove_tree(&path("a")).await.unwrap().ended().await.unwrap();
    assert_eq!(removed.progress.done.files, 1);
    assert_eq!(one.files().await, follow(&["a/keep/1", "a/keep/2"], "a/keep", "keep"));
}

#[tokio::test(start_paused = true)]
async fn what_a_replica_writes_that_has_not_heard_of_it_follows() {
    let (scene, one, other) = two().await;
    // For as long as it may believe what it knows.
    tokio::time::sleep(scene.settings.cache_for).await;
    write(&other.folder, "a/1", "in between").await;
    write(&other.folder, "a/new", "also").await;
    assert_eq!(text(&one.folder, "t/1").await, "in between");
    scene.settled().await;
    let files = one.files().await;
    assert_eq!((files["t/1"].as_str(), files["t/new"].as_str(), files.len()), ("in between", "also", 7));
    assert_eq!(one.usage().await, scene.stored().await);
}

#[tokio::test(start_paused = true)]
async fn what_took_the_place_of_something_goes_with_it_also_by_one_who_has_not_heard_of_the_move() {
    for moves_it in [false, true] {
        let (scene, one, other) = two().await;
        write(&one.folder, "t/1", "newer").await;
        match moves_it {
            false => drop(other.folder.remove(&path("t/1"), Depth::File).await.unwrap()),
            true => drop(other.folder.move_file(&path("t/1"), &path("y"), Overwrite::No).await.unwrap()),
        }
        assert!(!one.sees("t/1").await, "it came back");
        scene.settled().await;
        assert!(!one.files().await.contains_key("t/1"), "it came back later");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_who_move_one_directory_one_does() {
    for seed in 0..20 {
        let scene = Scene::of(&FILES).await;
        let (one, other) = (scene.replica(1).await, scene.replica(2).await);
        for replica in [&one, &other] {
            let latency = Duration::from_millis(3);
            replica.faulty.set_faults(Faults { seed, latency, ..Faults::default() });
        }
        let (first, second) = tokio::join!(one.moved("a", "t"), other.moved("a", "u"));
        let places = [(first, "t/"), (second, "u/")];
        let won: Vec<_> = places.iter().filter(|(answer, _)| answer.is_ok()).map(|(_, place)| *place).collect();
        let [place] = won[..] else { panic!("{won:?} of {places:?}") };
        scene.settled().await;
        scene.test.clock.advance(scene.settings.cache_for);
        assert_eq!(one.files().await, follow(&FILES, "a/", place), "seed {seed}");
        assert!(scene.objects().await.iter().all(|name| name.starts_with(place)), "no empty directory is left");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_who_want_one_name_each_gets_his_own() {
    for seed in 0..20 {
        let scene = Scene::of(&["a/1", "b/2"]).await;
        let (one, other) = (scene.replica(1).await, scene.replica(2).await);
        for replica in [&one, &other] {
            let latency = Duration::from_millis(3);
            replica.faulty.set_faults(Faults { seed, latency, ..Faults::default() });
        }
        let moves = (one.moved_by("a", "t", ConflictPolicy::Rename), other.moved_by("b", "t", ConflictPolicy::Rename));
        let (first, second) = tokio::join!(moves.0, moves.1);
        let mut names = [first, second].map(|moved| moved.unwrap().target.unwrap().to_string());
        names.sort();
        assert_eq!(names, ["t", "t (1)"], "seed {seed}");
        scene.settled().await;
        assert_eq!(scene.stored().await.0, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_while_its_directory_moves_under_the_reader() {
    for seed in 0..30 {
        let scene = Scene::of(&FILES).await;
        let (one, other) = (scene.replica(1).await, scene.replica(2).await);
        for replica in [&one, &other] {
            let latency = Duration::from_millis(40);
            replica.faulty.set_faults(Faults { seed, latency, ..Faults::default() });
        }
        one.moved("a", "t").await.unwrap();
        scene.test.clock.advance(scene.settings.cache_for);
        while !scene.moves().await.is_empty() {
            assert_eq!(other.files().await, follow(&FILES, "a/", "t/"), "seed {seed}");
        }
    }
}
