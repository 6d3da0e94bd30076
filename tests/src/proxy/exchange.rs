//! One connection of a client: each request is passed on and answered, or something befalls it.

use std::io;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use mapping::store::MultipartId;
use tokio::net::TcpStream;

use super::fault::Fault;
use super::request::{Request, header};
use super::side::{Length, Side};
use super::{Shared, answers};

/// What becomes of the client's connection after a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoesOn,
    Closes,
    Resets,
}

/// An answer of the server, of which only the head was read.
struct Answer {
    head: Bytes,
    body: Length,
    server: Side,
    /// Whether the server took the whole body of the request.
    heard: bool,
}

/// A client's connection. Each of its requests goes to the server on a connection of its own, so that
/// what the proxy does to one never shows in the next.
pub(super) struct Connection<'s> {
    client: Side,
    shared: &'s Arc<Shared>,
}

impl<'s> Connection<'s> {
    pub(super) fn new(socket: TcpStream, shared: &'s Arc<Shared>) -> Self {
        Self { client: Side::new(socket), shared }
    }

    pub(super) async fn run(mut self) -> io::Result<()> {
        while let Some(head) = self.client.head().await? {
            let _busy = self.shared.tally.busy();
            let request = Request::parse(head);
            let fault = (self.shared.script.lock().unwrap_or_else(PoisonError::into_inner))(&request);
            self.shared.tally.saw(&request, fault);
            match self.befalls(&request, fault).await? {
                Then::GoesOn => {}
                Then::Closes => return Ok(()),
                Then::Resets => {
                    self.client.reset();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn befalls(&mut self, request: &Request, fault: Option<Fault>) -> io::Result<Then> {
        let Some(fault) = fault else { return self.pass(request).await };
        match fault {
            Fault::InternalError | Fault::SlowDown | Fault::BareUnavailable | Fault::Conflict => {
                self.client.skip(request.body).await?;
                self.client.write(&answers::to(fault)).await?;
                Ok(Then::GoesOn)
            }
            Fault::Stall => {
                self.client.hung_up().await;
                Ok(Then::Closes)
            }
            Fault::CutRequest => self.cut_request(request).await,
            Fault::DropUpload => {
                self.drop_upload(request).await;
                self.pass(request).await
            }
            Fault::CloseIdle => self.pass(request).await.map(|_| Then::Closes),
            Fault::StallAfter
            | Fault::SlowFirstByte
            | Fault::CutAnswer
            | Fault::ShortAnswer
            | Fault::StallAnswer
            | Fault::LoseAnswer
            | Fault::LateConflict => {
                let answer = self.ask(request).await?;
                self.answered(answer, fault).await
            }
        }
    }

    /// What becomes of a request that was done.
    async fn answered(&mut self, mut answer: Answer, fault: Fault) -> io::Result<Then> {
        match fault {
            Fault::SlowFirstByte => {
                tokio::time::sleep(self.shared.slow).await;
                self.bring(answer).await
            }
            Fault::StallAfter => {
                self.client.hung_up().await;
                Ok(Then::Closes)
            }
            Fault::LateConflict => {
                self.client.write(&answers::to(fault)).await?;
                Ok(Then::GoesOn)
            }
            Fault::LoseAnswer => Ok(Then::Resets),
            _ => {
                self.bring_half(&mut answer).await?;
                if fault == Fault::StallAnswer {
                    self.client.hung_up().await;
                }
                Ok(if fault == Fault::CutAnswer { Then::Resets } else { Then::Closes })
            }
        }
    }

    /// Does it and brings the answer back.
    async fn pass(&mut self, request: &Request) -> io::Result<Then> {
        let answer = self.ask(request).await?;
        self.bring(answer).await
    }

    /// Passes a request on and reads the head of its answer. A server may answer before it has the
    /// whole body, which is then left unread; the client's connection cannot be used any more.
    async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        let mut server = self.connect().await?;
        server.write(&request.head).await?;
        let sent = self.client.pump(&mut server, request.body).await;
        if sent.is_err() {
            // Either the client is gone, or the server hung up on its body and has said why.
            server.done().await?;
        }
        loop {
            let head = server.head().await?.ok_or_else(|| sent_or_eof(&sent))?;
            let text = String::from_utf8_lossy(&head);
            if text.starts_with("HTTP/1.1 1") {
                continue;
            }
            let body = if request.is_head() { Length::Known(0) } else { Length::of(&text) };
            return Ok(Answer { head, body, server, heard: sent.is_ok() });
        }
    }

    async fn bring(&mut self, mut answer: Answer) -> io::Result<Then> {
        self.client.write(&answer.head).await?;
        answer.server.pump(&mut self.client, answer.body).await?;
        let head = String::from_utf8_lossy(&answer.head);
        let closes = header(&head, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        Ok(if closes || !answer.heard || answer.body == Length::ToTheEnd { Then::Closes } else { Then::GoesOn })
    }

    /// Half of the body, or of the head where there is no body.
    async fn bring_half(&mut self, answer: &mut Answer) -> io::Result<()> {
        if answer.body == Length::Known(0) {
            return self.client.write(&answer.head[..answer.head.len() / 2]).await;
        }
        self.client.write(&answer.head).await?;
        answer.server.pump_half(&mut self.client, answer.body).await
    }

    /// Half of the body reaches the server; one without a body does not reach it at all.
    async fn cut_request(&mut self, request: &Request) -> io::Result<Then> {
        if request.body != Length::Known(0) {
            let mut server = self.connect().await?;
            server.write(&request.head).await?;
            self.client.pump_half(&mut server, request.body).await?;
            server.reset();
        }
        Ok(Then::Resets)
    }

    /// Removes the upload as a store does by itself.
    async fn drop_upload(&self, request: &Request) {
        let (Some(upload), Some(key)) = (&request.upload, request.file_key()) else { return };
        let upload = MultipartId(upload.clone());
        self.shared.direct.abort_multipart(&key, &upload).await.expect("the store drops an upload");
    }

    async fn connect(&self) -> io::Result<Side> {
        let socket = TcpStream::connect(self.shared.server).await?;
        socket.set_nodelay(true)?;
        Ok(Side::new(socket))
    }
}

fn sent_or_eof(sent: &io::Result<()>) -> io::Error {
    match sent {
        Err(error) => error.kind().into(),
        Ok(()) => io::ErrorKind::UnexpectedEof.into(),
    }
}
