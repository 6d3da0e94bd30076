//! The Backend.AI API (`docs/dialects/backend-ai.md`): virtual folders, by name and by id, as both of
//! its documents have it and as every generation of its clients sends it.

mod access;
mod archives;
mod bin;
mod clones;
mod downloads;
mod entries;
mod error;
mod events;
mod extract;
mod filter;
mod filter_fields;
mod filter_reader;
mod folders;
mod form_files;
mod graphql;
mod hosts;
mod invitations;
mod listing;
mod lists;
mod mixed;
mod options;
mod pages;
mod sharing;
mod side_by_side;
mod spelling;
mod tickets;
mod tus;
mod uploads;
mod wire;
mod wire_folder;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::any_service;
use tower::{Layer, ServiceExt, service_fn};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::State;
use crate::layers::{Fault, Patience, guard, tell_route};

pub(super) use error::voice;
pub(super) use spelling::holds;

/// Everything that is served, in its one canonical spelling.
pub(super) fn routes() -> OpenApiRouter<State> {
    signed().merge(open())
}

/// Routes whose requests are signed. Their handlers know the [`access::Caller`].
fn signed() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(folders::list, folders::create, folders::delete_by_id))
        .routes(routes!(folders::create_as_documented))
        .routes(routes!(folders::info, folders::delete))
        .routes(routes!(bin::restore))
        .routes(routes!(bin::delete_from_bin))
        .routes(routes!(bin::purge))
        .routes(routes!(bin::delete_by_force))
        .routes(routes!(folders::rename))
        .routes(routes!(folders::id_of_name))
        .routes(routes!(hosts::hosts))
        .routes(routes!(hosts::all_hosts))
        .routes(routes!(hosts::allowed_types))
        .routes(routes!(hosts::usage))
        .routes(routes!(hosts::used_bytes))
        .routes(routes!(hosts::quota, hosts::set_quota))
        .routes(routes!(options::update_options))
        .routes(routes!(clones::clone))
        .routes(routes!(events::background_task))
        .routes(routes!(hosts::announcement))
        .routes(routes!(listing::files))
        .routes(routes!(entries::mkdir))
        .routes(routes!(entries::delete_files, entries::delete_files_by_post))
        .routes(routes!(entries::delete_files_async))
        .routes(routes!(entries::rename_file))
        .routes(routes!(entries::move_file))
        .routes(routes!(uploads::upload))
        .routes(routes!(uploads::request_upload))
        .routes(routes!(uploads::create_upload_session))
        .routes(routes!(downloads::several))
        .routes(routes!(downloads::single))
        .routes(routes!(downloads::request_download))
        .routes(routes!(downloads::request_download_archive))
        .routes(routes!(sharing::share))
        .routes(routes!(sharing::unshare))
        .routes(routes!(sharing::leave))
        .routes(routes!(sharing::members, sharing::change_member))
        .routes(routes!(sharing::change_members))
        .routes(routes!(invitations::invite))
        .routes(routes!(invitations::list))
        .routes(routes!(invitations::list_sent))
        .routes(routes!(invitations::accept))
        .routes(routes!(invitations::end))
        .routes(routes!(invitations::update))
        .routes(routes!(lists::query))
        .routes(routes!(lists::query_of_old))
}

/// Routes that need no signature: what they are given proves itself.
fn open() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(tus::patch, tus::head, tus::options))
        .routes(routes!(tus::patch_by_path, tus::head_by_path, tus::options_by_path))
        .routes(routes!(downloads::with_token))
        .route_layer(from_fn(pages::welcome))
}

/// The API in all its spellings: each becomes the canonical one before it is routed.
pub(super) fn router(state: &State, patience: Patience) -> Router<State> {
    let signed = Router::from(signed()).route_layer(from_fn_with_state(state.clone(), access::authenticate));
    let routes = signed.merge(Router::from(open())).route_layer(from_fn(tell_route));
    let api = guard(routes, patience, voice).fallback(|| async { voice(Fault::NoRoute) }).with_state(state.clone());
    let signed = pages::signed().layer(api.clone());
    let api = service_fn(move |request: Request| {
        let (api, signed) = (api.clone(), signed.clone());
        async move {
            match spelling::canonical(request) {
                Ok(request) if spelling::is_link(request.uri().path()) => api.oneshot(request).await,
                Ok(request) => signed.oneshot(request).await,
                Err(fault) => Ok(voice(fault)),
            }
        }
    });
    spelling::roots().into_iter().fold(Router::new(), |router, root| router.route(&root, any_service(api.clone())))
}
