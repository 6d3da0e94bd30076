//! Lists a directory with all that is below it.

use std::collections::HashSet;

use futures::{Stream, TryStreamExt, stream};

use super::Entry;
use super::list::{directory as directory_at, file};
use super::page::{Page, PageRequest, PageToken};
use super::trash::trash;
use crate::access::{Folder, Reads};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::key::KeyPrefix;
use crate::path::{DirPath, FilePath};
use crate::records::FolderRecord;
use crate::store::{ListRequest, Listed};

/// Where a listing goes on.
enum Going {
    /// It has not begun.
    Nowhere,
    /// Key by key.
    Keys { made: u64, request: ListRequest },
    /// Directory by directory: something in it is on its way.
    Directories(Directories),
}

/// Directories that are still to be listed, the last of them first, and how far that one is.
struct Directories {
    /// How many had moved when it began.
    made: u64,
    left: Vec<DirPath>,
    token: Option<PageToken>,
    listed: HashSet<FilePath>,
}

impl<A: Reads> Folder<A> {
    /// All files below `directory` at any depth, and the directories that were made on purpose, itself
    /// not among them: a page of the store at a time, in the order of the keys. What is on its way
    /// into the trash or out of it is seen at one place. (While the files of a directory in it follow to where
    /// it was moved: all directories, one by one, each thing once.)
    ///
    /// Ends in `Conflict` when a directory of the folder moved before all of this one was listed.
    pub fn list_tree(&self, directory: &DirPath) -> impl Stream<Item = Result<Entry>> + Send + use<A> {
        let state = (self.clone(), directory.clone(), Some(Going::Nowhere));
        let pages = stream::try_unfold(state, |(folder, directory, going)| async move {
            let Some(going) = going else { return Ok(None) };
            let (entries, next) = folder.tree_page(&directory, going).await?;
            Ok::<_, Error>(Some((stream::iter(entries.into_iter().map(Ok)), (folder, directory, next))))
        });
        pages.try_flatten()
    }

    async fn begin_tree(&self, directory: &DirPath) -> Result<Going> {
        self.look_afresh().await?;
        let made = self.view().await?.moves_made;
        if self.is_on_its_way(directory).await? {
            let left = vec![directory.clone()];
            return Ok(Going::Directories(Directories { made, left, token: None, listed: HashSet::new() }));
        }
        Ok(Going::Keys { made, request: ListRequest::all(KeyPrefix::directory(self.prefix(), directory)) })
    }

    async fn tree_page(&self, directory: &DirPath, going: Going) -> Result<(Vec<Entry>, Option<Going>)> {
        match going {
            Going::Nowhere => Ok((Vec::new(), Some(self.begin_tree(directory).await?))),
            Going::Keys { made, request } => self.tree_page_of_keys(directory, made, request).await,
            Going::Directories(directories) => self.tree_page_of_directory(directories).await,
        }
    }

    async fn tree_page_of_keys(
        &self,
        directory: &DirPath,
        made: u64,
        request: ListRequest,
    ) -> Result<(Vec<Entry>, Option<Going>)> {
        let (first, trash) = (request.token.is_none(), trash());
        // The root has the trash in it: what is to be hidden there is.
        let veiled = if directory.path().is_some() { directory } else { &trash };
        let veil = self.veil(veiled.path()).await?;
        let page = self.bucket().store().list(request.clone()).await.map_err(|error| error.about(Subject::File))?;
        let (prefix, next) = (self.prefix(), page.next);
        let marked = |key: &str| prefix.directory_path(key).filter(|path| directory.path() != Some(path));
        let entry = |object: Listed| match marked(object.key.as_str()) {
            Some(path) => Some(directory_at(path)),
            None => file(prefix, object),
        };
        let entries = page.objects.into_iter().filter_map(entry).collect();
        let page = self.without_hidden(veil, veiled, Page { entries, ..Page::default() }).await?;
        if !first {
            let record = if next.is_some() { self.view().await? } else { self.view_afresh().await? };
            Self::refuse_news(made, &record)?;
        }
        let next = next.map(|token| Going::Keys { made, request: ListRequest { token: Some(token), ..request } });
        Ok((page.entries, next))
    }

    /// What moves from what was not listed yet to what was is passed over: that is not the end of it.
    fn refuse_news(made: u64, record: &FolderRecord) -> Result<()> {
        if record.moves_made == made {
            return Ok(());
        }
        let message = "a directory of the folder was moved meanwhile, and not all may have been listed: try again";
        Err(Error::new(ErrorKind::Conflict, Subject::File, message))
    }

    async fn tree_page_of_directory(&self, mut going: Directories) -> Result<(Vec<Entry>, Option<Going>)> {
        let Some(at) = going.left.pop() else {
            Self::refuse_news(going.made, &*self.view_afresh().await?)?;
            return Ok((Vec::new(), None));
        };
        let request = PageRequest { token: going.token.take(), ..PageRequest::default() };
        let page = match self.list(&at, request).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Page::default(),
            page => page?,
        };
        let (listed, mut below) = (&mut going.listed, Vec::new());
        let fresh = page.entries.into_iter().filter(|entry| listed.insert(entry.path.clone()));
        let entries: Vec<Entry> = fresh
            .inspect(|entry| below.extend(entry.is_directory().then(|| DirPath::at(entry.path.clone()))))
            .collect();
        match page.next {
            // The rest of this one first, so that below it comes what is known of it then.
            Some(token) => {
                going.left.splice(0..0, below);
                going.left.push(at);
                going.token = Some(token);
            }
            None => {
                going.left.extend(below);
                going.listed.clear();
            }
        }
        Ok((entries, Some(Going::Directories(going))))
    }
}
