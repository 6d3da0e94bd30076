//! Folders, entries, members and invitations of the Backend.AI API over a store that fails at any one call:
//! what is answered is right or says to try again, and the same request made again has been done once.

use std::time::Duration;

use bytes::Bytes;
use mapping::clock::Clock;
use mapping::store::faulty::{Asked, Fault, Faults};
use serde_json::{Value, json};
use suites::app::Person;
use suites::caller::pattern;
use suites::environment::all_faults_are_wanted;
use suites::reply::Reply;

use super::run::each;
use super::vfolder_calls::{BOB, Bob, CALLS, Call, Then};
use super::world::World;

/// The first two differ most.
const FAULTS: [Fault; 4] = [Fault::LoseAnswer, Fault::Conflict, Fault::Refuse, Fault::Resend];

/// How often a client asks again that is told to, and for how long a name waits for its maker.
const AGAIN: u32 = 6;
const CLAIM: Duration = Duration::from_secs(61);

/// The routes that are tried here.
pub(crate) fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    CALLS.iter().map(|call| (call.method, call.route))
}

/// A request about to be made, and what it needs.
struct Case<'w> {
    world: &'w World,
    call: Call,
    folder: String,
    called: String,
    new: String,
    invitation: String,
}

impl<'w> Case<'w> {
    async fn prepare(world: &'w World, call: Call) -> Self {
        let (called, new) = (world.tag(), world.tag());
        let mut case = Self { world, call, folder: String::new(), called, new, invitation: String::new() };
        let name = json!({ "name": case.called }).to_string();
        let made = case.send(&world.ann, "POST", "/folders", &name).await.expect(201);
        case.folder = text(&made.json()["id"]);
        for path in ["file.bin", "dir/x.bin"] {
            world.ann.calls.upload(&case.folder, path, &pattern(100, 5), 100).await;
        }
        let of = |verb: &str| format!("/folders/{}/{verb}", case.folder);
        if call.in_bin {
            case.send_as(&world.ann, true, "DELETE", &format!("/folders/{}", case.folder), "").await.expect(204);
        }
        match call.bob {
            Bob::Nobody => {}
            Bob::Member => drop(case.send(&world.ann, "POST", &of("share"), BOB).await.expect(201)),
            Bob::Invited => {
                let invite = json!({ "user_ids": ["bob@example.org"] }).to_string();
                case.send(&world.ann, "POST", &of("invite"), &invite).await.expect(200);
                let [invitation] = &case.invitations().await[..] else { panic!("one invitation") };
                case.invitation = text(&invitation["id"]);
            }
        }
        case
    }

    async fn send(&self, who: &Person, method: &str, target: &str, body: &str) -> Reply {
        self.send_as(who, false, method, target, body).await
    }

    /// Signed by the server's clock, which runs ahead; in the `new` version, or in an old one.
    async fn send_as(&self, who: &Person, new: bool, method: &str, target: &str, body: &str) -> Reply {
        let signs = if new { who.signs.speaking("v9.20250722") } else { who.signs.clone() };
        let (method, body) = (method.parse().expect("a method"), Bytes::from(body.to_owned()));
        let kind = if body.is_empty() { "text/plain" } else { "application/json" };
        let mut parts = signs.parts(method, target, kind, &body);
        parts.date = self.world.shaky.clock.now().to_string();
        signs.send(signs.signed(&parts, body)).await
    }

    async fn ask(&self) -> Reply {
        let fill = |text: &str| {
            let filled = text
                .replace("{name}", &self.folder)
                .replace("{folder}", &self.folder)
                .replace("{called}", &self.called)
                .replace("{new}", &self.new);
            filled
                .replace("{invitation}", &self.invitation)
                .replace("{id}", &self.invitation)
                .replace("{bob}", &self.world.bob.id)
        };
        let who = if self.call.by_bob { &self.world.bob } else { &self.world.ann };
        self.send_as(who, self.call.newer, self.call.method, &fill(self.call.route), &fill(self.call.body)).await
    }

    /// Bob's invitations into the folder.
    async fn invitations(&self) -> Vec<Value> {
        let reply = self.send(&self.world.bob, "GET", "/folders/invitations/list", "").await.expect(200).json();
        let all = reply["invitations"].as_array().expect("a list").clone();
        let plain = |id: &str| id.replace('-', "");
        all.into_iter().filter(|one| plain(&text(&one["vfolder_id"])) == plain(&self.folder)).collect()
    }

    async fn info(&self, who: &Person) -> Reply {
        self.send(who, "GET", &format!("/folders/{}", self.folder), "").await
    }

    async fn is_there(&self, name: &str) -> bool {
        let target = format!("/folders/{}/files", self.folder);
        let reply = self.send(&self.world.ann, "GET", &target, r#"{"path": "."}"#).await.expect(200).json();
        let items = reply["items"].as_array().expect("items").clone();
        items.iter().any(|item| item["name"] == name)
    }

    async fn check(&self, what: &str) {
        let (ann, bob) = (&self.world.ann, &self.world.bob);
        match self.call.then {
            Then::Same => {
                self.info(ann).await.expect(200);
                assert!(self.is_there("file.bin").await && self.is_there("dir").await, "{what}: something is gone");
            }
            Then::Made => {
                let body = json!({ "all": false }).to_string();
                let list = self.send(ann, "GET", "/folders", &body).await.expect(200).json();
                let named = list.as_array().expect("an array").iter().filter(|one| one["name"] == *self.new);
                assert_eq!(named.count(), 1, "{what}");
            }
            Then::Gone | Then::Binned => {
                self.info(ann).await.expect(404);
                let found = self.send(ann, "GET", "/folders/_/id", &json!({ "name": self.called }).to_string()).await;
                found.expect(if self.call.then == Then::Gone { 404 } else { 200 });
            }
            Then::Renamed => assert_eq!(self.info(ann).await.expect(200).json()["name"], *self.new, "{what}"),
            Then::There(name) => assert!(self.is_there(name).await, "{what}"),
            Then::NotThere(name) => {
                self.world.end_jobs().await;
                assert!(!self.is_there(name).await, "{what}");
            }
            Then::Moved(name) => {
                assert!(self.is_there(name).await && !self.is_there("file.bin").await, "{what}");
            }
            Then::Member(perm) => assert_eq!(self.info(bob).await.expect(200).json()["permission"], perm, "{what}"),
            Then::NoMember => drop(self.info(bob).await.expect(404)),
            Then::Invited(count) => assert_eq!(self.invitations().await.len(), count, "{what}"),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn in_trouble(world: &World, call: Call, what: &str, trouble: impl FnOnce()) {
    let what = format!("{} {}, {what}", call.method, call.route);
    let case = Case::prepare(world, call).await;
    world.forget();
    trouble();
    let mut reply = case.ask().await;
    world.shaky.heal();
    for _ in 0..AGAIN {
        if reply.status != 503 {
            break;
        }
        // It may have been done, and is done now or is said to be.
        world.shaky.clock.advance(CLAIM);
        reply = case.ask().await;
        if call.done.contains(&reply.status) {
            reply.status = call.status;
        }
    }
    assert_eq!(reply.status, call.status, "{what}: {}", reply.text());
    world.forget();
    case.check(&what).await;
}

async fn calls(world: &World, call: Call) -> Vec<Asked> {
    let case = Case::prepare(world, call).await;
    world.forget();
    world.shaky.faulty().begin_trace();
    case.ask().await.expect(call.status);
    let calls = world.shaky.faulty().take_trace();
    world.forget();
    case.check("without trouble").await;
    calls
}

async fn at_each_call(number: usize) {
    let (world, call) = (World::within().await, CALLS[number]);
    let calls = calls(&world, call).await;
    assert!(!calls.is_empty(), "{call:?} asks nothing of the store");
    let faults = if all_faults_are_wanted() { &FAULTS[..] } else { &FAULTS[..2] };
    for fault in faults.iter().copied() {
        for (number, asked) in (1..).zip(&calls).filter(|(_, asked)| fault.can_befall(**asked)) {
            let what = format!("{fault:?} at call {number} of {}, {}", calls.len(), asked.operation.name());
            in_trouble(&world, call, &what, || {
                let faulty = world.shaky.faulty();
                faulty.set_faults(Faults::once(faulty.calls() + number, fault));
            })
            .await;
        }
    }
    world.check_tidy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fault_at_any_call_of_any_request_about_folders() {
    each(0..CALLS.len(), at_each_call).await;
}
