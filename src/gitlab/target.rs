//! Targets: each is one file, rendered from a description.

use std::collections::{BTreeMap, BTreeSet};

use super::description::{Description, Secrets};
use super::gate;
use super::secrets::{Recipe, managed, recipes};
use super::targets::{TARGETS, outputs_name};
use crate::stack::shown;

/// Everything that the program knows of a target.
pub struct Target {
    /// The name by which users ask for it: `kubernetes`; one with members is asked for as `runner-values/NAME`.
    pub name: &'static str,
    /// One line on it, for the help.
    pub doc: &'static str,
    /// The file below the folder of rendered files; `*` stands for the member.
    pub file: &'static str,
    /// The line that has to stand first, where what reads the file goes by it.
    pub before: &'static str,
    /// False for one that the stack file alone describes: it is rendered before the first apply too.
    pub reads_state: bool,
    /// The members that a description has.
    pub members: fn(&Description<'_>) -> Members,
    /// Renders one member; its name is empty for a target without.
    pub render: fn(&Description<'_>, &str) -> Result<Rendering, Refused>,
}

/// The files of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// The description has nothing of it: what to write, so that it has.
    None(&'static str),
    /// One file.
    One,
    /// A file for each of these names.
    Each(Vec<String>),
}

/// The text of one file, without its first line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendering {
    pub text: String,
    /// Sentences on what is unsound or works otherwise than one may think, each with its reason.
    pub warnings: Vec<String>,
    /// Sentences on what is to be done with the file, or beside it.
    pub notes: Vec<String>,
    /// The Secrets, and the ConfigMap, that the file names and does not make.
    pub secrets: Vec<String>,
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
            Members::None(_) => Vec::new(),
            Members::One => vec![String::new()],
            Members::Each(names) => names,
        };
        members.into_iter().map(move |member| File { target, member })
    };
    TARGETS.iter().flat_map(|target| of(target)).collect()
}

/// The reason that a description has no file of a target's name, or of the name of one of its members; nothing where there is no such
/// target.
pub fn lacking(description: &Description<'_>, name: &str) -> Option<Refused> {
    let (of, member) = name.split_once('/').map_or((name, None), |(of, member)| (of, Some(member)));
    let target = TARGETS.iter().find(|target| target.name == of)?;
    Some(match ((target.members)(description), member) {
        (Members::None(write), _) => Refused::new(
            format!("the stack file does not describe the target `{of}`"),
            format!("write {write}"),
        ),
        (Members::Each(names), Some(member)) => Refused::new(
            format!("the target `{of}` has no `{}`", shown(member)),
            format!("there are: {}", names.join(", ")),
        ),
        (Members::One | Members::Each(_), _) => {
            Refused::new(format!("the target `{of}` is one file"), format!("name it without more: {of}"))
        }
    })
}

/// The targets that `render.targets` names and the description has nothing of.
pub fn undescribed(description: &Description<'_>) -> Vec<Refused> {
    let named = description.render.iter().flat_map(|render| render.targets.iter().flatten());
    let lacks = named.filter(|name| !files(description).iter().any(|file| file.target() == name.as_str()));
    let of = |name: &String| {
        let Refused { message, hint } = lacking(description, name)?;
        let hint = format!("{hint}, or take `{name}` out of `targets` of `render:`");
        Some(Refused::new(format!("{message}, which `targets` of `render:` names"), hint))
    };
    lacks.filter_map(of).collect()
}

/// The names that two Secrets would have, or two ConfigMaps: the one would take the place of the other.
pub fn clashes(description: &Description<'_>) -> Vec<Refused> {
    let mut made: BTreeMap<String, String> = BTreeMap::new();
    let mut twice = BTreeSet::new();
    for Recipe { name, commands, .. } in recipes(description) {
        if made.insert(name.clone(), commands.clone()).is_some_and(|other| other != commands) {
            twice.insert(name);
        }
    }
    let of_secrets = twice.into_iter().map(|name| {
        let message = format!(
            "two Secrets would be called `{name}`: that of the entry of this name, and one of GitLab's own"
        );
        let hint =
            "give the entry another name in the stack file; the plan then says how it keeps what it has";
        Refused::new(message, hint)
    });
    let omnibus = description.gitlab.as_ref().and_then(|gitlab| gitlab.omnibus.as_ref());
    let config_map = omnibus.and_then(|omnibus| omnibus.config_map.as_deref());
    let of_outputs = config_map.filter(|name| *name == outputs_name(description)).map(|name| {
        let message = format!(
            "two ConfigMaps would be called `{name}`: that of the outputs, and that of the omnibus package"
        );
        Refused::new(message, "write another name as `config_map` of `omnibus`")
    });
    of_secrets.chain(of_outputs).collect()
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
    /// Sentences on what is unsound.
    pub warnings: Vec<String>,
    /// Sentences on what is to be done with the file, or beside it.
    pub notes: Vec<String>,
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
    let Rendering { text, warnings, mut notes, secrets } = (file.target.render)(description, &file.member)?;
    let before = file.target.before;
    let text = format!("{before}{MARK} {}`; changes here are written over.\n{text}", file.name());
    let asked = description.take_asked();
    let recipes = recipes(description);
    for name in secrets.iter().filter(|name| !is_made(description, file, name)) {
        let of_name = recipes.iter().find(|recipe| recipe.name == *name);
        notes.extend(of_name.map(Recipe::note));
    }
    description.take_asked();
    Ok(Rendered { text, warnings, notes, asked })
}

/// True for a Secret that the objects of another rendered file make.
fn is_made(description: &Description<'_>, file: &File, secret: &str) -> bool {
    let is_written = || chosen(description).iter().any(|other| other.target() == "kubernetes");
    let by_pods = file.target() == "gitlab";
    let is_fetched = match description.kubernetes.secrets {
        Secrets::ExternalSecrets => true,
        // The driver makes a Secret for a pod that mounts it.
        Secrets::Csi => by_pods,
        Secrets::None => false,
    };
    is_fetched && managed(description).iter().any(|one| one.name == secret) && is_written()
}

/// Sentences for the files together: on what is unsound, and on what is to be done.
pub fn together(description: &Description<'_>, files: &[&File]) -> (Vec<String>, Vec<String>) {
    let Some(gitlab) = &description.gitlab else { return Default::default() };
    let warnings = gate::of_declared(description, gitlab);
    let forms = ["gitlab", "helm-values", "gitlab-rb"];
    let forms: Vec<String> = files
        .iter()
        .filter(|file| forms.contains(&file.target()))
        .map(|file| format!("{} ({})", file.path(), file.target()))
        .collect();
    let mut notes = Vec::new();
    match forms.as_slice() {
        [_, _, ..] => notes.push(format!(
            "each of these files is a whole way to run GitLab, and one of them is enough: {}; name that one in `targets` of `render:`",
            forms.join(", ")
        )),
        [_] if files.iter().any(|file| file.target() == "gitlab-rb") => {
            let why = ["helm-values", "gitlab"].iter().filter_map(|name| lacking(description, name));
            let why: Vec<String> = why.map(|lacks| lacks.hint).collect();
            if !why.is_empty() {
                notes.push(format!(
                    "gitlab.rb is for the omnibus package; for GitLab's chart or for docker-gitlab: {}",
                    why.join("; or ")
                ));
            }
        }
        _ => {}
    }
    (warnings, notes)
}

/// The files in a folder that were rendered once and are of no target now, by their paths below it. `is_there` reads the beginning of a
/// file, and `members` lists a folder.
pub fn left(
    description: &Description<'_>,
    is_rendered: impl Fn(&str) -> bool,
    members: impl Fn(&str) -> Vec<String>,
) -> Vec<String> {
    let chosen: BTreeSet<String> = chosen(description).iter().map(File::path).collect();
    let possible = TARGETS.iter().flat_map(|target| match target.file.split_once("/*") {
        None => vec![target.file.to_owned()],
        Some((folder, ending)) => members(folder)
            .into_iter()
            .filter(|name| name.ends_with(ending))
            .map(|name| format!("{folder}/{name}"))
            .collect(),
    });
    possible.filter(|path| !chosen.contains(path) && is_rendered(path)).collect()
}

/// The beginning of every rendered file: a comment in all their languages.
const MARK: &str = "# Rendered by `provision render";

/// True if bytes are a file that was rendered: nothing else is lost where another one is written over it.
pub fn is_rendered(bytes: &[u8]) -> bool {
    let is_marked = |before: &str| {
        bytes.strip_prefix(before.as_bytes()).is_some_and(|rest| rest.starts_with(MARK.as_bytes()))
    };
    is_marked("") || TARGETS.iter().any(|target| is_marked(target.before))
}
