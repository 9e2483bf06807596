//! The way to AWS over HTTP: the proxies and certificates of a company's network, and connections that do not come about.

use std::collections::BTreeSet;
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

/// The certificates that `AWS_CA_BUNDLE` names, in place of those of the machine ("Using custom CA bundles", AWS SDKs and Tools
/// Reference Guide).
#[derive(Clone)]
pub struct Bundle(Vec<u8>);

/// The file that `AWS_CA_BUNDLE` names is no bundle of certificates.
#[derive(Debug, thiserror::Error)]
#[error("the certificates that AWS_CA_BUNDLE names cannot be used: {}: {why}", path.display())]
pub struct NoBundle {
    pub path: PathBuf,
    pub why: String,
}

impl Bundle {
    /// Reads and checks a bundle: the HTTP client takes it on trust.
    ///
    /// # Errors
    /// [`NoBundle`] where the file cannot be read, or has no certificate or a broken one.
    pub fn read(path: &Path) -> Result<Self, NoBundle> {
        let wrong = |why: String| NoBundle { path: path.to_owned(), why };
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

/// True if certificates are looked at: by everything but a named endpoint without encryption.
pub fn needs_certificates(endpoint: Option<&str>) -> bool {
    !endpoint.is_some_and(|url| url.starts_with("http://"))
}

/// The client behind all clients of services. `endpoint` is the address that was named, where one was.
pub(super) fn client(endpoint: Option<&str>, bundle: Option<Bundle>) -> SharedHttpClient {
    let inner = match needs_certificates(endpoint) {
        true => {
            Builder::new().build_with_connector_fn(move |settings, _| connector(settings, bundle.as_ref()))
        }
        // Reading the machine's certificates takes longer than a whole plan against a local emulator.
        false => Builder::new().build_http(),
    };
    SharedHttpClient::new(Client { inner, reached: Arc::default() })
}

fn connector(settings: Option<&HttpConnectorSettings>, bundle: Option<&Bundle>) -> Connector {
    let trust = match bundle {
        Some(Bundle(certificates)) => TrustStore::empty().with_pem_certificate(certificates.clone()),
        None => TrustStore::default(),
    };
    let context = TlsContext::builder().with_trust_store(trust).build();
    let mut builder = Connector::builder().proxy_config(ProxyConfig::from_env());
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
    reached: Arc<Reached>,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connecting { inner, reached: Arc::clone(&self.reached) })
    }
}

/// The places to which a connection has come about in this run. One that cannot be reached any more will be back; one that never
/// was reached is more likely a wrong name or a closed port.
#[derive(Debug, Default)]
struct Reached(Mutex<BTreeSet<String>>);

impl Reached {
    fn note(&self, place: &str) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !places.contains(place) {
            places.insert(place.to_owned());
        }
    }

    fn has(&self, place: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(place)
    }
}

#[derive(Clone, Debug)]
struct Connecting {
    inner: SharedHttpConnector,
    reached: Arc<Reached>,
}

/// The pause before the second and last attempt at a connection that was refused: something may just be starting.
const PAUSE: Duration = Duration::from_millis(500);

impl HttpConnector for Connecting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (place, again) = (place(request.uri()), request.try_clone());
        let Self { inner, reached } = self.clone();
        HttpConnectorFuture::new(async move {
            let mut answer = inner.call(request).await;
            // A connection that was refused has sent nothing.
            if let (Some(Obstacle::Refused), Some(again)) = (Obstacle::before(&answer), again) {
                tokio::time::sleep(PAUSE).await;
                answer = inner.call(again).await;
            }
            let Some(obstacle) = Obstacle::before(&answer) else {
                if !answer.as_ref().is_err_and(ConnectorError::is_timeout) {
                    reached.note(&place);
                }
                return answer;
            };
            answer.map_err(|error| {
                let is_away = obstacle.passes() && reached.has(&place);
                let unreached = Unreached { place, obstacle, source: error.into_source() };
                // The SDK tries again after errors of input and output.
                match is_away {
                    true => ConnectorError::io(unreached.into()),
                    false => ConnectorError::other(unreached.into(), None),
                }
            })
        })
    }
}

/// `ec2.eu-west-1.amazonaws.com:443`
fn place(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("https", uri));
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let has_port =
        authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()));
    let port = if scheme == "http" { 80 } else { 443 };
    if has_port { authority.to_owned() } else { format!("{authority}:{port}") }
}

/// What stands between this machine and AWS, so that no connection comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    Refused,
    UnknownHost,
    Certificate,
    Proxy,
}

impl Obstacle {
    fn before(answer: &Result<HttpResponse, ConnectorError>) -> Option<Self> {
        answer.as_ref().err().and_then(Self::of)
    }

    /// True if it may be over soon.
    fn passes(self) -> bool {
        matches!(self, Self::Refused | Self::UnknownHost)
    }

    fn of(error: &ConnectorError) -> Option<Self> {
        let mut next: Option<&dyn Error> = Some(error);
        let mut found = None;
        while let Some(cause) = next {
            let is_refused = |io: &std::io::Error| io.kind() == ErrorKind::ConnectionRefused;
            if cause.downcast_ref::<std::io::Error>().is_some_and(is_refused) {
                found = Some(Self::Refused);
            }
            // The connector has no types for these.
            let text = cause.to_string();
            if text.starts_with("dns error") {
                found = Some(Self::UnknownHost);
            } else if text.contains("invalid peer certificate") {
                return Some(Self::Certificate);
            } else if text.starts_with("tunnel error") || text.contains("proxy auth") {
                return Some(Self::Proxy);
            }
            next = cause.source();
        }
        found
    }
}

/// A connection that did not come about.
#[derive(Debug)]
pub(super) struct Unreached {
    /// The host and port that were meant.
    place: String,
    pub(super) obstacle: Obstacle,
    source: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, obstacle, .. } = self;
        match obstacle {
            Obstacle::Refused => write!(f, "{place} refuses the connection"),
            Obstacle::UnknownHost => write!(f, "the host of {place} is not known"),
            Obstacle::Certificate => write!(f, "the certificate of {place} is not trusted"),
            Obstacle::Proxy => write!(f, "the proxy does not let the connection to {place} through"),
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

    /// Connections that end as they are told to, in this order.
    #[derive(Debug)]
    struct Told(Mutex<Vec<ErrorKind>>);

    impl HttpConnector for Told {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let kind = self.0.lock().expect("no thread panics").remove(0);
            let error = std::io::Error::from(kind);
            HttpConnectorFuture::ready(Err(ConnectorError::io(error.into())))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_was_reached_before_is_tried_again_and_another_is_not() {
        use ErrorKind::{ConnectionRefused as Refused, ConnectionReset as Reset};
        for (calls, told, goes_on) in
            [(1, vec![Refused, Refused], false), (2, vec![Reset, Refused, Refused], true)]
        {
            let inner = SharedHttpConnector::new(Told(Mutex::new(told.clone())));
            let connecting = Connecting { inner, reached: Arc::default() };
            let mut last = None;
            for _ in 0..calls {
                let request = HttpRequest::get("https://rds.eu-west-1.amazonaws.com/").expect("a request");
                last = connecting.call(request).await.err();
            }
            let last = last.expect("no connection came about");
            assert_eq!(last.is_io(), goes_on, "{told:?}: {last:?}");
        }
    }

    #[test]
    fn a_bundle_is_read_before_it_is_trusted() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("ca.pem");
        let why = |path: &Path| Bundle::read(path).err().map(|error| error.to_string()).unwrap_or_default();
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
