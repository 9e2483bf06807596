//! The things that keep a connection from coming about, and how they are told of.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;

use aws_smithy_runtime_api::client::result::ConnectorError;

/// The things between this machine and AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aws) enum Obstacle {
    Refused,
    UnknownHost,
    /// This machine's network does not lead there.
    NoWay,
    Certificate,
    /// Nothing came in time.
    Silent,
    /// The connection was closed before an answer came.
    Broken,
    /// The connection was there, and something else than TLS was spoken on it.
    NotEncrypted,
    /// An answer that is none of HTTP.
    Unreadable,
    Proxy(AtProxy),
}

/// The fault of the proxy, or of the question to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aws) enum AtProxy {
    Refused,
    UnknownHost,
    NoWay,
    Certificate,
    WantsPassword,
    Forbids,
    Broken,
    /// The variable that names it does so in a way that cannot be used.
    Unusable,
}

impl Obstacle {
    /// True if it may be over soon.
    pub(super) fn passes(self) -> bool {
        !matches!(
            self,
            Self::Certificate
                | Self::Unreadable
                | Self::Proxy(
                    AtProxy::Certificate | AtProxy::WantsPassword | AtProxy::Forbids | AtProxy::Unusable
                )
        )
    }

    pub(super) fn is_refused(self) -> bool {
        matches!(self, Self::Refused | Self::Proxy(AtProxy::Refused))
    }

    pub(super) fn of(error: &ConnectorError) -> Self {
        let (mut found, mut by_proxy) = (None, None);
        let mut next: Option<&dyn Error> = Some(error);
        while let Some(cause) = next {
            let is_refused = |io: &std::io::Error| io.kind() == ErrorKind::ConnectionRefused;
            if cause.downcast_ref::<std::io::Error>().is_some_and(is_refused) {
                found = Some(Self::Refused);
            }
            let is_no_way = |io: &std::io::Error| {
                use ErrorKind::{HostUnreachable, NetworkDown, NetworkUnreachable};
                matches!(io.kind(), HostUnreachable | NetworkDown | NetworkUnreachable)
            };
            if cause.downcast_ref::<std::io::Error>().is_some_and(is_no_way) {
                found = Some(Self::NoWay);
            }
            // The connector has no types for these.
            let text = cause.to_string();
            if text.starts_with("dns error") {
                found = Some(Self::UnknownHost);
            } else if text.contains("invalid peer certificate") {
                found = Some(Self::Certificate);
            } else if NOT_TLS.iter().any(|said| text.starts_with(said)) {
                found = Some(Self::NotEncrypted);
            }
            if text.starts_with("tunnel error") {
                let wants_password = text.contains("authorization required");
                let broken = ["unexpected end of file", "io error", "failed to create underlying connection"];
                let broke_off = broken.iter().any(|said| text.contains(said));
                by_proxy = Some(match (wants_password, broke_off) {
                    (true, _) => AtProxy::WantsPassword,
                    (false, true) => AtProxy::Broken,
                    (false, false) => AtProxy::Forbids,
                });
            }
            next = cause.source();
        }
        match (by_proxy, found) {
            (Some(_), Some(Self::Refused)) => Self::Proxy(AtProxy::Refused),
            (Some(_), Some(Self::UnknownHost)) => Self::Proxy(AtProxy::UnknownHost),
            (Some(_), Some(Self::NoWay)) => Self::Proxy(AtProxy::NoWay),
            (Some(_), Some(Self::Certificate)) => Self::Proxy(AtProxy::Certificate),
            (Some(other), _) => Self::Proxy(other),
            (None, Some(found)) => found,
            (None, None) if error.is_timeout() => Self::Silent,
            // The connector knows what breaks off, and does not know this.
            (None, None) if error.is_other() && error.as_other().is_none() => Self::Unreadable,
            (None, None) => Self::Broken,
        }
    }
}

/// Said by rustls of a peer that speaks no TLS, or none that it knows.
const NOT_TLS: &[&str] = &[
    "received corrupt message",
    "received unexpected message",
    "received unexpected handshake message",
    "received fatal alert",
    "peer is incompatible",
    "peer misbehaved",
];

/// A call that got no answer.
#[derive(Debug)]
pub(in crate::aws) struct Unreached {
    /// The host and port that were meant.
    pub(super) place: String,
    /// The host and port of the proxy that is in use, where one is.
    pub(super) proxy: Option<String>,
    pub(in crate::aws) obstacle: Obstacle,
    pub(super) source: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, obstacle, .. } = self;
        let proxy = self.proxy.as_deref().map(|place| format!("the proxy {place}"));
        let the_proxy = proxy.as_deref().unwrap_or("the proxy");
        match obstacle {
            Obstacle::Refused => write!(f, "{place} refuses the connection"),
            Obstacle::UnknownHost => write!(f, "the host of {place} is not known"),
            Obstacle::NoWay => write!(f, "the network of this machine does not lead to {place}"),
            Obstacle::Certificate => write!(f, "the certificate of {place} is not trusted"),
            Obstacle::Silent => match proxy {
                Some(proxy) => write!(f, "{place} does not answer, or {proxy} does not"),
                None => write!(f, "{place} does not answer"),
            },
            Obstacle::Broken => match proxy {
                Some(proxy) => {
                    write!(f, "the connection to {place} through {proxy} was closed without an answer")
                }
                None => write!(f, "{place} closed the connection without an answer"),
            },
            Obstacle::NotEncrypted => match proxy {
                Some(proxy) => write!(f, "no encrypted connection to {place} through {proxy} comes about"),
                None => write!(f, "no encrypted connection to {place} comes about"),
            },
            Obstacle::Unreadable => match proxy {
                Some(proxy) => write!(f, "the answer of {place} through {proxy} cannot be read"),
                None => write!(f, "the answer of {place} cannot be read"),
            },
            Obstacle::Proxy(AtProxy::Broken) => {
                write!(f, "{the_proxy} closed the connection, and {place} was to be reached through it")
            }
            Obstacle::Proxy(AtProxy::Unusable) => {
                write!(f, "nothing was sent to {place}, which is to be reached through a proxy")
            }
            Obstacle::Proxy(AtProxy::Forbids) => {
                write!(f, "{the_proxy} does not let the connection to {place} through")
            }
            Obstacle::Proxy(AtProxy::Refused) => {
                write!(f, "{the_proxy} refuses the connection, and {place} was to be reached through it")
            }
            Obstacle::Proxy(AtProxy::UnknownHost) => {
                write!(f, "the host of {the_proxy} is not known, and {place} was to be reached through it")
            }
            Obstacle::Proxy(AtProxy::NoWay) => write!(
                f,
                "the network of this machine does not lead to {the_proxy}, and {place} was to be reached through it"
            ),
            Obstacle::Proxy(AtProxy::Certificate) => {
                write!(f, "a certificate on the way through {the_proxy} to {place} is not trusted")
            }
            Obstacle::Proxy(AtProxy::WantsPassword) => {
                write!(f, "{the_proxy} wants a user and a password for the connection to {place}")
            }
        }
    }
}

impl Error for Unreached {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_leads_nowhere_is_not_taken_for_a_server_that_hangs_up() {
        for (kind, expected) in [
            (ErrorKind::NetworkUnreachable, Obstacle::NoWay),
            (ErrorKind::HostUnreachable, Obstacle::NoWay),
            (ErrorKind::ConnectionReset, Obstacle::Broken),
            (ErrorKind::ConnectionRefused, Obstacle::Refused),
        ] {
            let error = ConnectorError::io(std::io::Error::from(kind).into());
            assert_eq!(Obstacle::of(&error), expected);
        }
    }
}
