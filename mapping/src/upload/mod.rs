//! Uploads: chunks of any size, in any order, through any replica, become one file at once.
//!
//! Words: a *cell* is what one part holds, and the *grid* says where the cells are; a *piece* is
//! what is held in memory of a chunk that is no whole cell; a *bundle* is an object of pieces that
//! waited too long. `docs/decisions/0003-upload-engine.md` says why it is so.

mod abort;
mod active;
mod append;
mod assemble;
mod bundle;
mod finish;
mod flush;
mod fragments;
mod grid;
mod handle;
mod orphans;
mod part;
mod publish;
mod ranges;
mod record;
mod room;
mod sequence;
mod source;
mod start;
mod stream;
mod survey;
mod sweep;
mod table;
#[cfg(test)]
mod tests;
mod window;

pub use handle::Upload;
#[cfg(test)]
pub(crate) use record::UploadRecord;
pub use start::UploadOptions;
pub use sweep::SweptUploads;
pub(crate) use table::Uploads;
