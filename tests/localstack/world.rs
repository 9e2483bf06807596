//! A world: an account with a cluster's network, a folder with a stack file, and the real binary run in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::cloud::Cloud;
use crate::control::Control;

/// The secret key of every world. It must never be seen anywhere.
pub const SECRET_KEY: &str = "canary-of-the-secret-key";

/// A pair without a cluster's own objects.
pub const PAIR: &str = "\
stack: shop
security_groups:
  web-open: { ingress: [ { cidr: 0.0.0.0/0, port: 443 } ] }
  web-closed: { ingress: [] }
instances:
  a: { ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }, instance_type: t3.large, zone: eu-west-1a, termination_protection: false }
  b: { ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }, instance_type: t3.large, zone: eu-west-1b, termination_protection: false }
elastic_ips:
  web: {}
pairs:
  web:
    instances: [a, b]
    address: web
    open: web-open
    closed: web-closed
    commands: { lag: pair lag, stop_copy: pair stop-copy, stop: pair stop, start: pair start }
";

/// A small stack that can be taken down at once.
pub const SMALL: &str = "\
stack: shop
tags: { team: one }
file_systems:
  files:
    security_group: shop-files
    access: [nodes, masters]
    deletion_protection: false
databases:
  records:
    allocated_storage: 50
    deletion_protection: false
    final_snapshot: false
";

/// The objects that the small stack makes: its groups, file system, three mount targets, subnet group and database.
pub const SMALL_STACK: [usize; 5] = [2, 1, 3, 1, 1];

/// Everything gone.
pub const NOTHING: [usize; 5] = [0; 5];

/// An account of its own with a network, and a folder of its own.
pub struct World {
    pub account: String,
    pub folder: TempDir,
    pub control: Control,
    pub cloud: Cloud,
    /// The seed's report of what it made.
    pub seed: Value,
    environment: Vec<(String, String)>,
}

/// A finished run of the binary.
#[derive(Clone, Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The run, if it ended with this code; otherwise the test is over.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Everything that was printed.
    pub fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// Holds that all the words were printed, wherever the lines were broken.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        let said = self.said();
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(flat.contains(word), "`{word}` is not in:\n{said}");
        }
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }

    /// Standard output as one event a line.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let event = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.out.lines().map(event).collect()
    }
}

/// The address of the emulator: the one in the environment, or of one that is started here.
pub fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| {
        std::env::var("PROVISION_TEST_ENDPOINT").unwrap_or_else(|_| {
            eprintln!("PROVISION_TEST_ENDPOINT is not set: starting localstack/up --port 4597, which goes on running");
            let mut up = Command::new(repository("localstack/up"));
            output_of(up.args(["--port", "4597"])).trim().to_owned()
        })
    })
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn output_of(command: &mut Command) -> String {
    let output = command.stderr(Stdio::piped()).output().expect("the command can be run");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Twelve digits that no other test, process or run has.
fn fresh_account() -> String {
    const FIRST: u128 = 100_000_000_000;
    (FIRST + uuid::Uuid::new_v4().as_u128() % (9 * FIRST)).to_string()
}

impl World {
    /// A fresh account with the network that the seed makes with these arguments.
    pub fn seeded(arguments: &[&str]) -> Self {
        let world = Self::empty();
        let seed = world.reseeded(arguments);
        world.control.forget_calls();
        Self { seed, ..world }
    }

    /// Seeds the same account once more: a zone more, another node, a cluster without its machines.
    pub fn reseeded(&self, arguments: &[&str]) -> Value {
        let mut seed = Command::new(repository("localstack/seed"));
        seed.args(["--endpoint-url", endpoint(), "--account", &self.account, "--json"]).args(arguments);
        serde_json::from_str(&output_of(&mut seed)).expect("the seed prints JSON")
    }

    /// A fresh account with a public network and the small stack.
    pub fn small() -> Self {
        let world = Self::seeded(&[]);
        world.write_stack(SMALL);
        world
    }

    /// The small world with everything made.
    pub fn applied() -> Self {
        let world = Self::small();
        world.provision(&["apply", "--auto-approve"]).exits(0);
        world
    }

    /// A fresh account with nothing in it.
    pub fn empty() -> Self {
        let account = fresh_account();
        let folder = TempDir::new().expect("a temporary folder can be made");
        let environment = [
            ("AWS_ENDPOINT_URL", endpoint()),
            ("AWS_ACCESS_KEY_ID", &account),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("HOME", &folder.path().display().to_string()),
            ("USER", "somebody"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            control: Control::new(endpoint(), &account),
            cloud: Cloud::new(endpoint(), &account),
            seed: Value::Null,
            environment: environment.to_vec(),
            account,
            folder,
        }
    }

    /// Another value for an environment variable of the binary.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the stack file.
    pub fn write_stack(&self, text: &str) {
        std::fs::write(self.path("provision.yaml"), text).expect("the folder can be written");
    }

    /// Deletes the state with all that is beside it.
    pub fn lose_the_state(&self) {
        std::fs::remove_dir_all(self.path("state")).expect("the state can be deleted");
    }

    /// Changes the stack file, as a person with an editor would.
    #[track_caller]
    pub fn edit_stack(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path("provision.yaml")).expect("there is a stack file");
        assert!(text.contains(from), "`{from}` is not in:\n{text}");
        self.write_stack(&text.replace(from, to));
    }

    /// The command that runs the binary in this world.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the binary at a terminal of its own, where a person types this.
    pub fn at_a_terminal(&self, arguments: &[&str], typed: &str) -> Ran {
        let binary = self.command(arguments);
        let line: Vec<_> = std::iter::once(binary.get_program())
            .chain(binary.get_args())
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        let mut terminal = Command::new("script");
        terminal.args(["-qec", &line.join(" "), "/dev/null"]).current_dir(self.folder.path()).env_clear();
        terminal.envs(binary.get_envs().filter_map(|(name, value)| Some((name, value?))));
        terminal.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("SHELL", "/bin/sh");
        terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut run = terminal.spawn().expect("script, of util-linux, can be run");
        let mut keyboard = run.stdin.take().expect("it is piped");
        keyboard.write_all(typed.as_bytes()).expect("it listens");
        // The terminal is hung up when the keyboard is let go of, so not before the end.
        let ran = ended(run);
        drop(keyboard);
        ran
    }

    /// Runs the binary to its end.
    pub fn provision(&self, arguments: &[&str]) -> Ran {
        ended(self.start(arguments))
    }

    /// Starts the binary.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("the binary can be run")
    }

    /// Runs apply to a good end.
    #[track_caller]
    pub fn apply(&self, more: &[&str]) -> Ran {
        self.provision(&[&["apply", "--auto-approve"], more].concat()).exits(0)
    }

    /// Runs destroy to a good end.
    #[track_caller]
    pub fn destroy(&self) -> Ran {
        self.provision(&["destroy", "--auto-approve"]).exits(0)
    }

    /// Holds that a plan has nothing to do.
    #[track_caller]
    pub fn plans_nothing(&self) {
        self.provision(&["plan", "--detailed-exitcode"]).exits(0);
    }

    /// The plan as a document, no matter what is in it.
    #[track_caller]
    pub fn plan(&self, more: &[&str]) -> Value {
        self.provision(&[&["plan", "--json"], more].concat()).json()
    }

    /// The record of an address.
    #[track_caller]
    pub fn record(&self, address: &str) -> Value {
        self.provision(&["state", "show", address, "--json"]).exits(0).json()
    }

    /// Every file in the folder with its content.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("the folder can be read") {
                let path = entry.expect("the folder can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let content = std::fs::read(&path).expect("the file can be read");
                    found.push((path, content));
                }
            }
        }
        found.sort();
        found
    }
}

/// Waits for the end of a run.
pub fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().expect("the run ends");
    Ran {
        // A run that was killed has no code.
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Waits until something is so.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "it was never so: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a signal to a run: `INT`, `TERM`.
pub fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill can be run");
    assert!(status.success(), "the run had ended before the signal");
}

/// The errors of a plan: the check and the address of each.
pub fn errors(plan: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = plan["preflight"].as_array().into_iter().flatten();
    let errors = findings.filter(|finding| finding["level"] == "error");
    errors.map(|finding| (text(&finding["check"]), text(&finding["address"]))).collect()
}
