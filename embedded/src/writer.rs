//! The one thread that writes to the index, and group commit.
//!
//! Everything that waits is taken together: one transaction, one savepoint per request, one sync, then
//! all answers. A request that fails undoes its savepoint only.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::{io, thread};

use rusqlite::Connection;
use s3s::{S3Error, S3Result, s3_error};
use tokio::sync::oneshot;

use crate::blobs::{BlobName, PublishedBlob};
use crate::error::{closed, index_failed};
use crate::pins::Pins;

/// More than can wait on one machine; it bounds the memory of a batch.
const LARGEST_BATCH: usize = 512;

/// After so many requests the log is folded into the index.
const FOLD_AFTER: usize = 512;

/// A log of so many pages (64 MiB) is begun anew, which waits for the reads that still use it: without
/// that, reads that overlap for ever let it grow for ever.
const LONGEST_LOG: i64 = 16_384;

/// What one request may do inside the transaction.
#[derive(Debug)]
pub(crate) struct Txn<'c> {
    conn: &'c Connection,
    fresh: Vec<PublishedBlob>,
    dropped: Vec<BlobName>,
}

impl Txn<'_> {
    /// The index names this blob from now on, if the transaction commits.
    pub(crate) fn named(&mut self, blob: PublishedBlob) {
        self.fresh.push(blob);
    }

    /// The last reference to this blob went, if the transaction commits.
    pub(crate) fn dropped(&mut self, blob: BlobName) {
        self.dropped.push(blob);
    }
}

impl Deref for Txn<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.conn
    }
}

trait Job: Send {
    /// Does the work; `false` undoes it.
    fn run(&mut self, txn: &mut Txn<'_>) -> bool;
    fn answer(self: Box<Self>, failure: Option<S3Error>);
}

struct Request<F, T> {
    work: Option<F>,
    result: Option<S3Result<T>>,
    reply: oneshot::Sender<S3Result<T>>,
}

impl<F, T> Job for Request<F, T>
where
    F: FnOnce(&mut Txn<'_>) -> S3Result<T> + Send,
    T: Send,
{
    fn run(&mut self, txn: &mut Txn<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = work(txn);
        let done = result.is_ok();
        self.result = Some(result);
        done
    }

    fn answer(self: Box<Self>, failure: Option<S3Error>) {
        let result = match (failure, self.result) {
            (None, Some(result)) => result,
            // A refusal too: it may have been judged against what another request wrote and lost.
            (failure, _) => Err(failure.unwrap_or_else(closed)),
        };
        // Nobody waits any more when the request was dropped; what was committed stays.
        let _ = self.reply.send(result);
    }
}

/// The handle of the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

impl Writer {
    /// Starts the thread on its own connection.
    pub(crate) fn start(conn: Connection, pins: Arc<Pins>) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel();
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(move || work(&conn, &jobs, &pins))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs `work` in the next transaction and answers when it is durable.
    ///
    /// Dropping the returned future does not stop what was queued.
    pub(crate) async fn commit<T, F>(&self, work: F) -> S3Result<T>
    where
        F: FnOnce(&mut Txn<'_>) -> S3Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Request { work: Some(work), result: None, reply });
        {
            let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.as_ref().ok_or_else(closed)?.send(job).map_err(|_| closed())?;
        }
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Finishes what is queued and ends the thread.
    pub(crate) fn stop(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn work(conn: &Connection, jobs: &mpsc::Receiver<Box<dyn Job>>, pins: &Pins) {
    let mut unfolded = 0;
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        while batch.len() < LARGEST_BATCH
            && let Ok(next) = jobs.try_recv()
        {
            batch.push(next);
        }
        unfolded += batch.len();
        commit_together(conn, batch, pins);
        if unfolded >= FOLD_AFTER {
            unfolded = 0;
            fold(conn, "PRAGMA wal_checkpoint(PASSIVE)");
        }
    }
    fold(conn, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/// Folds the log into the index. Nothing is lost when it fails: the log stays.
fn fold(conn: &Connection, how: &str) {
    match conn.query_row(how, [], |row| row.get::<_, i64>(1)) {
        Ok(pages) if pages > LONGEST_LOG && how.contains("PASSIVE") => fold(conn, "PRAGMA wal_checkpoint(RESTART)"),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "cannot fold the log into the index now"),
    }
}

/// A crash before COMMIT returns leaves nothing of the batch, and nobody was answered. A crash after it
/// leaves all of the batch, and dropped blobs as files that the next start removes.
fn commit_together(conn: &Connection, mut batch: Vec<Box<dyn Job>>, pins: &Pins) {
    let (mut fresh, mut dropped) = (Vec::new(), Vec::new());
    let outcome = conn.execute_batch("BEGIN IMMEDIATE").and_then(|()| {
        for job in &mut batch {
            let mut txn = Txn { conn, fresh: Vec::new(), dropped: Vec::new() };
            conn.prepare_cached("SAVEPOINT request")?.execute([])?;
            if job.run(&mut txn) {
                fresh.append(&mut txn.fresh);
                dropped.append(&mut txn.dropped);
            } else {
                conn.prepare_cached("ROLLBACK TO request")?.execute([])?;
            }
            conn.prepare_cached("RELEASE request")?.execute([])?;
        }
        conn.execute_batch("COMMIT")
    });
    // After a failed COMMIT the rows may or may not be there, so the files stay in either case.
    fresh.into_iter().for_each(PublishedBlob::keep);
    match outcome {
        Ok(()) => {
            batch.into_iter().for_each(|job| job.answer(None));
            pins.dropped(dropped);
        }
        Err(error) => {
            tracing::error!(%error, "a transaction of the store failed");
            if !conn.is_autocommit()
                && let Err(error) = conn.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "cannot roll back");
            }
            let failure = || s3_error!(InternalError, "the index cannot be written: {error}");
            batch.into_iter().for_each(|job| job.answer(Some(failure())));
        }
    }
}

/// Runs a statement that is expected to change something and says how many rows it did.
pub(crate) fn execute(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> S3Result<usize> {
    conn.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map_err(index_failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::bucket;
    use crate::schema;
    use crate::testing::Fixture;

    impl Fixture {
        fn buckets(&self) -> Vec<String> {
            let conn = schema::open_reader(self.dir.path()).unwrap();
            bucket::all(&conn, "").unwrap().into_iter().map(|(name, _)| name).collect()
        }

        /// Runs both in one batch: a first request keeps the writer busy until they wait.
        async fn together<A, B>(&self, a: A, b: B) -> (S3Result<()>, S3Result<()>)
        where
            A: FnOnce(&mut Txn<'_>) -> S3Result<()> + Send + 'static,
            B: FnOnce(&mut Txn<'_>) -> S3Result<()> + Send + 'static,
        {
            let (queued, wait) = mpsc::channel();
            let busy = self.writer.commit(move |_| wait.recv().map_err(|_| closed()));
            // Polled in this order, so both are queued when the writer is let go.
            let (_, a, b, ()) = tokio::join!(busy, self.writer.commit(a), self.writer.commit(b), async {
                queued.send(()).unwrap();
            });
            (a, b)
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_refused_request_undoes_itself_and_no_other() {
        let fixture = Fixture::new();
        let (good, bad) = fixture
            .together(
                |txn| bucket::create(txn, "good"),
                |txn| {
                    bucket::create(txn, "bad")?;
                    Err(s3_error!(PreconditionFailed))
                },
            )
            .await;
        good.unwrap();
        assert_eq!(bad.unwrap_err().code().as_str(), "PreconditionFailed");
        assert_eq!(fixture.buckets(), ["good"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn when_a_batch_fails_nobody_is_told_that_it_was_done() {
        let fixture = Fixture::new();
        let lose_all = |txn: &mut Txn<'_>| txn.execute_batch("ROLLBACK").map_err(index_failed);
        let (good, lost) = fixture.together(|txn| bucket::create(txn, "good"), lose_all).await;
        assert_eq!(good.unwrap_err().code().as_str(), "InternalError");
        assert_eq!(lost.unwrap_err().code().as_str(), "InternalError");
        assert!(fixture.buckets().is_empty());
        fixture.writer.commit(|txn| bucket::create(txn, "later")).await.unwrap();
        assert_eq!(fixture.buckets(), ["later"], "the writer goes on");
    }
}
