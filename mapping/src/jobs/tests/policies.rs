//! Names: what is taken, what is refused, who wins.

use ConflictPolicy::{MergeRename, Reject, Rename, Replace};

use super::*;
use crate::files::tree::Count;

const TREE: [&str; 6] = ["a/", "a/x.txt", "a/b/y", "a/b/z ü+%#?&;=.bin", "a/empty/", "a/.hidden"];

async fn with_tree() -> (Scene, Replica) {
    with_tree_and(&[]).await
}

/// The folder is counted once, as others filled it: from then on charges must keep up.
async fn with_tree_and(more: &[&str]) -> (Scene, Replica) {
    let scene = Scene::new(1000).await;
    scene.fill(scene.one, &TREE).await;
    scene.fill(scene.one, more).await;
    let replica = scene.replica(7).await;
    scene.usage_is_right(&replica, scene.one).await;
    (scene, replica)
}

/// What `a` holds, below another name, in order.
fn below(name: &str) -> Vec<String> {
    let mut names: Vec<_> = TREE.iter().map(|at| at.replacen('a', name, 1)).collect();
    names.sort();
    names
}

async fn names_below(scene: &Scene, folder: FolderId, name: &str) -> Vec<String> {
    let prefix = format!("{name}/");
    scene.names(folder).await.into_iter().filter(|at| at.starts_with(&prefix)).collect()
}

#[tokio::test]
async fn a_tree_is_copied_with_all_that_belongs_to_its_files() {
    let (scene, replica) = with_tree().await;
    let outcome = done(replica.copy(&scene, "a", "c", Reject).await).await;
    let files = TREE.iter().filter(|name| !name.ends_with('/'));
    let count =
        files.fold(Count::default(), |sum, name| Count { files: sum.files + 1, bytes: sum.bytes + name.len() as u64 });
    assert_eq!((outcome.target, outcome.progress.done, outcome.progress.found), (Some(path("c")), count, count));
    assert_eq!(names_below(&scene, scene.one, "a").await, below("a"));
    assert_eq!(names_below(&scene, scene.one, "c").await, below("c"));
    assert_eq!(scene.seen(scene.one).await["c/b/y"].text, "a/b/y");
    let folder = replica.open::<Manage>(&scene, scene.one).await;
    let copy = folder.head(&path("c/x.txt")).await.unwrap().unwrap();
    assert_eq!((copy.content_type.as_deref(), copy.metadata["colour"].as_str()), (Some("text/x"), "red"));
    scene.usage_is_right(&replica, scene.one).await;
    assert_eq!(replica.job().await, None, "small work is done in its request");
}

#[tokio::test]
async fn a_tree_is_moved_into_another_folder_and_the_directory_above_stays() {
    let scene = Scene::new(1000).await;
    scene.fill(scene.one, &["up/a/x", "up/a/b/", "up/a/b/y"]).await;
    let replica = scene.replica(7).await;
    let from = replica.open::<crate::access::Delete>(&scene, scene.one).await;
    let to = replica.open::<crate::access::Write>(&scene, scene.other).await;
    done(from.move_to(&path("up/a"), &to, &path("in/c"), Reject).await).await;
    assert_eq!(scene.names(scene.one).await, ["up/"]);
    assert_eq!(scene.names(scene.other).await, ["in/c/", "in/c/b/", "in/c/b/y", "in/c/x"]);
    scene.usage_is_right(&replica, scene.one).await;
    scene.usage_is_right(&replica, scene.other).await;
}

#[tokio::test]
async fn nothing_is_put_onto_or_into_itself() {
    let (scene, replica) = with_tree().await;
    for policy in [Reject, Rename, Replace, MergeRename] {
        for to in ["a/b", "a/b/c/d/e/f", "a/new"] {
            assert_eq!(kind(replica.copy(&scene, "a", to, policy).await), ErrorKind::Invalid, "copy {policy:?} {to}");
            assert_eq!(kind(replica.moved(&scene, "a", to, policy).await), ErrorKind::Invalid, "move {policy:?} {to}");
        }
        assert_eq!(kind(replica.moved(&scene, "a", "a", policy).await), ErrorKind::Invalid);
        assert_eq!(kind(replica.moved(&scene, "a/x.txt", "a/x.txt", policy).await), ErrorKind::Invalid);
    }
    for policy in [Replace, MergeRename] {
        assert_eq!(kind(replica.copy(&scene, "a", "a", policy).await), ErrorKind::Invalid);
        assert_eq!(kind(replica.moved(&scene, "a/b", "a", policy).await), ErrorKind::Invalid);
    }
    assert_eq!(kind(replica.copy(&scene, "a", "a", Reject).await), ErrorKind::AlreadyExists);
    assert_eq!(names_below(&scene, scene.one, "a").await, below("a"));
    // A name that only begins alike is another directory, and one above is no circle when it is beside.
    done(replica.copy(&scene, "a", "ab", Reject).await).await;
    assert_eq!(done(replica.copy(&scene, "a/b", "a", Rename).await).await.target, Some(path("a (1)")));
}

#[tokio::test]
async fn what_is_taken_gets_the_next_number() {
    let (scene, replica) = with_tree().await;
    for n in 1..=6 {
        let outcome = done(replica.copy(&scene, "a", "a", Rename).await).await;
        assert_eq!(outcome.target, Some(path(&format!("a ({n})"))));
        let outcome = done(replica.copy(&scene, "a/x.txt", "a/x.txt", MergeRename).await).await;
        assert_eq!(outcome.target, Some(path(&format!("a/x ({n}).txt"))));
    }
    assert_eq!(kind(replica.copy(&scene, "a", "a (1)", Reject).await), ErrorKind::AlreadyExists);
    assert_eq!(kind(replica.moved(&scene, "a/.hidden", "a/x.txt", Reject).await), ErrorKind::AlreadyExists);
    done(replica.moved(&scene, "a/.hidden", "a/x.txt", Rename).await).await;
    assert_eq!(scene.seen(scene.one).await["a/x (7).txt"].text, "a/.hidden");
    scene.usage_is_right(&replica, scene.one).await;
}

#[tokio::test]
async fn a_merge_replaces_or_keeps_both_and_touches_nothing_else() {
    for policy in [Replace, MergeRename] {
        let (scene, replica) = with_tree_and(&["t/x.txt", "t/mine", "t/b/y", "t/b/y (1)", "t/empty"]).await;
        let outcome = replica.copy(&scene, "a", "t", policy).await.unwrap().ended().await.unwrap();
        // A file stands where a directory would go: told, and nothing of either is lost.
        let failed: Vec<_> = outcome.progress.failures.iter().map(|failure| failure.path.as_str()).collect();
        assert_eq!(failed, ["a/empty/"], "{policy:?}");
        let seen = scene.seen(scene.one).await;
        assert_eq!((seen["t/mine"].text.as_str(), seen["t/empty"].text.as_str()), ("t/mine", "t/empty"));
        let (kept, new) = if policy == Replace { ("a/x.txt", "t/x.txt") } else { ("t/x.txt", "t/x (1).txt") };
        assert_eq!((seen["t/x.txt"].text.as_str(), seen[new].text.as_str()), (kept, "a/x.txt"));
        assert_eq!(seen.contains_key("t/b/y (2)"), policy == MergeRename);
        assert_eq!(seen["t/b/y (1)"].text, "t/b/y (1)");
        scene.usage_is_right(&replica, scene.one).await;
        assert_eq!(names_below(&scene, scene.one, "a").await, below("a"));
    }
}

#[tokio::test]
async fn a_file_and_a_directory_never_replace_each_other() {
    let (scene, replica) = with_tree().await;
    assert_eq!(kind(replica.copy(&scene, "a/b", "a/x.txt", Replace).await), ErrorKind::Conflict);
    assert_eq!(kind(replica.copy(&scene, "a/x.txt", "a/b", Replace).await), ErrorKind::Conflict);
    assert_eq!(kind(replica.copy(&scene, "a/b", "a/x.txt/c", Replace).await), ErrorKind::Conflict);
    assert_eq!(kind(replica.copy(&scene, "nothing", "c", Replace).await), ErrorKind::NotFound);
    let beside = done(replica.copy(&scene, "a/b", "a/x.txt", MergeRename).await).await;
    assert_eq!(beside.target, Some(path("a/x.txt (1)")));
    done(replica.copy(&scene, "a/x.txt", "a/.hidden", Replace).await).await;
    assert_eq!(scene.seen(scene.one).await["a/.hidden"].text, "a/x.txt");
    scene.usage_is_right(&replica, scene.one).await;
}

#[tokio::test]
async fn a_path_that_would_be_too_long_is_refused_before_anything_is_copied() {
    let scene = Scene::new(2).await;
    let deep = format!("a/{}", ["x".repeat(240), "y".repeat(240), "z".repeat(240)].join("/"));
    scene.fill(scene.one, &["a/1", "a/2", "a/3", "a/4", &deep]).await;
    let replica = scene.replica(7).await;
    let error = replica.copy(&scene, "a", &"w".repeat(200), Reject).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().contains("900") && error.message().contains("nothing was copied"), "{error}");
    assert_eq!(scene.names(scene.one).await.len(), 5);
    done(replica.copy(&scene, "a", &"w".repeat(150), Reject).await).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_who_want_one_name_each_gets_his_own() {
    for seed in 0..10 {
        let (scene, _) = with_tree().await;
        scene.fill(scene.one, &["other/o1", "other/o2"]).await;
        let (one, two) = (scene.replica(1).await, scene.replica(2).await);
        for (replica, number) in [(&one, 0), (&two, 100)] {
            let latency = Duration::from_millis(3);
            replica.faulty.set_faults(Faults { seed: seed + number, latency, ..Faults::default() });
        }
        let both = tokio::join!(one.copy(&scene, "a", "t", Rename), two.copy(&scene, "other", "t", Rename));
        let (first, second) = (done(both.0).await, done(both.1).await);
        let mut targets = [first.target.unwrap(), second.target.unwrap()].map(|path| path.to_string());
        let of_a = targets[0].clone();
        targets.sort();
        assert_eq!(targets, ["t", "t (1)"]);
        assert_eq!(names_below(&scene, scene.one, &of_a).await, below(&of_a));
        let both = tokio::join!(one.copy(&scene, "a", "r", Reject), two.copy(&scene, "other", "r", Reject));
        let won = [both.0.is_ok(), both.1.is_ok()].iter().filter(|won| **won).count();
        assert_eq!(won, 1);
    }
}
