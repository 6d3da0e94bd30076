//! Files and directories of a folder as one archive.

use std::io;

use axum::body::Body;
use axum::response::Response;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use http::{HeaderValue, Method, header};
use mapping::access::{Folder, Read};
use mapping::files::{Entry, EntryKind, RangeRequest};
use mapping::path::{DirPath, FilePath};
use mapping::{Error, ErrorKind, Subject, Timestamp};

use crate::archive::{self, Content, Format, MOST_MEMBERS, Member};
use crate::download::{attachment, started};

/// Refuses what cannot be an archive: a path at which nothing is, and more than one holds.
///
/// # Errors
/// `NotFound`, `TooLarge`.
pub(super) async fn look(folder: &Folder<Read>, paths: &[FilePath]) -> mapping::Result<()> {
    if archive::are_too_many(entries(folder, paths).map_ok(drop)).await? {
        let message = format!("an archive has at most {MOST_MEMBERS} files and directories: ask for parts of this");
        return Err(Error::new(ErrorKind::TooLarge, Subject::File, message));
    }
    Ok(())
}

/// The archive, begun after a look at all that will be in it.
pub(super) async fn answer(
    folder: &Folder<Read>,
    paths: Vec<FilePath>,
    name: &str,
    format: Format,
    method: &Method,
) -> mapping::Result<Response> {
    look(folder, &paths).await?;
    let body = match *method {
        Method::HEAD => Body::empty(),
        _ => started(format.write(members(folder, &paths))).await?,
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, attachment(name));
    Ok(response)
}

/// One path is put into the archive under its last segment, several under what they are called in the folder.
fn members(folder: &Folder<Read>, paths: &[FilePath]) -> BoxStream<'static, io::Result<Member>> {
    let cut = match paths {
        [one] => one.as_str().len() - one.name().len(),
        _ => 0,
    };
    let folder = folder.clone();
    let entries = entries(&folder, paths);
    entries.map_err(io::Error::other).map_ok(move |entry| member(&folder, entry, cut)).boxed()
}

fn member(folder: &Folder<Read>, entry: Entry, cut: usize) -> Member {
    let name = entry.path.as_str()[cut..].to_owned();
    match entry.kind {
        EntryKind::Directory => Member { name, modified: Timestamp::from_millis(0), content: Content::Directory },
        EntryKind::File { size, etag, modified } => {
            let (folder, path) = (folder.clone(), entry.path);
            let open = async move {
                let reading = folder.read_version(&path, &etag, RangeRequest::Whole).await;
                reading.map(|reading| reading.body).map_err(io::Error::other)
            };
            Member { name, modified, content: Content::File(size, open.boxed()) }
        }
    }
}

/// What is at the paths, and below those that are directories; everything when none is named.
fn entries(folder: &Folder<Read>, paths: &[FilePath]) -> BoxStream<'static, mapping::Result<Entry>> {
    if paths.is_empty() {
        return folder.list_tree(&DirPath::root()).boxed();
    }
    let folder = folder.clone();
    let roots = stream::iter(paths.to_vec()).then(move |path| {
        let folder = folder.clone();
        async move {
            let entry = folder.stat(&path).await?;
            let below = entry.is_directory().then(|| folder.list_tree(&DirPath::at(path)));
            let below = stream::iter(below).flatten();
            Ok::<_, Error>(stream::once(async { Ok(entry) }).chain(below))
        }
    });
    roots.try_flatten().boxed()
}
