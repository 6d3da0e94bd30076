//! One name, one winner, through HTTP and several replicas.

use futures::future::join_all;
use serde_json::json;
use suites::app::App;

#[tokio::test]
async fn of_32_requests_for_one_name_one_is_granted_and_31_are_told_that_it_exists() {
    let app = App::replicas(4).await;
    let ann = app.person("ann").await;
    let replies = join_all((0..32).map(|_| ann.calls.create("photos"))).await;
    let (granted, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert_eq!((granted.len(), refused.len()), (1, 31));
    for refusal in refused {
        let refusal = refusal.expect_refusal(409);
        assert!(refusal.text().contains("photos") && refusal.text().contains("already exists"), "{}", refusal.text());
    }
    assert_eq!(ann.calls.filesystems().await.json(), json!([granted[0].json()]));
}

#[tokio::test]
async fn a_share_that_races_with_a_deletion_leaves_nobody_a_folder() {
    let app = App::replicas(3).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    for round in 0..8 {
        let id = ann.calls.created(&format!("photos {round}")).await;
        let (shared, destroyed) = tokio::join!(ann.calls.share(&id, &bob.id), ann.calls.destroy(&id));
        destroyed.expect(200);
        assert!(matches!(shared.status, 200 | 403), "{}: {}", shared.status, shared.text());
        assert_eq!(bob.calls.filesystems().await.json(), json!([]), "round {round}");
        assert_eq!(ann.calls.filesystems().await.json(), json!([]), "round {round}");
        bob.calls.created(&format!("photos {round}")).await;
        let own = bob.calls.filesystems().await.json()[0]["filesystem_id"].as_str().unwrap().to_owned();
        bob.calls.destroy(&own).await.expect(200);
    }
}
