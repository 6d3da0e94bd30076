//! Small files of one answer, which are fetched side by side.

use mapping::store::operation::Operation;
use serde_json::json;

use super::downloads::parts;
use super::side_by_side::Scene;
use super::uploads::{form_of, names, sent};

#[tokio::test]
async fn the_next_files_are_fetched_while_those_before_them_are_and_no_more() {
    let scene = Scene::new().await;
    let names = names(0..60);
    sent(&scene.ann, form_of(&names, b"one")).await.expect(201);
    scene.store.hold_all(Operation::Get, &scene.key("f"));
    let look = async {
        scene.app.until("two batches are fetched", async || scene.store.waiting() >= 32).await;
        scene.app.settle().await;
        assert_eq!(scene.store.waiting(), 32);
        scene.store.let_all_go();
    };
    let (signs, files) = (scene.ann.signs.speaking("v5.20191215"), json!({ "files": names }));
    let reply = tokio::join!(signs.call("GET", "/folders/mydata/download", &files), look).0.expect(200);
    let parts = parts(&reply);
    assert!(parts.iter().zip(&names).all(|((head, body), name)| head[2].contains(name) && body == b"one"));
    assert_eq!(parts.len(), names.len());
    scene.expect_nothing_held().await;
}
