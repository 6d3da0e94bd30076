//! Whether a store will do, found out by trying. Run once per bucket; the verdict is kept.

mod trials;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::s3::S3Store;
use super::{Capabilities, ObjectStore, StoreResult};

/// What every store must keep. Without it, two replicas, or one that is restarted, lose data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// `If-None-Match: *` on a put: one of two creators learns that it was second.
    CreateOnce,
    /// `If-Match` on a put: nobody overwrites what they have not seen.
    ReplaceWhatWasRead,
    /// Metadata comes back as it was put.
    KeepMetadata,
    /// A range is answered with that range.
    ReadRanges,
    /// ListObjectsV2 pages, folds by a delimiter and starts after a key.
    ListPages,
}

impl Promise {
    /// What is lost without it, for the person who chose the store.
    const fn consequence(self) -> &'static str {
        match self {
            Self::CreateOnce => {
                "it ignores `If-None-Match: *` on writes, so two folders of one name could overwrite each other"
            }
            Self::ReplaceWhatWasRead => {
                "it ignores `If-Match` on writes, so two changes of one folder could overwrite each other"
            }
            Self::KeepMetadata => {
                "it does not give metadata back, so a write whose answer was lost could not be told from another's"
            }
            Self::ReadRanges => "it ignores `Range`, so a download could not be resumed",
            Self::ListPages => "it does not list page by page, so files could be missing from a listing",
        }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.consequence())
    }
}

/// What the probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Which store was tried: see [`S3Store::identity`]. Empty where that was not noted.
    #[serde(default)]
    pub store: String,
    /// What the store does beyond the promises.
    #[serde(default = "Capabilities::unproved")]
    pub capabilities: Capabilities,
    /// The promises that it breaks.
    #[serde(default)]
    pub broken: Vec<Promise>,
}

impl Verdict {
    /// Why this store is refused, as a sentence; `None` when it will do.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let reasons: Vec<_> = self.broken.iter().map(|promise| promise.consequence()).collect();
        (!reasons.is_empty()).then(|| format!("this store will not do: {}", reasons.join("; and ")))
    }

    /// Whether the promises that it breaks are only such as matter between several writers, so
    /// that one replica that takes locks in its own memory can live without them.
    #[must_use]
    pub fn suits_single_writer(&self) -> bool {
        self.broken.iter().all(|promise| matches!(promise, Promise::CreateOnce | Promise::ReplaceWhatWasRead))
    }

    /// What is worse than on a store that does everything, a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let Capabilities { conditional_copy, conditional_delete, conditional_complete, tags } = self.capabilities;
        let mut warnings = Vec::new();
        if !tags {
            warnings.push("it has no object tags: policies and cost reports cannot tell data from control objects");
        }
        if !conditional_complete {
            warnings.push(
                "it does not check conditions when a multipart upload completes: of two uploads that finish at the \
                 same moment, the later one wins",
            );
        }
        if !conditional_delete {
            warnings.push(
                "it does not check conditions on a delete: an overwrite in the same milliseconds may be deleted with it",
            );
        }
        if !conditional_copy {
            warnings.push("it does not check conditions on a copy: a copy that must not overwrite takes four requests");
        }
        warnings
    }
}

impl S3Store {
    /// Tries out what the store does, below the scratch prefix of `run`.
    ///
    /// # Errors
    /// When the store fails; what it ignores or refuses is in the verdict.
    pub async fn probe(&self, run: &str) -> StoreResult<Verdict> {
        // Without detours: what is asked of the store is what is tried.
        let found = examine(&self.clone().with_capabilities(Capabilities::all()), run).await?;
        Ok(Verdict { store: self.identity(), ..found })
    }
}

/// Tries only the promises about conditions of a put, which data is lost without, in four small
/// requests. Answers those that `store` breaks.
///
/// # Errors
/// When the store fails.
pub async fn examine_puts(store: &dyn ObjectStore, run: &str) -> StoreResult<Vec<Promise>> {
    trials::Bench { store, run }.try_puts().await
}

/// Tries out what `store` does by itself. An [`S3Store`] takes no detour in [`S3Store::probe`].
///
/// # Errors
/// When the store fails; what it ignores or refuses is in the verdict.
pub async fn examine(store: &dyn ObjectStore, run: &str) -> StoreResult<Verdict> {
    let bench = trials::Bench { store, run };
    let found = bench.try_all().await;
    // A probe that was cut off leaves a few scratch objects, which the next one's prefix does not meet.
    let cleaned = bench.clean().await;
    let verdict = found?;
    cleaned?;
    Ok(verdict)
}

#[cfg(test)]
mod tests;
