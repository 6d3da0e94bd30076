//! Lists a directory some of whose files are still where they were.

use std::collections::HashSet;

use crate::access::{Folder, Reads};
use crate::error::Result;
use crate::files::list::{StoredPage, key_order};
use crate::files::{Entry, Page, PageRequest, PageToken, no_such_directory};
use crate::path::{DirPath, FilePath};

/// Begins a token of a page of what is still at the old place.
const OLD: &str = "fb-old:";

/// Begins a token of a page of what is at the new place.
const NEW: &str = "fb-new:";

/// Where a listing of both places goes on.
enum From {
    Old(Option<PageToken>),
    New(Option<PageToken>),
}

impl From {
    fn of(token: Option<&PageToken>) -> Self {
        let Some(text) = token.map(PageToken::as_str) else { return Self::Old(None) };
        let rest = |rest: &str| (!rest.is_empty()).then(|| PageToken::new(rest.to_owned()));
        if let Some(old) = text.strip_prefix(OLD) {
            return Self::Old(rest(old));
        }
        Self::New(rest(text.strip_prefix(NEW).unwrap_or(text)))
    }
}

/// The token with which a listing of one place goes on that began while there were two. What was listed of
/// the old place may be listed again at the new one, and nothing is left out.
pub(in crate::files) fn token_of_one(token: Option<&PageToken>) -> Option<PageToken> {
    match From::of(token) {
        From::Old(_) => None,
        From::New(token) => token,
    }
}

impl<A: Reads> Folder<A> {
    /// One page of `directory`, of which some is still in `old`: first what is there, then what is not any more. In
    /// this order nothing is left out that is brought meanwhile. An entry is never twice on one page.
    pub(in crate::files) async fn list_both(
        &self,
        directory: &DirPath,
        old: &FilePath,
        request: PageRequest,
    ) -> Result<Page> {
        let (limit, first) = (request.limit, request.token.is_none());
        let mut old = match From::of(request.token.as_ref()) {
            From::Old(token) => self.list_old(directory, old, PageRequest { limit, token }).await?,
            From::New(token) => {
                let new = self.list_stored(directory, PageRequest { limit, token }).await?;
                return Ok(later(new.page));
            }
        };
        if old.page.next.is_some() {
            return Ok(old.page);
        }
        let room = usize::from(limit).saturating_sub(old.page.entries.len());
        let Some(limit) = u16::try_from(room).ok().filter(|room| *room > 0) else {
            old.page.next = Some(PageToken::new(NEW.to_owned()));
            return Ok(old.page);
        };
        let new = self.list_stored(directory, PageRequest { limit, token: None }).await?;
        if first && !old.is_there && !new.is_there {
            return Err(no_such_directory(directory));
        }
        Ok(merged(old.page.entries, later(new.page)))
    }

    /// One page of what is still in `old`, as it is called in `directory`.
    async fn list_old(&self, directory: &DirPath, old: &FilePath, request: PageRequest) -> Result<StoredPage> {
        let StoredPage { page, is_there } = self.list_stored(&DirPath::at(old.clone()), request).await?;
        let moved = |entry: Entry| Some(Entry { path: directory.join(entry.name()).ok()?, ..entry });
        let entries = page.entries.into_iter().filter_map(moved).collect();
        let next = page.next.map(|token| PageToken::new(format!("{OLD}{}", token.as_str())));
        Ok(StoredPage { page: Page { entries, next, made: None }, is_there })
    }
}

fn later(page: Page) -> Page {
    let next = page.next.map(|token| PageToken::new(format!("{NEW}{}", token.as_str())));
    Page { next, ..page }
}

/// What is at the new place counts where an entry is at both.
fn merged(mut old: Vec<Entry>, mut new: Page) -> Page {
    let fresh: HashSet<FilePath> = new.entries.iter().map(|entry| entry.path.clone()).collect();
    old.retain(|entry| !fresh.contains(&entry.path));
    new.entries.extend(old);
    new.entries.sort_by(|one, other| key_order(one).cmp(key_order(other)));
    new
}
