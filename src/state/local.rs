//! The state in a local folder: a snapshot that is only ever replaced whole, and a journal beside it.
//! Knows nothing of what the edits mean.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::format::{self, Damage};
use super::journal::{self, Frames};
use super::lock::{self, Holder, Lock};
use super::{Edit, State};
use crate::file;

/// Why a state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("the state {} cannot be used", path.display())]
    Damaged { path: PathBuf, source: Damage },
    #[error("the state is locked{}", holder.as_ref().map(describe).unwrap_or_default())]
    Locked { path: PathBuf, holder: Option<Holder> },
}

fn describe(holder: &Holder) -> String {
    let Holder { id, user, host, pid, command, since } = holder;
    format!(" by `{command}` of {user} on {host} (process {pid}, since {since}, lock {id})")
}

pub(super) fn io(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> StateError {
    move |source| StateError::Io { action, path: path.to_owned(), source }
}

/// `gitlab.json` and `journal` make `gitlab.json.journal`.
pub(super) fn sibling(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Reads a state without locking it; `None` when there never was one.
///
/// # Errors
/// [`StateError::Damaged`] whenever something is there that is not a whole state; it is never taken for nothing.
pub fn read(path: &Path) -> Result<Option<State>, StateError> {
    // The journal first: a writer that folds it meanwhile leaves a snapshot that holds it already.
    let journal = read_file(&sibling(path, "journal"))?;
    let damaged = |source| StateError::Damaged { path: path.to_owned(), source };
    let Some(snapshot) = read_file(path)? else {
        let backup = sibling(path, "backup");
        return match (journal, backup.exists()) {
            (None, false) => Ok(None),
            (Some(_), _) => Err(damaged(Damage::SnapshotMissing { sibling: "journal" })),
            (None, true) => Err(damaged(Damage::SnapshotMissing { sibling: "backup" })),
        };
    };
    let state = format::decode(&snapshot).map_err(damaged)?;
    match journal {
        None => Ok(Some(state)),
        Some(journal) => journal::replay(state, &journal).map(Some).map_err(damaged),
    }
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    match file::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io("read", path)(source)),
    }
}

/// A locked state that can be written. Every edit is on disk when [`Writer::edit`] returns.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    state: State,
    journal: Option<(Frames, File)>,
    /// Whether the state exists in memory alone: nothing is written before the first edit.
    is_new: bool,
    /// Held as long as the writer lives.
    _lock: Lock,
}

/// Whether the version before the last write is kept.
pub fn has_backup(path: &Path) -> bool {
    sibling(path, "backup").exists()
}

/// Locks the state and opens it for writing; `fresh` makes it when there never was one.
///
/// # Errors
/// [`StateError::Locked`] when another run holds it for longer than `timeout`.
pub fn open(
    path: &Path,
    command: &str,
    timeout: Duration,
    fresh: impl FnOnce() -> State,
) -> Result<Writer, StateError> {
    // Renaming over a link would replace the link, not what it points to.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = folder(&path);
    std::fs::create_dir_all(folder).map_err(io("create", folder))?;
    let lock = Lock::take(&lock::path_for(&path), &Holder::this_run(command), timeout)?;
    let found = read(&path)?;
    let is_new = found.is_none();
    let mut writer = Writer { state: found.unwrap_or_else(fresh), path, journal: None, is_new, _lock: lock };
    if sibling(&writer.path, "journal").exists() {
        writer.write_snapshot()?;
    }
    Ok(writer)
}

/// Takes away the lock that `id` names; see [`Lock::force`].
///
/// # Errors
/// [`StateError::Locked`] when the run that holds it is alive, or has another id.
pub fn unlock(path: &Path, id: &str) -> Result<(), StateError> {
    Lock::force(&lock::path_for(path), id)
}

impl Writer {
    /// The state with every edit carried out.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether there was no state before: what is planned must not rest on the one in memory.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Carries out an edit and makes it durable, at a cost that does not depend on the state's size.
    ///
    /// # Errors
    /// [`StateError::Io`] when it cannot be made durable; nothing may be done in AWS then.
    pub fn edit(&mut self, edit: Edit) -> Result<(), StateError> {
        if self.is_new {
            self.write_snapshot()?;
        }
        let path = sibling(&self.path, "journal");
        let (frames, file) = match &mut self.journal {
            Some(open) => open,
            None => {
                let mut file = File::options()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .mode(0o600)
                    .open(&path)
                    .map_err(io("create", &path))?;
                let (frames, first) = Frames::start(&self.state);
                file.write_all(&first).map_err(io("write", &path))?;
                sync_folder(&self.path)?;
                self.journal.insert((frames, file))
            }
        };
        file.write_all(&frames.frame(&edit)).map_err(io("write", &path))?;
        file.sync_data().map_err(io("write", &path))?;
        self.state.apply(edit);
        Ok(())
    }

    /// Folds the journal into the snapshot and gives the lock back.
    ///
    /// # Errors
    /// [`StateError::Io`]; the journal then stays, and the next run reads it.
    pub fn close(mut self) -> Result<State, StateError> {
        if self.journal.is_some() {
            self.write_snapshot()?;
        }
        Ok(self.state)
    }

    fn write_snapshot(&mut self) -> Result<(), StateError> {
        let path = &self.path;
        let mut new = tempfile::Builder::new()
            .prefix(".state-")
            .tempfile_in(folder(path))
            .map_err(io("create a file beside", path))?;
        new.write_all(&format::encode(&self.state)).map_err(io("write", new.path()))?;
        new.as_file().sync_all().map_err(io("write", new.path()))?;
        if path.exists() {
            keep_backup(path)?;
        }
        new.persist(path).map_err(|error| io("replace", path)(error.error))?;
        sync_folder(path)?;
        self.journal = None;
        self.is_new = false;
        let journal = sibling(path, "journal");
        match std::fs::remove_file(&journal) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(io("remove", &journal)(error)),
            _ => sync_folder(path),
        }
    }
}

/// Keeps the previous snapshot under its second name, without a moment in which there is none.
fn keep_backup(path: &Path) -> Result<(), StateError> {
    let (backup, link) = (sibling(path, "backup"), sibling(path, "backup.new"));
    match std::fs::remove_file(&link) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io("remove", &link)(error)),
        _ => {}
    }
    std::fs::hard_link(path, &link).map_err(io("create", &link))?;
    std::fs::rename(&link, &backup).map_err(io("replace", &backup))
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A rename is durable only when its folder is.
fn sync_folder(path: &Path) -> Result<(), StateError> {
    let folder = folder(path);
    File::open(folder).and_then(|handle| handle.sync_all()).map_err(io("write", folder))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::tests::{sample, sample_edits};
    use super::*;

    fn writer(path: &Path) -> Writer {
        open(path, "test", Duration::ZERO, sample).expect("an unlocked state")
    }

    fn expected() -> State {
        let mut state = sample();
        sample_edits().into_iter().for_each(|edit| state.apply(edit));
        state
    }

    #[test]
    fn what_was_written_is_read_back_with_and_without_folding() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/gitlab.json");
        assert_eq!(read(&path).expect("nothing yet"), None);
        let mut writer = writer(&path);
        for edit in sample_edits() {
            writer.edit(edit).expect("a durable edit");
        }
        assert_eq!(read(&path).expect("snapshot and journal"), Some(expected()));
        writer.close().expect("a snapshot");
        assert!(!sibling(&path, "journal").exists());
        assert_eq!(read(&path).expect("the snapshot"), Some(expected()));
    }

    #[test]
    fn a_run_that_died_is_read_and_folded_by_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        let mut first = writer(&path);
        for edit in sample_edits() {
            first.edit(edit).expect("a durable edit");
        }
        drop(first);
        let second = writer(&path);
        assert_eq!(*second.state(), expected());
        assert!(!sibling(&path, "journal").exists());
    }

    #[test]
    fn a_second_run_is_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        let first = writer(&path);
        let error = open(&path, "apply", Duration::ZERO, sample).expect_err("the state is locked");
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
        assert!(unlock(&path, "any").is_err(), "a live run keeps its lock");
        drop(first);
        drop(writer(&path));
    }

    #[test]
    fn every_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        let mut first = writer(&path);
        first.edit(sample_edits().remove(0)).expect("a durable edit");
        first.close().expect("a snapshot");
        let mut second = writer(&path);
        second.edit(sample_edits().remove(0)).expect("a durable edit");
        for file in std::fs::read_dir(folder.path()).expect("the folder") {
            let file = file.expect("an entry");
            let mode = file.metadata().expect("its metadata").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
        }
    }

    #[test]
    fn a_state_that_lost_its_snapshot_is_damage_not_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        for _ in 0..2 {
            let mut writer = writer(&path);
            writer.edit(sample_edits().remove(0)).expect("a durable edit");
            writer.close().expect("a snapshot");
        }
        std::fs::remove_file(&path).expect("the snapshot is there");
        assert!(matches!(read(&path), Err(StateError::Damaged { .. })));
        std::fs::write(&path, b"").expect("an empty file");
        assert!(matches!(read(&path), Err(StateError::Damaged { source: Damage::Empty, .. })));
    }
}
