//! A directory as an answer that is written while it is listed: one page of the store's listing is in memory,
//! whatever the API makes of it.

use std::io;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, stream};
use http::{HeaderValue, header};
use mapping::ErrorKind;
use mapping::access::{Folder, Read};
use mapping::files::{Page, PageRequest, PageToken};
use mapping::path::DirPath;

use crate::failure::causes;

/// What an API makes of pages.
pub(crate) trait PageWriter: Send + 'static {
    /// What a page adds, and the token of the page to go on with: `Some(None)` is the first one, once more,
    /// and `None` the end.
    fn page(&mut self, page: &Page) -> (Bytes, Option<Option<PageToken>>);
}

/// Answers in JSON with `first` and all pages behind it, as `writer` writes them.
pub(crate) fn answer(folder: Folder<Read>, directory: DirPath, first: Page, writer: impl PageWriter) -> Response {
    let mut response = Response::new(Body::from_stream(pages(folder, directory, first, writer)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The status is sent before the last page is read, so a failure can only cut the answer off.
fn pages(
    folder: Folder<Read>,
    directory: DirPath,
    first: Page,
    writer: impl PageWriter,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((writer, Some(first)), move |(mut writer, page)| {
        let (folder, directory) = (folder.clone(), directory.clone());
        async move {
            let Some(page) = page else { return Ok(None) };
            let (text, next) = writer.page(&page);
            let next = match next {
                Some(token) => Some(listed(&folder, &directory, token).await?),
                None => None,
            };
            Ok(Some((text, (writer, next))))
        }
    })
}

async fn listed(folder: &Folder<Read>, directory: &DirPath, token: Option<PageToken>) -> io::Result<Page> {
    let again = token.is_none();
    match folder.list(directory, PageRequest { token, ..PageRequest::default() }).await {
        Ok(page) => Ok(page),
        // Deleted since its entries were listed.
        Err(error) if again && error.kind() == ErrorKind::NotFound => Ok(Page::default()),
        Err(error) => {
            tracing::error!(error = causes(&error), "a listing was cut off");
            Err(io::Error::other(error))
        }
    }
}
