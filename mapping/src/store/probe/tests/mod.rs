//! That the probe believes nothing it has not seen.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::ManualClock;
use crate::store::Store;
use crate::store::counted::CountedStore;
use crate::store::faulty::{Fault, Faults, FaultyStore};
use crate::store::memory::MemoryStore;
use crate::store::odd::{Conditions, Odd};
use crate::store::operation::Operation;

fn memory() -> MemoryStore {
    MemoryStore::new(Arc::new(ManualClock::new())).with_least_part(1)
}

/// A store that ignores every condition.
fn careless() -> Odd {
    Odd { conditions: Conditions::Ignored, ..Odd::around(Arc::new(memory())) }
}

async fn diagnosed(store: &dyn ObjectStore) -> Report {
    let clock = ManualClock::new();
    let stop = CancellationToken::new();
    let diagnosis = Diagnosis { run: "run", clock: &clock, patience: Patience::default(), stop };
    diagnosis.try_out(store, store, &mut |_| {}).await
}

#[tokio::test]
async fn a_store_that_does_everything_is_taken() {
    let store = memory();
    let verdict = examine(&store, "run").await.unwrap();
    assert_eq!(
        verdict,
        Verdict {
            store: String::new(),
            capabilities: Capabilities::all(),
            broken: Vec::new(),
            denied: Vec::new(),
            incomplete: false
        }
    );
    assert_eq!((verdict.refusal(), verdict.warnings()), (None, Vec::new()));
    assert!(format!("{store:?}").contains("objects: 0") && store.unfinished().is_empty(), "the probe cleans up");
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_refused_with_the_reason() {
    let store = careless();
    let verdict = examine(&store, "run").await.unwrap();
    assert_eq!(verdict.broken, [Promise::CreateOnce, Promise::ReplaceWhatWasRead]);
    let tags = Capabilities { tags: true, ..none() };
    assert_eq!(verdict.capabilities, tags);
    let refusal = verdict.refusal().unwrap();
    assert!(refusal.contains("`If-None-Match: *`") && refusal.contains("`If-Match`"), "{refusal}");
    assert!(verdict.suits_single_writer());
    assert_eq!(verdict.warnings().len(), 3);
}

#[tokio::test]
async fn a_store_that_keeps_and_lists_little_is_refused_even_for_one_writer() {
    let store = Odd { forgets: true, ..careless() };
    let verdict = examine(&store, "run").await.unwrap();
    assert_eq!(verdict.broken.len(), 5, "{verdict:?}");
    assert_eq!(verdict.capabilities, none());
    assert!(!verdict.suits_single_writer());
}

#[test]
fn a_verdict_is_kept_as_json() {
    let verdict = Verdict {
        store: String::new(),
        capabilities: none(),
        broken: vec![Promise::ReplaceWhatWasRead],
        denied: Vec::new(),
        incomplete: false,
    };
    let text = serde_json::to_string(&verdict).unwrap();
    assert!(text.contains("\"replace_what_was_read\""), "{text}");
    assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
}

fn none() -> Capabilities {
    Capabilities {
        conditional_copy: false,
        conditional_delete: false,
        conditional_complete: false,
        tags: false,
        bulk_delete: true,
    }
}

#[tokio::test]
async fn a_store_that_fails_once_is_not_misjudged() {
    for ignores in [false, true] {
        let store = || -> Store { if ignores { Arc::new(careless()) } else { Arc::new(memory()) } };
        let counted = FaultyStore::new(store(), Faults::default());
        let truth = examine(&counted, "run").await.unwrap();
        let mut judged = 0;
        let faults = [Fault::Refuse, Fault::Conflict, Fault::LoseAnswer, Fault::Resend, Fault::CutBody];
        for (first, fault) in (1..).zip(faults) {
            // A third of the calls for each fault: all of them in turn.
            for number in (first..=counted.calls()).step_by(3) {
                let faulty = FaultyStore::new(store(), Faults::once(number, fault));
                match examine(&faulty, "run").await {
                    Ok(verdict) if verdict.incomplete => {
                        assert!(ignores && !verdict.suits_single_writer(), "{fault:?} at call {number}: {verdict:?}");
                    }
                    Ok(verdict) => {
                        assert_eq!(verdict, truth, "{fault:?} at call {number}");
                        judged += 1;
                    }
                    Err(_) => {}
                }
            }
        }
        assert!(judged > 0);
    }
}

#[test]
fn a_verdict_that_says_less_is_read() {
    let verdict: Verdict = serde_json::from_str("{\"capabilities\":{\"tags\":true}}").unwrap();
    assert_eq!(verdict.capabilities, Capabilities { tags: true, ..none() });
    assert!(verdict.store.is_empty() && verdict.broken.is_empty());
}

#[tokio::test]
async fn at_each_start_four_requests_tell_whether_puts_are_checked() {
    let counted = CountedStore::new(Arc::new(memory()));
    assert_eq!(examine_puts(&counted, "run").await.unwrap(), []);
    assert_eq!(counted.counts().to_string(), "put 3, delete 1");
    let broken = examine_puts(&careless(), "run").await.unwrap();
    assert_eq!(broken, [Promise::CreateOnce, Promise::ReplaceWhatWasRead]);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named_with_what_needs_it() {
    for operation in Operation::ALL {
        let memory = Arc::new(memory());
        let store = Odd { denied: Some(operation), ..Odd::around(Arc::<MemoryStore>::clone(&memory)) };
        let report = diagnosed(&store).await;
        let found = report.findings.iter().find(|finding| finding.check == Check::Allowed(operation)).unwrap();
        assert!(found.denied && found.detail.is_some(), "{operation:?}: {found:?}");
        let verdict = report.verdict();
        if matches!(operation, Operation::Tags | Operation::SetTags) {
            assert_eq!((found.outcome, report.conclusion()), (Outcome::Fallback, Conclusion::WillDo), "{operation:?}");
            assert!(!verdict.capabilities.tags && verdict.refusal().is_none(), "{operation:?}");
            continue;
        }
        assert_eq!((found.outcome, report.conclusion()), (Outcome::Fails, Conclusion::WillNotDo), "{operation:?}");
        let denied = report.denied();
        assert!(denied.iter().all(|denied| denied.iam_action() == operation.iam_action()), "{operation:?}: {denied:?}");
        let refusal = verdict.refusal().unwrap();
        assert!(refusal.contains(operation.iam_action()), "{operation:?}: {refusal}");
        assert!(!found.check.without().is_empty() && found.way_out().unwrap().contains("policy"), "{operation:?}");
        assert_eq!(report.left.is_empty(), is_empty(&memory), "{operation:?}: {:?}", report.left);
        let at_start = examine(&store, "start").await.unwrap();
        assert_eq!(at_start.refusal(), Some(refusal), "a start says the same");
    }
}

/// Whether nothing of a run is left in the store; what is, is to be told.
fn is_empty(memory: &MemoryStore) -> bool {
    format!("{memory:?}").contains("objects: 0") && memory.unfinished().is_empty()
}

#[tokio::test]
async fn a_call_that_a_store_does_not_have_is_a_detour_or_a_refusal() {
    for (operation, conclusion) in [
        (Operation::DeleteMany, Conclusion::WillDo),
        (Operation::ListMultiparts, Conclusion::WillDo),
        (Operation::Copy, Conclusion::WillNotDo),
        (Operation::ListParts, Conclusion::WillNotDo),
    ] {
        let store = Odd { lacks: Some(operation), ..Odd::around(Arc::new(memory())) };
        let report = diagnosed(&store).await;
        assert_eq!(report.conclusion(), conclusion, "{operation:?}");
        let verdict = report.verdict();
        assert_eq!(verdict.refusal().is_some(), conclusion == Conclusion::WillNotDo, "{operation:?}");
        assert_eq!(verdict.capabilities.bulk_delete, operation != Operation::DeleteMany);
        assert!(report.left.is_empty() && report.denied().is_empty(), "{operation:?}: {:?}", report.left);
    }
}

#[tokio::test]
async fn a_store_that_looks_and_then_writes_is_caught_by_writers_at_once() {
    let store = Odd { conditions: Conditions::Looked, ..Odd::around(Arc::new(memory())) };
    let report = diagnosed(&store).await;
    for (check, outcome) in [
        (Check::CreateOnce, Outcome::Holds),
        (Check::CreatesRacing, Outcome::Fails),
        (Check::ReplaceWhatWasRead, Outcome::Holds),
        (Check::ReplacesRacing, Outcome::Fails),
        (Check::CompleteConditions, Outcome::Holds),
        (Check::CompletesRacing, Outcome::Fallback),
    ] {
        assert_eq!(report.outcome(check), Some(outcome), "{check:?}");
    }
    let verdict = report.verdict();
    assert_eq!(verdict.broken, [Promise::CreateOnce, Promise::ReplaceWhatWasRead]);
    assert!(!verdict.capabilities.conditional_complete);
    assert_eq!(report.conclusion(), Conclusion::SingleWriter);
}

#[tokio::test]
async fn a_condition_that_is_denied_is_one_that_does_not_hold() {
    // As a policy does that lets nothing be overwritten.
    let store = Odd { conditions: Conditions::Denied, ..Odd::around(Arc::new(memory())) };
    let verdict = examine(&store, "run").await.unwrap();
    assert_eq!(
        (verdict.broken.as_slice(), verdict.denied.as_slice()),
        ([Promise::ReplaceWhatWasRead].as_slice(), [].as_slice())
    );
    assert!(verdict.refusal().unwrap().contains("`If-Match`"));
    assert!(!diagnosed(&store).await.verdict().reasons().is_empty());
}

#[tokio::test]
async fn a_complete_that_is_atomic_only_by_itself_is_not_relied_on() {
    let store = Odd { conditions: Conditions::LookedAtComplete, ..Odd::around(Arc::new(memory())) };
    let verdict = examine(&store, "run").await.unwrap();
    assert_eq!(verdict.refusal(), None);
    assert_eq!(verdict.capabilities, Capabilities { conditional_complete: false, ..Capabilities::all() });
}

#[tokio::test]
async fn a_store_that_is_away_is_not_judged() {
    let store = FaultyStore::new(Arc::new(memory()), Faults { refused: 1000, ..Faults::default() });
    let report = diagnosed(&store).await;
    assert_eq!(report.conclusion(), Conclusion::Unknown);
    assert!(examine(&store, "run").await.is_err());
}

#[tokio::test]
async fn what_is_stopped_is_not_judged_and_cleared_away() {
    let memory = memory();
    let (clock, stop) = (ManualClock::new(), CancellationToken::new());
    let diagnosis = Diagnosis { run: "run", clock: &clock, patience: Patience::default(), stop: stop.clone() };
    let slow = FaultyStore::new(
        Arc::new(memory),
        Faults { latency: std::time::Duration::from_millis(1), ..Faults::default() },
    );
    let mut begun = |check| {
        if check == Check::Multipart {
            stop.cancel();
        }
    };
    let report = diagnosis.try_out(&slow, &slow, &mut begun).await;
    assert_eq!(report.conclusion(), Conclusion::Unknown);
    assert!(report.left.is_empty());
    let listed = slow.list(crate::store::ListRequest::all(crate::key::KeyPrefix::everything())).await.unwrap();
    assert!(listed.objects.is_empty(), "{listed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_takes_no_longer_than_it_may() {
    let store = Odd { hangs: true, ..Odd::around(Arc::new(memory())) };
    let began = tokio::time::Instant::now();
    let report = diagnosed(&store).await;
    assert_eq!(report.conclusion(), Conclusion::Unknown);
    assert!(began.elapsed() <= Patience::default().whole + CLEANING, "{:?}", began.elapsed());
}

#[test]
fn verdicts_of_before_are_read() {
    let text = r#"{"store": "3f1c", "capabilities": {"conditional_copy": true, "conditional_delete": true,
        "conditional_complete": true, "tags": true}, "broken": []}"#;
    let verdict: Verdict = serde_json::from_str(text).unwrap();
    assert_eq!((verdict.capabilities, verdict.refusal()), (Capabilities::all(), None));
}
