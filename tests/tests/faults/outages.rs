//! A store that is not there: at the start, and for a while.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use suites::caller::pattern;
use suites::process::{binary, free_address};

use super::world::World;

async fn ready(world: &World) -> u16 {
    let nobody = world.shaky.nobody();
    nobody.send(nobody.request(Method::GET, "/readyz")).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_goes_and_comes_back_is_said_and_used_again() {
    let mut world = World::between().await;
    let content = pattern(4000, 2);
    let upload = world.ann.calls.started(&world.folder, "a.bin", 4000).await;
    world.ann.calls.chunk(&world.folder, "a.bin", &upload, 0, content.slice(..2000)).await.expect(200);
    for _ in 0..2 {
        world.shaky.proxy_mut().go_down().await;
        world.forget();
        world.shaky.until("not ready", async || ready(&world).await == 503).await;
        let began = Instant::now();
        let refusal = world.ann.calls.filesystems().await.expect_refusal(503);
        assert!(refusal.text().contains("try again") && refusal.header("retry-after") == "1", "{}", refusal.text());
        world.ann.calls.download(&world.folder, "keep/old.bin").await.expect_refusal(503);
        world.ann.calls.create("while it is away").await.expect_refusal(503);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        world.shaky.proxy_mut().come_up().await;
        world.shaky.until("ready again", async || ready(&world).await == 200).await;
        world.ann.calls.filesystems().await.expect(200);
    }
    world.ann.calls.chunk(&world.folder, "a.bin", &upload, 2000, content.slice(2000..)).await.expect(200);
    world.ann.calls.complete(&world.folder, "a.bin", &upload).await.expect(200);
    assert!(world.ann.calls.download(&world.folder, "a.bin").await.expect(200).body == content);
    world.check_tidy().await;
}

/// What the real program says of a store that it cannot reach, and how it ends.
fn start_over(endpoint: &str) -> (bool, String) {
    let mut command = Command::new(binary());
    command.env_clear().stdin(Stdio::null());
    for (name, value) in [
        ("FOLDERBRIDGE_MASTER_KEY", "00".repeat(32)),
        ("AWS_ACCESS_KEY_ID", "key".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
    ] {
        command.env(name, value);
    }
    command.args(["serve", "--listen", "127.0.0.1:0", "--bucket", "b", "--endpoint", endpoint]);
    let ended = command.output().expect("the program starts");
    (ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn a_start_without_a_store_ends_soon_with_a_sentence() {
    for endpoint in [format!("http://{}", free_address()), "http://store.invalid:9000".to_owned()] {
        let began = Instant::now();
        let (success, said) = start_over(&endpoint);
        assert!(!success, "it serves {endpoint}");
        assert!(said.contains(&endpoint) && said.contains("see that the store runs"), "{said}");
        assert!(began.elapsed() < Duration::from_secs(30), "{endpoint}: {:?}", began.elapsed());
    }
}
