//! The stack file that entries are written to: a new one, or one of those that are there.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::engine::file::{self, Readers};
use crate::engine::kind::Registry;
use crate::engine::take_over::Wish;
use crate::stack::{InvalidText, Sections, Stack, StackFile, StackName, describe, parse_files};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::super::options::Global;
use super::super::session::Session;
use super::super::stack_file::{Purpose, choose, is_taken_unasked, leads_nowhere, new_file};
use super::super::written::to_write;

/// The stack file that the entries are written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Place {
    /// A new one, for a stack of this name.
    Out { path: PathBuf, stack: Option<StackName> },
    /// One that is there.
    Into { path: Option<PathBuf> },
}

impl Place {
    /// The place that the options name, if they name one.
    pub(in crate::cli) fn named(
        out: Option<PathBuf>,
        into: Option<Option<PathBuf>>,
        stack: Option<StackName>,
    ) -> Option<Self> {
        match (out, into) {
            (Some(path), _) => Some(Self::Out { path, stack }),
            (None, Some(path)) => Some(Self::Into { path }),
            (None, None) => None,
        }
    }
}

/// A stack file as it is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct NewText {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// The text of the file now; nothing for a new one.
    pub(super) before: Option<String>,
    /// True for one of several files of a stack.
    pub(super) is_layer: bool,
}

/// The stack file that entries are written to, among the files of its stack.
pub(super) struct Target {
    pub(super) path: PathBuf,
    /// The text of the file; nothing for a new one.
    pub(super) before: Option<String>,
    /// All files of the stack, the lowest layer first, and which of them it is.
    files: Vec<StackFile>,
    at: usize,
}

impl Target {
    /// The stack, with this text in the file.
    pub(super) fn read(&self, text: &str, registry: &Registry) -> Result<Stack, Failure> {
        let mut files = self.files.clone();
        files[self.at].content = text.into();
        let mut stack = parse_files(&files, Sections::Written, false, registry)
            .map_err(|error| Failure::diagnostic(FailureKind::Failed, error))?;
        stack.read_files(&files);
        Ok(stack)
    }

    pub(super) fn is_layer(&self) -> bool {
        self.files.len() > 1
    }
}

/// A session for a stack whose file is to be written.
pub(super) async fn opened_anew(
    path: &Path,
    stack: Option<&StackName>,
    wishes: &[Wish],
    global: &Global,
) -> Result<(Session, Target), Failure> {
    if !global.config.is_empty() {
        let message = "--out writes a stack file of its own, and another one is named";
        return Err(Failure::message(FailureKind::Usage, message).hint(
            "leave --config (PROVISION_CONFIG) out; to add to a stack file that is there: --into FILE",
        ));
    }
    let name = match (stack, wishes.first()) {
        (Some(stack), _) => stack.clone(),
        (None, wish) => {
            let name = wish.map(|wish| wish.address.name()).unwrap_or_default();
            name.parse().map_err(|wrong: InvalidText| {
                Failure::usage(wrong).hint("name the stack with --stack NAME")
            })?
        }
    };
    let there = match leads_nowhere(path) {
        true => return Err(is_there(path)),
        false => written(path)?,
    };
    let begins = |text: &String| text.starts_with(&describe::whole_file(&name, None, None, &[]));
    if there.as_ref().is_some_and(|text| !begins(text)) {
        return Err(is_there(path));
    }
    let file = StackFile { name: path.display().to_string(), content: Vec::new() };
    let target = Target { path: path.to_owned(), before: there, files: vec![file], at: 0 };
    Ok((Session::open_new(global, new_file(name, path)?).await?, target))
}

pub(super) fn is_there(path: &Path) -> Failure {
    let message = format!("{} exists already, and is not written over", path.display());
    Failure::message(FailureKind::Usage, message)
        .hint("name another file with --out, or add to this one: --into FILE")
}

/// The session of a stack file that is there. One of several files of a stack is named beside all of them.
pub(super) async fn opened(path: Option<&Path>, global: &Global) -> Result<(Session, Target), Failure> {
    let global = match path {
        Some(_) if global.reference => return Err(no_file()),
        Some(path) if global.config.is_empty() => &Global { config: vec![path.to_owned()], ..global.clone() },
        _ => global,
    };
    // A wrong file is told of with the place.
    let chosen = choose(global, Purpose::Write, Sections::Any)?;
    let at = match (path, chosen.paths()) {
        (_, []) => return Err(no_file()),
        (None, [_]) => 0,
        (Some(path), all) => {
            let at = all.iter().position(|one| is_same(one, path));
            at.ok_or_else(|| not_among(path, all))?
        }
        (None, several) => return Err(several_files(several)),
    };
    let path = chosen.paths()[at].clone();
    let files = chosen.files().to_vec();
    let text = String::from_utf8(files[at].content.clone()).map_err(|error| {
        Failure::message(FailureKind::Usage, format!("{} is no text: {error}", path.display()))
    })?;
    Ok((Session::open_new(global, chosen).await?, Target { path, before: Some(text), files, at }))
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().ok().is_some_and(|one| other.canonicalize().ok() == Some(one))
}

fn no_file() -> Failure {
    let message = "the built-in reference stack is no file that could be added to";
    Failure::message(FailureKind::Usage, message).hint("write a new one: --out provision.yaml")
}

fn several_files(all: &[PathBuf]) -> Failure {
    let last = all.last().map(|path| quoted(&path.to_string_lossy())).unwrap_or_default();
    Failure::message(
        FailureKind::Usage,
        "this stack has several files, and the entries are written into one of them",
    )
    .hint(format!(
        "name that one with --into, beside all that --config (PROVISION_CONFIG) names: --into {last}"
    ))
}

fn not_among(path: &Path, all: &[PathBuf]) -> Failure {
    let names: Vec<_> = all.iter().map(|path| path.to_string_lossy()).collect();
    let message = format!("{} is no file of this stack, which has {}", path.display(), names.join(", "));
    Failure::message(FailureKind::Usage, harmless(&message).into_owned())
        .hint("name one of these with --into, or leave --config (PROVISION_CONFIG) out")
}

/// The text of a file in which something is written.
fn written(path: &Path) -> Result<Option<String>, Failure> {
    match file::read(path) {
        Ok(content) if content.iter().all(u8::is_ascii_whitespace) => Ok(None),
        Ok(content) => Ok(Some(String::from_utf8_lossy(&content).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("{} is there and cannot be read: {error}", path.display());
            Err(Failure::message(FailureKind::Usage, message).hint(to_write(&error, "--out")))
        }
    }
}

/// Refuses a file that names no stack, where none of its name has begun: it may be one of the files of another stack.
pub(super) fn has_a_name(path: &Path, stack: &Stack, target: &Target) -> Result<(), Failure> {
    let says_it = target.before.as_ref().is_some_and(|text| text.contains("stack"));
    if says_it || stack.stack != Stack::default().stack || is_taken_unasked(path) {
        return Ok(());
    }
    let path = path.to_string_lossy();
    let message =
        format!("{} names no stack, and there is no state of the stack `{}`", harmless(&path), stack.stack);
    Err(Failure::message(FailureKind::Usage, message).hint(
        "write `stack: NAME` into it; where it is one of several files of a stack, name all of them with --config, and this one with --into",
    ))
}

/// Says in every command to type next which stack file it is about.
pub(super) fn is_meant(path: &Path, global: &Global) {
    let named = (!is_taken_unasked(path)).then(|| path.to_string_lossy().into_owned());
    global.carried.set_file(named);
}

pub(super) fn cannot_be_added(path: &Path, why: &str) -> Failure {
    let message = format!("nothing can be added to {}: {why}", path.display());
    let hint =
        "write the entries into it by hand, as `--out FILE` writes them, and then import without an option";
    Failure::message(FailureKind::Usage, message).hint(hint)
}

impl NewText {
    /// Says in every command to type next that it is about this file, which is written.
    pub(in crate::cli) fn is_meant(&self, global: &Global) {
        if !self.is_layer {
            is_meant(&self.path, global);
        }
    }

    /// Writes the file; not over what somebody has written meanwhile.
    pub(in crate::cli) fn write(&self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| {
            let message = format!("cannot write {}: {error}", self.path.display());
            Failure::message(FailureKind::Failed, message).hint(to_write(&error, "--out"))
        };
        let changed = || {
            let message = format!("{} was changed meanwhile, and is not written over", self.path.display());
            Failure::message(FailureKind::Failed, message).hint("run the same command again")
        };
        match &self.before {
            Some(before) => {
                if file::read(&self.path).map_err(failed)? != before.as_bytes() {
                    return Err(changed());
                }
                if *before == self.text {
                    return Ok(());
                }
                // A link stays one.
                let path = self.path.canonicalize().map_err(failed)?;
                file::write(&path, self.text.as_bytes(), Readers::AsUsual).map_err(failed)
            }
            None => {
                if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    std::fs::create_dir_all(folder).map_err(failed)?;
                }
                let mut options = std::fs::File::options();
                match self.path.exists() && written(&self.path)?.is_none() {
                    true => options.write(true).truncate(true),
                    false => options.write(true).create_new(true),
                };
                let mut opened = options.open(&self.path).map_err(|error| match error.kind() {
                    ErrorKind::AlreadyExists => changed(),
                    _ => failed(error),
                })?;
                opened.write_all(self.text.as_bytes()).map_err(failed)
            }
        }
    }
}
