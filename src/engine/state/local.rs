//! The state in a local folder: a snapshot that is only ever replaced whole, and a journal beside it.

mod reading;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::error::{StateError, io};
use super::format;
use super::journal::Frames;
use super::links::{close_to_others, resolved};
use super::lock::{self, Holder, Lock};
use super::store::{Backend, Keeper, Opened, Sight, Written};
use super::{Edit, State};
use crate::engine::file;

use reading::read;

/// The endings of the files that stand beside a state.
pub const BESIDE: [&str; 3] = ["journal", "backup", "lock"];

/// `gitlab.json` and `journal` make `gitlab.json.journal`.
pub fn sibling(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// A state in a file.
#[derive(Clone, Debug)]
pub(super) struct LocalState {
    path: PathBuf,
}

impl LocalState {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl fmt::Display for LocalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

impl Backend for LocalState {
    fn file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn read(&self) -> BoxFuture<'_, Result<Option<State>, StateError>> {
        Box::pin(async { read(&self.path) })
    }

    fn look(&self) -> BoxFuture<'_, Result<Sight, StateError>> {
        Box::pin(async {
            let state = read(&self.path)?;
            // A lock in a folder ends with its process.
            Ok(Sight { state, holder: Lock::holder(&lock::path_for(&resolved(&self.path)?)), left_by: None })
        })
    }

    fn lock(&self, holder: Holder, timeout: Duration) -> BoxFuture<'_, Result<Opened, StateError>> {
        Box::pin(async move {
            let (files, found) = open(&self.path, &holder, timeout).await?;
            Ok((Box::new(files) as Box<dyn Keeper>, found))
        })
    }

    fn has_a_lock_to_take_away<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, StateError>> {
        Box::pin(async move { Lock::is_lost(&lock::path_for(&resolved(&self.path)?), id) })
    }

    fn unlock<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move { Lock::force(&lock::path_for(&resolved(&self.path)?), id) })
    }
}

/// The files of a state that this run has locked.
#[derive(Debug)]
struct Files {
    path: PathBuf,
    journal: Option<(Frames, File)>,
    /// True if there is a snapshot that a journal can go on from, in the format of now.
    exists: bool,
    /// Held as long as the files are.
    _lock: Lock,
}

/// Locks the state and reads it; `None` when there never was one.
///
/// # Errors
/// [`StateError::Locked`] when another run holds it for longer than `timeout`.
async fn open(path: &Path, holder: &Holder, timeout: Duration) -> Result<(Files, Option<State>), StateError> {
    let path = resolved(path)?;
    let folder = folder(&path);
    std::fs::create_dir_all(folder).map_err(io("create", folder))?;
    let lock = Lock::take(&lock::path_for(&path), holder, timeout).await?;
    let found = read(&path)?;
    // Older programs know nothing of newer edits: a snapshot of an older format is written anew before there is a journal.
    let is_current = found.as_ref().is_some_and(|state| state.version == State::VERSION);
    let mut files = Files { path, journal: None, exists: is_current, _lock: lock };
    if let Some(state) = &found
        && sibling(&files.path, "journal").exists()
    {
        files.write_snapshot(&State { version: State::VERSION, ..state.clone() })?;
    }
    Ok((files, found))
}

/// Gives the files of a state that no run has locked another name; a second call finishes what the first one began.
///
/// # Errors
/// [`StateError::Locked`] when a run holds one of the two, and [`StateError::Io`].
pub async fn relocate(from: &Path, to: &Path, timeout: Duration) -> Result<(), StateError> {
    let holder = Holder::this_run("state", "unknown");
    let _from = Lock::take(&lock::path_for(&resolved(from)?), &holder, timeout).await?;
    let _to = Lock::take(&lock::path_for(&resolved(to)?), &holder, timeout).await?;
    if from.is_symlink() {
        // A file beside the one that the link leads to has that one's name, and stays.
        std::fs::rename(from, to).map_err(io("rename", from))?;
        return sync_folder(to);
    }
    // The snapshot first: without it, a backup would be taken for what is left of a damaged state.
    let backups = (sibling(from, "backup"), sibling(to, "backup"));
    for (from, to) in [(from.to_owned(), to.to_owned()), backups] {
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io("rename", &from)(error)),
            _ => {}
        }
    }
    sync_folder(to)
}

impl Keeper for Files {
    fn relieved(&self) -> Option<&Holder> {
        None
    }

    fn write<'a>(&'a mut self, edits: &'a [Edit], state: &'a State) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async { self.append(edits, state) })
    }

    fn lost(&self) -> BoxFuture<'_, StateError> {
        Box::pin(std::future::pending())
    }

    fn make_whole<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async { self.fold(state) })
    }

    fn release<'a>(
        mut self: Box<Self>,
        state: &'a State,
        written: Written,
    ) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move {
            match written {
                Written::All => self.fold(state),
                // The journal holds all there is.
                Written::NotTheStaged | Written::Unknown => Ok(()),
            }
        })
    }
}

impl Files {
    /// Makes edits durable, at a cost that does not depend on the state's size; `state` is what they lead to.
    ///
    /// # Errors
    /// [`StateError::Io`]; what is on disk then is the state with some of the edits, from the first one on.
    fn append(&mut self, edits: &[Edit], state: &State) -> Result<(), StateError> {
        if !self.exists {
            return self.write_snapshot(state);
        }
        let path = sibling(&self.path, "journal");
        let (frames, file) = match &mut self.journal {
            Some(open) => open,
            None => {
                // One that was there has been folded; what stands there now is nothing that this run made.
                let mut file = File::options()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)
                    .map_err(io("create", &path))?;
                let (frames, first) = Frames::start(&state.lineage, state.serial - edits.len() as u64);
                file.write_all(&first).map_err(io("write", &path))?;
                sync_folder(&self.path)?;
                self.journal.insert((frames, file))
            }
        };
        let lines: Vec<u8> = edits.iter().flat_map(|edit| frames.frame(edit)).collect();
        file.write_all(&lines).map_err(io("write", &path))?;
        file.sync_data().map_err(io("write", &path))
    }

    /// Folds the journal into the snapshot.
    ///
    /// # Errors
    /// [`StateError::Io`]; the journal then stays, and the next run reads it.
    fn fold(&mut self, state: &State) -> Result<(), StateError> {
        if self.journal.is_none() {
            return Ok(());
        }
        let journal = sibling(&self.path, "journal");
        self.write_snapshot(state).map_err(|error| match journal.exists() {
            true => StateError::InJournalAlone { journal, source: Box::new(error) },
            false => error,
        })
    }

    fn write_snapshot(&mut self, state: &State) -> Result<(), StateError> {
        let path = &self.path;
        let mut new = tempfile::Builder::new()
            .prefix(".state-")
            .tempfile_in(folder(path))
            .map_err(|error| io("write", path)(file::of_system(error)))?;
        // By the file itself: the error names the one that is meant, and not the one that takes its place.
        new.as_file_mut().write_all(&format::encode(state)).map_err(io("write", path))?;
        new.as_file().sync_all().map_err(io("write", path))?;
        if path.exists() {
            keep_backup(path)?;
        }
        new.persist(path).map_err(|error| io("write", path)(file::of_system(error.error)))?;
        sync_folder(path)?;
        self.journal = None;
        self.exists = true;
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
    close_to_others(path)?;
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
