//! HTTP/1.1 as far as the AWS SDK and LocalStack speak it: whole messages, read and written.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A request or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The request line or the status line.
    pub start: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    /// An answer with this status and body.
    pub fn answer(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { start: format!("HTTP/1.1 {status} Answer"), headers, body: body.into() }
    }

    /// Reads the next message; `None` when the other side has closed.
    pub fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut start = String::new();
        if stream.read_line(&mut start)? == 0 {
            return Ok(None);
        }
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
                None => break,
            }
        }
        let mut message = Self { start: start.trim_end().to_owned(), headers, body: Vec::new() };
        message.body = message.read_body(stream)?;
        Ok(Some(message))
    }

    fn read_body(&self, stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
        if self.header("transfer-encoding") == Some("chunked") {
            return read_chunks(stream);
        }
        let length = self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        Ok(body)
    }

    /// A header's value, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// True if two answers say the same, no matter which request they answer.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |message: &Self| {
            let text = String::from_utf8_lossy(&message.body).to_lowercase();
            match (text.find("<requestid>"), text.find("</requestid>")) {
                (Some(from), Some(to)) => format!("{}{}", &text[..from], &text[to..]),
                _ => text,
            }
        };
        said(self) == said(other)
    }

    /// The message as it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes_of_length(self.body.len())
    }

    /// The same, under a head that says how long the body is, whether that is true or not.
    pub fn bytes_of_length(&self, length: usize) -> Vec<u8> {
        let framing = ["content-length", "transfer-encoding"];
        let mut bytes = format!("{}\r\n", self.start).into_bytes();
        for (name, value) in self.headers.iter().filter(|(name, _)| !framing.contains(&name.as_str())) {
            bytes.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        bytes.extend(format!("content-length: {length}\r\n\r\n").into_bytes());
        bytes.extend(&self.body);
        bytes
    }

    /// Writes the whole message.
    pub fn write(&self, stream: &mut TcpStream) -> io::Result<()> {
        stream.write_all(&self.bytes())
    }
}

fn read_chunks(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        stream.read_line(&mut size)?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
        let from = body.len();
        body.resize(from + size, 0);
        stream.read_exact(&mut body[from..])?;
        let mut end = String::new();
        stream.read_line(&mut end)?;
        if size == 0 {
            return Ok(body);
        }
    }
}
