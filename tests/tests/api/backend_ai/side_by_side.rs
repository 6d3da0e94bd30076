//! Small files of a form, which are written side by side.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bridge::app::AppSettings;
use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt, stream};
use mapping::Settings;
use mapping::key::{FolderPrefix, ObjectKey};
use mapping::store::Store;
use mapping::store::faulty::Faults;
use mapping::store::obstructed::ObstructedStore;
use mapping::store::operation::Operation;
use reqwest::Method;
use suites::app::{App, Person};
use suites::caller::pattern;
use suites::reply::Reply;

use super::uploads::{content, form, form_of, names, sent, without_lengths};

const AT_ONCE: usize = 16;

/// An application whose store can be made to hold back what it is to write.
pub(super) struct Scene {
    pub(super) app: App,
    pub(super) store: Arc<ObstructedStore>,
    pub(super) ann: Person,
    pub(super) id: String,
}

impl Scene {
    pub(super) async fn with(core: Settings) -> Self {
        let mut store = None;
        let obstructed = |inner| {
            let between = Arc::new(ObstructedStore::new(inner));
            store = Some(Arc::clone(&between));
            between as Store
        };
        let app = App::around(1, core, AppSettings::default(), obstructed).await;
        let ann = app.person("ann").await;
        let id = ann.signs.created("mydata").await;
        Self { app, store: store.expect("it was asked for"), ann, id }
    }

    pub(super) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// Where the file at `path` lies.
    pub(super) fn key(&self, path: &str) -> String {
        let prefix = FolderPrefix::of(self.id.parse().expect("an id"));
        ObjectKey::file(&prefix, &path.parse().expect("a path")).as_str().to_owned()
    }

    /// Holds back the writes of all files whose paths begin so.
    pub(super) fn hold_all(&self, path: &str) {
        self.store.hold_all(Operation::Put, &self.key(path));
    }

    /// Sends a form; when so many of its files wait, and no more come, `meanwhile` looks and they are let go.
    pub(super) async fn sent_held(&self, form: Vec<u8>, waiting: usize, meanwhile: impl FnOnce()) -> Reply {
        let look = async {
            self.app.until("files wait", async || self.store.waiting() >= waiting).await;
            self.app.settle().await;
            assert_eq!(self.store.waiting(), waiting);
            meanwhile();
            self.store.let_all_go();
        };
        tokio::join!(sent(&self.ann, form), look).0
    }

    /// How often it was looked what there is where a file is to be.
    fn looks(&self) -> u64 {
        self.app.store().counts().of(Operation::List)
    }

    pub(super) async fn there(&self) -> Vec<String> {
        self.ann.calls.names(&self.id, "").await.1
    }

    pub(super) async fn expect_nothing_held(&self) {
        self.app.until("the budget is free", async || self.app.core().budget().held() == 0).await;
    }
}

#[tokio::test]
async fn small_files_are_written_sixteen_at_a_time() {
    let scene = Scene::new().await;
    let names = names(0..40);
    scene.hold_all("f");
    scene.sent_held(form_of(&names, b"one"), AT_ONCE, || {}).await.expect(201);
    assert_eq!(scene.there().await, names);
    for name in [&names[0], &names[15], &names[39]] {
        assert_eq!(content(&scene.ann, &scene.id, name).await, "one");
    }
    scene.expect_nothing_held().await;
}

#[tokio::test]
async fn files_wait_for_room_and_the_budget_knows_of_all_of_them() {
    for says_length in [true, false] {
        let budget = 4 << 20;
        let scene = Scene::with(Settings { budget_bytes: budget, ..Settings::default() }).await;
        let (names, large) = (names(0..40), pattern(200_000, 1));
        let form = form_of(&names, &large);
        let form = if says_length { form } else { without_lengths(&form) };
        // A half is for those that can do without.
        let fit = budget / 2 / 200_000;
        scene.hold_all("f");
        let held = || assert_eq!(scene.app.core().budget().held(), fit * 200_000);
        scene.sent_held(form, fit as usize, held).await.expect(201);
        assert_eq!(scene.there().await, names);
        assert!(content(&scene.ann, &scene.id, "f39").await == large);
        scene.expect_nothing_held().await;
    }
}

#[tokio::test]
async fn many_forms_share_a_small_budget() {
    let budget_bytes = 1 << 20;
    let scene = Scene::with(Settings { budget_bytes, ..Settings::default() }).await;
    let (small, large) = (pattern(100_000, 1), pattern(3 << 20, 2));
    let one = |number: usize| {
        let names: Vec<String> = (0..20).map(|file| format!("d{number}/f{file:02}")).collect();
        let content = |file: usize| if file == 10 { &large[..] } else { &small[..] };
        let parts: Vec<_> = names.iter().enumerate().map(|(file, name)| (name.as_str(), content(file))).collect();
        form(&parts)
    };
    let forms = join_all((0..6).map(|number| sent(&scene.ann, one(number))));
    let replies = tokio::time::timeout(Duration::from_secs(120), forms).await.expect("nobody waits for ever");
    replies.into_iter().for_each(|reply| drop(reply.expect(201)));
    for number in 0..6 {
        let directory = format!("d{number}");
        assert_eq!(scene.ann.calls.names(&scene.id, &directory).await.1.len(), 20);
        assert!(content(&scene.ann, &scene.id, &format!("{directory}/f10")).await == large);
        assert!(content(&scene.ann, &scene.id, &format!("{directory}/f19")).await == small);
    }
    scene.expect_nothing_held().await;
}

#[tokio::test]
async fn of_two_files_at_one_path_the_last_one_stays() {
    let scene = Scene::new().await;
    scene.store.hold(Operation::Put, &scene.key("a"));
    let form = form(&[("a", b"first"), ("b", b"x"), ("a", b"second"), ("c", b"x")]);
    scene.sent_held(form, 1, || {}).await.expect(201);
    assert_eq!(content(&scene.ann, &scene.id, "a").await, "second");
    assert_eq!(scene.there().await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_file_above_another_keeps_its_turn() {
    for (first, second) in [("a", "a/b"), ("d/x/y", "d/x")] {
        let scene = Scene::new().await;
        scene.store.hold(Operation::Put, &scene.key(first));
        let refused = scene.sent_held(form(&[(first, b"1"), (second, b"2")]), 1, || {}).await;
        let said = format!("stored nevertheless: 1 (`{first}`)");
        let text = refused.expect_problem(400, "vfolder-operation-failed").text();
        assert!(text.contains("is a") && text.contains(&said), "{text}");
        assert_eq!(content(&scene.ann, &scene.id, first).await, "1");
    }
}

#[tokio::test]
async fn nothing_is_begun_once_a_file_failed_and_the_answer_names_what_is_there() {
    let scene = Scene::new().await;
    sent(&scene.ann, form(&[("f03/below", b"1")])).await.expect(201);
    scene.hold_all("f");
    // f03 is refused while those beside it wait, whose place nobody takes.
    let refused = scene.sent_held(form_of(&names(0..4), b"1"), 3, || {}).await;
    let text = refused.expect_problem(400, "vfolder-operation-failed").text();
    assert!(text.contains("stored nevertheless: 3 (`f00`, `f01`, `f02`)"), "{text}");
    assert_eq!(scene.there().await, names(0..3));
    let (more, before) = (names(0..60), scene.looks());
    scene.hold_all("f");
    let look = async {
        // Each that waits was looked for, and the one that is refused.
        let is_refused = async || scene.store.waiting() >= 3 && scene.looks() - before > scene.store.waiting() as u64;
        scene.app.until("one is refused while others wait", &is_refused).await;
        scene.app.settle().await;
        scene.app.until("and none comes after it", is_refused).await;
        scene.store.let_all_go();
    };
    let refused = tokio::join!(sent(&scene.ann, form_of(&more, b"2")), look).0;
    let text = refused.expect_problem(400, "vfolder-operation-failed").text();
    let there = scene.there().await;
    assert!(there.len() <= AT_ONCE, "{there:?}");
    let (first, more) = (there[..there.len().min(5)].join("`, `"), if there.len() > 5 { " and others" } else { "" });
    assert!(text.contains(&format!("stored nevertheless: {} (`{first}`{more})", there.len())), "{text}: {there:?}");
    scene.expect_nothing_held().await;
}

/// The failure is known when the next part comes, though nobody waited for it.
#[tokio::test]
async fn a_slow_client_s_next_file_is_not_begun_after_a_failure() {
    let scene = Scene::new().await;
    sent(&scene.ann, form(&[("f00/below", b"1")])).await.expect(201);
    let whole = Bytes::from(form_of(&names(0..5), b"1"));
    let first = whole.slice(..whole.len() / 4);
    let (go_on, wait) = tokio::sync::oneshot::channel();
    let rest = whole.slice(first.len()..);
    let rest = stream::once(async move { wait.await.map(|()| rest).map_err(std::io::Error::other) });
    let body = reqwest::Body::wrap_stream(stream::iter([Ok(first)]).chain(rest));
    let kind = "multipart/form-data; boundary=XX";
    let request = scene.ann.signs.request(Method::POST, "/folders/mydata/upload", kind, Bytes::new());
    let before = scene.looks();
    let look = async {
        scene.app.until("the first is looked for", async || scene.looks() > before).await;
        scene.app.settle().await;
        go_on.send(()).expect("the form is read on");
    };
    let refused = tokio::join!(scene.ann.signs.send(request.body(body)), look).0;
    let text = refused.expect_problem(400, "vfolder-operation-failed").text();
    assert!(!text.contains("stored"), "{text}");
    assert!(scene.there().await.is_empty());
}

#[tokio::test]
async fn a_store_that_fails_leaves_what_the_answer_names() {
    let scene = Scene::new().await;
    let (mut failed, mut whole) = (0, 0);
    for seed in 0..12 {
        let names: Vec<String> = (0..30).map(|file| format!("d{seed}-{file:02}")).collect();
        scene.app.set_faults(Faults { seed, refused: 8, ..Faults::default() });
        let reply = sent(&scene.ann, form_of(&names, b"1")).await;
        scene.app.set_faults(Faults::default());
        let there: Vec<_> =
            scene.there().await.into_iter().filter(|name| name.starts_with(&format!("d{seed}-"))).collect();
        if reply.status == 201 {
            whole += 1;
            assert_eq!(there, names);
        } else {
            failed += 1;
            let said = format!("stored nevertheless: {} (", there.len());
            assert!(there.is_empty() || reply.text().contains(&said), "{}: {there:?}", reply.text());
        }
    }
    assert!(failed > 0, "of {whole} forms none failed");
    scene.expect_nothing_held().await;
}

#[tokio::test]
async fn a_form_that_breaks_off_leaves_all_that_were_whole() {
    let scene = Scene::new().await;
    let whole = form_of(&names(0..30), &pattern(1000, 1));
    scene.hold_all("f");
    let refused = scene.sent_held(whole[..whole.len() - 700].to_vec(), AT_ONCE, || {}).await;
    let text = refused.expect_problem(400, "invalid-api-params").text();
    assert!(text.contains("cut off; stored nevertheless: 29 (`f00`, `f01`, `f02`, `f03`, `f04` and others)"), "{text}");
    assert_eq!(scene.there().await, names(0..29));
    scene.expect_nothing_held().await;
}

#[tokio::test]
async fn files_of_any_size_keep_their_bytes_whether_or_not_they_say_how_long_they_are() {
    let scene = Scene::new().await;
    let small = 256 << 10;
    let sizes = [0, 1, small - 1, small, small + 1, 3 * small, 5, 6 << 20, 7];
    let contents: Vec<_> = sizes.iter().zip(0..).map(|(size, seed)| pattern(*size, seed)).collect();
    let names = names(0..sizes.len());
    let parts: Vec<_> = names.iter().zip(&contents).map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    for form in [form(&parts), without_lengths(&form(&parts))] {
        sent(&scene.ann, form).await.expect(201);
        for (name, bytes) in names.iter().zip(&contents) {
            assert!(content(&scene.ann, &scene.id, name).await == bytes, "{name}");
            scene.ann.calls.remove(&scene.id, name).await.expect(200);
        }
    }
    scene.expect_nothing_held().await;
}

/// Two looks and a write, whatever is known of its length.
#[tokio::test]
async fn a_small_file_is_three_requests_to_the_store() {
    let long = Duration::from_secs(600);
    let core = Settings { cache_for: long, opened_for: long, hold_chunks_for: long, ..Settings::default() };
    let scene = Scene::with(core).await;
    sent(&scene.ann, form_of(&names(0..1), b"first")).await.expect(201);
    scene.app.settle().await;
    let (before, began) = (scene.app.store().counts(), Instant::now());
    sent(&scene.ann, without_lengths(&form_of(&names(1..51), b"one"))).await.expect(201);
    let cost = scene.app.store().counts().since(&before);
    assert_eq!([Operation::List, Operation::Head].map(|operation| cost.of(operation)), [50, 50], "{cost}");
    // And one a second that says how much was written.
    let most = 52 + began.elapsed().as_secs();
    assert!((50..=most).contains(&cost.of(Operation::Put)) && cost.writes() == cost.of(Operation::Put), "{cost}");
}
