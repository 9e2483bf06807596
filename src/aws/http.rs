//! The way to AWS over HTTP: the proxies and certificates of a company's network, and connections that do not come about.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
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

/// The client behind all clients of services. `endpoint` is the address that was named, where one was.
pub(super) fn client(endpoint: Option<&str>, bundle: Option<Bundle>) -> SharedHttpClient {
    let inner = match endpoint {
        // Reading the machine's certificates takes longer than a whole plan against a local emulator.
        Some(url) if url.starts_with("http://") => Builder::new().build_http(),
        _ => Builder::new().build_with_connector_fn(move |settings, _| connector(settings, bundle.as_ref())),
    };
    SharedHttpClient::new(Client(inner))
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

/// A client whose failed connections say where they went, and end at once where another attempt would not help.
#[derive(Debug)]
struct Client(SharedHttpClient);

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connecting(self.0.http_connector(settings, components)))
    }
}

#[derive(Clone, Debug)]
struct Connecting(SharedHttpConnector);

/// The pause before the second and last attempt at a connection that was refused: something may just be starting.
const PAUSE: Duration = Duration::from_millis(500);

impl HttpConnector for Connecting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (place, again) = (place(request.uri()), request.try_clone());
        let inner = self.0.clone();
        HttpConnectorFuture::new(async move {
            let error = match (inner.call(request).await, again) {
                // A connection that was refused has sent nothing.
                (Err(error), Some(again)) if Obstacle::of(&error) == Some(Obstacle::Refused) => {
                    tokio::time::sleep(PAUSE).await;
                    match inner.call(again).await {
                        Err(error) => error,
                        answered => return answered,
                    }
                }
                (Err(error), _) => error,
                (answered, _) => return answered,
            };
            Err(match Obstacle::of(&error) {
                Some(obstacle) => {
                    let source = error.into_source();
                    ConnectorError::other(Unreached { place, obstacle, source }.into(), None)
                }
                None => error,
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

/// What stands between this machine and AWS, and does not go away by trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    Refused,
    UnknownHost,
    Certificate,
    Proxy,
}

impl Obstacle {
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

#[cfg(test)]
mod tests {
    use super::*;

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
