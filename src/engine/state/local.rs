//! The state in a local folder: a snapshot that is only ever replaced whole, and a journal beside it.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::error::{StateError, io};
use super::format::{self, Damage};
use super::journal::{self, Frames};
use super::links::{close_to_others, is_open_to_others, refuse_link, resolved};
use super::lock::{self, Holder, Lock};
use super::store::{Backend, Keeper, Opened, Sight, Written};
use super::{Edit, State};
use crate::engine::file;

/// The endings of the files that stand beside a state.
pub const BESIDE: [&str; 3] = ["journal", "backup", "lock"];

/// `gitlab.json` and `journal` make `gitlab.json.journal`.
pub fn sibling(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Reads a state without locking it; `None` when there never was one.
///
/// # Errors
/// [`StateError::Damaged`] whenever something is there that is not a whole state; it is never taken for nothing.
fn read(path: &Path) -> Result<Option<State>, StateError> {
    let path = &resolved(path)?;
    let journal = sibling(path, "journal");
    refuse_link(&journal)?;
    // The journal first: a writer that folds it meanwhile leaves a snapshot that holds it already.
    let journal = read_file(&journal)?;
    let backup = sibling(path, "backup");
    let snapshot = read_file(path)?;
    let damaged = |source| StateError::Damaged {
        place: path.display().to_string(),
        backup: can_go_back(snapshot.as_deref(), &source, &backup).then(|| backup.display().to_string()),
        source,
    };
    let Some(snapshot) = &snapshot else {
        return match (journal, backup.exists()) {
            (None, false) => Ok(None),
            (Some(_), _) => Err(damaged(Damage::SnapshotMissing { sibling: "journal" })),
            (None, true) => Err(damaged(Damage::SnapshotMissing { sibling: "backup" })),
        };
    };
    if is_open_to_others(path) {
        tracing::warn!(state = %path.display(), "others may read or write the state; the next write ends that");
    }
    let state = format::decode(snapshot).map_err(damaged)?;
    let state = match journal {
        None => state,
        Some(journal) => journal::replay(state, &journal).map_err(damaged)?,
    };
    refuse_older(&state, &backup).map_err(damaged)?;
    Ok(Some(state))
}

/// Which version of a state a snapshot is, without all that it holds.
#[derive(serde::Deserialize)]
struct Version {
    lineage: String,
    serial: u64,
}

/// True if nothing newer that can be used is lost by going on from the backup: it is a whole state, and what is there is not the same
/// state at a later serial, nor another state. What has no right checksum is kept beside it whatever its serial, and is no state.
fn can_go_back(snapshot: Option<&[u8]>, damage: &Damage, backup: &Path) -> bool {
    let Some(kept) = file::read(backup).ok().and_then(|bytes| format::decode(&bytes).ok()) else {
        return false;
    };
    match snapshot.and_then(|bytes| serde_json::from_slice::<Version>(bytes).ok()) {
        Some(there) => {
            let is_none = matches!(damage, Damage::Checksum | Damage::NoChecksum);
            there.lineage == kept.lineage && (is_none || there.serial <= kept.serial)
        }
        // Nothing in it can be told any more.
        None => true,
    }
}

/// A state is never older than the version before it: one that is was put back, and does not know what came after.
fn refuse_older(state: &State, backup: &Path) -> Result<(), Damage> {
    // A backup that cannot be read says nothing, and is in no one's way.
    let Ok(bytes) = file::read(backup) else { return Ok(()) };
    let is_newer = |kept: &Version| kept.lineage == state.lineage && kept.serial > state.serial;
    let claimed: Option<Version> = serde_json::from_slice(&bytes).ok().filter(is_newer);
    match claimed.and_then(|_| format::decode(&bytes).ok()) {
        Some(kept) => Err(Damage::Older { serial: state.serial, kept: kept.serial }),
        None => Ok(()),
    }
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    match file::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io("read", path)(source)),
    }
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::tests::{sample, sample_edits};
    use super::super::{Store, Writer};
    use super::*;

    async fn writer(path: &Path) -> Writer {
        Store::local(path.to_owned()).open("test", Duration::ZERO, sample).await.expect("an unlocked state")
    }

    /// Writes the sample edits, each durable by itself.
    async fn write_all(writer: &mut Writer) {
        for edit in sample_edits() {
            writer.edit(edit);
            writer.commit().await.expect("a durable edit");
        }
    }

    fn expected() -> State {
        let mut state = sample();
        sample_edits().into_iter().for_each(|edit| state.apply(edit));
        content(state)
    }

    /// A state without its runs, which are edits too.
    fn content(state: State) -> State {
        State { runs: Vec::new(), serial: 0, ..state }
    }

    #[tokio::test]
    async fn what_was_written_is_read_back_with_and_without_folding() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/gitlab.json");
        assert_eq!(read(&path).expect("nothing yet"), None);
        let mut writer = writer(&path).await;
        write_all(&mut writer).await;
        assert_eq!(read(&path).expect("snapshot and journal").map(content), Some(expected()));
        writer.close().await.expect("a snapshot");
        assert!(!sibling(&path, "journal").exists());
        assert_eq!(read(&path).expect("the snapshot").map(content), Some(expected()));
    }

    #[tokio::test]
    async fn a_renamed_state_takes_its_backup_along_whenever_that_was_interrupted() {
        for interrupted in [false, true] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = |name: &str| folder.path().join(name);
            for _ in 0..2 {
                let mut writer = writer(&path("old.json")).await;
                write_all(&mut writer).await;
                writer.close().await.expect("a snapshot");
            }
            let before = read(&path("old.json")).expect("a state");
            if interrupted {
                std::fs::rename(path("old.json"), path("new.json")).expect("it is there");
            }
            relocate(&path("old.json"), &path("new.json"), Duration::ZERO).await.expect("it is free");
            assert_eq!(read(&path("new.json")).expect("a state"), before);
            assert_eq!(read(&path("old.json")).expect("nothing is left"), None);
            assert!(path("new.json.backup").exists());
        }
    }

    #[tokio::test]
    async fn a_run_that_died_is_read_and_folded_by_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        let mut first = writer(&path).await;
        write_all(&mut first).await;
        drop(first);
        let second = writer(&path).await;
        assert_eq!(content(second.state().clone()), expected());
        assert!(!sibling(&path, "journal").exists());
    }

    #[tokio::test]
    async fn what_is_not_committed_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        let mut first = writer(&path).await;
        write_all(&mut first).await;
        first.edit(Edit::Remove { address: "aws_vpc.other".parse().expect("an address") });
        drop(first);
        assert_eq!(read(&path).expect("what was committed").map(content), Some(expected()));
    }

    #[tokio::test]
    async fn a_second_run_is_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        let first = writer(&path).await;
        let store = Store::local(path.clone());
        let error = store.open("apply", Duration::ZERO, sample).await.expect_err("the state is locked");
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
        assert!(store.unlock("any").await.is_err(), "a live run keeps its lock");
        let at_work = async || store.look().await.expect("the state can be read").holder;
        assert_eq!(at_work().await.map(|holder| holder.command), Some("test".to_owned()));
        drop(first);
        assert_eq!(at_work().await, None);
        drop(writer(&path).await);
    }

    #[tokio::test]
    async fn every_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        let mut first = writer(&path).await;
        write_all(&mut first).await;
        first.close().await.expect("a snapshot");
        let mut second = writer(&path).await;
        write_all(&mut second).await;
        for file in std::fs::read_dir(folder.path()).expect("the folder") {
            let file = file.expect("an entry");
            let mode = file.metadata().expect("its metadata").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
        }
    }

    #[tokio::test]
    async fn a_state_older_than_its_backup_is_not_taken_and_the_backup_itself_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        writer(&path).await.close().await.expect("nothing to write");
        let mut versions = Vec::new();
        for _ in 0..3 {
            let mut writer = writer(&path).await;
            write_all(&mut writer).await;
            writer.close().await.expect("a snapshot");
            versions.push(std::fs::read(&path).expect("a snapshot"));
        }
        std::fs::write(&path, &versions[0]).expect("the folder can be written");
        assert!(matches!(read(&path), Err(StateError::Damaged { source: Damage::Older { .. }, .. })));
        std::fs::write(&path, &versions[1]).expect("the folder can be written");
        assert!(read(&path).expect("the version before, put back").is_some());
    }

    /// A state with a version before it.
    async fn write_twice(path: &Path) {
        for _ in 0..2 {
            let mut writer = writer(path).await;
            write_all(&mut writer).await;
            writer.close().await.expect("a snapshot");
        }
    }

    #[tokio::test]
    async fn a_state_that_was_edited_by_hand_has_its_backup_to_go_on_from_though_its_serial_is_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        write_twice(&path).await;
        let backup = std::fs::read(sibling(&path, "backup")).expect("the version before");
        let whole = std::fs::read_to_string(&path).expect("a snapshot");
        let way = |path: &Path| match read(path) {
            Err(StateError::Damaged { backup, source, .. }) => (backup.is_some(), source.to_string()),
            other => panic!("{other:?}"),
        };
        std::fs::write(&path, whole.replace("eu-west-1", "eu-west-2")).expect("the folder can be written");
        let (has_one, said) = way(&path);
        assert!(has_one && said.contains("checksum"), "{said}");
        // Another state is none that it could go on from, and a backup that is edited too is none at all.
        std::fs::write(&path, whole.replace("lineage-1", "lineage-2")).expect("the folder can be written");
        assert!(!way(&path).0);
        std::fs::write(&path, whole.replace("eu-west-1", "eu-west-2")).expect("the folder can be written");
        let edited = String::from_utf8_lossy(&backup).replace("eu-west-1", "eu-west-2");
        std::fs::write(sibling(&path, "backup"), edited).expect("the folder can be written");
        assert!(!way(&path).0);
    }

    #[tokio::test]
    async fn a_state_that_lost_its_snapshot_is_damage_not_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gitlab.json");
        write_twice(&path).await;
        std::fs::remove_file(&path).expect("the snapshot is there");
        assert!(matches!(read(&path), Err(StateError::Damaged { .. })));
        std::fs::write(&path, b"").expect("an empty file");
        assert!(matches!(read(&path), Err(StateError::Damaged { source: Damage::Empty, .. })));
    }
}
