//! What comes next is fetched while what is here is sent.

use std::future::poll_fn;
use std::pin::Pin;

use futures::future::{MaybeDone, maybe_done};
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt, stream};

/// A batch that is being fetched, or was.
type Coming<F> = Pin<Box<MaybeDone<F>>>;

struct Ahead<F: Future, I, T> {
    sending: BoxStream<'static, T>,
    coming: Option<Coming<F>>,
    rest: I,
}

/// What the batches are made of, in order. While one is read the next is fetched, and none after that: at
/// most two are here at one time.
pub(super) fn flattened<F, I, T>(batches: I) -> impl Stream<Item = T> + Send
where
    I: Iterator<Item = F> + Send,
    F: Future<Output = BoxStream<'static, T>> + Send,
    T: Send + 'static,
{
    let mut rest = batches;
    let coming = begun(&mut rest);
    let ahead = Ahead { sending: stream::empty().boxed(), coming, rest };
    stream::unfold(ahead, |mut ahead| async move {
        loop {
            if let Some(item) = ahead.sent().await {
                return Some((item, ahead));
            }
            ahead.turn().await?;
        }
    })
}

impl<F, I, T> Ahead<F, I, T>
where
    I: Iterator<Item = F>,
    F: Future<Output = BoxStream<'static, T>>,
{
    /// The next of what is being sent, with some work on what comes next for each time that it is asked for.
    async fn sent(&mut self) -> Option<T> {
        poll_fn(|context| {
            if let Some(coming) = &mut self.coming {
                let _whether_it_is_here = coming.poll_unpin(context);
            }
            self.sending.poll_next_unpin(context)
        })
        .await
    }

    /// Begins to send the next batch, and to fetch the one after it; `None` after the last.
    async fn turn(&mut self) -> Option<()> {
        let mut coming = self.coming.take()?;
        coming.as_mut().await;
        self.sending = coming.as_mut().take_output()?;
        self.coming = begun(&mut self.rest);
        Some(())
    }
}

fn begun<F: Future>(rest: &mut impl Iterator<Item = F>) -> Option<Coming<F>> {
    rest.next().map(|batch| Box::pin(maybe_done(batch)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Three of a batch; how many batches were fetched is counted.
    fn batches(
        count: u32,
        fetched: &Arc<AtomicU32>,
    ) -> impl Iterator<Item = impl Future<Output = BoxStream<'static, u32>>> {
        let fetched = Arc::clone(fetched);
        (0..count).map(move |batch| {
            let fetched = Arc::clone(&fetched);
            async move {
                // As a store that does not answer at once.
                tokio::task::yield_now().await;
                fetched.fetch_add(1, Ordering::SeqCst);
                stream::iter(batch * 3..batch * 3 + 3).boxed()
            }
        })
    }

    #[tokio::test]
    async fn all_come_in_order_and_one_batch_is_fetched_ahead() {
        let fetched = Arc::new(AtomicU32::new(0));
        let mut items = Box::pin(flattened(batches(4, &fetched)));
        let mut seen = Vec::new();
        while let Some(item) = items.next().await {
            let sending = item / 3 + 1;
            let ahead = fetched.load(Ordering::SeqCst) - sending;
            assert!(ahead <= 1, "{ahead} batches were fetched ahead at {item}");
            assert!(item % 3 < 2 || sending == 4 || ahead == 1, "nothing was fetched while {item} was sent");
            seen.push(item);
        }
        assert_eq!(seen, (0..12).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn nothing_is_made_of_nothing() {
        let fetched = Arc::default();
        assert_eq!(flattened(batches(0, &fetched)).collect::<Vec<_>>().await, [0; 0]);
    }

    #[tokio::test]
    async fn what_is_being_fetched_goes_on_while_what_is_sent_waits() {
        let (release, waiting) = tokio::sync::oneshot::channel::<()>();
        let slow = stream::once(async { drop(waiting.await) }).map(|()| 1).boxed();
        let mut release = Some(release);
        let mut slow = Some(slow);
        // The second batch, once it is fetched, lets the first come to its end.
        let batches = (0..2).map(move |batch| {
            let (slow, release) = (slow.take_if(|_| batch == 0), release.take_if(|_| batch == 1));
            async move {
                tokio::task::yield_now().await;
                drop(release);
                slow.unwrap_or_else(|| stream::iter([2]).boxed())
            }
        });
        let all = tokio::time::timeout(std::time::Duration::from_secs(60), flattened(batches).collect::<Vec<_>>());
        assert_eq!(all.await.expect("an end"), [1, 2]);
    }
}
