//! Whether the servers at the other end are safe, as they say themselves.
//!
//! Invariant: nothing is asked that a user without administrative rights may not be denied.

use super::{super::safety, Trouble, way::Connection};
use ::redis::{
    Cmd, FromRedisValue, RedisError, RedisResult, Value,
    aio::ConnectionLike,
    cluster_routing::{MultipleNodeRoutingInfo::AllMasters, RoutingInfo},
    cmd, from_redis_value,
};
use std::{collections::HashMap, sync::Once};

/// What was found.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// Connected to the master that has the fewest.
    pub(super) replicas: u32,
}

/// Examines one server, which is to be part of a Cluster or not.
pub(super) async fn server(
    connection: &mut impl ConnectionLike,
    of_a_cluster: bool,
) -> Result<Found, Trouble> {
    let info: String = cmd("INFO").query_async(connection).await?;
    if safety::is_cluster(&info) != of_a_cluster {
        let text = "the address is wrong: redis+cluster:// is for servers with cluster-enabled, and only those";
        return Err(Trouble::Refused(text.to_owned()));
    }
    let appendfsync = settings().query_async(connection).await;
    judge(&info, appendfsync.ok())
}

/// Examines the server, or all masters of the Cluster.
pub(super) async fn all(connection: &mut Connection) -> Result<Found, Trouble> {
    let connection = match connection {
        Connection::Server(connection) => return server(connection, false).await,
        Connection::Cluster(connection) => connection,
    };
    let state: String = cmd("CLUSTER").arg("INFO").query_async(connection).await?;
    if !state.contains("cluster_state:ok") {
        return Err(Trouble::Unreachable("cluster_state is not ok".to_owned()));
    }
    let mut ask = async |command: Cmd| {
        connection.route_command(command, RoutingInfo::MultiNode((AllMasters, None))).await
    };
    let infos: Vec<String> = each(ask(cmd("INFO").clone()).await?)?;
    // They were examined when they were connected to; this is for the settings that change.
    let found = infos.iter().map(|info| judge(info, None)).collect::<Result<Vec<_>, _>>()?;
    let fewest = found.into_iter().min_by_key(|found| found.replicas);
    fewest.ok_or_else(|| Trouble::Unreachable("the Cluster has no masters".to_owned()))
}

/// Denied by many providers.
fn settings() -> Cmd {
    let mut config = cmd("CONFIG");
    config.arg("GET").arg("appendfsync");
    config
}

fn judge(info: &str, settings: Option<HashMap<String, String>>) -> Result<Found, Trouble> {
    static WARNED: Once = Once::new();
    if safety::is_loading(info) {
        return Err(Trouble::Unreachable("Redis is loading its data".to_owned()));
    }
    safety::check(info).map_err(Trouble::Refused)?;
    let settings = settings.unwrap_or_default();
    let policy = settings.get("appendfsync").map(String::as_str);
    if let Some(warning) = safety::warning(info, policy) {
        WARNED.call_once(|| tracing::warn!("{warning}"));
    }
    Ok(Found { replicas: safety::replicas(info) })
}

/// The answers of nodes, which come with their addresses.
fn each<T: FromRedisValue>(answers: Value) -> RedisResult<Vec<T>> {
    let Value::Map(answers) = answers.extract_error()? else { return Ok(Vec::new()) };
    let answers = answers.into_iter().map(|(_, answer)| answer.extract_error());
    answers.map(|answer| from_redis_value(answer?).map_err(RedisError::from)).collect()
}
