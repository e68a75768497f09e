//! A TCP stream that ends when its peer is too slow, whatever is read or written on it.
//!
//! Invariant: whoever waits for this stream between requests, or for an answer to be taken, is woken at
//! the deadline at the latest.

use super::line::{LOOK, Line, Turn};
use actix_web::http::StatusCode;
use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Instant,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep_until},
};

/// A stream under the rules of its line.
pub(super) struct LimitedStream {
    tcp: TcpStream,
    line: Rc<Line>,
    /// Made when first needed; wakes too early rather than being moved with every request.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Whether somebody wanted to read and was told to come back later.
    withheld: bool,
}

impl LimitedStream {
    pub(super) const fn new(tcp: TcpStream, line: Rc<Line>) -> Self {
        Self { tcp, line, alarm: None, withheld: false }
    }

    /// What is known of the connection.
    pub(super) fn line(&self) -> Rc<Line> {
        Rc::clone(&self.line)
    }

    /// Wakes the task at `deadline` or before.
    fn wake_at(&mut self, deadline: Instant, context: &mut Context<'_>) {
        let deadline = deadline.into();
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.is_elapsed() || alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        if alarm.as_mut().poll(context).is_ready() {
            context.waker().wake_by_ref();
        }
    }

    /// Reads so much that few requests can be in it.
    fn read_little(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; LOOK];
        let mut little = ReadBuf::new(&mut bytes[..LOOK.min(buffer.remaining())]);
        ready!(Pin::new(&mut self.tcp).poll_read(context, &mut little))?;
        buffer.put_slice(little.filled());
        Poll::Ready(Ok(()))
    }

    /// As [`Self::wake_at`], if there is a deadline for reading.
    fn wake_for_reading(&mut self, context: &mut Context<'_>) {
        if let Some(look) = self.line.next_look(Instant::now()) {
            self.wake_at(look, context);
        }
    }

    /// Says why nothing more is read. A peer that does not listen is not waited for.
    fn tell(&self, status: StatusCode) {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = self.tcp.try_write(head.as_bytes());
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
                Pin::new(&mut this.tcp).poll_read(context, buffer)
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
                    this.tell(status);
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
        let this = self.get_mut();
        let written = Pin::new(&mut this.tcp).poll_write(context, bytes);
        match &written {
            Poll::Ready(Ok(count)) => this.line.took(*count),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let now = Instant::now();
                let deadline = this.line.blocked(now);
                if now >= deadline {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                this.wake_at(deadline, context);
            }
        }
        written
    }

    /// Called whenever nothing more is to be done for now.
    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.tcp).poll_flush(context))?;
        this.wake_for_reading(context);
        if this.withheld && this.line.may_read() {
            this.withheld = false;
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(context)
    }
}
