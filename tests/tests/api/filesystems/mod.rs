//! The Filesystems API as its document and its real clients have it, at both prefixes.

mod downloads;
mod files;
mod folders;
mod names;
mod spellings;
mod uploads;
