//! Removes what invitations leave behind: those that expired, those that are over, and those whose
//! maker died half way.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};

use super::pending::Term;
use crate::bucket::Bucket;
use crate::error::{ErrorKind, Result, Subject};
use crate::id::InvitationId;
use crate::key::{KeyPrefix, ObjectKey};
use crate::manifest::Change;
use crate::records::{FolderRecord, Pending};
use crate::store::{Condition, ListRequest};
use crate::sweep::{Finding, Run, What};

/// Invitations looked at at one time.
const AT_ONCE: usize = 8;

/// Why an invitation cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    /// Its folder is deleted, and may be forgotten.
    Folder,
    /// Its time is up.
    Expired,
    /// The folder's record does not have it.
    Unknown,
}

impl Over {
    const fn reason(self) -> &'static str {
        match self {
            Self::Folder => "its folder is no more",
            Self::Expired => "it was not accepted in time",
            Self::Unknown => "it is over, or was never made",
        }
    }
}

impl Bucket {
    /// Looks at every invitation. What goes is told by its mark, and no mark is used twice: so nothing
    /// of this can hit an invitation that is made in the same moment.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer; the next sweep goes on.
    pub(crate) async fn sweep_invitations(&self, run: &Run) -> Result<()> {
        let term = self.invitation_term();
        let mut request = ListRequest::all(KeyPrefix::invitations());
        loop {
            let page = self.store().list(request.clone()).await.map_err(|error| error.about(Subject::Invitation))?;
            let listed = page.objects.iter().filter_map(|listed| Some((listed.key.invitation_id()?, listed.modified)));
            let work: Vec<_> = listed.map(|(id, made)| self.sweep_one(run, id, term.now.since(made), term)).collect();
            stream::iter(work).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
            let Some(token) = page.next else { return Ok(()) };
            request.token = Some(token);
        }
    }

    async fn sweep_one(&self, run: &Run, id: InvitationId, age: Duration, term: Term) -> Result<()> {
        let key = ObjectKey::invitation(&id);
        self.pass_over(&key, self.remove_if_over(run, id, age, term).await)
    }

    async fn remove_if_over(&self, run: &Run, id: InvitationId, age: Duration, term: Term) -> Result<()> {
        let judge = |record: &std::sync::Arc<FolderRecord>| Ok(record.over(&id, term));
        let over = match self.folder_document(id.folder()).find(judge).await? {
            Some(None) => return Ok(()),
            // Whoever is making it writes its object first.
            Some(Some(Over::Unknown)) if age < self.settings().late_writes => return Ok(()),
            Some(Some(over)) => over,
            None => Over::Folder,
        };
        let (key, reason) = (ObjectKey::invitation(&id), over.reason());
        let finding = Finding { what: What::Invitation, place: key.to_string(), reason, age: Some(age), objects: 1 };
        let work = async {
            if over == Over::Expired {
                self.end_expired(id).await?;
            }
            let removed = self.store().delete(&key, Condition::Always).await;
            removed.map(|()| 1).map_err(|error| error.about(Subject::Invitation))
        };
        run.settle(finding, work).await.map(drop)
    }

    /// Ends what has expired; what was made since stays.
    async fn end_expired(&self, id: InvitationId) -> Result<()> {
        let end = |record: &mut FolderRecord| {
            if record.entry_of(&id).is_none() {
                return Ok(Change::Keep(()));
            }
            record.invited.remove(&id.invitee());
            Ok(Change::Save(()))
        };
        match self.folder_document(id.folder()).update(end).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            answer => answer,
        }
    }
}

impl FolderRecord {
    /// Why this invitation cannot be accepted; `None` when it can, or could if its folder were not in the bin.
    fn over(&self, id: &InvitationId, term: Term) -> Option<Over> {
        if !self.is_kept() {
            return Some(Over::Folder);
        }
        match self.entry_of(id) {
            Some(pending) if term.is_over(pending) => Some(Over::Expired),
            Some(_) => None,
            None => Some(Over::Unknown),
        }
    }

    /// What the record has of this invitation, whether or not it can be accepted.
    fn entry_of(&self, id: &InvitationId) -> Option<&Pending> {
        self.invited.get(&id.invitee()).filter(|pending| pending.mark == id.mark())
    }
}
