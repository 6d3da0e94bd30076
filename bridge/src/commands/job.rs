//! `folderbridge job`: a client of a running server's admin API.

use std::io::stdout;
use std::process::ExitCode;
use std::time::Duration;

use http::Method;
use mapping::id::{AccountId, FolderId, JobId};

use super::output::{client, ended, escaped, in_json, print};
use crate::admin::job_wire::{JobBody, JobsBody, PlaceBody};
use crate::admin::limits::AmountBody;
use crate::client::AdminClient;
use crate::config::{JobCommand, JobFlags};
use crate::failure::StartError;

/// What `watch` exits with when not all was done.
const NOT_DONE: u8 = 3;

/// How often `watch` looks: a job says how far it is after each page.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often in a row the server may not answer while a job is followed: it may be restarted meanwhile.
const MOST_FAILED_LOOKS: u32 = 30;

pub(super) async fn run(flags: JobFlags) -> Result<ExitCode, StartError> {
    let client = client(&flags.server)?;
    let json = flags.server.json;
    let text = match flags.command {
        JobCommand::List { account, folder, state } => {
            let state = state.map(|state| format!("&state={}", state.name()));
            let account = id::<AccountId>("account", account)?;
            let filter = [account, id::<FolderId>("folder", folder)?, state];
            let jobs = all(&client, &filter.into_iter().flatten().collect::<String>()).await?;
            if json { in_json(&jobs) } else { jobs.iter().map(line).collect() }
        }
        JobCommand::Show { id } => shown(&client.call(Method::GET, &path(&id, "")?, None).await?, json),
        JobCommand::Cancel { id } => shown(&client.call(Method::POST, &path(&id, "/cancel")?, None).await?, json),
        JobCommand::Watch { id } => return watch(&client, &path(&id, "")?, json).await,
    };
    ended(print(&text, &mut stdout()))?;
    Ok(ExitCode::SUCCESS)
}

fn path(id: &str, verb: &str) -> Result<String, StartError> {
    let id: JobId = id.parse().map_err(|error: mapping::Error| StartError::new(error.message()))?;
    Ok(format!("/jobs/{id}{verb}"))
}

/// A filter of a query, read here so that a wrong one costs no request.
fn id<T>(name: &str, given: Option<String>) -> Result<Option<String>, StartError>
where
    T: std::str::FromStr<Err = mapping::Error> + std::fmt::Display,
{
    let Some(given) = given else { return Ok(None) };
    let id: T = given.parse().map_err(|error: mapping::Error| StartError::new(error.message()))?;
    Ok(Some(format!("&{name}={id}")))
}

/// All jobs that the filter takes, page by page.
async fn all(client: &AdminClient, filter: &str) -> Result<Vec<JobBody>, StartError> {
    let (mut jobs, mut after) = (Vec::new(), String::new());
    loop {
        let page: JobsBody = client.call(Method::GET, &format!("/jobs?limit=1000{filter}{after}"), None).await?;
        jobs.extend(page.jobs);
        let Some(next) = page.next else { return Ok(jobs) };
        after = format!("&after={}", escaped(&next));
    }
}

/// Prints the job each time it has changed, until it is over.
async fn watch(client: &AdminClient, path: &str, json: bool) -> Result<ExitCode, StartError> {
    let mut job: JobBody = client.call(Method::GET, path, None).await?;
    let tell = |job: &JobBody| ended(print(&if json { in_json(job) } else { line(job) }, &mut stdout()));
    tell(&job)?;
    let mut failed_looks = 0;
    while !job.is_over() {
        tokio::time::sleep(LOOK_EVERY).await;
        match client.call::<JobBody>(Method::GET, path, None).await {
            Ok(now) => {
                failed_looks = 0;
                if now != job {
                    tell(&now)?;
                }
                job = now;
            }
            Err(_) if failed_looks < MOST_FAILED_LOOKS => failed_looks += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(if job.is_done() { ExitCode::SUCCESS } else { ExitCode::from(NOT_DONE) })
}

/// One line: which, what has become of it, how far it is, and what it does.
fn line(job: &JobBody) -> String {
    let JobBody { job_id, state, work, source, failed, .. } = job;
    let not_done = if *failed == 0 { String::new() } else { format!(", {failed} failed") };
    let target = job.target.as_ref().map(|target| format!(" to {}", place(target))).unwrap_or_default();
    format!("{job_id}  {state}  {}{not_done}  {work} {}{target}\n", progress(job), place(source))
}

/// Removals do not know beforehand how much there is, and neither does what goes on page by page.
fn progress(job: &JobBody) -> String {
    let AmountBody { files, bytes } = job.done;
    if job.found.files > files {
        return format!("{files} of {} files, {bytes} of {} bytes so far", job.found.files, job.found.bytes);
    }
    format!("{files} files, {bytes} bytes")
}

fn place(place: &PlaceBody) -> String {
    format!("{}:{}", place.folder_id, place.path)
}

fn shown(job: &JobBody, json: bool) -> String {
    if json {
        return in_json(job);
    }
    let JobBody { job_id, account_id, work, state, found, done, failed, created, changed, .. } = job;
    let mut text = format!(
        "job_id      {job_id}\naccount_id  {account_id}\nwork        {work}\nsource      {}\n",
        place(&job.source)
    );
    if let Some(target) = &job.target {
        text += &format!("target      {}\n", place(target));
    }
    text += &format!(
        "state       {state}\nfound       {} files, {} bytes\ndone        {} files, {} bytes\nfailed      {failed}\n\
         created     {created}\nchanged     {changed}\n",
        found.files, found.bytes, done.files, done.bytes
    );
    if let Some(error) = &job.error {
        text += &format!("error       {error}\n");
    }
    for failure in &job.failures {
        text += &format!("not done    `{}`: {}\n", failure.path, failure.message);
    }
    let more = failed.saturating_sub(job.failures.len() as u64);
    if more > 0 {
        text += &format!("not done    {more} more\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::job_wire::FailureBody;

    fn job(state: &str, found: u64, done: u64, failed: u64) -> JobBody {
        let place = |path: &str| PlaceBody { folder_id: "f".to_owned(), path: path.to_owned() };
        let failures = vec![FailureBody { path: "a/x".to_owned(), message: "too long".to_owned() }];
        JobBody {
            job_id: "j".to_owned(),
            account_id: "o".to_owned(),
            work: "copy".to_owned(),
            source: place("a"),
            target: Some(place("b")),
            state: state.to_owned(),
            found: AmountBody { files: found, bytes: 10 * found },
            done: AmountBody { files: done, bytes: 10 * done },
            failed,
            failures: failures.into_iter().take(usize::try_from(failed).unwrap()).collect(),
            error: None,
            created: "then".to_owned(),
            changed: "now".to_owned(),
        }
    }

    #[test]
    fn a_line_says_how_far_it_is_and_what_could_not_be_done() {
        assert_eq!(line(&job("done", 3, 3, 0)), "j  done  3 files, 30 bytes  copy f:a to f:b\n");
        assert_eq!(
            line(&job("running", 5, 3, 2)),
            "j  running  3 of 5 files, 30 of 50 bytes so far, 2 failed  copy f:a to f:b\n"
        );
        let removal = JobBody { work: "delete".to_owned(), target: None, ..job("done", 1, 1, 0) };
        assert_eq!(line(&removal), "j  done  1 files, 10 bytes  delete f:a\n");
    }

    #[test]
    fn what_could_not_be_done_is_shown_and_how_much_more() {
        let text = shown(&job("done", 5, 3, 2), false);
        assert!(text.ends_with("not done    `a/x`: too long\nnot done    1 more\n"), "{text}");
        let failed = JobBody { error: Some("no folder".to_owned()), ..job("failed", 1, 0, 0) };
        assert!(shown(&failed, false).contains("error       no folder\n"));
    }

    #[test]
    fn only_all_of_it_is_done() {
        assert!(job("done", 1, 1, 0).is_done() && !job("done", 1, 1, 1).is_done());
        for (state, over) in [("running", false), ("cancelling", false), ("failed", true), ("cancelled", true)] {
            assert!(!job(state, 1, 1, 0).is_done() && job(state, 1, 1, 0).is_over() == over, "{state}");
        }
    }
}
