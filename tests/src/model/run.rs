//! Runs a case and holds every answer, and every look at the file, against the reference.

use std::ops::Range;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use mapping::id::UploadId;
use mapping::{Error, ErrorKind};

use super::actions::{Action, Case, Chunk, LONGEST, REPLICAS};
use super::bytes::{Delivery, body};
use super::reference::Reference;
use super::world::World;

type Outcome<T> = Result<T, String>;

/// An upload and what is known of it.
struct Slot {
    id: UploadId,
    length: Option<u64>,
    reference: Reference,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Done(u64),
    Aborted,
}

/// A run of one case.
struct Run<'w> {
    world: &'w mut World,
    slots: Vec<Slot>,
    /// What the last finish made.
    published: Option<Bytes>,
}

/// Runs `case` in `world`.
///
/// # Errors
/// A sentence that says which promise was broken.
pub async fn run(world: &mut World, case: &Case) -> Outcome<()> {
    let mut slots = Vec::new();
    for (which, length) in case.lengths.iter().enumerate() {
        let length = length.map(|length| length * world.scale);
        let id = world.start(which, length).await.map_err(|error| unexpected("start", &error))?;
        slots.push(Slot { id, length, reference: Reference::new(length), state: State::Open });
    }
    let mut run = Run { world, slots, published: None };
    for action in &case.actions {
        run.act(action).await.map_err(|wrong| format!("{action:?}: {wrong}"))?;
        run.check_published().await?;
    }
    for which in 0..run.slots.len() {
        run.complete(which).await.map_err(|wrong| format!("completing upload {which}: {wrong}"))?;
        run.check_published().await?;
    }
    run.world.expire_and_sweep().await;
    run.check_published().await?;
    run.world.is_clean().await
}

impl Run<'_> {
    async fn act(&mut self, action: &Action) -> Outcome<()> {
        match action {
            Action::Chunks(upload, chunks) => {
                let placed = chunks.iter().map(|chunk| self.place(*upload, chunk)).collect();
                self.send(*upload, placed).await
            }
            Action::Whole { upload, chunk, spread } => self.send_whole(*upload, *chunk, *spread).await,
            Action::Finish(upload, replica) => self.finish(*upload, *replica).await,
            Action::FinishTwice(upload) => self.finish_twice(*upload).await,
            Action::Restart(replica) => {
                self.world.restart(*replica).await;
                self.slots.iter_mut().for_each(|slot| slot.reference.died(*replica));
                Ok(())
            }
            Action::Rest => {
                self.world.rest().await;
                self.slots.iter_mut().for_each(|slot| slot.reference.settled());
                Ok(())
            }
            Action::Abort(upload, replica) => self.abort(*upload, *replica).await,
        }
    }

    fn place(&self, upload: usize, chunk: &Chunk) -> (Chunk, Range<u64>) {
        let scale = self.world.scale;
        let longest = self.slots[upload].length.unwrap_or(LONGEST * scale);
        let start = chunk.start * longest / 1000;
        (chunk.clone(), start..(start + chunk.length * scale).min(longest))
    }

    async fn send_whole(&mut self, upload: usize, length: u64, spread: bool) -> Outcome<()> {
        let length = length * self.world.scale;
        let total = self.slots[upload].length.unwrap_or(LONGEST / 2 * self.world.scale);
        let mut chunks = Vec::new();
        for number in 0..total.div_ceil(length) {
            let replica = if spread { number as usize % REPLICAS } else { 0 };
            let chunk = Chunk { replica, start: 0, length, variant: 0, delivery: Delivery::Whole, durable: false };
            chunks.push((chunk, number * length..((number + 1) * length).min(total)));
        }
        for (turn, window) in chunks.chunks_mut(6).enumerate() {
            let places = window.len();
            window.rotate_left(turn % places);
        }
        self.send(upload, chunks).await
    }

    /// Sends chunks, five at a time, and notes what was answered.
    async fn send(&mut self, upload: usize, chunks: Vec<(Chunk, Range<u64>)>) -> Outcome<()> {
        let chunks: Vec<_> = chunks.into_iter().filter(|(_, range)| !range.is_empty()).collect();
        let slot = &mut self.slots[upload];
        for (chunk, range) in &chunks {
            slot.reference.sends(range, chunk.variant);
        }
        let (world, id) = (&*self.world, slot.id.clone());
        let sent = stream::iter(chunks).map(|(chunk, range)| {
            let id = id.clone();
            async move {
                let answer = send_one(world, &id, &chunk, range.clone()).await;
                (chunk, range, answer)
            }
        });
        let answers: Vec<_> = sent.buffer_unordered(5).collect().await;
        for (chunk, range, answer) in answers {
            self.slots[upload].note(&chunk, &range, answer)?;
        }
        Ok(())
    }

    async fn finish(&mut self, upload: usize, replica: usize) -> Outcome<()> {
        let answer = finish_one(self.world, &self.slots[upload].id, replica).await;
        self.judge_finish(upload, answer).await
    }

    async fn finish_twice(&mut self, upload: usize) -> Outcome<()> {
        let id = &self.slots[upload].id;
        let (one, two) = futures::join!(finish_one(self.world, id, 0), finish_one(self.world, id, 1));
        if let (Ok(one), Ok(two)) = (&one, &two)
            && one != two
        {
            return Err(format!("two finishes answer {one} and {two}"));
        }
        self.judge_finish(upload, one).await?;
        self.judge_finish(upload, two).await
    }

    async fn judge_finish(&mut self, upload: usize, answer: Result<u64, Error>) -> Outcome<()> {
        let file = self.world.file().await;
        let slot = &mut self.slots[upload];
        match (answer, slot.state) {
            (Ok(size), State::Done(before)) if size == before => Ok(()),
            (Ok(size), State::Open) => {
                let file = file.ok_or("finished, and there is no file")?;
                if file.len() as u64 != size {
                    return Err(format!("the answer says {size} bytes, the file has {}", file.len()));
                }
                slot.reference.check_file(&file)?;
                slot.state = State::Done(size);
                self.published = Some(file);
                Ok(())
            }
            (Err(error), State::Open) if error.kind() == ErrorKind::Conflict => {
                slot.reference.check_missing(error.missing())
            }
            (Err(error), State::Aborted) if error.kind() == ErrorKind::NotFound => Ok(()),
            (Ok(size), state) => Err(format!("finished with {size} bytes while {state:?}")),
            (Err(error), state) => Err(format!("{} while {state:?}", unexpected("finish", &error))),
        }
    }

    async fn abort(&mut self, upload: usize, replica: usize) -> Outcome<()> {
        let slot = &mut self.slots[upload];
        let answer = match self.world.upload(replica, &slot.id).await {
            Ok(opened) => opened.abort().await,
            Err(error) => Err(error),
        };
        match (answer, slot.state) {
            (Ok(()), State::Open | State::Aborted) => {
                slot.state = State::Aborted;
                Ok(())
            }
            (Err(error), State::Done(_)) if error.kind() == ErrorKind::Conflict => Ok(()),
            (Err(error), State::Aborted) if error.kind() == ErrorKind::NotFound => Ok(()),
            (answer, state) => Err(format!("{answer:?} while {state:?}")),
        }
    }

    /// What a good client does: finishes, sends what is missing, finishes again.
    async fn complete(&mut self, upload: usize) -> Outcome<()> {
        if self.slots[upload].state != State::Open {
            return self.finish(upload, 0).await;
        }
        let answer = finish_one(self.world, &self.slots[upload].id, 1).await;
        let missing = answer.as_ref().err().map(|error| error.missing().to_vec()).unwrap_or_default();
        self.judge_finish(upload, answer).await?;
        if self.slots[upload].state != State::Open {
            return Ok(());
        }
        let resend = |range: Range<u64>| {
            let length = range.end - range.start;
            (Chunk { replica: 1, start: 0, length, variant: 1, delivery: Delivery::Whole, durable: false }, range)
        };
        self.send(upload, missing.into_iter().map(resend).collect()).await?;
        self.finish(upload, 0).await?;
        if self.slots[upload].state == State::Open { Err("still not whole".to_owned()) } else { Ok(()) }
    }

    /// The file changes by nothing but a finish.
    async fn check_published(&self) -> Outcome<()> {
        if self.world.file().await == self.published {
            Ok(())
        } else {
            Err("the file has changed by itself".to_owned())
        }
    }
}

impl Slot {
    fn note(&mut self, chunk: &Chunk, range: &Range<u64>, answer: Result<(), Error>) -> Outcome<()> {
        let broken = chunk.delivery != Delivery::Whole;
        match answer {
            Ok(()) if broken => Err(format!("a {:?} body was taken", chunk.delivery)),
            Ok(()) if self.state == State::Open => {
                self.reference.held(range, chunk.replica);
                if chunk.durable {
                    self.reference.stored(range);
                }
                Ok(())
            }
            Ok(()) => Ok(()),
            Err(error) if broken && error.kind() == ErrorKind::Invalid => Ok(()),
            Err(error) if self.state == State::Aborted && error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(unexpected("a chunk", &error)),
        }
    }
}

async fn send_one(world: &World, id: &UploadId, chunk: &Chunk, range: Range<u64>) -> Result<(), Error> {
    let upload = world.upload(chunk.replica, id).await?;
    let (start, length) = (range.start, range.end - range.start);
    let body = body(range, chunk.variant, chunk.delivery);
    if chunk.durable {
        upload.append_durable(start, length, body).await
    } else {
        upload.append(start, length, body).await
    }
}

async fn finish_one(world: &World, id: &UploadId, replica: usize) -> Result<u64, Error> {
    Ok(world.upload(replica, id).await?.finish().await?.size)
}

fn unexpected(what: &str, error: &Error) -> String {
    format!("{what} answered {:?}: {error} ({:?})", error.kind(), std::error::Error::source(error))
}
