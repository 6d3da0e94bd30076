//! What charges cost: one write for a single one, next to none in a burst.

use futures::{StreamExt, stream};

use super::*;

/// Lets background work go on for `time`.
async fn wait(fixture: &Fixture, time: Duration) {
    fixture.clock.advance(time);
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_single_write_is_charged_by_one_write() {
    let fixture = Fixture::new().await;
    fixture.counted.reset();
    // A handle that is older than the cache time looks at its limits again: two reads more.
    for (at, reads_before_the_charge) in [("a", 2), ("b", 4)] {
        write(&fixture.folder, at, 5).await;
        let counts = fixture.counted.reset();
        assert_eq!(counts.writes(), 2, "the file and its charge: {counts}");
        assert_eq!(counts.reads(), reads_before_the_charge + 1, "{counts}");
        wait(&fixture, Duration::from_secs(5)).await;
        assert_eq!(fixture.counted.reset().to_string(), "", "nothing is left to do");
    }
    assert_eq!(exact(&fixture).await, Usage { bytes: 10, files: 2 });
    let counts = fixture.counted.reset();
    assert_eq!((counts.of(Operation::List), counts.writes()), (0, 0), "what only grew is not listed: {counts}");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_small_files_cost_hardly_more_than_themselves() {
    let fixture = Fixture::new().await;
    fixture.counted.reset();
    let folder = &fixture.folder;
    let names = stream::iter(0..100).map(|n| async move { write(folder, &format!("d/{n}"), 10).await });
    names.buffer_unordered(16).collect::<Vec<()>>().await;
    wait(&fixture, Duration::from_secs(5)).await;
    let counts = fixture.counted.reset();
    assert!(counts.writes() <= 110, "{counts}");
    assert_eq!(exact(&fixture).await, Usage { bytes: 1000, files: 100 });
    let counts = fixture.counted.reset();
    assert_eq!((counts.of(Operation::List), counts.writes()), (0, 0), "{counts}");
    // The lease was given back, with everything paid: even a new process need not count.
    let next = fixture.reopen().await;
    next.counted.reset();
    assert_eq!(exact(&next).await, Usage { bytes: 1000, files: 100 });
    assert_eq!(next.counted.reset().of(Operation::List), 0);
}

#[tokio::test(start_paused = true)]
async fn a_long_burst_folds_about_once_a_second() {
    let fixture = Fixture::new().await;
    fixture.counted.reset();
    for n in 0..100 {
        write(&fixture.folder, &n.to_string(), 1).await;
        wait(&fixture, Duration::from_millis(100)).await;
    }
    let charges = fixture.counted.reset().writes() - 100;
    assert!((8..=14).contains(&charges), "{charges}");
    let other = fixture.reopen().await;
    assert!(other.folder.usage().await.unwrap().files >= 90);
}

#[tokio::test(start_paused = true)]
async fn a_lease_stays_while_a_write_is_under_way() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "a", 1).await;
    let slow = charge(folder, Charge::new_file(7)).await.unwrap();
    wait(&fixture, Duration::from_secs(10)).await;
    fixture.counted.reset();
    wait(&fixture, Duration::from_secs(10)).await;
    assert_eq!(fixture.counted.reset().to_string(), "", "it gave back what it does not use and asks for nothing");
    wait(&fixture, DEAD_AFTER / 2).await;
    assert!(fixture.counted.reset().writes() <= 2, "its beat moves now and then");
    let crashed = fixture.reopen().await;
    assert_eq!(exact(&crashed).await.files, 1, "the lease shows that the second never came to be");
    slow.cancel();
    wait(&fixture, Duration::from_secs(3)).await;
    assert_eq!(exact(&fixture).await.files, 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_folds_and_gives_back() {
    for (files, listings) in [(1, 1), (5, 0)] {
        let fixture = Fixture::new().await;
        for n in 0..files {
            write(&fixture.folder, &n.to_string(), 3).await;
        }
        fixture.counted.reset();
        fixture.folder.bucket().drain(Duration::from_secs(5)).await;
        assert_eq!(fixture.counted.reset().writes(), 1 - listings, "a single write is not written about again");
        let next = fixture.reopen().await;
        next.counted.reset();
        assert_eq!(exact(&next).await, Usage { bytes: 3 * files, files });
        assert_eq!(next.counted.reset().of(Operation::List), listings, "after {files}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_with_a_write_under_way_leaves_its_mark() {
    for files in [1, 5] {
        let fixture = Fixture::new().await;
        for n in 0..files {
            write(&fixture.folder, &n.to_string(), 3).await;
        }
        let under_way = charge(&fixture.folder, Charge::new_file(7)).await.unwrap();
        fixture.folder.bucket().drain(Duration::from_secs(5)).await;
        assert_eq!(exact(&fixture.reopen().await).await, Usage { bytes: 3 * files, files });
        drop(under_way);
    }
}
