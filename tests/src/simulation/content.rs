//! What files hold: every write has content of its own, so a lost, mixed or half-done one shows.

use std::io;

use bytes::Bytes;
use futures::{StreamExt, stream};
use mapping::store::BodyStream;

/// Names one write.
pub type Tag = u64;

/// How long the content of a write is: from 8 bytes to more than five of the smallest parts.
#[must_use]
pub fn length(tag: Tag) -> usize {
    8 + (tag.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize % 300
}

/// The content of a write.
#[must_use]
pub fn content(tag: Tag) -> Bytes {
    let bytes = tag.to_le_bytes();
    (0..length(tag)).map(|at| bytes[at % 8]).collect::<Vec<u8>>().into()
}

/// Which write made these bytes; `None` for bytes that no write made whole.
#[must_use]
pub fn tag_of(bytes: &[u8]) -> Option<Tag> {
    let tag = Tag::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    (content(tag) == bytes).then_some(tag)
}

/// Bytes as a request sends them, in a few pieces.
#[must_use]
pub fn body(bytes: &Bytes) -> BodyStream {
    let step = (bytes.len() / 3).max(1);
    let pieces: Vec<io::Result<Bytes>> = bytes.chunks(step).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).boxed()
}
