//! Inviting.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::Invitation;
use super::pending::Term;
use crate::access::{Folder, Manage, Permission, no_such_folder};
use crate::accounts::Person;
use crate::bucket::Bucket;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::id::{AccountId, FolderId, InvitationId, InvitationMark};
use crate::manifest::Change;
use crate::name::{Email, FolderName};
use crate::records::{FolderRecord, NamesRecord, Pending};

/// Addresses looked up at one time.
const AT_ONCE: usize = 8;

/// How often it is begun anew when invitations that were pending end meanwhile.
const TRIES: u32 = 5;

/// What became of a wish to invite somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The invitation that he has now.
    pub invitation: Invitation,
    /// Whether he had it before.
    pub novelty: Novelty,
}

/// Whether an invitation is a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// It was made.
    New,
    /// It was pending, and nothing has changed.
    Pending,
}

/// Invitations that are about to be made, of those who have none.
type Made = BTreeMap<AccountId, Pending>;

/// What each of the invitees has then.
type Entered = Vec<(Pending, Novelty)>;

impl Folder<Manage> {
    /// Offers the folder to the accounts of these addresses: to all of them or, where one is refused,
    /// to none. Who has an invitation that is pending keeps it as it is.
    ///
    /// Two steps; a crash after the first, an object for each new invitation, leaves what leads
    /// nowhere, which nobody sees and the sweeper takes. The second, in the folder's record, is the
    /// invitations.
    ///
    /// # Errors
    /// `Invalid` when there is no address, and for the inviter's own and the owner's; `NotFound`
    /// (account) for an address that nobody has; `AlreadyExists` (account) for a member's;
    /// `OverQuota` when the folder or one of the invitees has too many invitations; `Forbidden` and
    /// `NotFound` (folder) when he may not manage it any more; `Conflict` when this took so long that
    /// it was given up; `Unavailable`: they may have been made.
    pub async fn invite(&self, addresses: &[Email], permission: Permission) -> Result<Vec<Invited>> {
        let most = self.bucket().settings().most_invited;
        if addresses.is_empty() {
            return Err(Error::invalid(Subject::Invitation, "nobody is named who is to be invited"));
        }
        if addresses.len() > most {
            return Err(too_many_invited(most));
        }
        let (inviter, invitees) = (Person::from(self.account()), self.invitees(addresses).await?);
        for _ in 0..TRIES {
            let Some(done) = self.try_invite(&inviter, &invitees, permission).await? else { continue };
            return Ok(done);
        }
        Err(Error::new(ErrorKind::Conflict, Subject::Invitation, "too many changes at the same time: try again"))
    }

    /// Who has these addresses, each once.
    async fn invitees(&self, addresses: &[Email]) -> Result<Vec<Person>> {
        let looks: Vec<_> = addresses.iter().map(|address| self.bucket().account_by_email(address)).collect();
        let accounts: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        let mut people: Vec<Person> = Vec::new();
        for account in accounts {
            if !people.iter().any(|person| person.id == account.id) {
                people.push(Person::from(&account));
            }
        }
        Ok(people)
    }

    /// `None` when it is to be begun anew.
    async fn try_invite(
        &self,
        inviter: &Person,
        invitees: &[Person],
        permission: Permission,
    ) -> Result<Option<Vec<Invited>>> {
        let (bucket, id) = (self.bucket(), self.id());
        let (began, term) = (bucket.clock().elapsed(), bucket.invitation_term());
        let record = bucket.folder_document(id).read().await?.ok_or_else(no_such_folder)?;
        let made = self.to_be_made(&record, invitees, permission, term).await?;
        let pointers: Vec<_> =
            made.iter().map(|(who, made)| (InvitationId::new(*who, id, made.mark), made.clone())).collect();
        bucket.point_at(&pointers).await?;
        let most = bucket.settings().most_invited;
        let enter = |record: &mut FolderRecord| record.enter_invitations(inviter.id, invitees, &made, most, term);
        let entered = bucket.folder_document(id).update(enter).await;
        let unused = unused(id, &made, &entered);
        bucket.forget_pointers(unused).await;
        let Some(entered) = entered? else { return Ok(None) };
        if bucket.clock().elapsed().saturating_sub(began) >= bucket.settings().late_writes / 2 {
            // The sweeper may be about to take the pointers for somebody's half-done work.
            self.take_back(&made).await?;
            let message = "inviting took too long and was given up: try again";
            return Err(Error::new(ErrorKind::Conflict, Subject::Invitation, message));
        }
        self.answered(inviter, invitees, entered).await.map(Some)
    }

    /// What each of the invitees has now. What was pending, somebody else may have made.
    async fn answered(&self, inviter: &Person, invitees: &[Person], entered: Entered) -> Result<Vec<Invited>> {
        let others = entered.iter().map(|(pending, _)| pending.inviter).filter(|other| *other != inviter.id);
        let mut inviters = self.bucket().people(others).await?;
        inviters.insert(inviter.id, inviter.clone());
        let answers = invitees.iter().zip(entered).filter_map(|(invitee, (pending, novelty))| {
            let inviter = inviters.get(&pending.inviter)?.clone();
            let id = InvitationId::new(invitee.id, self.id(), pending.mark);
            Some(Invited { invitation: self.bucket().invitation(id, pending, inviter, invitee.clone()), novelty })
        });
        Ok(answers.collect())
    }

    /// The invitations to be made of those who have none.
    async fn to_be_made(
        &self,
        record: &FolderRecord,
        invitees: &[Person],
        permission: Permission,
        term: Term,
    ) -> Result<Made> {
        let bucket = self.bucket();
        record.check_manager(self.account().id)?;
        let name = self.own_name(record).await?;
        let mut made = Made::new();
        for invitee in invitees {
            record.check_invitable(self.account().id, invitee)?;
            if record.offered_to(invitee.id, term).is_none() {
                let (mark, now) = (InvitationMark::random(bucket.random()), term.now);
                let (inviter, name) = (self.account().id, name.clone());
                made.insert(invitee.id, Pending { mark, inviter, permission, name, created: now, changed: now });
            }
        }
        if record.offers(term).count() + made.len() > bucket.settings().most_invited {
            return Err(too_many_invited(bucket.settings().most_invited));
        }
        let looks: Vec<_> = invitees.iter().filter(|invitee| made.contains_key(&invitee.id)).collect();
        let looks: Vec<_> = looks.into_iter().map(|invitee| bucket.check_room_for_invitation(invitee)).collect();
        stream::iter(looks).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        Ok(made)
    }

    /// What the inviter calls the folder.
    async fn own_name(&self, record: &FolderRecord) -> Result<FolderName> {
        let id = self.id();
        let name = |names: &std::sync::Arc<NamesRecord>| names.name_of(id).cloned().ok_or_else(no_such_folder);
        match self.bucket().names(self.account().id).find(name).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(record.label.clone()),
            answer => Ok(answer?.unwrap_or_else(|| record.label.clone())),
        }
    }

    /// Ends invitations that were just made.
    async fn take_back(&self, made: &Made) -> Result<()> {
        let end = |record: &mut FolderRecord| {
            let before = record.invited.len();
            record.invited.retain(|who, pending| made.get(who).is_none_or(|made| made.mark != pending.mark));
            Ok(if record.invited.len() == before { Change::Keep(()) } else { Change::Save(()) })
        };
        self.bucket().folder_document(self.id()).update(end).await
    }
}

impl Bucket {
    /// Refuses one more invitation for somebody who has as many as one may have.
    async fn check_room_for_invitation(&self, invitee: &Person) -> Result<()> {
        let most = self.settings().most_invitations;
        let limit = u16::try_from(most).unwrap_or(u16::MAX).clamp(1, 1000);
        let (pointers, next) = self.pointers_of(invitee.id, None, limit).await?;
        if pointers.len() < most && next.is_none() {
            return Ok(());
        }
        // Some of them may lead nowhere.
        if self.offers_for(invitee.id).await?.len() < most {
            return Ok(());
        }
        let message = format!("`{}` has {most} invitations, which is the most that an account can have", invitee.email);
        Err(Error::new(ErrorKind::OverQuota, Subject::Account, message))
    }
}

impl FolderRecord {
    /// Refuses somebody who has the folder already.
    fn check_invitable(&self, inviter: AccountId, invitee: &Person) -> Result<()> {
        if invitee.id == inviter || invitee.id == self.owner {
            let message = format!("`{}` is yourself or the folder's owner, whom nobody invites", invitee.email);
            return Err(Error::invalid(Subject::Account, message));
        }
        if self.members.contains_key(&invitee.id) {
            let message = format!("the folder is shared with `{}` already", invitee.email);
            return Err(Error::new(ErrorKind::AlreadyExists, Subject::Account, message));
        }
        Ok(())
    }

    /// Enters what is to be made for those who still have nothing, and answers what each has then;
    /// `None` when somebody's pending invitation has ended meanwhile, for whom nothing was prepared.
    fn enter_invitations(
        &mut self,
        inviter: AccountId,
        invitees: &[Person],
        made: &Made,
        most: usize,
        term: Term,
    ) -> Result<Change<Option<Entered>>> {
        self.check_manager(inviter)?;
        self.invited.retain(|_, pending| !term.is_over(pending));
        let mut answers = Entered::new();
        for invitee in invitees {
            self.check_invitable(inviter, invitee)?;
            match (self.invited.get(&invitee.id), made.get(&invitee.id)) {
                (Some(pending), _) => answers.push((pending.clone(), Novelty::Pending)),
                (None, Some(made)) => {
                    self.invited.insert(invitee.id, made.clone());
                    answers.push((made.clone(), Novelty::New));
                }
                (None, None) => return Ok(Change::Keep(None)),
            }
        }
        if self.invited.len() > most {
            return Err(too_many_invited(most));
        }
        let any = answers.iter().any(|(_, novelty)| *novelty == Novelty::New);
        Ok(if any { Change::Save(Some(answers)) } else { Change::Keep(Some(answers)) })
    }
}

/// The pointers that lead nowhere and never will. After a failure the sweeper finds out which.
fn unused(folder: FolderId, made: &Made, entered: &Result<Option<Entered>>) -> Vec<InvitationId> {
    let used = |mark| match entered {
        Ok(answers) => answers.iter().flatten().any(|(pending, _)| pending.mark == mark),
        Err(_) => true,
    };
    let unused = made.iter().filter(|(_, pending)| !used(pending.mark));
    unused.map(|(invitee, pending)| InvitationId::new(*invitee, folder, pending.mark)).collect()
}

fn too_many_invited(most: usize) -> Error {
    let message =
        format!("at most {most} accounts can be invited into a folder at one time: cancel an invitation first");
    Error::new(ErrorKind::OverQuota, Subject::Folder, message)
}
