//! The files of a form: small ones are read into memory and stored side by side while the form is read on, larger ones
//! stream.

use std::io;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use mapping::access::{Folder, Write};
use mapping::budget::Permit;
use mapping::path::FilePath;
use mapping::store::BodyStream;
use mapping::{Error, Subject};
use percent_encoding::percent_decode_str;

use super::extract::Reader;
use super::side_by_side::{Failure, SideBySide};
use crate::form::{BadForm, Form, Head, Part};

/// The most bytes of a file that is stored beside others.
const SMALL: u64 = 256 << 10;

/// Stores the files of a form. Of two at one path the last one stays.
///
/// Each file is there when its last byte was stored, whatever becomes of those behind it; all are when this answers. A
/// crash, and a form that breaks off, leave those before.
///
/// # Errors
/// The first by the order of the form, and with it what was stored: when one fails, those that were begun are
/// waited for.
pub(super) async fn store(folder: Folder<Write>, form: &Form, reader: Reader) -> mapping::Result<()> {
    let mut files = SideBySide::new(folder);
    let read = store_parts(&mut files, form, reader).await;
    let (stored, failed) = files.end(read).await;
    match failed {
        Some(error) => Err(stored.beside(error)),
        None if stored.is_nothing() => Err(Error::invalid(Subject::Request, "the form has no file")),
        None => Ok(()),
    }
}

async fn store_parts(files: &mut SideBySide, form: &Form, reader: Reader) -> Result<(), Failure> {
    while let Some(part) = form.next().await.map_err(|bad| unreadable(&bad))? {
        let path: FilePath = target(&part.head, reader)?.parse()?;
        files.way_for(&path).await?;
        let stored = store_part(files, path, part).await;
        stored.map_err(|failure| failure.rather(form.complaint().map(|bad| unreadable(&bad))))?;
    }
    Ok(())
}

async fn store_part(files: &mut SideBySide, path: FilePath, part: Part) -> Result<(), Failure> {
    // The form holds a part to the length that it says.
    let most = SMALL.min(files.most_room());
    let room = part.head.length.unwrap_or(most);
    let permit = if room <= most { files.room(room).await? } else { None };
    let Some(permit) = permit else { return files.stream(path, part.body).await };
    match read(part.body, room, permit).await.map_err(|cause| Error::invalid(Subject::Request, cause.to_string()))? {
        Content::Whole(bytes) => files.begin(path, bytes),
        Content::Longer(body) => files.stream(path, body).await,
    }
}

/// A part that was read into memory, as far as there was room.
enum Content {
    /// All of it.
    Whole(Bytes),
    /// There is more: all of it, as a stream.
    Longer(BodyStream),
}

/// Reads `room` bytes, which `permit` is for, unless the part ends before.
async fn read(mut body: BodyStream, room: u64, permit: Permit) -> io::Result<Content> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.try_next().await? {
        if (bytes.len() + chunk.len()) as u64 > room {
            let beginning = stream::iter([Ok(permit.tied_to(bytes)), Ok(chunk)]);
            return Ok(Content::Longer(beginning.chain(body).boxed()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Content::Whole(permit.tied_to(bytes)))
}

/// What the file is called. Published clients encode a name that is not extended as well: those that run
/// over newer libraries send no other.
fn target(head: &Head, reader: Reader) -> mapping::Result<String> {
    let name = head.filename.as_deref();
    let name = name.ok_or_else(|| Error::invalid(Subject::Request, "a part of the form is no file"))?;
    let encoded = reader == Reader::Client && !head.is_extended;
    let decoded = encoded.then(|| percent_decode_str(name).decode_utf8().ok()).flatten();
    Ok(decoded.map_or_else(|| name.to_owned(), std::borrow::Cow::into_owned))
}

fn unreadable(bad: &BadForm) -> Error {
    Error::invalid(Subject::Request, bad.to_string())
}
