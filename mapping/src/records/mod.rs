//! The documents that lie in the bucket, in the shapes that `docs/BUCKET.md` shows. Stored
//! shapes are never sent to a client, and shapes of the wire are never stored.

mod account;
mod claim;
mod folder;
mod format;
mod invitation;
mod names;
#[cfg(test)]
mod tests;

pub(crate) use account::{AccessKey, AccountRecord, AccountState, ApiToken, CredentialState};
pub(crate) use claim::{CredentialPointer, EmailClaim};
pub(crate) use folder::{FolderRecord, FolderState, Member, MoveStage, PendingMove};
pub(crate) use format::FormatRecord;
pub(crate) use invitation::{InvitationRecord, Pending};
pub(crate) use names::{Binned, Draining, NameEntry, NameKind, NamesRecord};
