//! Listings of a directory whose files are at two places.

use std::collections::BTreeSet;

use super::*;
use crate::files::tests::write;

async fn page_by_page(replica: &Replica, at: &str, limit: u16) -> Vec<Vec<String>> {
    let (mut pages, mut token) = (Vec::new(), None);
    loop {
        let page = replica.folder.list(&at.parse().unwrap(), PageRequest { limit, token }).await.unwrap();
        assert!(page.entries.len() <= usize::from(limit));
        pages.push(page.entries.iter().map(|entry| entry.name().to_owned()).collect());
        token = page.next;
        if token.is_none() {
            return pages;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_of_both_places_together_are_the_directory() {
    for limit in 1..=9 {
        let scene = Scene::of(&["a/1", "a/2", "a/3", "a/b/x", "a/d/"]).await;
        let replica = scene.replica(1).await;
        replica.moved("a", "t").await.unwrap();
        write(&replica.folder, "t/4", "new").await;
        write(&replica.folder, "t/b/y", "new").await;
        let pages = page_by_page(&replica, "t", limit).await;
        let all: BTreeSet<String> = pages.concat().into_iter().collect();
        assert_eq!(all, ["1", "2", "3", "4", "b", "d"].map(str::to_owned).into(), "limit {limit}: {pages:?}");
        if let [one] = &pages[..] {
            assert_eq!(one.len(), 6, "no entry is twice on a page");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_out_of_a_listing_that_goes_on_while_files_follow() {
    let names: Vec<String> = (0..40).map(|n| format!("a/{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for pause in (0..9000).step_by(150) {
        let scene = Scene::of(&names).await;
        let replica = scene.replica(1).await;
        replica.faulty.set_faults(Faults { latency: Duration::from_millis(20), ..Faults::default() });
        replica.moved("a", "t").await.unwrap();
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let page = replica.folder.list(&"t".parse().unwrap(), PageRequest { limit: 7, token }).await.unwrap();
            seen.extend(page.entries.iter().map(|entry| entry.name().to_owned()));
            token = page.next;
            if token.is_none() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let all: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(all.len(), 40, "pause {pause}: {seen:?}");
    }
}

async fn tree(replica: &Replica, at: &str) -> Result<Vec<String>> {
    let directory = at.parse().unwrap();
    let entries: Vec<Entry> = replica.folder.list_tree(&directory).try_collect().await?;
    let mut files: Vec<String> =
        entries.iter().filter(|entry| !entry.is_directory()).map(|entry| entry.path.to_string()).collect();
    files.sort();
    Ok(files)
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_listed_whole_while_part_of_it_is_on_its_way() {
    for latency in [0, 30, 90] {
        let scene = Scene::of(&["a/1", "a/b/2", "a/b/c/3", "x/y", "z"]).await;
        let replica = scene.replica(1).await;
        replica.faulty.set_faults(Faults { latency: Duration::from_millis(latency), ..Faults::default() });
        replica.moved("a/b", "x/t").await.unwrap();
        while !scene.moves().await.is_empty() {
            assert_eq!(tree(&replica, "").await.unwrap(), ["a/1", "x/t/2", "x/t/c/3", "x/y", "z"]);
            assert_eq!(tree(&replica, "x").await.unwrap(), ["x/t/2", "x/t/c/3", "x/y"]);
            assert_eq!(tree(&replica, "x/t/c").await.unwrap(), ["x/t/c/3"]);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_in_which_something_moves_before_all_is_listed_says_so() {
    let names: Vec<String> = (0..1500).map(|n| format!("m/{n:04}")).chain(["z/1".to_owned()]).collect();
    let scene = Scene::of(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let replica = scene.replica(1).await;
    let mut tree = std::pin::pin!(replica.folder.list_tree(&DirPath::root()));
    tree.try_next().await.unwrap().unwrap();
    // From what was not listed yet to what was, and over before the next page.
    replica.moved("z", "b").await.unwrap();
    scene.settled().await;
    let error = tree.try_for_each(|_| std::future::ready(Ok(()))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_goes_while_it_is_listed_does_not_end_as_if_that_were_all() {
    let names: Vec<String> = (0..1500).map(|n| format!("a/{n:04}")).collect();
    let scene = Scene::of(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for settle in [false, true] {
        let (replica, at) = (scene.replica(u64::from(settle) + 1).await, if settle { "t" } else { "a" });
        let directory = at.parse().unwrap();
        let mut tree = std::pin::pin!(replica.folder.list_tree(&directory));
        tree.try_next().await.unwrap().unwrap();
        replica.moved(at, if settle { "u" } else { "t" }).await.unwrap();
        if settle {
            scene.settled().await;
        }
        let error = loop {
            match tree.try_next().await {
                Ok(entry) => assert!(entry.is_some(), "it ended in order"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Conflict);
        scene.settled().await;
    }
}
