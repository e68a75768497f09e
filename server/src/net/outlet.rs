//! A TCP stream whose peer must take what is written.
//!
//! Invariant: whatever is written here is under the rules of the line, encrypted or not: a writer is woken
//! when the peer was too slow, and told so.

use super::{alarm::Alarm, line::Line};
use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Instant,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A stream that is not waited for without end.
pub(super) struct Outlet {
    tcp: TcpStream,
    line: Rc<Line>,
    alarm: Alarm,
}

impl Outlet {
    pub(super) fn new(tcp: TcpStream, line: Rc<Line>) -> Self {
        Self { tcp, line, alarm: Alarm::default() }
    }
}

impl AsyncRead for Outlet {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Outlet {
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
                this.alarm.wake_at(deadline, context);
            }
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(context)
    }
}
