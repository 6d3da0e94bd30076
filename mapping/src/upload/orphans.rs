//! Multipart uploads of files that no session holds: of a start that died before it noted its own, and of
//! copies by parts, which note none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::sweep::{Sweep, finding, unreadable};
use crate::error::{ErrorKind, Result};
use crate::key::{KeyPrefix, ObjectKey};
use crate::store::{ObjectMeta, StoreErrorKind, Unfinished};
use crate::sweep::{Finding, What};

/// To which a store tells when a file was made.
const A_SECOND: Duration = Duration::from_secs(1);

/// What live sessions hold.
#[derive(Default)]
struct Held {
    multiparts: BTreeSet<String>,
    /// Files whose session has no multipart upload yet: any may be about to become theirs.
    open: BTreeSet<ObjectKey>,
}

impl Sweep<'_> {
    /// Aborts the old multipart uploads below `folders/` that no session holds, whoever left them there;
    /// to be called when the sessions were read. One request for each 1,000 that are unfinished; for each
    /// 1,000 that have orphans among them a look at the sessions, and two or three requests for an orphan.
    ///
    /// MinIO lists nothing here, and drops what is old by itself; SeaweedFS lists one page. Prefixes
    /// that were adopted are left out: what is unfinished there may be another program's.
    pub(super) async fn abort_strays(&mut self) -> Result<()> {
        let (prefix, mut after) = (KeyPrefix::data(), None);
        loop {
            let page = self.bucket.store().list_multiparts_below(&prefix, after).await.map_err(unreadable);
            let Some(page) = passed_over(prefix.as_str(), page)? else { return Ok(()) };
            let strays = self.strays_of(page.uploads);
            if !strays.is_empty()
                && let Some(held) = passed_over(prefix.as_str(), self.held().await)?
            {
                for (key, uploads) in strays {
                    let _all_are_gone = passed_over(key.as_str(), self.abort_unheld(&key, uploads, &held).await)?;
                }
            }
            let Some(next) = page.next else { return Ok(()) };
            after = Some(next);
        }
    }

    /// Old uploads that no session holds that was read, by key.
    fn strays_of(&self, uploads: Vec<Unfinished>) -> BTreeMap<ObjectKey, Vec<Unfinished>> {
        let fixed = self.records.values().filter_map(|record| record.fixed.as_ref());
        let held: BTreeSet<&str> = fixed.map(|fixed| fixed.multipart.0.as_str()).collect();
        let is_stray = |upload: &Unfinished| {
            let id = upload.id.0.as_str();
            self.is_old(upload) && !held.contains(id) && !self.aborted.contains(id)
        };
        let mut strays = BTreeMap::<ObjectKey, Vec<Unfinished>>::new();
        for upload in uploads.into_iter().filter(is_stray) {
            strays.entry(upload.key.clone()).or_default().push(upload);
        }
        strays
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
        let held = self.held().await?;
        self.abort_unheld(key, listed, &held).await
    }

    async fn abort_unheld(&mut self, key: &ObjectKey, listed: Vec<Unfinished>, held: &Held) -> Result<bool> {
        if held.open.contains(key) {
            return Ok(false);
        }
        let needed = |id: &String| held.multiparts.contains(id) || self.aborted.contains(id);
        let orphans = listed.into_iter().filter(|upload| !needed(&upload.id.0));
        let (old, young): (Vec<_>, Vec<_>) = orphans.partition(|orphan| self.is_old(orphan));
        let there = if old.is_empty() { None } else { self.file_at(key).await? };
        for orphan in old {
            if self.may_be_file(&orphan, there.as_ref()).await? {
                tracing::warn!(%key, upload = orphan.id.0, "an unfinished multipart upload may be what the file is made of");
                continue;
            }
            let age = Some(self.now.since(orphan.initiated));
            let place = format!("{key} ({})", orphan.id.0);
            let finding = Finding { place, ..finding(What::Multipart, key, "no upload holds it", age) };
            let work = async { self.abort(key, &orphan.id).await.map(|()| 1) };
            self.run.settle(finding, work).await?;
            self.aborted.insert(orphan.id.0);
        }
        Ok(young.is_empty())
    }

    async fn file_at(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>> {
        match self.bucket.store().head(key).await {
            Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(None),
            answer => answer.map(Some).map_err(unreadable),
        }
    }

    /// Whether aborting an upload could take the bytes of the file that is there. SeaweedFS makes the file
    /// and then forgets the upload, part after part: where it dies before the end, both lead to the same bytes,
    /// and an abort removes them. Such an upload has parts, and is no younger than the file; it is left to the
    /// store's own rules, as is the copy that died after its first part and was made again.
    async fn may_be_file(&self, orphan: &Unfinished, there: Option<&ObjectMeta>) -> Result<bool> {
        if there.is_none_or(|there| orphan.initiated.since(there.modified) >= A_SECOND) {
            return Ok(false);
        }
        match self.bucket.store().list_parts(&orphan.key, &orphan.id).await {
            Err(error) if error.kind() == StoreErrorKind::NoSuchUpload => Ok(false),
            Err(error) => Err(unreadable(error)),
            Ok(parts) => Ok(!parts.is_empty()),
        }
    }

    fn is_old(&self, upload: &Unfinished) -> bool {
        self.now.since(upload.initiated) >= self.bucket.settings().session_life
    }

    /// What live sessions hold now. Those that were read and have their multipart upload keep it.
    async fn held(&mut self) -> Result<Held> {
        let mut held = Held::default();
        for id in self.list().await?.into_keys() {
            let known = self.records.get(&id).filter(|record| record.fixed.is_some() || record.is_over());
            let record = match known {
                Some(record) => record.clone(),
                None => match self.read(&id).await? {
                    Some(record) => record,
                    None => continue,
                },
            };
            if record.is_over() || (self.run.is_dry() && self.over.contains(&id)) {
                continue;
            }
            match &record.fixed {
                Some(fixed) => drop(held.multiparts.insert(fixed.multipart.0.clone())),
                None => drop(held.open.insert(record.key())),
            }
        }
        Ok(held)
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
