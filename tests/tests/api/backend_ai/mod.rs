//! The Backend.AI API as its two documents and its real clients have it.

mod about;
mod bin;
mod binned;
mod clones;
mod documents;
mod downloads;
mod elsewhere;
mod entries;
mod fetched;
mod folders;
mod hostile;
mod invitations;
mod lists;
mod nearly_full;
mod pages;
pub(crate) mod routes;
mod sharing;
mod side_by_side;
mod signatures;
mod tus;
mod uploads;
