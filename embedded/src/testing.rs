//! A writer on a directory of its own, for unit tests.

use std::sync::Arc;

use tempfile::TempDir;

use crate::blobs::Blobs;
use crate::pins::Pins;
use crate::schema;
use crate::writer::Writer;

/// An index with its writer, and the directory of both.
pub(crate) struct Fixture {
    pub(crate) dir: TempDir,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) writer: Writer,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Arc::new(Blobs::open(dir.path()).unwrap());
        let pins = Pins::start(Arc::clone(&blobs)).unwrap();
        let writer = Writer::start(schema::open_writer(dir.path(), &blobs).unwrap(), pins).unwrap();
        Self { dir, blobs, writer }
    }
}
