//! Networks of IPv4 and IPv6 as texts: `10.0.0.0/16`, `2001:db8::/32`.

use ipnet::IpNet;

use super::{Pattern, Wrong};

/// The rule of a network. AWS clears host bits without a word (AuthorizeSecurityGroupIngress, `CidrIp`), so that a text with some is
/// refused.
pub const CIDR: Pattern = Pattern::new(
    "a network such as `10.0.0.0/16` or `2001:db8::/32`; one address is `10.0.0.5/32`",
    "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)/[0-9]{1,3}$",
    49,
)
.judged_by(wrong);

/// The network in the way in which AWS shows it.
pub fn canonical(text: &str) -> Option<String> {
    let network = text.parse::<IpNet>().ok().filter(|network| *network == network.trunc())?;
    Some(network.to_string())
}

fn wrong(text: &str) -> Option<Wrong> {
    match text.parse::<IpNet>() {
        Ok(_) => with_host_bits(text),
        Err(_) => Some(format!("`{text}` is not {}", CIDR.is)),
    }
}

/// The sentence on a network with host bits.
pub fn with_host_bits(text: &str) -> Option<Wrong> {
    let network = text.parse::<IpNet>().ok().filter(|network| *network != network.trunc())?;
    Some(format!(
        "`{text}` has host bits: write {} for the network, or {}/{} for the one address",
        network.trunc(),
        network.addr(),
        network.max_prefix_len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_a_whole_one_and_has_one_way_of_being_written() {
        for (text, shown) in [
            ("10.99.0.0/16", "10.99.0.0/16"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("10.0.0.5/32", "10.0.0.5/32"),
            ("2001:DB8:0::/48", "2001:db8::/48"),
            ("::/0", "::/0"),
        ] {
            assert!(CIDR.fits(text), "{text}");
            assert_eq!(canonical(text).as_deref(), Some(shown));
        }
        for text in ["10.99.0.0", "10.99.0/16", "10.99.0.0/33", "300.0.0.0/8", "vpn", "2001:db8::/129", ""] {
            assert!(!CIDR.fits(text), "{text}");
        }
        for (text, word) in [
            ("10.99.0.5/16", "write 10.99.0.0/16 for the network, or 10.99.0.5/32"),
            ("2001:db8::1/64", "write 2001:db8::/64 for the network, or 2001:db8::1/128"),
        ] {
            assert!(CIDR.judged(text).is_some_and(|judged| judged.contains(word)), "{text}");
            assert_eq!(canonical(text), None);
        }
    }
}
