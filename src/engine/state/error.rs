//! Why a state cannot be read or written.

use std::path::{Path, PathBuf};

use super::format::Damage;
use super::lock::Holder;
use crate::engine::cloud::CloudError;

/// Why a state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    /// All that was done is in the journal, which the next run reads.
    #[error("the state is recorded in {} alone", journal.display())]
    InJournalAlone { journal: PathBuf, source: Box<StateError> },
    #[error("cannot {action} {place}")]
    S3 { action: &'static str, place: String, source: CloudError },
    /// `backup` is where the version before is kept, if nothing newer is lost by going on from it.
    #[error("the state {place} cannot be used")]
    Damaged { place: String, backup: Option<String>, source: Damage },
    /// `can_be_taken` is true for a lock that `state unlock` takes away: that its run is alive is not known.
    #[error("the state is locked{}", holder.as_ref().map(by).unwrap_or_default())]
    Locked { holder: Option<Holder>, can_be_taken: bool },
    /// The lock was held, and is not held any more.
    #[error("the lock of {place} was lost: it is held{}", holder.as_ref().map_or_else(|| " by nobody".to_owned(), by))]
    LockLost { place: String, holder: Option<Holder> },
    /// The state was there, and is not there any more.
    #[error("the state {place} was deleted while it was locked")]
    Vanished { place: String },
    /// The store writes even if the condition is false, so that its lock keeps no run out.
    #[error("the store of {place} ignores the conditions of writes: two runs could hold the lock at once")]
    Unconditional { place: String },
    /// A write was given up because the run had to end, or nothing is written any more because an earlier one failed.
    #[error("the state could not be saved in time: what is recorded is behind what was done")]
    Unsaved,
}

fn by(holder: &Holder) -> String {
    format!(" by {}", holder.run_and_lock())
}

pub(super) fn io(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> StateError {
    move |source| StateError::Io { action, path: path.to_owned(), source }
}
