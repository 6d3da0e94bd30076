//! Habits of other stores and of other people's policies, put on this one. For tests of what stands
//! on a store.

use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::{CompleteMultipartUploadInput, CopyObjectInput, DeleteObjectInput, PutObjectInput};
use s3s::{S3Request, S3Result, s3_error};

/// What a store does otherwise. The default is nothing.
#[derive(Clone, Debug, Default)]
pub struct Habits {
    /// It answers a write with a condition as if there were none.
    pub ignores_conditions: bool,
    /// Operations that are denied, as S3 names them: `PutObject`.
    pub denies: Vec<String>,
}

#[async_trait::async_trait]
impl S3Access for Habits {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if cx.credentials().is_none() || self.denies.iter().any(|denied| denied == cx.s3_op().name()) {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }
        Ok(())
    }

    async fn put_object(&self, request: &mut S3Request<PutObjectInput>) -> S3Result<()> {
        if self.ignores_conditions {
            (request.input.if_match, request.input.if_none_match) = (None, None);
        }
        Ok(())
    }

    async fn complete_multipart_upload(&self, request: &mut S3Request<CompleteMultipartUploadInput>) -> S3Result<()> {
        if self.ignores_conditions {
            (request.input.if_match, request.input.if_none_match) = (None, None);
        }
        Ok(())
    }

    async fn delete_object(&self, request: &mut S3Request<DeleteObjectInput>) -> S3Result<()> {
        if self.ignores_conditions {
            request.input.if_match = None;
        }
        Ok(())
    }

    async fn copy_object(&self, request: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        if self.ignores_conditions {
            request.headers.remove("if-match");
            request.headers.remove("if-none-match");
        }
        Ok(())
    }
}
