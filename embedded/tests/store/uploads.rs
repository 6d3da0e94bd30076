//! ListParts and ListMultipartUploads.

use crate::common::{BUCKET, Fixture};

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_listed_page_by_page() {
    let store = Fixture::new().await;
    let id = store.begin("key").await;
    let mut expected = Vec::new();
    for number in [1, 3, 5, 9, 10_000] {
        let size = usize::try_from(number).unwrap();
        let part = store.part("key", &id, number, vec![b'x'; size]).await;
        expected.push((number, part.e_tag.unwrap(), i64::from(number)));
    }
    for page in [1, 2, 5, 1000] {
        let (mut marker, mut parts) = (None, Vec::new());
        loop {
            let list = store.client.list_parts().bucket(BUCKET).key("key").upload_id(&id).max_parts(page);
            let answer = list.set_part_number_marker(marker).send().await.unwrap();
            assert!(answer.parts().len() <= usize::try_from(page).unwrap());
            let line = |part: &aws_sdk_s3::types::Part| {
                (part.part_number.unwrap(), part.e_tag.clone().unwrap(), part.size.unwrap())
            };
            parts.extend(answer.parts().iter().map(line));
            marker = answer.next_part_number_marker;
            if answer.is_truncated != Some(true) {
                break;
            }
        }
        assert_eq!(parts, expected, "{page}");
    }
}

async fn walk(store: &Fixture, prefix: &str, delimiter: Option<&str>, page: i32) -> Vec<String> {
    let (mut key, mut id, mut names) = (None, None, Vec::new());
    loop {
        let list = store.client.list_multipart_uploads().bucket(BUCKET).prefix(prefix).max_uploads(page);
        let list = list.set_delimiter(delimiter.map(str::to_owned)).set_key_marker(key).set_upload_id_marker(id);
        let answer = list.send().await.unwrap();
        let uploads =
            answer.uploads().iter().map(|line| format!("{} {}", line.key().unwrap(), line.upload_id().unwrap()));
        let prefixes = answer.common_prefixes().iter().filter_map(|prefix| prefix.prefix()).map(str::to_owned);
        let mut here: Vec<_> = uploads.chain(prefixes).collect();
        assert!(here.len() <= usize::try_from(page).unwrap());
        here.sort();
        names.extend(here);
        (key, id) = (answer.next_key_marker, answer.next_upload_id_marker);
        if answer.is_truncated != Some(true) {
            return names;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_uploads_are_listed_by_key_and_then_by_age() {
    let store = Fixture::new().await;
    let mut all = Vec::new();
    for key in ["a", "a", "a/1", "a/2", "b/x/1", "b/x/2", "c"] {
        all.push(format!("{key} {}", store.begin(key).await));
    }
    let done = store.begin("a").await;
    let part = store.part("a", &done, 1, vec![1]).await;
    store.complete("a", &done, &[part]).send().await.unwrap();

    for page in [1, 2, 3, 1000] {
        assert_eq!(walk(&store, "", None, page).await, all, "{page}");
        assert_eq!(walk(&store, "a/", None, page).await, all[2..4], "{page}");
        assert_eq!(walk(&store, "b", Some("/"), page).await, ["b/"], "{page}");
        let top = [all[0].as_str(), &all[1], "a/", "b/", &all[6]];
        assert_eq!(walk(&store, "", Some("/"), page).await, top, "{page}");
        assert_eq!(walk(&store, "c", None, page).await, all[6..], "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_goes_takes_its_open_uploads_along() {
    let store = Fixture::new().await;
    let id = store.begin("key").await;
    store.part("key", &id, 1, crate::common::noise(50_000, 1)).await;
    store.client.delete_bucket().bucket(BUCKET).send().await.unwrap();
    crate::common::settles_at(store.path(), 0).await;
    crate::common::audit(store.path());
}
