//! Several files in one answer, `multipart/mixed`, as clients up to 20.03 read them. Small ones are fetched
//! some at a time and kept in the byte budget for that long; of larger ones only what is on its way is here.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt, stream};
use mapping::access::{Folder, Read};
use mapping::budget::Permit;
use mapping::files::{FileMeta, RangeRequest};
use mapping::path::FilePath;
use mapping::store::BodyStream;

use crate::download::encoded;

/// The largest file that is fetched before its turn.
const SMALL: u64 = 256 << 10;

/// How many of them at once, and how many bytes they have together.
const AT_ONCE: usize = 16;
const TOGETHER: u64 = 1 << 20;

/// How many such batches are here at a time: one is fetched while the one before it is sent.
const BATCHES: usize = 2;

/// What is compressed in one go before others get their turn.
const STRETCH: usize = 64 << 10;

/// How the bytes of a part are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Compressed, each part for itself; and nobody is told how long they are then.
    Gzip,
    /// As they are.
    Identity,
}

impl Coding {
    /// What a client needs that sends this version: those before `v4.20190615` unpack whatever comes, those
    /// after it nothing. Who sends none that can be read follows the documents, which say that it is packed.
    pub(super) fn for_version(version: Option<&str>) -> Self {
        let parsed = version.and_then(|version| {
            let (major, date) = version.strip_prefix('v')?.split_once('.')?;
            Some((major.parse::<u32>().ok()?, date.parse::<u32>().ok()?))
        });
        match parsed {
            Some(version) if version >= (4, 20_190_615) => Self::Identity,
            Some(_) | None => Self::Gzip,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }
}

/// A file that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: FilePath,
    pub(super) meta: FileMeta,
}

/// The sum of their sizes.
pub(super) fn total(files: &[Found]) -> u64 {
    files.iter().fold(0, |sum, file| sum.saturating_add(file.meta.size))
}

/// The answer's body: each file in the version that was found. When one has changed meanwhile, the answer
/// breaks off, which every client sees.
pub(super) fn body(folder: Folder<Read>, files: Vec<Found>, coding: Coding, boundary: String) -> BodyStream {
    let end = Bytes::from(format!("--{boundary}--\r\n"));
    let batches = stream::iter(batches(files)).map(move |batch| begun(&folder, batch)).buffered(BATCHES);
    let parts = batches.map(stream::iter).flatten();
    let parts = parts.map(move |part| part_of(part, coding, &boundary)).flatten();
    parts.chain(stream::once(async { Ok(end) })).boxed()
}

/// The files in their order, small neighbours together.
fn batches(files: Vec<Found>) -> Vec<Vec<Found>> {
    let (mut all, mut together) = (Vec::<Vec<Found>>::new(), 0);
    for file in files {
        let size = file.meta.size;
        match all.last_mut() {
            Some(batch) if size <= SMALL && batch.len() < AT_ONCE && together + size <= TOGETHER => {
                together += size;
                batch.push(file);
            }
            _ => {
                together = if size <= SMALL { size } else { TOGETHER };
                all.push(vec![file]);
            }
        }
    }
    all
}

/// A file whose turn comes.
enum Ready {
    /// Its bytes are here, and have their room.
    Fetched(Found, Bytes, Permit),
    /// It is read when the ones before it were sent.
    Later(Folder<Read>, Found),
}

/// Begins to fetch a batch, which goes on while nobody asks for it.
fn begun(folder: &Folder<Read>, batch: Vec<Found>) -> impl Future<Output = Vec<io::Result<Ready>>> + Send + use<> {
    let fetched = folder.bucket().tasks().begin(fetch(folder.clone(), batch));
    async move { fetched.await.unwrap_or_else(|error| vec![Err(io::Error::other(error))]) }
}

/// Fetches what is small and has room now; all at once, for each takes a moment.
async fn fetch(folder: Folder<Read>, batch: Vec<Found>) -> Vec<io::Result<Ready>> {
    let fetches = batch.into_iter().map(|file| {
        let folder = folder.clone();
        async move {
            let room = (file.meta.size <= SMALL).then(|| folder.bucket().budget().try_spare(file.meta.size.max(1)));
            let Some(permit) = room.flatten() else { return Ok(Ready::Later(folder, file)) };
            let chunks: Vec<Bytes> = open(&folder, &file).await?.try_collect().await?;
            Ok(Ready::Fetched(file, chunks.concat().into(), permit))
        }
    });
    futures::future::join_all(fetches).await
}

async fn open(folder: &Folder<Read>, file: &Found) -> io::Result<BodyStream> {
    let reading = folder.read_version(&file.path, &file.meta.etag, RangeRequest::Whole).await;
    let reading = reading.map_err(io::Error::other)?;
    Ok(mapping::store::body::exactly(file.meta.size, reading.body))
}

fn part_of(ready: io::Result<Ready>, coding: Coding, boundary: &str) -> BoxStream<'static, io::Result<Bytes>> {
    let ready = match ready {
        Ok(ready) => ready,
        Err(error) => return stream::once(async { Err(error) }).boxed(),
    };
    match ready {
        Ready::Fetched(file, bytes, permit) => {
            let held = stream::once(async move {
                let _held_until_sent = permit;
                Ok(bytes)
            });
            written(&file, held.boxed(), coding, boundary).boxed()
        }
        Ready::Later(folder, file) => {
            let boundary = boundary.to_owned();
            // Opened before a word is said of it.
            let opened = async move {
                let content = open(&folder, &file).await?;
                Ok::<_, io::Error>(written(&file, content, coding, &boundary))
            };
            opened.into_stream().try_flatten().boxed()
        }
    }
}

fn written(
    file: &Found,
    content: BodyStream,
    coding: Coding,
    boundary: &str,
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let content = if coding == Coding::Gzip { packed(content) } else { content };
    let around = |bytes: Bytes| stream::iter([Ok(bytes)]);
    around(head(file, coding, boundary).into()).chain(content).chain(around(Bytes::from_static(b"\r\n")))
}

/// Clients open a file of exactly this name where they are: it is the last segment and nothing else.
fn head(file: &Found, coding: Coding, boundary: &str) -> String {
    let (name, coding_name) = (encoded(file.path.name()), coding.name());
    let mut head = format!(
        "--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Encoding: {coding_name}\r\n\
         Content-Disposition: attachment; filename=\"{name}\"; filename*=utf-8''{name}\r\n"
    );
    if coding == Coding::Identity {
        head += &format!("Content-Length: {}\r\n", file.meta.size);
    }
    head + "\r\n"
}

/// The same bytes in the format of gzip.
fn packed(content: BodyStream) -> BodyStream {
    let stretches = content.map_ok(|mut bytes| {
        let cut = move || (!bytes.is_empty()).then(|| Ok::<_, io::Error>(bytes.split_to(bytes.len().min(STRETCH))));
        stream::iter(std::iter::from_fn(cut))
    });
    let packer = GzEncoder::new(Vec::new(), Compression::fast());
    let state = (stretches.try_flatten().boxed(), Some(packer));
    let packed = stream::try_unfold(state, |(mut content, mut packer)| async move {
        loop {
            let Some(open) = packer.as_mut() else { return Ok(None) };
            let Some(bytes) = content.try_next().await? else {
                let rest = packer.take().map(GzEncoder::finish).transpose()?.unwrap_or_default();
                return Ok(Some((Bytes::from(rest), (content, None))));
            };
            open.write_all(&bytes)?;
            tokio::task::yield_now().await;
            if !open.get_ref().is_empty() {
                let bytes = std::mem::take(open.get_mut());
                return Ok::<_, io::Error>(Some((Bytes::from(bytes), (content, packer))));
            }
        }
    });
    packed.boxed()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use mapping::Timestamp;
    use mapping::store::ETag;

    use super::*;

    fn found(name: &str, size: u64) -> Found {
        let modified = Timestamp::from_millis(0);
        let meta = FileMeta { size, etag: ETag(String::new()), modified, content_type: None };
        Found { path: name.parse().unwrap(), meta }
    }

    #[test]
    fn each_generation_of_clients_gets_the_coding_that_it_reads() {
        for version in ["v2.20170315", "v4.20181215", "v4.20190315", "v3.20990101", "nonsense", "v", "v4"] {
            assert_eq!(Coding::for_version(Some(version)), Coding::Gzip, "{version}");
        }
        assert_eq!(Coding::for_version(None), Coding::Gzip);
        for version in ["v4.20190615", "v5.20191215", "v9.20250722", "v10.20300101"] {
            assert_eq!(Coding::for_version(Some(version)), Coding::Identity, "{version}");
        }
    }

    #[test]
    fn a_part_is_called_by_its_last_segment_and_no_letter_means_anything() {
        let file = found("sub dir/b \"b\".txt", 5);
        let disposition =
            "Content-Disposition: attachment; filename=\"b%20%22b%22.txt\"; filename*=utf-8''b%20%22b%22.txt\r\n";
        let start = "--XX\r\nContent-Type: application/octet-stream\r\nContent-Encoding: ";
        let identity = format!("{start}identity\r\n{disposition}Content-Length: 5\r\n\r\n");
        assert_eq!(head(&file, Coding::Identity, "XX"), identity);
        assert_eq!(head(&file, Coding::Gzip, "XX"), format!("{start}gzip\r\n{disposition}\r\n"));
    }

    #[test]
    fn small_neighbours_are_fetched_together_within_bounds() {
        let sizes = |sizes: &[u64]| {
            let files = sizes.iter().map(|size| found("f", *size)).collect();
            batches(files).iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[1, 2, SMALL + 1, 3, 4]), [2, 1, 2]);
        assert_eq!(sizes(&[SMALL; 9]), [4, 4, 1]);
        assert_eq!(sizes(&[0; 40]), [16, 16, 8]);
        assert_eq!(sizes(&[u64::MAX, u64::MAX]), [1, 1]);
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(total(&[found("a", u64::MAX), found("b", 1)]), u64::MAX);
    }

    #[tokio::test]
    async fn what_is_packed_is_unpacked_to_the_same() {
        for length in [0, 1, 5_000_000] {
            let content: Vec<u8> = (0..length).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 20) as u8).collect();
            let chunks: Vec<_> = content.chunks(1 << 20).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
            let pieces: Vec<Bytes> = packed(stream::iter(chunks).boxed()).try_collect().await.unwrap();
            assert!(pieces.iter().all(|piece| piece.len() < 200_000), "a piece is no larger than what went in");
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(&pieces.concat()[..]).read_to_end(&mut unpacked).unwrap();
            assert!(unpacked == content, "{length} bytes");
        }
        let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err(io::ErrorKind::Other.into())]).boxed();
        assert!(packed(broken).try_collect::<Vec<_>>().await.is_err());
    }
}
