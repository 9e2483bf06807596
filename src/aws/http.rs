//! The way to AWS over HTTP: the proxies and certificates of a company's network, and connections that do not come about.

mod bundle;
mod obstacle;
mod way;

use std::sync::Arc;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::proxy::Proxy;
pub use bundle::{Bundle, NoBundle};
pub(super) use obstacle::{AtProxy, Obstacle, Unreached};
pub(super) use way::QUIET;
pub use way::{Awaited, Tell};
use way::{Connecting, Way};

/// True if certificates are looked at: by everything but a named endpoint without encryption, where no service has one of its own.
pub fn needs_certificates(endpoint: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> bool {
    let of_service = |service: &&str| variable(&format!("AWS_ENDPOINT_URL_{service}")).is_some();
    !endpoint.is_some_and(|url| url.starts_with("http://")) || SERVICES.iter().any(of_service)
}

/// The services that are asked, as the environment names them ("Service-specific endpoints", AWS SDKs and Tools Reference Guide).
const SERVICES: &[&str] = &[
    "EC2",
    "EFS",
    "ELASTICACHE",
    "KMS",
    "RDS",
    "S3",
    "SECRETS_MANAGER",
    "SERVICE_QUOTAS",
    "SSO",
    "SSO_OIDC",
    "STS",
];

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
    let way = Arc::new(Way::new(proxy, tell));
    SharedHttpClient::new(Client { inner, directly, way })
}

fn connector(
    settings: Option<&HttpConnectorSettings>,
    bundle: Option<&Bundle>,
    proxy: ProxyConfig,
) -> Connector {
    let trust = match bundle {
        Some(bundle) => TrustStore::empty().with_pem_certificate(bundle.text()),
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

/// `ec2.eu-west-1.amazonaws.com:443`
pub(super) fn place(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("https", uri));
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let has_port =
        authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()));
    let port = if scheme == "http" { 80 } else { 443 };
    if has_port { authority.to_owned() } else { format!("{authority}:{port}") }
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
}
