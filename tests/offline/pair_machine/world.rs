//! The account with the address of the pair, and the volumes.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use granit_parser::{Event, Parser};
use provision::aws::kinds::registry;
use provision::engine::state::State;
use provision::gitlab::{Description, files, render};
use provision::stack::parse;
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::machine::Machine;

/// The programs that stand for real ones, by their names.
const PROGRAMS: [(&str, &str); 12] = [
    ("record", include_str!("record")),
    ("sleep", include_str!("sleep")),
    ("blkid", include_str!("blkid")),
    ("mkfs.ext4", include_str!("mkfs.ext4")),
    ("mount", include_str!("mount")),
    ("curl", include_str!("curl")),
    ("snap", include_str!("snap")),
    ("aws-cli", include_str!("aws-cli")),
    ("docker", include_str!("docker")),
    ("systemctl", include_str!("systemctl")),
    ("rsync", include_str!("rsync")),
    ("enter", include_str!("enter")),
];

/// The programs that are needed as they are.
const REAL: [&str; 6] = ["blkid", "mkfs.ext4", "mkswap", "e2label", "mountpoint", "flock"];

/// Says that a test is skipped, where a program is not there or the kernel lets no folder be a root.
pub fn skipped() -> bool {
    let finds = |name: &str| {
        ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
            .iter()
            .any(|folder| PathBuf::from(folder).join(name).exists())
    };
    if let Some(missing) = REAL.iter().find(|name| !finds(name)) {
        eprintln!("skipped: {missing} is not installed");
        return true;
    }
    let mut command = Command::new("unshare");
    command
        .args(["-rm", "sh", "-c", "mount --make-rprivate / && mount --bind /usr /usr"])
        .stdin(Stdio::null());
    match command.output() {
        Ok(output) if output.status.success() => false,
        Ok(output) => {
            eprintln!("skipped: no folder can be a root here: {}", String::from_utf8_lossy(&output.stderr));
            true
        }
        Err(_) => {
            eprintln!("skipped: unshare is not installed");
            true
        }
    }
}

/// An account, and everything that is in it.
pub struct World(TempDir);

impl World {
    pub fn new() -> Self {
        let world = Self(TempDir::new().expect("a folder"));
        for folder in ["programs", "volumes", "machines", "addresses/shop"] {
            std::fs::create_dir_all(world.path(folder)).expect("it can be made");
        }
        for (name, text) in PROGRAMS {
            super::machine::write(&world.path("programs").join(name), text, 0o755);
        }
        world
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// Says at which machine the address is; at none with an empty id.
    pub fn address(&self, machine: &str) {
        std::fs::write(self.path("addresses/shop/aws_eip.web"), machine).expect("it can be written");
    }

    pub fn aws_answers(&self, it_does: bool) {
        let path = self.path("no-aws");
        if it_does { std::fs::remove_file(path) } else { std::fs::write(path, "") }
            .expect("it can be changed");
    }

    /// The number of file systems that were mounted so far.
    pub fn volumes(&self) -> usize {
        std::fs::read_dir(self.path("volumes")).expect("a folder").count()
    }

    /// A machine that is still to boot for the first time, with the user data of the pair.
    pub fn machine(&self, id: &str, ip: &str, device: &str) -> Machine {
        Machine::new(self.0.path(), id, ip, user_data(device))
    }

    /// Both machines, which have booted: `i-a` has the address.
    pub fn pair(&self, device: &str) -> (Machine, Machine) {
        let both = [("i-a", "10.0.0.1"), ("i-b", "10.0.0.2")].map(|(id, ip)| {
            let machine = self.machine(id, ip, device);
            machine.first_boot();
            if !device.is_empty() {
                machine.sh(&format!("truncate -s 16M {device}"));
            }
            machine.boot().ends(0);
            machine
        });
        let [a, b] = both;
        (a, b)
    }
}

/// The user data of both machines of a pair, as cloud-init reads it.
fn user_data(device: &str) -> Value {
    let device = if device.is_empty() { String::new() } else { format!(", device: {device}") };
    let text = format!(
        "stack: shop
security_groups: {{ web-open: {{ ingress: [] }}, web-closed: {{ ingress: [] }} }}
instances:
  a: {{ ami: ami-12345678, instance_type: t3.large, zone: eu-west-1a }}
  b: {{ ami: ami-12345678, instance_type: t3.large, zone: eu-west-1b }}
elastic_ips: {{ web: {{}} }}
pairs:
  web:
    instances: [a, b]
    address: web
    open: web-open
    closed: web-closed
    gitlab: {{ image: \"gitlab/gitlab-ce:18.11.0-ce.0\", url: \"https://gitlab.example.com\"{device} }}
"
    );
    let stack = parse("a test's stack", text, &registry()).unwrap_or_else(|error| panic!("{error:?}"));
    let state = State::new("shop", "one".to_owned(), "123456789012", "eu-west-1");
    let description = Description::new(&stack, &state);
    let all = files(&description);
    let file = all.iter().find(|file| file.name() == "pair-user-data/web").expect("it is described");
    let text = render(&description, file).expect("it can be rendered").text;
    assert!(!text.contains("${"), "it is the same as a template of user data");
    let mut events = Parser::new_from_str(&text).map(|event| event.expect("YAML").0).filter(|event| {
        !matches!(
            event,
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd
        )
    });
    let first = events.next().expect("a document");
    value(first, &mut events)
}

/// A value whose scalars are texts.
fn value<'a>(event: Event<'a>, rest: &mut dyn Iterator<Item = Event<'a>>) -> Value {
    match event {
        Event::Scalar(text, ..) => text.to_string().into(),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match rest.next().expect("a list ends") {
                    Event::SequenceEnd => return items.into(),
                    event => items.push(value(event, rest)),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Map::new();
            loop {
                match rest.next().expect("a map ends") {
                    Event::MappingEnd => return entries.into(),
                    Event::Scalar(key, ..) => {
                        let event = rest.next().expect("a key has a value");
                        entries.insert(key.to_string(), value(event, rest));
                    }
                    other => panic!("{other:?} is no key"),
                }
            }
        }
        other => panic!("{other:?} is nothing that cloud-init reads here"),
    }
}
