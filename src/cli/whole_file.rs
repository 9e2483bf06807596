//! Writes a file that appears whole or not at all.
//! Knows nothing of what is in it.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes the file in the place of one that may be there, with the permissions that any new file has.
///
/// # Errors
/// What the system says: the folder is not there, or not to be written to.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // The mask of the process takes away from these what it does not give.
    let usual = Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(".page-").permissions(usual).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
