//! Whether a store will do, found out by trying: at the first start over it, where the verdict is
//! kept, and on demand, where each check is told.

mod bench;
mod calls;
mod check;
mod diagnosis;
mod report;
mod run;
mod trials;
mod verdict;

pub use check::Check;
pub use diagnosis::Diagnosis;
pub use report::{Conclusion, Finding, Outcome, Report};
pub use run::Patience;
pub use verdict::{Promise, Verdict};

use self::bench::Bench;
use self::run::{After, try_all};
use super::s3::S3Store;
use super::{Capabilities, ObjectStore, StoreError, StoreErrorKind, StoreResult};

/// How long the removal of what was tried may take.
const CLEANING: std::time::Duration = std::time::Duration::from_secs(60);

impl S3Store {
    /// Tries out what the store does, below the scratch prefix of `run`.
    ///
    /// # Errors
    /// When the store fails; what it ignores or refuses is in the verdict.
    pub async fn probe(&self, run: &str) -> StoreResult<Verdict> {
        let (asked, detour) = self.without_detours();
        let found = judge(&Bench::new(&asked, &detour, run)).await?;
        Ok(Verdict { store: self.identity(), ..found })
    }

    /// What is asked of the store is what is tried; but for copies by parts, which are a detour.
    pub(in crate::store) fn without_detours(&self) -> (Self, Self) {
        let detour = Capabilities { conditional_copy: false, ..Capabilities::all() };
        (self.clone().with_capabilities(Capabilities::all()), self.clone().with_capabilities(detour))
    }
}

/// Tries only the promises about conditions of a put, which data is lost without, in four small
/// requests. Answers those that `store` breaks.
///
/// # Errors
/// When the store fails.
pub async fn examine_puts(store: &dyn ObjectStore, run: &str) -> StoreResult<Vec<Promise>> {
    Bench::new(store, store, run).try_puts().await
}

/// Tries out what `store` does by itself. An [`S3Store`] takes no detour in [`S3Store::probe`].
///
/// # Errors
/// When the store fails; what it ignores or refuses is in the verdict.
pub async fn examine(store: &dyn ObjectStore, run: &str) -> StoreResult<Verdict> {
    judge(&Bench::new(store, store, run)).await
}

async fn judge(bench: &Bench<'_>) -> StoreResult<Verdict> {
    let mut report = try_all(bench, Patience::default(), After::Stop, &mut |_| {}).await;
    // A probe that was cut off leaves a few scratch objects, which the next one's prefix does not meet.
    let left = clean(bench).await;
    if let Some(error) = report.take_error() {
        // What was seen to be broken stays broken, whatever the rest may be.
        let seen = report.verdict();
        return if seen.refusal().is_some() { Ok(Verdict { incomplete: true, ..seen }) } else { Err(error) };
    }
    if !left.is_empty() && report.denied().is_empty() {
        let message = format!("cannot remove what was written to try the store out: {}", left.join(", "));
        return Err(StoreError::new(StoreErrorKind::Unavailable, message));
    }
    Ok(report.verdict())
}

async fn clean(bench: &Bench<'_>) -> Vec<String> {
    match tokio::time::timeout(CLEANING, bench.clean()).await {
        Ok(left) => left,
        Err(_) => vec![format!("everything under `{}`", crate::key::KeyPrefix::scratch(bench.run))],
    }
}

#[cfg(test)]
mod tests;
