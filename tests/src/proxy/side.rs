//! One end of a connection: heads and bodies of HTTP/1.1, as far as S3 uses it.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::request::header;

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Known(u64),
    Chunked,
    /// To the end of the connection.
    ToTheEnd,
}

impl Length {
    /// Of a request, or of an answer to anything but HEAD.
    pub(super) fn of(head: &str) -> Self {
        if header(head, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return Self::Chunked;
        }
        match header(head, "content-length").and_then(|value| value.parse().ok()) {
            Some(length) => Self::Known(length),
            None if head.starts_with("HTTP/") && !has_no_body(head) => Self::ToTheEnd,
            None => Self::Known(0),
        }
    }
}

fn has_no_body(answer: &str) -> bool {
    answer.split(' ').nth(1).is_some_and(|status| status.starts_with('1') || matches!(status, "204" | "304"))
}

/// A socket and what was read of it and not yet used.
pub(super) struct Side {
    socket: TcpStream,
    read: BytesMut,
}

impl Side {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, read: BytesMut::new() }
    }

    /// The next head, its empty line included; `None` when the other end is done.
    pub(super) async fn head(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                return Ok(Some(self.read.split_to(end + 4).freeze()));
            }
            if self.more().await? == 0 {
                return if self.read.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await
    }

    /// Passes a whole body on.
    pub(super) async fn pump(&mut self, to: &mut Self, length: Length) -> io::Result<()> {
        match length {
            Length::Known(length) => self.pump_bytes(to, length).await,
            Length::Chunked => {
                while self.pump_chunk(to).await? {}
                Ok(())
            }
            Length::ToTheEnd => loop {
                let bytes = self.some(u64::MAX).await?;
                if bytes.is_empty() {
                    return Ok(());
                }
                to.write(&bytes).await?;
            },
        }
    }

    /// Passes half of a body on; of one whose length is not told, half of what comes first.
    pub(super) async fn pump_half(&mut self, to: &mut Self, length: Length) -> io::Result<()> {
        match length {
            Length::Known(length) => self.pump_bytes(to, length / 2).await,
            Length::Chunked | Length::ToTheEnd => {
                let bytes = self.some(u64::MAX).await?;
                to.write(&bytes[..bytes.len() / 2]).await
            }
        }
    }

    /// Reads a body and forgets it.
    pub(super) async fn skip(&mut self, length: Length) -> io::Result<()> {
        let Length::Known(mut left) = length else { panic!("no client of S3 here sends chunks") };
        while left > 0 {
            let bytes = self.some(left).await?;
            if bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= bytes.len() as u64;
        }
        Ok(())
    }

    /// Says that nothing more comes.
    pub(super) async fn done(&mut self) -> io::Result<()> {
        self.socket.shutdown().await
    }

    /// Waits until the other end hangs up.
    pub(super) async fn hung_up(&mut self) {
        while self.more().await.is_ok_and(|count| count > 0) {
            self.read.clear();
        }
    }

    /// Ends the connection with a reset.
    pub(super) fn reset(self) {
        self.socket.set_zero_linger().expect("a socket option");
    }

    async fn pump_bytes(&mut self, to: &mut Self, mut left: u64) -> io::Result<()> {
        while left > 0 {
            let bytes = self.some(left).await?;
            if bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= bytes.len() as u64;
            to.write(&bytes).await?;
        }
        Ok(())
    }

    /// Passes one chunk on with its frame; `false` when it was the last. No store sends trailers.
    async fn pump_chunk(&mut self, to: &mut Self) -> io::Result<bool> {
        let end = loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            if self.more().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let line = self.read.split_to(end + 2);
        let size = String::from_utf8_lossy(&line[..end]).split(';').next().map(|size| u64::from_str_radix(size, 16));
        let Some(Ok(size)) = size else { return Err(io::ErrorKind::InvalidData.into()) };
        to.write(&line).await?;
        self.pump_bytes(to, size + 2).await?;
        Ok(size > 0)
    }

    /// Up to `most` bytes, nothing at the end.
    async fn some(&mut self, most: u64) -> io::Result<Bytes> {
        if self.read.is_empty() {
            self.more().await?;
        }
        let count = self.read.len().min(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(self.read.split_to(count).freeze())
    }

    async fn more(&mut self) -> io::Result<usize> {
        self.read.reserve(64 * 1024);
        self.socket.read_buf(&mut self.read).await
    }
}
