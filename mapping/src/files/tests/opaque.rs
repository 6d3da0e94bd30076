//! The verbs on files where an ETag says nothing of the bytes, as with SSE-KMS.

use super::*;
use crate::store::memory::ETags;

#[tokio::test]
async fn files_do_the_same_where_etags_say_nothing() {
    let fixture = Fixture::with_etags(ETags::Opaque).await;
    let folder = &fixture.folder;
    let first = write(folder, "d/a", "same").await;
    let second = write(folder, "d/a", "same").await;
    assert_ne!(first.etag, second.etag, "each write has its own");
    let entry = folder.stat(&path("d/a")).await.unwrap();
    assert!(matches!(&entry.kind, EntryKind::File { etag, .. } if *etag == second.etag), "{entry:?}");
    assert_eq!(text(folder, "d/a").await, "same");
    let copy = folder.copy_file(&path("d/a"), &path("e/b"), Overwrite::No).await.unwrap();
    assert_ne!(copy.etag, second.etag);
    let again = folder.copy_file(&path("d/a"), &path("e/b"), Overwrite::No).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    folder.move_file(&path("e/b"), &path("e/c"), Overwrite::No).await.unwrap();
    folder.mkdir(&path("f"), Parents::Require).await.unwrap();
    assert_eq!(names(folder, "e").await, ["c"]);
    let error = folder.mkdir(&path("f"), Parents::Require).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(folder.usage().await.unwrap(), Usage { bytes: 8, files: 2 });
    let removed = folder.remove(&path("e"), Depth::Tree).await.unwrap();
    assert_eq!((removed.files, removed.failed), (1, 0));
    assert_eq!(folder.usage().await.unwrap(), fixture.listed().await);
}
