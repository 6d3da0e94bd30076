//! Looks at the source of a walk, a page at a time.

use super::policy::Kind;
use super::walk::Walk;
use crate::access::{Folder, Reads};
use crate::error::{Result, Subject};
use crate::key::KeyPrefix;
use crate::path::DirPath;
use crate::store::{ListPage, ListRequest, Listed, ObjectMeta, StoreErrorKind};

impl Walk {
    /// The page of the source at `cursor`. A token that the store does not know any more leads back
    /// to the beginning: what was done is known when it is come across.
    pub(super) async fn look<A: Reads>(&self, source: &Folder<A>, cursor: Option<&str>) -> Result<ListPage> {
        if self.plan.kind == Kind::File {
            return self.look_at_file(source).await;
        }
        self.look_below(source, &self.plan.source.path, cursor).await
    }

    /// The page of what is stored below `directory` at `cursor`, in the same way.
    pub(super) async fn look_below<A: Reads>(
        &self,
        source: &Folder<A>,
        directory: &DirPath,
        cursor: Option<&str>,
    ) -> Result<ListPage> {
        let prefix = KeyPrefix::directory(source.prefix(), directory);
        let first = ListRequest { limit: self.bucket.settings().job_page.clamp(1, 1000), ..ListRequest::all(prefix) };
        let request = ListRequest { token: cursor.map(str::to_owned), ..first.clone() };
        let list = || async {
            match self.bucket.store().list(request.clone()).await {
                Err(error) if error.kind() == StoreErrorKind::Refused && request.token.is_some() => {
                    self.bucket.store().list(first.clone()).await
                }
                answer => answer,
            }
            .map_err(|error| error.about(Subject::File))
        };
        self.patiently(list).await
    }

    async fn look_at_file<A: Reads>(&self, source: &Folder<A>) -> Result<ListPage> {
        let path = self.plan.source_path()?;
        let found = self.patiently(|| source.head(path)).await?;
        let listed = |meta: ObjectMeta| Listed {
            key: source.key(path),
            size: meta.size,
            etag: meta.etag,
            modified: meta.modified,
        };
        Ok(ListPage { objects: found.map(listed).into_iter().collect(), ..ListPage::default() })
    }
}
