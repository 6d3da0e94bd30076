//! One process moves directories.

use super::*;

const FILES: [&str; 8] = ["a/", "a/1", "a/b/", "a/b/2", "a/c/3", "a/c/4", "a/ü +%/5", "z"];

#[tokio::test(start_paused = true)]
async fn a_directory_is_moved_before_any_of_its_files() {
    let scene = Scene::of(&FILES).await;
    let replica = scene.replica(1).await;
    let outcome = replica.moved("a", "t").await.unwrap();
    assert_eq!(outcome.target, Some(path("t")));
    assert!(scene.objects().await.contains(&"a/c/4".to_owned()), "nothing was copied yet");

    assert_eq!(replica.files().await, follow(&FILES, "a/", "t/"));
    assert_eq!(
        (replica.names("").await, replica.names("t").await),
        (["t/", "z"].map(str::to_owned).into(), ["1", "b/", "c/", "ü +%/"].map(str::to_owned).into())
    );
    for gone in ["a", "a/1", "a/b", "a/c/4"] {
        assert_eq!(kind(replica.folder.stat(&path(gone)).await), ErrorKind::NotFound, "{gone}");
        assert_eq!(kind(replica.folder.read(&path(gone), Default::default()).await), ErrorKind::NotFound, "{gone}");
    }
    assert_eq!(kind(replica.folder.list(&"a".parse().unwrap(), PageRequest::default()).await), ErrorKind::NotFound);

    scene.settled().await;
    assert_eq!(replica.files().await, follow(&FILES, "a/", "t/"));
    assert_eq!(scene.objects().await, ["t/", "t/1", "t/b/", "t/b/2", "t/c/3", "t/c/4", "t/ü +%/5", "z"]);
    assert_eq!(replica.usage().await, scene.stored().await);
}

#[tokio::test(start_paused = true)]
async fn the_files_follow_as_a_job_that_tells_how_far_it_is() {
    let scene = Scene::of(&FILES).await;
    let replica = scene.replica(1).await;
    let moved = replica.folder.move_to(&path("a"), &replica.folder, &path("t"), ConflictPolicy::Reject).await.unwrap();
    let id = moved.id();
    scene.settled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let job = replica.bucket.job(id).await.unwrap();
    assert_eq!((job.work, job.state, job.progress.done.files), (Work::Relocate, JobState::Done, 5));
    assert_eq!((job.progress.found, job.progress.failed), (job.progress.done, 0));
}

#[tokio::test(start_paused = true)]
async fn the_directory_above_stays_and_stays_itself() {
    let scene = Scene::of(&["x/y/a/1"]).await;
    let replica = scene.replica(1).await;
    replica.moved("x/y/a", "t").await.unwrap();
    assert_eq!((replica.names("x").await, replica.names("x/y").await), (vec!["y/".to_owned()], vec![]));
    scene.settled().await;
    assert_eq!(replica.names("x").await, ["y/"]);
    assert_eq!(scene.objects().await, ["t/", "t/1", "x/y/"]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_refused_numbered_or_merged_into() {
    let scene = Scene::of(&["a/1", "t/2", "f"]).await;
    let replica = scene.replica(1).await;
    assert_eq!(kind(replica.moved("a", "t").await), ErrorKind::AlreadyExists);
    assert_eq!(kind(replica.moved("a", "f").await), ErrorKind::AlreadyExists);
    assert_eq!(kind(replica.moved("a", "f/x").await), ErrorKind::Conflict);
    assert_eq!(kind(replica.moved("a", "a/b").await), ErrorKind::Invalid);
    assert_eq!(kind(replica.moved("b", "c").await), ErrorKind::NotFound);
    assert_eq!((scene.moves().await, scene.objects().await), (vec![], ["a/1", "f", "t/2"].map(str::to_owned).into()));

    let numbered = replica.moved_by("a", "t", ConflictPolicy::Rename).await.unwrap();
    assert_eq!(numbered.target, Some(path("t (1)")));
    scene.settled().await;
    let merged = replica.moved_by("t (1)", "t", ConflictPolicy::Replace).await.unwrap();
    assert_eq!((merged.target, scene.moves().await), (Some(path("t")), vec![]), "a merge goes file by file");
    assert_eq!(
        scene.objects().await,
        ["f", "t/", "t/1", "t/2"].map(str::to_owned)[..1]
            .iter()
            .cloned()
            .chain(["t/1".to_owned(), "t/2".to_owned()])
            .collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn names_that_no_client_can_use_follow_too() {
    let scene = Scene::of(&["a/1", "a//odd", "a/b//"]).await;
    let replica = scene.replica(1).await;
    replica.moved("a", "t").await.unwrap();
    scene.settled().await;
    assert_eq!(scene.objects().await, ["t/", "t//odd", "t/1", "t/b//"]);
}

#[tokio::test(start_paused = true)]
async fn there_and_back_and_on_is_waited_for() {
    let scene = Scene::of(&FILES).await;
    let replica = scene.replica(1).await;
    replica.moved("a", "t").await.unwrap();
    replica.moved("t", "a").await.unwrap();
    replica.moved("a", "u/v").await.unwrap();
    assert_eq!(replica.files().await, follow(&FILES, "a/", "u/v/"));
    scene.settled().await;
    assert_eq!(replica.files().await, follow(&FILES, "a/", "u/v/"));
}

#[tokio::test(start_paused = true)]
async fn what_is_moved_already_is_not_cancelled() {
    let scene = Scene::of(&FILES).await;
    let replica = scene.replica(1).await;
    let moved = replica.folder.move_to(&path("a"), &replica.folder, &path("t"), ConflictPolicy::Reject).await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    let refused = replica.bucket.cancel_job(moved.id()).await.unwrap_err();
    assert_eq!((refused.kind(), refused.message().contains("move it back")), (ErrorKind::Conflict, true));
    scene.settled().await;
    assert_eq!(replica.files().await, follow(&FILES, "a/", "t/"));
}

#[tokio::test(start_paused = true)]
async fn more_than_may_be_on_their_way_go_file_by_file() {
    let scene = Scene::with(Settings { most_moves: 2, ..Settings::default() }).await;
    scene.fill(&["a/1", "b/1", "c/1"]).await;
    let replica = scene.replica(1).await;
    for (from, to) in [("a", "x"), ("b", "y"), ("c", "z")] {
        replica.moved(from, to).await.unwrap();
    }
    assert_eq!(scene.moves().await.len(), 2);
    assert_eq!(scene.objects().await, ["a/1", "b/1", "x/", "y/", "z/", "z/1"]);
    scene.settled().await;
    assert_eq!(replica.files().await.into_keys().collect::<Vec<_>>(), ["x/1", "y/1", "z/1"]);
}

#[tokio::test(start_paused = true)]
async fn a_directory_whose_paths_would_get_too_long_is_looked_through_first() {
    let scene = Scene::new().await;
    let long = format!("a/{}", ["x".repeat(200), "y".repeat(200), "z".repeat(200), "w".repeat(200)].join("/"));
    let replica = scene.replica(1).await;
    crate::files::tests::write(&replica.folder, &long, "far down").await;
    crate::files::tests::write(&replica.folder, "b/near", "near").await;
    let far = "t".repeat(200);
    assert_eq!(kind(replica.moved("a", &far).await), ErrorKind::Invalid);
    assert_eq!((scene.moves().await, scene.objects().await), (vec![], vec![long.clone(), "b/near".to_owned()]));

    replica.moved("b", &far).await.unwrap();
    assert_eq!(scene.moves().await, [], "nobody knows which paths are the long ones without looking");
    replica.moved("a", "t").await.unwrap();
    assert_eq!(scene.moves().await.len(), 1, "paths do not get longer");
    scene.settled().await;
    assert_eq!(replica.files().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_long_path_counts_however_it_came_to_be() {
    let scene = Scene::of(&["f"]).await;
    let replica = scene.replica(1).await;
    let long = format!("d/{}", ["x".repeat(200), "y".repeat(200), "z".repeat(200), "w".repeat(200)].join("/"));
    replica.moved("f", &long).await.unwrap();
    assert_eq!(kind(replica.moved("d", &"t".repeat(200)).await), ErrorKind::Invalid);
}

#[tokio::test(start_paused = true)]
async fn what_another_program_named_too_long_is_left_and_told() {
    let scene = Scene::of(&["a/1"]).await;
    let long = format!("a/{}", ["x".repeat(240), "y".repeat(240), "z".repeat(240), "w".repeat(200)].join("/"));
    scene.fill(&[&long]).await;
    let replica = scene.replica(1).await;
    let (from, to) = (path("a"), path(&"t".repeat(200)));
    let id = replica.folder.move_to(&from, &replica.folder, &to, ConflictPolicy::Reject).await.unwrap().id();
    scene.settled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let job = replica.bucket.job(id).await.unwrap();
    assert_eq!((job.state, job.progress.done.files, job.progress.failed), (JobState::Done, 1, 1));
    assert!(scene.objects().await.contains(&long), "nothing is lost");
}

#[tokio::test(start_paused = true)]
async fn moving_a_little_deeper_again_and_again_uses_up_no_room() {
    let scene = Scene::of(&["a/1"]).await;
    let replica = scene.replica(1).await;
    let deep = format!("{}/{}", "d".repeat(200), "e".repeat(200));
    for _ in 0..3 {
        replica.moved("a", &deep).await.unwrap();
        assert_eq!(scene.moves().await.len(), 1);
        scene.settled().await;
        replica.moved(&deep, "a").await.unwrap();
        scene.settled().await;
    }
}
