//! The id of an invitation. It says where the invitation lies, so nothing has to be searched for it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::{AccountId, FolderId};
use crate::error::{Error, Subject};
use crate::random::Random;

/// Tells one invitation from all others of the same account into the same folder: random, never
/// used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct InvitationMark(u64);

/// Length of a mark, in hex digits.
const MARK_LENGTH: usize = 16;

/// Length of a UUID without hyphens.
const UUID_LENGTH: usize = 32;

impl InvitationMark {
    /// A new one.
    pub(crate) fn random(random: &dyn Random) -> Self {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        Self(u64::from_be_bytes(bytes))
    }

    /// Takes exactly 16 hex digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        is_hex(text, MARK_LENGTH).then(|| u64::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

impl fmt::Display for InvitationMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for InvitationMark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InvitationMark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("16 hex digits are expected"))
    }
}

/// An invitation: who was invited into which folder, and by which of all invitations.
///
/// * 80 hex digits: the invitee's id, the folder's id, the mark;
/// * never used again: whoever is invited once more gets another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvitationId {
    invitee: AccountId,
    folder: FolderId,
    mark: InvitationMark,
}

impl InvitationId {
    pub(crate) const fn new(invitee: AccountId, folder: FolderId, mark: InvitationMark) -> Self {
        Self { invitee, folder, mark }
    }

    /// Who was invited.
    #[must_use]
    pub const fn invitee(&self) -> AccountId {
        self.invitee
    }

    /// Into which folder.
    #[must_use]
    pub const fn folder(&self) -> FolderId {
        self.folder
    }

    /// By which of all invitations.
    pub(crate) const fn mark(&self) -> InvitationMark {
        self.mark
    }
}

impl fmt::Display for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.invitee.0.as_simple(), self.folder.0.as_simple(), self.mark)
    }
}

impl FromStr for InvitationId {
    type Err = Error;

    /// Takes the 80 hex digits in either case.
    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || Error::invalid(Subject::Invitation, "not a valid invitation id: 80 hex digits are expected");
        if !is_hex(text, 2 * UUID_LENGTH + MARK_LENGTH) {
            return Err(malformed());
        }
        let (invitee, rest) = text.split_at(UUID_LENGTH);
        let (folder, mark) = rest.split_at(UUID_LENGTH);
        let uuid = |text: &str| Uuid::try_parse(text).map_err(|_| malformed());
        let mark = InvitationMark::parse(mark).ok_or_else(malformed)?;
        Ok(Self::new(AccountId(uuid(invitee)?), FolderId(uuid(folder)?), mark))
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn an_invitation_id_survives_text() {
        let random = &SystemRandom;
        let mark = InvitationMark::random(random);
        let id = InvitationId::new(AccountId::random(random), FolderId::random(random), mark);
        assert_eq!(id.to_string().parse::<InvitationId>().unwrap(), id);
        assert_eq!(id.to_string().to_uppercase().parse::<InvitationId>().unwrap(), id);
        assert_eq!(serde_json::from_value::<InvitationMark>(serde_json::to_value(mark).unwrap()).unwrap(), mark);
        let small = InvitationId::new(id.invitee(), id.folder(), InvitationMark(7));
        assert_eq!((small.to_string().len(), small.to_string().parse::<InvitationId>().unwrap()), (80, small));
    }

    #[test]
    fn what_is_no_invitation_id_is_refused() {
        let digits = "0".repeat(79);
        for text in [
            "",
            "x",
            &digits,
            &format!("{digits}00"),
            &format!("{digits}g"),
            &format!("+{digits}"),
            &format!("{}é", &digits[1..]),
        ] {
            assert!(text.parse::<InvitationId>().is_err(), "{text}");
        }
    }
}
