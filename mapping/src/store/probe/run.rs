//! Tries everything in order, and tells a store that does otherwise from one that does not answer.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::bench::Bench;
use super::check::Check;
use super::report::{Finding, Outcome, Report};
use super::trials::{Seen, attempt};
use crate::store::operation::Operation;
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// One check.
    pub check: Duration,
    /// All of them. What is left then is not tried.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { check: Duration::from_secs(60), whole: Duration::from_secs(300) }
    }
}

/// What to do after something that could not be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Go on with the next one.
    GoOn,
    /// Leave it: the answer would be no answer.
    Stop,
}

/// Tries out everything. `begun` is told what is tried next.
pub(super) async fn try_all(
    bench: &Bench<'_>,
    patience: Patience,
    after: After,
    begun: &mut (dyn FnMut(Check) + Send),
) -> Report {
    let until = Instant::now() + patience.whole;
    let mut report = Report::default();
    for check in Check::all() {
        let finding = if let Some(missing) = missing(&report, check) {
            missing
        } else if Instant::now() >= until {
            untried(check, format!("all of it took longer than {} s", patience.whole.as_secs()))
        } else {
            begun(check);
            let allowed = patience.check.min(until.saturating_duration_since(Instant::now()));
            find(check, timeout(allowed, attempt(bench, check)).await, allowed)
        };
        let stop = after == After::Stop && finding.error.is_some();
        report.findings.push(finding);
        if stop {
            break;
        }
    }
    report.findings.sort_by_key(|finding| finding.check.place());
    report
}

fn untried(check: Check, detail: String) -> Finding {
    Finding { check, outcome: Outcome::Untried, detail: Some(detail), denied: false, error: None }
}

/// What comes of a check that needs a call which is not there. Where both can be done without, so
/// can the check.
fn missing(report: &Report, check: Check) -> Option<Finding> {
    let outcome = |operation: &Operation| report.outcome(Check::Allowed(*operation)).unwrap_or(Outcome::Holds);
    let missing = needed(check).into_iter().find(|operation| outcome(operation) != Outcome::Holds)?;
    let finding = untried(check, format!("needs {}", Check::Allowed(missing).title()));
    let dispensable = outcome(&missing) == Outcome::Fallback && check.otherwise() == Outcome::Fallback;
    Some(if dispensable { Finding { outcome: Outcome::Fallback, ..finding } } else { finding })
}

/// The calls without which a check says nothing.
fn needed(check: Check) -> Vec<Operation> {
    use Operation::{
        CompleteMultipart, Copy, CreateMultipart, Delete, Get, Head, List, ListParts, Put, PutPart, SetTags, Tags,
    };
    let upload = [CreateMultipart, PutPart, CompleteMultipart];
    match check {
        Check::Bucket | Check::Clock | Check::Allowed(List | Put | CreateMultipart) => Vec::new(),
        Check::Allowed(PutPart | Operation::AbortMultipart | Operation::ListMultiparts) => vec![CreateMultipart],
        Check::Allowed(ListParts | CompleteMultipart) => vec![CreateMultipart, PutPart],
        Check::Allowed(Operation::DeleteMany) => vec![Put, Head],
        Check::Allowed(_) => vec![Put],
        Check::CreateOnce | Check::CreatesRacing | Check::ReplaceWhatWasRead | Check::ReplacesRacing => vec![Put, Get],
        Check::Metadata => vec![Put, Head],
        Check::Ranges => vec![Put, Get],
        Check::Listing => vec![Put, List],
        Check::Multipart => [&upload[..], &[ListParts, Head, Get]].concat(),
        Check::CopyAnyName => vec![Put, Get, Copy, List],
        Check::CopyByParts => [&upload[..], &[Put, Get, Copy]].concat(),
        Check::CopyConditions => vec![Put, Get, Copy],
        Check::DeleteConditions => vec![Put, Head, Delete],
        Check::CompleteConditions => [&upload[..], &[Put, Get, ListParts, Operation::AbortMultipart]].concat(),
        Check::CompletesRacing => [&upload[..], &[Head, Get, Operation::AbortMultipart]].concat(),
        Check::CompleteAgain => upload.to_vec(),
        Check::Tags => vec![Put, SetTags, Tags],
    }
}

fn find(check: Check, answer: Result<StoreResult<Seen>, tokio::time::error::Elapsed>, allowed: Duration) -> Finding {
    let found = |outcome, detail| Finding { check, outcome, detail, denied: false, error: None };
    let error = match answer {
        Ok(Ok(Seen { holds: true, detail })) => return found(Outcome::Holds, detail),
        Ok(Ok(Seen { holds: false, detail })) => return found(check.otherwise(), detail),
        Ok(Err(error)) => error,
        Err(_) => {
            let message = format!("it took longer than {} s", allowed.as_secs());
            StoreError::new(StoreErrorKind::Unavailable, message)
        }
    };
    let detail = Some(error.message().to_owned());
    match error.kind() {
        StoreErrorKind::AccessDenied => Finding { denied: true, ..found(check.otherwise(), detail) },
        StoreErrorKind::Refused => found(check.where_missing(), detail),
        StoreErrorKind::NotFound | StoreErrorKind::InvalidPart | StoreErrorKind::InvalidRange => {
            found(check.otherwise(), detail)
        }
        _ => Finding { error: Some(error), ..found(Outcome::Untried, detail) },
    }
}

impl Report {
    /// The first failure of the store, when there was one.
    pub(super) fn take_error(&mut self) -> Option<StoreError> {
        self.findings.iter_mut().find_map(|finding| finding.error.take())
    }
}
