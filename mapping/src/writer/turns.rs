//! Turns: of all writes of one key, one at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout_at};

use crate::key::ObjectKey;
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// How long a write waits for the writes before it, which may be slow clients' bodies.
const PATIENCE: Duration = Duration::from_secs(60);

/// The keys that are being written, or waited for. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    keys: Arc<Mutex<HashMap<ObjectKey, Arc<tokio::sync::Mutex<()>>>>>,
}

/// One key's turn; dropped, it is the next one's.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    key: ObjectKey,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// The turns of all these keys. Everybody takes them in the same order, so nobody waits in a circle.
    ///
    /// # Errors
    /// `Conflict` when the writes before take too long; nothing was written.
    pub(super) async fn take(&self, mut keys: Vec<ObjectKey>) -> StoreResult<Vec<Turn>> {
        keys.sort_unstable();
        keys.dedup();
        let until = Instant::now() + PATIENCE;
        let mut taken = Vec::with_capacity(keys.len());
        for key in keys {
            let (mut turn, lock) = self.line_up(key);
            let Ok(held) = timeout_at(until, lock.lock_owned()).await else {
                let message = format!("another write of `{}` takes longer than {} s", turn.key, PATIENCE.as_secs());
                return Err(StoreError::new(StoreErrorKind::Conflict, message));
            };
            turn.held = Some(held);
            taken.push(turn);
        }
        Ok(taken)
    }

    /// A place in the line, given up when dropped.
    fn line_up(&self, key: ObjectKey) -> (Turn, Arc<tokio::sync::Mutex<()>>) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = Arc::clone(keys.entry(key.clone()).or_default());
        drop(keys);
        (Turn { turns: self.clone(), key, held: None }, lock)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        let mut keys = self.turns.keys.lock().unwrap_or_else(PoisonError::into_inner);
        // Others hold it, or wait for it: they take it out.
        if keys.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            keys.remove(&self.key);
        }
    }
}
