//! `folderbridge doctor`: tries out whether a store will do, and tells each thing that it tried.

mod json;
mod text;

use std::io::{IsTerminal, Write, stderr, stdout};
use std::process::ExitCode;

use mapping::clock::SystemClock;
use mapping::random::{Random, SystemRandom};
use mapping::store::probe::{Check, Conclusion, Diagnosis, Outcome, Patience, Report};
use mapping::store::s3::S3Store;
use tokio_util::sync::CancellationToken;

use super::stop::Stop;
use crate::config::{DoctorFlags, Where};
use crate::failure::StartError;
use crate::place;

/// The flags contradict each other, as for flags that cannot be read.
const USAGE: u8 = 2;
/// Nothing could be tried.
const NOT_TRIED: u8 = 3;
/// It will do for one process.
const FOR_ONE: u8 = 4;

/// A report, and what it is about.
struct Told {
    endpoint: String,
    bucket: String,
    /// Whether it is the embedded store, which needs no advice about others.
    embedded: bool,
    report: Report,
}

pub(super) async fn run(flags: &DoctorFlags) -> Result<ExitCode, StartError> {
    let place = flags.place.place().map_err(|error| error.with_status(USAGE))?;
    let told = examine(&place).await.map_err(|error| error.with_status(NOT_TRIED))?;
    let text = if flags.json { json::render(&told) } else { text::render(&told) };
    let mut out = stdout().lock();
    // Whoever reads may stop early, as `head` does: the exit code tells all the same.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Ok(ExitCode::from(told.code()))
}

async fn examine(place: &Where) -> Result<Told, StartError> {
    let mut stop = Stop::listen()?;
    let (store, local) = tokio::select! {
        opened = place::to_try(place) => opened?,
        () = stop.asked() => return Err(StartError::new("stopped before anything was tried")),
    };
    let stopped = CancellationToken::new();
    let trying = try_out(&store, stopped.clone());
    tokio::pin!(trying);
    let report = tokio::select! {
        report = &mut trying => report,
        // What was written is still removed; a second signal leaves it.
        () = stop.asked() => {
            stopped.cancel();
            tokio::select! {
                report = trying => report,
                () = stop.asked() => return Err(StartError::new("stopped at once: scratch objects may be left below `.folderbridge/probe/`")),
            }
        }
    };
    let embedded = local.is_some();
    if let Some(local) = local {
        local.close().await;
    }
    Ok(Told { endpoint: store.endpoint().to_owned(), bucket: store.bucket().to_owned(), embedded, report })
}

async fn try_out(store: &S3Store, stop: CancellationToken) -> Report {
    let (random, clock): (&dyn Random, _) = (&SystemRandom, SystemClock::new());
    let run = format!("doctor-{}", random.alphanumeric(12));
    let terminal = stderr().is_terminal();
    let mut begun = |check: Check| tell(terminal, &format!("trying: {}", check.title()));
    let report =
        Diagnosis { run: &run, clock: &clock, patience: Patience::default(), stop }.of(store, &mut begun).await;
    tell(terminal, "");
    report
}

/// Over the line before on a terminal; elsewhere nobody waits and watches.
fn tell(terminal: bool, line: &str) {
    if terminal {
        let mut err = stderr().lock();
        let _ = write!(err, "\r\x1b[2K{line}").and_then(|()| err.flush());
    }
}

impl Told {
    /// The verdict, in one sentence.
    fn sentence(&self) -> String {
        let fallbacks = self.report.count(Outcome::Fallback);
        match self.report.conclusion() {
            Conclusion::WillDo if fallbacks == 0 => "this store will do".to_owned(),
            Conclusion::WillDo => format!("this store will do, by {} where it says `fallback`", detours(fallbacks)),
            Conclusion::WillNotDo => self.refusal(),
            Conclusion::SingleWriter => format!(
                "this store will do for exactly one process, started with `serve --single-writer`: {}",
                self.report.verdict().reasons()
            ),
            Conclusion::Unknown => format!("it could not be told whether this store will do: {}", self.untried()),
        }
    }

    fn refusal(&self) -> String {
        self.report.verdict().refusal().unwrap_or_else(|| {
            let failed = self.report.findings.iter().find(|finding| finding.outcome == Outcome::Fails);
            let failed = failed.map(|finding| format!("{}: {}", finding.check.title(), finding.check.without()));
            format!("this store will not do: {}", failed.unwrap_or_default())
        })
    }

    fn untried(&self) -> String {
        let untried = self.report.findings.iter().find(|finding| finding.outcome == Outcome::Untried);
        untried.and_then(|finding| finding.detail.clone()).unwrap_or_else(|| "it was stopped".to_owned())
    }

    const fn word(conclusion: Conclusion) -> &'static str {
        match conclusion {
            Conclusion::WillDo => "will_do",
            Conclusion::WillNotDo => "will_not_do",
            Conclusion::SingleWriter => "single_writer",
            Conclusion::Unknown => "not_tried",
        }
    }

    fn code(&self) -> u8 {
        match self.report.conclusion() {
            Conclusion::WillDo => 0,
            Conclusion::WillNotDo => 1,
            Conclusion::SingleWriter => FOR_ONE,
            Conclusion::Unknown => NOT_TRIED,
        }
    }

    /// What no check can see.
    fn notes(&self) -> Vec<&'static str> {
        if self.embedded || self.report.conclusion() == Conclusion::Unknown {
            return Vec::new();
        }
        vec![UNFINISHED_UPLOADS]
    }
}

const UNFINISHED_UPLOADS: &str = "how long the store keeps unfinished multipart uploads cannot be seen from outside, and \
     uploads through folderbridge may take 28 days: MinIO drops them after 24 h unless MINIO_API_STALE_UPLOADS_EXPIRY=720h \
     is set there; a lifecycle rule of yours should leave them 30 days";

fn detours(fallbacks: usize) -> String {
    if fallbacks == 1 { "a detour".to_owned() } else { format!("{fallbacks} detours") }
}

/// How an outcome is called.
const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Holds => "ok",
        Outcome::Fallback => "fallback",
        Outcome::Fails => "fails",
        Outcome::Untried => "untried",
    }
}
