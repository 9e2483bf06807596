//! The lock: one run at a time may write a state, and it says who it is.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::error::{StateError, io};
use super::links::refuse_link;

/// The holder of a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holder {
    /// The id that `state unlock` takes.
    pub id: String,
    pub user: String,
    pub host: String,
    pub pid: u32,
    /// The command of the run: `apply`.
    pub command: String,
    /// The step of the command, where it has several: the options that say which one, as they are typed, such as `--switch --back`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// When it began, in UTC (RFC 3339).
    pub since: String,
    /// The ARN of its credentials in AWS, where it asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
}

impl Holder {
    /// True for another run of this machine that is seen alive: its lock is not to be taken away.
    pub fn is_alive_here(&self) -> bool {
        self.seen_here() == Some(true)
    }

    /// True for a run of this machine whose process is not there any more: it has ended without giving its lock back.
    pub fn is_here_no_more(&self) -> bool {
        self.seen_here() == Some(false)
    }

    /// True for a process of this machine that is alive, and false for one that is not there. Nothing for one of another machine, and
    /// where the number may be another process's by now.
    fn seen_here(&self) -> Option<bool> {
        let of = |process: &str, file: &str| {
            std::fs::read_to_string(Path::new("/proc").join(process).join(file)).ok()
        };
        let own_name = of("self", "comm").filter(|_| this_host() == self.host)?;
        let process = self.pid.to_string();
        // One that has ended stays listed until its parent asks for it.
        let has_ended = || {
            let status = of(&process, "status").unwrap_or_default();
            status.lines().any(|line| {
                line.strip_prefix("State:").is_some_and(|state| state.trim().starts_with(['Z', 'X']))
            })
        };
        match of(&process, "comm") {
            // This is another run than the one that had the number of this process.
            _ if self.pid == std::process::id() => Some(false),
            None => Some(false),
            Some(_) if has_ended() => Some(false),
            Some(name) => (name == own_name).then_some(true),
        }
    }

    /// The command with its step: `restore --switch`.
    pub fn doing(&self) -> String {
        match &self.step {
            Some(step) => format!("{} {step}", self.command),
            None => self.command.clone(),
        }
    }

    /// The run that has the lock: `` `apply` of somebody on a-host (process 1, since 2026-11-30T08:00:00Z) ``.
    pub fn run(&self) -> String {
        self.run_with("")
    }

    /// The same with the lock's id, which `state unlock` takes.
    pub(super) fn run_and_lock(&self) -> String {
        self.run_with(&format!(", lock {}", self.id))
    }

    fn run_with(&self, lock: &str) -> String {
        let Self { user, host, pid, since, caller, .. } = self;
        let caller = caller.as_ref().map(|arn| format!(", with the credentials {arn}")).unwrap_or_default();
        format!("`{}` of {user} on {host} (process {pid}, since {since}{lock}{caller})", self.doing())
    }

    /// This process, which `user` has started. The command comes with its step, where it has several: `restore --switch`.
    pub fn this_run(command: &str, user: &str) -> Self {
        let (command, step) = match command.split_once(" --") {
            Some((command, step)) => (command, Some(format!("--{step}"))),
            None => (command, None),
        };
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            user: user.to_owned(),
            host: this_host(),
            pid: std::process::id(),
            command: command.to_owned(),
            step,
            since: now(),
            caller: None,
        }
    }
}

/// The time, in UTC (RFC 3339).
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn this_host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// A held lock; given back when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

const NO_LINK: i32 = OFlags::NOFOLLOW.bits().cast_signed();

/// The pause after which a run that waits for a lock looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Lock {
    /// Takes the lock, waiting up to `timeout` for another run to give it back.
    pub(super) async fn take(path: &Path, holder: &Holder, timeout: Duration) -> Result<Self, StateError> {
        let mut file = open(path)?;
        let deadline = Instant::now() + timeout;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    sleep(LOOK_AGAIN.min(deadline.saturating_duration_since(Instant::now()))).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(held(read_holder(&mut file)));
                }
                Err(TryLockError::Error(source)) => return Err(io("lock", path)(source)),
            }
        }
        let text = serde_json::to_vec(holder).expect("a holder has string keys only");
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(&text))
            .map_err(io("write", path))?;
        Ok(Self { file })
    }

    /// The run that has the lock now, as far as it can be told.
    pub(super) fn holder(path: &Path) -> Option<Holder> {
        let mut file = File::options().read(true).custom_flags(NO_LINK).open(path).ok()?;
        let holder = read_holder(&mut file)?;
        // A run that was killed leaves its text there. The lock is looked at only beside a text, since a look takes it for a moment.
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then_some(holder)
    }

    /// Takes away the lock that `id` names, when its run cannot be alive on this machine.
    pub(super) fn force(path: &Path, id: &str) -> Result<(), StateError> {
        match Self::is_lost(path, id)? {
            true => std::fs::remove_file(path).map_err(io("remove", path)),
            false => Ok(()),
        }
    }

    /// True if the lock that `id` names is held by a run that cannot be alive on this machine; false where there is no lock.
    pub(super) fn is_lost(path: &Path, id: &str) -> Result<bool, StateError> {
        if !path.exists() {
            return Ok(false);
        }
        let mut file = open(path)?;
        match file.try_lock() {
            // The text that a dead run has left there is for people.
            Ok(()) => return file.set_len(0).map(|()| false).map_err(io("write", path)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(io("lock", path)(source)),
        }
        let holder = read_holder(&mut file);
        match &holder {
            // Held over a network file system by a host that does not answer any more.
            Some(found) if found.id == id && found.host != this_host() => Ok(true),
            _ => Err(held(holder)),
        }
    }
}

/// A lock that is held: of another machine it may have been left over a network file system, and is taken away where that is said.
fn held(holder: Option<Holder>) -> StateError {
    let can_be_taken = holder.as_ref().is_some_and(|holder| holder.host != this_host());
    StateError::Locked { holder, can_be_taken }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The text is for people. The lock ends with the last copy of the file handle, and a child that is just being started has
        // one too; so it is given back by name.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn open(path: &Path) -> Result<File, StateError> {
    refuse_link(path)?;
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(NO_LINK)
        .open(path)
        .map_err(io("open", path))
}

fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    serde_json::from_str(&text).ok()
}

/// The lock file that belongs to a state file.
pub(super) fn path_for(state: &Path) -> PathBuf {
    super::local::sibling(state, "lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_of_a_command_is_apart_from_it_and_what_was_written_before_has_none() {
        let run = |command: &str| Holder::this_run(command, "anna");
        let step = |command: &str| (run(command).command, run(command).step, run(command).doing());
        let (restore, switch) = ("restore".to_owned(), "--switch --back".to_owned());
        assert_eq!(
            step("restore --switch --back"),
            (restore, Some(switch), "restore --switch --back".to_owned())
        );
        assert_eq!(step("state rebuild"), ("state rebuild".to_owned(), None, "state rebuild".to_owned()));
        let before = r#"{"id":"1","user":"anna","host":"h","pid":1,"command":"restore","since":"2026-11-29T00:00:00Z"}"#;
        let before: Holder = serde_json::from_str(before).expect("it is read");
        assert_eq!((before.step.as_deref(), before.doing().as_str()), (None, "restore"));
    }
}
