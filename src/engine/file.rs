//! Files that the caller names: read where they are plain files of a bearable size, written whole or not at all.

use std::fs::{File, Permissions};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The largest size of a file, in bytes: more than any stack, plan or state that a person could look through.
pub const LARGEST: u64 = 64 * 1024 * 1024;

/// The whole content of a file.
///
/// # Errors
/// The system's error, and besides [`ErrorKind::IsADirectory`], [`ErrorKind::InvalidInput`] for what is no file,
/// and [`ErrorKind::FileTooLarge`].
pub fn read(path: &Path) -> Result<Vec<u8>> {
    // Opening a named pipe would wait for another process to write into it.
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(Error::new(ErrorKind::IsADirectory, "it is a folder"));
    }
    if !metadata.is_file() {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            "it is not a file, but a pipe, a socket or a device",
        ));
    }
    let mut content = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LARGEST {
        let message = format!("it is larger than {} MiB, which no file of provision is", LARGEST >> 20);
        return Err(Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(content)
}

/// For whom a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Mode 0600.
    OwnerAlone,
    /// The mode of any new file: 0666 without what the process's mask takes away.
    AsUsual,
}

/// Writes the file in the place of one that may be there, whole or not at all. Makes its folder where there is none.
///
/// # Errors
/// The system's error.
pub fn write(path: &Path, content: &[u8], readers: Readers) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mode = match readers {
        Readers::OwnerAlone => 0o600,
        Readers::AsUsual => 0o666,
    };
    let mut builder = tempfile::Builder::new();
    let new = builder.prefix(".provision-").permissions(Permissions::from_mode(mode)).tempfile_in(folder);
    let mut file = new.map_err(of_system)?;
    file.as_file_mut().write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// The system's error without the name of the file that was to be written first: that one says nothing to anybody.
pub fn of_system(error: Error) -> Error {
    if error.raw_os_error().is_some() { error } else { Error::from(error.kind()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_for_its_owner_alone_is_that_whatever_the_mask() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new/plan");
        write(&path, b"one", Readers::OwnerAlone).expect("it can be written");
        write(&path, b"two", Readers::OwnerAlone).expect("it can be replaced");
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!((read(&path).expect("it is there"), mode & 0o777), (b"two".to_vec(), 0o600));
        let left = std::fs::read_dir(folder.path().join("new")).expect("a folder").count();
        assert_eq!(left, 1, "nothing is left beside it");
    }

    #[test]
    fn an_error_of_writing_names_no_file_that_nobody_asked_for() {
        let error =
            write(Path::new("/proc/new"), b"one", Readers::AsUsual).expect_err("nothing is made there");
        assert!(!error.to_string().contains(".provision-"), "{error}");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn only_a_file_of_a_bearable_size_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let kind = |path: &Path| read(path).expect_err("it cannot be read").kind();
        assert_eq!(kind(&path), ErrorKind::NotFound);
        assert_eq!(kind(folder.path()), ErrorKind::IsADirectory);
        assert_eq!(kind(Path::new("/dev/zero")), ErrorKind::InvalidInput);
        std::fs::write(&path, "content").expect("it can be written");
        assert_eq!(read(&path).expect("a file"), b"content");
        let sparse = File::options().write(true).open(&path).and_then(|file| file.set_len(LARGEST + 1));
        sparse.expect("a hole takes no room");
        assert_eq!(kind(&path), ErrorKind::FileTooLarge);
    }
}
