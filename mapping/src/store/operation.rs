//! The names of what can be asked of a store, for counting, faults and metrics.

/// One method of [`ObjectStore`](super::ObjectStore).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum Operation {
    Get,
    Head,
    Put,
    Delete,
    DeleteMany,
    List,
    Copy,
    CreateMultipart,
    PutPart,
    ListParts,
    CompleteMultipart,
    AbortMultipart,
    ListMultiparts,
    Tags,
    SetTags,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 15] = [
        Self::Get,
        Self::Head,
        Self::Put,
        Self::Delete,
        Self::DeleteMany,
        Self::List,
        Self::Copy,
        Self::CreateMultipart,
        Self::PutPart,
        Self::ListParts,
        Self::CompleteMultipart,
        Self::AbortMultipart,
        Self::ListMultiparts,
        Self::Tags,
        Self::SetTags,
    ];

    /// Whether it changes the bucket.
    #[must_use]
    pub const fn is_write(self) -> bool {
        match self {
            Self::Get | Self::Head | Self::List | Self::ListParts | Self::ListMultiparts | Self::Tags => false,
            Self::Put
            | Self::Delete
            | Self::DeleteMany
            | Self::Copy
            | Self::CreateMultipart
            | Self::PutPart
            | Self::CompleteMultipart
            | Self::AbortMultipart
            | Self::SetTags => true,
        }
    }

    /// Its name in logs and metrics: `put_part`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Head => "head",
            Self::Put => "put",
            Self::Delete => "delete",
            Self::DeleteMany => "delete_many",
            Self::List => "list",
            Self::Copy => "copy",
            Self::CreateMultipart => "create_multipart",
            Self::PutPart => "put_part",
            Self::ListParts => "list_parts",
            Self::CompleteMultipart => "complete_multipart",
            Self::AbortMultipart => "abort_multipart",
            Self::ListMultiparts => "list_multiparts",
            Self::Tags => "tags",
            Self::SetTags => "set_tags",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_lies_at_its_own_place_in_the_list() {
        for (place, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation as usize, place, "{}", operation.name());
        }
    }
}
