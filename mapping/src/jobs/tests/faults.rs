//! A store that asks to slow down, does not answer for a while, or loses answers.

use super::*;
use crate::files::tree::Progress;
use crate::path::DirPath;
use crate::store::faulty::Fault;
use crate::store::obstructed::ObstructedStore;

async fn with_files(count: usize) -> (Scene, Replica) {
    let scene = Scene::new(50).await;
    let names: Vec<String> = (0..count).map(|n| format!("a/{n:04}")).collect();
    scene.fill(scene.one, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let replica = scene.replica(7).await;
    (scene, replica)
}

/// The folder as a replica sees it to whom the store is `obstructed`.
async fn folder_over(scene: &Scene, obstructed: Arc<ObstructedStore>) -> Folder<Manage> {
    let clock = Arc::clone(&scene.test.clock);
    let bucket = testing::open(obstructed as Store, clock, scene.settings.clone(), 7).await.unwrap();
    bucket.folder(account(scene), &FolderRef::Id(scene.one)).await.unwrap()
}

/// What becomes of `a` when it is removed, or moved to `t`.
async fn removed_or_moved(folder: &Folder<Manage>, what: &str) -> Progress {
    let underway = match what {
        "removed" => folder.remove_tree(&path("a")).await,
        _ => folder.move_to(&path("a"), folder, &path("t"), ConflictPolicy::Reject).await,
    };
    underway.unwrap().ended().await.unwrap().progress
}

#[tokio::test(start_paused = true)]
async fn bursts_of_503_slow_the_work_down_and_lose_nothing() {
    for seed in 0..3 {
        let (scene, replica) = with_files(300).await;
        let underway = replica.moved(&scene, "a", "t", ConflictPolicy::Reject).await.unwrap();
        replica.faulty.set_faults(Faults { seed, refused: 200, ..Faults::default() });
        let outcome = underway.ended().await.unwrap();
        assert_eq!((outcome.progress.done.files, outcome.progress.failed), (300, 0));
        assert!(replica.bucket.pace().limit() < 8, "{}", replica.bucket.pace().limit());
        replica.faulty.set_faults(Faults::default());
        assert_eq!(scene.names(scene.one).await.len(), 301);
    }
}

#[tokio::test(start_paused = true)]
async fn lost_answers_make_no_second_copy() {
    for seed in 0..3 {
        let (scene, replica) = with_files(200).await;
        scene.fill(scene.one, &["t/0000", "t/0100"]).await;
        let underway = replica.moved(&scene, "a", "t", ConflictPolicy::MergeRename).await.unwrap();
        replica.faulty.set_faults(Faults { seed, lost: 100, conflicts: 50, ..Faults::default() });
        let outcome = underway.ended().await.unwrap();
        replica.faulty.set_faults(Faults::default());
        assert_eq!(outcome.progress.failures, []);
        let names = scene.names(scene.one).await;
        let numbered: Vec<_> = names.iter().filter(|name| name.contains('(')).collect();
        assert_eq!(numbered, ["t/0000 (1)", "t/0100 (1)"]);
        assert_eq!(names.iter().filter(|name| name.starts_with("t/")).count(), 202);
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_outlasts_a_store_that_is_away_for_minutes() {
    let (scene, replica) = with_files(200).await;
    let underway = replica.copy(&scene, "a", "t", ConflictPolicy::Reject).await.unwrap();
    let id = underway.id();
    while replica.job().await.is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    replica.faulty.set_faults(Faults { refused: 1000, ..Faults::default() });
    tokio::time::sleep(Duration::from_secs(120)).await;
    replica.faulty.set_faults(Faults::default());
    let outcome = underway.ended().await.unwrap();
    assert_eq!((outcome.progress.done.files, outcome.progress.failed), (200, 0));
    assert_eq!(replica.bucket.job(id).await.unwrap().state, JobState::Done);
}

#[tokio::test(start_paused = true)]
async fn work_that_takes_long_becomes_a_job_in_the_middle_of_a_page() {
    let scene = Scene::with(Settings { job_after: Duration::from_secs(1), ..Settings::default() }).await;
    let names: Vec<String> = (0..200).map(|n| format!("a/{n:04}")).collect();
    scene.fill(scene.one, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let replica = scene.replica(7).await;
    replica.faulty.set_faults(Faults { latency: Duration::from_millis(400), ..Faults::default() });
    let began = tokio::time::Instant::now();
    let begun = replica.copy(&scene, "a", "t", ConflictPolicy::Reject).await.unwrap().begun().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let Begun::Job(id) = begun else { panic!("done in {:?}", began.elapsed()) };
    let job = replica.over(id).await;
    assert_eq!((job.state, job.progress.done.files), (JobState::Done, 200));
    assert_eq!((job.source.path, job.target.unwrap().path), (DirPath::at(path("a")), DirPath::at(path("t"))));
}

#[tokio::test]
async fn what_cannot_be_copied_is_told_and_keeps_nothing_else_from_it() {
    let (scene, replica) = with_files(3).await;
    scene.fill(scene.one, &["a/bad//name"]).await;
    let outcome = replica.moved(&scene, "a", "t", ConflictPolicy::Reject).await.unwrap().ended().await.unwrap();
    assert_eq!((outcome.progress.done.files, outcome.progress.failed), (3, 1));
    assert_eq!(outcome.progress.failures[0].path, "a/bad//name");
    assert_eq!(scene.names(scene.one).await, ["a/bad//name", "t/", "t/0000", "t/0001", "t/0002"]);
}

#[tokio::test]
async fn what_a_store_refuses_to_remove_is_told() {
    for what in ["removed", "moved"] {
        let scene = Scene::new(2).await;
        scene.fill(scene.one, &["a/0", "a/1", "a/2", "a/3", "a/4"]).await;
        let obstructed = Arc::new(ObstructedStore::new(Arc::clone(&scene.store)));
        obstructed.lock(ObjectKey::file(&FolderPrefix::of(scene.one), &path("a/2")));
        let folder = folder_over(&scene, obstructed).await;
        let progress = removed_or_moved(&folder, what).await;
        assert_eq!((progress.found.files, progress.done.files, progress.failed), (5, 4, 1), "{what}");
        assert_eq!(progress.failures[0].path, "a/2");
        assert!(progress.failures[0].message.contains("could not be removed"), "{:?}", progress.failures);
        assert_eq!(scene.names(scene.one).await.iter().filter(|name| name.starts_with("a/")).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_of_an_end_that_was_not_noted() {
    let mut told = 0;
    for at in 1..90 {
        let scene = Scene::new(3).await;
        scene.fill(scene.one, &["a/1", "a/2", "a/3", "a/4", "a/5"]).await;
        let replica = scene.replica(7).await;
        let first = replica.faulty.calls() + at;
        let away = (first..first + 60).map(|call| (call, Fault::Refuse)).collect();
        replica.faulty.set_faults(Faults { at: away, ..Faults::default() });
        let moved = async { replica.moved(&scene, "a", "t", ConflictPolicy::Reject).await?.ended().await };
        // Who is not told waits until somebody has taken the job over, and here nobody does.
        let moved = tokio::time::timeout(Duration::from_secs(10 * 60), moved).await;
        replica.faulty.set_faults(Faults::default());
        if matches!(moved, Ok(Ok(_))) {
            told += 1;
            let job = replica.job().await;
            assert!(job.is_none_or(|job| job.state == JobState::Done), "away from call {at} on");
        }
    }
    assert!(told > 5, "{told} were told");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_at_some_of_many_is_asked_again() {
    for what in ["removed", "moved"] {
        let scene = Scene::new(2).await;
        scene.fill(scene.one, &["a/0", "a/1", "a/2", "a/3", "a/4"]).await;
        let obstructed = Arc::new(ObstructedStore::new(Arc::clone(&scene.store)));
        obstructed.fail_at(ObjectKey::file(&FolderPrefix::of(scene.one), &path("a/2")), 3);
        let folder = folder_over(&scene, obstructed).await;
        let progress = removed_or_moved(&folder, what).await;
        assert_eq!((progress.found.files, progress.done.files, progress.failed), (5, 5, 0), "{what}");
        assert!(scene.names(scene.one).await.iter().all(|name| !name.starts_with("a/")));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_written_once_a_removal_is_said_to_be_a_job_stays() {
    let settings = Settings { job_after: Duration::from_secs(1), job_page: 50, ..Settings::default() };
    let scene = Scene::with(settings).await;
    let names: Vec<String> = (0..300).map(|n| format!("a/{n:04}")).collect();
    scene.fill(scene.one, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let replica = scene.replica(7).await;
    replica.faulty.set_faults(Faults { latency: Duration::from_millis(900), ..Faults::default() });
    let folder = replica.open::<Manage>(&scene, scene.one).await;
    let begun = folder.remove_tree(&path("a")).await.unwrap().begun().await.unwrap();
    let Begun::Job(id) = begun else { panic!("done: {begun:?}") };
    scene.test.clock.advance(Duration::from_secs(1));
    scene.fill(scene.one, &["a/0000", "a/0299", "a/new"]).await;
    let job = replica.over(id).await;
    assert_eq!((job.state, job.progress.failed), (JobState::Done, 0));
    let left = scene.names(scene.one).await;
    assert!(left.contains(&"a/0299".to_owned()) && left.contains(&"a/new".to_owned()), "{left:?}");
    assert!(left.len() <= 3, "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_store_fails_at_for_ever_is_told_and_keeps_nothing_else() {
    let scene = Scene::new(2).await;
    scene.fill(scene.one, &["a/0", "a/1", "a/2", "a/3", "a/4"]).await;
    let obstructed = Arc::new(ObstructedStore::new(Arc::clone(&scene.store)));
    obstructed.fail_at(ObjectKey::file(&FolderPrefix::of(scene.one), &path("a/2")), u32::MAX);
    let folder = folder_over(&scene, obstructed).await;
    let progress = folder.remove_tree(&path("a")).await.unwrap().ended().await.unwrap().progress;
    assert_eq!((progress.found.files, progress.done.files, progress.failed), (5, 4, 1));
    assert_eq!(scene.names(scene.one).await, ["a/2"]);
}
