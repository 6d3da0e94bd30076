//! What one process revokes, another refuses within the time that caches may be believed.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use suites::app::ADMIN_TOKEN;
use suites::process::{Server, free_address};

use super::endpoint::{KEY, Stage};

/// Two processes over one bucket that believe their caches for so long.
async fn two(stage: &Stage, bound: Duration) -> [Server; 2] {
    let start = async |name: &str| {
        let address = free_address();
        let mut command = stage.serving(KEY, address);
        command.args(["--cache-ms", &bound.as_millis().to_string()]);
        Server::run(command, &stage.place.path().join(name), address).await
    };
    [start(&format!("first-{bound:?}")).await, start(&format!("second-{bound:?}")).await]
}

/// Asks all the time; what was asked once `bound` has passed since `revoked` is refused with `refusal`.
async fn refused_in_time(what: &str, bound: Duration, revoked: Instant, refusal: u16, ask: impl AsyncFn() -> u16) {
    loop {
        let late = revoked.elapsed() >= bound;
        let status = ask().await;
        assert!(status == 200 || status == refusal, "{what}: {status}");
        if late {
            return assert_eq!(status, refusal, "{what}: still believed after {bound:?}");
        }
    }
}

#[tokio::test]
async fn what_is_revoked_on_one_replica_is_refused_by_another_within_the_bound() {
    let stage = Stage::set().await;
    for (number, bound) in [Duration::ZERO, Duration::from_millis(600)].into_iter().enumerate() {
        let [first, second] = two(&stage, bound).await;
        let admin = first.nobody().with_token(&format!("Bearer {ADMIN_TOKEN}"));
        let ann = first.account(&format!("ann-{number}")).await;
        let folder = first.caller(&ann).created("photos").await;
        let there = second.caller(&ann);
        there.list(&folder, "").await.expect(200);

        first.caller(&ann).destroy(&folder).await.expect(200);
        let revoked = Instant::now();
        first.caller(&ann).list(&folder, "").await.expect_refusal(403);
        refused_in_time("folder", bound, revoked, 403, async || there.list(&folder, "").await.status).await;

        let verb = |verb: &str| format!("/admin/v1/accounts/{}/{verb}", ann["account_id"].as_str().expect("an id"));
        let new = admin.call(Method::POST, &verb("rotate"), &json!({})).await.expect(200).json();
        let revoked = Instant::now();
        first.caller(&ann).filesystems().await.expect_refusal(401);
        refused_in_time("token", bound, revoked, 401, async || there.filesystems().await.status).await;

        let there = second.caller(&new);
        there.filesystems().await.expect(200);
        admin.call(Method::POST, &verb("disable"), &json!({})).await.expect(200);
        let revoked = Instant::now();
        first.caller(&new).filesystems().await.expect_refusal(401);
        refused_in_time("account", bound, revoked, 401, async || there.filesystems().await.status).await;
    }
}
