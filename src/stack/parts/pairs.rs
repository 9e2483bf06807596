//! `pairs`: two machines of which one serves at an address, and the other one has a copy. A failover makes them change places.
//!
//! A pair is no object in AWS. It says which security group each of the two machines has, and which of them has the address.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{LABEL, Names, StackPart, complete};
use crate::engine::address::Address;
use crate::engine::blueprint::ByCommand;
use crate::engine::document::Document;
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::Stack;
use crate::stack::blueprint::{Draft, Kept};
use crate::stack::section::Conflict;
use crate::stack::sections::SECTIONS;

/// The sections whose entries a pair consists of.
pub const INSTANCES: &str = "instances";
pub const ADDRESSES: &str = "elastic_ips";
const SECURITY_GROUPS: &str = "security_groups";

/// The kinds of the objects that it places, and the fields by which it does so.
pub const INSTANCE: &str = "aws_instance";
pub const ADDRESS: &str = "aws_eip";
const GROUP: &str = "aws_security_group";
/// The security groups of a machine.
pub const GROUPS: &str = "vpc_security_group_ids";
/// The machine that an address is at.
pub const AT: &str = "instance_id";
/// True for a machine that runs.
const RUNS: &str = "running";

pub(super) const PART: StackPart = StackPart {
    key: "pairs",
    doc: "Pairs of machines, by name: one serves at an elastic IP address, the other one has a copy. A failover makes the other one \
          serve; which of the two does is in the state.",
    shape: Shape::MapOf { keys: LABEL, values: &Shape::Object(OPTIONS) },
    names: &[
        Names::new(&["*", "instances"], INSTANCES),
        Names::new(&["*", "address"], ADDRESSES),
        Names::new(&["*", "open"], SECURITY_GROUPS),
        Names::new(&["*", "closed"], SECURITY_GROUPS),
    ],
    write_out: |_| {},
    check,
    place: Some(place),
};

const OPTIONS: &[Property] = &[
    Property {
        name: "instances",
        doc: "The two machines, by their names in this file. The first one serves at the beginning; their groups are those of the pair.",
        shape: Shape::SetOf(&Shape::Text(LABEL)),
        need: Need::Required,
    },
    Property {
        name: "address",
        doc: "The elastic IP address that is at the machine which serves, by its name in this file.",
        shape: Shape::Text(LABEL),
        need: Need::Required,
    },
    Property {
        name: "open",
        doc: "The security group of the machine that serves, by its name in this file.",
        shape: Shape::Text(LABEL),
        need: Need::Required,
    },
    Property {
        name: "closed",
        doc: "The security group of the other one: it lets no clients in. Both must let the agent of Systems Manager out, on port 443.",
        shape: Shape::Text(LABEL),
        need: Need::Required,
    },
    Property {
        name: "commands",
        doc: "The commands that Systems Manager runs on the machines (`AWS-RunShellScript`). Each may run again, and must not hold a secret:\n\
              AWS shows them in its history.",
        shape: Shape::Object(COMMANDS),
        need: Need::Optional,
    },
    Property {
        name: "gitlab",
        doc: "The GitLab that both machines run in Docker Compose: the target `pair-user-data` is their user data, and `commands` that\n\
              are left out are those of its script.",
        shape: Shape::Object(GITLAB),
        need: Need::Optional,
    },
    Property {
        name: "port",
        doc: "The TCP port of the service: a failover tries it at the address when it is done, from where it runs. Without it, that of the\n\
              `url` of `gitlab`.",
        shape: Shape::Whole { least: 1, most: 65_535 },
        need: Need::Optional,
    },
    Property {
        name: "max_lag",
        doc: "The most seconds that the copy may be behind in a failover; a longer lag has to be accepted by `--accept-unknown-lag`.",
        shape: Shape::Whole { least: 0, most: 31_536_000 },
        need: Need::Optional,
    },
];

const COMMANDS: &[Property] = &[
    Property {
        name: "lag",
        doc: "Prints the seconds since the last complete copy, on the machine that does not serve: a number and nothing else.",
        shape: Shape::Text(COMMAND),
        need: Need::Optional,
    },
    Property {
        name: "stop_copy",
        doc: "Stops copying for good, on either machine.",
        shape: Shape::Text(COMMAND),
        need: Need::Optional,
    },
    Property {
        name: "stop",
        doc: "Stops the service so that it stays stopped after a restart. Without it, a failover stops the machine that served.",
        shape: Shape::Text(COMMAND),
        need: Need::Optional,
    },
    Property {
        name: "start",
        doc: "Starts the service, and ends when it runs. Without it, the service is taken to run on both.",
        shape: Shape::Text(COMMAND),
        need: Need::Optional,
    },
];

const GITLAB: &[Property] = &[
    Property {
        name: "image",
        doc: "The image of the omnibus package, with its version.",
        shape: Shape::Text(Pattern::new(
            "an image with a version, such as `gitlab/gitlab-ce:18.11.0-ce.0`",
            "^[a-z0-9][a-zA-Z0-9./_-]*(:[0-9]+/[a-zA-Z0-9./_-]+)?:[A-Za-z0-9_][A-Za-z0-9_.-]*$",
            255,
        )),
        need: Need::Required,
    },
    Property {
        name: "url",
        doc: "Its URL, whose name leads to the elastic IP address.",
        shape: Shape::Text(Pattern::new(
            "a URL without a path, such as `https://gitlab.example.com`",
            "^https?://[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$",
            255,
        )),
        need: Need::Required,
    },
    Property {
        name: "ssh_port",
        doc: "The port of Git over SSH: the machine itself listens on 22.",
        shape: Shape::Whole { least: 1, most: 65_535 },
        need: Need::Whole(2222),
    },
    Property {
        name: "device",
        doc: "The device of the volume that the data is on, such as `/dev/nvme1n1`: it gets a file system where it has none. Without it, the data is on\n\
              the volume that the machine boots from.",
        shape: Shape::Text(Pattern::new("a device, such as `/dev/nvme1n1`", "^/dev/[a-z0-9]+$", 64)),
        need: Need::Optional,
    },
    Property {
        name: "interval",
        doc: "The seconds between the end of one copy and the next.",
        shape: Shape::Whole { least: 1, most: 86_400 },
        need: Need::Whole(60),
    },
];

const COMMAND: Pattern = Pattern::new(
    "a command of a shell, without characters that cannot be seen",
    "^[^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*[^\\s\\x00-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069][^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]*$",
    4_096,
);

/// One pair.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    pub instances: [String; 2],
    pub address: String,
    pub open: String,
    pub closed: String,
    #[serde(default)]
    pub commands: PairCommands,
    #[serde(default)]
    pub gitlab: Option<PairGitLab>,
    #[serde(default)]
    pub port: Option<u16>,
    #[serde(default)]
    pub max_lag: Option<i64>,
}

/// The GitLab of a pair.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairGitLab {
    pub image: String,
    pub url: String,
    pub ssh_port: u16,
    #[serde(default)]
    pub device: Option<String>,
    pub interval: u32,
}

/// The commands of a pair.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairCommands {
    pub lag: Option<String>,
    pub stop_copy: Option<String>,
    pub stop: Option<String>,
    pub start: Option<String>,
}

impl Pair {
    /// The machine of this name.
    pub fn machine(name: &str) -> Address {
        Address::new(INSTANCE, name)
    }

    pub fn elastic_ip(&self) -> Address {
        Address::new(ADDRESS, &self.address)
    }

    pub fn open_group(&self) -> Address {
        Address::new(GROUP, &self.open)
    }

    pub fn closed_group(&self) -> Address {
        Address::new(GROUP, &self.closed)
    }

    /// The TCP port of the service: the one that is written, or that of the URL.
    pub fn port(&self) -> Option<u16> {
        let of_url = |gitlab: &PairGitLab| if gitlab.url.starts_with("https:") { 443 } else { 80 };
        self.port.or_else(|| self.gitlab.as_ref().map(of_url))
    }

    /// True where one machine has the open group by what is recorded, and the other one the address.
    pub fn is_torn(&self, kept: &Kept) -> bool {
        let (active, standby) = self.active(kept);
        let is_reached = |name: &str| kept.names(&self.elastic_ip(), AT, &Self::machine(name));
        !is_reached(active) && is_reached(standby)
    }

    /// The machine that serves by what is recorded, and the other one: the one that has the open group, the one whose other one has the
    /// closed group, or the one that has the address; the first one at the beginning. Each of them may have another name in the file by now.
    pub fn active(&self, kept: &Kept) -> (&str, &str) {
        let [first, second] = &self.instances;
        let has = |name: &str, group: &Address| kept.names(&Self::machine(name), GROUPS, group);
        let is_reached = |name: &str| kept.names(&self.elastic_ip(), AT, &Self::machine(name));
        let (open, closed) = (self.open_group(), self.closed_group());
        let says = [
            [has(first, &open), has(second, &open)],
            [has(second, &closed), has(first, &closed)],
            [is_reached(first), is_reached(second)],
        ];
        match says.into_iter().find(|[first, second]| first != second) {
            Some([false, true]) => (second, first),
            _ => (first, second),
        }
    }
}

/// The pairs of a stack, by name.
pub fn pairs(stack: &Stack) -> BTreeMap<String, Pair> {
    read(stack.parts.get(PART.key))
}

/// The script that the user data of a pair's machines makes.
const SCRIPT: &str = "/usr/local/sbin/pair";

fn read(written: Option<&Document>) -> BTreeMap<String, Pair> {
    let whole = complete(&PART, written);
    let pair = |pair: &Value| {
        let mut pair: Pair = serde_json::from_value(pair.clone()).ok()?;
        if pair.gitlab.is_some() {
            let PairCommands { lag, stop_copy, stop, start } = &mut pair.commands;
            for (command, word) in [(lag, "lag"), (stop_copy, "stop-copy"), (stop, "stop"), (start, "start")]
            {
                command.get_or_insert_with(|| format!("{SCRIPT} {word}"));
            }
        }
        Some(pair)
    };
    whole.iter().filter_map(|(name, one)| Some((name.clone(), pair(one)?))).collect()
}

/// Two machines each, in no other pair, with groups that the pair gives them.
fn check(stack: &Stack, written: &Document) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut taken: BTreeMap<(&str, String), String> = BTreeMap::new();
    for (name, pair) in written {
        let conflict = |options: &[&'static str], message: String, remedy: &str| Conflict {
            path: vec![name.clone()],
            options: options.to_vec(),
            message,
            remedy: remedy.to_owned(),
        };
        let text = |option: &str| pair.get(option).and_then(Value::as_str);
        let machines: Vec<&str> = pair
            .get("instances")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if machines.len() != 2 {
            let message = format!("a pair has two machines, and `{name}` has {}", machines.len());
            found.push(conflict(&["instances"], message, "name two entries of `instances`"));
        }
        if text("open").is_some() && text("open") == text("closed") {
            let message = "the machine that does not serve would be as open as the one that does".to_owned();
            found.push(conflict(&["open", "closed"], message, "name two groups"));
        }
        let all = machines.iter().map(|one| ("instances", INSTANCES, *one));
        for (option, section, one) in all.chain(text("address").map(|one| ("address", ADDRESSES, one))) {
            if let Some(other) = taken.insert((section, one.to_owned()), name.clone()) {
                let message = format!("`{one}` is of the pair `{other}` already");
                found.push(conflict(&[option], message, "name another one"));
            }
            if option == "instances" && is_stopped(stack, section, one) {
                let message = format!("`{one}` is stopped, and would be so when it serves");
                let remedy = format!(
                    "take `running` out of `{one}` below `{section}`: the one that does not serve may be stopped by hand, and a plan leaves it so"
                );
                found.push(conflict(&[option], message, &remedy));
            }
            let own = if option == "address" { "instance" } else { "security_groups" };
            if says(stack, section, one, own) {
                let message = format!("the pair says what `{own}` of `{one}` says");
                let remedy = format!("take `{own}` out of `{one}` below `{section}`");
                found.push(conflict(&[option], message, &remedy));
            }
        }
    }
    found
}

/// True if an entry of a section has this option.
fn says(stack: &Stack, section: &str, name: &str, option: &str) -> bool {
    written(stack, section, name, option).is_some()
}

/// True for an instance that the stack file has stopped.
fn is_stopped(stack: &Stack, section: &str, name: &str) -> bool {
    written(stack, section, name, RUNS) == Some(&Value::Bool(false))
}

/// The value of an option of an entry.
fn written<'a>(stack: &'a Stack, section: &str, name: &str, option: &str) -> Option<&'a Value> {
    let section = SECTIONS.iter().find(|one| one.key == section);
    let mut entries = section.into_iter().flat_map(|section| stack.entries(section));
    let (_, entry) = entries.find(|(one, _)| one.as_str() == name)?;
    let passed = entry.passed.values().find_map(|options| options.get(option));
    entry.own.get(option).or(passed)
}

/// The security groups of the machines of all pairs, and the machines that their addresses lead to: each by the name of its entry.
pub(in crate::stack) fn decided(
    stack: &Stack,
    kept: &Kept,
) -> (BTreeMap<String, Vec<String>>, BTreeMap<String, String>) {
    let (mut groups, mut machines) = (BTreeMap::new(), BTreeMap::new());
    for pair in pairs(stack).into_values() {
        let (active, standby) = pair.active(kept);
        machines.insert(pair.address.clone(), active.to_owned());
        groups.insert(active.to_owned(), vec![pair.open.clone()]);
        groups.insert(standby.to_owned(), vec![pair.closed.clone()]);
    }
    (groups, machines)
}

/// A failover changes groups and address, and no plan takes it back; the machine that does not serve may be stopped.
fn place(draft: &mut Draft<'_>, written: &Document) {
    for (name, pair) in &read(Some(written)) {
        let command = format!("provision failover {name}");
        let (active, standby) = pair.active(draft.kept);
        for (name, stands_in) in [(active, Some(Pair::machine(standby))), (standby, None)] {
            let by = ByCommand { command: command.clone(), alone: false, stands_in };
            draft.set_by_command(Pair::machine(name), GROUPS, by);
        }
        draft.set_by_command(pair.elastic_ip(), AT, ByCommand { command, alone: true, stands_in: None });
        draft.ignore(Pair::machine(standby), RUNS);
    }
}

#[cfg(test)]
mod tests;
