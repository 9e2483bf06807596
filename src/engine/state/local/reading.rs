//! Reads a state from its files: the snapshot with what the journal knows besides, and never one that is older than its backup.

use std::io::ErrorKind;
use std::path::Path;

use super::super::State;
use super::super::error::{StateError, io};
use super::super::format::{self, Damage};
use super::super::journal;
use super::super::links::{is_open_to_others, refuse_link, resolved};
use super::sibling;
use crate::engine::file;

/// Reads a state without locking it; `None` when there never was one.
///
/// # Errors
/// [`StateError::Damaged`] whenever something is there that is not a whole state; it is never taken for nothing.
pub(super) fn read(path: &Path) -> Result<Option<State>, StateError> {
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
