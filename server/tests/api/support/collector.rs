//! A collector of traces: it takes what comes by OTLP over HTTP, and reads it by OpenTelemetry's own
//! definitions.

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, Span},
};
use prost::Message;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// For spans to arrive; the slowest machine is meant.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers with nothing at all.
const SILENT: u16 = 0;

/// A collector that runs as long as the tests do.
pub(crate) struct Collector {
    address: SocketAddr,
    status: Arc<AtomicU16>,
    taken: Arc<Mutex<Taken>>,
}

/// What came to a collector.
#[derive(Clone, Default)]
pub(crate) struct Taken {
    /// Heads of requests but for the line that names the collector itself, and bodies.
    pub(crate) bytes: Vec<u8>,
    /// What the bodies say.
    pub(crate) resources: Vec<ResourceSpans>,
}

impl Collector {
    /// One that takes all.
    pub(crate) fn start() -> Self {
        Self::answering(200)
    }

    /// One that takes nothing, with this status.
    pub(crate) fn refusing() -> Self {
        Self::answering(503)
    }

    /// One that listens and never answers.
    pub(crate) fn silent() -> Self {
        Self::answering(SILENT)
    }

    fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let collector = Self { address, status: Arc::new(status.into()), taken: Arc::default() };
        let (status, taken) = (Arc::clone(&collector.status), Arc::clone(&collector.taken));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (status, taken) = (Arc::clone(&status), Arc::clone(&taken));
                let stream = stream.expect("a connection");
                thread::spawn(move || while serve(&stream, &status, &taken).is_some() {});
            }
        });
        collector
    }

    /// From now on it takes all.
    pub(crate) fn relent(&self) {
        self.status.store(200, Ordering::SeqCst);
    }

    /// What a server is told to send there.
    pub(crate) fn flag(&self) -> String {
        format!("--otlp-endpoint=http://{}", self.address)
    }

    /// What it took so far.
    pub(crate) fn taken(&self) -> Taken {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits till it has taken so many spans.
    pub(crate) fn until(&self, spans: usize) -> Taken {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let taken = self.taken();
            if taken.spans().len() >= spans {
                return taken;
            }
            assert!(Instant::now() < deadline, "{} of {spans} spans", taken.spans().len());
            thread::yield_now();
        }
    }
}

/// One request and its answer, if there is one and it gets one.
fn serve(stream: &TcpStream, status: &AtomicU16, taken: &Mutex<Taken>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        match name.to_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok(),
            "host" => continue,
            _ => {}
        }
        head += &format!("{line}\n");
    }
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\n"), "{head}");
    assert!(head.contains("application/x-protobuf\n"), "{head}");
    let mut body = vec![0; length.expect("a body has a length")];
    reader.read_exact(&mut body).ok()?;
    let status = status.load(Ordering::SeqCst);
    if status == SILENT {
        // Until the other side has had enough.
        let _ = reader.read(&mut [0]);
        return None;
    }
    if status == 200 {
        let request = ExportTraceServiceRequest::decode(&*body).expect("it is what it says");
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.bytes.extend([head.as_bytes(), &body].concat());
        taken.resources.extend(request.resource_spans);
    }
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
    (&*stream).write_all(answer.as_bytes()).ok()
}

impl Taken {
    /// Every span, in the order in which they ended.
    pub(crate) fn spans(&self) -> Vec<&Span> {
        let scopes = self.resources.iter().flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| &scope.spans).collect()
    }

    /// Those of requests, by their names.
    pub(crate) fn requests(&self) -> Vec<&Span> {
        const SERVER: i32 = 2;
        self.spans().into_iter().filter(|span| span.kind == SERVER).collect()
    }

    /// Those that are parts of this one.
    pub(crate) fn parts(&self, whole: &Span) -> Vec<&Span> {
        self.spans().into_iter().filter(|span| span.parent_span_id == whole.span_id).collect()
    }
}

/// What is said of a span or a resource, as text.
pub(crate) fn attributes(pairs: &[KeyValue]) -> BTreeMap<&str, String> {
    let text = |pair: &KeyValue| match pair.value.as_ref().and_then(|any| any.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?} is neither text nor a number"),
    };
    pairs.iter().map(|pair| (pair.key.as_str(), text(pair))).collect()
}
