//! A few connections that read the index beside the writer, off the async threads.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use s3s::S3Result;
use tokio::sync::Semaphore;

use crate::error::{closed, index_failed, task_failed};
use crate::schema;

/// Reads are short; more connections than this only compete for the processors.
const CONNECTIONS: usize = 8;

#[derive(Debug)]
struct Pool {
    dir: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pool of reading connections.
#[derive(Debug)]
pub(crate) struct Readers {
    pool: Arc<Pool>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// A pool over the index in `dir`; connections are opened as they are needed.
    pub(crate) fn new(dir: &Path) -> Self {
        let pool = Pool { dir: dir.to_path_buf(), idle: Mutex::new(Vec::new()) };
        Self { pool: Arc::new(pool), permits: Arc::new(Semaphore::new(CONNECTIONS)) }
    }

    /// Runs `look` inside one read transaction: all its statements see the same state.
    pub(crate) async fn read<T, F>(&self, look: F) -> S3Result<T>
    where
        F: FnOnce(&Connection) -> S3Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| closed())?;
        let pool = Arc::clone(&self.pool);
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let idle = pool.idle().pop();
            let conn = match idle {
                Some(conn) => conn,
                None => schema::open_reader(&pool.dir).map_err(index_failed)?,
            };
            conn.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([])).map_err(index_failed)?;
            let result = look(&conn);
            // A connection that cannot end its transaction is closed instead of used again.
            if conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])).is_ok() {
                pool.idle().push(conn);
            }
            result
        });
        task.await.map_err(task_failed)?
    }

    /// Refuses further reads and closes the connections once the running ones are done.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(CONNECTIONS).unwrap_or(1);
        let running = self.permits.acquire_many(all).await;
        self.permits.close();
        drop(running);
        self.pool.idle().clear();
    }
}
