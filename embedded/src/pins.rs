//! Keeps the file of a blob as long as somebody may still read it.
//!
//! A reader looks a blob up in the index and opens its file a moment later; a writer may drop the last
//! reference in between. So a reader opens a *snapshot* before it looks, and *pins* what it found. A
//! dropped blob is removed once every snapshot that began before the drop has ended and no pin is left.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::{fs, io, thread};

use crate::blobs::{BlobName, Blobs};

#[derive(Debug, Default)]
struct State {
    /// Grows with each drop; a snapshot that began at `n` cannot see what was dropped at `n` or before.
    drops: u64,
    /// Open snapshots by the number of drops when they began.
    snapshots: BTreeMap<u64, usize>,
    pinned: HashMap<BlobName, usize>,
    dropped: Vec<(u64, BlobName)>,
    remover: Option<mpsc::Sender<BlobName>>,
}

impl State {
    /// Hands what nobody can read any more to the remover.
    fn collect(&mut self) {
        if self.dropped.is_empty() {
            return;
        }
        let oldest = self.snapshots.keys().next().copied().unwrap_or(u64::MAX);
        let (pinned, remover) = (&self.pinned, &self.remover);
        self.dropped.retain(|(drop, name)| {
            let readable = *drop > oldest || pinned.contains_key(name);
            if !readable && let Some(remover) = remover {
                // The remover is gone only when the store closes; the next start removes the file.
                let _ = remover.send(*name);
            }
            readable
        });
    }
}

/// Who reads which blob, and which blobs wait to be removed.
#[derive(Debug)]
pub(crate) struct Pins {
    state: Mutex<State>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Pins {
    /// Starts the thread that removes files: unlinking a large file takes time, and nobody waits for it.
    pub(crate) fn start(blobs: Arc<Blobs>) -> io::Result<Arc<Self>> {
        let (remover, names) = mpsc::channel();
        let work = move || {
            while let Ok(name) = names.recv() {
                if let Err(error) = fs::remove_file(blobs.path(name)) {
                    tracing::warn!(blob = name.text(), %error, "cannot remove a dropped blob, the next start tries again");
                }
            }
        };
        let thread = thread::Builder::new().name("store-remover".to_owned()).spawn(work)?;
        let state = State { remover: Some(remover), ..State::default() };
        Ok(Arc::new(Self { state: Mutex::new(state), thread: Mutex::new(Some(thread)) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a snapshot. The transaction that looks must begin after it.
    pub(crate) fn snapshot(self: &Arc<Self>) -> Snapshot {
        let mut state = self.state();
        let began = state.drops;
        *state.snapshots.entry(began).or_default() += 1;
        Snapshot { began, pins: Arc::clone(self) }
    }

    /// These blobs have no reference any more. Called after the transaction that says so.
    pub(crate) fn dropped(&self, names: Vec<BlobName>) {
        if names.is_empty() {
            return;
        }
        let mut state = self.state();
        state.drops += 1;
        let drop = state.drops;
        state.dropped.extend(names.into_iter().map(|name| (drop, name)));
        state.collect();
    }

    /// Removes what may be removed and stops.
    pub(crate) fn stop(&self) {
        self.state().remover = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// While it lives, no blob that a transaction begun after it can see is removed.
#[derive(Debug)]
pub(crate) struct Snapshot {
    began: u64,
    pins: Arc<Pins>,
}

impl Snapshot {
    /// Keeps these blobs, and them only, beyond the snapshot.
    pub(crate) fn pin(&self, names: Vec<BlobName>) -> Pin {
        let mut state = self.pins.state();
        for name in &names {
            *state.pinned.entry(*name).or_default() += 1;
        }
        Pin { names, pins: Arc::clone(&self.pins) }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let mut state = self.pins.state();
        if let Some(count) = state.snapshots.get_mut(&self.began) {
            *count -= 1;
            if *count == 0 {
                state.snapshots.remove(&self.began);
            }
        }
        state.collect();
    }
}

/// Keeps the files of some blobs while it lives.
#[derive(Debug)]
pub(crate) struct Pin {
    names: Vec<BlobName>,
    pins: Arc<Pins>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        if self.names.is_empty() {
            return;
        }
        let mut state = self.pins.state();
        for name in &self.names {
            if let Some(count) = state.pinned.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    state.pinned.remove(name);
                }
            }
        }
        state.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(blobs: &Arc<Blobs>) -> BlobName {
        let blob = blobs.create().unwrap().publish().unwrap();
        let name = blob.name();
        blob.keep();
        name
    }

    #[test]
    fn a_blob_goes_only_when_the_last_reader_has_ended() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Arc::new(Blobs::open(dir.path()).unwrap());
        let pins = Pins::start(Arc::clone(&blobs)).unwrap();
        let (one, two) = (published(&blobs), published(&blobs));

        let snapshot = pins.snapshot();
        pins.dropped(vec![one, two]);
        let pin = snapshot.pin(vec![one]);
        drop(snapshot);
        let later = pins.snapshot();
        assert_eq!(pins.state().dropped.iter().map(|(_, name)| *name).collect::<Vec<_>>(), [one]);
        drop(pin);
        assert!(pins.state().dropped.is_empty(), "a later snapshot cannot see it");
        drop(later);
        pins.stop();
        assert!(!blobs.path(one).exists());
        assert!(!blobs.path(two).exists());
    }
}
