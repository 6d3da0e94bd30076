//! What one process knows of bringing the files of a directory after it. Losing it loses nothing.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clear::is_marker;
use super::tally::Position;
use crate::store::Listed;

/// What one process knows of a relocation that it works on.
#[derive(Debug)]
pub(super) struct Relocation {
    /// Whether everybody knows of the move by now.
    pub(super) begun: AtomicBool,
    /// Whether it was gone through by this process from its beginning.
    pub(super) whole: AtomicBool,
    /// The longest path that was brought, in bytes.
    pub(super) longest: AtomicUsize,
    /// How many files this process came across since the pass began; `None` where it did not see it begin.
    files: Mutex<Option<usize>>,
    /// How many names of the pass are too long for their new place: another program gave them.
    pub(super) too_long: AtomicUsize,
}

impl Relocation {
    pub(super) const fn new() -> Self {
        Self {
            begun: AtomicBool::new(false),
            whole: AtomicBool::new(true),
            longest: AtomicUsize::new(0),
            files: Mutex::new(None),
            too_long: AtomicUsize::new(0),
        }
    }

    pub(super) fn files(&self) -> MutexGuard<'_, Option<usize>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is left of the pass but what can never follow: it stays where it is, and is told.
    pub(super) fn is_all_too_long(&self, position: &Position) -> bool {
        let (files, too_long) = (self.files().unwrap_or(usize::MAX), self.too_long.load(Ordering::SeqCst));
        too_long >= files && too_long as u64 == position.progress.failed
    }

    /// Notes a page of the pass; it begins where `is_first`.
    pub(super) fn come_across(&self, page: &[Listed], is_first: bool) {
        let mut files = self.files();
        if is_first {
            *files = Some(0);
            self.too_long.store(0, Ordering::SeqCst);
        }
        if let Some(files) = files.as_mut() {
            *files += page.iter().filter(|listed| !is_marker(listed)).count();
        }
    }

    /// The longest path that was brought, if all were seen.
    pub(super) fn longest(&self) -> Option<usize> {
        self.whole.load(Ordering::SeqCst).then(|| self.longest.load(Ordering::SeqCst))
    }
}
