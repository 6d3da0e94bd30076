//! Reads and their ranges.

use super::*;

async fn range(folder: &Folder<Manage>, range: RangeRequest) -> Result<(Served, String)> {
    let reading = folder.read(&path("f"), ReadOptions { range }).await?;
    assert_eq!(reading.meta.size, 10);
    let (served, asked) = (reading.served, reading.range.clone());
    let text = collect(reading).await;
    assert_eq!(asked.end - asked.start, text.len() as u64);
    Ok((served, text))
}

#[tokio::test]
async fn every_kind_of_range_gives_its_bytes() {
    let fixture = Fixture::new().await;
    let folder = &fixture.folder;
    write(folder, "f", "0123456789").await;
    let cases = [
        (RangeRequest::Whole, Served::Whole, "0123456789"),
        (RangeRequest::FromTo(2, 5), Served::Part, "234"),
        (RangeRequest::FromTo(8, u64::MAX), Served::Part, "89"),
        (RangeRequest::From(0), Served::Part, "0123456789"),
        (RangeRequest::From(9), Served::Part, "9"),
        (RangeRequest::Suffix(3), Served::Part, "789"),
        (RangeRequest::Suffix(u64::MAX), Served::Part, "0123456789"),
        (RangeRequest::From(10), Served::PastEnd, ""),
        (RangeRequest::From(u64::MAX), Served::PastEnd, ""),
        (RangeRequest::FromTo(10, 20), Served::PastEnd, ""),
        (RangeRequest::FromTo(u64::MAX - 1, u64::MAX), Served::PastEnd, ""),
        (RangeRequest::Suffix(0), Served::PastEnd, ""),
    ];
    for (asked, served, text) in cases {
        assert_eq!(range(folder, asked).await.unwrap(), (served, text.to_owned()), "{asked:?}");
    }
    for (start, end) in [(5, 5), (5, 4)] {
        let error = range(folder, RangeRequest::FromTo(start, end)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}

#[tokio::test]
async fn an_empty_file_is_read_whole_and_has_no_range() {
    let fixture = Fixture::new().await;
    write(&fixture.folder, "f", "").await;
    for (asked, served) in [
        (RangeRequest::Whole, Served::Whole),
        (RangeRequest::From(0), Served::PastEnd),
        (RangeRequest::FromTo(0, 10), Served::PastEnd),
        (RangeRequest::Suffix(5), Served::PastEnd),
    ] {
        let reading = fixture.folder.read(&path("f"), ReadOptions { range: asked }).await.unwrap();
        assert_eq!((reading.served, reading.range.clone()), (served, 0..0), "{asked:?}");
        assert_eq!(collect(reading).await, "");
    }
}

#[tokio::test]
async fn a_plain_read_is_one_request() {
    let fixture = Fixture::new().await;
    write(&fixture.folder, "f", "0123456789").await;
    for asked in [RangeRequest::Whole, RangeRequest::FromTo(2, 5), RangeRequest::From(3)] {
        fixture.counted.reset();
        range(&fixture.folder, asked).await.unwrap();
        assert_eq!(fixture.counted.reset().to_string(), "get 1", "{asked:?}");
    }
}

#[tokio::test]
async fn a_directory_is_no_file_to_read() {
    let fixture = Fixture::new().await;
    write(&fixture.folder, "d/f", "x").await;
    for range in [RangeRequest::Whole, RangeRequest::Suffix(1), RangeRequest::From(u64::MAX)] {
        let directory = fixture.folder.read(&path("d"), ReadOptions { range }).await.unwrap_err();
        assert_eq!((directory.kind(), directory.message()), (ErrorKind::NotFound, "`d` is a directory"));
        let missing = fixture.folder.read(&path("x"), ReadOptions { range }).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn a_version_that_was_found_is_read_or_nothing_is() {
    for forgetful in [false, true] {
        let fixture = Fixture::new().await;
        write(&fixture.folder, "f", "0123456789").await;
        let folder = if forgetful { without_conditions(&fixture).await } else { fixture.folder.clone() };
        let EntryKind::File { etag, .. } = folder.stat(&path("f")).await.unwrap().kind else { panic!("no file") };
        for (asked, text) in [(RangeRequest::Whole, "0123456789"), (RangeRequest::From(4), "456789")] {
            assert_eq!(collect(folder.read_version(&path("f"), &etag, asked).await.unwrap()).await, text);
        }
        write(&fixture.folder, "f", "other").await;
        let error = folder.read_version(&path("f"), &etag, RangeRequest::Whole).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "forgetful: {forgetful}");
        assert_eq!(error.message(), "`f` has been replaced or removed meanwhile");
        let listed = folder.read_version(&path("f"), &ETag(String::new()), RangeRequest::Whole).await.unwrap();
        assert_eq!(collect(listed).await, "other", "of a store that lists no identity");
        let gone = folder.read_version(&path("g"), &etag, RangeRequest::Whole).await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::Conflict);
    }
}

/// The folder over the same bucket as a store shows it that ignores the conditions of reads.
async fn without_conditions(fixture: &Fixture) -> Folder<Manage> {
    let obstructed = std::sync::Arc::new(crate::store::obstructed::ObstructedStore::new(fixture.memory.clone()));
    obstructed.forget_conditions();
    let clock = fixture.clock.clone();
    let bucket = crate::testing::open(obstructed, clock, crate::Settings::default(), 7).await.unwrap();
    bucket.folder(fixture.folder.account(), &crate::FolderRef::Id(fixture.folder.id())).await.unwrap()
}
