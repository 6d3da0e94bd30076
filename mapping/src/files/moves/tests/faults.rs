//! A store that refuses, fails and loses answers while files follow.

use super::*;
use crate::store::faulty::Fault;

const FILES: [&str; 7] = ["a/", "a/1", "a/b/", "a/b/2", "a/c/3", "a/c/4", "z"];

#[tokio::test(start_paused = true)]
async fn an_answer_lost_at_any_request_changes_nothing() {
    for fault in [Fault::LoseAnswer, Fault::Resend, Fault::Refuse, Fault::Conflict] {
        for at in 1..60 {
            let scene = Scene::of(&FILES).await;
            let replica = scene.replica(1).await;
            replica.faulty.set_faults(Faults::once(replica.faulty.calls() + at, fault));
            let answer = replica.moved("a", "t").await;
            let fresh = scene.replica(2).await;
            let (moved, stayed) = (follow(&FILES, "a/", "t/"), follow(&FILES, "a/", "a/"));
            let seen = fresh.files().await;
            match &answer {
                Ok(_) => assert_eq!(seen, moved, "{fault:?} at {at}"),
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    assert!(seen == moved || seen == stayed, "{fault:?} at {at}: {seen:?}");
                }
                Err(error) => assert_eq!(seen, stayed, "{fault:?} at {at}: {error}"),
            }
            fresh.tend(&scene).await;
            scene.settled().await;
            scene.test.clock.advance(scene.settings.cache_for);
            assert_eq!(fresh.files().await, seen, "{fault:?} at {at}");
            assert_eq!(fresh.usage().await, scene.stored().await, "{fault:?} at {at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_away_for_hours_is_waited_for() {
    let scene = Scene::of(&FILES).await;
    let replica = scene.replica(1).await;
    replica.moved("a", "t").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    replica.faulty.set_faults(Faults { refused: 1000, ..Faults::default() });
    tokio::time::sleep(Duration::from_secs(3600 * 3)).await;
    replica.faulty.set_faults(Faults::default());
    let fresh = scene.replica(2).await;
    assert_eq!(fresh.files().await, follow(&FILES, "a/", "t/"));
    fresh.tend(&scene).await;
    scene.settled().await;
    assert_eq!(scene.objects().await, ["t/", "t/1", "t/b/", "t/b/2", "t/c/3", "t/c/4", "z"]);
}
