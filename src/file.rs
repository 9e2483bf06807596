//! Reads a file that somebody named: a plain file of a bearable size, or an error that says what stands there instead.
//! Knows nothing of what is in it.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// How large a file may be, in bytes: more than any stack, plan or state that anybody could look through.
pub const LARGEST: u64 = 64 * 1024 * 1024;

/// The whole content of a file.
///
/// # Errors
/// What the system answers, and besides [`ErrorKind::IsADirectory`], [`ErrorKind::InvalidInput`] for what is no file,
/// and [`ErrorKind::FileTooLarge`].
pub fn read(path: &Path) -> Result<Vec<u8>> {
    // Opening a named pipe would wait for somebody to write into it.
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

#[cfg(test)]
mod tests {
    use super::*;

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
