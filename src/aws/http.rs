//! The way to AWS over HTTP: the proxies and certificates of a company's network, and connections that do not come about.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::time::Instant;

use super::proxy::Proxy;

/// The certificates that `AWS_CA_BUNDLE`, or `ca_bundle` of the profile, names in place of those of the machine ("General configuration
/// settings", AWS SDKs and Tools Reference Guide).
#[derive(Clone)]
pub struct Bundle(Vec<u8>);

/// The file that is named for it is no bundle of certificates.
#[derive(Debug, thiserror::Error)]
#[error("the certificates that {named_by} names cannot be used: {}: {why}", path.display())]
pub struct NoBundle {
    pub named_by: &'static str,
    pub path: PathBuf,
    pub why: String,
}

impl Bundle {
    /// Reads and checks a bundle: the HTTP client takes it on trust.
    ///
    /// # Errors
    /// [`NoBundle`] where the file cannot be read, or has no certificate or a broken one.
    pub fn read(path: &Path, named_by: &'static str) -> Result<Self, NoBundle> {
        let wrong = |why: String| NoBundle { named_by, path: path.to_owned(), why };
        let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(wrong("there is no certificate in it".to_owned()));
        }
        Ok(Self(text))
    }
}

/// True if certificates are looked at: by everything but a named endpoint without encryption, where no service has one of its own.
pub fn needs_certificates(endpoint: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> bool {
    let of_service = |service: &&str| variable(&format!("AWS_ENDPOINT_URL_{service}")).is_some();
    !endpoint.is_some_and(|url| url.starts_with("http://")) || SERVICES.iter().any(of_service)
}

/// The services that are asked, as the environment names them ("Service-specific endpoints", AWS SDKs and Tools Reference Guide).
const SERVICES: &[&str] = &["EC2", "EFS", "KMS", "RDS", "S3", "SERVICE_QUOTAS", "SSO", "SSO_OIDC", "STS"];

/// Tells the user what is waited for. It is called once for each, and never for a place that has answered before.
pub type Tell = fn(&Awaited<'_>);

/// The place that a run waits for before it goes on.
#[derive(Clone, Copy, Debug)]
pub enum Awaited<'a> {
    /// A host with its port that has never answered in this run.
    Answer(&'a str),
    /// The command that a profile names for its credentials.
    Credentials { profile: &'a str },
}

impl fmt::Display for Awaited<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(place) => write!(f, "an answer of {place}"),
            Self::Credentials { profile } => {
                write!(f, "the credentials of the profile {profile}: credential_process")
            }
        }
    }
}

/// The client behind all clients of services.
pub(super) fn client(
    is_encrypted: bool,
    bundle: Option<Bundle>,
    proxy: Option<Proxy>,
    tell: Tell,
) -> SharedHttpClient {
    let by = |config: ProxyConfig| {
        let bundle = bundle.clone();
        Builder::new()
            .build_with_connector_fn(move |settings, _| connector(settings, bundle.as_ref(), config.clone()))
    };
    let proxy = proxy.filter(|_| is_encrypted);
    let (inner, directly) = match &proxy {
        // Reading the machine's certificates takes longer than a whole plan against a local emulator.
        _ if !is_encrypted => (Builder::new().build_http(), None),
        None => (by(ProxyConfig::disabled()), None),
        Some(proxy) => match proxy.config() {
            Ok(config) => (by(config), proxy.has_exceptions().then(|| by(ProxyConfig::disabled()))),
            // Only what is asked without it is sent at all.
            Err(_) => (by(ProxyConfig::disabled()), None),
        },
    };
    let way = Arc::new(Way { proxy, tell, places: Places::default() });
    SharedHttpClient::new(Client { inner, directly, way })
}

fn connector(
    settings: Option<&HttpConnectorSettings>,
    bundle: Option<&Bundle>,
    proxy: ProxyConfig,
) -> Connector {
    let trust = match bundle {
        Some(Bundle(certificates)) => TrustStore::empty().with_pem_certificate(certificates.clone()),
        None => TrustStore::default(),
    };
    let context = TlsContext::builder().with_trust_store(trust).build();
    let mut builder = Connector::builder().proxy_config(proxy);
    if let Some(settings) = settings {
        builder = builder.connector_settings(settings.clone());
    }
    let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
    builder.tls_context(context.expect("a trust store is all that it needs")).build()
}

/// A client whose failed connections say where they went, and end soon where another attempt would not help.
#[derive(Debug)]
struct Client {
    inner: SharedHttpClient,
    /// For the places that no proxy is asked for.
    directly: Option<SharedHttpClient>,
    way: Arc<Way>,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let of = |client: &SharedHttpClient| client.http_connector(settings, components);
        let (inner, directly) = (of(&self.inner), self.directly.as_ref().map(of));
        SharedHttpConnector::new(Connecting { inner, directly, way: Arc::clone(&self.way) })
    }
}

/// The way to AWS, and the places that were met on it in this run.
#[derive(Debug)]
struct Way {
    proxy: Option<Proxy>,
    tell: Tell,
    places: Places,
}

/// The places that were asked in this run, by host and port.
#[derive(Debug, Default)]
struct Places(Mutex<BTreeMap<String, Met>>);

impl Places {
    fn at<T>(&self, place: &str, look: impl FnOnce(&mut Met) -> T) -> T {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        look(places.entry(place.to_owned()).or_insert_with(Met::now))
    }
}

/// A place as this run has met it. One that has answered and cannot be reached any more will be back; one that never was reached is
/// more likely a wrong name, a closed port or a firewall.
#[derive(Debug)]
struct Met {
    first_asked: Instant,
    has_answered: bool,
    /// The user was told that it is waited for.
    is_told: bool,
    was_silent: bool,
    /// The times that it broke off; calls side by side count as one.
    breaks: u32,
    last_break: Option<Instant>,
}

impl Met {
    fn now() -> Self {
        Self {
            first_asked: Instant::now(),
            has_answered: false,
            is_told: false,
            was_silent: false,
            breaks: 0,
            last_break: None,
        }
    }

    /// Notes that a call broke off that began then.
    fn broke_off(&mut self, begun: Instant) {
        if self.last_break.is_none_or(|last| begun >= last) {
            self.breaks += 1;
            self.last_break = Some(Instant::now());
        }
    }
}

#[derive(Clone, Debug)]
struct Connecting {
    inner: SharedHttpConnector,
    directly: Option<SharedHttpConnector>,
    way: Arc<Way>,
}

/// The pause before the second and last attempt at a connection that was refused: something may just be starting.
const PAUSE: Duration = Duration::from_millis(500);
/// The time after which the user is told of a place that has not answered yet, or of a command.
pub(super) const QUIET: Duration = Duration::from_secs(2);
/// The attempts at a place that has never answered, and that breaks each of them off: the SDK makes them within some three seconds.
const BREAKS: u32 = 3;

impl Way {
    /// The answer, and before it a word on who is waited for, where that place has never answered.
    async fn answer(&self, place: &str, call: HttpConnectorFuture) -> Result<HttpResponse, ConnectorError> {
        let (has_answered, asked_for) =
            self.places.at(place, |met| (met.has_answered, met.first_asked.elapsed()));
        if has_answered {
            return call.await;
        }
        let mut call = std::pin::pin!(call);
        match tokio::time::timeout(QUIET.saturating_sub(asked_for), &mut call).await {
            Ok(answer) => answer,
            Err(_) => {
                self.tell_of(place);
                call.await
            }
        }
    }

    fn tell_of(&self, place: &str) {
        if !self.places.at(place, |met| std::mem::replace(&mut met.is_told, true)) {
            (self.tell)(&Awaited::Answer(place));
        }
    }

    /// Sees to it that the user is told while the SDK waits for its next attempt, where that place has never answered.
    fn tell_in_a_pause(self: &Arc<Self>, place: &str) {
        let first_asked = |met: &mut Met| (met.breaks == 1 && !met.has_answered).then_some(met.first_asked);
        let Some(first_asked) = self.places.at(place, first_asked) else { return };
        let (way, place) = (Arc::clone(self), place.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep_until(first_asked + QUIET).await;
            if way.places.at(&place, |met| !met.has_answered && met.breaks < BREAKS) {
                way.tell_of(&place);
            }
        });
    }

    /// The proxy that a request goes through.
    fn proxy_for(&self, uri: &str, place: &str) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|proxy| uri.starts_with("https://") && !proxy.leaves_out(place))
    }

    /// The error of a connection, with the place that was meant, and of a kind that the SDK tries again after where that may help.
    fn error(
        self: &Arc<Self>,
        (place, proxy): (String, Option<String>),
        begun: Instant,
        error: ConnectorError,
    ) -> ConnectorError {
        if error.is_user() {
            return error;
        }
        let obstacle = Obstacle::of(&error);
        let is_final = self.places.at(&place, |met| match obstacle {
            _ if met.has_answered => !obstacle.passes(),
            // The second silence of a place that has never answered is its last.
            Obstacle::Silent => std::mem::replace(&mut met.was_silent, true),
            Obstacle::Broken | Obstacle::NoWay | Obstacle::Proxy(AtProxy::Broken | AtProxy::NoWay) => {
                met.broke_off(begun);
                met.breaks >= BREAKS
            }
            _ => true,
        });
        if !is_final {
            self.tell_in_a_pause(&place);
        }
        let is_timeout = error.is_timeout();
        let unreached = Box::new(Unreached { place, proxy, obstacle, source: error.into_source() });
        // The SDK tries again after time-outs, and errors of input and output.
        match (is_final, is_timeout) {
            (true, _) => ConnectorError::other(unreached, None),
            (false, true) => ConnectorError::timeout(unreached),
            (false, false) => ConnectorError::io(unreached),
        }
    }
}

impl HttpConnector for Connecting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let place = place(request.uri());
        let Self { inner, directly, way } = self.clone();
        // The services of the machine that it runs on are asked for credentials, and most machines have none.
        if is_of_the_machine(&place) {
            return inner.call(request);
        }
        let proxy = way.proxy_for(request.uri(), &place);
        if let Some(Err(wrong)) = proxy.map(Proxy::config) {
            let (proxy, obstacle) = (proxy.map(Proxy::place), Obstacle::Proxy(AtProxy::Unusable));
            let unreached = Unreached { place, proxy, obstacle, source: wrong.into() };
            return HttpConnectorFuture::ready(Err(ConnectorError::other(unreached.into(), None)));
        }
        let proxy = proxy.map(Proxy::place);
        let inner = directly.filter(|_| proxy.is_none()).unwrap_or(inner);
        HttpConnectorFuture::new(async move {
            let begun = Instant::now();
            let again = request.try_clone();
            let mut answer = way.answer(&place, inner.call(request)).await;
            // A connection that was refused has sent nothing.
            let is_refused = |error: &ConnectorError| Obstacle::of(error).is_refused();
            if let (true, Some(again)) = (answer.as_ref().is_err_and(is_refused), again) {
                tokio::time::sleep(PAUSE).await;
                answer = way.answer(&place, inner.call(again)).await;
            }
            if answer.is_ok() {
                way.places.at(&place, |met| met.has_answered = true);
            }
            answer.map_err(|error| way.error((place, proxy), begun, error))
        })
    }
}

/// True for the addresses at which a machine or a container has its credentials ("IMDS credential provider" and "Container credential
/// provider", AWS SDKs and Tools Reference Guide).
fn is_of_the_machine(place: &str) -> bool {
    place.starts_with("169.254.") || place.starts_with("[fd00:ec2::")
}

/// `ec2.eu-west-1.amazonaws.com:443`
pub(super) fn place(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("https", uri));
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let has_port =
        authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()));
    let port = if scheme == "http" { 80 } else { 443 };
    if has_port { authority.to_owned() } else { format!("{authority}:{port}") }
}

/// The things between this machine and AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
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
pub(super) enum AtProxy {
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
    fn passes(self) -> bool {
        !matches!(
            self,
            Self::Certificate
                | Self::Unreadable
                | Self::Proxy(
                    AtProxy::Certificate | AtProxy::WantsPassword | AtProxy::Forbids | AtProxy::Unusable
                )
        )
    }

    fn is_refused(self) -> bool {
        matches!(self, Self::Refused | Self::Proxy(AtProxy::Refused))
    }

    fn of(error: &ConnectorError) -> Self {
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
pub(super) struct Unreached {
    /// The host and port that were meant.
    place: String,
    /// The host and port of the proxy that is in use, where one is.
    proxy: Option<String>,
    pub(super) obstacle: Obstacle,
    source: Box<dyn Error + Send + Sync>,
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

/// True for an endpoint whose traffic others can read: http, and not on this machine.
pub(super) fn is_open_to_others(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    !is_loopback && host != "localhost" && !host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn http_is_open_to_others_but_on_this_machine() {
        for (url, expected) in [
            ("https://rds.eu-west-1.amazonaws.com", false),
            ("http://127.0.0.1:4566", false),
            ("http://[::1]:4566/", false),
            ("http://localhost:4566", false),
            ("http://rds.localhost", false),
            ("http://10.0.0.5:4566", true),
            ("http://127.0.0.1.example.org", true),
            ("http://localstack:4566/path", true),
        ] {
            assert_eq!(is_open_to_others(url), expected, "{url}");
        }
    }

    #[test]
    fn a_place_has_a_port() {
        for (uri, expected) in [
            ("https://ec2.eu-west-1.amazonaws.com/", "ec2.eu-west-1.amazonaws.com:443"),
            ("http://localhost:4566/2015-02-01/file-systems?x=1", "localhost:4566"),
            ("http://localhost", "localhost:80"),
        ] {
            assert_eq!(place(uri), expected);
        }
    }

    /// Connections that end as they are told to, in this order; without an error, in an answer.
    #[derive(Debug)]
    struct Told(Mutex<Vec<Option<ErrorKind>>>);

    impl HttpConnector for Told {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let kind = self.0.lock().expect("no thread panics").remove(0);
            let failed = |kind| ConnectorError::io(std::io::Error::from(kind).into());
            let answer = || HttpResponse::new(StatusCode::try_from(200).expect("a status"), SdkBody::empty());
            HttpConnectorFuture::ready(kind.map_or_else(|| Ok(answer()), |kind| Err(failed(kind))))
        }
    }

    const RDS: &str = "https://rds.eu-west-1.amazonaws.com/";

    fn connecting(inner: impl HttpConnector + 'static, proxy: Option<&str>, tell: Tell) -> Connecting {
        let inner = SharedHttpConnector::new(inner);
        let proxy = proxy.and_then(|address| {
            Proxy::of(|name| (name == "https_proxy").then(|| format!("http://{address}")))
        });
        let way = Way { proxy, tell, places: Places::default() };
        Connecting { inner, directly: None, way: Arc::new(way) }
    }

    async fn last_of(connecting: &Connecting, calls: usize, uri: &str) -> ConnectorError {
        let mut last = None;
        for _ in 0..calls {
            last = connecting.call(HttpRequest::get(uri).expect("a request")).await.err();
        }
        last.expect("no connection came about")
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_was_reached_before_is_tried_again_and_another_is_not() {
        const REFUSED: Option<ErrorKind> = Some(ErrorKind::ConnectionRefused);
        for (calls, told, goes_on) in
            [(1, vec![REFUSED, REFUSED], false), (2, vec![None, REFUSED, REFUSED], true)]
        {
            let connecting = connecting(Told(Mutex::new(told.clone())), None, |_| ());
            let last = last_of(&connecting, calls, RDS).await;
            assert_eq!(last.is_io(), goes_on, "{told:?}: {last:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_breaks_off_is_given_up_after_the_third_time_unless_it_has_answered() {
        static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let tell = |awaited: &Awaited<'_>| TOLD.lock().expect("no thread panics").push(awaited.to_string());
        const RESET: Option<ErrorKind> = Some(ErrorKind::ConnectionReset);
        let never = connecting(Told(Mutex::new(vec![RESET; 3])), Some("proxy.example.org:3128"), tell);
        for goes_on in [true, true, false] {
            let error = last_of(&never, 1, RDS).await;
            assert_eq!(error.is_io(), goes_on, "{error:?}");
            let said = error.into_source().to_string();
            let both = "the connection to rds.eu-west-1.amazonaws.com:443 through the proxy proxy.example.org:3128 was closed without an \
                        answer";
            assert_eq!(said, both);
        }
        tokio::time::sleep(QUIET * 2).await;
        assert!(TOLD.lock().expect("no thread panics").is_empty(), "it is not waited for any more");

        // The SDK pauses.
        let slow = connecting(Told(Mutex::new(vec![RESET; 2])), None, tell);
        last_of(&slow, 2, RDS).await;
        tokio::time::sleep(QUIET - Duration::from_millis(1)).await;
        assert!(TOLD.lock().expect("no thread panics").is_empty());
        tokio::time::sleep(QUIET).await;
        let said = TOLD.lock().expect("no thread panics").split_off(0);
        assert_eq!(said, ["an answer of rds.eu-west-1.amazonaws.com:443"]);

        // A running apply outlives it.
        let mut told = vec![None];
        told.resize(9, RESET);
        let answered = connecting(Told(Mutex::new(told)), None, tell);
        let error = last_of(&answered, 9, RDS).await;
        assert!(error.is_io() && error.into_source().to_string().contains("amazonaws.com:443 closed"));
        tokio::time::sleep(QUIET * 2).await;
        assert!(TOLD.lock().expect("no thread panics").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn calls_side_by_side_that_break_off_count_as_one() {
        let mut met = Met::now();
        let begun = Instant::now();
        for _ in 0..5 {
            tokio::time::advance(Duration::from_millis(10)).await;
            met.broke_off(begun);
        }
        assert_eq!(met.breaks, 1);
        met.broke_off(Instant::now());
        assert_eq!(met.breaks, 2);
    }

    #[test]
    fn waiting_does_not_end_an_answer_that_is_not_encrypted_and_the_sdk_is_told_so() {
        let corrupt = || {
            let error = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
            ConnectorError::io(std::io::Error::new(ErrorKind::InvalidData, error).into())
        };
        let way = Arc::new(Way { proxy: None, tell: |_| (), places: Places::default() });
        let error = |error| way.error(("example.org:443".to_owned(), None), Instant::now(), error);
        assert!(error(corrupt()).is_other());
        way.places.at("example.org:443", |met| met.has_answered = true);
        assert!(error(corrupt()).is_io(), "it will be back");
        let said = error(corrupt()).into_source().to_string();
        assert_eq!(said, "no encrypted connection to example.org:443 comes about");
        let said = error(ConnectorError::other("invalid HTTP version parsed".into(), None)).into_source();
        assert_eq!(said.to_string(), "the answer of example.org:443 cannot be read");
    }

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

    #[tokio::test]
    async fn nothing_is_sent_past_a_proxy_that_cannot_be_used() {
        let proxy = |name: &str| match name {
            "https_proxy" => Some("socks5://me:geheim@proxy.example.org:1080".to_owned()),
            "no_proxy" => Some("s3.eu-west-1.amazonaws.com".to_owned()),
            _ => None,
        };
        let inner = SharedHttpConnector::new(Told(Mutex::new(vec![None, None])));
        let way = Way { proxy: Proxy::of(proxy), tell: |_| (), places: Places::default() };
        let connecting = Connecting { inner, directly: None, way: Arc::new(way) };
        let error = last_of(&connecting, 1, RDS).await;
        assert!(error.is_other() && error.as_other().is_none(), "it is not repeated: {error:?}");
        let (said, shown) = (error.source().map(ToString::to_string), format!("{error:?}"));
        assert!(said.is_some_and(|said| said.contains("rds.eu-west-1.amazonaws.com:443")));
        assert!(!shown.contains("geheim") && shown.contains("proxy.example.org:1080"), "{shown}");
        for asked_without in ["https://s3.eu-west-1.amazonaws.com/", "http://localhost:4566/"] {
            let request = HttpRequest::get(asked_without).expect("a request");
            assert!(connecting.call(request).await.is_ok(), "{asked_without}");
        }
    }

    /// Nothing ever comes, until the client of the SDK gives up.
    #[derive(Debug)]
    struct Silence;

    impl HttpConnector for Silence {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            HttpConnectorFuture::new(async {
                tokio::time::sleep(Duration::from_secs(25)).await;
                Err(ConnectorError::timeout("HTTP read timeout occurred".into()))
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_never_answers_is_told_of_once_and_given_up_after_the_second_silence() {
        static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let tell = |awaited: &Awaited<'_>| TOLD.lock().expect("no thread panics").push(awaited.to_string());
        let connecting = connecting(Silence, Some("proxy.example.org:3128"), tell);
        for is_timeout in [true, false] {
            let error = last_of(&connecting, 1, RDS).await;
            assert_eq!(error.is_timeout(), is_timeout, "{error:?}");
            let said = error.into_source().to_string();
            let both = "rds.eu-west-1.amazonaws.com:443 does not answer, or the proxy proxy.example.org:3128 does not";
            assert_eq!(said, both);
        }
        // Most machines have no service for credentials.
        let error = last_of(&connecting, 2, "http://169.254.169.254/latest/meta-data/").await;
        assert!(error.is_timeout() && !error.into_source().is::<Unreached>());
        let told = TOLD.lock().expect("no thread panics");
        assert_eq!(*told, ["an answer of rds.eu-west-1.amazonaws.com:443"]);
    }

    #[test]
    fn a_bundle_is_read_before_it_is_trusted() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("ca.pem");
        let why = |path: &Path| {
            Bundle::read(path, "AWS_CA_BUNDLE").err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert!(why(&path).contains("AWS_CA_BUNDLE"), "{}", why(&path));
        for (text, word) in [
            ("", "no certificate"),
            ("hello", "no certificate"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""),
        ] {
            std::fs::write(&path, text).expect("it can be written");
            let why = why(&path);
            assert!(why.contains("ca.pem") && why.contains(word), "{text:?}: {why}");
        }
    }
}
