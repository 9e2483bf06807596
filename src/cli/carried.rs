//! The options that were typed, and not taken from the environment, as far as the next command needs them as well: those of every
//! command, those that name a network, and those that shape a plan.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::engine::address::Address;
use crate::engine::plan::Mode;
use crate::engine::planner::Options;
use crate::view::{Carried, CarriedOption, CarriedTo};

/// The options that say which stack in which account is meant: their names in clap, and how they are typed.
const OPTIONS: [(&str, &[&str]); 10] = [
    ("config", &["-c", "--config"]),
    (REFERENCE, &["--reference"]),
    ("state", &["--state"]),
    ("state_sse", &["--state-sse"]),
    ("state_kms_key", &["--state-kms-key"]),
    ("state_profile", &["--state-profile"]),
    ("cluster", &["--cluster"]),
    ("region", &["--region"]),
    ("profile", &["--profile"]),
    (ENDPOINT, &["--endpoint-url"]),
];
/// Has no value.
const REFERENCE: &str = "reference";
const ENDPOINT: &str = "endpoint_url";

/// The options that say which network is meant. Each may be given several times.
const NETWORK: [(&str, &[&str]); 3] = [
    ("subnets", &["--subnet-id"]),
    ("node_groups", &["--node-security-group"]),
    ("control_plane_groups", &["--control-plane-security-group"]),
];

const DESTROY: &[&str] = &["--destroy"];
const REFRESH_ONLY: &[&str] = &["--refresh-only"];
const TARGET: &[&str] = &["--target"];
const REPLACE: &[&str] = &["--replace"];
const ALLOW_DATA_LOSS: &[&str] = &["--allow-data-loss"];

/// The options that the next command needs as well.
pub(super) fn carried(matches: &ArgMatches) -> Carried {
    let typed = OPTIONS.iter().filter(|(id, _)| matches.value_source(id) == Some(ValueSource::CommandLine));
    let options = typed.filter_map(|&(id, names)| {
        if id == REFERENCE {
            return Some(CarriedOption { names, value: None, to: CarriedTo::Every });
        }
        let value = matches.get_raw(id)?.next_back()?.to_string_lossy().into_owned();
        // Such an endpoint is refused, and what may be a password is not repeated.
        let is_secret = id == ENDPOINT && value.contains('@');
        (!is_secret).then_some(CarriedOption { names, value: Some(value), to: CarriedTo::Every })
    });
    let command = innermost(matches);
    Carried::of(options.chain(network(command)).collect())
}

/// The options of the command that was typed, below those of every command.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, below)| innermost(below))
}

fn network(matches: &ArgMatches) -> Vec<CarriedOption> {
    let typed = NETWORK.iter().filter_map(|&(id, names)| Some((names, matches.try_get_raw(id).ok()??)));
    let options = typed.flat_map(|(names, values)| {
        values.map(move |value| CarriedOption {
            names,
            value: Some(value.to_string_lossy().into_owned()),
            to: CarriedTo::Network,
        })
    });
    options.collect()
}

/// The options that shape a plan. Its targets are for all commands that make such a plan: a narrow one stays narrow. The words that
/// let go of data, and those for another sort of plan, are for the command that carries this very plan out.
pub(super) fn shaping(options: &Options) -> Vec<CarriedOption> {
    let alike = match options.mode {
        Mode::Destroy => CarriedTo::Destroy,
        Mode::Apply | Mode::RefreshOnly => CarriedTo::Apply,
    };
    let mode = match options.mode {
        Mode::Apply => None,
        Mode::Destroy => Some(DESTROY),
        Mode::RefreshOnly => Some(REFRESH_ONLY),
    };
    let mode = mode.map(|names| CarriedOption { names, value: None, to: CarriedTo::ThisPlan });
    let named = [
        (TARGET, &options.targets, alike),
        (REPLACE, &options.replace, CarriedTo::Naming),
        (ALLOW_DATA_LOSS, &options.allow_data_loss, CarriedTo::Naming),
    ];
    let named = named.into_iter().flat_map(|(names, addresses, to)| {
        let option = move |address: &Address| CarriedOption { names, value: Some(address.to_string()), to };
        addresses.iter().map(option)
    });
    mode.into_iter().chain(named).collect()
}

/// The same options, to be typed after `provision plan`.
pub(super) fn typed(options: &Options) -> String {
    shaping(options).iter().map(CarriedOption::words).collect()
}
