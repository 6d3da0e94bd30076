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

    /// What a policy of AWS must allow for it, without those of `kms`. `docs/AWS.md` has them as a policy.
    ///
    /// A write with `If-Match`, and a delete with it, need to read what they compare with; a listing
    /// tells what is missing from what is forbidden, so every read needs that too.
    #[must_use]
    pub const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Get | Self::Head => &["s3:GetObject", "s3:ListBucket"],
            Self::Put => &["s3:PutObject", "s3:PutObjectTagging", "s3:GetObject"],
            Self::Delete => &["s3:DeleteObject", "s3:GetObject"],
            Self::DeleteMany => &["s3:DeleteObject"],
            Self::List => &["s3:ListBucket"],
            // By parts as well.
            Self::Copy => &["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"],
            Self::CreateMultipart => &["s3:PutObject", "s3:PutObjectTagging"],
            Self::PutPart => &["s3:PutObject"],
            Self::CompleteMultipart => &["s3:PutObject", "s3:GetObject"],
            Self::ListParts => &["s3:ListMultipartUploadParts"],
            Self::AbortMultipart => &["s3:AbortMultipartUpload"],
            Self::ListMultiparts => &["s3:ListBucketMultipartUploads"],
            Self::Tags => &["s3:GetObjectTagging"],
            Self::SetTags => &["s3:PutObjectTagging"],
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
