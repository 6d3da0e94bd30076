//! The one byte budget. Whoever keeps a body's bytes in memory holds permits for them, and the
//! permits travel with the bytes, so what is held never exceeds the budget.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many bytes this process may keep in memory for bodies. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Budget {
    total: u32,
    free: Arc<Semaphore>,
    /// What may be taken of it for mere convenience: a half, so that the other half moves on
    /// whatever becomes of this one.
    spare: Arc<Semaphore>,
}

/// Permission to keep some bytes; dropping it gives them back.
#[derive(Debug)]
pub struct Permit {
    held: OwnedSemaphorePermit,
    spare: Option<OwnedSemaphorePermit>,
}

impl Permit {
    /// Ties as much of it to `bytes` as they are long, until the last copy of them is dropped, and gives back the rest.
    #[must_use]
    pub fn tied_to(mut self, bytes: Vec<u8>) -> Bytes {
        self.keep(bytes.len());
        Bytes::from_owner(Tied { bytes: bytes.into_boxed_slice(), _permit: self })
    }

    fn keep(&mut self, bytes: usize) {
        for permits in [Some(&mut self.held), self.spare.as_mut()].into_iter().flatten() {
            drop(permits.split(permits.num_permits().saturating_sub(bytes)));
        }
    }
}

/// Bytes, and the permission to keep them.
struct Tied {
    bytes: Box<[u8]>,
    _permit: Permit,
}

impl AsRef<[u8]> for Tied {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Budget {
    /// A budget of `bytes`, at least one.
    #[must_use]
    pub fn new(bytes: u32) -> Self {
        let total = bytes.max(1);
        // A semaphore counts in usize: 32 bits on the smallest platform that is supported.
        let of = |bytes: u32| Arc::new(Semaphore::new(bytes as usize));
        Self { total, free: of(total), spare: of(total / 2) }
    }

    /// The whole budget in bytes.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// What is held at this moment.
    #[must_use]
    pub fn held(&self) -> u32 {
        let free = u32::try_from(self.free.available_permits()).unwrap_or(self.total);
        self.total.saturating_sub(free)
    }

    /// The most that one holder may ask for at a time: a quarter of the budget. So a few large
    /// holders never shut out everybody else.
    #[must_use]
    pub const fn share(&self) -> u32 {
        if self.total < 4 { 1 } else { self.total / 4 }
    }

    /// `bytes` for what could do without, and may be kept for as long as a client likes: if there
    /// is room now, it is no more than a [`share`](Self::share), and half of the budget stays for
    /// those who [`acquire`](Self::acquire).
    #[must_use]
    pub fn try_spare(&self, bytes: u64) -> Option<Permit> {
        let bytes = u32::try_from(bytes).ok().filter(|bytes| *bytes <= self.share())?;
        let spare = Arc::clone(&self.spare).try_acquire_many_owned(bytes).ok()?;
        let held = Arc::clone(&self.free).try_acquire_many_owned(bytes).ok()?;
        Some(Permit { held, spare: Some(spare) })
    }

    /// Whether only those who [`acquire`](Self::acquire) keep `bytes` from being taken as spare.
    #[must_use]
    pub fn may_spare(&self, bytes: u64) -> bool {
        bytes <= u64::from(self.share()) && bytes <= self.spare.available_permits() as u64
    }

    /// Waits until there is room for `bytes`, which is cut to a [`share`](Self::share). First
    /// come, first served. Whoever waits here with permits in hand must be able to lose them.
    pub async fn acquire(&self, bytes: u32) -> Permit {
        let held = Arc::clone(&self.free).acquire_many_owned(bytes.min(self.share())).await;
        Permit { held: held.expect("the semaphore is never closed"), spare: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_held_comes_back_when_the_permit_goes() {
        let budget = Budget::new(100);
        let one = budget.acquire(25).await;
        let two = budget.try_spare(20).unwrap();
        assert_eq!(budget.held(), 45);
        drop((one, two));
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test]
    async fn nobody_gets_more_than_a_share_or_more_than_there_is() {
        let budget = Budget::new(100);
        assert!(budget.try_spare(26).is_none());
        let held = [budget.acquire(26).await, budget.acquire(25).await, budget.acquire(25).await];
        assert_eq!(budget.held(), 75);
        let rest = budget.try_spare(25).unwrap();
        assert!(budget.try_spare(1).is_none());
        drop((held, rest));
        assert!(budget.try_spare(1).is_some());
    }

    #[tokio::test]
    async fn half_of_it_cannot_be_taken_as_spare() {
        let budget = Budget::new(100);
        let spare = [budget.try_spare(25).unwrap(), budget.try_spare(25).unwrap()];
        assert!(!budget.may_spare(1));
        assert!(budget.try_spare(1).is_none());
        let rest = [budget.acquire(25).await, budget.acquire(25).await];
        assert_eq!(budget.held(), 100);
        drop(spare);
        assert!(budget.may_spare(25));
        drop(rest);
    }

    #[tokio::test]
    async fn what_is_tied_to_bytes_comes_back_with_their_last_copy() {
        let budget = Budget::new(100);
        for (bytes, held) in [(&b""[..], 0), (b"abc", 3), (b"more than was asked for", 20)] {
            let tied = budget.try_spare(20).unwrap().tied_to(bytes.to_vec());
            assert_eq!((&tied[..], budget.held()), (bytes, held));
            assert_eq!(budget.may_spare(25) && !budget.may_spare(26), held <= 25);
            let copy = tied.slice(..tied.len() / 2);
            drop(tied);
            assert_eq!(budget.held(), held);
            drop(copy);
            assert_eq!(budget.held(), 0);
        }
    }

    #[tokio::test]
    async fn who_waits_is_served_when_room_comes() {
        let budget = Budget::new(4);
        let held = futures::future::join_all((0..4).map(|_| budget.acquire(1))).await;
        let waiting = tokio::time::timeout(std::time::Duration::from_secs(5), budget.acquire(1));
        let (got, ()) = tokio::join!(waiting, async { drop(held) });
        assert!(got.is_ok());
    }
}
