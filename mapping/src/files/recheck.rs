//! Transfers that take longer than a permission is believed without looking: who began to write may
//! not be allowed to any more when the last byte comes.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;

use crate::access::{Folder, FolderRef, Write, Writes};
use crate::error::{Error, Result};
use crate::store::BodyStream;

/// Looks at the last moment before a body makes a file.
#[derive(Clone, Default)]
pub(super) struct Gate {
    refusal: Arc<Mutex<Option<Error>>>,
}

impl Gate {
    /// The body, which breaks off before its last bytes if `folder` may not be written by then.
    pub(super) fn around<A: Writes>(&self, folder: &Folder<A>, length: u64, body: BodyStream) -> BodyStream {
        let (folder, gate, mut seen) = (folder.for_writing(), self.clone(), 0);
        let chunks = body.then(move |chunk| {
            seen += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
            let (folder, gate, last) = (folder.clone(), gate.clone(), seen >= length);
            async move {
                if last {
                    gate.look(&folder).await?;
                }
                chunk
            }
        });
        chunks.boxed()
    }

    /// Why the body was broken off, if it was.
    pub(super) fn refusal(&self) -> Option<Error> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn look(&self, folder: &Folder<Write>) -> io::Result<()> {
        match folder.still_granted().await {
            Ok(()) => Ok(()),
            Err(error) => {
                *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Err(io::Error::other("the permission ended before the body did"))
            }
        }
    }
}

impl<A: Writes> Folder<A> {
    /// To be asked before what was sent becomes a file: a folder that was opened longer ago than
    /// a permission is believed is opened again, with the account that opened it.
    ///
    /// # Errors
    /// As [`Bucket::folder`](crate::Bucket::folder); `Unauthenticated` for an account that is refused by now.
    pub(crate) async fn still_granted(&self) -> Result<()> {
        let bucket = self.bucket();
        if bucket.clock().elapsed().saturating_sub(self.opened()) < bucket.settings().cache_for {
            return Ok(());
        }
        bucket.still_good(self.account()).await?;
        bucket.folder::<Write>(self.account(), &FolderRef::Id(self.id())).await.map(drop)
    }
}
