//! Multipart uploads of files that no session holds: of a start that died before it noted its own, and of
//! copies by parts, which note none.

use std::collections::BTreeSet;

use super::sweep::{Sweep, finding, unreadable};
use crate::error::{ErrorKind, Result};
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::Unfinished;
use crate::sweep::{Finding, What};

impl Sweep<'_> {
    /// Aborts the old multipart uploads below `folders/` that no session holds, whoever left them there;
    /// to be called when the sessions were read. One request for each 1,000 that are unfinished, and three
    /// or more for a key that has an orphan.
    ///
    /// MinIO lists nothing here, and drops what is old by itself. Prefixes that were adopted are left out:
    /// what is unfinished there may be another program's.
    pub(super) async fn abort_strays(&mut self) -> Result<()> {
        let (prefix, mut after) = (KeyPrefix::data(), None);
        loop {
            let page = self.bucket.store().list_multiparts_below(&prefix, after).await.map_err(unreadable);
            let Some(page) = passed_over(prefix.as_str(), page)? else { return Ok(()) };
            for key in self.strays_of(page.uploads) {
                let _all_are_gone = passed_over(key.as_str(), self.abort_orphans(&key).await)?;
            }
            let Some(next) = page.next else { return Ok(()) };
            after = Some(next);
        }
    }

    /// The keys that have an old upload which no session holds that was read.
    fn strays_of(&self, uploads: Vec<Unfinished>) -> BTreeSet<ObjectKey> {
        let fixed = self.records.values().filter_map(|record| record.fixed.as_ref());
        let held: BTreeSet<&str> = fixed.map(|fixed| fixed.multipart.0.as_str()).collect();
        let is_stray = |upload: &Unfinished| {
            let id = upload.id.0.as_str();
            self.is_old(upload) && !held.contains(id) && !self.aborted.contains(id)
        };
        uploads.into_iter().filter(is_stray).map(|upload| upload.key).collect()
    }

    /// Aborts the multipart uploads of a file's key that no session holds. `false` when one of
    /// them may be about to come into the record of a session that is under way, or is so young
    /// that it may be the detour of a copy, which no session holds either and which may run for hours.
    pub(super) async fn abort_orphans(&mut self, key: &ObjectKey) -> Result<bool> {
        let listed = self.bucket.store().list_multiparts(key).await.map_err(unreadable)?;
        if listed.is_empty() {
            return Ok(true);
        }
        // Looked at after the listing: whose multipart upload was listed has had a record before.
        let Some(held) = self.held_of(key).await? else { return Ok(false) };
        let needed = |upload: &Unfinished| held.contains(&upload.id.0) || self.aborted.contains(&upload.id.0);
        let orphans = listed.into_iter().filter(|upload| !needed(upload));
        let (old, young): (Vec<_>, Vec<_>) = orphans.partition(|orphan| self.is_old(orphan));
        for orphan in &old {
            let age = Some(self.now.since(orphan.initiated));
            let place = format!("{key} ({})", orphan.id.0);
            let finding = Finding { place, ..finding(What::Multipart, key, "no upload holds it", age) };
            let work = async { self.abort(key, &orphan.id).await.map(|()| 1) };
            self.run.settle(finding, work).await?;
            self.aborted.insert(orphan.id.0.clone());
        }
        Ok(young.is_empty())
    }

    fn is_old(&self, upload: &Unfinished) -> bool {
        self.now.since(upload.initiated) >= self.bucket.settings().session_life
    }

    /// The multipart uploads of `key` that live sessions hold; `None` when one has none yet.
    async fn held_of(&mut self, key: &ObjectKey) -> Result<Option<BTreeSet<String>>> {
        let mut held = BTreeSet::new();
        for id in self.list().await?.into_keys() {
            let elsewhere = self.records.get(&id).is_some_and(|record| record.key() != *key);
            if elsewhere {
                continue;
            }
            let Some(record) = self.read(&id).await? else { continue };
            if record.key() != *key || record.is_over() || (self.run.is_dry() && self.over.contains(&id)) {
                continue;
            }
            let Some(fixed) = record.fixed else { return Ok(None) };
            held.insert(fixed.multipart.0);
        }
        Ok(Some(held))
    }
}

/// What the store refuses keeps nobody from the rest; only where it does not answer the sweep ends.
fn passed_over<T>(place: &str, answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() != ErrorKind::Unavailable => {
            tracing::warn!(place, %error, "unfinished multipart uploads could not be swept");
            Ok(None)
        }
        answer => answer.map(Some),
    }
}
