//! Targets: each is one file, rendered from a description.

use std::collections::{BTreeMap, BTreeSet};

use super::description::Description;
use super::targets::TARGETS;

/// Everything that the program knows of a target.
pub struct Target {
    /// The name by which users ask for it: `kubernetes`; one with members is asked for as `runner-values/NAME`.
    pub name: &'static str,
    /// One line on it, for the help.
    pub doc: &'static str,
    /// The file below the folder of rendered files; `*` stands for the member.
    pub file: &'static str,
    /// The members that a description has.
    pub members: fn(&Description<'_>) -> Members,
    /// Renders one member; its name is empty for a target without.
    pub render: fn(&Description<'_>, &str) -> Result<Rendering, Refused>,
}

/// The files of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// The description has nothing of it.
    None,
    /// One file.
    One,
    /// A file for each of these names.
    Each(Vec<String>),
}

/// The text of one file, without its first line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendering {
    pub text: String,
    /// Sentences on what a user should know, each with its reason.
    pub warnings: Vec<String>,
}

/// Why a target cannot be rendered, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    pub message: String,
    pub hint: String,
}

impl Refused {
    /// A reason, with a hint on what to write.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// One file that a description has.
#[derive(Clone)]
pub struct File {
    target: &'static Target,
    member: String,
}

impl File {
    /// The name by which users ask for it: `kubernetes`, `runner-values/standard`.
    pub fn name(&self) -> String {
        match self.member.as_str() {
            "" => self.target.name.to_owned(),
            member => format!("{}/{member}", self.target.name),
        }
    }

    /// The target that it is of.
    pub fn target(&self) -> &'static str {
        self.target.name
    }

    /// Its path below the folder of rendered files.
    pub fn path(&self) -> String {
        self.target.file.replace('*', &self.member)
    }
}

/// All files that a description has, in the order of the list of targets.
pub fn files(description: &Description<'_>) -> Vec<File> {
    let of = |target: &'static Target| {
        let members = match (target.members)(description) {
            Members::None => Vec::new(),
            Members::One => vec![String::new()],
            Members::Each(names) => names,
        };
        members.into_iter().map(move |member| File { target, member })
    };
    TARGETS.iter().flat_map(|target| of(target)).collect()
}

/// The files that are written where none is named: those that `render.targets` chooses, or all.
pub fn chosen(description: &Description<'_>) -> Vec<File> {
    let chosen = description.render.as_ref().and_then(|render| render.targets.as_ref());
    let is_chosen = |file: &File| chosen.is_none_or(|all| all.iter().any(|one| one == file.target.name));
    files(description).into_iter().filter(is_chosen).collect()
}

/// A rendered file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The whole text.
    pub text: String,
    pub warnings: Vec<String>,
    /// The outputs that it rests on, each with its value, if it has one.
    pub asked: BTreeMap<String, Option<String>>,
}

impl Rendered {
    /// The outputs without a value: the text has placeholders for them.
    pub fn unknown(&self) -> BTreeSet<String> {
        self.asked.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name.clone()).collect()
    }
}

/// Renders a file.
///
/// # Errors
/// [`Refused`]
pub fn render(description: &Description<'_>, file: &File) -> Result<Rendered, Refused> {
    description.take_asked();
    let Rendering { text, warnings } = (file.target.render)(description, &file.member)?;
    let text = format!("{MARK} {}`; changes here are written over.\n{text}", file.name());
    Ok(Rendered { text, warnings, asked: description.take_asked() })
}

/// The beginning of every rendered file: a comment in all their languages.
const MARK: &str = "# Rendered by `provision render";

/// True if bytes are a file that was rendered: nothing else is lost where another one is written over it.
pub fn is_rendered(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK.as_bytes())
}
