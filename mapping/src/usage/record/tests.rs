//! How the document changes, step by step.

use super::super::grant::Ahead;
use super::*;
use crate::limits::{FolderLimits, LimitProfile, Limits};
use crate::random::SystemRandom;

fn replicas() -> (ReplicaId, ReplicaId) {
    (ReplicaId::random(&SystemRandom), ReplicaId::random(&SystemRandom))
}

const fn files(files: u64) -> Amount {
    Amount { bytes: files * 10, files }
}

/// A hold that spent for `spent` files, of which `done` are over, and said nothing so far.
fn said(number: u64, spent: u64, done: u64) -> Statement {
    Statement { number, spent: files(spent), done: files(done), ..Statement::default() }
}

fn known(said: Statement, done: u64) -> Statement {
    Statement { known: true, known_done: files(done), ..said }
}

fn ask(most: u64, needed: u64) -> Ask {
    let set = FolderLimits { bytes: None, files: Some(most) };
    let limits = Limits::resolve(set, set, set, LimitProfile::Open);
    Ask { limits, needed: files(needed), waiting: Amount::default(), ahead: Ahead::No }
}

fn finding(base: &UsageRecord, listed: u64) -> Finding<'_> {
    Finding { base, listed: files(listed), quiet: true, dead: &[], own: None }
}

#[test]
fn of_two_counts_that_overlap_the_second_is_dropped() {
    let (me, _) = replicas();
    let mut record = UsageRecord::never_counted();
    let base = record.clone();
    assert!(record.take(me, &finding(&base, 3)));
    record.added = files(1);
    let before = record.clone();
    assert!(!record.take(me, &finding(&base, 3)));
    assert_eq!(record, before);
}

#[test]
fn nothing_is_granted_beyond_the_limit_whoever_holds_what() {
    let (me, other) = replicas();
    let mut record = UsageRecord { added: files(2), ..UsageRecord::default() };
    assert_eq!(record.grant(other, &said(1, 0, 0), &ask(10, 5)), Some((Standing::Stands, files(5))));
    let full = record.clone();
    assert_eq!(record.grant(me, &said(2, 0, 0), &ask(10, 4)), None);
    assert_eq!(record, full);
    assert_eq!(record.grant(me, &said(2, 0, 0), &ask(10, 3)), Some((Standing::Stands, files(3))));
    // What is over moves into the sum, and nothing becomes free by that.
    assert_eq!(record.state_hold(other, &known(said(1, 5, 5), 0), files(5)), Standing::Stands);
    assert_eq!((record.total(), record.taken(me, Amount::default())), (files(7), files(7)));
    assert_eq!(record.grant(other, &known(said(1, 5, 5), 5), &ask(10, 1)), None);
}

#[test]
fn what_a_hold_does_not_use_is_free_again_when_it_is_given_back() {
    let (me, other) = replicas();
    let mut record = UsageRecord::default();
    record.grant(other, &said(1, 0, 0), &ask(10, 10)).unwrap();
    assert_eq!(record.grant(me, &said(2, 0, 0), &ask(10, 1)), None);
    let spent = known(said(1, 3, 2), 0);
    record.state_hold(other, &spent, spent.spent);
    assert_eq!(record.grant(me, &said(2, 0, 0), &ask(10, 8)), None, "one is under way");
    assert!(record.grant(me, &said(2, 0, 0), &ask(10, 7)).is_some());
}

#[test]
fn what_was_charged_during_a_count_stays_and_asks_for_another() {
    let (me, other) = replicas();
    for removed in [0, 1] {
        let mut record = UsageRecord { added: files(2), ..UsageRecord::never_counted() };
        record.grant(other, &said(1, 0, 0), &ask(99, 4)).unwrap();
        let base = record.clone();
        record.state_hold(other, &Statement { removed, ..known(said(1, 4, 1), 0) }, files(4));
        record.close(other);
        record.added = record.added.plus(files(3));
        assert!(record.take(me, &finding(&base, 5)));
        assert_eq!(record.total(), files(9));
        assert!(record.needs_count(me, None));
    }
}

#[test]
fn a_quiet_count_is_the_last_word() {
    let (me, other) = replicas();
    let mut record = UsageRecord { added: files(9), ..UsageRecord::never_counted() };
    let base = record.clone();
    assert!(record.needs_count(me, None));
    assert!(record.take(me, &finding(&base, 1)));
    assert_eq!(record.total(), files(1));
    assert!(!record.needs_count(me, None));
    // One while another holds something is not.
    record.grant(other, &said(1, 0, 0), &ask(99, 4)).unwrap();
    let base = record.clone();
    assert!(record.take(me, &finding(&base, 1)));
    record.close(other);
    assert!(record.needs_count(me, None));
}

#[test]
fn only_the_dead_who_have_not_moved_are_counted_away() {
    let (me, other) = replicas();
    for moves in [false, true] {
        let mut record = UsageRecord::default();
        record.grant(other, &said(1, 0, 0), &ask(99, 4)).unwrap();
        let base = record.clone();
        if moves {
            record.state_hold(other, &known(said(1, 4, 0), 0), files(4));
        }
        let found = Finding { dead: &[other], ..finding(&base, 0) };
        assert!(record.take(me, &found));
        assert_eq!(record.taken(me, Amount::default()), files(if moves { 4 } else { 0 }));
        assert_eq!(record.needs_count(me, None), moves);
    }
}

#[test]
fn a_hold_that_others_took_away_may_not_go_on_and_is_counted() {
    let (me, _) = replicas();
    for instead in [None, Some(8)] {
        let mut record = UsageRecord::default();
        if let Some(number) = instead {
            record.state_hold(me, &said(number, 0, 0), files(0));
        }
        let lost = known(said(7, 5, 4), 1);
        assert_eq!(record.grant(me, &lost, &ask(99, 1)), Some((Standing::Gone, files(0))));
        assert_eq!((record.total(), record.holds.len()), (files(4), 0));
        assert!(record.needs_count(me, None));
    }
}

#[test]
fn a_hold_that_its_own_replica_has_forgotten_is_charged_and_counted() {
    let (me, _) = replicas();
    let mut record = UsageRecord::default();
    record.grant(me, &said(7, 0, 0), &ask(99, 3)).unwrap();
    assert!(record.needs_count(me, None) && !record.needs_count(me, Some(7)));
    let mut counted = record.clone();
    assert!(counted.take(me, &finding(&record, 0)));
    assert!(counted.holds.is_empty());
    record.state_hold(me, &said(8, 0, 0), files(0));
    assert_eq!(record.total(), files(3));
    assert!(record.needs_count(me, Some(8)));
}

#[test]
fn saying_it_twice_is_saying_it_once() {
    let (me, _) = replicas();
    let mut record = UsageRecord::default();
    let spent = Statement { removed: 2, ..said(7, 5, 5) };
    for _ in 0..2 {
        assert_eq!(record.state_hold(me, &spent, files(5)), Standing::Stands);
        assert_eq!((record.total(), record.removed), (files(5), 2));
    }
}

#[test]
fn two_who_hold_at_the_same_time_may_have_made_one_path_twice() {
    let (me, other) = replicas();
    let mut record = UsageRecord::default();
    record.state_hold(other, &said(1, 0, 0), files(0));
    assert!(!record.needs_count(other, Some(1)));
    record.state_hold(me, &said(2, 0, 0), files(0));
    record.close(me);
    assert!(record.needs_count(other, Some(1)));
}

#[test]
fn the_document_reads_back_and_so_does_the_first_version() {
    let (me, _) = replicas();
    let mut record = UsageRecord::never_counted();
    record.grant(me, &said(7, 0, 0), &ask(99, 3)).unwrap();
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<UsageRecord>(&text).unwrap(), record);

    let first = serde_json::json!({
        "counted": { "bytes": 10, "files": 1, "epoch": 4 }, "added": { "bytes": 20, "files": 2 },
        "removed": 3, "removed_counted": 3, "leases": {}, "charged": { me.to_string(): 1_767_225_600_000_u64 },
    });
    let read = UsageRecord::upgrade(1, first).unwrap();
    assert_eq!(read.total(), files(3));
    assert!(read.needs_count(me, None));
    assert!(UsageRecord::upgrade(3, serde_json::json!({})).is_none());
}
