//! Lists directories: one `ListObjectsV2` a page, never a look per entry.

use std::time::Duration;

use futures::{Stream, TryStreamExt, stream};

use super::moves::{Lies, token_of_one};
use super::page::{MAX_PAGE, Page, PageRequest, PageToken, is_empty};
use super::{Entry, EntryKind, no_such_directory};
use crate::access::{Folder, Reads};
use crate::clock::Timestamp;
use crate::error::{Error, Result, Subject};
use crate::key::{FolderPrefix, KeyPrefix, ObjectKey};
use crate::path::{DirPath, FilePath};
use crate::store::{ListPage, ListRequest, Listed, StoreError, StoreErrorKind};

/// For how long a directory is taken for one that may just have been moved there, and a file for one that was
/// just written there.
const YOUNG: Duration = Duration::from_secs(60);

impl<A: Reads> Folder<A> {
    /// One page of what is in `directory`. Costs exactly one request to the store
    /// (in the trash, two more that see what is on its way there, and looks at that).
    ///
    /// The directory's own marker is not shown, nor is what another program stored under a name
    /// that no client could use.
    ///
    /// # Errors
    /// `NotFound` when the first page shows that there is no such directory (the root is always
    /// there); `Invalid` for a limit of 0 and a token that the store did not give.
    pub async fn list(&self, directory: &DirPath, request: PageRequest) -> Result<Page> {
        if request.limit == 0 {
            return Err(Error::invalid(Subject::Request, "a page has at least one entry"));
        }
        let request = PageRequest { limit: request.limit.min(MAX_PAGE), ..request };
        let believed = self.view().await?;
        let first = request.token.is_none();
        match self.list_page(directory, request.clone()).await {
            // Where it was made a moment ago, its files may be on their way there.
            Ok(page)
                if first
                    && page.made.is_some_and(|made| self.is_young(made))
                    && self.has_moved_since(&believed).await? =>
            {
                self.list_page(directory, request).await
            }
            Err(error) if self.is_news(&believed, &error).await? => self.list_page(directory, request).await,
            answer => answer,
        }
    }

    /// Whether something was made so short a time ago, give or take what clocks differ, that a move may not be
    /// known here that was before it.
    pub(super) fn is_young(&self, made: Timestamp) -> bool {
        self.bucket().clock().now().since(made) < YOUNG
    }

    async fn list_page(&self, directory: &DirPath, request: PageRequest) -> Result<Page> {
        let record = self.view().await?;
        let veil = self.veil(directory.path()).await?;
        let lies = directory.path().map_or(Lies::Here, |path| record.lies(path));
        let mut page = match lies {
            Lies::Here => self.list_one(directory, request).await?,
            Lies::HereOrAt(old) => self.list_both(directory, &old, request).await?,
            Lies::Away => return Err(no_such_directory(directory)),
        };
        page.entries.retain(|entry| record.lies(&entry.path) != Lies::Away);
        self.without_hidden(veil, directory, page).await
    }

    async fn list_one(&self, directory: &DirPath, request: PageRequest) -> Result<Page> {
        let first = request.token.is_none();
        let PageRequest { limit, token } = request;
        let stored = self.list_stored(directory, PageRequest { limit, token: token_of_one(token.as_ref()) }).await?;
        if first && !stored.is_there && directory.path().is_some() {
            return Err(no_such_directory(directory));
        }
        Ok(stored.page)
    }

    /// One page of what is stored at the keys of `directory`.
    pub(super) async fn list_stored(&self, directory: &DirPath, request: PageRequest) -> Result<StoredPage> {
        let first = request.token.is_none();
        let asked = ListRequest {
            prefix: KeyPrefix::directory(self.prefix(), directory),
            delimited: true,
            token: request.token.map(|token| token.as_str().to_owned()),
            start_after: None,
            limit: request.limit,
        };
        let page = self.bucket().store().list(asked).await.map_err(|error| refused(error, first))?;
        let marker = directory.path().map(|path| ObjectKey::marker(self.prefix(), path));
        let made =
            page.objects.iter().find(|object| Some(&object.key) == marker.as_ref()).map(|marker| marker.modified);
        let is_there = !is_empty(&page);
        Ok(StoredPage { is_there, page: Page { made, ..entries(self.prefix(), page) } })
    }

    /// All of what is in `directory`, page after page, holding one page in memory.
    pub fn list_all<'f>(&'f self, directory: &'f DirPath) -> impl Stream<Item = Result<Entry>> + Send + 'f {
        let first = Some(PageRequest::default());
        let pages = stream::try_unfold(first, move |request| async move {
            let Some(request) = request else { return Ok(None) };
            let page = self.list(directory, request).await?;
            let next = page.next.map(|token| PageRequest { token: Some(token), ..PageRequest::default() });
            Ok::<_, Error>(Some((stream::iter(page.entries.into_iter().map(Ok)), next)))
        });
        pages.try_flatten()
    }

    /// Whether anything lies below `path`: its marker or a child. One cheap look.
    pub(crate) async fn is_directory(&self, path: &FilePath) -> Result<bool> {
        let places = match self.view().await?.lies(path) {
            Lies::Here => vec![path.clone()],
            Lies::HereOrAt(old) => vec![path.clone(), old, path.clone()],
            Lies::Away => Vec::new(),
        };
        for place in places {
            let page = self.bucket().store().list(self.any_child(&DirPath::at(place))).await;
            if !is_empty(&page.map_err(|error| error.about(Subject::File))?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The shortest listing that shows whether there is anything in `directory`.
    fn any_child(&self, directory: &DirPath) -> ListRequest {
        ListRequest { limit: 1, ..ListRequest::all(KeyPrefix::directory(self.prefix(), directory)) }
    }
}

/// A page of what is stored in a directory.
pub(super) struct StoredPage {
    pub(super) page: Page,
    /// Whether there is anything at all, if only the directory's marker.
    pub(super) is_there: bool,
}

fn refused(error: StoreError, first: bool) -> Error {
    if !first && error.kind() == StoreErrorKind::Refused {
        return Error::invalid(Subject::Request, "this is no token of a page of this directory").caused_by(error);
    }
    error.about(Subject::File)
}

/// What a page shows: files, and a directory per common prefix, in the order of their keys.
fn entries(prefix: &FolderPrefix, page: ListPage) -> Page {
    let files = page.objects.into_iter().filter_map(|object| file(prefix, object));
    let directories = page.prefixes.iter().filter_map(|key| prefix.directory_path(key)).map(directory);
    let mut entries: Vec<Entry> = files.chain(directories).collect();
    entries.sort_by(|one, other| key_order(one).cmp(key_order(other)));
    Page { entries, next: page.next.map(PageToken::new), made: None }
}

pub(super) fn file(prefix: &FolderPrefix, object: Listed) -> Option<Entry> {
    let path = prefix.file_path(&object.key)?;
    Some(Entry { path, kind: EntryKind::File { size: object.size, etag: object.etag, modified: object.modified } })
}

pub(super) const fn directory(path: FilePath) -> Entry {
    Entry { path, kind: EntryKind::Directory }
}

/// The bytes of an entry's key: a directory's ends in `/`.
pub(super) fn key_order(entry: &Entry) -> impl Iterator<Item = u8> + '_ {
    let end = entry.is_directory().then_some(b'/');
    entry.path.as_str().bytes().chain(end)
}
