//! The options of every command that were typed, and not taken from the environment: the next command needs them as well.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::view::{Carried, CarriedOption};

/// The options that say which stack in which account is meant: their names in clap, and how they are typed.
const OPTIONS: [(&str, &[&str]); 7] = [
    ("config", &["-c", "--config"]),
    (REFERENCE, &["--reference"]),
    ("state", &["--state"]),
    ("cluster", &["--cluster"]),
    ("region", &["--region"]),
    ("profile", &["--profile"]),
    (ENDPOINT, &["--endpoint-url"]),
];
/// Has no value.
const REFERENCE: &str = "reference";
const ENDPOINT: &str = "endpoint_url";

/// The options that the next command needs as well.
pub(super) fn carried(matches: &ArgMatches) -> Carried {
    let typed = OPTIONS.iter().filter(|(id, _)| matches.value_source(id) == Some(ValueSource::CommandLine));
    let options = typed.filter_map(|&(id, names)| {
        if id == REFERENCE {
            return Some(CarriedOption { names, value: None });
        }
        let value = matches.get_raw(id)?.next_back()?.to_string_lossy().into_owned();
        // Such an endpoint is refused, and what may be a password is not repeated.
        let is_secret = id == ENDPOINT && value.contains('@');
        (!is_secret).then_some(CarriedOption { names, value: Some(value) })
    });
    Carried::of(options.collect())
}
