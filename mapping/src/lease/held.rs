//! The holder's side: renews in the background, and believes in his lease only by his own clock.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Terms;
use super::record::LeaseRecord;
use crate::bucket::Bucket;
use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::key::ObjectKey;
use crate::manifest::{Change, Manifest};

/// A lease that this replica holds. Dropped, it is not renewed any more, and others have it when they
/// have not heard of it for long enough; [`Lease::release`] gives it to them at once.
pub(crate) struct Lease {
    pub(super) held: Arc<Held>,
}

pub(super) struct Held {
    bucket: Bucket,
    key: ObjectKey,
    terms: Terms,
    pub(super) term: u64,
    /// When the request left by which it is held: it holds for its life from then.
    renewed: Mutex<Moment>,
    /// Cancelled once nobody is to renew it any more.
    over: CancellationToken,
}

/// Whether what a lease was taken for has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Yes,
    No,
}

/// What a renewal found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewed {
    Yes,
    TakenAway,
}

impl Lease {
    /// Begins to hold what was taken by a request that left at `sent`.
    pub(super) fn begin(bucket: &Bucket, key: &ObjectKey, terms: Terms, term: u64, sent: Moment) -> Result<Self> {
        let (bucket, key, renewed) = (bucket.clone(), key.clone(), Mutex::new(sent));
        let held = Arc::new(Held { bucket, key, terms, term, renewed, over: CancellationToken::new() });
        if !held.is_mine_for(Duration::ZERO) {
            return Err(lost());
        }
        held.bucket.tasks().background(Arc::clone(&held).renew());
        Ok(Self { held })
    }

    /// Whether it will be held for this long from now, whatever happens: to be asked before each
    /// request that only its holder may send, with the longest that the request may take.
    pub(crate) fn is_mine_for(&self, time: Duration) -> bool {
        self.held.is_mine_for(time)
    }

    /// Goes on with `work` as long as the lease is held: no request of it is sent later.
    ///
    /// # Errors
    /// `Unavailable` once the lease is lost; what was done stays done.
    pub(crate) async fn while_mine<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let (mut work, mut lost_it) = (pin!(work), pin!(self.held.over.cancelled()));
        poll_fn(|context| {
            // Requests are sent by polls, so the clock is looked at before each of them.
            if lost_it.as_mut().poll(context).is_ready() || !self.is_mine_for(Duration::ZERO) {
                return Poll::Ready(Err(lost()));
            }
            work.as_mut().poll(context).map(Ok)
        })
        .await
    }

    /// Gives it to whoever wants it, at once, and notes when if the work was `done`. Only for holders whose requests have all been
    /// answered: what may still be under way must be waited for, and dropping the lease makes others do so.
    ///
    /// # Errors
    /// `Unavailable`: others have it when they have not heard of it for long enough.
    pub(crate) async fn release(self, done: Done) -> Result<()> {
        self.held.over.cancel();
        let (term, now) = (self.held.term, self.held.bucket.clock().now());
        let give_back = |record: &mut LeaseRecord| {
            if !record.is_held_in(term) {
                return Ok(Change::Keep(()));
            }
            record.holder = None;
            record.beat += 1;
            if done == Done::Yes {
                record.returned = Some(now);
            }
            Ok(Change::Save(()))
        };
        self.held.document().update(give_back).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.held.over.cancel();
    }
}

impl Held {
    fn document(&self) -> Manifest<LeaseRecord> {
        self.bucket.manifest(self.key.clone())
    }

    fn is_mine_for(&self, time: Duration) -> bool {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        let age = renewed.age(self.bucket.clock());
        !self.over.is_cancelled() && age.saturating_add(time) < self.terms.life
    }

    /// Renews until it is given up, lost, or the process stops. What is lost stays lost: whoever
    /// wants it again takes it anew.
    async fn renew(self: Arc<Self>) {
        let stopping = self.bucket.tasks().stopping();
        let pause = || tokio::time::sleep(self.terms.renew_every());
        loop {
            let ended = tokio::select! {
                () = pause() => false,
                () = self.over.cancelled() => true,
                // Held on for what is left of it, so that what is under way can end.
                () = stopping.cancelled() => true,
            };
            if ended {
                return;
            }
            if !self.is_mine_for(Duration::ZERO) {
                tracing::warn!(key = %self.key, "a lease was lost: it could not be renewed in time");
                return self.over.cancel();
            }
            match self.renew_once().await {
                Ok(Renewed::Yes) => {}
                Ok(Renewed::TakenAway) => {
                    tracing::warn!(key = %self.key, "a lease was lost: somebody else has it");
                    return self.over.cancel();
                }
                Err(error) => tracing::debug!(key = %self.key, %error, "a lease was not renewed this time"),
            }
        }
    }

    /// Moves the counter. The lease then holds from when this began: others may have seen the new
    /// counter from that moment on, and not before.
    async fn renew_once(&self) -> Result<Renewed> {
        let (sent, term) = (Moment::now(self.bucket.clock()), self.term);
        let beat = |record: &mut LeaseRecord| {
            if !record.is_held_in(term) {
                return Ok(Change::Keep(Renewed::TakenAway));
            }
            record.beat += 1;
            Ok(Change::Save(Renewed::Yes))
        };
        let renewed = self.document().update(beat).await?;
        if renewed == Renewed::Yes {
            *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = sent;
        }
        Ok(renewed)
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("key", &self.held.key).field("term", &self.held.term).finish_non_exhaustive()
    }
}

fn lost() -> Error {
    let message = "another replica may be at it by now: this one stopped half way";
    Error::new(ErrorKind::Unavailable, Subject::Request, message)
}
