//! One replica sweeps at a time, and what it can be told beforehand.

use std::time::Duration;

use super::super::world::{World, managed};
use super::super::{Mode, Turn, What};
use crate::bucket::Settings;
use crate::error::ErrorKind;
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::faulty::{Kill, Moment};
use crate::store::operation::Operation;
use crate::store::{Attributes, Body, Condition};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// For how long a dead sweeper's counter must stand still.
fn silence() -> Duration {
    Settings::default().lease_for + Settings::default().late_writes
}

fn is_swept(turn: &Turn) -> bool {
    matches!(turn, Turn::Swept(_))
}

#[tokio::test(start_paused = true)]
async fn one_replica_sweeps_at_a_time_and_all_together_once_in_a_while() {
    let world = World::new().await;
    let (obstructed, busy) = world.obstructed_process(7).await;
    let other = world.process(8).await;
    obstructed.hold(Operation::List, KeyPrefix::emails().as_str());
    let sweep = busy.sweep_in_turn(HOUR);
    tokio::pin!(sweep);
    while !obstructed.is_holding() {
        assert!(futures::poll!(sweep.as_mut()).is_pending());
    }
    let turn = other.sweep_in_turn(Duration::ZERO).await.unwrap();
    assert_eq!(turn, Turn::Elsewhere { by: busy.replica(), look_again: silence() });
    obstructed.let_go();
    assert!(is_swept(&sweep.await.unwrap()));
    let swept = world.test.bucket.clock().now();
    world.test.clock.advance(HOUR - Duration::from_secs(1));
    assert_eq!(other.sweep_in_turn(HOUR).await.unwrap(), Turn::Recent(swept));
    assert!(is_swept(&other.sweep_in_turn(Duration::ZERO).await.unwrap()));
    world.test.clock.advance(HOUR);
    assert!(is_swept(&busy.sweep_in_turn(HOUR).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_sweeper_that_was_killed_is_taken_over_wherever_it_was() {
    for at in 1.. {
        let world = World::new().await;
        managed(&world.test.bucket, &world.test.account, "photos").await.unwrap().delete().await.unwrap();
        world.test.clock.advance(Settings::default().late_writes);
        let (faulty, dying) = world.mortal_process(7).await;
        faulty.kill_at(Kill { at: faulty.calls() + at, moment: Moment::After, only_writes: false });
        let ended = dying.sweep_in_turn(Duration::ZERO).await;
        if !faulty.is_dead() {
            assert!(at > 20, "a sweep makes only {at} calls");
            return;
        }
        let other = world.process(8).await;
        let mut turn = other.sweep_in_turn(Duration::ZERO).await.unwrap();
        if let Turn::Elsewhere { by, look_again } = turn {
            assert!(ended.is_err() || at > 20, "{ended:?}");
            assert_eq!((by, look_again), (dying.replica(), silence()));
            world.test.clock.advance(look_again);
            turn = other.sweep_in_turn(Duration::ZERO).await.unwrap();
        }
        assert!(is_swept(&turn), "killed at call {at}: {turn:?}");
        assert!(!world.objects().await.keys().any(|key| key.starts_with("folders/")), "killed at call {at}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweeper_that_was_paused_for_too_long_stops() {
    let world = World::new().await;
    let (obstructed, paused) = world.obstructed_process(7).await;
    obstructed.hold(Operation::List, KeyPrefix::emails().as_str());
    let sweep = paused.sweep_in_turn(Duration::ZERO);
    tokio::pin!(sweep);
    while !obstructed.is_holding() {
        assert!(futures::poll!(sweep.as_mut()).is_pending());
    }
    world.test.clock.advance(Settings::default().lease_for);
    assert_eq!(sweep.await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_is_shut_down_leaves_the_sweep_to_the_others() {
    let world = World::new().await;
    let (obstructed, leaving) = world.obstructed_process(7).await;
    obstructed.hold(Operation::List, KeyPrefix::emails().as_str());
    let sweep = leaving.sweep_in_turn(Duration::ZERO);
    tokio::pin!(sweep);
    while !obstructed.is_holding() {
        assert!(futures::poll!(sweep.as_mut()).is_pending());
    }
    leaving.tasks().stopping().cancel();
    assert_eq!(sweep.await.unwrap(), Turn::Stopping);
    assert!(is_swept(&world.process(8).await.sweep_in_turn(HOUR).await.unwrap()), "it was not done a moment ago");
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_probe_left_goes_after_a_day() {
    let world = World::new().await;
    let scratch = ObjectKey::scratch("a-run", "x");
    world.inner.put(&scratch, Body::from(vec![1]), Attributes::default(), Condition::Always).await.unwrap();
    world.test.clock.advance(23 * HOUR);
    assert_eq!(world.sweep_as_announced(9).await.report.scratch_removed, 0);
    world.test.clock.advance(HOUR);
    assert_eq!(world.sweep_as_announced(9).await.report.scratch_removed, 1);
    assert!(world.inner.head(&scratch).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_and_where_and_why_and_since_when() {
    let world = World::new().await;
    let photos = managed(&world.test.bucket, &world.test.account, "photos").await.unwrap();
    let (obstructed, bucket) = world.obstructed_process(7).await;
    obstructed.hold(Operation::List, KeyPrefix::folder(photos.prefix()).as_str());
    managed(&bucket, &world.test.account, "photos").await.unwrap().delete().await.unwrap();
    world.test.clock.advance(Duration::from_secs(90));
    let swept = world.process(8).await.sweep_as(Mode::DryRun).await.unwrap();
    let [data] = swept.findings.as_slice() else { panic!("{swept:?}") };
    assert_eq!((data.what, data.objects, data.age), (What::Data, 2, Some(Duration::from_secs(90))));
    assert_eq!(
        (data.place.as_str(), data.reason),
        (KeyPrefix::folder(photos.prefix()).as_str(), "its folder is deleted")
    );
    assert_eq!((swept.report.objects_removed, swept.unlisted), (2, 0));
}
