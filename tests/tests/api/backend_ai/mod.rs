//! The Backend.AI API as its two documents and its real clients have it.

mod about;
mod downloads;
mod entries;
mod folders;
pub(crate) mod routes;
mod signatures;
mod tus;
mod uploads;
