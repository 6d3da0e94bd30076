//! A process that dies between any two requests to the store: the next one knows what is there.

use futures::{StreamExt, stream};

use super::*;
use crate::store::faulty::{Kill, Moment};

/// Writes, replaces, copies and removes at once and one by one, until the process dies.
async fn work(folder: &Folder<Manage>) {
    let names =
        stream::iter(0..6).map(|n| async move { drop(try_write(folder, &format!("d/{}", n % 4), 10 + n).await) });
    names.buffer_unordered(3).collect::<Vec<()>>().await;
    drop(folder.remove(&path("d/1"), Depth::File).await);
    drop(folder.copy_file(&path("d/2"), &path("e/f"), Overwrite::Yes).await);
    drop(folder.move_file(&path("d/3"), &path("g"), Overwrite::Yes).await);
    drop(folder.usage().await);
    drop(try_write(folder, "d/2", 1).await);
    drop(folder.remove(&path("d"), Depth::Tree).await);
}

/// How many requests the work takes when nobody dies.
async fn length_of_the_work() -> u64 {
    let fixture = Fixture::new().await;
    let before = fixture.faulty.calls();
    work(&fixture.folder).await;
    fixture.faulty.calls() - before
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_request_the_next_process_knows_what_is_there() {
    let calls = length_of_the_work().await;
    assert!(calls > 40, "{calls}");
    for moment in [Moment::Before, Moment::After] {
        for call in 1..=calls {
            let fixture = Fixture::new().await;
            fixture.faulty.kill_at(Kill { at: fixture.faulty.calls() + call, moment, only_writes: false });
            work(&fixture.folder).await;
            let next = fixture.reopen().await;
            let listed = next.listed().await;
            assert_eq!(next.folder.usage().await.unwrap(), listed, "killed {moment:?} request {call}");
            write(&next.folder, "after", 3).await;
            assert_eq!(exact(&next).await.files, listed.files + 1);
        }
    }
}

#[tokio::test]
async fn the_dead_are_counted_until_nothing_of_theirs_can_come_any_more() {
    let fixture = Fixture::new().await;
    write(&fixture.folder, "a", 10).await;
    let next = fixture.reopen().await;
    next.counted.reset();
    for _ in 0..2 {
        exact(&next).await;
        assert_eq!(next.counted.reset().of(Operation::List), 1, "a late write may still come");
    }
    for time in [DEAD_AFTER, LATE_WRITE - Duration::from_millis(1), Duration::from_millis(1)] {
        fixture.clock.advance(time);
        exact(&next).await;
        assert_eq!(next.counted.reset().of(Operation::List), 1, "it may only stand still");
    }
    exact(&next).await;
    assert_eq!(next.counted.reset().to_string(), "get 1", "the dead are forgotten");
}
