//! `folderbridge sweep`: has a running server sweep, or say what it would remove.

use std::io::stdout;

use http::Method;
use serde_json::json;

use super::output::{client, ended, in_json, print};
use crate::admin::wire::{FindingBody, SweepBody};
use crate::config::SweepFlags;
use crate::failure::StartError;

pub(super) async fn run(flags: SweepFlags) -> Result<(), StartError> {
    let client = client(&flags.server)?;
    let body = json!({ "dry_run": flags.dry_run });
    let swept: SweepBody = client.call_slow(Method::POST, "/sweep", Some(&body)).await?;
    let text = if flags.server.json { in_json(&swept) } else { shown(&swept) };
    ended(print(&text, &mut stdout()))
}

/// A line for each thing, and the counts at the end.
fn shown(swept: &SweepBody) -> String {
    let verb = if swept.dry_run { "would remove" } else { "removed" };
    let mut text: String = swept.findings.iter().map(|finding| line(verb, finding)).collect();
    if swept.unlisted > 0 {
        text.push_str(&format!("{verb}  {} more\n", swept.unlisted));
    }
    let counts: Vec<_> = swept.counts.iter().filter(|(_, count)| **count > 0).collect();
    if counts.is_empty() {
        return text + "nothing to remove\n";
    }
    let counts: Vec<_> = counts.into_iter().map(|(what, count)| format!("{count} {what}")).collect();
    text + &format!("{verb}: {}\n", counts.join(", "))
}

fn line(verb: &str, finding: &FindingBody) -> String {
    let FindingBody { what, place, reason, age_seconds, objects } = finding;
    let age = age_seconds.map(|seconds| format!(", {} old", age(seconds))).unwrap_or_default();
    let objects = if *objects == 1 { String::new() } else { format!(" ({objects} objects)") };
    format!("{verb}  {what}  {place}{objects}: {reason}{age}\n")
}

fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn finding(objects: usize, age_seconds: Option<u64>) -> FindingBody {
        FindingBody {
            what: "data".to_owned(),
            place: "folders/x/".to_owned(),
            reason: "its folder is deleted".to_owned(),
            age_seconds,
            objects,
        }
    }

    #[test]
    fn each_thing_has_a_line_and_the_counts_come_last() {
        let counts = BTreeMap::from([("objects".to_owned(), 2500), ("names".to_owned(), 0), ("folders".to_owned(), 1)]);
        let findings = vec![finding(2500, Some(90)), finding(1, None)];
        let text = shown(&SweepBody { dry_run: true, findings, unlisted: 3, counts });
        assert_eq!(
            text,
            "would remove  data  folders/x/ (2500 objects): its folder is deleted, 90 s old\n\
             would remove  data  folders/x/: its folder is deleted\n\
             would remove  3 more\n\
             would remove: 1 folders, 2500 objects\n"
        );
    }

    #[test]
    fn a_bucket_in_order_is_said_to_be() {
        let counts = BTreeMap::from([("objects".to_owned(), 0)]);
        let swept = SweepBody { dry_run: false, findings: Vec::new(), unlisted: 0, counts };
        assert_eq!(shown(&swept), "nothing to remove\n");
    }

    #[test]
    fn ages_are_short() {
        for (seconds, text) in [(119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d")] {
            assert_eq!(age(seconds), text);
        }
    }
}
