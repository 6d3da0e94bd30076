//! What a folder is, and how it lies in a bucket.
//!
//! This crate knows S3 and nothing of HTTP: no status code, no header, no word of any dialect.
//! Start at [`Bucket`], which owns the store and every shared part; accounts, folders and
//! uploads are opened from it.

pub mod clock;
pub mod error;
pub mod id;
pub mod key;
pub mod name;
pub mod path;
pub mod random;
pub mod store;

pub use clock::{Clock, Timestamp};
pub use error::{Error, ErrorKind, Result, Subject};
