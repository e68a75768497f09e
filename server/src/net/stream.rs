//! A stream that ends when its peer is too slow, whatever is read or written on it.
//!
//! Invariant: whoever waits for this stream between requests is woken at the deadline at the latest; whoever
//! waits for an answer to be taken is by the [`Outlet`](super::outlet::Outlet) below. What counts as having
//! come is what requests are made of: encryption around it buys no time.

use super::{
    alarm::Alarm,
    line::{LOOK, Line, Turn},
    transport::Transport,
};
use actix_web::http::StatusCode;
use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Instant,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream under the rules of its line.
pub(super) struct LimitedStream {
    transport: Transport,
    line: Rc<Line>,
    alarm: Alarm,
    /// Whether somebody wanted to read and was told to come back later.
    withheld: bool,
}

impl LimitedStream {
    pub(super) fn new(transport: Transport, line: Rc<Line>) -> Self {
        Self { transport, line, alarm: Alarm::default(), withheld: false }
    }

    /// What is known of the connection.
    pub(super) fn line(&self) -> Rc<Line> {
        Rc::clone(&self.line)
    }

    /// Reads so much that few requests can be in it.
    fn read_little(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; LOOK];
        let mut little = ReadBuf::new(&mut bytes[..LOOK.min(buffer.remaining())]);
        ready!(Pin::new(&mut self.transport).poll_read(context, &mut little))?;
        buffer.put_slice(little.filled());
        Poll::Ready(Ok(()))
    }

    /// Wakes the task in time to look again, if there is a deadline for reading.
    fn wake_for_reading(&mut self, context: &mut Context<'_>) {
        if let Some(look) = self.line.next_look(Instant::now()) {
            self.alarm.wake_at(look, context);
        }
    }

    /// Says why nothing more is read. A peer that does not listen is not waited for.
    fn tell(&mut self, status: StatusCode, context: &mut Context<'_>) {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = Pin::new(&mut self.transport).poll_write(context, head.as_bytes());
        let _ = Pin::new(&mut self.transport).poll_flush(context);
    }
}

impl AsyncRead for LimitedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let now = Instant::now();
        let before = buffer.filled().len();
        let mut turn = this.line.turn(now);
        if matches!(turn, Turn::Read | Turn::ReadHead) {
            let little = matches!(turn, Turn::ReadHead);
            let read = if little {
                this.read_little(context, buffer)
            } else {
                Pin::new(&mut this.transport).poll_read(context, buffer)
            };
            if read.is_ready() {
                this.line.came(buffer.filled().len() - before, now);
                return read;
            }
            turn = this.line.turn_without_bytes(now);
        }
        match turn {
            Turn::Later => this.withheld = true,
            Turn::Read | Turn::ReadHead => this.wake_for_reading(context),
            Turn::Look => context.waker().wake_by_ref(),
            Turn::End(status) => {
                if let Some(status) = status {
                    this.tell(status, context);
                }
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Pending
    }
}

impl AsyncWrite for LimitedStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().transport).poll_write(context, bytes)
    }

    /// Called whenever nothing more is to be done for now.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.transport).poll_flush(context))?;
        this.wake_for_reading(context);
        if this.withheld && this.line.may_read() {
            this.withheld = false;
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_shutdown(context)
    }
}
