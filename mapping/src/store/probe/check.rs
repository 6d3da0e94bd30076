//! The single things that are tried, and what each means for whoever chose the store.

use super::report::Outcome;
use super::verdict::Promise;
use crate::store::operation::Operation;

/// How many of the calls are tried first: to list, put, look and get.
const BASICS: usize = 4;
/// How many checks are about the conditions of puts.
const PUTS: usize = 4;

/// One thing that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// The bucket is there and answers.
    Bucket,
    /// The store's clock and this machine's agree.
    Clock,
    /// The credentials may make this call, and the store has it.
    Allowed(Operation),
    /// `If-None-Match: *` on a put, one writer after the other.
    CreateOnce,
    /// The same with eight writers at once.
    CreatesRacing,
    /// `If-Match` on a put, one writer after the other, and where nothing is.
    ReplaceWhatWasRead,
    /// The same with eight writers at once.
    ReplacesRacing,
    /// Metadata comes back as it was put.
    Metadata,
    /// A range is answered with that range.
    Ranges,
    /// ListObjectsV2: pages, a delimiter, `start-after`.
    Listing,
    /// Parts sent out of order become the object.
    Multipart,
    /// Sources with spaces, signs and other scripts in their names are copied.
    CopyAnyName,
    /// A copy by parts: UploadPartCopy.
    CopyByParts,
    /// Both conditions on the target of a copy.
    CopyConditions,
    /// `If-Match` on a delete.
    DeleteConditions,
    /// Both conditions on Complete, one after the other.
    CompleteConditions,
    /// The same with eight Completes at once.
    CompletesRacing,
    /// A Complete that is sent again after its answer was lost.
    CompleteAgain,
    /// Object tags come back as they were put.
    Tags,
}

impl Check {
    /// Everything that is tried, in this order. What a store is most often refused for comes early.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let (first, then) = (Self::CALLS.into_iter().take(BASICS), Self::DEEDS.into_iter().take(PUTS));
        first.chain(then).chain(Self::CALLS.into_iter().skip(BASICS)).chain(Self::DEEDS.into_iter().skip(PUTS))
    }

    /// Where it stands in a report.
    pub(super) fn place(self) -> Option<usize> {
        Self::CALLS.into_iter().chain(Self::DEEDS).position(|check| check == self)
    }

    /// Those that ask whether credentials and calls are there, in the order in which one builds on
    /// another.
    pub(super) const CALLS: [Self; 15] = [
        Self::Allowed(Operation::List),
        Self::Allowed(Operation::Put),
        Self::Allowed(Operation::Head),
        Self::Allowed(Operation::Get),
        Self::Allowed(Operation::Copy),
        Self::Allowed(Operation::CreateMultipart),
        Self::Allowed(Operation::PutPart),
        Self::Allowed(Operation::ListParts),
        Self::Allowed(Operation::ListMultiparts),
        Self::Allowed(Operation::CompleteMultipart),
        Self::Allowed(Operation::AbortMultipart),
        Self::Allowed(Operation::SetTags),
        Self::Allowed(Operation::Tags),
        Self::Allowed(Operation::Delete),
        Self::Allowed(Operation::DeleteMany),
    ];

    /// Those that ask what the store does.
    pub(super) const DEEDS: [Self; 16] = [
        Self::CreateOnce,
        Self::CreatesRacing,
        Self::ReplaceWhatWasRead,
        Self::ReplacesRacing,
        Self::Metadata,
        Self::Ranges,
        Self::Listing,
        Self::Multipart,
        Self::CopyAnyName,
        Self::CopyByParts,
        Self::CopyConditions,
        Self::DeleteConditions,
        Self::CompleteConditions,
        Self::CompletesRacing,
        Self::CompleteAgain,
        Self::Tags,
    ];

    /// Its name, which stays the same: `create_once`, `allowed_put`.
    #[must_use]
    pub fn name(self) -> String {
        let name = match self {
            Self::Allowed(operation) => return format!("allowed_{}", operation.name()),
            Self::Bucket => "bucket",
            Self::Clock => "clock",
            Self::CreateOnce => "create_once",
            Self::CreatesRacing => "creates_racing",
            Self::ReplaceWhatWasRead => "replace_what_was_read",
            Self::ReplacesRacing => "replaces_racing",
            Self::Metadata => "metadata",
            Self::Ranges => "ranges",
            Self::Listing => "listing",
            Self::Multipart => "multipart",
            Self::CopyAnyName => "copy_any_name",
            Self::CopyByParts => "copy_by_parts",
            Self::CopyConditions => "copy_conditions",
            Self::DeleteConditions => "delete_conditions",
            Self::CompleteConditions => "complete_conditions",
            Self::CompletesRacing => "completes_racing",
            Self::CompleteAgain => "complete_again",
            Self::Tags => "tags",
        };
        name.to_owned()
    }

    /// What is tried, for people.
    #[must_use]
    pub fn title(self) -> String {
        let title = match self {
            Self::Allowed(operation) => return format!("{} ({})", operation.iam_action(), operation.calls()),
            Self::Bucket => "the bucket answers",
            Self::Clock => "the store's clock and this machine's",
            Self::CreateOnce => "PUT If-None-Match: *",
            Self::CreatesRacing => "PUT If-None-Match: *, 8 writers at once",
            Self::ReplaceWhatWasRead => "PUT If-Match",
            Self::ReplacesRacing => "PUT If-Match, 8 writers at once",
            Self::Metadata => "metadata comes back",
            Self::Ranges => "Range",
            Self::Listing => "ListObjectsV2: pages, delimiter, start-after",
            Self::Multipart => "multipart upload, parts out of order",
            Self::CopyAnyName => "CopyObject of names with spaces, + and %",
            Self::CopyByParts => "UploadPartCopy",
            Self::CopyConditions => "CopyObject If-None-Match: *, If-Match",
            Self::DeleteConditions => "DeleteObject If-Match",
            Self::CompleteConditions => "Complete If-None-Match: *, If-Match",
            Self::CompletesRacing => "Complete with conditions, 8 at once",
            Self::CompleteAgain => "Complete sent again",
            Self::Tags => "object tags come back",
        };
        title.to_owned()
    }

    /// What it means when this does not hold.
    #[must_use]
    pub const fn without(self) -> &'static str {
        match self {
            Self::Bucket => "nothing can be kept",
            Self::Clock => "requests are signed with the time: beyond 15 minutes S3 refuses all of them",
            Self::Allowed(operation) => operation.without(),
            Self::CreateOnce | Self::CreatesRacing => {
                "two folders of one name, or two accounts of one address, could overwrite each other"
            }
            Self::ReplaceWhatWasRead | Self::ReplacesRacing => {
                "two changes of one folder could overwrite each other: a share or a charge would be lost"
            }
            Self::Metadata => "a write whose answer was lost could not be told from another's",
            Self::Ranges => "downloads could neither be resumed nor read in pieces",
            Self::Listing => "files could be missing from a listing",
            Self::Multipart => "large files could not be stored, or would come back as something else",
            Self::CopyAnyName => "such files could be neither copied nor moved",
            Self::CopyByParts => "files above 5 GiB, and copies that must not overwrite, could not be copied",
            Self::CopyConditions => "a copy that must not overwrite takes four requests instead of one",
            Self::DeleteConditions => "an overwrite within milliseconds of a delete may be deleted with it",
            Self::CompleteConditions | Self::CompletesRacing => {
                "the bridge looks before it completes: of two uploads of one file that finish at the same moment, \
                 the later one wins"
            }
            Self::CompleteAgain => "a finish whose answer was lost is proved by the file's write stamp instead",
            Self::Tags => "policies, lifecycle rules and cost reports cannot tell control objects by tags",
        }
    }

    /// What can be done about it.
    #[must_use]
    pub const fn way_out(self) -> Option<&'static str> {
        match self {
            Self::Bucket => Some("see `--endpoint`, `--bucket`, `--region` and the credentials"),
            Self::Clock => Some("set this machine's clock, or the store's, by NTP"),
            Self::Allowed(_) => Some("allow it in the policy of these credentials"),
            Self::CreateOnce | Self::CreatesRacing | Self::ReplaceWhatWasRead | Self::ReplacesRacing => {
                Some("`serve --single-writer` for exactly one process, a newer release of the store, or another store")
            }
            Self::Metadata | Self::Ranges | Self::Listing | Self::Multipart | Self::CopyAnyName | Self::CopyByParts => {
                Some("a newer release of the store, or another store")
            }
            Self::CopyConditions
            | Self::DeleteConditions
            | Self::CompleteConditions
            | Self::CompletesRacing
            | Self::CompleteAgain
            | Self::Tags => None,
        }
    }

    /// How it comes out when the store does otherwise.
    pub(super) const fn otherwise(self) -> Outcome {
        match self {
            Self::CopyConditions
            | Self::DeleteConditions
            | Self::CompleteConditions
            | Self::CompletesRacing
            | Self::CompleteAgain
            | Self::Tags
            | Self::Allowed(Operation::SetTags | Operation::Tags) => Outcome::Fallback,
            _ => Outcome::Fails,
        }
    }

    /// How it comes out when the store does not have the call at all. To be denied is another thing.
    pub(super) const fn where_missing(self) -> Outcome {
        match self {
            Self::Allowed(Operation::DeleteMany | Operation::ListMultiparts) => Outcome::Fallback,
            check => check.otherwise(),
        }
    }

    /// Which promise is broken where it fails.
    pub(super) const fn promise(self) -> Option<Promise> {
        match self {
            Self::CreateOnce | Self::CreatesRacing => Some(Promise::CreateOnce),
            Self::ReplaceWhatWasRead | Self::ReplacesRacing => Some(Promise::ReplaceWhatWasRead),
            Self::Metadata => Some(Promise::KeepMetadata),
            Self::Ranges => Some(Promise::ReadRanges),
            Self::Listing => Some(Promise::ListPages),
            Self::Multipart => Some(Promise::JoinParts),
            Self::CopyAnyName | Self::CopyByParts => Some(Promise::CopyAnyName),
            Self::Allowed(_) => Some(Promise::KnowEveryCall),
            _ => None,
        }
    }

    /// Whether it matters only where there are several writers.
    pub(super) const fn is_between_writers(self) -> bool {
        matches!(self, Self::CreateOnce | Self::CreatesRacing | Self::ReplaceWhatWasRead | Self::ReplacesRacing)
    }

    /// The call that it is about.
    #[must_use]
    pub const fn operation(self) -> Option<Operation> {
        match self {
            Self::Allowed(operation) => Some(operation),
            _ => None,
        }
    }
}
