//! Bodies that break half way.

use std::io;

use futures::{StreamExt, TryStreamExt, stream};

use crate::store::{Body, BodyStream, Object};

/// `body`, cut after half of its bytes.
pub(super) fn cut(body: Body) -> Body {
    let size = body.size();
    Body::once(size, half(size, body.into_stream()))
}

/// `object`, whose body is cut after half of its bytes.
pub(super) fn cut_object(object: Object) -> Object {
    let size = object.range.end - object.range.start;
    Object { body: half(size, object.body), ..object }
}

fn half(size: u64, body: BodyStream) -> BodyStream {
    let mut left = size / 2;
    let first = body.map_ok(move |mut chunk| {
        let taken = left.min(chunk.len() as u64);
        left -= taken;
        chunk.truncate(usize::try_from(taken).unwrap_or(usize::MAX));
        chunk
    });
    let first = first.take_while(|chunk| {
        let goes_on = chunk.as_ref().map_or(true, |chunk| !chunk.is_empty());
        async move { goes_on }
    });
    let broken = stream::once(async { Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut, by order")) });
    first.chain(broken).boxed()
}
