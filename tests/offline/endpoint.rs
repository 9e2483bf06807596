//! An AWS that refuses everything but a few operations, and counts what it was asked for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// An answer that every service's client reads as a refusal, and that is not asked for again.
const REFUSAL: &str = "<ErrorResponse><Errors><Error><Code>AccessDenied</Code><Message>no</Message></Error></Errors>\
    <Error><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>";

/// Operations that are answered, with the answers.
pub type Answers = &'static [(&'static str, &'static str)];

/// An endpoint on a port of its own.
pub struct Endpoint {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    /// Listens until the process ends.
    pub fn new(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = Arc::clone(&heard);
                std::thread::spawn(move || answer(stream, &heard, answers));
            }
        });
        Self { url, asked }
    }

    /// The operations asked for since the last time.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Refuses every request of a connection that has no answer.
fn answer(stream: TcpStream, heard: &Mutex<Vec<String>>, answers: Answers) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) == 0 || header.trim().is_empty() {
                break;
            }
            if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        let _ = reader.read_exact(&mut body);
        let body = String::from_utf8_lossy(&body);
        // EC2, RDS and STS name the action in the body, EFS by method and path.
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        let operation = action.unwrap_or(first.trim()).to_owned();
        let (status, body) = match answers.iter().find(|(answered, _)| *answered == operation) {
            Some((_, answer)) => ("200 OK", *answer),
            None => ("403 Forbidden\r\nx-amzn-errortype: AccessDenied", REFUSAL),
        };
        heard.lock().unwrap_or_else(PoisonError::into_inner).push(operation);
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {}", body.len());
        if write!(writer, "{head}\r\n\r\n{body}").is_err() {
            return;
        }
    }
}
