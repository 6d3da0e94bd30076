//! A bucket reached through aws-sdk-s3: AWS, MinIO, the embedded store, whatever speaks S3.
//!
//! Retries happen in the SDK, for every request whose body can be sent again.

mod attempts;
mod body;
mod bucket;
mod connect;
mod copy;
mod encode;
mod failure;
mod listing;
mod multipart;
mod objects;
mod pool;
mod reach;
mod retries;
mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, Config, SharedCredentialsProvider};
use sha2::{Digest, Sha256};

pub use self::reach::Reach;
pub use self::settings::{Checksums, KeyPair, Retries, S3Settings, Timeouts};

use super::{
    Attributes, Body, Capabilities, Condition, CopyRequest, ETag, GetOptions, ListPage, ListRequest, MultipartId,
    Object, ObjectMeta, ObjectStore, Part, PartNumber, StoreError, StoreResult, Unfinished, UnfinishedMarker,
    UnfinishedPage, check,
};
use crate::key::{KeyPrefix, ObjectKey};

/// A bucket of an S3 store. Cheap to clone.
#[derive(Clone)]
pub struct S3Store {
    client: Client,
    endpoint: Arc<str>,
    credentials: Option<SharedCredentialsProvider>,
    settings: Arc<S3Settings>,
    capabilities: Capabilities,
}

impl S3Store {
    /// Gets ready to use a bucket; asks nothing of the store (that is [`S3Store::check_bucket`]).
    ///
    /// # Errors
    /// When no region can be told.
    pub async fn connect(settings: S3Settings) -> StoreResult<Self> {
        let connected = connect::connect(&settings).await?;
        Ok(Self {
            client: connected.client,
            endpoint: connected.endpoint.into(),
            credentials: connected.credentials,
            settings: Arc::new(settings),
            capabilities: Capabilities::unproved(),
        })
    }

    /// The same bucket, relying on what its probe found.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Where the store is, for people.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.settings.bucket
    }

    /// Which store and bucket this is, in a few characters: what was found of one says nothing of
    /// another.
    #[must_use]
    pub fn identity(&self) -> String {
        let place = format!("{}\n{}", self.endpoint, self.bucket());
        hex::encode(&Sha256::digest(place)[..16])
    }

    /// One request's own time-outs.
    fn within(timeouts: TimeoutConfig) -> Builder {
        Config::builder().timeout_config(timeouts)
    }

    fn long(&self) -> Builder {
        Self::within(self.settings.within(self.settings.timeouts.long_attempt))
    }

    /// The tagging header, unless the store has no tags.
    fn tagging(&self, attributes: &Attributes) -> Option<String> {
        encode::tagging(&attributes.tags).filter(|_| self.capabilities.tags)
    }
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Store").field("endpoint", &self.endpoint).field("bucket", &self.bucket()).finish()
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn get(&self, key: &ObjectKey, options: GetOptions) -> StoreResult<Object> {
        check::range(&options)?;
        self.get_object(key, options).await
    }

    async fn head(&self, key: &ObjectKey) -> StoreResult<ObjectMeta> {
        self.head_object(key).await
    }

    async fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: Attributes,
        condition: Condition,
    ) -> StoreResult<ETag> {
        check::key(key)?;
        check::attributes(&attributes)?;
        self.put_object(key, body, attributes, condition).await
    }

    async fn delete(&self, key: &ObjectKey, condition: Condition) -> StoreResult<()> {
        self.delete_object(key, condition).await
    }

    async fn delete_many(&self, keys: &[ObjectKey]) -> StoreResult<Vec<(ObjectKey, StoreError)>> {
        check::keys(keys)?;
        self.delete_objects(keys).await
    }

    async fn list(&self, request: ListRequest) -> StoreResult<ListPage> {
        self.list_objects(request).await
    }

    async fn copy(&self, request: CopyRequest, condition: Condition) -> StoreResult<ETag> {
        check::key(&request.to)?;
        check::attributes(&request.attributes)?;
        self.copy_somehow(request, condition).await
    }

    async fn create_multipart(&self, key: &ObjectKey, attributes: Attributes) -> StoreResult<MultipartId> {
        check::key(key)?;
        check::attributes(&attributes)?;
        self.create_upload(key, attributes).await
    }

    async fn put_part(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        number: PartNumber,
        body: Body,
    ) -> StoreResult<ETag> {
        check::part(number)?;
        self.upload_part(key, upload, number, body).await
    }

    async fn list_parts(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<Vec<Part>> {
        self.all_parts(key, upload).await
    }

    async fn complete_multipart(
        &self,
        key: &ObjectKey,
        upload: &MultipartId,
        parts: &[Part],
        condition: Condition,
    ) -> StoreResult<ETag> {
        self.complete_upload(key, upload, parts, condition).await
    }

    async fn abort_multipart(&self, key: &ObjectKey, upload: &MultipartId) -> StoreResult<()> {
        self.abort_upload(key, upload).await
    }

    async fn list_multiparts(&self, key: &ObjectKey) -> StoreResult<Vec<Unfinished>> {
        self.uploads_of(key).await
    }

    async fn list_multiparts_below(
        &self,
        prefix: &KeyPrefix,
        after: Option<UnfinishedMarker>,
    ) -> StoreResult<UnfinishedPage> {
        self.uploads_below(prefix, after).await
    }

    async fn tags(&self, key: &ObjectKey) -> StoreResult<BTreeMap<String, String>> {
        self.object_tags(key).await
    }

    async fn set_tags(&self, key: &ObjectKey, tags: BTreeMap<String, String>) -> StoreResult<()> {
        check::tags(&tags)?;
        self.set_object_tags(key, tags).await
    }
}

#[cfg(test)]
mod tests;
