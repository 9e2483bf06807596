//! The files that commands write beside the state: what holds anything else is never written over.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::engine::file;
use crate::engine::saved::SavedPlan;
use crate::engine::state::{BESIDE, beside};
use crate::gitlab::is_rendered;
use crate::terraform::{is_exported, is_removal};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, is_page};

use super::stack_file::NAMES;

const DEVICE: &str = "is not a file, but a pipe, a socket or a device";

/// What is written, by the option that names its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `--out`
    Saved,
    /// `--html`
    Page,
    /// `--removed`
    Removal,
    /// `export terraform --out`, one of the files in the folder.
    Exported,
    /// A rendered file, of `render --out` or of an apply.
    Rendered,
}

/// The files of a stack that are there for something else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken<'a> {
    /// None for the built-in stack.
    pub(super) stack_files: &'a [PathBuf],
    /// Nothing for a state in a bucket.
    pub(super) state: Option<&'a Path>,
}

/// Checks that a file may be written: it is not there, is empty, or has what this option wrote before.
///
/// # Errors
/// [`FailureKind::Usage`], with a file that can be written.
pub(super) fn may_be_written(path: &Path, form: Form, taken: Taken<'_>) -> Result<(), Failure> {
    let refused = |holds: &str| {
        let name = harmless(&path.to_string_lossy()).into_owned();
        let message = format!("{name} {holds}, and {} does not write over it", form.option());
        Failure::message(FailureKind::Usage, message).hint(form.hint())
    };
    if let Some(holds) = belongs(path, taken) {
        return Err(refused(holds));
    }
    if is_device(path) {
        return Err(refused(DEVICE));
    }
    match file::read(path) {
        Ok(content) if content.is_empty() || form.wrote(&content) => Ok(()),
        Ok(_) => Err(refused(form.otherwise())),
        Err(error) => match error.kind() {
            ErrorKind::NotFound => Ok(()),
            // What is wrong with the folder is said when the file is made.
            ErrorKind::NotADirectory => Ok(()),
            ErrorKind::IsADirectory => Err(refused("is a folder")),
            ErrorKind::InvalidInput => Err(refused(DEVICE)),
            ErrorKind::FileTooLarge => Err(refused(form.otherwise())),
            _ => Err(refused(&format!("is there and cannot be read ({error})"))),
        },
    }
}

/// The hint on a file that could not be written, which this names: `--out`.
pub(super) fn to_write(error: &io::Error, named_by: &str) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            format!("make its folder writable for you, or name a file elsewhere with {named_by}")
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("make room on that disk, or name a file elsewhere with {named_by}")
        }
        _ => format!("name a file elsewhere with {named_by}"),
    }
}

/// Checks that a plan and its page are not to be written to one file.
///
/// # Errors
/// [`FailureKind::Usage`]
pub(super) fn are_apart(out: &Path, html: &Path) -> Result<(), Failure> {
    if place(out) != place(html) {
        return Ok(());
    }
    let message = format!("--out and --html both name {}", harmless(&out.to_string_lossy()));
    Err(Failure::message(FailureKind::Usage, message).hint("name two files"))
}

impl Form {
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::Saved | Self::Exported => "--out",
            Self::Page => "--html",
            Self::Removal => "--removed",
            Self::Rendered => "provision render",
        }
    }

    fn wrote(self, content: &[u8]) -> bool {
        match self {
            Self::Saved => SavedPlan::is_one(content),
            Self::Page => is_page(content),
            Self::Removal => is_removal(content),
            Self::Exported => is_exported(content),
            Self::Rendered => is_rendered(content),
        }
    }

    fn otherwise(self) -> &'static str {
        match self {
            Self::Saved => "is there and is not a plan that provision saved",
            Self::Page => "is there and is not a page that provision wrote",
            Self::Removal => "is there and holds more than blocks that provision wrote",
            Self::Exported => "is there and was not written by this command",
            Self::Rendered => "is there and was not rendered",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Saved => "without a file, the plan gets a new name of its own: provision plan --out",
            Self::Page => "name a file that is not there yet, or the page of an earlier plan",
            Self::Removal => "name a file that is not there yet, or one that --removed wrote before",
            Self::Exported => "name another folder, such as: provision export terraform --out from-provision",
            Self::Rendered => {
                "take the file away, or name another folder with --out, or as `out` below `render:` in the stack file"
            }
        }
    }
}

/// The use that a path has for a stack, whether there is a file or not.
fn belongs(path: &Path, taken: Taken<'_>) -> Option<&'static str> {
    let here = place(path);
    let is = |other: &Path| place(other) == here;
    if taken.stack_files.iter().any(|file| is(file)) {
        return Some("is the stack file");
    }
    if path.file_name().is_some_and(|name| NAMES.iter().any(|known| name == *known)) {
        return Some("has the name of a stack file");
    }
    if taken.state.is_some_and(is) {
        return Some("is the place of the state");
    }
    let of_state = |state: &Path| BESIDE.iter().any(|ending| beside(&place(state), ending) == here);
    // Another stack's state has such files too.
    let ending = path.extension().filter(|ending| BESIDE.iter().any(|known| ending == known));
    let of_another = ending.is_some() && path.with_extension("").exists();
    (taken.state.is_some_and(of_state) || of_another).then_some("has the name of a file beside a state")
}

/// True for `/dev/stdout` and its like also where they lead to a file: the link would be replaced.
fn is_device(path: &Path) -> bool {
    path.parent() == Some(Path::new("/dev")) || path.starts_with("/proc")
}

/// The path without links, as far as it leads to what is there.
fn place(path: &Path) -> PathBuf {
    if let Ok(place) = path.canonicalize() {
        return place;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
    }
}
