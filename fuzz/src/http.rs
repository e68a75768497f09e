//! Any bytes to a server: heads, tokens, addresses, ranges, part numbers, bodies.

use actix_web::dev::ServerHandle;
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, OnceLock, mpsc},
    time::Duration,
};
use waxseal_server::{
    config::Settings,
    run,
    store::{SystemClock, sqlite::SqliteStore},
};

/// Longer than any deadline of the server's that could end a connection.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request or several, as they come over a connection.
///
/// # Panics
/// If the server says that something went wrong in it, keeps the connection, or is gone.
pub fn request(bytes: &[u8]) {
    static SERVER: OnceLock<(SocketAddr, ServerHandle)> = OnceLock::new();
    let (address, _) = SERVER.get_or_init(serve);
    let mut stream = TcpStream::connect(address).expect("the server takes connections");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    // It may have refused what came first, and closed.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection is kept: {error}"),
    }
    let answer = String::from_utf8_lossy(&answer);
    assert!(!answer.contains("HTTP/1.1 5"), "{answer}");
}

/// Starts a server that lasts as long as the process.
fn serve() -> (SocketAddr, ServerHandle) {
    let (started, server) = mpsc::channel();
    std::thread::spawn(move || {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // All comes from one address.
        let rates = ["creations", "openings", "lookups", "upload-bytes"];
        let rates = rates.map(|rate| format!("--{rate}-per-hour=0"));
        let args = ["waxseal-server", "--workers=1", "--max-connections-per-address=0"];
        let args = args.into_iter().chain(rates.iter().map(String::as_str));
        let settings = Settings::load(args, []).expect("the flags fit");
        let (retention, quota) = (settings.retention(), settings.quota());
        let path = folder.path().join("waxseal.db");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound");
        actix_web::rt::System::new().block_on(async {
            let store = SqliteStore::open(&path, retention, quota, Arc::new(SystemClock))
                .expect("the folder is empty");
            let (audit, spans, stopping) = Default::default();
            let server = run(&settings, listener, Arc::new(store), audit, spans, stopping)
                .expect("the server starts");
            started.send((address, server.handle())).expect("somebody waits for it");
            server.await.expect("the server ends well");
        });
    });
    server.recv().expect("the server starts")
}
