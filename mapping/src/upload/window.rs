//! A body that streams once and keeps what went through it, so that a failed attempt can be made
//! again. What it keeps costs about its bytes, however small the frames that they came in.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::stream::poll_fn;
use futures::{Stream, StreamExt};

use crate::budget::Permit;
use crate::store::{Body, BodyStream};

/// A frame of at least this size is kept as it came; smaller ones are copied together.
const LARGE: usize = 16 << 10;

/// How much is copied together.
const TAIL: usize = 64 << 10;

/// The `size` bytes of `stream`, kept under `permit`.
pub(super) fn window(size: u64, stream: BodyStream, permit: Permit) -> Body {
    let kept = Window { kept: Vec::new(), tail_at: 0, tail: Vec::new(), stream, _permit: permit };
    let shared = Arc::new(Mutex::new(kept));
    let open = move || -> BodyStream {
        let (shared, mut at) = (Arc::clone(&shared), 0);
        poll_fn(move |context| {
            let next = shared.lock().unwrap_or_else(PoisonError::into_inner).poll_at(at, context);
            if let Poll::Ready(Some(Ok(bytes))) = &next {
                at += bytes.len() as u64;
            }
            next
        })
        .boxed()
    };
    Body::replay(size, Arc::new(open))
}

struct Window {
    /// What went through, each with its position; the tail follows.
    kept: Vec<(u64, Bytes)>,
    tail_at: u64,
    tail: Vec<u8>,
    stream: BodyStream,
    _permit: Permit,
}

impl Window {
    /// What follows the first `at` bytes: of what is kept, or new.
    fn poll_at(&mut self, at: u64, context: &mut Context<'_>) -> Poll<Option<std::io::Result<Bytes>>> {
        if let Some(bytes) = self.kept_at(at) {
            return Poll::Ready(Some(Ok(bytes)));
        }
        let next = ready!(Pin::new(&mut self.stream).poll_next(context));
        if let Some(Ok(bytes)) = &next {
            self.keep(bytes);
        }
        Poll::Ready(next)
    }

    fn kept_at(&self, at: u64) -> Option<Bytes> {
        if let Some(into) = at.checked_sub(self.tail_at) {
            let rest = self.tail.get(usize::try_from(into).ok()?..).filter(|rest| !rest.is_empty());
            return rest.map(Bytes::copy_from_slice);
        }
        let next = self.kept.partition_point(|(start, _)| *start <= at);
        let (start, bytes) = self.kept.get(next.checked_sub(1)?)?;
        Some(bytes.slice(usize::try_from(at - start).ok()?..))
    }

    fn keep(&mut self, bytes: &Bytes) {
        if bytes.len() < LARGE {
            self.tail.extend_from_slice(bytes);
        } else {
            self.freeze_tail();
            self.push(bytes.clone());
        }
        if self.tail.len() >= TAIL {
            self.freeze_tail();
        }
    }

    fn freeze_tail(&mut self) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail).into_boxed_slice();
            self.push(tail.into());
        }
    }

    fn push(&mut self, bytes: Bytes) {
        let start = self.tail_at;
        self.tail_at += bytes.len() as u64;
        self.kept.push((start, bytes));
    }
}

#[cfg(test)]
mod tests {
    use futures::{TryStreamExt, stream};
    use proptest::prelude::*;

    use super::*;
    use crate::budget::Budget;

    fn frames(sizes: &[usize]) -> (Vec<u8>, BodyStream) {
        let bytes: Vec<u8> = (0..sizes.iter().sum::<usize>()).map(|at| (at % 251) as u8).collect();
        let mut rest = Bytes::from(bytes.clone());
        let frames: Vec<_> = sizes.iter().map(|size| Ok(rest.split_to(*size))).collect();
        (bytes, stream::iter(frames).boxed())
    }

    #[tokio::test]
    async fn a_window_gives_a_failed_attempt_what_it_gave_the_first() {
        let chunks = ["ab", "cd", "ef"].map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())));
        let budget = Budget::new(100);
        let body = window(6, stream::iter(chunks).boxed(), budget.try_spare(6).unwrap());
        let open = body.opener().unwrap();
        let mut first = open();
        assert_eq!(first.try_next().await.unwrap().unwrap(), "ab");
        drop(first);
        let again: Vec<Bytes> = open().try_collect().await.unwrap();
        assert_eq!(again.concat(), b"abcdef");
        assert_eq!(budget.held(), 6);
        drop((open, body));
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn tiny_frames_are_kept_together() {
        let budget = Budget::new(1 << 20);
        let (all, mut stream) = frames(&vec![1; 200_000]);
        let permit = budget.try_spare(200_000).unwrap();
        let (empty, context) = (stream::empty().boxed(), &mut Context::from_waker(std::task::Waker::noop()));
        let mut window = Window { kept: Vec::new(), tail_at: 0, tail: Vec::new(), stream: empty, _permit: permit };
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut stream).poll_next(context) {
            window.keep(&frame);
        }
        assert!(window.kept.len() <= all.len() / TAIL, "{} pieces", window.kept.len());
    }

    proptest! {
        #[test]
        fn every_attempt_gets_all_bytes_wherever_the_one_before_broke_off(
            sizes in prop::collection::vec(prop_oneof![1..40_usize, 10_000..40_000_usize], 1..20),
            broken in prop::collection::vec(0..25_usize, 0..4),
        ) {
            let budget = Budget::new(8 << 20);
            let (all, stream) = frames(&sizes);
            let open = window(all.len() as u64, stream, budget.try_spare(1).unwrap()).opener().unwrap();
            futures::executor::block_on(async {
                for frames in broken {
                    let some: Vec<Bytes> = open().take(frames).try_collect().await.unwrap();
                    prop_assert!(all.starts_with(&some.concat()));
                }
                let whole: Vec<Bytes> = open().try_collect().await.unwrap();
                prop_assert_eq!(whole.concat(), all);
                Ok(())
            })?;
        }
    }
}
