//! The bin: folders that were deleted by callers that can restore them, and their two ways out of it.
//!
//! For the documents, and for clients that have no command to restore a folder, a deleted folder is gone.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, State as Shared};
use http::request::Parts;
use http::{HeaderMap, StatusCode, Uri};
use mapping::access::{FolderRef, Permission};
use mapping::folders::{BinnedFolder, FolderInfo};

use super::access::Caller;
use super::error::Refusal;
use super::extract::{self, Params};
use crate::app::State;

/// The first version of the API whose clients can restore what they delete (24.03).
const FIRST_WITH_BIN: (u32, &str) = (8, "20240315");

/// What a caller means by deleting a folder, by the version that it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deletion {
    ForGood,
    IntoBin,
}

impl FromRequestParts<State> for Deletion {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl Deletion {
    fn of(headers: &HeaderMap) -> Self {
        let version = ["x-backendai-version", "x-sorna-version"].iter().find_map(|name| headers.get(*name));
        let version = version.and_then(|value| value.to_str().ok()).and_then(parsed);
        if version.is_some_and(|version| version >= FIRST_WITH_BIN) { Self::IntoBin } else { Self::ForGood }
    }
}

/// `v8.20240315` in its parts.
fn parsed(version: &str) -> Option<(u32, &str)> {
    let (major, date) = version.strip_prefix('v')?.split_once('.')?;
    Some((major.parse().ok()?, date))
}

/// The folder whose id is among the parameters.
pub(super) fn meant(params: &Params) -> Result<FolderRef, Refusal> {
    Ok(FolderRef::Id(params.needed(&["id", "vfolder_id", "vfolderId"])?.parse()?))
}

/// A folder in the bin as it stands in a list.
pub(super) fn as_listed(binned: BinnedFolder) -> FolderInfo {
    let BinnedFolder { id, name, owner, created, options, .. } = binned;
    FolderInfo { id, name, owner, permission: Permission::Manage, created, options }
}

/// Takes a folder out of the bin.
#[utoipa::path(
    post, path = "/folders/restore-from-trash-bin", tag = "backend-ai",
    responses((status = 204), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn restore(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let (bucket, which) = (state.bucket().clone(), meant(&params)?);
    state.finish(async move { bucket.restore_folder(&caller.account, &which).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a folder that is in the bin for good.
#[utoipa::path(
    post, path = "/folders/delete-from-trash-bin", tag = "backend-ai",
    responses((status = 204), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn delete_from_bin(
    Shared(state): Shared<State>,
    caller: Caller,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let (bucket, which) = (state.bucket().clone(), meant(&params)?);
    state.finish(async move { bucket.purge_folder(&caller.account, &which).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The same: real servers keep a row of what was deleted from the bin, which this removes.
#[utoipa::path(
    post, path = "/folders/purge", tag = "backend-ai",
    responses((status = 204), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn purge(state: Shared<State>, caller: Caller, params: Params) -> Result<StatusCode, Refusal> {
    delete_from_bin(state, caller, params).await
}

/// Deletes a folder for good, whether or not it is in the bin.
#[utoipa::path(
    delete, path = "/folders/{name}/force", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 204), (status = 401), (status = 404)),
)]
pub(super) async fn delete_by_force(
    Shared(state): Shared<State>,
    caller: Caller,
    uri: Uri,
) -> Result<StatusCode, Refusal> {
    let (bucket, which) = (state.bucket().clone(), extract::folder(&uri)?);
    state.finish(async move { bucket.delete_folder_for_good(&caller.account, &which).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clients_that_can_restore_a_folder_put_it_into_the_bin() {
        for (version, expected) in [
            (None, Deletion::ForGood),
            (Some("v2.20170315"), Deletion::ForGood),
            (Some("v7.20230615"), Deletion::ForGood),
            (Some("v8.20240314"), Deletion::ForGood),
            (Some("v8.20240315"), Deletion::IntoBin),
            (Some("v9.20250722"), Deletion::IntoBin),
            (Some("v10.20270101"), Deletion::IntoBin),
            (Some("9.20250722"), Deletion::ForGood),
            (Some("new"), Deletion::ForGood),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(version) = version {
                headers.insert("x-backendai-version", version.parse().unwrap());
            }
            assert_eq!(Deletion::of(&headers), expected, "{version:?}");
        }
    }
}
