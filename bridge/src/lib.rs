//! HTTP over the core: the folder APIs, the admin API, and the command line.
//!
//! [`app::start`] serves a bucket in process; [`commands::run`] is the program.

mod admin;
pub mod app;
mod archive;
mod auth;
mod body;
mod client;
pub mod commands;
pub mod config;
pub mod dialects;
mod download;
mod failure;
mod first_run;
mod form;
mod health;
mod home;
mod housekeeping;
mod layers;
mod listing;
mod place;
mod query;
mod range;
mod render;
mod secret_file;
mod server;

pub use failure::StartError;
pub use server::Idle;
