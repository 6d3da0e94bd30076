//! What is said of a folder's use, at its creation and later, in this API's words.

use axum::response::Response;
use mapping::access::{Manage, Permission};
use mapping::folders::{FolderOptions, FolderOptionsChange, Purpose};

use super::access::Granted;
use super::error::{Refusal, malformed};
use super::extract::Params;
use super::folders::done;
use super::wire;

/// What is said of a folder that is made.
pub(super) fn of(params: &Params) -> Result<FolderOptions, Refusal> {
    let purpose = params.text(&["usage_mode"]).map_or(Ok(Purpose::General), purpose)?;
    let FolderOptions { cloneable, .. } = FolderOptions::default();
    let cloneable = params.flag(&["cloneable"], cloneable)?;
    Ok(FolderOptions { cloneable, default_permission: permission(params)?, purpose })
}

/// Changes what is said of a folder; what is not named stays.
#[utoipa::path(
    post, path = "/folders/{name}/update-options", tag = "backend-ai", params(("name" = String, Path)),
    responses((status = 200), (status = 400), (status = 401), (status = 404)),
)]
pub(super) async fn update_options(
    state: axum::extract::State<crate::app::State>,
    Granted(folder): Granted<Manage>,
    params: Params,
) -> Result<Response, Refusal> {
    let cloneable = params.value(&["cloneable"]).map(|_| params.flag(&["cloneable"], true)).transpose()?;
    let change = FolderOptionsChange { cloneable, default_permission: permission(&params)? };
    state.finish(async move { folder.set_options(change).await }).await?;
    Ok(done())
}

fn permission(params: &Params) -> Result<Option<Permission>, Refusal> {
    params.text(&["permission"]).filter(|text| !text.is_empty()).map(wire::permission).transpose()
}

fn purpose(text: &str) -> Result<Purpose, Refusal> {
    match text {
        "general" => Ok(Purpose::General),
        "model" => Ok(Purpose::Model),
        "data" => Ok(Purpose::Data),
        _ => Err(malformed("a usage mode is `general`, `model` or `data`")),
    }
}

/// What a purpose is called.
pub(super) const fn purpose_text(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::General => "general",
        Purpose::Model => "model",
        Purpose::Data => "data",
    }
}
