//! `folderbridge serve`: opens the place, makes the first account, serves until told to stop.

use std::sync::Arc;
use std::time::Duration;

use embedded::LocalStore;
use mapping::bucket::{Acknowledge, Bucket, Parts, Settings};
use mapping::clock::SystemClock;
use mapping::random::SystemRandom;
use mapping::writer::WriterPlace;
use tokio::net::TcpListener;

use super::stop::Stop;
use super::{log, welcome};
use crate::app::{self, AppSettings, Running};
use crate::config::{ServeFlags, ServeSettings, Where};
use crate::failure::StartError;
use crate::first_run;
use crate::place::Place;

/// How often what stopped half way and what was deleted is looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// How often jobs are looked for whose replica has died.
const TEND_JOBS_EVERY: Duration = Duration::from_secs(15);

/// What writes that nobody waits for get to end, before the next process may write.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// What serves, and what is to be ended after it.
struct Serving {
    running: Running,
    local: Option<LocalStore>,
    writer: Option<WriterPlace>,
}

pub(super) async fn run(flags: ServeFlags) -> Result<(), StartError> {
    let settings = flags.settings()?;
    log::install(&flags.log)?;
    let mut stop = Stop::listen()?;
    let serving = tokio::select! {
        started = start(&flags, &settings) => started?,
        () = stop.asked() => return Err(StartError::new("stopped before it served")),
    };
    tokio::select! {
        () = stop.asked() => {}
        // At once and without a word to anybody: somebody else may be writing.
        () = lost(serving.writer.as_ref()) => return Err(StartError::new(LOST)),
    }
    tracing::info!("stopping: running requests may end first");
    tokio::select! {
        () = end(serving) => Ok(()),
        () = stop.asked() => Err(StartError::new("stopped at once, before all requests had ended")),
    }
}

const LOST: &str =
    "stopped at once: this process can no longer be sure that it alone writes to the bucket (see the log)";

async fn lost(writer: Option<&WriterPlace>) {
    match writer {
        Some(writer) => writer.lost().await,
        None => std::future::pending().await,
    }
}

/// The port first: a process that cannot listen has no business in the store.
async fn start(flags: &ServeFlags, settings: &ServeSettings) -> Result<Serving, StartError> {
    let listener = app::bind(flags.listen).await?;
    let place = Place::open(settings).await?;
    let (local, writer) = (place.local.clone(), place.writer.clone());
    match begin(flags, settings, listener, place).await {
        Ok(running) => Ok(Serving { running, local, writer }),
        Err(error) => {
            give_back(writer.as_ref()).await;
            Err(error)
        }
    }
}

async fn begin(
    flags: &ServeFlags,
    settings: &ServeSettings,
    listener: TcpListener,
    place: Place,
) -> Result<Running, StartError> {
    let admin_token = place.admin_token.clone();
    let bucket = open(place, settings).await?;
    let first = match &settings.place {
        Where::Embedded { directory } => first_run::first_account(&bucket, directory).await?,
        Where::Bucket { .. } => None,
    };
    let app_settings = AppSettings {
        listen: flags.listen,
        admin_token,
        drain: settings.drain,
        rate_limit: settings.rate_limit,
        sweep_every: Some(SWEEP_EVERY),
        tend_jobs_every: Some(TEND_JOBS_EVERY),
        ..AppSettings::default()
    };
    let running = app::serve(listener, bucket, &app_settings)?;
    tracing::info!(address = %running.address, "serving");
    match (&settings.place, first) {
        (Where::Embedded { directory }, Some(first)) if !flags.print_credentials => {
            welcome::print(running.address, directory, &first);
        }
        (_, Some(first)) => welcome::print_json(&first),
        (_, None) => tell_how_to_begin(settings, &app_settings),
    }
    Ok(running)
}

async fn open(place: Place, settings: &ServeSettings) -> Result<Bucket, StartError> {
    let acknowledge = if settings.durable_chunks { Acknowledge::Stored } else { Acknowledge::Held };
    let parts = Parts {
        store: place.store,
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SystemRandom),
        keys: place.keys,
        settings: Settings {
            acknowledge,
            cache_for: settings.cache_for,
            folder_limits: settings.limits,
            most_folders: settings.most_folders,
            trash_for: settings.trash_for,
            invitation_life: settings.invitation_life,
            ..Settings::default()
        },
    };
    Bucket::open(parts).await.map_err(|error| match &settings.place {
        Where::Embedded { directory } => cannot_open(&directory.display(), &error),
        Where::Bucket { bucket, .. } => cannot_open(bucket, &error),
    })
}

fn cannot_open(what: &dyn std::fmt::Display, error: &mapping::Error) -> StartError {
    StartError::because(format!("cannot serve `{what}`"), error)
}

fn tell_how_to_begin(settings: &ServeSettings, app: &AppSettings) {
    if app.admin_token.is_none() {
        tracing::info!("the admin API is closed: set FOLDERBRIDGE_ADMIN_TOKEN to make accounts");
    } else if matches!(settings.place, Where::Bucket { .. }) {
        tracing::info!("accounts are made with `folderbridge account create --email ADDRESS --json`");
    }
}

async fn end(serving: Serving) {
    serving.running.shutdown().await;
    give_back(serving.writer.as_ref()).await;
    if let Some(local) = serving.local {
        local.close().await;
    }
    tracing::info!("stopped");
}

async fn give_back(writer: Option<&WriterPlace>) {
    if let Some(writer) = writer {
        writer.give_back(LAST_WRITES).await;
    }
}
