//! A machine: a folder that is its root. The test plays cloud-init, systemd and the kernel.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

pub struct Machine {
    pub id: String,
    world: PathBuf,
    root: PathBuf,
    user_data: Value,
}

/// The end of a program on a machine.
pub struct Ran {
    status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Ran {
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{}{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn says(self, code: i32, words: &str) {
        assert!(self.err.contains(words), "{}{}", self.out, self.err);
        self.ends(code);
    }

    #[track_caller]
    pub fn fails(self) {
        assert!(!self.status.success(), "{}{}", self.out, self.err);
    }

    /// It waits for something, and nothing more happens: the code of `sleep`.
    #[track_caller]
    pub fn waits_for_ever(self) -> Self {
        self.ends(75)
    }

    #[track_caller]
    pub fn dies(self) {
        assert_eq!(self.status.signal(), Some(9), "{}{}", self.out, self.err);
    }
}

pub fn write(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it can be made");
    fs::write(path, text).expect("it can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("they can be set");
}

impl Machine {
    pub(super) fn new(world: &Path, id: &str, ip: &str, user_data: Value) -> Self {
        let root = world.join("machines").join(id);
        for folder in ["kernel/coming", "dev", "run", "srv", "tmp", "etc/systemd/system"] {
            fs::create_dir_all(root.join(folder)).expect("it can be made");
        }
        let machine = Self { id: id.to_owned(), world: world.to_owned(), root, user_data };
        for (name, text) in [
            ("ip", format!("{ip}\n")),
            ("metadata/instance-id", id.to_owned()),
            ("metadata/placement/region", "eu-west-1".to_owned()),
            ("calls", String::new()),
            ("mounts", String::new()),
            ("started", String::new()),
            ("enabled", String::new()),
            ("packages", String::new()),
        ] {
            write(&machine.root.join("kernel").join(name), &text, 0o644);
        }
        machine
    }

    fn kernel(&self, name: &str) -> String {
        fs::read_to_string(self.root.join("kernel").join(name)).unwrap_or_default()
    }

    /// Carries the user data out, as cloud-init does at the first boot: packages, files, commands.
    pub fn first_boot(&self) {
        let list = |key: &str| self.user_data[key].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let known = ["packages", "package_update", "write_files", "runcmd"];
        let keys = self.user_data.as_object().expect("a map").keys();
        assert!(
            keys.clone().all(|key| known.contains(&key.as_str())),
            "{keys:?}: this plays no more than that"
        );
        let packages: Vec<String> = list("packages").iter().map(text).collect();
        write(&self.root.join("kernel/packages"), &(packages.join("\n") + "\n"), 0o644);
        for file in list("write_files") {
            let path = text(&file["path"]).replace("/usr/local/sbin/", "/local-sbin/");
            let mode = u32::from_str_radix(&text(&file["permissions"]), 8).expect("an octal number");
            write(&self.root.join(path.trim_start_matches('/')), &text(&file["content"]), mode);
        }
        for command in list("runcmd") {
            let words: Vec<String> = command.as_array().expect("words").iter().map(text).collect();
            self.run(&words).ends(0);
        }
    }

    /// Begins anew: what is mounted, runs and waits is gone, and what is enabled is started.
    pub fn restart(&self) {
        for (file, text) in [("mounts", String::new()), ("started", self.kernel("enabled"))] {
            write(&self.root.join("kernel").join(file), &text, 0o644);
        }
        let _ = fs::remove_file(self.root.join("kernel/runs"));
        fs::remove_dir_all(self.root.join("run")).expect("it was there");
        fs::create_dir(self.root.join("run")).expect("it can be made");
    }

    /// The unit that says what this machine does, as systemd runs it.
    pub fn boot(&self) -> Ran {
        self.unit("pair-boot.service", "pair-boot.service")
    }

    /// The timer has come to its end.
    pub fn timer(&self) -> Ran {
        self.unit("pair-copy.timer", "pair-copy.service")
    }

    /// Runs a service that is started, or that a timer which is started runs.
    fn unit(&self, started: &str, service: &str) -> Ran {
        assert!(self.kernel("started").lines().any(|unit| unit == started), "{started} is not started");
        let file = fs::read_to_string(self.root.join("etc/systemd/system").join(service)).expect("a unit");
        let command = file.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
        self.run(&command.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    /// A command of the pair, as Systems Manager runs it.
    pub fn pair(&self, command: &str) -> Ran {
        self.run(&["/usr/local/sbin/pair", command].map(str::to_owned))
    }

    /// A person's command, which is not written down among the calls.
    #[track_caller]
    pub fn sh(&self, script: &str) {
        let calls = self.kernel("calls");
        self.run(&["sh", "-ec", script].map(str::to_owned)).ends(0);
        write(&self.root.join("kernel/calls"), &calls, 0o644);
    }

    fn run(&self, words: &[String]) -> Ran {
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh"]).arg(self.world.join("programs/enter")).args([&self.root, &self.world]);
        let command = command.args(words).stdin(Stdio::null()).process_group(0);
        let output = command.output().expect("it was there a moment ago");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ran { status: output.status, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Says what happens while this machine sleeps, one after the other.
    pub fn then(&self, scripts: &[&str]) {
        let folder = self.root.join("kernel/coming");
        fs::remove_dir_all(&folder).expect("it was there");
        fs::create_dir(&folder).expect("it can be made");
        for (number, script) in scripts.iter().enumerate() {
            write(&folder.join(format!("{number:03}")), &format!("{script}\n"), 0o644);
        }
    }

    /// Says at which call the machine loses its power: `before 3`, `after 3`.
    pub fn dies(&self, at: &str) {
        write(&self.root.join("kernel/dies"), at, 0o644);
    }

    pub fn forget_calls(&self) {
        write(&self.root.join("kernel/calls"), "", 0o644);
    }

    /// The calls that begin with these words.
    pub fn called(&self, words: &str) -> Vec<String> {
        self.kernel("calls").lines().filter(|line| line.starts_with(words)).map(str::to_owned).collect()
    }

    /// True if GitLab runs.
    pub fn runs(&self) -> bool {
        self.root.join("kernel/runs").exists()
    }

    pub fn file(&self, below: &str) -> Vec<u8> {
        fs::read(self.root.join(below)).unwrap_or_default()
    }

    /// The folder that is at `/srv`.
    fn srv(&self) -> PathBuf {
        match self.kernel("mounts").split_once(' ') {
            Some((system, _)) => self.world.join("volumes").join(system),
            None => self.root.join("srv"),
        }
    }

    #[track_caller]
    pub fn data(&self, below: &str) -> String {
        fs::read_to_string(self.srv().join(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
    }

    pub fn has(&self, below: &str) -> bool {
        self.srv().join(below).exists()
    }

    /// True if the volume that the machine boots from has nothing at `/srv`.
    pub fn nothing_on_the_root(&self) -> bool {
        fs::read_dir(self.root.join("srv")).expect("a folder").next().is_none()
    }
}
