//! Listings.

use super::*;
use crate::store::operation::Operation;

#[tokio::test]
async fn a_directory_lists_its_files_and_directories_and_not_itself() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "d/one", "1").await;
    write(folder, "d/two/deep", "2").await;
    folder.mkdir(&path("d/empty"), Parents::Require).await.unwrap();
    write(folder, "top", "3").await;
    assert_eq!(names(folder, "d").await, ["empty/", "one", "two/"]);
    assert_eq!(names(folder, "").await, ["d/", "top"]);
    assert_eq!(names(folder, "d/empty").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_other_programs_stored_is_shown_where_it_can_be() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    foreign(folder, "x/", b"").await;
    foreign(folder, "x/file", b"1").await;
    foreign(folder, "bad//name", b"1").await;
    foreign(folder, "back\\slash", b"1").await;
    assert_eq!(names(folder, "").await, ["bad/", "x/"]);
    assert_eq!(names(folder, "x").await, ["file"]);
}

#[tokio::test]
async fn what_no_path_can_name_goes_with_its_directory() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    let names = ["d//x", "d/a\\b", "d/\u{1}", "d/a\nb", "d/\u{fffe}", "d/. ", "d/..", "d/only/\u{7f}"];
    for name in names {
        foreign(folder, name, b"1").await;
    }
    foreign(folder, &format!("d/{}", "x".repeat(300)), b"1").await;
    write(folder, "d/good", "1").await;
    assert_eq!(names_of_all(folder, "d").await, ["good", "only/"]);
    assert_eq!(names_of_all(folder, "d/only").await, Vec::<String>::new());
    let removed = folder.remove(&path("d"), Depth::Tree).await.unwrap();
    assert_eq!((removed.files, removed.failed), (10, 0));
    assert_eq!(fixture.listed().await, Usage::default());
}

/// Page by page of one entry: what is not shown leaves no gap.
async fn names_of_all(folder: &Folder<Manage>, at: &str) -> Vec<String> {
    let (mut token, mut seen) = (None, Vec::new());
    loop {
        let page = folder.list(&directory(at), PageRequest { limit: 1, token }).await.unwrap();
        seen.extend(page.entries.iter().map(shown));
        token = page.next;
        if token.is_none() {
            return seen;
        }
    }
}

#[tokio::test]
async fn a_missing_directory_is_not_found_and_an_empty_root_is_empty() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    assert_eq!(names(folder, "").await, Vec::<String>::new());
    write(folder, "file", "1").await;
    for missing in ["nothing", "file", "fil"] {
        let error = folder.list(&directory(missing), PageRequest::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{missing}");
    }
}

#[tokio::test]
async fn a_page_costs_one_request_and_leads_to_the_next() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    for n in 0..7 {
        write(folder, &format!("d/{n}"), "x").await;
    }
    fixture.counted.reset();
    let (mut token, mut seen, mut pages) = (None, Vec::new(), 0);
    loop {
        let page = folder.list(&directory("d"), PageRequest { limit: 3, token }).await.unwrap();
        assert!(page.entries.len() <= 3);
        seen.extend(page.entries.iter().map(shown));
        pages += 1;
        token = page.next.map(|next| PageToken::new(next.as_str().to_owned()));
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4", "5", "6"]);
    let counts = fixture.counted.reset();
    assert_eq!((counts.of(Operation::List), counts.reads(), counts.writes()), (pages, pages, 0));
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn all_of_a_long_directory_comes_page_by_page() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    for n in 0..1005 {
        foreign(folder, &format!("d/{n:04}"), b"x").await;
    }
    fixture.counted.reset();
    let d = directory("d");
    let all: Vec<Entry> = folder.list_all(&d).try_collect().await.unwrap();
    assert_eq!(all.len(), 1005);
    assert_eq!(fixture.counted.reset().to_string(), "list 2");
}

#[tokio::test]
async fn a_page_of_nothing_is_refused() {
    let fixture = Fixture::new().await;
    let request = PageRequest { limit: 0, token: None };
    assert_eq!(fixture.folder.list(&DirPath::root(), request).await.unwrap_err().kind(), ErrorKind::Invalid);
}

async fn tree(folder: &Folder<Manage>, at: &str) -> Vec<String> {
    let directory = directory(at);
    let shown = |entry: Entry| if entry.is_directory() { format!("{}/", entry.path) } else { entry.path.to_string() };
    folder.list_tree(&directory).map_ok(shown).try_collect().await.unwrap()
}

#[tokio::test]
async fn a_tree_lists_all_that_is_below_it_page_by_page() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    for at in ["a/b/c.txt", "a/d.txt", "ab/e.txt", "f.txt"] {
        write(folder, at, "x").await;
    }
    folder.mkdir(&path("a/made"), Parents::Create).await.unwrap();
    foreign(folder, "a/", b"").await;
    assert_eq!(tree(folder, "a").await, ["a/b/c.txt", "a/d.txt", "a/made/"]);
    assert_eq!(tree(folder, "").await, ["a/", "a/b/c.txt", "a/d.txt", "a/made/", "ab/e.txt", "f.txt"]);
    assert_eq!(tree(folder, "nothing").await, [""; 0]);
    for number in 0..1500 {
        foreign(folder, &format!("many/{number:04}"), b"x").await;
    }
    fixture.counted.reset();
    assert_eq!(tree(folder, "many").await.len(), 1500);
    assert_eq!(fixture.counted.reset().to_string(), "get 2, list 2");
}
