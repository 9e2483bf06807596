//! The options that were typed, and not taken from the environment, as far as the next command needs them as well: those of every
//! command, those that name a network, and those that shape a plan.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};

use crate::engine::address::Address;
use crate::engine::plan::Mode;
use crate::engine::planner::Options;
use crate::view::{Carried, CarriedOption, CarriedTo};

use super::options::Global;

/// The options that say which stack in which account is meant: their names in clap, and how they are typed.
const OPTIONS: [(&str, &[&str]); 10] = [
    (CONFIG, &["-c", "--config"]),
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
/// May be given several times.
const CONFIG: &str = "config";
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

/// The options that the next command needs as well, with all stack files.
pub(super) fn carried(matches: &ArgMatches, files: &[PathBuf]) -> Carried {
    let typed = OPTIONS.iter().filter(|(id, _)| matches.value_source(id) == Some(ValueSource::CommandLine));
    let options = typed.flat_map(|&(id, names)| {
        let option = |value| CarriedOption { names, value, to: CarriedTo::Every };
        match id {
            REFERENCE => vec![option(None)],
            CONFIG => files.iter().map(|file| option(Some(file.to_string_lossy().into_owned()))).collect(),
            _ => {
                let value = matches.get_raw(id).and_then(Iterator::last);
                let value = value.map(|value| value.to_string_lossy().into_owned());
                // Such an endpoint is refused, and what may be a password is not repeated.
                let fit = value.filter(|value| id != ENDPOINT || !value.contains('@'));
                fit.map(|value| option(Some(value))).into_iter().collect()
            }
        }
    });
    let command = innermost(matches);
    Carried::of(options.chain(network(command)).collect())
}

/// The stack files, the lowest layer first. Of an option that stands before and after a command clap keeps what is after it: what is
/// before each command is read once more, by a command line that has the options of every command alone.
pub(super) fn files(arguments: &[OsString], matches: &ArgMatches) -> Vec<PathBuf> {
    let last: Vec<PathBuf> = matches.get_many(CONFIG).into_iter().flatten().cloned().collect();
    if matches.value_source(CONFIG) != Some(ValueSource::CommandLine) {
        return last;
    }
    let mut layers: Vec<Vec<PathBuf>> = Vec::new();
    let mut rest = arguments.to_vec();
    let mut command = matches;
    while let Some((name, below)) = command.subcommand() {
        let alone = Global::augment_args(Command::new("provision")).allow_external_subcommands(true);
        let Ok(read) = alone.try_get_matches_from(&rest) else { break };
        if read.value_source(CONFIG) == Some(ValueSource::CommandLine) {
            layers.push(read.get_many(CONFIG).into_iter().flatten().cloned().collect());
        }
        let after = read.subcommand().and_then(|(_, after)| after.get_many::<OsString>(""));
        rest = [name.into()].into_iter().chain(after.into_iter().flatten().cloned()).collect();
        command = below;
    }
    // Without any after the last command, clap gives those before it.
    if layers.last() != Some(&last) {
        layers.push(last);
    }
    layers.concat()
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
