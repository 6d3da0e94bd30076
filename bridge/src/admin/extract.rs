//! What admin requests say, with errors in this API's voice.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use mapping::id::{AccountId, FolderId, JobId};
use mapping::jobs::JobFilter;
use serde::de::DeserializeOwned;

use super::error::Refusal;
use crate::app::State;
use crate::body::{self, BadBody};
use crate::query::Pairs;

/// The account in the path.
pub(super) struct Id(pub(super) AccountId);

impl FromRequestParts<State> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        let below = parts.uri.path().rsplit_once("/accounts/").map_or("", |(_, below)| below);
        let id = below.split('/').next().unwrap_or_default();
        Ok(Self(id.parse::<AccountId>()?))
    }
}

/// The folder in the path.
pub(super) struct InFolder(pub(super) FolderId);

impl FromRequestParts<State> for InFolder {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        let below = parts.uri.path().rsplit_once("/folders/").map_or("", |(_, below)| below);
        let id = below.split('/').next().unwrap_or_default();
        Ok(Self(id.parse::<FolderId>()?))
    }
}

/// The job in the path.
pub(super) struct OfJob(pub(super) JobId);

impl FromRequestParts<State> for OfJob {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        let below = parts.uri.path().rsplit_once("/jobs/").map_or("", |(_, below)| below);
        let id = below.split('/').next().unwrap_or_default();
        Ok(Self(id.parse::<JobId>()?))
    }
}

/// Which jobs a list is of: `account`, `folder` and `state`, all of which must hold.
pub(super) struct JobsOf(pub(super) JobFilter);

impl FromRequestParts<State> for JobsOf {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        let query = Pairs::of(&parts.uri);
        Ok(Self(JobFilter {
            account: query.first("account").map(str::parse).transpose()?,
            folder: query.first("folder").map(str::parse).transpose()?,
            state: query.first("state").map(str::parse).transpose()?,
        }))
    }
}

/// Which page of a list.
pub(super) struct PageOf {
    pub(super) after: Option<String>,
    pub(super) limit: u16,
}

const PAGE: u16 = 100;

impl FromRequestParts<State> for PageOf {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Refusal> {
        let query = Pairs::of(&parts.uri);
        let limit = match query.first("limit").map(str::parse::<u16>) {
            None => PAGE,
            Some(Ok(limit @ 1..=1000)) => limit,
            Some(_) => return Err(Refusal::Malformed("`limit` is a number from 1 to 1000".to_owned())),
        };
        Ok(Self { after: query.first("after").map(str::to_owned), limit })
    }
}

/// A JSON body of this shape.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<State> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &State) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let value = body::json(&parts.headers, body).await;
        value.map(Self).map_err(|bad| match bad {
            BadBody::TooLarge => Refusal::BodyTooLarge,
            BadBody::Malformed(why) => Refusal::Malformed(why),
            BadBody::CutOff => Refusal::Malformed("the request body ended early".to_owned()),
        })
    }
}
