//! `folderbridge fsck`: has a running server count folders, and says whose usage is wrong.

use std::io::stdout;
use std::process::ExitCode;

use http::Method;
use serde::Serialize;
use serde_json::json;

use super::folder;
use super::output::{client, ended, in_json, print};
use crate::admin::limits::CheckBody;
use crate::client::AdminClient;
use crate::config::FsckFlags;
use crate::failure::StartError;

/// What it exits with when something is wrong and stays so.
const WRONG: u8 = 3;

/// A folder that could not be counted.
#[derive(Serialize)]
struct Uncounted {
    folder_id: String,
    error: String,
}

pub(super) async fn run(flags: FsckFlags) -> Result<ExitCode, StartError> {
    let client = client(&flags.server)?;
    let ids = match &flags.folder {
        Some(id) => vec![id.clone()],
        None => folder::all(&client).await?.into_iter().map(|folder| folder.folder_id).collect(),
    };
    let (mut wrong, mut uncounted) = (0, 0);
    for id in &ids {
        match check(&client, id, flags.repair).await {
            Ok(checked) => {
                wrong += u64::from(checked.is_wrong());
                ended(print(&told(&checked, flags.server.json), &mut stdout()))?;
            }
            Err(error) if flags.all => {
                uncounted += 1;
                ended(print(&not_told(id, &error, flags.server.json), &mut stdout()))?;
            }
            Err(error) => return Err(error),
        }
    }
    if !flags.server.json {
        let sum = format!("{} folders: {wrong} wrong, {uncounted} not counted\n", ids.len());
        ended(print(&sum, &mut stdout()))?;
    }
    Ok(match (wrong, uncounted) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        _ => ExitCode::from(WRONG),
    })
}

async fn check(client: &AdminClient, id: &str, repair: bool) -> Result<CheckBody, StartError> {
    client.call_slow(Method::POST, &folder::path(id, "/check")?, Some(&json!({ "repair": repair }))).await
}

fn told(checked: &CheckBody, json: bool) -> String {
    if json {
        return in_json(checked);
    }
    let CheckBody { folder_id, recorded, listed, .. } = checked;
    let count = format!("{} bytes in {} files", listed.bytes, listed.files);
    let mut text = match (checked.drift, checked.repaired) {
        (true, repaired) => format!(
            "{folder_id}  WRONG: {count}, and the usage said {} bytes in {} files{}\n",
            recorded.bytes,
            recorded.files,
            if repaired { ": repaired" } else { ": `--repair` saves what was counted" },
        ),
        (false, _) if checked.unsettled => format!("{folder_id}  in use: {count} as of now\n"),
        (false, _) => format!("{folder_id}  ok: {count}\n"),
    };
    for clash in &checked.clashes {
        text += &format!("{folder_id}  WRONG: `{clash}` is a file and a directory\n");
    }
    let more = checked.clash_count.saturating_sub(checked.clashes.len() as u64);
    if more > 0 {
        text += &format!("{folder_id}  WRONG: {more} more paths are a file and a directory\n");
    }
    if !checked.names_checked {
        text += &format!("{folder_id}  the store does not list in byte order: names were not compared\n");
    }
    text
}

fn not_told(id: &str, error: &StartError, json: bool) -> String {
    if json {
        return in_json(&Uncounted { folder_id: id.to_owned(), error: error.to_string() });
    }
    format!("{id}  not counted: {error}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::limits::AmountBody;

    fn checked(recorded: u64, drift: bool, repaired: bool) -> CheckBody {
        CheckBody {
            folder_id: "f".to_owned(),
            recorded: AmountBody { bytes: recorded, files: 1 },
            listed: AmountBody { bytes: 5, files: 1 },
            drift,
            unsettled: false,
            repaired,
            clashes: Vec::new(),
            clash_count: 0,
            names_checked: true,
        }
    }

    #[test]
    fn what_is_wrong_is_told_and_what_was_done() {
        assert_eq!(told(&checked(5, false, false), false), "f  ok: 5 bytes in 1 files\n");
        let drifted = told(&checked(7, true, false), false);
        assert!(drifted.contains("WRONG: 5 bytes") && drifted.contains("said 7 bytes") && drifted.contains("--repair"));
        assert!(told(&checked(7, true, true), false).contains(": repaired"));
        assert!(checked(7, true, false).is_wrong() && !checked(7, true, true).is_wrong());
        let clash = CheckBody { clashes: vec!["a/b".to_owned()], clash_count: 3, ..checked(5, false, true) };
        assert!(clash.is_wrong());
        let text = told(&clash, false);
        assert!(text.contains("`a/b` is a file and a directory") && text.contains("2 more"), "{text}");
    }
}
