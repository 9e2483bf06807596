//! A state that cannot be used, with what to type about it.

use std::io::ErrorKind;
use std::path::Path;

use crate::engine::cloud::CloudError;
use crate::engine::executor::hint_for_code;
use crate::engine::state::{Damage, Holder, StateError};
use crate::stack::S3Place;
use crate::view::failure::{Failure, FailureKind};

/// A state that cannot be used, with what to do about it.
pub(in crate::cli) fn state_failure(error: StateError) -> Failure {
    let kind = match &error {
        StateError::Locked { .. } => FailureKind::Locked,
        // Only a run that was asked to end gives a write up.
        StateError::Unsaved => FailureKind::Interrupted,
        _ => FailureKind::Failed,
    };
    let hint = match &error {
        StateError::Locked { holder, can_be_taken } => hint_of_lock(holder.as_ref(), *can_be_taken),
        StateError::LockLost { .. } => {
            "nothing more was begun; what was is in the state, and the next provision apply looks at it".to_owned()
        }
        StateError::Vanished { .. } => {
            "nothing more was begun; the next one looks at what was: provision state rebuild, then provision apply"
                .to_owned()
        }
        StateError::Unconditional { .. } => {
            "nothing was begun; keep the state in Amazon S3, in a store that refuses a PutObject whose If-Match or \
             If-None-Match does not hold, or in a file, which --state names"
                .to_owned()
        }
        StateError::InJournalAlone { source, .. } => format!(
            "nothing is lost: every command reads it, and the next one that writes makes the state whole; before that, {}",
            to_be_written(source)
        ),
        StateError::Unsaved => "run the same command again: it reads AWS and carries on".to_owned(),
        StateError::Damaged {
            source: Damage::Newer { .. } | Damage::NewerLine { .. } | Damage::Shape(_), ..
        } => "update provision: the state is whole, and stays as it is until a version reads it that knows it"
            .to_owned(),
        StateError::Damaged { place, source: Damage::Frame { .. } | Damage::OtherJournal { .. }, .. } => format!(
            "the snapshot beside it is whole: move {place}.journal away, and have what it knew looked for in AWS: \
             provision state rebuild"
        ),
        StateError::Damaged { place, backup: Some(backup), source: Damage::Older { .. } } => format!(
            "go on from the newer one: cp {backup} {place}; if the older one is meant, move {backup} away, and have \
             what came after looked for in AWS: provision state rebuild"
        ),
        StateError::Damaged { place, backup: Some(backup), source: Damage::SnapshotMissing { .. } } => {
            let copy = if place.starts_with("s3://") { "aws s3 cp" } else { "cp" };
            format!(
                "put a copy of {place} back; without one, the version before is all there is: {copy} {backup} {place}, \
                 and have what came after it looked for in AWS: provision state rebuild"
            )
        }
        StateError::Damaged { place, backup: Some(backup), .. } => format!(
            "put a copy of {place} back; without one, keep what is there and go on from the version before: \
             mv {place} {place}.damaged, then cp {backup} {place}, and have what came after it looked for in AWS: \
             provision state rebuild"
        ),
        StateError::Damaged { place, backup: None, .. } if let Some(object) = place.strip_prefix("s3://") => {
            let (bucket, key) = object.split_once('/').unwrap_or((object, ""));
            format!(
                "put a whole version of it back; where the bucket keeps versions, they are listed by: aws s3api \
                 list-object-versions --bucket {bucket} --prefix {key}; where it keeps none, go on from the version before: aws s3 \
                 mv {place} {place}.damaged, then: aws s3 cp {place}.backup {place}, and have what came after it looked for in AWS: \
                 provision state rebuild"
            )
        }
        StateError::Damaged { place, backup: None, .. } => format!(
            "--state names another file, if this is not the one; if it is, put a copy of {place} back, or move it and \
             {place}.backup away and have it made anew: provision state rebuild"
        ),
        StateError::S3 { source, place, .. } => hint_of_bucket(source, place),
        StateError::Io { source, path, .. } => match source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                format!("{}, or name another file with --state", to_be_permitted(path))
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => NO_ROOM.to_owned(),
            _ => "name the state's file with --state".to_owned(),
        },
    };
    Failure::new(kind, error).hint(hint)
}

const NO_ROOM: &str = "make room on that disk";

/// The step after which a file can be written that could not be.
pub(in crate::cli) fn to_be_written(error: &StateError) -> String {
    match error {
        StateError::Io { source, path, .. } => match source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => to_be_permitted(path),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => NO_ROOM.to_owned(),
            _ => "mend that".to_owned(),
        },
        _ => "mend that".to_owned(),
    }
}

/// A file that is not there is made in its folder, which has to permit that.
fn to_be_permitted(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match path.symlink_metadata() {
        Ok(_) => "make it readable and writable for you".to_owned(),
        Err(_) => format!("make the folder {} readable and writable for you", folder.display()),
    }
}

/// Only what can help: a lock whose run is known to live is waited for, or ends with its process, and is not taken away.
fn hint_of_lock(holder: Option<&Holder>, can_be_taken: bool) -> String {
    const WAIT: &str = "wait for it with --lock-timeout 10m";
    match holder {
        Some(holder) if holder.is_alive_here() => format!(
            "that run is alive, as process {pid} of this machine: {WAIT}; or end that run, and it gives the lock back: kill {pid}",
            pid = holder.pid
        ),
        Some(holder) if can_be_taken && holder.is_here_no_more() => format!(
            "its process runs here no more; {WAIT}, until the lock runs out; or take it away: provision state unlock {}",
            holder.id
        ),
        Some(holder) if can_be_taken => {
            format!("{WAIT}; if that run is lost: provision state unlock {}", holder.id)
        }
        _ => format!("{WAIT}; the lock ends with the process that has it"),
    }
}

fn hint_of_bucket(error: &CloudError, place: &str) -> String {
    let bucket = place.parse().map_or_else(|_| "BUCKET".to_owned(), |place: S3Place| place.bucket);
    match error.code.as_str() {
        "NoSuchBucket" => format!(
            "name another one with --state; or make this one, which keeps older versions: aws s3 mb s3://{bucket}, then: aws s3api \
             put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
        ),
        // To a caller who may not list the bucket, AWS says this of every object that is not there.
        "AccessDenied" => {
            "a state in S3 needs s3:GetObject and s3:PutObject of it, and s3:ListBucket of its bucket \
                           (provision iam-policy); is it the right one (--state), and are you the right one (--profile)?"
                .to_owned()
        }
        code => hint_for_code(code).unwrap_or_else(|| "--state names the place of the state".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_cannot_be_taken_away_is_not_said_to_be() {
        let of =
            |host: &str, pid| Holder { host: host.to_owned(), pid, ..Holder::this_run("apply", "somebody") };
        let here = Holder::this_run("apply", "somebody").host;
        let (elsewhere, ended) = (of("another", 1), of(&here, std::process::id()));
        for (holder, can_be_taken) in [
            (Some(&elsewhere), false),
            (Some(&elsewhere), true),
            (Some(&ended), false),
            (Some(&ended), true),
            (None, false),
        ] {
            let hint = hint_of_lock(holder, can_be_taken);
            assert!(hint.contains("--lock-timeout"), "{hint}");
            assert_eq!(hint.contains("state unlock"), can_be_taken, "{hint}");
        }
        assert!(hint_of_lock(Some(&ended), true).contains("runs here no more"));
    }

    #[test]
    fn a_damaged_state_in_a_bucket_has_its_older_versions_to_go_on_from() {
        let place = "s3://states/team/shop.json".to_owned();
        let failure = state_failure(StateError::Damaged { place, backup: None, source: Damage::Checksum });
        let hint = failure.sentence().1.unwrap_or_default().to_owned();
        for way in [
            "aws s3api list-object-versions --bucket states --prefix team/shop.json",
            "aws s3 cp s3://states/team/shop.json.backup s3://states/team/shop.json",
        ] {
            assert!(hint.contains(way), "{hint}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_needs_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shop.json.lock");
        assert!(to_be_permitted(&path).contains(&format!("the folder {}", folder.path().display())));
        std::fs::write(&path, "").expect("the folder can be written");
        assert!(!to_be_permitted(&path).contains("folder"));
    }
}
