//! Whether the bucket can be used at all, said so that the person who starts the bridge can act.

use aws_sdk_s3::config::ProvideCredentials;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use super::S3Store;
use super::failure::failed;
use crate::store::{StoreError, StoreErrorKind, StoreResult};

impl S3Store {
    /// Looks whether the bucket is there and these credentials may use it.
    ///
    /// # Errors
    /// With a sentence that names the bucket, the endpoint and what is wrong.
    pub async fn check_bucket(&self) -> StoreResult<()> {
        self.reach().await.answer
    }

    /// Makes the bucket; one that is there and ours is no error.
    ///
    /// # Errors
    /// When the store does not let us.
    pub async fn create_bucket(&self) -> StoreResult<()> {
        let request = self.client.create_bucket().bucket(self.bucket());
        // AWS wants the region said again, except where it is the first one ever.
        let region = self.settings.region.as_deref().filter(|region| *region != "us-east-1");
        let region = region.filter(|_| self.settings.endpoint.is_none()).map(BucketLocationConstraint::from);
        let place = region.map(|region| CreateBucketConfiguration::builder().location_constraint(region).build());
        let request = request.set_create_bucket_configuration(place);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(error) => Err(failed("create bucket", self.bucket(), error)),
        }
    }

    /// Removes the bucket, which must be empty. For the suites and for whoever tries a store out.
    ///
    /// # Errors
    /// `Conflict` when something is in it.
    pub async fn remove_bucket(&self) -> StoreResult<()> {
        let answer = self.client.delete_bucket().bucket(self.bucket()).send().await;
        answer.map(|_| ()).map_err(|error| failed("delete bucket", self.bucket(), error))
    }

    /// Looks for the bucket and makes it if it is not there. For the embedded store.
    ///
    /// # Errors
    /// As [`S3Store::check_bucket`] and [`S3Store::create_bucket`].
    pub async fn ensure_bucket(&self) -> StoreResult<()> {
        match self.check_bucket().await {
            Err(error) if error.kind() == StoreErrorKind::NoSuchBucket => self.create_bucket().await,
            answer => answer,
        }
    }

    pub(super) async fn check_credentials(&self) -> StoreResult<()> {
        let denied = |message: &str| StoreError::new(StoreErrorKind::AccessDenied, message);
        let nowhere = "no credentials found: none are set, and environment, profile, container and instance have none";
        let provider = self.credentials.as_ref().ok_or_else(|| denied(nowhere))?;
        let found = provider.provide_credentials().await;
        found.map(|_| ()).map_err(|error| denied(nowhere).caused_by(error))
    }
}
