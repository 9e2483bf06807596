//! The proxy of the environment, as boto3, the AWS command line and curl read it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use aws_smithy_http_client::proxy::ProxyConfig;

use super::http::place;

/// The proxy that encrypted connections go through, and the places that are asked without it.
#[derive(Clone)]
pub(super) struct Proxy {
    /// Its host and port, without the user and the password that the address may hold.
    place: String,
    /// The same with both, for the HTTP client.
    config: Result<ProxyConfig, Unusable>,
    exceptions: Vec<Exception>,
}

/// An address of a proxy that cannot be used. It is not a proxy less: what is meant for it must not be sent past it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{named_by}, which names {place}, cannot be used: {why}")]
pub(super) struct Unusable {
    named_by: &'static str,
    place: String,
    why: String,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {}", self.place())
    }
}

impl Proxy {
    /// The one that the variables name. A name in small letters counts before the same one in capitals, also where it is empty, which
    /// is no proxy (`getproxies_environment` of Python's urllib, by which botocore goes; curl(1), "ENVIRONMENT"). `ALL_PROXY` is curl's.
    pub(super) fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let first =
            |names: &[&'static str]| names.iter().find_map(|name| variable(name).map(|value| (*name, value)));
        let (named_by, address) = first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?;
        let address = address.trim();
        if address.is_empty() {
            return None;
        }
        let (place, config) = read(address);
        let config = config.map_err(|why| Unusable { named_by, place: place.clone(), why });
        let without = first(&["no_proxy", "NO_PROXY"]).map(|(_, value)| value).unwrap_or_default();
        let exceptions = without.split(',').map(str::trim).filter(|one| !one.is_empty());
        Some(Self { place, config, exceptions: exceptions.map(Exception::read).collect() })
    }

    /// Its host and port.
    pub(super) fn place(&self) -> String {
        self.place.clone()
    }

    /// The same for the HTTP client.
    ///
    /// # Errors
    /// [`Unusable`], where its address is none that a connection can go through.
    pub(super) fn config(&self) -> Result<ProxyConfig, Unusable> {
        self.config.clone()
    }

    /// True if some places are asked without it.
    pub(super) fn has_exceptions(&self) -> bool {
        !self.exceptions.is_empty()
    }

    /// True for a place, a host with its port, that is asked without it.
    pub(super) fn leaves_out(&self, place: &str) -> bool {
        let (host, port) = place.rsplit_once(':').unwrap_or((place, ""));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        self.exceptions.iter().any(|one| one.is_of(host, port))
    }
}

/// The host and port of an address, which can be shown, and the address as the HTTP client takes it, or why that cannot be. The
/// client by itself takes `user` for the host of `http://user:pass/word@proxy:3128`.
fn read(address: &str) -> (String, Result<ProxyConfig, String>) {
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    let scheme = scheme.to_lowercase();
    // A password that was not written as it must be may hold every sign.
    let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let end = authority.find(']').map(|bracket| bracket + 1);
    let (host, port) = authority.split_at(end.or_else(|| authority.find(':')).unwrap_or(authority.len()));
    let number = match port.strip_prefix(':') {
        None | Some("") => port.len() < 2,
        Some(port) => {
            port.bytes().all(|sign| sign.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
        }
    };
    let port = port.trim_end_matches(':');
    // In the place of a number there may be a password.
    let is_digits = port.bytes().skip(1).all(|sign| sign.is_ascii_digit());
    let shown = place(&format!("{scheme}://{host}{}", if is_digits { port } else { "" }));
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bracketed {
        Some(host) => host.parse::<Ipv6Addr>().is_ok(),
        None => host.chars().all(|sign| sign.is_ascii_alphanumeric() || "-._".contains(sign)),
    };
    let is_of_a_user = |sign: char| sign.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=:".contains(sign);
    let why = match user {
        _ if !matches!(scheme.as_str(), "http" | "https") => {
            let is_a_word = scheme.chars().all(|sign| sign.is_ascii_alphanumeric());
            let named = if is_a_word { format!(" ({scheme}://)") } else { String::new() };
            format!("a proxy of its kind{named} is not supported")
        }
        Some(user) if !user.chars().all(is_of_a_user) => {
            "its user or its password holds signs that cannot stand there as they are".to_owned()
        }
        _ if host.is_empty() => "there is no host in it".to_owned(),
        _ if !is_host => "that is no name of a host".to_owned(),
        _ if !number => "its port is no number from 1 to 65535".to_owned(),
        _ => {
            let user = user.map(|user| format!("{user}@")).unwrap_or_default();
            let config = ProxyConfig::https(format!("{scheme}://{user}{host}{port}"));
            // Its error holds the address.
            return (shown, config.map_err(|_| "it is no address".to_owned()));
        }
    };
    (shown, Err(why))
}

/// One entry of `NO_PROXY`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    hosts: Hosts,
    /// The only port that it is about; all of them without it.
    port: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A host, and those of the domain of that name.
    Named(String),
    Address(IpAddr),
    /// The addresses that begin with the same bits.
    Network(IpAddr, u32),
}

impl Exception {
    fn read(text: &str) -> Self {
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let (hosts, port) = match text.rsplit_once(':') {
            // An address of IPv6 has colons of its own.
            Some((hosts, port)) if is_port(port) && (!hosts.contains(':') || hosts.ends_with(']')) => {
                (hosts, Some(port.to_owned()))
            }
            _ => (text, None),
        };
        let bare = hosts.trim_start_matches('[').trim_end_matches(']');
        let network = bare
            .split_once('/')
            .and_then(|(address, bits)| Some(Hosts::Network(address.parse().ok()?, bits.parse().ok()?)));
        let hosts = match (hosts, bare.parse()) {
            ("*", _) => Hosts::All,
            (_, Ok(address)) => Hosts::Address(address),
            _ => network.unwrap_or_else(|| Hosts::Named(hosts.trim_start_matches('.').to_lowercase())),
        };
        Self { hosts, port }
    }

    fn is_of(&self, host: &str, port: &str) -> bool {
        let address = || host.parse::<IpAddr>().ok();
        let is_host = match &self.hosts {
            Hosts::All => true,
            Hosts::Named(name) => {
                let host = host.to_lowercase();
                host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Hosts::Address(one) => address() == Some(*one),
            Hosts::Network(network, bits) => {
                address().is_some_and(|address| shares(*network, address, *bits))
            }
        };
        is_host && self.port.as_deref().is_none_or(|only| only == port)
    }
}

/// True if two addresses of one kind have so many first bits in common.
fn shares(one: IpAddr, other: IpAddr, bits: u32) -> bool {
    let same = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => return false,
    };
    same >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Option<Proxy> {
        let find = |name: &str| variables.iter().find(|one| one.0 == name).map(|one| one.1.to_owned());
        Proxy::of(find)
    }

    fn place_of(variables: &[(&str, &str)]) -> Option<String> {
        of(variables).map(|proxy| proxy.place())
    }

    #[test]
    fn a_proxy_is_named_by_its_host_and_port_without_its_password() {
        for (address, expected) in [
            ("http://proxy.example.org:3128", "proxy.example.org:3128"),
            ("http://me:secret@proxy.example.org:3128/", "proxy.example.org:3128"),
            ("proxy.example.org:3128", "proxy.example.org:3128"),
            ("https://proxy.example.org", "proxy.example.org:443"),
            ("http://proxy.example.org", "proxy.example.org:80"),
        ] {
            assert_eq!(place_of(&[("HTTPS_PROXY", address)]).as_deref(), Some(expected));
            assert_eq!(place_of(&[("all_proxy", address), ("HTTP_PROXY", "x")]).as_deref(), Some(expected));
            let shown = format!("{:?}", of(&[("HTTPS_PROXY", address)]));
            assert!(!shown.contains("secret"), "{shown}");
        }
        assert_eq!(place_of(&[("HTTP_PROXY", "http://x")]), None);
    }

    #[test]
    fn an_address_that_cannot_be_used_is_told_of_by_its_variable_and_host_without_its_password() {
        for (address, place, why) in [
            (
                "socks5://me:secret@proxy.example.org:1080",
                "proxy.example.org:1080",
                "(socks5://) is not supported",
            ),
            ("socks5h://proxy.example.org:1080", "proxy.example.org:1080", "(socks5h://) is not supported"),
            ("ftp://proxy.example.org:21", "proxy.example.org:21", "(ftp://) is not supported"),
            ("me:secret://x@proxy.example.org:1", "proxy.example.org:1", "is not supported"),
            ("http://bad host:3128", "bad host:3128", "no name of a host"),
            ("http://:3128", ":3128", "no host"),
            ("http://[::g]:3128", "[::g]:3128", "no name of a host"),
            ("http://10.0.0.1:99999", "10.0.0.1:99999", "from 1 to 65535"),
            ("http://10.0.0.1:0", "10.0.0.1:0", "from 1 to 65535"),
            ("http://me:secret", "me:80", "from 1 to 65535"),
            (r"http://dom\me:secret@10.0.0.1:3128", "10.0.0.1:3128", "its user or its password"),
            ("http://me:p@secret@10.0.0.1:3128", "10.0.0.1:3128", "its user or its password"),
            ("http://me:p/secret@10.0.0.1:3128", "10.0.0.1:3128", "its user or its password"),
            ("http://me:p#secret@10.0.0.1:3128", "10.0.0.1:3128", "its user or its password"),
        ] {
            for name in ["HTTPS_PROXY", "all_proxy"] {
                let proxy = of(&[(name, address)]).expect("it is not left out for that");
                let said = proxy.config().expect_err(address).to_string();
                assert!(said.starts_with(&format!("{name}, which names {place}, ")), "{said}");
                assert!(said.contains(why) && !said.contains("secret"), "{said}");
                assert!(!format!("{proxy:?}").contains("secret"), "{proxy:?}");
            }
        }
        for address in [
            "proxy.example.org:3128",
            "HTTP://proxy.example.org:3128/",
            "https://proxy.example.org",
            "http://proxy.example.org:/",
            "http://us%40er:p%3Ass%2Fx@[fd00::1]:3128",
            "http://me@10.0.0.1:3128",
            "http://my_proxy:3128",
        ] {
            assert!(of(&[("HTTPS_PROXY", address)]).is_some_and(|proxy| proxy.config().is_ok()), "{address}");
        }
    }

    #[test]
    fn a_variable_in_small_letters_counts_before_the_one_in_capitals() {
        for (variables, expected) in [
            (&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:2")][..], Some("b:2")),
            (&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "")], None),
            (&[("HTTPS_PROXY", "http://a:1"), ("all_proxy", "http://b:2")], Some("a:1")),
            (&[("ALL_PROXY", "http://a:1"), ("all_proxy", "http://b:2")], Some("b:2")),
        ] {
            assert_eq!(place_of(variables).as_deref(), expected, "{variables:?}");
        }
        let both = of(&[("https_proxy", "http://b:2"), ("no_proxy", "one"), ("NO_PROXY", "two")]);
        let both = both.expect("there is a proxy");
        assert!(both.leaves_out("one:443") && !both.leaves_out("two:443"));
    }

    #[test]
    fn the_places_that_are_asked_without_a_proxy_can_have_a_port() {
        for (without, place, expected) in [
            ("x.example.org:8443", "x.example.org:8443", true),
            ("x.example.org:8443", "x.example.org:443", false),
            (".example.org:8443", "x.example.org:8443", true),
            ("a, x.example.org:8443", "x.example.org:8443", true),
            ("example.org", "x.example.org:8443", true),
            (".EXAMPLE.org", "x.Example.org:443", true),
            ("example.org", "notexample.org:443", false),
            ("*", "x.example.org:443", true),
            ("*:8443", "x.example.org:443", false),
            ("10.0.0.0/8", "10.1.2.3:443", true),
            ("10.0.0.0/8", "11.1.2.3:443", false),
            ("10.0.0.0/8", "x.example.org:443", false),
            ("10.1.2.3:8443", "10.1.2.3:8443", true),
            ("10.1.2.3:8443", "10.1.2.3:443", false),
            ("fd00::/8", "[fd00::1]:443", true),
            ("[fd00::1]:8443", "[fd00::1]:443", false),
            ("fd00::1", "[fd00::1]:443", true),
            ("", "x.example.org:443", false),
        ] {
            let proxy = of(&[("https_proxy", "http://b:2"), ("no_proxy", without)]);
            let proxy = proxy.expect("there is a proxy");
            assert_eq!(proxy.leaves_out(place), expected, "{without} and {place}");
        }
    }
}
