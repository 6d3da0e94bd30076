//! The calls that the bridge makes, as policies and S3 name them, and what each is needed for.

use crate::store::operation::Operation;

impl Operation {
    /// The action that a policy must allow for it.
    #[must_use]
    pub const fn iam_action(self) -> &'static str {
        match self {
            Self::Get | Self::Head => "s3:GetObject",
            Self::Put | Self::Copy | Self::CreateMultipart | Self::PutPart | Self::CompleteMultipart => "s3:PutObject",
            Self::Delete | Self::DeleteMany => "s3:DeleteObject",
            Self::List => "s3:ListBucket",
            Self::ListParts => "s3:ListMultipartUploadParts",
            Self::AbortMultipart => "s3:AbortMultipartUpload",
            Self::ListMultiparts => "s3:ListBucketMultipartUploads",
            Self::Tags => "s3:GetObjectTagging",
            Self::SetTags => "s3:PutObjectTagging",
        }
    }

    /// Its call, as S3 names it.
    #[must_use]
    pub const fn calls(self) -> &'static str {
        match self {
            Self::Get => "GetObject",
            Self::Head => "HeadObject",
            Self::Put => "PutObject",
            Self::Delete => "DeleteObject",
            Self::DeleteMany => "DeleteObjects",
            Self::List => "ListObjectsV2",
            Self::Copy => "CopyObject",
            Self::CreateMultipart => "CreateMultipartUpload",
            Self::PutPart => "UploadPart",
            Self::ListParts => "ListParts",
            Self::CompleteMultipart => "CompleteMultipartUpload",
            Self::AbortMultipart => "AbortMultipartUpload",
            Self::ListMultiparts => "ListMultipartUploads",
            Self::Tags => "GetObjectTagging",
            Self::SetTags => "PutObjectTagging",
        }
    }

    /// What does not work where it is missing.
    pub(super) const fn without(self) -> &'static str {
        match self {
            Self::Get => "no file and no record can be read",
            Self::Head => "no file can be looked at",
            Self::Put => "nothing can be written",
            Self::Delete => "no file can be deleted",
            Self::DeleteMany => "folders are emptied object by object",
            Self::List => "no directory can be listed, and what is not there is taken for forbidden",
            Self::Copy => "no file can be copied or moved",
            Self::CreateMultipart | Self::PutPart | Self::CompleteMultipart => "large files cannot be uploaded",
            Self::ListParts => "an upload in chunks cannot be finished",
            Self::AbortMultipart => "the parts of given-up uploads stay and are paid for",
            Self::ListMultiparts => {
                "multipart uploads that a crash left behind are found only by the store's own clean-up"
            }
            Self::Tags | Self::SetTags => {
                "control objects carry no tags: policies, lifecycle rules and cost reports cannot tell them"
            }
        }
    }
}
