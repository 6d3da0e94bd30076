//! Into the trash, and what is seen there.

use super::*;
use crate::files::{Depth, Overwrite};
use crate::store::operation::Operation;

#[tokio::test(start_paused = true)]
async fn what_is_trashed_is_found_with_its_origin_and_its_time() {
    let scene = Scene::new().await;
    let replica = scene.replica(7).await;
    write(&replica.folder, "a/Ж 1.txt", "one").await;
    scene.fill(&["b/c/", "b/d/1", "b/d/2", "b/d/3", "b/d/4"]).await;
    assert_eq!(done(replica.trash("a/Ж 1.txt").await), "Trash/Ж 1.txt");
    scene.test.clock.advance(Duration::from_secs(60));
    assert_eq!(done(replica.trash("b").await), "Trash/b");
    let files = ["Trash/b/d/1", "Trash/b/d/2", "Trash/b/d/3", "Trash/b/d/4", "Trash/Ж 1.txt"];
    assert_eq!(replica.files().await, files);
    assert_eq!(text(&replica.folder, "Trash/Ж 1.txt").await, "one");
    let other = scene.replica(8).await;
    let trashed = other.trashed().await;
    let (file, directory) = (&trashed["Ж 1.txt"], &trashed["b"]);
    assert_eq!(file.origin, Some(path("a/Ж 1.txt")));
    assert_eq!(directory.origin, Some(path("b")));
    assert!(directory.entry.is_directory() && !file.entry.is_directory());
    assert_eq!(directory.since.unwrap().since(file.since.unwrap()), Duration::from_secs(60));
    assert_eq!(file.by, Some(scene.test.account.id));
    assert!(replica.folder.stat(&path("a")).await.unwrap().is_directory(), "the directory above stays");
    assert!(replica.folder.stat(&path("Trash/b/c")).await.unwrap().is_directory(), "an empty one goes with it");
    assert_eq!(scene.passages().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_in_the_trash_gets_a_number_and_each_keeps_its_origin() {
    let scene = Scene::new().await;
    let replica = scene.replica(7).await;
    for n in 0..5 {
        scene.fill(&[&format!("{n}/a.txt"), &format!("{n}/d/x")]).await;
        let number = if n == 0 { String::new() } else { format!(" ({n})") };
        assert_eq!(done(replica.trash(&format!("{n}/a.txt")).await), format!("Trash/a{number}.txt"));
        assert_eq!(done(replica.trash(&format!("{n}/d")).await), format!("Trash/d{number}"));
    }
    let trashed = replica.trashed().await;
    assert_eq!(trashed["a (3).txt"].origin, Some(path("3/a.txt")));
    assert_eq!(trashed["d (4)"].origin, Some(path("4/d")));
}

#[tokio::test(start_paused = true)]
async fn a_name_is_free_again_once_the_trash_is_emptied() {
    let scene = Scene::new().await;
    let replica = scene.replica(7).await;
    assert!(replica.folder.empty_trash().await.unwrap().is_none());
    scene.fill(&["a/1", "a/2", "a/3", "a/4", "b/a/1"]).await;
    done(replica.trash("a").await);
    let emptied = replica.folder.empty_trash().await.unwrap().unwrap().ended().await.unwrap();
    assert_eq!(emptied.progress.done.files, 4);
    assert_eq!(replica.files().await, ["b/a/1"]);
    assert_eq!(done(replica.trash("b/a").await), "Trash/a");
    assert_eq!(replica.trashed().await["a"].origin, Some(path("b/a")), "not that of what was here before");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_trashed_stays_and_nothing_is_left_of_it() {
    let scene = Scene::new().await;
    let replica = scene.replica(7).await;
    scene.fill(&["Trash/x/1", "Trashy"]).await;
    assert_eq!(kind(replica.trash("Trash").await), ErrorKind::Invalid);
    assert_eq!(kind(replica.trash("Trash/x").await), ErrorKind::Invalid);
    assert_eq!(kind(replica.trash("y").await), ErrorKind::NotFound);
    done(replica.trash("Trashy").await);
    let full = Scene::new().await;
    full.fill(&["Trash", "a"]).await;
    let replica = full.replica(7).await;
    assert_eq!(kind(replica.trash("a").await), ErrorKind::Conflict);
    assert_eq!(replica.files().await, ["Trash", "a"]);
    assert_eq!(full.passages().await, 0);
}

#[tokio::test(start_paused = true)]
async fn of_many_who_trash_one_thing_each_file_is_moved_once() {
    for seed in 0..24 {
        let scene = Scene::new().await;
        scene.fill(&["a/1", "a/2", "a/3", "a/4", "a/b/5"]).await;
        let mut replicas = Vec::new();
        for n in 0..3 {
            let replica = scene.replica(10 * seed + n).await;
            let latency = Duration::from_millis(5);
            replica.faulty.set_faults(Faults { seed: 10 * seed + n, latency, ..Faults::default() });
            replicas.push(replica);
        }
        let (one, two, part) = tokio::join!(replicas[0].trash("a"), replicas[1].trash("a"), replicas[2].trash("a/b"));
        for answer in [&one, &two, &part] {
            let refused = answer.as_ref().err().map(crate::error::Error::kind);
            assert!(matches!(refused, None | Some(ErrorKind::Busy | ErrorKind::NotFound)), "{answer:?}");
        }
        let files = scene.replica(1000 + seed).await.files().await;
        assert_eq!(files.len(), 5, "{files:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_busy() {
    let scene = Scene::new().await;
    scene.fill(&["a/1", "a/2", "a/3", "a/4", "b"]).await;
    let (slow, other) = (scene.replica(7).await, scene.replica(8).await);
    slow.faulty.set_faults(Faults { latency: Duration::from_millis(200), ..Faults::default() });
    let underway = slow.folder.trash(&path("a")).await.unwrap();
    let folder = &other.folder;
    assert_eq!(kind(folder.remove(&path("Trash/a"), Depth::Tree).await), ErrorKind::Busy);
    assert_eq!(kind(folder.remove_tree(&path("Trash")).await), ErrorKind::Busy);
    assert_eq!(kind(folder.empty_trash().await), ErrorKind::Busy);
    assert_eq!(kind(other.trash("a/1").await), ErrorKind::Busy);
    assert_eq!(kind(other.restore("Trash/a", None, ConflictPolicy::Rename).await), ErrorKind::Busy);
    let moved = folder.move_to(&path("Trash/a"), folder, &path("c"), ConflictPolicy::Reject).await;
    assert_eq!(kind(moved), ErrorKind::Busy);
    assert_eq!(kind(folder.copy_file(&path("Trash/a/1"), &path("c"), Overwrite::No).await), ErrorKind::Busy);
    done(other.trash("b").await);
    done(underway.ended().await);
    assert_eq!(folder.remove(&path("Trash/a"), Depth::Tree).await.unwrap().files, 4);
}

#[tokio::test(start_paused = true)]
async fn the_trash_costs_little_and_nothing_else_costs_more() {
    let scene = Scene::with(Settings::default()).await;
    scene.fill(&["a/1", "a/2", "b"]).await;
    let replica = scene.replica(7).await;
    let cost = |before: &str| (before.to_owned(), replica.counted.reset().to_string());
    replica.counted.reset();
    replica.folder.list(&DirPath::root(), PageRequest::default()).await.unwrap();
    replica.folder.stat(&path("b")).await.unwrap();
    assert_eq!(cost("outside").1, "head 1, list 1");
    done(replica.trash("b").await);
    let counts = replica.counted.counts();
    let writes = counts.writes();
    assert!(writes <= 8, "passage, record, copy, delete, passage, marker, usage: {counts}");
    replica.counted.reset();
    replica.folder.list(&"Trash".parse().unwrap(), PageRequest::default()).await.unwrap();
    assert_eq!(cost("inside").1, "list 3");
    replica.folder.stat(&path("Trash/b")).await.unwrap();
    assert_eq!(replica.counted.reset().of(Operation::List), 2);
}

#[tokio::test(start_paused = true)]
async fn the_usage_is_what_is_there() {
    let scene = Scene::new().await;
    let replica = scene.replica(7).await;
    for at in ["a/1", "a/2", "a/3", "a/4"] {
        write(&replica.folder, at, at).await;
    }
    done(replica.trash("a").await);
    let usage = replica.folder.usage().await.unwrap();
    assert_eq!((usage.files, usage.bytes), (4, 12));
    done(replica.restore("Trash/a", None, ConflictPolicy::Reject).await);
    let usage = replica.folder.usage().await.unwrap();
    assert_eq!((usage.files, usage.bytes), (4, 12));
}

#[tokio::test(start_paused = true)]
async fn of_many_who_want_one_name_in_the_trash_each_gets_his_own() {
    for seed in 0..24 {
        let scene = Scene::new().await;
        scene.fill(&["1/a", "2/a", "3/a/x", "4/a/x"]).await;
        let mut replicas = Vec::new();
        for n in 0..4 {
            let replica = scene.replica(100 + 10 * seed + n).await;
            let latency = Duration::from_millis(5);
            replica.faulty.set_faults(Faults { seed: 10 * seed + n, latency, ..Faults::default() });
            replicas.push(replica);
        }
        let trashed = futures::future::join_all(
            ["1/a", "2/a", "3/a", "4/a"]
                .iter()
                .zip(&replicas)
                .map(|(at, replica)| async move { (path(&done(replica.trash(at).await)), path(at)) }),
        );
        let trashed: BTreeMap<_, _> = trashed.await.into_iter().collect();
        assert_eq!(trashed.len(), 4, "{trashed:?}");
        let found = scene.replica(1).await.trashed().await;
        let found = found.into_values().map(|trashed| (trashed.entry.path, trashed.origin.unwrap()));
        assert_eq!(found.collect::<BTreeMap<_, _>>(), trashed);
    }
}
