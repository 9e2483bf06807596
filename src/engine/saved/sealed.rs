//! The file of a saved plan: written whole, and read only as it was written.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{SavedPlan, digest};
use crate::engine::file;
use crate::engine::plan::FORMAT_VERSION;

/// Why a saved plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedPlanError {
    #[error("cannot {action} the plan {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{} is not a plan that provision saved", path.display())]
    NotAPlan { path: PathBuf, source: serde_json::Error },
    #[error("{} was changed after it was saved: its digests do not agree with its content", path.display())]
    Changed { path: PathBuf },
    #[error(
        "{} was written by a newer version of provision (format {found}); this one reads up to {FORMAT_VERSION}",
        path.display()
    )]
    Newer { path: PathBuf, found: String },
    #[error(
        "{} was written by version {by} of provision, and this is {}",
        path.display(),
        env!("CARGO_PKG_VERSION")
    )]
    OtherProgram { path: PathBuf, by: String },
    #[error("{} is whole, and was written by another build of provision", path.display())]
    OtherBuild { path: PathBuf },
}

/// The beginning of every saved plan, in any version.
#[derive(Default, Deserialize)]
struct Header {
    #[serde(default)]
    format_version: String,
    #[serde(default)]
    written_by: Option<String>,
    #[serde(default)]
    checksum: String,
    /// True if no byte was changed.
    #[serde(skip)]
    is_whole: bool,
}

impl Header {
    /// The header of a saved plan, if no byte of it was changed; an empty one otherwise.
    fn of_whole(bytes: &[u8]) -> Self {
        let Ok(header) = serde_json::from_slice::<Self>(bytes) else { return Self::default() };
        let with = |checksum: &str| format!("\"checksum\": \"{checksum}\"");
        let text = String::from_utf8_lossy(bytes).replacen(&with(&header.checksum), &with(""), 1);
        match digest(text.as_bytes()) == header.checksum {
            true => Self { is_whole: true, ..header },
            false => Self::default(),
        }
    }

    /// The version of a format that only newer programs read: the number before the dot counts.
    fn newer_format(&self) -> Option<String> {
        let major = |version: &str| version.split('.').next().and_then(|major| major.parse::<u64>().ok());
        (major(&self.format_version)? > major(FORMAT_VERSION)?).then(|| self.format_version.clone())
    }

    fn other_program(&self) -> Option<String> {
        self.written_by.clone().filter(|by| by != env!("CARGO_PKG_VERSION"))
    }
}

impl SavedPlan {
    /// True if bytes are a saved plan of any version, also one that was changed since: nothing else is lost where another plan is
    /// written over it.
    pub fn is_one(bytes: &[u8]) -> bool {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) else { return false };
        let is_text = |name: &str| value.get(name).is_some_and(serde_json::Value::is_string);
        value.get("plan").is_some_and(serde_json::Value::is_object)
            && ["format_version", "digest", "checksum"].into_iter().all(is_text)
    }

    /// Writes the plan to a file of mode 0600 that appears whole or not at all.
    ///
    /// # Errors
    /// [`SavedPlanError::Io`]
    pub fn write(&self, path: &Path) -> Result<(), SavedPlanError> {
        file::write(path, &self.bytes(), file::Readers::OwnerAlone).map_err(|source| SavedPlanError::Io {
            action: "write",
            path: path.to_owned(),
            source,
        })
    }

    /// The file: with a checksum, since the digest leaves out what was checked beforehand.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let pretty =
            |saved: &Self| serde_json::to_string_pretty(saved).expect("a plan has string keys only") + "\n";
        let content = Self { checksum: String::new(), ..self.clone() };
        let checksum = digest(pretty(&content).as_bytes());
        pretty(&Self { checksum, ..content }).into_bytes()
    }

    /// Reads a plan and holds its digest and every byte against its content.
    ///
    /// # Errors
    /// [`SavedPlanError`]; a file that was cut, changed or made by another program never gets any further.
    pub fn read(path: &Path) -> Result<Self, SavedPlanError> {
        let io = |source| SavedPlanError::Io { action: "read", path: path.to_owned(), source };
        let bytes = file::read(path).map_err(io)?;
        // Only what is whole says by what it was written.
        let written = Header::of_whole(&bytes);
        if let Some(found) = written.newer_format() {
            return Err(SavedPlanError::Newer { path: path.to_owned(), found });
        }
        let other_program = written.other_program();
        let saved: Self = serde_json::from_slice(&bytes).map_err(|source| match &other_program {
            Some(by) => SavedPlanError::OtherProgram { path: path.to_owned(), by: by.clone() },
            None => SavedPlanError::NotAPlan { path: path.to_owned(), source },
        })?;
        match other_program {
            _ if saved.is_what_was_written(&bytes) => Ok(saved),
            // Its bytes hold what this program does not know.
            Some(by) => Err(SavedPlanError::OtherProgram { path: path.to_owned(), by }),
            None if written.is_whole => Err(SavedPlanError::OtherBuild { path: path.to_owned() }),
            None => Err(SavedPlanError::Changed { path: path.to_owned() }),
        }
    }

    /// Byte for byte: a field that is there twice, or that no version knows, is not in what was read.
    pub(super) fn is_what_was_written(&self, bytes: &[u8]) -> bool {
        self.computed_digest() == self.digest && self.bytes() == bytes
    }
}
