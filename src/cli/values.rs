//! The values of options, checked as they are read.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::SignedDuration;
use regex_lite::Regex;

use crate::aws::state_s3::NoPlace;
use crate::engine::address::{Address, InvalidAddress};
use crate::engine::resource::Id;
use crate::engine::take_over::Wish;
use crate::stack::{ClusterName, InvalidText, Region, StackName};

use super::Importable;
use super::options::StateAt;

/// A place for the state.
pub(super) fn state(text: &str) -> Result<StateAt, String> {
    match text.split_once("://") {
        Some(("s3", _)) => text.parse().map(StateAt::S3).map_err(|wrong: NoPlace| wrong.to_string()),
        Some((scheme, _)) => Err(format!(
            "a state at {scheme}:// is not supported; give the path of a file, or s3://BUCKET/KEY"
        )),
        // One slash, or none, would be a file in a folder of that name.
        None if ["s3:", "S3:"].iter().any(|start| text.starts_with(start)) => {
            Err(format!("`{text}` is no place in S3: give s3://BUCKET/KEY, or the path of a file"))
        }
        None if text.is_empty() => Err("give the path of a file, or s3://BUCKET/KEY".to_owned()),
        None => Ok(StateAt::File(PathBuf::from(text))),
    }
}

/// The time that a lock lasts if no one renews it: long enough to be renewed, short enough to be waited for.
pub(super) fn lease(text: &str) -> Result<Duration, String> {
    let wrong = || "give a span of time from 4s to 1h".to_owned();
    let span = duration(text).map_err(|_| wrong())?;
    if (4..=3600).contains(&span.as_secs()) { Ok(span) } else { Err(wrong()) }
}

/// The full name of a cluster.
pub(super) fn cluster(text: &str) -> Result<String, InvalidText> {
    text.parse::<ClusterName>().map(String::from)
}

/// A region.
pub(super) fn region(text: &str) -> Result<String, InvalidText> {
    text.parse::<Region>().map(String::from)
}

/// The name of an AWS profile.
pub(super) fn profile(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("give the name of a profile".to_owned()) } else { Ok(text.to_owned()) }
}

/// A KMS key: an id, an ARN or an alias.
pub(super) fn key(text: &str) -> Result<String, String> {
    let fits = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_:/.".contains(c));
    let wrong = || "give the id, the ARN or the alias of a KMS key, such as alias/states".to_owned();
    if fits { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// The number of things done at once.
pub(super) fn parallelism(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(number @ 1..=100) => Ok(number),
        _ => Err("give a whole number from 1 to 100".to_owned()),
    }
}

/// Longer than any run, and short enough to be added to any time.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// `90s`, `5m`, `1h 30m`, or `0`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| *duration <= LONGEST_WAIT)
        .ok_or_else(|| "give a span of time such as `90s` or `5m`, at most 24h".to_owned())
}

/// The endpoint of AWS.
pub(super) fn endpoint(text: &str) -> Result<String, String> {
    // The parser of options repeats what it refuses, and here is a password, perhaps: refused where that is not so.
    if text.contains('@') { Ok(text.to_owned()) } else { whole_endpoint(text) }
}

/// The endpoint of AWS, without a password in it.
pub(super) fn whole_endpoint(text: &str) -> Result<String, String> {
    static URL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^https?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[!-~]*)?$")
            .expect("a valid pattern")
    });
    let fits = URL.captures(text).is_some_and(|parts| {
        let port = parts.get(2).map(|port| port.as_str()[1..].parse::<u16>());
        !matches!(port, Some(Ok(0) | Err(_))) && !text.contains(['?', '#', '@'])
    });
    if fits {
        Ok(text.to_owned())
    } else {
        Err("give a URL such as http://127.0.0.1:4566 or https://example.org, without a password or a query"
            .to_owned())
    }
}

/// The beginning of a plan's digest.
pub(super) fn digest(text: &str) -> Result<String, String> {
    let digits = text.len() >= 8 && text.chars().all(|digit| digit.is_ascii_hexdigit());
    if digits {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("give at least 8 of its digits (0-9, a-f)".to_owned())
    }
}

/// The number of one of several policies.
pub(super) fn part(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "give the number of one of the policies: 1 is the first".to_owned())
}

/// A VPC, or an object at an address.
pub(super) fn importable(text: &str) -> Result<Importable, String> {
    let Some((address, id)) = text.split_once('=') else {
        return vpc(text).map(Importable::Network).map_err(|problem| {
            format!("{problem}; an object that is there is named with its address, as ADDRESS=ID")
        });
    };
    let address: Address = address.parse().map_err(|error: InvalidAddress| error.to_string())?;
    match id.trim() {
        "" => Err(format!("an id or a name follows `{address}=`, such as fs-0a1b2c3d or gitlab-pgsql")),
        id => Ok(Importable::Object(Wish { address, text: id.to_owned() })),
    }
}

/// The name of a stack.
pub(super) fn stack_name(text: &str) -> Result<StackName, String> {
    text.parse().map_err(|error: InvalidText| error.to_string())
}

/// A moment, as RDS restores to it.
pub(super) fn moment(text: &str) -> Result<jiff::Timestamp, String> {
    let moment: jiff::Timestamp =
        text.parse().map_err(|_| "a moment is written in UTC, as 2026-11-27T04:00:00Z".to_owned())?;
    // AWS takes whole seconds, and a later one could be after what is to be left out.
    jiff::Timestamp::from_second(moment.as_second()).map_err(|error| error.to_string())
}

/// A version of PostgreSQL, whole or shortened.
pub(super) fn version(text: &str) -> Result<String, String> {
    match crate::stack::postgres::Version::parse(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("a version of PostgreSQL is written as 17 or 17.6".to_owned()),
    }
}

/// The name of a parameter group.
pub(super) fn group(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    match !text.is_empty() && text.len() <= 255 && text.chars().all(fits) {
        true => Ok(text.to_lowercase()),
        false => Err("a parameter group has a name of letters, digits and hyphens".to_owned()),
    }
}

/// The name or ARN of a snapshot.
pub(super) fn snapshot(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-:".contains(c);
    match !text.is_empty() && text.len() <= 320 && text.chars().all(fits) {
        true => Ok(text.to_lowercase()),
        false => {
            Err("a snapshot has a name of letters, digits and hyphens, or is named by its ARN".to_owned())
        }
    }
}

/// The number of an account.
pub(super) fn account(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("an account has twelve digits".to_owned()),
    }
}

/// The id of a VPC.
pub(super) fn vpc(text: &str) -> Result<Id, String> {
    id(text, "vpc-")
}

/// The id of a subnet.
pub(super) fn subnet(text: &str) -> Result<Id, String> {
    id(text, "subnet-")
}

/// The id of a security group.
pub(super) fn security_group(text: &str) -> Result<Id, String> {
    id(text, "sg-")
}

fn id(text: &str, prefix: &str) -> Result<Id, String> {
    match text.strip_prefix(prefix) {
        Some(rest) if !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric()) => {
            Ok(Id::new(text))
        }
        _ => Err(format!("an id begins with `{prefix}`, such as `{prefix}0a1b2c3d`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::state_s3::S3Place;

    #[test]
    fn spans_of_time_are_read_as_people_write_them() {
        for (text, seconds) in
            [("0", 0), ("0s", 0), ("90s", 90), ("5m", 300), ("1h 30m", 5400), ("PT2M", 120)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "90", "-5s", "soon", "5 m x", "25h", "9223372036854775807s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_state_is_in_a_file_or_in_s3() {
        assert_eq!(state("state/gitlab.json"), Ok(StateAt::File("state/gitlab.json".into())));
        let place = S3Place { bucket: "our-states".to_owned(), key: "a/b.json".to_owned() };
        assert_eq!(state("s3://our-states/a/b.json"), Ok(StateAt::S3(place)));
        assert!(state("gs://bucket/key").expect_err("not supported").contains("gs://"));
        for text in [
            "",
            "s3://",
            "s3://bucket",
            "s3://bucket/",
            "s3://b/key",
            "s3://Bucket/key",
            "s3://bucket//k",
            "s3:/b/k",
        ] {
            assert!(state(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_lock_lasts_long_enough_to_be_renewed() {
        assert_eq!(lease("90s"), Ok(Duration::from_secs(90)));
        for text in ["0", "1s", "2h", "soon"] {
            assert!(lease(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ids_are_told_apart_by_their_beginning() {
        assert_eq!(vpc("vpc-0a1b"), Ok(Id::new("vpc-0a1b")));
        for text in ["subnet-0a1b", "vpc-", "vpc-0a 1b", "vpc-\u{1b}[2J", ""] {
            assert!(vpc(text).is_err(), "{text:?}");
        }
        assert!(subnet("subnet-1").is_ok() && security_group("sg-1").is_ok());
    }

    #[test]
    fn a_digest_may_be_cut_short_but_not_to_nothing() {
        assert_eq!(digest("3F9A0b1c2d3e"), Ok("3f9a0b1c2d3e".to_owned()));
        assert!(digest("3f9a").is_err() && digest("not a digest").is_err());
    }

    #[test]
    fn an_endpoint_is_a_web_address() {
        assert!(endpoint("http://localhost:4566").is_ok());
        assert!(endpoint("https://[::1]:4566/aws").is_ok());
        assert!(endpoint("http://user:secret@host").is_ok(), "refused later, without repeating it");
        for text in [
            "localhost:4566",
            "http://",
            "ftp://x",
            "http://a:0",
            "http://a:65536",
            "http://a@b",
            "http://a b",
        ] {
            assert!(whole_endpoint(text).is_err(), "{text}");
        }
    }
}
