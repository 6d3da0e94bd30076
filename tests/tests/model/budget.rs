//! Many uploads at once inside a small byte budget. A sixteenth of the real sizes: budget, parts,
//! files and chunks.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use mapping::access::Write;
use mapping::clock::ManualClock;
use mapping::store::memory::MemoryStore;
use mapping::testing::TestBucket;
use mapping::upload::UploadOptions;
use mapping::{Folder, Settings};
use suites::model::bytes::{Delivery, body};

const SCALE: u64 = 16;
const FILE: u64 = (8 << 20) / SCALE;

async fn upload_one(folder: Folder<Write>, number: usize, chunk: u64) -> mapping::Result<()> {
    let id = folder.start_upload(format!("f{number}").parse()?, Some(FILE), UploadOptions::default()).await?;
    let upload = folder.upload(&id).await?;
    let chunks = stream::iter((0..FILE.div_ceil(chunk)).map(|at| at * chunk..((at + 1) * chunk).min(FILE)));
    let budget = folder.bucket().budget();
    let sent = chunks.map(|range| {
        let upload = upload.clone();
        async move {
            let answer = upload.append(range.start, range.end - range.start, body(range, 0, Delivery::Whole)).await;
            assert!(budget.held() <= budget.total());
            answer
        }
    });
    sent.buffer_unordered(5).try_collect::<Vec<()>>().await?;
    assert_eq!(upload.finish().await?.size, FILE);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_uploads_at_once_stay_inside_the_budget() {
    let clock = Arc::new(ManualClock::new());
    let floor = (5 << 20) / SCALE;
    let store = MemoryStore::new(Arc::clone(&clock) as Arc<_>).with_least_part(floor);
    let budget_bytes = (32 << 20) / u32::try_from(SCALE).unwrap();
    let settings = Settings { part_floor: floor, budget_bytes, ..Settings::default() };
    let test = TestBucket::over(Arc::new(store), clock, settings).await;
    let folder = test.open::<Write>().await;
    let uploads = (0..100).map(|number| {
        let chunk = if number % 4 == 0 { (10 << 10) / SCALE } else { (1 << 20) / SCALE };
        upload_one(folder.clone(), number, chunk)
    });
    futures::future::try_join_all(uploads).await.unwrap();
    test.bucket.drain(std::time::Duration::from_secs(30)).await;
    assert_eq!(test.bucket.budget().held(), 0);
}
