//! Forms into folders that are nearly full.

use mapping::Settings;
use mapping::limits::FolderLimits;

use super::side_by_side::Scene;
use super::uploads::{content, form_of, names, sent};

async fn limited(limits: FolderLimits) -> Scene {
    Scene::with(Settings { folder_limits: limits, ..Settings::default() }).await
}

/// Each is charged as a new file until it is counted; those that are on their way would be in the way of the others.
#[tokio::test]
async fn files_that_replace_others_find_room_one_after_the_other() {
    for limits in [FolderLimits { bytes: None, files: Some(22) }, FolderLimits { bytes: Some(22_000), files: None }] {
        let (scene, names) = (limited(limits).await, names(0..20));
        let contents = [[b'1'; 1000], [b'2'; 1000]];
        sent(&scene.ann, form_of(&names, &contents[0])).await.expect(201);
        scene.hold_all("f");
        scene.sent_held(form_of(&names, &contents[1]), 2, || {}).await.expect(201);
        assert_eq!(scene.there().await, names);
        for name in &names {
            assert!(content(&scene.ann, &scene.id, name).await == contents[1][..], "{name}");
        }
        scene.expect_nothing_held().await;
    }
}

#[tokio::test]
async fn of_new_files_as_many_are_stored_as_fit_and_the_answer_says_so() {
    let scene = limited(FolderLimits { bytes: None, files: Some(22) }).await;
    let refused = sent(&scene.ann, form_of(&names(0..40), b"new")).await;
    let text = refused.expect_problem(412, "quota-exceeded").text();
    assert_eq!(scene.there().await.len(), 22, "{text}");
    assert!(text.contains("stored nevertheless: 22 ("), "{text}");
    scene.expect_nothing_held().await;
}
