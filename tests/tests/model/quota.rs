//! No folder ever holds more than it may, through however many replicas, and what fits is taken.

use futures::future::join_all;
use mapping::access::Manage;
use mapping::files::WriteOptions;
use mapping::store::Body;
use mapping::store::faulty::{Faults, Kill, Moment};
use mapping::upload::UploadOptions;
use mapping::{ErrorKind, Folder, Result, Usage};
use std::time::Duration;
use suites::environment;
use suites::quota::fleet::{DEAD_AFTER, Fleet, LATE_WRITES};
use suites::quota::history::{self, Scale, Tally};

use super::block_on;

/// What the normal run takes: some seconds.
const SHORT: (u64, Scale) = (6, Scale { replicas: 3, workers: 3, steps: 50 });

/// Each of the long run's seeds, which `FOLDERBRIDGE_TEST_QUOTA_SEEDS` says how many they are.
const LONG: Scale = Scale { replicas: 4, workers: 4, steps: 120 };

#[test]
fn whatever_happens_no_folder_holds_more_than_it_may() {
    let (seeds, scale) = match environment::quota_seeds() {
        Some(seeds) => (seeds, LONG),
        None => ((1, SHORT.0), SHORT.1),
    };
    let tally = Tally::default();
    for seed in seeds.0..seeds.0 + seeds.1 {
        if let Err(wrong) = block_on(history::run(scale, seed, &tally)) {
            panic!("seed {seed}: {wrong} (to run it alone: FOLDERBRIDGE_TEST_QUOTA_SEEDS={seed}:1)");
        }
    }
    println!("seeds {} to {}: {tally}", seeds.0, seeds.0 + seeds.1 - 1);
}

async fn upload(folder: &Folder<Manage>, n: usize, size: usize) -> Result<()> {
    let id =
        folder.start_upload(format!("{}/{n}", n % 7).parse()?, Some(size as u64), UploadOptions::default()).await?;
    let upload = folder.upload(&id).await?;
    let half = size / 2;
    for (start, end) in [(half, size), (0, half)] {
        upload.append(start as u64, (end - start) as u64, Body::from(vec![1; end - start]).into_stream()).await?;
    }
    upload.finish().await.map(drop)
}

/// 4 replicas, 64 uploads through each at the same time.
async fn race(limit: Usage, size: usize, seed: u64) -> Usage {
    let fleet = Fleet::new(4, limit, seed).await;
    fleet.set_faults(Faults { latency: Duration::from_millis(10), ..Faults::default() }, 0);
    let uploads = (0..256).map(|n| {
        let fleet = &fleet;
        async move { upload(&fleet.open(n % 4).await.expect("the folder"), n, size).await }
    });
    for error in join_all(uploads).await.into_iter().filter_map(Result::err) {
        assert_eq!(error.kind(), ErrorKind::OverQuota, "seed {seed}: {error}");
    }
    assert_eq!(fleet.rough.broken(), Vec::<String>::new(), "seed {seed}");
    let visible = fleet.rough.visible().await;
    assert_eq!(fleet.rough.most().0, visible, "seed {seed}");
    visible
}

#[test]
fn of_uploads_that_race_for_the_last_bytes_as_many_get_in_as_fit() {
    const MIB: u64 = 1 << 20;
    for (seed, size) in [(1, 30_000), (2, 5000), (3, 64 << 10)] {
        let visible = block_on(race(Usage { bytes: MIB, files: 100_000 }, size, seed));
        let fit = (MIB / size as u64).min(256);
        assert_eq!((visible.files, visible.bytes), (fit, fit * size as u64), "seed {seed}");
    }
}

#[test]
fn of_uploads_that_race_for_the_last_files_as_many_get_in_as_fit() {
    for seed in 1..4 {
        assert_eq!(block_on(race(Usage { bytes: 1 << 40, files: 10 }, 100, seed)).files, 10, "seed {seed}");
    }
}

async fn write(fleet: &Fleet, through: usize, name: &str, size: u64) -> Result<()> {
    let body = Body::from(vec![1; usize::try_from(size).expect("small")]).into_stream();
    fleet.open(through).await?.write(&name.parse()?, Some(size), body, WriteOptions::default()).await.map(drop)
}

#[test]
fn what_one_replica_took_ahead_another_gets_within_the_same_request() {
    for busy in [false, true] {
        block_on(async {
            let fleet = Fleet::new(2, Usage { bytes: 1000, files: 1000 }, 7).await;
            write(&fleet, 0, "first", 1).await.unwrap();
            let goes_on = async {
                for n in 0..if busy { 100 } else { 0 } {
                    write(&fleet, 0, &format!("small/{n}"), 0).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            };
            let large = write(&fleet, 1, "large", 999);
            let (large, ()) = futures::join!(large, goes_on);
            large.unwrap_or_else(|error| panic!("busy: {busy}: {error}"));
            assert_eq!(fleet.rough.broken(), Vec::<String>::new());
        });
    }
}

#[test]
fn what_the_dead_may_still_write_stays_taken_until_they_cannot() {
    block_on(async {
        let fleet = Fleet::new(2, Usage { bytes: 1000, files: 1000 }, 7).await;
        write(&fleet, 0, "first", 100).await.unwrap();
        fleet.kill(0, Kill { at: 1, moment: Moment::Before, only_writes: false });
        write(&fleet, 0, "second", 100).await.unwrap_err();
        let refused = write(&fleet, 1, "large", 900).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::OverQuota, "{refused}");
        let began = tokio::time::Instant::now();
        while let Err(refused) = write(&fleet, 1, "large", 900).await {
            assert_eq!(refused.kind(), ErrorKind::OverQuota, "{refused}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let waited = began.elapsed();
        assert!(waited > LATE_WRITES && waited < (DEAD_AFTER + LATE_WRITES) * 2, "{waited:?}");
        assert_eq!(fleet.rough.visible().await, Usage { bytes: 1000, files: 2 });
    });
}

#[test]
fn one_new_path_through_two_replicas_is_one_file() {
    for seed in 1..20 {
        block_on(async {
            let fleet = Fleet::new(2, Usage { bytes: 1 << 30, files: 10_000 }, seed).await;
            fleet.set_faults(Faults { latency: Duration::from_millis(400), ..Faults::default() }, 0);
            // The first comes and goes, or is still there, when the second begins.
            let second = async {
                tokio::time::sleep(Duration::from_millis(seed * 100)).await;
                write(&fleet, 1, "one/file", 20).await
            };
            let (first, second) = futures::join!(write(&fleet, 0, "one/file", 10), second);
            first.and(second).unwrap();
            tokio::time::sleep(Duration::from_secs(5)).await;
            for replica in 0..2 {
                let usage = fleet.open(replica).await.unwrap().usage().await.unwrap();
                assert_eq!(usage, fleet.rough.visible().await, "seed {seed}, replica {replica}");
            }
        });
    }
}
