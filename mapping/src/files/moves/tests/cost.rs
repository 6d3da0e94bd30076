//! A directory of any size moves in at most ten requests to the store.

use super::*;
use crate::store::counted::Counts;

/// The most requests before the answer.
const MOST: u64 = 10;

async fn fill(scene: &Scene, directory: &str, entries: usize) {
    for n in 0..entries {
        let key = scene.key(&format!("{directory}/{:02}/{n:06}", n % 97));
        scene.store.put(&key, Body::from(Vec::new()), Attributes::default(), Condition::Always).await.unwrap();
    }
}

fn check(what: &str, entries: usize, counts: &Counts) {
    let (all, writes) = (counts.reads() + counts.writes(), counts.writes());
    println!("{what} of {entries}: {all} requests, {writes} of them writes");
    assert!(all <= MOST, "{what} of {entries}: {counts:?}");
}

#[tokio::test(start_paused = true)]
async fn it_costs_the_same_whatever_is_in_it() {
    for entries in [1, 1000, 100_000] {
        let scene = Scene::new().await;
        for directory in ["deep/a", "deep/b", "c"] {
            fill(&scene, directory, entries).await;
        }
        let replica = scene.replica(1).await;
        replica.counted.reset();
        replica.moved("deep/a", "deep/z").await.unwrap();
        check("rename", entries, &replica.counted.reset());
        for (what, directory) in [("trash", "deep/b"), ("trash at the top", "c")] {
            replica.folder.trash(&path(directory)).await.unwrap().ended().await.unwrap();
            check(what, entries, &replica.counted.reset());
        }
        assert_eq!(scene.moves().await.len(), 3);
        let last = format!("{:02}/{:06}", (entries - 1) % 97, entries - 1);
        for directory in ["deep/z", "Trash/b", "Trash/c"] {
            assert!(replica.sees(&format!("{directory}/{last}")).await);
        }
    }
}
