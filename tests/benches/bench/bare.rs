//! The baseline: the least that actix-web and Redis can do and still hand a value out once.
//!
//! Invariant: one command a request, no checks, no headers, no logs; a process of its own, like the
//! server beside which it is measured.

use actix_web::{App, HttpResponse, HttpServer, rt::System, web};
use anyhow::{Context, Result};
use bytes::Bytes;
use redis::{
    Client, ExistenceCheck, RedisError, SetExpiry, SetOptions, aio::MultiplexedConnection, cmd,
};
use std::{env, process::Command};

/// The command line's word for it.
pub(crate) const COMMAND: &str = "bare";

/// What starts it as a process.
pub(crate) fn command(redis: &str) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([COMMAND, redis]);
    Ok(command)
}

/// Serves until the process is killed.
pub(crate) fn serve(redis: &str) -> Result<()> {
    System::new().block_on(async {
        let connection = Client::open(redis)?.get_multiplexed_async_connection().await?;
        let app = move || {
            App::new()
                .app_data(web::Data::new(connection.clone()))
                .route("/bytes/{len}", web::get().to(bytes))
                .route("/{id}", web::post().to(create))
                .route("/{id}/open", web::post().to(open))
                .route("/{id}/part", web::put().to(create))
                .route("/{id}/part", web::get().to(get))
                // A part is 1 MiB.
                .app_data(web::PayloadConfig::new(2 * ZEROS.len()))
        };
        let server = HttpServer::new(app).bind(("127.0.0.1", 0))?;
        let address = server.addrs().first().copied().context("a bound server has an address")?;
        println!("listening on http://{address}");
        Ok(server.run().await?)
    })
}

static ZEROS: [u8; 1 << 20] = [0; 1 << 20];

type Connection = web::Data<MultiplexedConnection>;

async fn create(redis: Connection, id: web::Path<String>, value: Bytes) -> HttpResponse {
    let options = SetOptions::default()
        .conditional_set(ExistenceCheck::NX)
        .with_expiration(SetExpiry::EX(3600));
    let set = cmd("SET").arg(&*id).arg(&value[..]).arg(options).take();
    match set.query_async::<bool>(&mut redis.as_ref().clone()).await {
        Ok(true) => HttpResponse::Created().finish(),
        Ok(false) => HttpResponse::Conflict().finish(),
        Err(error) => unavailable(&error),
    }
}

async fn open(redis: Connection, id: web::Path<String>) -> HttpResponse {
    let take = cmd("GETDEL").arg(&*id).take();
    match take.query_async::<Option<Vec<u8>>>(&mut redis.as_ref().clone()).await {
        Ok(Some(value)) => HttpResponse::Ok().body(value),
        Ok(None) => HttpResponse::Gone().finish(),
        Err(error) => unavailable(&error),
    }
}

async fn get(redis: Connection, id: web::Path<String>) -> HttpResponse {
    let get = cmd("GET").arg(&*id).take();
    match get.query_async::<Vec<u8>>(&mut redis.as_ref().clone()).await {
        Ok(value) => HttpResponse::Ok().body(value),
        Err(error) => unavailable(&error),
    }
}

/// What is there for everybody.
async fn bytes(len: web::Path<usize>) -> HttpResponse {
    HttpResponse::Ok().body(Bytes::from_static(&ZEROS[..ZEROS.len().min(*len)]))
}

fn unavailable(error: &RedisError) -> HttpResponse {
    HttpResponse::ServiceUnavailable().body(error.to_string())
}
