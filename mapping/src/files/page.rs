//! One page of a directory, and how to ask for it.

use super::Entry;
use crate::clock::Timestamp;
use crate::store::ListPage;

/// The most entries on a page: what a store gives at a time.
pub(super) const MAX_PAGE: u16 = 1000;

/// Which page of a directory.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// At most this many entries; more than 1,000 are cut to 1,000. A page may have fewer and
    /// still not be the last.
    pub limit: u16,
    /// Where the page before ended.
    pub token: Option<PageToken>,
}

impl Default for PageRequest {
    /// The first page, as long as it may be.
    fn default() -> Self {
        Self { limit: MAX_PAGE, token: None }
    }
}

/// Where a page ended. Opaque: it means something only to the store that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken(String);

impl PageToken {
    /// A token that was handed out as text before. One that never was makes the listing `Invalid`.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The token as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of a directory.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What is in it, in the order of the keys.
    pub entries: Vec<Entry>,
    /// Where to go on; `None` on the last page.
    pub next: Option<PageToken>,
    /// When the directory was made on purpose, if this page shows that.
    pub made: Option<Timestamp>,
}

/// Whether a page shows that there is anything at all.
pub(super) const fn is_empty(page: &ListPage) -> bool {
    page.objects.is_empty() && page.prefixes.is_empty() && page.next.is_none()
}
