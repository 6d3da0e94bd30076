//! A store that refuses everything for a moment: nobody notices.

use std::time::{Duration, Instant};

use futures::future::join_all;
use mapping::store::s3::Retries;
use suites::caller::pattern;
use suites::proxy::Fault;
use suites::shaky::{Shaky, core};

use super::world::World;

/// The pauses of one request are a second together at least.
const BURST: Duration = Duration::from_millis(800);

const UPLOADS: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_uploads_do_not_notice_a_burst_of_refusals() {
    let world = World::over(Shaky::between_with(core(), Retries::default()).await).await;
    let (ann, proxy) = (&world.ann.calls, world.shaky.proxy());
    let burst = async {
        world.shaky.until("the uploads run", async || proxy.counts().all() > 2 * UPLOADS).await;
        let (ends, mut turn) = (Instant::now() + BURST, 0);
        proxy.script(move |_| {
            turn += 1;
            let kinds = [Fault::SlowDown, Fault::InternalError, Fault::BareUnavailable];
            (Instant::now() < ends).then_some(kinds[turn % 3])
        });
    };
    proxy.forget();
    let folder = &world.folder;
    let uploads = (0..UPLOADS).map(|number| async move {
        for round in 0..3 {
            let content = pattern(30_000, number * 10 + round);
            ann.upload(folder, &format!("d{number}/{round}.bin"), &content, 10_000).await;
            let found = ann.download(folder, &format!("d{number}/{round}.bin")).await.expect(200).body;
            assert!(found == content, "upload {number} {round} is another file");
        }
    });
    tokio::join!(join_all(uploads), burst);
    let counts = proxy.counts();
    println!("{} of {} requests were refused", counts.faults, counts.all());
    assert!(counts.faults >= UPLOADS && counts.most_attempts() <= 5, "{counts:?}");
    world.check_tidy().await;
}

/// Tried five times, with pauses in between.
#[tokio::test]
async fn a_store_that_refuses_is_asked_again_after_pauses_and_not_for_ever() {
    let pause = Duration::from_millis(100);
    let retries = Retries { pause, longest_pause: pause, attempts: 5 };
    let world = World::over(Shaky::between_with(core(), retries).await).await;
    let proxy = world.shaky.proxy();
    // Often, because pauses are drawn by chance.
    for fault in [Fault::SlowDown, Fault::InternalError, Fault::BareUnavailable].repeat(5) {
        world.forget();
        proxy.forget();
        proxy.always(fault);
        let began = Instant::now();
        world.ann.calls.filesystems().await.expect_refusal(503);
        // Four of them, each half of the first one's most at least.
        assert!(began.elapsed() >= pause * 2, "{fault:?}: {:?}", began.elapsed());
        let counts = proxy.counts();
        assert!(counts.most_attempts() == 5 && counts.all() <= 20, "{fault:?}: {counts:?}");
    }
    world.check_tidy().await;
}
