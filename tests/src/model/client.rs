//! A client as they are: sends a file in chunks, stops at the first error, and goes on where it
//! stopped when it is run again.

use std::ops::Range;

use bytes::Bytes;
use mapping::files::WriteOptions;
use mapping::id::UploadId;
use mapping::{Error, ErrorKind};

use super::bytes::{Delivery, body, content};
use super::world::World;

/// One file on its way.
#[derive(Clone, Debug)]
pub struct Client {
    length: u64,
    chunk: u64,
    variant: u8,
    /// After how many chunks it rests, so that what is held is stored.
    rests_after: Option<usize>,
    id: Option<UploadId>,
    left: Vec<Range<u64>>,
    /// How often the upload was gone and it had to start again.
    pub starts: u32,
}

impl Client {
    /// A client that sends `length` bytes in chunks of `chunk`, out of order.
    #[must_use]
    pub fn new(length: u64, chunk: u64, variant: u8) -> Self {
        Self { length, chunk, variant, rests_after: None, id: None, left: Vec::new(), starts: 0 }
    }

    /// The same, resting in the middle.
    #[must_use]
    pub fn resting_after(mut self, chunks: usize) -> Self {
        self.rests_after = Some(chunks);
        self
    }

    /// The file that it sends.
    #[must_use]
    pub fn file(&self) -> Bytes {
        content(0..self.length, self.variant)
    }

    /// Goes on until the file is there.
    ///
    /// # Errors
    /// The first that is not about what is still missing.
    pub async fn go_on(&mut self, world: &World, replica: usize) -> Result<(), Error> {
        let outcome = self.try_on(world, replica).await;
        if outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            self.id = None;
        }
        outcome
    }

    async fn try_on(&mut self, world: &World, replica: usize) -> Result<(), Error> {
        loop {
            let id = self.started(world, replica).await?;
            self.send(world, replica, &id).await?;
            match world.upload(replica, &id).await?.finish().await {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Conflict && !error.missing().is_empty() => {
                    self.left = error.missing().to_vec();
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn started(&mut self, world: &World, replica: usize) -> Result<UploadId, Error> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        let id = world.start(replica, Some(self.length)).await?;
        self.starts += 1;
        self.left = (0..self.length.div_ceil(self.chunk))
            .map(|number| number * self.chunk..((number + 1) * self.chunk).min(self.length))
            .collect();
        self.left.chunks_mut(4).for_each(<[Range<u64>]>::reverse);
        self.id = Some(id.clone());
        Ok(id)
    }

    async fn send(&mut self, world: &World, replica: usize, id: &UploadId) -> Result<(), Error> {
        let mut sent = 0;
        while let Some(range) = self.left.first().cloned() {
            let body = body(range.clone(), self.variant, Delivery::Whole);
            world.upload(replica, id).await?.append(range.start, range.end - range.start, body).await?;
            self.left.remove(0);
            sent += 1;
            if self.rests_after == Some(sent) {
                world.rest().await;
            }
        }
        Ok(())
    }

    /// Writes the same file as one stream whose length is not announced.
    ///
    /// # Errors
    /// As [`mapping::Folder::write`].
    pub async fn stream(&self, world: &World, replica: usize) -> Result<(), Error> {
        let body = body(0..self.length, self.variant, Delivery::Whole);
        let folder = world.folder(replica).await?;
        folder.write(&world.path, None, body, WriteOptions::default()).await.map(drop)
    }
}
