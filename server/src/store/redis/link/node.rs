//! A connection to one master of a Cluster, which comes and goes as the Cluster does.
//!
//! Invariant: it carries no request before the server was found safe on it, and sends none again that
//! may have been done.

use super::examination;
use ::redis::{
    Arg, AsyncConnectionConfig, Cmd, ErrorKind, IntoConnectionInfo, Pipeline, RedisError,
    RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster_async::Connect,
};
use futures_util::{FutureExt, TryFutureExt};
use std::sync::Arc;
use tokio::sync::OnceCell;

#[derive(Clone)]
pub(super) struct Node {
    connection: MultiplexedConnection,
    safe: Arc<OnceCell<()>>,
}

impl Node {
    /// Examines the server on the first request. A replica that is to become a master later is not
    /// refused before it gets any.
    async fn find_safe(&mut self) -> RedisResult<()> {
        let examined = self.safe.get_or_try_init(async || {
            examination::server(&mut self.connection, true)
                .await
                .map(drop)
                .map_err(RedisError::from)
        });
        examined.await.map(drop)
    }
}

impl Connect for Node {
    fn connect_with_config<'a, T>(info: T, config: AsyncConnectionConfig) -> RedisFuture<'a, Self>
    where
        T: IntoConnectionInfo + Send + 'a,
    {
        MultiplexedConnection::connect_with_config(info, config)
            .map_ok(|connection| Self { connection, safe: Arc::default() })
            .boxed()
    }
}

impl ConnectionLike for Node {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        async move {
            if is_about_the_cluster(cmd) {
                return self.connection.req_packed_command(cmd).await;
            }
            self.find_safe().await?;
            self.connection.req_packed_command(cmd).await.map_err(at_most_once)
        }
        .boxed()
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        async move {
            self.find_safe().await?;
            let answer = self.connection.req_packed_commands(pipeline, offset, count).await;
            answer.map_err(at_most_once)
        }
        .boxed()
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}

/// How the library finds out who has which slots, and whether a connection lives.
fn is_about_the_cluster(cmd: &Cmd) -> bool {
    matches!(cmd.args_iter().next(), Some(Arg::Simple(b"CLUSTER" | b"PING")))
}

/// Without an answer it may have been done: the library, which would send it anew, is told otherwise.
/// It hears of the lost connection by itself.
fn at_most_once(error: RedisError) -> RedisError {
    if error.is_timeout() || !error.is_io_error() {
        return error;
    }
    (ErrorKind::Client, "the connection was lost", error.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn what_may_have_been_done_is_not_sent_again() {
        let lost = at_most_once(io::Error::from(io::ErrorKind::BrokenPipe).into());
        assert_eq!(lost.kind(), ErrorKind::Client);
        let late = at_most_once(io::Error::from(io::ErrorKind::TimedOut).into());
        assert!(late.is_timeout());
        let told = at_most_once((ErrorKind::Parse, "as it was").into());
        assert_eq!(told.kind(), ErrorKind::Parse);
    }
}
