//! Requests that a move overtakes, and listings that tell nothing yet.

use super::*;
use crate::files::tests::{body, write};
use crate::files::{Depth, Overwrite, WriteOptions};
use crate::records::MoveStage;
use crate::store::obstructed::ObstructedStore;
use crate::store::operation::Operation;

impl Scene {
    /// A process whose requests to the store can be held up.
    async fn obstructed(&self, seed: u64) -> (Arc<ObstructedStore>, Folder<Manage>) {
        let store = Arc::new(ObstructedStore::new(Arc::clone(&self.store)));
        let clock = Arc::clone(&self.test.clock);
        let bucket = testing::open(Arc::clone(&store) as Store, clock, self.settings.clone(), seed).await.unwrap();
        (store, bucket.folder(&self.test.account, &FolderRef::Id(self.id())).await.unwrap())
    }

    /// Once a request is held up, moves `a` to `t`, and lets the request go so long after that.
    async fn overtake(&self, store: &ObstructedStore, mover: &Replica, by: Duration) {
        while !store.is_holding() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        mover.moved("a", "t").await.unwrap();
        self.test.clock.advance(by);
        tokio::time::sleep(by).await;
        store.let_go();
    }
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_a_move_overtook_does_not_say_that_the_file_is_gone() {
    let scene = Scene::of(&["a/1", "a/2", "a/3"]).await;
    let mover = scene.replica(1).await;
    let (store, folder) = scene.obstructed(2).await;
    store.hold(Operation::Delete, scene.key("a/1").as_str());
    let (file, late) = (path("a/1"), Duration::from_secs(4));
    let (answer, ()) = tokio::join!(folder.remove(&file, Depth::File), scene.overtake(&store, &mover, late));
    let error = answer.unwrap_err();
    let is_told = error.kind() == ErrorKind::Conflict && error.message().contains("`a/1` was moved");
    assert!(is_told, "{error}");
    assert_eq!(scene.moves().await[0].stage, MoveStage::Followed, "it had arrived");
    assert!(mover.sees("t/1").await, "what was removed was there no more");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_a_move_overtook_is_seen_once_it_is_answered() {
    // While files are still brought it follows; once they are not, it is at the old path.
    for (late, place) in [(2000, "t/new"), (4500, "a/new"), (9000, "a/new")] {
        for way in [Way::Write, Way::Copy, Way::Upload] {
            let late = Duration::from_millis(late);
            let scene = Scene::of(&["a/1", "a/2", "b"]).await;
            let mover = scene.replica(1).await;
            let (store, folder) = scene.obstructed(2).await;
            store.hold(way.operation(), scene.key("a/new").as_str());
            tokio::join!(way.write(&folder), scene.overtake(&store, &mover, late));
            scene.test.clock.advance(scene.settings.cache_for);
            assert!(mover.sees(place).await, "{way:?} after {late:?}: {:?}", scene.objects().await);
        }
    }
}

/// The mover has found nothing any more, and is about to note that all has followed.
#[tokio::test(start_paused = true)]
async fn a_write_after_the_last_look_of_a_move_is_seen_once_it_is_answered() {
    for way in [Way::Write, Way::Copy, Way::Upload] {
        let scene = Scene::of(&["a/1", "b"]).await;
        let (store, folder) = scene.obstructed(2).await;
        let (held, mover) = scene.obstructed(1).await;
        store.hold(way.operation(), scene.key("a/new").as_str());
        let step = Duration::from_millis(10);
        let overtake = async {
            while !store.is_holding() {
                tokio::time::sleep(step).await;
            }
            let moved = mover.move_to(&path("a"), &mover, &path("t"), ConflictPolicy::Reject).await.unwrap();
            moved.ended().await.unwrap();
            held.hold(Operation::Put, ObjectKey::folder(scene.id()).as_str());
            while !held.is_holding() {
                scene.test.clock.advance(step);
                tokio::time::sleep(step).await;
            }
            assert!(!scene.objects().await.contains(&"a/1".to_owned()), "all had followed");
            store.let_go();
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(scene.moves().await[0].stage, MoveStage::Following);
            held.let_go();
        };
        tokio::join!(way.write(&folder), overtake);
        scene.test.clock.advance(scene.settings.cache_for);
        assert!(scene.replica(3).await.sees("a/new").await, "{way:?}: {:?}", scene.objects().await);
    }
}

/// A stream of more than a part, which has a session of its own: what it made is there, and nobody sees it yet.
#[tokio::test(start_paused = true)]
async fn a_stream_that_a_move_overtook_and_that_waits_too_long_is_told_to_come_again() {
    let settings = Settings { wait_for_moves: Duration::ZERO, ..Settings::default() };
    let scene = Scene::with(settings).await;
    scene.fill(&["a/1"]).await;
    let mover = scene.replica(1).await;
    let (store, folder) = scene.obstructed(2).await;
    store.hold(Operation::CompleteMultipart, scene.key("a/new").as_str());
    let (file, large, late) = (path("a/new"), vec![7; 9 << 20], Duration::from_millis(4500));
    let stream = folder.write(&file, None, body(&large), WriteOptions::default());
    let (answer, ()) = tokio::join!(stream, scene.overtake(&store, &mover, late));
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Busy);
    scene.settled().await;
    scene.test.clock.advance(scene.settings.cache_for);
    assert!(mover.sees("a/new").await, "it was there");
}

/// How `a/new` comes to be.
#[derive(Clone, Copy, Debug)]
enum Way {
    Write,
    Copy,
    Upload,
}

impl Way {
    const fn operation(self) -> Operation {
        match self {
            Self::Write | Self::Upload => Operation::Put,
            Self::Copy => Operation::Copy,
        }
    }

    async fn write(self, folder: &Folder<Manage>) {
        match self {
            Self::Write => drop(write(folder, "a/new", "new").await),
            Self::Copy => drop(folder.copy_file(&path("b"), &path("a/new"), Overwrite::Yes).await.unwrap()),
            Self::Upload => {
                let id = folder.start_upload(path("a/new"), Some(3), Default::default()).await.unwrap();
                let upload = folder.upload(&id).await.unwrap();
                upload.append(0, 3, body(b"new")).await.unwrap();
                drop(upload.finish().await.unwrap());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_begins_with_an_empty_page_is_not_the_end_of_a_move() {
    let scene = Scene::of(&["a/1", "a/2", "a/b/3", "a/b/4"]).await;
    let (store, folder) = scene.obstructed(1).await;
    let moved = folder.move_to(&path("a"), &folder, &path("t"), ConflictPolicy::Reject).await.unwrap();
    store.begin_blank(scene.key("a/").as_str());
    moved.ended().await.unwrap();
    scene.settled().await;
    assert_eq!(scene.objects().await, ["t/", "t/1", "t/2", "t/b/3", "t/b/4"]);
}
