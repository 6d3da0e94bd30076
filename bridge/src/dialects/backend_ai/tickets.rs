//! Tickets of this API: what is asked for with a signature and then done without one, by whoever has the
//! link. Each is for one upload or one download.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::header;
use http::request::Parts;
use mapping::access::{Access, Folder};
use mapping::id::UploadId;
use mapping::path::FilePath;
use mapping::ticket::Ticket;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::Refusal;
use crate::app::State;
use crate::archive::Format;
use crate::query::Pairs;
use crate::render;

/// What a ticket can be for.
pub(super) trait Errand: Serialize + DeserializeOwned + Send + Sync {
    /// Keeps tickets of one kind from being taken for another's.
    const PURPOSE: &'static str;
    /// How long it is good.
    const GOOD_FOR: Duration;
    /// Where it is shown.
    const PLACE: &'static str;
}

/// One upload of one file. The upload starts when its first bytes come.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UploadErrand {
    pub(super) id: UploadId,
    pub(super) path: FilePath,
    pub(super) size: u64,
}

impl Errand for UploadErrand {
    const PURPOSE: &'static str = "backend-ai upload";
    /// As long as an upload lives of which nothing comes.
    const GOOD_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    const PLACE: &'static str = "/folders/_/tus/upload";
}

/// One download.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DownloadErrand {
    /// Of a file.
    File(FilePath),
    /// Of files and directories together; of everything when none is named.
    Archive {
        /// Which.
        paths: Vec<FilePath>,
        /// What the archive is called.
        name: String,
        /// Which kind it is of.
        format: Format,
    },
}

impl Errand for DownloadErrand {
    const PURPOSE: &'static str = "backend-ai download";
    const GOOD_FOR: Duration = Duration::from_secs(24 * 60 * 60);
    const PLACE: &'static str = "/folders/_/download-with-token";
}

/// The ticket of a request, which is good: in the query, or where 20.03 had it, at the end of the path.
pub(super) struct Shown<T>(pub(super) Ticket<T>);

impl<T: Errand> FromRequestParts<State> for Shown<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let pairs = Pairs::of(&parts.uri);
        let below = parts.uri.path().strip_prefix(T::PLACE).and_then(|rest| rest.strip_prefix('/'));
        let word = pairs.first("token").or(below).ok_or(Refusal::NotAuthenticated)?;
        Ok(Self(state.bucket().open_ticket(T::PURPOSE, word).await?))
    }
}

/// Where this server was reached, as its client or the proxy before it says.
pub(super) struct Origin(String);

impl FromRequestParts<State> for Origin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let scheme = text("x-forwarded-proto").and_then(|list| list.split(',').next()).map(str::trim);
        let scheme = scheme.filter(|scheme| matches!(*scheme, "http" | "https")).unwrap_or("http");
        let host = text(header::HOST.as_str()).or_else(|| parts.uri.host()).unwrap_or("localhost");
        Ok(Self(format!("{scheme}://{host}")))
    }
}

/// Gives out a ticket, and the URL at which it is shown in `?token=`.
pub(super) fn give_out<A: Access, T: Errand>(
    folder: &Folder<A>,
    errand: &T,
    origin: &Origin,
) -> Result<Response, Refusal> {
    let token = folder.ticket(T::PURPOSE, T::GOOD_FOR, errand)?;
    Ok(render::json(&json!({ "token": token, "url": format!("{}{}", origin.0, T::PLACE) })))
}
