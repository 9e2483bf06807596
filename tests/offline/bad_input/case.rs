//! One wrong input: how the program is run with it, and what it has to say.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::endpoint::Endpoint;

/// The longest time that a case may take on a machine with other work to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most memory that a case may use, in KiB: a fraction of what the worst file would fill.
const MEMORY: u32 = 512 * 1024;

/// The content of a path in the case's folder.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    Bytes(Vec<u8>),
    /// A file of this many zero bytes, which take no room.
    Zeros(u64),
    Folder,
    /// A named pipe that no one writes into.
    Pipe,
    /// A link to itself.
    Loop,
    /// A file that its owner may not read.
    Closed,
}

/// One wrong input.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub arguments: Vec<OsString>,
    pub environment: Vec<(&'static str, OsString)>,
    pub files: Vec<(&'static str, Content)>,
    /// The words that the error has to say: the place first, then the remedy.
    pub says: Vec<String>,
    /// The text that must not be printed.
    pub never: Option<String>,
}

impl Case {
    /// A command line, split at spaces.
    pub fn of(line: &str) -> Self {
        Self::with(line.split(' ').map(OsString::from))
    }

    /// A command line.
    pub fn with(arguments: impl IntoIterator<Item = OsString>) -> Self {
        Self {
            arguments: arguments.into_iter().collect(),
            environment: Vec::new(),
            files: Vec::new(),
            says: Vec::new(),
            never: None,
        }
    }

    pub fn file(mut self, name: &'static str, content: Content) -> Self {
        self.files.push((name, content));
        self
    }

    pub fn text(self, name: &'static str, text: impl Into<Vec<u8>>) -> Self {
        self.file(name, Content::Bytes(text.into()))
    }

    pub fn variable(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Adds words that the error has to say.
    pub fn says<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Self {
        self.says.extend(words.into_iter().map(str::to_owned));
        self
    }

    pub fn never(self, secret: &str) -> Self {
        Self { never: Some(secret.to_owned()), ..self }
    }

    /// Runs the program, and returns what it said with all that is wrong with that.
    pub fn run(&self, endpoint: &Endpoint) -> (String, Vec<String>) {
        let printed = tempfile::tempdir().expect("a folder can be made");
        let folder = printed.path().join("work");
        std::fs::create_dir(&folder).expect("a folder can be made");
        // A command that writes refuses without a stack file, so every case has one that is right, unless it brings its own.
        std::fs::write(folder.join("provision.yaml"), provision::stack::REFERENCE)
            .expect("it can be written");
        for (name, content) in &self.files {
            let path = folder.join(name);
            if *name == "provision.yaml" {
                std::fs::remove_file(&path).expect("it was written");
            }
            content.put(&path);
        }
        let stream = |name: &str| File::create(printed.path().join(name)).expect("it can be made");
        let mut command = self.command();
        command
            .current_dir(&folder)
            .env_clear()
            .env("HOME", &folder)
            .env("AWS_ENDPOINT_URL", &endpoint.url)
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "nobody")
            .env("AWS_SECRET_ACCESS_KEY", "nothing")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(stream("out"))
            .stderr(stream("err"));
        endpoint.take();
        let mut child = command.spawn().expect("a shell can be run");
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match child.try_wait().expect("the child can be waited for") {
                Some(status) => break Some(status),
                None if Instant::now() > deadline => {
                    let _ = child.kill();
                    let _ = child.wait();
                    break None;
                }
                None => std::thread::sleep(Duration::from_millis(3)),
            }
        };
        let read = |name: &str| std::fs::read(printed.path().join(name)).expect("it was made");
        let (out, err) = (read("out"), String::from_utf8_lossy(&read("err")).into_owned());
        let mut wrong = Vec::new();
        match status.map(|status| status.code()) {
            None => wrong.push("it did not end".to_owned()),
            Some(Some(1)) => {}
            Some(code) => wrong.push(format!("it ended with {code:?}")),
        }
        if !out.is_empty() {
            wrong.push(format!("standard output: {}", String::from_utf8_lossy(&out)));
        }
        wrong.extend(self.complaints(&err));
        for (name, content) in &self.files {
            if let Content::Bytes(bytes) = content
                && std::fs::read(folder.join(name)).ok().as_ref() != Some(bytes)
            {
                wrong.push(format!("{name} is not what it was"));
            }
        }
        let asked = endpoint.take();
        if !asked.is_empty() {
            wrong.push(format!("AWS was asked: {asked:?}"));
        }
        (err, wrong)
    }

    /// The program, with a limit on its memory for inputs that could fill it.
    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_provision");
        let small = |content: &Content| matches!(content, Content::Bytes(bytes) if bytes.len() < 10_000);
        let mut command = if self.files.iter().all(|(_, content)| small(content)) {
            Command::new(program)
        } else {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("ulimit -v {MEMORY} && exec \"$0\" \"$@\""), program]);
            shell
        };
        command.args(&self.arguments);
        command
    }

    fn complaints(&self, err: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut hold = |holds: bool, otherwise: String| {
            if !holds {
                wrong.push(otherwise);
            }
        };
        // Lines are broken to fit, at hyphens too, and what is quoted of a file stands behind a bar.
        let flat = |text: &str| text.replace(|c: char| c == '│' || c.is_whitespace(), "");
        for words in &self.says {
            hold(flat(err).contains(&flat(words)), format!("it does not say `{words}`"));
        }
        hold(!self.says.is_empty(), "the case does not say what it expects".to_owned());
        hold(!err.contains("panicked") && !err.contains("RUST_BACKTRACE"), "it panicked".to_owned());
        hold(!err.chars().any(is_harmful), "it printed a control character".to_owned());
        hold(err.len() < 40_000, format!("it printed {} bytes", err.len()));
        if let Some(secret) = &self.never {
            hold(!err.contains(secret.as_str()), "it printed a secret".to_owned());
        }
        wrong
    }
}

impl Content {
    fn put(&self, path: &Path) {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder can be made");
        }
        let done = match self {
            Self::Bytes(bytes) => std::fs::write(path, bytes),
            Self::Zeros(length) => File::create(path).and_then(|file| file.set_len(*length)),
            Self::Folder => std::fs::create_dir(path),
            Self::Pipe => Command::new("mkfifo").arg(path).status().map(|status| assert!(status.success())),
            Self::Loop => symlink(path.file_name().expect("a name"), path),
            Self::Closed => std::fs::write(path, "{}")
                .and_then(|()| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000))),
        };
        done.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// True for a character that steers a terminal, reorders what is read or cannot be seen.
fn is_harmful(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
