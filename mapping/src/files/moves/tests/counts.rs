//! What a folder is said to hold while files are at one place, the other, or both.

use super::*;
use crate::files::Depth;
use crate::files::tests::{body, write};
use crate::limits::FolderLimits;
use crate::usage::Repair;

async fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("m/{n:02}")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_full_folder_moves_its_directories_and_stays_full() {
    let limits = FolderLimits { bytes: Some(40), files: Some(5) };
    let scene = Scene::with(Settings { folder_limits: limits, job_page: 2, ..Settings::default() }).await;
    let replica = scene.replica(1).await;
    for n in 0..5 {
        write(&replica.folder, &format!("a/{n}"), "8 bytes.").await;
    }
    let full = |answer: Result<_>| assert_eq!(kind(answer), ErrorKind::OverQuota);
    replica.moved("a", "t").await.unwrap();
    while !scene.moves().await.is_empty() {
        full(replica.folder.write(&path("more"), Some(1), body(b"x"), Default::default()).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    full(replica.folder.write(&path("more"), Some(1), body(b"x"), Default::default()).await);
    assert_eq!(replica.usage().await, (5, 40));
    drop(replica.folder.remove(&path("t/0"), Depth::File).await.unwrap());
    write(&replica.folder, "more", "8 bytes.").await;
}

#[tokio::test(start_paused = true)]
async fn a_count_meanwhile_never_says_too_little_and_in_the_end_exactly() {
    // Into what is listed before, and into what is listed after.
    for (seed, to) in (0..60).flat_map(|seed| [(seed, "a"), (seed, "z")]) {
        let names = names(12).await;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let scene = Scene::of(&names).await;
        let (one, other) = (scene.replica(seed).await, scene.replica(seed + 1000).await);
        for replica in [&one, &other] {
            let latency = Duration::from_millis(60);
            replica.faulty.set_faults(Faults { seed, latency, ..Faults::default() });
        }
        one.moved("m", to).await.unwrap();
        scene.test.clock.advance(scene.settings.cache_for);
        while !scene.moves().await.is_empty() {
            let checked = other.bucket.check_folder(scene.id(), Repair::Yes).await.unwrap();
            let said = other.usage().await;
            assert!(said.0 >= 12 && said.1 >= 48, "seed {seed} to {to}: {said:?} after {checked:?}");
            assert!(!checked.has_drifted(), "seed {seed} to {to}: {checked:?}");
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(other.usage().await, scene.stored().await, "seed {seed} to {to}");
        assert_eq!(scene.stored().await, (12, 48));
    }
}

#[tokio::test(start_paused = true)]
async fn a_count_that_began_before_the_move_is_not_taken() {
    for seed in 0..25 {
        let scene = Scene::with(Settings { job_page: 1000, ..Settings::default() }).await;
        let names: Vec<String> = (0..1100).map(|n| format!("m/{n:04}")).collect();
        scene.fill(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (one, other) = (scene.replica(seed).await, scene.replica(seed + 1000).await);
        assert_eq!(one.usage().await.0, 1100);
        // Its two pages are far apart: the first has the new place, the second what is left at the old one.
        other.faulty.set_faults(Faults { seed, latency: Duration::from_secs(6), ..Faults::default() });
        let moving = async {
            tokio::time::sleep(Duration::from_secs(seed)).await;
            one.moved("m", "a").await.unwrap();
            scene.settled().await;
        };
        let (counted, ()) = tokio::join!(other.bucket.check_folder(scene.id(), Repair::Yes), moving);
        counted.unwrap();
        let said = one.bucket.check_folder(scene.id(), Repair::No).await.unwrap();
        assert!(said.recorded.files >= 1100, "seed {seed}: {said:?}");
    }
}
