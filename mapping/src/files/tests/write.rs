//! Writes, their clashes and their lost answers.

use super::*;
use crate::store::faulty::Fault;

async fn try_write(folder: &Folder<Manage>, at: &str, text: &str, overwrite: Overwrite) -> Result<FileMeta> {
    let options = WriteOptions { overwrite, content_type: Some("text/x-y".to_owned()) };
    folder.write(&path(at), Some(text.len() as u64), body(text.as_bytes()), options).await
}

#[tokio::test]
async fn a_file_is_written_with_its_type_and_replaced() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    let written = try_write(folder, "a/b c/ü.txt", "one", Overwrite::Yes).await.unwrap();
    let read = folder.read(&path("a/b c/ü.txt"), ReadOptions::default()).await.unwrap();
    assert_eq!((written.size, &written.etag), (3, &read.meta.etag));
    assert_eq!(read.meta.content_type.as_deref(), Some("text/x-y"));
    write(folder, "a/b c/ü.txt", "second").await;
    assert_eq!(text(folder, "a/b c/ü.txt").await, "second");
}

#[tokio::test]
async fn a_file_that_may_not_be_replaced_is_not() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    try_write(folder, "f", "one", Overwrite::No).await.unwrap();
    let again = try_write(folder, "f", "two", Overwrite::No).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    assert_eq!(text(folder, "f").await, "one");
}

#[tokio::test(start_paused = true)]
async fn one_of_two_writers_makes_a_new_file() {
    for seed in 0..10 {
        let fixture = Fixture::new().await;
        let folder = &fixture.folder;
        fixture.slow(seed);
        let (one, two) = (try_write(folder, "f", "one", Overwrite::No), try_write(folder, "f", "two", Overwrite::No));
        let both = futures::join!(one, two);
        let lost: Vec<_> = [both.0, both.1].into_iter().filter_map(Result::err).map(|error| error.kind()).collect();
        assert_eq!(lost, [ErrorKind::AlreadyExists]);
        assert_eq!(folder.usage().await.unwrap(), fixture.listed().await);
    }
}

#[tokio::test]
async fn a_broken_or_lying_body_leaves_nothing() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "old", "kept").await;
    for at in ["old", "new"] {
        let bodies = [(10, broken(b"0123456789")), (10, body(b"01234567")), (5, body(b"0123456789"))];
        for (length, stream) in bodies {
            let written = folder.write(&path(at), Some(length), stream, WriteOptions::default()).await;
            assert_eq!(written.unwrap_err().kind(), ErrorKind::Invalid);
        }
    }
    assert_eq!(names(folder, "").await, ["old"]);
    assert_eq!(text(folder, "old").await, "kept");
    assert_eq!(folder.usage().await.unwrap(), fixture.listed().await);
}

#[tokio::test]
async fn a_file_and_a_directory_of_one_name_are_refused() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "d/e/f", "x").await;
    folder.mkdir(&path("m"), Parents::Require).await.unwrap();
    for (at, named) in
        [("d", "`d`"), ("d/e", "`d/e`"), ("m", "`m`"), ("d/e/f/g", "`d/e/f`"), ("d/e/f/g/h/i", "`d/e/f`")]
    {
        let error = try_write(folder, at, "x", Overwrite::Yes).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{at}");
        assert!(error.message().contains(named), "{at}: {error}");
    }
}

#[tokio::test]
async fn directories_above_are_looked_at_once_in_a_burst_and_never_believed_too_long() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "a/b/c/one", "x").await;
    fixture.counted.reset();
    write(folder, "a/b/c/two", "x").await;
    let heads = fixture.counted.reset().of(crate::store::operation::Operation::Head);
    assert_eq!(heads, 1, "the file itself only");
    let _ = folder.remove(&path("a"), Depth::Tree).await.unwrap();
    write(folder, "a", "a file now").await;
    let error = try_write(folder, "a/b", "x", Overwrite::Yes).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_proved_by_its_stamp() {
    for overwrite in [Overwrite::Yes, Overwrite::No] {
        let fixture = Fixture::new().await;
        let folder = &fixture.folder;
        // Looks: the directory of the name, the file. Then the charge's read and write; then the file.
        let lost = fixture.faulty.calls() + 5;
        fixture.fault_at(lost, Fault::LoseAnswer);
        let written = try_write(folder, "f", "one", overwrite).await.unwrap();
        assert_eq!((written.size, text(folder, "f").await), (3, "one".to_owned()));
        assert_eq!(folder.usage().await.unwrap(), fixture.listed().await);
    }
}
