//! How the document changes, step by step.

use super::*;
use crate::random::SystemRandom;

const LATE: Duration = Duration::from_secs(60);

fn replicas() -> (ReplicaId, ReplicaId) {
    (ReplicaId::random(&SystemRandom), ReplicaId::random(&SystemRandom))
}

const fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

const fn files(files: u64) -> Amount {
    Amount { bytes: files * 10, files }
}

const fn spent(number: u64, of: u64, removed: u64) -> Spent {
    Spent { number, amount: files(of), removed }
}

fn finding(base: &UsageRecord, amount: Amount, quiet: bool) -> Finding<'_> {
    Finding { base, began: at(1000), late_writes: LATE, amount, quiet, lease: false }
}

#[test]
fn of_two_counts_that_overlap_the_second_is_dropped() {
    let (me, _) = replicas();
    let mut record = UsageRecord::never_counted();
    let base = record.clone();
    assert!(record.take(me, &finding(&base, files(3), true)));
    record.charge_once(me, at(1), Charge::new_file(10));
    let before = record.clone();
    assert!(!record.take(me, &finding(&base, files(3), true)));
    assert_eq!(record, before);
}

#[test]
fn what_another_replica_charged_or_removed_during_a_count_asks_for_another() {
    let (me, other) = replicas();
    for charge in [Charge::new_file(10), Charge::removal()] {
        let mut record = UsageRecord::never_counted();
        let base = record.clone();
        record.charge_once(other, at(2000), charge);
        assert!(record.take(me, &finding(&base, files(3), true)));
        assert_eq!(record.total(), files(3).plus(charge.amount));
        assert!(record.removed != record.removed_counted);
    }
}

#[test]
fn a_quiet_count_is_the_last_word() {
    let (me, _) = replicas();
    let mut record = UsageRecord::default();
    record.charge_once(me, at(1), Charge::new_file(10).and_removes());
    let base = record.clone();
    assert!(record.needs_count(me));
    assert!(record.take(me, &finding(&base, files(1), true)));
    assert_eq!(record.total(), files(1));
    assert!(!record.needs_count(me));
    assert_eq!((record.charged.len(), record.leases.len()), (0, 0));
}

#[test]
fn a_count_that_is_not_quiet_leaves_its_own_mark_and_asks_for_another() {
    let (me, _) = replicas();
    let mut record = UsageRecord::default();
    record.charge_once(me, at(1), Charge::new_file(10));
    let base = record.clone();
    assert!(record.take(me, &finding(&base, files(2), false)));
    assert!(record.needs_count(me));
    assert!(record.charged.contains_key(&me));
}

#[test]
fn marks_of_others_stand_until_nothing_of_theirs_can_come() {
    let (me, other) = replicas();
    for (marked, stands) in [(at(940), false), (at(941), true)] {
        let mut record = UsageRecord::default();
        record.charge_once(other, marked, Charge::new_file(10));
        record.leases.insert(other, Lease { number: 1, renewed: marked, spent: files(0), removed: 0 });
        let base = record.clone();
        assert!(record.take(me, &finding(&base, files(1), true)));
        assert_eq!((record.needs_count(me), record.leases.len()), (stands, usize::from(stands)));
    }
}

#[test]
fn a_lease_of_mine_that_i_do_not_hold_is_swept_away() {
    let (me, _) = replicas();
    // Opening it was answered by nothing, so memory knows of none.
    let mut record = UsageRecord::default();
    record.open_lease(me, at(1), spent(7, 1, 0));
    let mut counted = record.clone();
    assert!(counted.take(me, &finding(&record, files(0), true)));
    assert!(counted.leases.is_empty());
    record.charge_once(me, at(2), Charge::new_file(10));
    assert!(record.leases.is_empty());
    assert_eq!(record.total(), files(2));
}

#[test]
fn folding_twice_is_folding_once() {
    let (me, _) = replicas();
    let mut record = UsageRecord::default();
    record.open_lease(me, at(1), spent(7, 1, 0));
    for _ in 0..2 {
        assert!(record.fold(me, at(2), spent(7, 5, 2), spent(7, 1, 0)));
        assert_eq!((record.total(), record.removed), (files(5), 2));
    }
    record.close(me);
    assert!(record.leases.is_empty());
}

#[test]
fn a_lease_that_others_took_away_is_charged_and_counted() {
    let (me, _) = replicas();
    for number in [None, Some(8)] {
        let mut record = UsageRecord::default();
        if let Some(number) = number {
            record.open_lease(me, at(1), spent(number, 0, 0));
        }
        assert!(!record.fold(me, at(2), spent(7, 5, 2), spent(7, 1, 1)));
        assert_eq!((record.total(), record.removed), (files(4), 2));
    }
}

#[test]
fn the_document_reads_back() {
    let (me, other) = replicas();
    let mut record = UsageRecord::never_counted();
    record.charge_once(other, at(2000), Charge::new_file(10));
    record.open_lease(me, at(1), spent(7, 1, 0));
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<UsageRecord>(&text).unwrap(), record);
}
