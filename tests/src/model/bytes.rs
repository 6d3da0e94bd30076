//! Test bytes: every position has its own byte for each variant, so a byte that lands at a wrong
//! place, or comes from another chunk, shows.

use std::io;
use std::ops::Range;

use bytes::Bytes;
use futures::{StreamExt, stream};
use mapping::store::BodyStream;

/// How many different contents one upload can be sent.
pub const VARIANTS: u8 = 4;

/// What a body does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// All of it arrives.
    Whole,
    /// It ends one byte early.
    Short,
    /// It has one byte more than announced.
    Long,
    /// It breaks half way.
    Broken,
}

/// The byte at a position in one variant; no two variants agree anywhere.
#[must_use]
pub fn byte(at: u64, variant: u8) -> u8 {
    let noise = (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
    (noise & 0xFC) | (variant % VARIANTS)
}

/// The bytes of a range in one variant.
#[must_use]
pub fn content(range: Range<u64>, variant: u8) -> Bytes {
    range.map(|at| byte(at, variant)).collect::<Vec<u8>>().into()
}

/// A request's body that should carry `range`, in a few network chunks.
#[must_use]
pub fn body(range: Range<u64>, variant: u8, delivery: Delivery) -> BodyStream {
    let length = range.end - range.start;
    let sent = match delivery {
        Delivery::Whole => range,
        Delivery::Short => range.start..range.end - 1,
        Delivery::Long => range.start..range.end + 1,
        Delivery::Broken => range.start..range.start + length / 2,
    };
    let bytes = content(sent, variant);
    let step = (bytes.len() / 3).max(1);
    let mut chunks: Vec<io::Result<Bytes>> =
        bytes.chunks(step).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    if delivery == Delivery::Broken {
        chunks.push(Err(io::ErrorKind::ConnectionReset.into()));
    }
    stream::iter(chunks).boxed()
}
