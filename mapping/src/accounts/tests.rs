//! Accounts over a store in memory.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use futures::future::join_all;

use super::{Account, Credentials, NewAccount};
use crate::bucket::{Bucket, Settings};
use crate::error::{ErrorKind, Result};
use crate::key::KeyPrefix;
use crate::random::{Random, SeededRandom};
use crate::seal::Secret;
use crate::store::counted::CountedStore;
use crate::store::faulty::{Faults, FaultyStore, Kill, Moment};
use crate::store::{GetOptions, ListRequest, Store};
use crate::testing::{self, TestBucket, add_account};

const EMAIL: &str = "carol@example.org";

fn new(password: Option<&str>, issued: Option<Credentials>) -> NewAccount {
    let password = password.map(Secret::new);
    NewAccount { email: EMAIL.parse().unwrap(), name: "Carol".parse().unwrap(), password, issued }
}

fn kind<T: std::fmt::Debug>(answer: Result<T>) -> ErrorKind {
    answer.unwrap_err().kind()
}

async fn shown(bucket: &Bucket, credentials: &Credentials) -> Result<Account> {
    bucket.authenticate_token(credentials.api_token.expose()).await
}

#[tokio::test]
async fn credentials_prove_their_account_and_nothing_else_does() {
    let test = TestBucket::new().await;
    let (bucket, credentials) = (&test.bucket, &test.credentials);
    assert_eq!(shown(bucket, credentials).await.unwrap().id, test.account.id);
    let (account, secret) = bucket.access_secret(&credentials.access_key).await.unwrap();
    assert_eq!((account.id, secret), (test.account.id, credentials.secret_key.clone()));
    for wrong in ["", "x", &credentials.access_key, credentials.secret_key.expose(), &"x".repeat(10_000)] {
        assert_eq!(kind(bucket.authenticate_token(wrong).await), ErrorKind::Unauthenticated, "{wrong}");
    }
    for wrong in ["", "x", credentials.api_token.expose()] {
        assert_eq!(kind(bucket.access_secret(wrong).await), ErrorKind::Unauthenticated, "{wrong}");
    }
}

#[tokio::test]
async fn no_secret_lies_in_the_bucket() {
    let test = TestBucket::new().await;
    let (_, credentials) = test.bucket.create_account(new(Some("correct horse"), None)).await.unwrap();
    let page = test.store.list(ListRequest::all(KeyPrefix::everything())).await.unwrap();
    assert!(page.objects.len() > 5);
    for listed in page.objects {
        let object = test.store.get(&listed.key, GetOptions::default()).await.unwrap();
        let bytes = object.body.try_collect::<Vec<_>>().await.unwrap().concat();
        let text = format!("{} {}", listed.key, String::from_utf8_lossy(&bytes));
        for secret in ["correct horse", credentials.secret_key.expose(), credentials.api_token.expose()] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert!(!format!("{credentials:?}").contains(credentials.secret_key.expose()));
}

#[tokio::test]
async fn a_password_is_good_only_for_its_account() {
    let test = TestBucket::new().await;
    let (carol, _) = test.bucket.create_account(new(Some("correct horse"), None)).await.unwrap();
    let login = |email: &'static str, password: &'static str| {
        let bucket = test.bucket.clone();
        async move { bucket.authenticate_password(&email.parse().unwrap(), &Secret::new(password)).await }
    };
    assert_eq!(login(EMAIL, "correct horse").await.unwrap().id, carol.id);
    assert_eq!(kind(login(EMAIL, "wrong horse").await), ErrorKind::Unauthenticated);
    assert_eq!(kind(login("ann@example.org", "correct horse").await), ErrorKind::Unauthenticated);
    assert_eq!(kind(login("nobody@example.org", "correct horse").await), ErrorKind::Unauthenticated);
    test.bucket.set_disabled(carol.id, true).await.unwrap();
    assert_eq!(kind(login(EMAIL, "correct horse").await), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_disabled_account_is_refused_here_at_once_and_elsewhere_within_the_cache_time() {
    let test = TestBucket::new().await;
    let elsewhere = test.replica(2).await;
    shown(&elsewhere, &test.credentials).await.unwrap();
    test.bucket.set_disabled(test.account.id, true).await.unwrap();
    assert_eq!(kind(shown(&test.bucket, &test.credentials).await), ErrorKind::Unauthenticated);
    test.clock.advance(Settings::default().cache_for);
    assert_eq!(kind(shown(&elsewhere, &test.credentials).await), ErrorKind::Unauthenticated);
    // A refusal is not kept.
    test.bucket.set_disabled(test.account.id, false).await.unwrap();
    shown(&elsewhere, &test.credentials).await.unwrap();
}

#[tokio::test]
async fn new_credentials_end_the_old_ones() {
    let test = TestBucket::new().await;
    let new = test.bucket.rotate_credentials(test.account.id).await.unwrap();
    assert_eq!(shown(&test.bucket, &new).await.unwrap().id, test.account.id);
    assert_eq!(kind(shown(&test.bucket, &test.credentials).await), ErrorKind::Unauthenticated);
    assert_eq!(kind(test.bucket.access_secret(&test.credentials.access_key).await), ErrorKind::Unauthenticated);
    let (_, secret) = test.bucket.access_secret(&new.access_key).await.unwrap();
    assert_eq!(secret, new.secret_key);
    test.clock.advance(Settings::default().claim_grace);
    assert_eq!(test.bucket.sweep().await.unwrap().credentials_removed, 2);
    shown(&test.bucket, &new).await.unwrap();
    for _ in 0..30 {
        test.bucket.rotate_credentials(test.account.id).await.unwrap();
    }
    let record = test.bucket.manifest::<crate::records::AccountRecord>(crate::key::ObjectKey::account(test.account.id));
    let record = record.read().await.unwrap().unwrap();
    assert_eq!((record.access_keys.len(), record.api_tokens.len()), (11, 11));
}

#[tokio::test(start_paused = true)]
async fn of_32_who_want_one_address_one_gets_it() {
    let test = TestBucket::new().await;
    let replicas: Vec<Bucket> = slow_replicas(&test, 32).await;
    let answers = join_all(replicas.iter().map(|bucket| add_account(bucket, EMAIL))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.into_iter().all(|answer| kind(answer) == ErrorKind::AlreadyExists));
    assert_eq!(test.bucket.accounts(None, 10).await.unwrap().accounts.len(), 2);
}

/// Replicas whose requests take a while, so that they overlap.
async fn slow_replicas(test: &TestBucket, count: u64) -> Vec<Bucket> {
    let open = |n| {
        let faults = Faults { seed: n, latency: Duration::from_millis(5), ..Faults::default() };
        let store: Store = Arc::new(FaultyStore::new(Arc::clone(&test.store), faults));
        testing::open(store, Arc::clone(&test.clock), Settings::default(), 100 + n)
    };
    join_all((0..count).map(open)).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(start_paused = true)]
async fn a_maker_who_was_too_slow_fails_and_does_not_come_back() {
    let test = TestBucket::new().await;
    let (faulty, slow) = mortal(&test, Faults { latency: Duration::from_millis(5), ..Faults::default() }, 7).await;
    let slow_work = add_account(&slow, EMAIL);
    tokio::pin!(slow_work);
    // The claim is read, written, and both pointers are written: the record is next.
    let stop = faulty.calls() + 4;
    while faulty.calls() < stop {
        assert!(futures::poll!(slow_work.as_mut()).is_pending());
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    assert_eq!(kind(add_account(&test.bucket, EMAIL).await), ErrorKind::Busy);
    test.clock.advance(Settings::default().claim_grace);
    let (_, credentials) = add_account(&test.bucket, EMAIL).await.unwrap();
    assert_eq!(kind(slow_work.await), ErrorKind::Conflict);
    shown(&test.bucket, &credentials).await.unwrap();
    assert_eq!(test.bucket.accounts(None, 10).await.unwrap().accounts.len(), 2);
}

async fn mortal(test: &TestBucket, faults: Faults, seed: u64) -> (Arc<FaultyStore>, Bucket) {
    let faulty = Arc::new(FaultyStore::new(Arc::clone(&test.store), faults));
    let store = Arc::clone(&faulty) as Store;
    (faulty, testing::open(store, Arc::clone(&test.clock), Settings::default(), seed).await.unwrap())
}

#[tokio::test]
async fn an_address_leads_to_its_account_from_when_that_is_made() {
    let test = TestBucket::new().await;
    let email = EMAIL.parse().unwrap();
    let unknown = async || {
        let error = test.bucket.account_by_email(&email).await.unwrap_err();
        assert!(error.kind() == ErrorKind::NotFound && error.message().contains(EMAIL), "{error}");
    };
    unknown().await;
    let (faulty, mortal) = mortal(&test, Faults::default(), 7).await;
    faulty.kill_at(Kill { at: faulty.writes() + 1, moment: Moment::After, only_writes: true });
    mortal.create_account(new(None, None)).await.unwrap_err();
    unknown().await;
    test.clock.advance(Settings::default().claim_grace);
    let (carol, _) = test.bucket.create_account(new(None, None)).await.unwrap();
    test.bucket.set_disabled(carol.id, true).await.unwrap();
    assert_eq!(test.bucket.account_by_email(&email).await.unwrap().id, carol.id);
    let nobody = crate::id::AccountId::random(test.bucket.random());
    let people = test.bucket.people([carol.id, test.account.id, nobody, carol.id]).await.unwrap();
    let expected = [&test.account, &carol].map(|account| (account.id, super::Person::from(account)));
    assert_eq!(people, expected.into());
}

#[tokio::test(start_paused = true)]
async fn issued_credentials_are_good_after_any_crash_and_second_try() {
    for moment in [Moment::Before, Moment::After] {
        for at in 1.. {
            let test = TestBucket::new().await;
            let issued = Credentials::generate(EMAIL.parse().unwrap(), &SeededRandom::new(at) as &dyn Random);
            let (faulty, bucket) = mortal(&test, Faults::default(), 7).await;
            faulty.kill_at(Kill { at: faulty.calls() + at, moment, only_writes: false });
            let first = bucket.create_account(new(None, Some(issued.clone()))).await;
            if !faulty.is_dead() {
                first.unwrap();
                assert!(at > 4, "{at}");
                break;
            }
            let (account, again) = test.bucket.create_account(new(None, Some(issued.clone()))).await.unwrap();
            assert_eq!(again, issued);
            assert_eq!(shown(&test.bucket, &issued).await.unwrap().id, account.id);
            let (_, secret) = test.bucket.access_secret(&issued.access_key).await.unwrap();
            assert_eq!(secret, issued.secret_key);
        }
    }
}

#[tokio::test]
async fn issued_credentials_are_for_one_account() {
    let test = TestBucket::new().await;
    let other = Credentials::generate("dave@example.org".parse().unwrap(), &SeededRandom::new(1) as &dyn Random);
    assert_eq!(kind(test.bucket.create_account(new(None, Some(other))).await), ErrorKind::Invalid);
    let mut stolen = Credentials::generate(EMAIL.parse().unwrap(), &SeededRandom::new(1) as &dyn Random);
    stolen.api_token = test.credentials.api_token.clone();
    assert_eq!(kind(test.bucket.create_account(new(None, Some(stolen))).await), ErrorKind::AlreadyExists);
    assert_eq!(shown(&test.bucket, &test.credentials).await.unwrap().id, test.account.id);
}

#[tokio::test]
async fn accounts_are_listed_by_the_page() {
    let test = TestBucket::new().await;
    for n in 0..5 {
        add_account(&test.bucket, &format!("user{n}@example.org")).await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = test.bucket.accounts(after, 2).await.unwrap();
        assert!(page.accounts.len() <= 2);
        seen.extend(page.accounts.into_iter().map(|account| account.email.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    seen.sort();
    let wanted = ["ann", "user0", "user1", "user2", "user3", "user4"].map(|name| format!("{name}@example.org"));
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn a_known_token_costs_no_request() {
    let test = TestBucket::new().await;
    let counted = Arc::new(CountedStore::new(Arc::clone(&test.store)));
    let store = Arc::clone(&counted) as Store;
    let bucket = testing::open(store, Arc::clone(&test.clock), Settings::default(), 9).await.unwrap();
    counted.reset();
    shown(&bucket, &test.credentials).await.unwrap();
    assert_eq!((counted.counts().reads(), counted.counts().writes()), (2, 0));
    shown(&bucket, &test.credentials).await.unwrap();
    bucket.access_secret(&test.credentials.access_key).await.unwrap();
    assert_eq!(counted.counts().reads(), 3);
}

#[tokio::test]
async fn what_is_no_token_costs_no_request() {
    let test = TestBucket::new().await;
    let counted = Arc::new(CountedStore::new(Arc::clone(&test.store)));
    let store = Arc::clone(&counted) as Store;
    let bucket = testing::open(store, Arc::clone(&test.clock), Settings::default(), 9).await.unwrap();
    counted.reset();
    let token = test.credentials.api_token.expose();
    let cases = [token[1..].to_owned(), format!("{token}a"), token.to_uppercase(), format!("{}_", &token[..42])];
    for wrong in cases.iter().map(String::as_str).chain(["", "x", &test.credentials.access_key]) {
        assert_eq!(kind(bucket.authenticate_token(wrong).await), ErrorKind::Unauthenticated, "{wrong}");
    }
    assert_eq!(counted.counts().reads(), 0);
    shown(&bucket, &test.credentials).await.unwrap();
}
