//! The Backend.AI API as its two documents and its real clients have it.

mod about;
mod entries;
mod folders;
pub(crate) mod routes;
mod signatures;
