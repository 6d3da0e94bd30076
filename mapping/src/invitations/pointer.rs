//! The objects that lead an account to the folders that it is invited to. Each is written once,
//! before its invitation is there, and removed once, after it: no key is used twice, so a removal can
//! hit nothing else, on stores that ignore its condition too.

use futures::{StreamExt, TryStreamExt, stream};

use crate::bucket::Bucket;
use crate::error::{Error, Result, Subject};
use crate::id::{AccountId, InvitationId};
use crate::key::{KeyPrefix, ObjectKey};
use crate::manifest::Created;
use crate::records::{InvitationRecord, Pending};
use crate::store::{Condition, ListRequest};

/// Pointers written or removed at one time.
const AT_ONCE: usize = 8;

impl Bucket {
    /// Writes the pointers of invitations that are about to be made.
    pub(super) async fn point_at(&self, made: &[(InvitationId, Pending)]) -> Result<()> {
        let writes: Vec<_> = made.iter().map(|(id, pending)| self.write_pointer(*id, pending)).collect();
        stream::iter(writes).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn write_pointer(&self, id: InvitationId, pending: &Pending) -> Result<()> {
        let Pending { mark, inviter, created, .. } = *pending;
        let record = InvitationRecord { invitee: id.invitee(), folder: id.folder(), mark, inviter, created };
        match self.manifest(ObjectKey::invitation(&id)).create(record).await? {
            Created::New => Ok(()),
            Created::Existed(_) => Err(Error::internal(Subject::Invitation, "a mark was used twice")),
        }
    }

    /// Removes pointers of invitations that are over. What stays, the sweeper removes.
    pub(super) async fn forget_pointers(&self, over: Vec<InvitationId>) {
        let removals = over.into_iter().map(|id| self.forget_pointer(id));
        let removals: Vec<_> = removals.collect();
        stream::iter(removals).buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    async fn forget_pointer(&self, id: InvitationId) {
        let key = ObjectKey::invitation(&id);
        if let Err(error) = self.store().delete(&key, Condition::Always).await {
            tracing::warn!(%key, error = &error as &dyn std::error::Error, "an invitation that is over left its object");
        }
    }

    /// The invitations that lead `invitee` anywhere, or led: one page, and where the next begins.
    pub(super) async fn pointers_of(
        &self,
        invitee: AccountId,
        after: Option<String>,
        limit: u16,
    ) -> Result<(Vec<InvitationId>, Option<String>)> {
        let prefix = KeyPrefix::invitations_of(invitee);
        let request = ListRequest { token: after, limit, ..ListRequest::all(prefix) };
        let page = self.store().list(request).await.map_err(|error| error.about(Subject::Invitation))?;
        let ids = page.objects.iter().filter_map(|listed| listed.key.invitation_id());
        Ok((ids.collect(), page.next))
    }
}
