//! Requests that a move overtakes, and listings that tell nothing yet.

use super::*;
use crate::files::Depth;
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
}

/// A removal of `a/1` whose request the store does not take before the directory has moved, for as long after as told.
async fn overtaken(by: Duration) -> (Scene, Replica, Result<()>) {
    let scene = Scene::of(&["a/1", "a/2", "a/3"]).await;
    let mover = scene.replica(1).await;
    let (store, folder) = scene.obstructed(2).await;
    store.hold(Operation::Delete, scene.key("a/1").as_str());
    let file = path("a/1");
    let overtake = async {
        while !store.is_holding() {
            tokio::task::yield_now().await;
        }
        mover.moved("a", "t").await.unwrap();
        scene.test.clock.advance(by);
        tokio::time::sleep(by).await;
        store.let_go();
    };
    let (answer, ()) = tokio::join!(folder.remove(&file, Depth::File), overtake);
    (scene, mover, answer.map(drop))
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_a_move_overtook_does_not_say_that_the_file_is_gone() {
    let (scene, mover, answer) = overtaken(Duration::from_secs(4)).await;
    let error = answer.unwrap_err();
    let is_told = error.kind() == ErrorKind::Conflict && error.message().contains("`a/1` was moved");
    assert!(is_told, "{error}");
    assert_eq!(scene.moves().await[0].stage, MoveStage::Followed, "it had arrived");
    assert!(mover.sees("t/1").await, "what was removed was there no more");
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
