//! Copies and moves of one file.

use super::*;
use crate::store::faulty::{Fault, Kill, Moment};

#[tokio::test]
async fn a_copy_keeps_type_and_metadata_and_has_its_own_stamp() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    let options = WriteOptions { content_type: Some("text/x-y".to_owned()), ..WriteOptions::default() };
    folder.write(&path("a"), Some(3), body(b"one"), options).await.unwrap();
    let copy = folder.copy_file(&path("a"), &path("d/b"), Overwrite::No).await.unwrap();
    assert_eq!((copy.size, copy.content_type.as_deref()), (3, Some("text/x-y")));
    assert_eq!((text(folder, "a").await, text(folder, "d/b").await), ("one".to_owned(), "one".to_owned()));
    let (one, other) = (folder.head(&path("a")).await.unwrap(), folder.head(&path("d/b")).await.unwrap());
    let (one, mut other) = (one.unwrap(), other.unwrap());
    assert_eq!(other.content_type, one.content_type);
    let stamp = other.metadata.insert(STAMP.to_owned(), one.metadata[STAMP].clone());
    assert_ne!(stamp.as_ref(), one.metadata.get(STAMP));
    assert_eq!(other.metadata, one.metadata);
    assert_eq!(folder.usage().await.unwrap(), Usage { bytes: 6, files: 2 });
}

#[tokio::test]
async fn a_moved_file_is_at_one_place_and_its_directory_stays() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "d/a", "one").await;
    folder.move_file(&path("d/a"), &path("e/b"), Overwrite::No).await.unwrap();
    assert_eq!(text(folder, "e/b").await, "one");
    assert_eq!(folder.stat(&path("d/a")).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(names(folder, "d").await, Vec::<String>::new());
    assert_eq!(folder.usage().await.unwrap(), Usage { bytes: 3, files: 1 });
}

#[tokio::test]
async fn what_cannot_be_copied_is_refused() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "a", "one").await;
    write(folder, "b", "two").await;
    write(folder, "d/f", "x").await;
    for (from, to, kind) in [
        ("a", "a", ErrorKind::Invalid),
        ("x", "y", ErrorKind::NotFound),
        ("d", "y", ErrorKind::NotFound),
        ("a", "b", ErrorKind::AlreadyExists),
        ("a", "d", ErrorKind::Conflict),
        ("a", "a/b", ErrorKind::Conflict),
        ("a", "b/c", ErrorKind::Conflict),
    ] {
        let copied = folder.copy_file(&path(from), &path(to), Overwrite::No).await.unwrap_err();
        assert_eq!(copied.kind(), kind, "copy {from} to {to}");
        let moved = folder.move_file(&path(from), &path(to), Overwrite::No).await.unwrap_err();
        assert_eq!(moved.kind(), kind, "move {from} to {to}");
    }
    assert_eq!((text(folder, "a").await, text(folder, "b").await), ("one".to_owned(), "two".to_owned()));
    folder.copy_file(&path("a"), &path("b"), Overwrite::Yes).await.unwrap();
    assert_eq!(text(folder, "b").await, "one");
    assert_eq!(folder.usage().await.unwrap(), fixture.listed().await);
}

#[tokio::test(start_paused = true)]
async fn a_move_that_is_refused_has_moved_nothing_and_one_that_meets_a_conflict_goes_on() {
    // As AWS answers now and then to racing conditional requests.
    for call in 1..12 {
        let fixture = Fixture::new().await;
        write(&fixture.folder, "a", "one").await;
        fixture.fault_at(fixture.faulty.calls() + call, Fault::Conflict);
        let moved = fixture.folder.move_file(&path("a"), &path("b"), Overwrite::Yes).await;
        let mut there = Vec::new();
        for name in ["a", "b"] {
            there.push(fixture.folder.head(&path(name)).await.unwrap().is_some());
        }
        assert_eq!(there, [moved.is_err(), moved.is_ok()], "409 at request {call}: {moved:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn killed_between_copy_and_delete_the_file_is_there() {
    // Looks at both places, the charge, the copy; then the second charge, a last look, the delete.
    for call in 1..12 {
        for moment in [Moment::Before, Moment::After] {
            let fixture = Fixture::new().await;
            write(&fixture.folder, "a", "one").await;
            fixture.faulty.kill_at(Kill { at: fixture.faulty.calls() + call, moment, only_writes: false });
            let moved = fixture.folder.move_file(&path("a"), &path("b"), Overwrite::Yes).await;
            let next = fixture.reopen().await;
            let there = [next.folder.head(&path("a")).await.unwrap(), next.folder.head(&path("b")).await.unwrap()];
            assert!(there.iter().any(Option::is_some), "killed {moment:?} request {call}");
            assert!(moved.is_err() || there[0].is_none(), "acknowledged, and still there");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_answer_was_lost_is_looked_up() {
    let fixture = Fixture::new().await;
    write(&fixture.folder, "a", "one").await;
    write(&fixture.folder, "other", "opens a lease: from here on charges ask for nothing").await;
    let (a, b, before) = (path("a"), path("b"), fixture.faulty.calls());
    fixture.folder.move_file(&a, &b, Overwrite::Yes).await.unwrap();
    let delete = fixture.faulty.calls() - before;
    fixture.folder.move_file(&b, &a, Overwrite::Yes).await.unwrap();
    let before = fixture.faulty.calls();
    fixture.fault_at(before + delete, Fault::LoseAnswer);
    fixture.folder.move_file(&a, &b, Overwrite::Yes).await.unwrap();
    assert_eq!(fixture.faulty.calls() - before, delete + 1, "one look more");
    assert_eq!(text(&fixture.folder, "b").await, "one");
    assert_eq!(fixture.folder.stat(&path("a")).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_copy_whose_client_sends_it_twice_is_one_copy() {
    for number in 1..=8 {
        let fixture = Fixture::new().await;
        let folder = &fixture.folder;
        write(folder, "a", "one").await;
        fixture.fault_at(fixture.faulty.calls() + number, Fault::Resend);
        folder.copy_file(&path("a"), &path("b"), Overwrite::No).await.unwrap_or_else(|e| panic!("call {number}: {e}"));
        assert_eq!(text(folder, "b").await, "one");
        assert_eq!(folder.usage().await.unwrap(), Usage { bytes: 6, files: 2 }, "call {number}");
    }
}
