//! Many writers at once: of those that race on one condition exactly one wins.

use aws_sdk_s3::primitives::ByteStream;
use futures::future::join_all;

use crate::common::{BUCKET, Fixture, answer};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_racing_creators_one_wins_and_its_bytes_stay() {
    let store = Fixture::new().await;
    for round in 0..10 {
        let key = format!("key{round}");
        let put = |writer: usize| {
            let (client, key) = (store.client.clone(), key.clone());
            async move {
                let body = ByteStream::from(format!("writer {writer}").into_bytes());
                answer(client.put_object().bucket(BUCKET).key(key).if_none_match("*").body(body).send().await)
            }
        };
        let answers = join_all((0..32).map(put)).await;
        let winners: Vec<_> = (0..32).filter(|writer| answers[*writer] == "200 ok").collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| *answer == "412 PreconditionFailed").count(), 31);
        assert_eq!(store.get(&key).await.unwrap(), format!("writer {}", winners[0]).into_bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_update_is_lost_among_32_writers() {
    let store = Fixture::new().await;
    store.put("counter", "0").await;
    let count_up = |_| {
        let client = store.client.clone();
        async move {
            let mut done = 0;
            while done < 20 {
                let got = client.get_object().bucket(BUCKET).key("counter").send().await.unwrap();
                let etag = got.e_tag.clone().unwrap();
                let value: u64 =
                    String::from_utf8(got.body.collect().await.unwrap().to_vec()).unwrap().parse().unwrap();
                let next = ByteStream::from((value + 1).to_string().into_bytes());
                let put = client.put_object().bucket(BUCKET).key("counter").if_match(etag).body(next).send().await;
                match answer(put).as_str() {
                    "200 ok" => done += 1,
                    "412 PreconditionFailed" => {}
                    other => panic!("{other}"),
                }
            }
        }
    };
    join_all((0..32).map(count_up)).await;
    assert_eq!(store.get("counter").await.unwrap(), b"640");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_never_sees_half_an_overwrite() {
    let store = Fixture::new().await;
    let (a, b) = (vec![b'a'; 1 << 20], vec![b'b'; 1 << 20]);
    store.put("key", a.clone()).await;
    let write = async {
        for round in 0..20 {
            store.put("key", if round % 2 == 0 { b.clone() } else { a.clone() }).await;
        }
    };
    let read = async {
        for _ in 0..40 {
            let got = store.get("key").await.unwrap();
            assert!(got == a || got == b);
        }
    };
    tokio::join!(write, read);
}
