//! What this replica knows of one upload, and the bytes of it that it holds. Losing it loses
//! nothing but held bytes, which no finish has acknowledged.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::fragments::{Fragments, Piece};
use super::grid::Grid;
use super::ranges::Ranges;
use super::record::UploadRecord;
use crate::id::UploadId;
use crate::store::PartNumber;

/// How long a piece waits at most, also while its neighbours keep coming in.
const LONGEST_HOLD: Duration = Duration::from_secs(2);

/// An upload that this replica has seen chunks of.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) id: UploadId,
    /// Held by who looks the record up, so that many chunks cost one look.
    pub(super) looking: tokio::sync::Mutex<()>,
    /// Held by who fixes the grid.
    pub(super) fixing: tokio::sync::Mutex<()>,
    /// Held by who writes a bundle: those who wait share the next one.
    pub(super) flushing: tokio::sync::Mutex<()>,
    /// Held by who finishes.
    pub(super) finishing: Arc<tokio::sync::Mutex<()>>,
    /// Something waits for a bundle, after nothing did.
    pub(super) news: Notify,
    /// A cell that was being stored is a part, or is not.
    settled: Notify,
    known: Mutex<Known>,
    held: Mutex<Held>,
}

/// The record, and when the request was sent that read it.
#[derive(Clone, Debug)]
struct Known {
    record: Arc<UploadRecord>,
    sent: Duration,
}

#[derive(Debug, Default)]
struct Held {
    fragments: Fragments,
    /// Positions that this replica saw stored, in parts or bundles.
    stored: Ranges,
    /// Parts that this replica saw stored.
    parts: BTreeSet<PartNumber>,
    /// Cells on their way into the store, from memory.
    storing: BTreeSet<PartNumber>,
    newest: Option<Instant>,
    /// The watch knows that something waits for a bundle, and looks again when it is due.
    watched: bool,
    /// How often something came in.
    changes: u64,
    /// What the last finish missed, and when it looked; `None` once something came in.
    holes: Option<(Vec<Range<u64>>, Instant)>,
}

impl Active {
    pub(super) fn new(id: UploadId, record: Arc<UploadRecord>, sent: Duration) -> Self {
        Self {
            id,
            looking: tokio::sync::Mutex::default(),
            fixing: tokio::sync::Mutex::default(),
            flushing: tokio::sync::Mutex::default(),
            finishing: Arc::default(),
            news: Notify::new(),
            settled: Notify::new(),
            known: Mutex::new(Known { record, sent }),
            held: Mutex::default(),
        }
    }

    /// The record as last seen, and when the request was sent that read it.
    pub(super) fn known(&self) -> (Arc<UploadRecord>, Duration) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&known.record), known.sent)
    }

    /// Takes over a record, unless a younger one is known. A read that raced with a write of this
    /// replica may be the younger request and still have the older answer: what can only come and
    /// never go tells.
    pub(super) fn learn(&self, record: Arc<UploadRecord>, sent: Duration) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let older =
            (known.record.fixed.is_some() && record.fixed.is_none()) || (known.record.is_over() && !record.is_over());
        if sent >= known.sent && !older {
            *known = Known { record, sent };
        }
    }

    /// Whether this replica saw all of `range` stored.
    pub(super) fn is_stored(&self, range: &Range<u64>) -> bool {
        self.held().stored.covers(range)
    }

    /// Whether this replica saw `part` stored.
    pub(super) fn is_part(&self, part: PartNumber) -> bool {
        self.held().parts.contains(&part)
    }

    /// Holds a piece.
    pub(super) fn hold(&self, piece: &Piece) {
        let now = Instant::now();
        let mut held = self.held();
        held.newest = Some(now);
        held.changed();
        held.fragments.insert(piece, now);
        // Whatever is held later is due later, so a watch that has a time to look at needs no more.
        if !held.watched {
            self.news.notify_one();
        }
    }

    /// The pieces of a cell that is held completely and not on its way yet. Until the answer is
    /// dropped nobody else gets them.
    pub(super) fn claim(self: &Arc<Self>, part: PartNumber, cell: &Range<u64>) -> Option<Claim> {
        let mut held = self.held();
        if held.parts.contains(&part) || !held.fragments.covers(cell) || !held.storing.insert(part) {
            return None;
        }
        let pieces = held.fragments.within(cell);
        Some(Claim { active: Arc::clone(self), part, cell: cell.clone(), pieces })
    }

    /// Notes that `part` is in the store; its bytes need not be held any more.
    pub(super) fn part_stored(&self, part: PartNumber, cell: &Range<u64>) {
        let mut held = self.held();
        held.changed();
        held.parts.insert(part);
        held.stored.insert(cell.clone());
        held.fragments.remove(cell);
    }

    /// Notes that bundles have `stored`.
    pub(super) fn bundled(&self, stored: &Ranges) {
        let mut held = self.held();
        held.stored.extend(stored.iter());
        held.fragments.bundled(stored);
    }

    /// What is to go into the next bundle: held, in no bundle, and not on its way into a part.
    pub(super) fn to_bundle(&self) -> Vec<Piece> {
        let grid = self.grid();
        self.held().waiting(grid).map(|(piece, _)| piece.clone()).collect()
    }

    /// Since when the oldest piece waits for a bundle.
    pub(super) fn oldest(&self) -> Option<Instant> {
        let grid = self.grid();
        self.held().waiting(grid).map(|(_, since)| since).min()
    }

    /// When the next bundle is due; `None` when nothing waits for one, and then there is news as
    /// soon as something does. For the watch alone.
    pub(super) fn due(&self, quiet: Duration) -> Option<Instant> {
        let grid = self.grid();
        let mut held = self.held();
        let oldest = held.waiting(grid).map(|(_, since)| since).min();
        held.watched = oldest.is_some();
        let newest = held.newest.or(oldest)?;
        oldest.map(|oldest| (newest + quiet).min(oldest + LONGEST_HOLD.max(quiet)))
    }

    /// Lets go of what bundles have; answers how many bytes that were.
    pub(super) fn drop_bundled(&self) -> u64 {
        self.held().fragments.drop_bundled()
    }

    /// Lets go of everything that is held.
    pub(super) fn clear(&self) {
        self.held().fragments = Fragments::default();
    }

    /// Whether nothing is held.
    pub(super) fn is_empty(&self) -> bool {
        self.held().fragments.is_empty()
    }

    /// What is held of `range`.
    pub(super) fn pieces(&self, range: &Range<u64>) -> Vec<Piece> {
        self.held().fragments.within(range)
    }

    /// How often something came in, to be told to [`Active::found_holes`].
    pub(super) fn changes(&self) -> u64 {
        self.held().changes
    }

    /// Notes what a finish missed that looked at `looked`, unless something came in since `changes`.
    pub(super) fn found_holes(&self, holes: &[Range<u64>], looked: Instant, changes: u64) {
        let mut held = self.held();
        if held.changes == changes {
            held.holes = Some((holes.to_vec(), looked));
        }
    }

    /// What a finish missed that looked at `since` or later, if nothing came in after it.
    pub(super) fn holes_since(&self, since: Instant) -> Option<Vec<Range<u64>>> {
        self.held().holes.as_ref().filter(|(_, looked)| *looked >= since).map(|(holes, _)| holes.clone())
    }

    /// Waits until no cell is on its way from memory into the store.
    pub(super) async fn settled(&self) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if self.held().storing.is_empty() {
                return;
            }
            settled.await;
        }
    }

    fn grid(&self) -> Option<Grid> {
        self.known().0.fixed.as_ref().map(|fixed| fixed.grid)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn changed(&mut self) {
        self.changes += 1;
        self.holes = None;
    }

    /// What is in no bundle, and not on its way into a part.
    fn waiting(&self, grid: Option<Grid>) -> impl Iterator<Item = (&Piece, Instant)> {
        let storing = move |piece: &Piece| grid.is_some_and(|grid| self.storing.contains(&grid.part_at(piece.start)));
        self.fragments.unbundled().filter(move |(piece, _)| !storing(piece))
    }
}

/// A cell that is held completely, on its way into the store.
#[derive(Debug)]
pub(super) struct Claim {
    active: Arc<Active>,
    pub(super) part: PartNumber,
    pub(super) cell: Range<u64>,
    pub(super) pieces: Vec<Piece>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.active.held().storing.remove(&self.part);
        self.active.settled.notify_waiters();
        self.active.news.notify_one();
    }
}
