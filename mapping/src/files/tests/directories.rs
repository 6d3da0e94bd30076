//! Making and removing directories, removing files.

use super::*;
use crate::store::faulty::Fault;

#[tokio::test]
async fn a_directory_is_made_once() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    folder.mkdir(&path("d"), Parents::Require).await.unwrap();
    write(folder, "implied/f", "x").await;
    write(folder, "file", "x").await;
    for (at, kind) in [
        ("d", ErrorKind::AlreadyExists),
        ("implied", ErrorKind::AlreadyExists),
        ("file", ErrorKind::Conflict),
        ("file/d", ErrorKind::Conflict),
        ("no/d", ErrorKind::Invalid),
    ] {
        let error = folder.mkdir(&path(at), Parents::Require).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{at}");
    }
    folder.mkdir(&path("no/such/parent"), Parents::Create).await.unwrap();
    folder.mkdir(&path("implied/d"), Parents::Require).await.unwrap();
    assert_eq!(names(folder, "no").await, ["such/"]);
}

#[tokio::test(start_paused = true)]
async fn of_two_who_make_a_directory_one_is_told_that_it_exists() {
    for seed in 0..10 {
        let fixture = Fixture::new().await;
        let (folder, d) = (&fixture.folder, path("d"));
        fixture.slow(seed);
        let both = futures::join!(folder.mkdir(&d, Parents::Require), folder.mkdir(&d, Parents::Require));
        let lost: Vec<_> = [both.0, both.1].into_iter().filter_map(Result::err).map(|error| error.kind()).collect();
        assert_eq!(lost, [ErrorKind::AlreadyExists]);
    }
}

#[tokio::test]
async fn a_removed_file_leaves_its_directory() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "a/b/f", "12345").await;
    write(folder, "a/b/g", "1").await;
    let removed = folder.remove(&path("a/b/f"), Depth::File).await.unwrap();
    assert_eq!((removed.files, removed.bytes, removed.failed), (1, 5, 0));
    let removed = folder.remove(&path("a/b/g"), Depth::Tree).await.unwrap();
    assert_eq!(removed.files, 1);
    assert_eq!(names(folder, "a/b").await, Vec::<String>::new());
    assert_eq!(names(folder, "a").await, ["b/"]);
    assert_eq!(folder.remove(&path("a/b/f"), Depth::File).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn two_who_remove_the_last_two_files_leave_the_directory() {
    for seed in 0..10 {
        let fixture = Fixture::new().await;
        let folder = &fixture.folder;
        write(folder, "a/f", "x").await;
        write(folder, "a/g", "x").await;
        fixture.slow(seed);
        let (f, g) = (path("a/f"), path("a/g"));
        let both = futures::join!(folder.remove(&f, Depth::File), folder.remove(&g, Depth::File));
        assert!(both.0.is_ok() && both.1.is_ok());
        assert!(folder.stat(&path("a")).await.unwrap().is_directory());
    }
}

#[tokio::test]
async fn a_tree_goes_with_its_markers_and_nothing_beside_it() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    for n in 0..1203 {
        foreign(folder, &format!("up/t/{n}"), b"xy").await;
    }
    write(folder, "up/t/deep/er/f", "z").await;
    folder.mkdir(&path("up/t/empty"), Parents::Require).await.unwrap();
    foreign(folder, "up/t/bad//name", b"1").await;
    write(folder, "up/tt", "stays").await;
    let error = folder.remove(&path("up/t"), Depth::File).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let removed = folder.remove(&path("up/t"), Depth::Tree).await.unwrap();
    assert_eq!((removed.files, removed.bytes, removed.failed), (1205, 2408, 0));
    assert_eq!(names(folder, "up").await, ["tt"]);
    assert_eq!(folder.usage().await.unwrap(), Usage { bytes: 5, files: 1 });
    assert_eq!(folder.remove(&path("up/t"), Depth::Tree).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_removed_tree_leaves_the_directory_above_it() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "a/b/c/f", "x").await;
    let _ = folder.remove(&path("a/b"), Depth::Tree).await.unwrap();
    assert_eq!(names(folder, "a").await, Vec::<String>::new());
    assert_eq!(names(folder, "").await, ["a/"]);
}

#[tokio::test(start_paused = true)]
async fn a_directory_is_made_where_the_store_answers_a_conflict_once() {
    // As AWS answers now and then to racing conditional requests.
    for call in 1..12 {
        let fixture = Fixture::new().await;
        fixture.fault_at(fixture.faulty.calls() + call, Fault::Conflict);
        fixture.folder.mkdir(&path("d"), Parents::Create).await.unwrap();
        assert!(fixture.folder.is_directory(&path("d")).await.unwrap(), "409 at request {call}");
    }
}
