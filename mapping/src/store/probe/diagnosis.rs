//! The probe on demand: from the way to the bucket, and the time there, to every single check.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::bench::Bench;
use super::check::Check;
use super::clean;
use super::report::{Finding, Outcome, Report};
use super::run::{After, Patience, try_all};
use crate::clock::{Clock, Timestamp};
use crate::store::s3::{Reach, S3Store};
use crate::store::{ObjectStore, StoreErrorKind};

/// Apart by more, it is worth a word.
const NOTICED: Duration = Duration::from_secs(5);
/// Apart by more, S3 refuses every signature.
const REFUSED: Duration = Duration::from_secs(15 * 60);

/// How a store is tried on demand.
#[derive(Debug)]
pub struct Diagnosis<'d> {
    /// Names the scratch objects: nobody else's may have the name.
    pub run: &'d str,
    /// What time it is here.
    pub clock: &'d dyn Clock,
    /// How long it may take.
    pub patience: Patience,
    /// Ends it early; what was written is removed all the same.
    pub stop: CancellationToken,
}

impl Diagnosis<'_> {
    /// Tries out everything and tells of each check; goes on where one fails. `begun` is told what
    /// is tried next. Nothing but the scratch objects of the run is written, and those are removed.
    pub async fn of(&self, store: &S3Store, begun: &mut (dyn FnMut(Check) + Send)) -> Report {
        begun(Check::Bucket);
        let before = self.clock.now();
        let reach = store.reach().await;
        let clock = reach.date.map(|date| apart(date, before, self.clock.now()));
        let reached = reach.answer.is_ok() || reach.only_denied;
        let mut findings = vec![bucket(reach)];
        findings.extend(clock);
        if !reached {
            return Report { findings, left: Vec::new() };
        }
        let (asked, detour) = store.without_detours();
        let mut report = self.try_out(&asked, &detour, begun).await;
        report.findings.splice(0..0, findings);
        report
    }

    /// The same for a store of any kind, which is asked for everything but where it is.
    pub async fn try_out(
        &self,
        store: &dyn ObjectStore,
        detour: &dyn ObjectStore,
        begun: &mut (dyn FnMut(Check) + Send),
    ) -> Report {
        let bench = Bench::new(store, detour, self.run);
        let mut report = tokio::select! {
            report = try_all(&bench, self.patience, After::GoOn, begun) => report,
            () = self.stop.cancelled() => Report::default(),
        };
        report.left = clean(&bench).await;
        report
    }
}

fn bucket(reach: Reach) -> Finding {
    let found = |outcome, detail| Finding { check: Check::Bucket, outcome, detail, denied: false, error: None };
    match reach.answer {
        Ok(()) => found(Outcome::Holds, None),
        Err(_) if reach.only_denied => {
            found(Outcome::Holds, Some("it is there, but these credentials may not look at it".to_owned()))
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let cause = cause.filter(|_| error.kind() == StoreErrorKind::Unavailable);
            let detail = std::iter::once(error.message().to_owned()).chain(cause).collect::<Vec<_>>().join(": ");
            found(Outcome::Untried, Some(detail))
        }
    }
}

/// The store's answer is dated to the second and was given between two looks at our own clock.
fn apart(date: Timestamp, before: Timestamp, after: Timestamp) -> Finding {
    let (ahead, behind) = (date.since(after), before.since(date.plus(Duration::from_secs(1))));
    let apart = ahead.max(behind);
    let outcome = match apart {
        apart if apart >= REFUSED => Outcome::Fails,
        apart if apart >= NOTICED => Outcome::Fallback,
        _ => Outcome::Holds,
    };
    let seconds = apart.as_secs();
    let detail = match outcome {
        Outcome::Holds => format!("{seconds} s apart"),
        _ if ahead > behind => format!("the store is {seconds} s ahead of this machine"),
        _ => format!("the store is {seconds} s behind this machine"),
    };
    Finding { check: Check::Clock, outcome, detail: Some(detail), denied: false, error: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_are_apart_are_told_by_the_second() {
        let here = Timestamp::from_millis(1_767_225_600_400);
        for (millis, outcome, part) in [
            (1_767_225_600_000, Outcome::Holds, "0 s apart"),
            (1_767_225_604_000, Outcome::Holds, "3 s apart"),
            (1_767_225_607_000, Outcome::Fallback, "6 s ahead"),
            (1_767_225_540_000, Outcome::Fallback, "59 s behind"),
            (1_767_226_600_000, Outcome::Fails, "999 s ahead"),
            (1_767_224_600_000, Outcome::Fails, "999 s behind"),
        ] {
            let found = apart(Timestamp::from_millis(millis), here, here.plus(Duration::from_millis(100)));
            let detail = found.detail.unwrap();
            assert!(found.outcome == outcome && detail.contains(part), "{millis}: {:?} {detail}", found.outcome);
        }
    }
}
