//! The real places of a state's files: the state may be a link to elsewhere, and nothing beside it may be.

use std::io::{Error, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::error::{StateError, io};

/// The file that a state's path stands for. A link is followed once and for all, since its journal, its lock and its
/// backup stand beside the file itself, and renaming over the link would replace the link.
///
/// # Errors
/// [`StateError::Io`] for a link to what is not there: a disk that is not mounted is no state without resources.
pub(super) fn resolved(path: &Path) -> Result<PathBuf, StateError> {
    if !path.is_symlink() {
        return Ok(path.to_owned());
    }
    std::fs::canonicalize(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            let message = "it is a link to what is not there: is a disk not mounted?";
            io("read", path)(Error::new(ErrorKind::NotFound, message))
        }
        _ => io("read", path)(error),
    })
}

/// Refuses a link where provision makes the file itself: the target, which another person may have chosen, would be read or
/// overwritten.
///
/// # Errors
/// [`StateError::Io`]
pub(super) fn refuse_link(path: &Path) -> Result<(), StateError> {
    if !path.is_symlink() {
        return Ok(());
    }
    let message = "it is a link, and this file is never one: look at what it points to, then delete the link";
    Err(io("use", path)(Error::new(ErrorKind::InvalidInput, message)))
}

/// Takes a file away from everybody but its owner. A state that was copied back may have any mode.
pub(super) fn close_to_others(path: &Path) -> Result<(), StateError> {
    if is_open_to_others(path) {
        let owner_alone = PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(path, owner_alone).map_err(io("change the mode of", path))?;
    }
    Ok(())
}

/// True if anyone but its owner may read or write a file.
pub(super) fn is_open_to_others(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_to_a_state_is_followed_and_one_to_nothing_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("real"), "").expect("the folder can be written");
        for (name, target) in [("link", "real"), ("second", "link"), ("lost", "nothing"), ("loop", "loop")] {
            symlink(target, at(name)).expect("the folder can be written");
        }
        let real = std::fs::canonicalize(at("real")).expect("it is there");
        assert_eq!(resolved(&at("second")).expect("a link to a link"), real);
        assert_eq!(resolved(&at("absent")).expect("a state to come"), at("absent"));
        for lost in ["lost", "loop"] {
            assert!(resolved(&at(lost)).is_err(), "{lost}");
        }
    }

    #[test]
    fn only_a_link_is_refused_as_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "").expect("the folder can be written");
        symlink("nothing", at("link")).expect("the folder can be written");
        assert!(refuse_link(&at("file")).is_ok() && refuse_link(&at("absent")).is_ok());
        assert!(refuse_link(&at("link")).is_err(), "whatever it points to");
    }

    #[test]
    fn a_file_that_others_could_read_is_closed_to_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, "").expect("the folder can be written");
        for mode in [0o644, 0o606, 0o600] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("it is ours");
            assert_eq!(is_open_to_others(&path), mode != 0o600);
            close_to_others(&path).expect("it is ours");
            assert!(!is_open_to_others(&path), "{mode:o}");
        }
    }
}
