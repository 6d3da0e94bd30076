//! The single trials. Each says whether something holds; a failing store is an error.

mod calls;
mod conditions;
mod multipart;
mod objects;
mod races;

use super::bench::Bench;
use super::check::Check;
use crate::store::{StoreErrorKind, StoreResult};

/// What a trial has seen.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) holds: bool,
    pub(super) detail: Option<String>,
}

impl From<bool> for Seen {
    fn from(holds: bool) -> Self {
        Self { holds, detail: None }
    }
}

impl Seen {
    fn not(detail: impl Into<String>) -> Self {
        Self { holds: false, detail: Some(detail.into()) }
    }
}

/// Tries one thing.
pub(super) async fn attempt(bench: &Bench<'_>, check: Check) -> StoreResult<Seen> {
    match check {
        // Those two are looked at on the way to the bucket.
        Check::Bucket | Check::Clock => Ok(true.into()),
        Check::Allowed(operation) => bench.may(operation).await,
        Check::CreateOnce => bench.creates_once().await.map(Seen::from),
        Check::CreatesRacing => bench.one_creator_wins().await,
        Check::ReplaceWhatWasRead => bench.replaces_what_was_read().await,
        Check::ReplacesRacing => bench.one_replacer_wins().await,
        Check::Metadata => bench.keeps_metadata().await.map(Seen::from),
        Check::Ranges => bench.reads_ranges().await.map(Seen::from),
        Check::Listing => bench.lists_pages().await,
        Check::Multipart => bench.joins_parts().await,
        Check::CopyAnyName => bench.copies_any_name().await,
        Check::CopyByParts => bench.copies_by_parts().await.map(Seen::from),
        Check::CopyConditions => bench.checks_copies().await.map(Seen::from),
        Check::DeleteConditions => bench.checks_deletes().await.map(Seen::from),
        Check::CompleteConditions => bench.checks_completes().await.map(Seen::from),
        Check::CompletesRacing => bench.one_complete_wins().await,
        Check::CompleteAgain => bench.completes_again().await.map(Seen::from),
        Check::Tags => bench.keeps_tags().await.map(Seen::from),
    }
}

/// Whether a write that must not be done was refused. Success means that its condition was ignored.
fn was_checked<T>(result: StoreResult<T>) -> StoreResult<bool> {
    match result {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == StoreErrorKind::PreconditionFailed => Ok(true),
        // 501 and its kin: the store knows the header and does not have it.
        Err(error) if error.kind() == StoreErrorKind::Refused => Ok(false),
        Err(error) => Err(error),
    }
}
