//! Files that come as uploads of unknown length.

use super::*;
use crate::files::fixture::PART_FLOOR;
use crate::upload::UploadOptions;

/// A part of the fixture's store: 8 KiB.
const PART: usize = PART_FLOOR as usize * 8 / 5;

#[tokio::test(start_paused = true)]
async fn an_upload_of_unknown_length_ends_with_its_last_byte() {
    for tail in [1, 17, 700, PART - 1] {
        let fixture = Fixture::new().await;
        let folder = &fixture.folder;
        let bytes: Vec<u8> = (0..2 * PART + tail).map(|at| (at % 251) as u8).collect();
        let id = folder.start_upload(path("f"), None, UploadOptions::default()).await.unwrap();
        let upload = folder.upload(&id).await.unwrap();
        for (n, chunk) in bytes.chunks(PART).enumerate() {
            upload.append((n * PART) as u64, chunk.len() as u64, body(chunk)).await.unwrap();
        }
        assert_eq!(upload.finish().await.unwrap().size, bytes.len() as u64);
        let reading = folder.read(&path("f"), ReadOptions::default()).await.unwrap();
        let read: Vec<Bytes> = reading.body.try_collect().await.unwrap();
        assert!(read.concat() == bytes, "other bytes with a tail of {tail}");
    }
}
