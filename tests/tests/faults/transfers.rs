//! Uploads and downloads of the Backend.AI API over a store that fails at any one call: what is answered is
//! right or says to try again, and the same request made again comes to its end.

use std::time::Duration;

use bytes::Bytes;
use mapping::store::faulty::{Asked, Fault, Faults};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use suites::caller::pattern;
use suites::reply::Reply;

use super::run::each;
use super::world::World;

const FAULTS: [Fault; 5] = [Fault::Refuse, Fault::Conflict, Fault::LoseAnswer, Fault::Resend, Fault::CutBody];

const SIZE: usize = 3000;

/// How often a client asks again that is told to, and what passes meanwhile: not much, for requests are
/// signed by a clock that does not run ahead with the server's.
const AGAIN: u32 = 6;
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transfer {
    Form,
    FormOfParts,
    RequestUpload,
    CreateUploadSession,
    Chunk,
    ChunkOfParts,
    ChunkByPath,
    Offset,
    OffsetByPath,
    Several,
    Single,
    RequestDownload,
    RequestArchive,
    Follow,
    FollowArchive,
}

use Transfer as T;

const ALL: [Transfer; 15] = [
    T::Form,
    T::FormOfParts,
    T::RequestUpload,
    T::CreateUploadSession,
    T::Chunk,
    T::ChunkOfParts,
    T::ChunkByPath,
    T::Offset,
    T::OffsetByPath,
    T::Several,
    T::Single,
    T::RequestDownload,
    T::RequestArchive,
    T::Follow,
    T::FollowArchive,
];

/// The routes that are tried here, and those that ask nothing of the store.
pub(crate) fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let silent = [("OPTIONS", "/folders/_/tus/upload"), ("OPTIONS", "/folders/_/tus/upload/{token}")];
    ALL.into_iter().map(Transfer::route).chain(silent)
}

impl Transfer {
    const fn route(self) -> (&'static str, &'static str) {
        match self {
            Self::Form | Self::FormOfParts => ("POST", "/folders/{name}/upload"),
            Self::RequestUpload => ("POST", "/folders/{name}/request-upload"),
            Self::CreateUploadSession => ("POST", "/folders/{name}/create-upload-session"),
            Self::Chunk | Self::ChunkOfParts => ("PATCH", "/folders/_/tus/upload"),
            Self::ChunkByPath => ("PATCH", "/folders/_/tus/upload/{token}"),
            Self::Offset => ("HEAD", "/folders/_/tus/upload"),
            Self::OffsetByPath => ("HEAD", "/folders/_/tus/upload/{token}"),
            Self::Several => ("GET", "/folders/{name}/download"),
            Self::Single => ("GET", "/folders/{name}/download-single"),
            Self::RequestDownload => ("POST", "/folders/{name}/request-download"),
            Self::RequestArchive => ("POST", "/folders/{name}/request-download-archive"),
            Self::Follow | Self::FollowArchive => ("GET", "/folders/_/download-with-token"),
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::Form | Self::FormOfParts => 201,
            Self::Chunk | Self::ChunkOfParts | Self::ChunkByPath => 204,
            _ => 200,
        }
    }

    /// Whether the answer can break off behind its head.
    const fn is_download(self) -> bool {
        matches!(self, Self::Several | Self::Single | Self::Follow | Self::FollowArchive)
    }
}

/// A transfer about to be asked for, and what it needs.
struct Case<'w> {
    world: &'w World,
    transfer: Transfer,
    path: String,
    content: Bytes,
    link: String,
}

impl<'w> Case<'w> {
    async fn prepare(world: &'w World, transfer: Transfer) -> Self {
        let large = matches!(transfer, T::FormOfParts | T::ChunkOfParts);
        let content = if large { world.large.clone() } else { pattern(SIZE, 7) };
        let path = format!("{}/file.bin", world.tag());
        let mut case = Self { world, transfer, path, content, link: String::new() };
        match transfer {
            T::Chunk | T::ChunkOfParts | T::Offset => case.link = case.token().await.1,
            T::ChunkByPath | T::OffsetByPath => {
                case.link = format!("/folders/_/tus/upload/{}", case.token().await.0);
            }
            T::Several | T::Single | T::RequestDownload | T::RequestArchive | T::Follow | T::FollowArchive => {
                world.ann.calls.upload(&world.folder, &case.path, &case.content, SIZE).await;
            }
            T::Form | T::FormOfParts | T::RequestUpload | T::CreateUploadSession => {}
        }
        match transfer {
            T::Follow => {
                case.link = link(&case.signed("POST", "request-download", json!({ "path": case.path })).await).1;
            }
            T::FollowArchive => {
                let files = json!({ "files": [case.path] });
                case.link = link(&case.signed("POST", "request-download-archive", files).await).1;
            }
            T::Offset | T::OffsetByPath => drop(case.patch(0, case.content.slice(..SIZE / 2)).await.expect(204)),
            _ => {}
        }
        case
    }

    async fn token(&self) -> (String, String) {
        let body = json!({ "path": self.path, "size": self.content.len() });
        link(&self.signed("POST", "request-upload", body).await)
    }

    async fn signed(&self, method: &str, verb: &str, body: Value) -> Reply {
        self.world.ann.signs.call(method, &format!("/folders/{}/{verb}", self.world.folder), &body).await
    }

    fn by_link(&self, method: Method) -> RequestBuilder {
        self.world.shaky.nobody().request(method, &self.link)
    }

    async fn patch(&self, offset: usize, bytes: Bytes) -> Reply {
        let request = self.by_link(Method::PATCH).header("upload-offset", offset.to_string()).body(bytes);
        self.world.shaky.nobody().send(request).await
    }

    /// `None` when the answer broke off.
    async fn ask(&self) -> Option<Reply> {
        let (signs, nobody) = (&self.world.ann.signs, self.world.shaky.nobody());
        let files = json!({ "files": [self.path] });
        Some(match self.transfer {
            T::Form | T::FormOfParts => self.send_form().await,
            T::RequestUpload | T::CreateUploadSession => {
                let verb = if self.transfer == T::RequestUpload { "request-upload" } else { "create_upload_session" };
                self.signed("POST", verb, json!({ "path": self.path, "size": self.content.len() })).await
            }
            T::Chunk | T::ChunkOfParts | T::ChunkByPath => self.patch(0, self.content.clone()).await,
            T::Offset | T::OffsetByPath => nobody.send(self.by_link(Method::HEAD)).await,
            T::RequestDownload => self.signed("POST", "request-download", json!({ "path": self.path })).await,
            T::RequestArchive => self.signed("POST", "request-download-archive", files).await,
            T::Several | T::Single => {
                let verb = if self.transfer == T::Several { "download" } else { "download-single" };
                let body = if self.transfer == T::Several { files } else { json!({ "file": self.path }) };
                let target = format!("/folders/{}/{verb}", self.world.folder);
                let signs = signs.speaking("v5.20191215");
                let request = signs.request(Method::GET, &target, "application/json", body.to_string().into());
                return nobody.try_send(request).await;
            }
            T::Follow | T::FollowArchive => return nobody.try_send(self.by_link(Method::GET)).await,
        })
    }

    async fn send_form(&self) -> Reply {
        let head = format!("--XX\r\nContent-Disposition: form-data; filename=\"{}\"\r\n\r\n", self.path);
        let form = [head.as_bytes(), &self.content, b"\r\n--XX--\r\n"].concat();
        let target = format!("/folders/{}/upload", self.world.folder);
        let kind = "multipart/form-data; boundary=XX";
        let signs = &self.world.ann.signs;
        signs.send(signs.request(Method::POST, &target, kind, form.into())).await
    }

    /// Whether an answer of success says what it should.
    fn is_right(&self, reply: &Reply) -> bool {
        let holds = || reply.body.windows(SIZE).any(|window| window == self.content);
        match self.transfer {
            T::Chunk | T::ChunkOfParts | T::ChunkByPath => {
                reply.header("upload-offset") == self.content.len().to_string()
            }
            T::Offset | T::OffsetByPath => reply.header("upload-offset") == (SIZE / 2).to_string(),
            T::Several => holds() && reply.body.ends_with(b"--\r\n"),
            T::FollowArchive => holds() && reply.body.windows(4).any(|window| window == b"PK\x05\x06"),
            T::Single | T::Follow => reply.body == self.content,
            _ => true,
        }
    }

    /// Checks that what was asked for has come to be.
    async fn check(mut self, last: &Reply) {
        match self.transfer {
            T::RequestUpload | T::CreateUploadSession => {
                self.link = link(last).1;
                self.patch(0, self.content.clone()).await.expect(204);
            }
            T::Offset | T::OffsetByPath => drop(self.patch(SIZE / 2, self.content.slice(SIZE / 2..)).await.expect(204)),
            T::RequestDownload | T::RequestArchive => {
                self.link = link(last).1;
                self.transfer = if self.transfer == T::RequestDownload { T::Follow } else { T::FollowArchive };
                let reply = self.ask().await.expect("a whole answer").expect(200);
                assert!(self.is_right(&reply), "{:?}: another file", self.transfer);
            }
            _ => {}
        }
        let found = self.world.ann.calls.download(&self.world.folder, &self.path).await.expect(200).body;
        assert!(found == self.content, "{:?}: {} other bytes", self.transfer, found.len());
    }
}

/// The token of an answer, and the path and query that it is shown at.
fn link(reply: &Reply) -> (String, String) {
    let reply = reply.clone().expect(200).json();
    let (url, token) = (reply["url"].as_str().expect("a URL"), reply["token"].as_str().expect("a token"));
    let path = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("of this host").1;
    (token.to_owned(), format!("/{path}?token={token}"))
}

async fn in_trouble(world: &World, transfer: Transfer, what: &str, trouble: impl FnOnce()) {
    let case = Case::prepare(world, transfer).await;
    world.forget();
    trouble();
    let mut answer = case.ask().await;
    world.shaky.heal();
    for _ in 0..AGAIN {
        match &answer {
            Some(reply) if reply.status == transfer.status() => {
                assert!(case.is_right(reply), "{transfer:?}, {what}: a wrong answer");
                break;
            }
            Some(reply) => assert_eq!(reply.status, 503, "{transfer:?}, {what}: {}", reply.text()),
            None => assert!(transfer.is_download(), "{transfer:?}, {what}: broke off"),
        }
        world.shaky.clock.advance(PAUSE);
        answer = case.ask().await;
    }
    let last = answer.unwrap_or_else(|| panic!("{transfer:?}, {what}: a healthy store breaks off"));
    assert_eq!(last.status, transfer.status(), "{transfer:?}, {what}: {}", last.text());
    case.check(&last).await;
}

async fn calls(world: &World, transfer: Transfer) -> Vec<Asked> {
    let case = Case::prepare(world, transfer).await;
    world.forget();
    world.shaky.faulty().begin_trace();
    let reply = case.ask().await.expect("an answer").expect(transfer.status());
    let calls = world.shaky.faulty().take_trace();
    assert!(case.is_right(&reply), "{transfer:?}: a wrong answer");
    case.check(&reply).await;
    calls
}

async fn at_each_call(transfer: Transfer) {
    let world = World::within().await;
    let calls = calls(&world, transfer).await;
    assert!(!calls.is_empty(), "{transfer:?} asks nothing of the store");
    for fault in FAULTS {
        for (number, call) in (1..).zip(&calls).filter(|(_, call)| fault.can_befall(**call)) {
            let what = format!("{fault:?} at call {number} of {}, {}", calls.len(), call.operation.name());
            in_trouble(&world, transfer, &what, || {
                let faulty = world.shaky.faulty();
                faulty.set_faults(Faults::once(faulty.calls() + number, fault));
            })
            .await;
        }
    }
    world.check_tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_at_any_call_of_any_transfer() {
    each(ALL, at_each_call).await;
}
