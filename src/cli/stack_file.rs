//! The stack file of a command: the named one, the usual one here or in a folder above, or the built-in reference stack.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::aws::kinds::registry;
use crate::aws::state_s3::Encryption;
use crate::engine::file;
use crate::stack::{self, Sections, Stack, StackFile, StackName, StateEncryption, StateKey};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::options::{Global, KMS, StateAt};
use super::screen::Screen;
use super::values;

/// The stack file that `init` writes.
pub(super) const STACK_FILE: &str = "provision.yaml";
/// The names under which a stack file is found.
pub(super) const NAMES: [&str; 2] = [STACK_FILE, "provision.yml"];
/// Marks the root of a repository; in a worktree it is a file.
const REPOSITORY: &str = ".git";

/// The purpose of a command. A command that writes takes the built-in stack only when it is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Show,
    Write,
}

/// A stack, and where it was read.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) stack: Stack,
    source: Source,
    files: Vec<StackFile>,
}

/// The source of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// `--config` names them, the lowest layer first; the folder is that of the state.
    Named {
        paths: Vec<PathBuf>,
        folder: PathBuf,
    },
    /// It was found; the path is the one that a user here would type.
    Found([PathBuf; 1]),
    Reference,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { paths, .. } => {
                let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
                f.write_str(&names.join(" + "))
            }
            Self::Found([path]) => path.display().fmt(f),
            Self::Reference => f.write_str("the built-in reference stack"),
        }
    }
}

impl Source {
    /// The files; none for the built-in stack.
    fn paths(&self) -> &[PathBuf] {
        match self {
            Self::Named { paths, .. } => paths,
            Self::Found(path) => path,
            Self::Reference => &[],
        }
    }

    /// The files with their content.
    fn read(&self) -> Result<Vec<StackFile>, Failure> {
        if *self == Self::Reference {
            return Ok(vec![StackFile { name: self.to_string(), content: stack::REFERENCE.into() }]);
        }
        let read = |path: &PathBuf| {
            let content =
                file::read(path).map_err(|error| unreadable(path, self.paths().len() == 1, error))?;
            Ok(StackFile { name: path.display().to_string(), content })
        };
        self.paths().iter().map(read).collect()
    }
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the stack file {}", path.display())]
struct Unreadable {
    path: PathBuf,
    source: std::io::Error,
}

impl Chosen {
    /// The stack file as a user would type it, or `the built-in reference stack`; several in the order of their layers.
    pub(super) fn name(&self) -> String {
        self.source.to_string()
    }

    /// The stack files, the lowest layer first; none for the built-in stack.
    pub(super) fn paths(&self) -> &[PathBuf] {
        self.source.paths()
    }

    /// The files with what was read in them, the lowest layer first.
    pub(super) fn files(&self) -> &[StackFile] {
        &self.files
    }

    /// The file of the upper layer, into which a value is written that is to count; or `the built-in reference stack`.
    pub(super) fn last(&self) -> String {
        self.paths().last().map_or_else(|| self.name(), |path| path.display().to_string())
    }

    /// The folder that the state, saved plans and password files are in: that of a stack file that was found above, or of a
    /// named one that has its state beside it, so that a command does the same in every folder; otherwise the current one,
    /// as the empty path.
    pub(super) fn folder(&self) -> PathBuf {
        match &self.source {
            Source::Found([path]) => folder_of(path),
            Source::Named { folder, .. } => folder.clone(),
            Source::Reference => PathBuf::new(),
        }
    }

    /// The place of the state that an option or the stack file names: the option wins. A path of the file counts from its folder.
    pub(super) fn named_state(&self, options: &Global) -> Option<StateAt> {
        if options.state.is_some() {
            return options.state.clone();
        }
        let at = values::state(location(&self.stack)?).ok()?;
        let file = self.stack.state.as_ref().and_then(|state| self.paths().get(state.file));
        Some(match at {
            StateAt::File(path) => {
                StateAt::File(file.map(|file| folder_of(file)).unwrap_or_default().join(path))
            }
            place @ StateAt::S3(_) => place,
        })
    }

    /// The encryption of a state in S3. What the options say of it wins as a whole, so that no key is left beside another algorithm.
    ///
    /// # Errors
    /// The options that do not go together.
    pub(super) fn encryption(&self, options: &Global) -> Result<Encryption, &'static str> {
        if options.state_sse.is_some() || options.state_kms_key.is_some() {
            return options.encryption();
        }
        let Some(state) = &self.stack.state else { return Ok(Encryption::default()) };
        let text = |text: Option<&str>| text.map(str::to_owned);
        let key = text(state.kms_key.as_ref().map(StateKey::as_str));
        let algorithm = text(state.sse.as_ref().map(StateEncryption::as_str));
        Ok(Encryption { algorithm: algorithm.or_else(|| key.as_ref().map(|_| KMS.to_owned())), key })
    }

    /// The profile for a state in S3, and what names it.
    pub(super) fn state_profile(&self, options: &Global) -> Option<(String, &'static str)> {
        let written = || self.stack.state.as_ref()?.profile.as_ref().map(ToString::to_string);
        let of_option = options.state_profile.clone().map(|profile| (profile, "--state-profile names it"));
        of_option.or_else(|| {
            Some((written()?, "`state` in the stack file names it, and --state-profile overrides that"))
        })
    }

    /// True where the built-in stack is taken since there is no stack file.
    pub(super) fn is_assumed(&self, options: &Global) -> bool {
        self.source == Source::Reference && !options.reference
    }

    /// Tells that the built-in stack is used, for commands that print no plan. On standard error, since what they print
    /// is read by scripts.
    pub(super) fn say_if_built_in(&self, screen: &mut Screen) {
        if self.source == Source::Reference {
            let said = "Stack: the built-in reference stack, since there is no stack file; to write one: provision init";
            screen.say(said);
        }
    }
}

/// Reads the stack that a command is about.
pub(super) fn choose(options: &Global, purpose: Purpose, sections: Sections) -> Result<Chosen, Failure> {
    let source = match (options.config.as_slice(), options.reference) {
        ([_, ..], true) => {
            let message = "--reference and a named stack file cannot be used together";
            return Err(Failure::message(FailureKind::Usage, message)
                .hint("leave --reference out, or --config (PROVISION_CONFIG)"));
        }
        (paths @ [_, ..], false) => Source::Named { paths: paths.to_vec(), folder: PathBuf::new() },
        ([], true) => Source::Reference,
        ([], false) => {
            let here = current_folder()?;
            match (search(&here)?, purpose) {
                (Some(path), _) => Source::Found([path]),
                (None, Purpose::Show) => {
                    options.carried.assume_the_built_in_stack();
                    Source::Reference
                }
                (None, Purpose::Write) => return Err(none(&here)),
            }
        }
    };
    let is_named_in_s3 = matches!(options.state, Some(StateAt::S3(_)));
    let files = source.read()?;
    let mut stack = stack::parse_files(&files, sections, is_named_in_s3, &registry())
        .map_err(|error| Failure::diagnostic(FailureKind::Usage, error))?;
    stack.read_files(&files);
    let source = match source {
        Source::Named { paths, .. } if options.state.is_none() && location(&stack).is_none() => {
            let beside: Vec<PathBuf> = paths.iter().map(|path| folder_of(path)).collect();
            let folder = with_the_state(Path::new(""), &beside, &stack.stack.to_string())?;
            Source::Named { paths, folder }
        }
        source => source,
    };
    let chosen = Chosen { stack, source, files };
    match (chosen.named_state(options), options.carried.first_of(&IN_S3)) {
        (None | Some(StateAt::File(_)), Some(option)) => {
            let message = format!("{option} is for a state in S3, and that of this stack is in a file");
            Err(Failure::message(FailureKind::Usage, message)
                .hint("leave it out, or name the bucket too: --state s3://BUCKET/KEY"))
        }
        _ => Ok(chosen),
    }
}

/// The options that mean nothing for a state in a file.
const IN_S3: [&str; 3] = ["--state-sse", "--state-kms-key", "--state-profile"];

/// A stack of this name, whose file is to be written.
pub(super) fn new_file(name: StackName, path: &Path) -> Result<Chosen, Failure> {
    let stack = Stack { stack: name, ..Stack::default() };
    let is_usual = NAMES.iter().any(|usual| path == Path::new(usual));
    let source = match is_usual {
        true => Source::Found([path.to_owned()]),
        false => {
            let folder = with_the_state(Path::new(""), &[folder_of(path)], &stack.stack.to_string())?;
            Source::Named { paths: vec![path.to_owned()], folder }
        }
    };
    Ok(Chosen { stack, source, files: Vec::new() })
}

/// The place of the state that the stack file names.
fn location(stack: &Stack) -> Option<&str> {
    Some(stack.state.as_ref()?.location.as_ref()?.as_str())
}

fn current_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| {
        Failure::message(FailureKind::Failed, format!("the current folder cannot be read: {error}"))
    })
}

pub(super) fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

/// The folder of the state of a stack whose files were named: that of a file beside which its state is, or else the current
/// one.
///
/// # Errors
/// When two have one: neither may be passed over silently.
fn with_the_state(here: &Path, beside: &[PathBuf], stack: &str) -> Result<PathBuf, Failure> {
    let of = |folder: &Path| folder.join(format!("state/{stack}.json"));
    let is_same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    let mut with: Vec<&Path> = Vec::new();
    for folder in [here].into_iter().chain(beside.iter().map(PathBuf::as_path)) {
        if is_there(&of(folder)) && !with.iter().any(|known| is_same(&of(known), &of(folder))) {
            with.push(folder);
        }
    }
    match with.as_slice() {
        [] => Ok(here.to_owned()),
        [folder] => Ok((*folder).to_owned()),
        [near, far, ..] => {
            let (near, far) = (of(near), of(far));
            let (near, far) = (near.display(), far.display());
            let message =
                format!("the stack {stack} has two states: {far} beside its stack file, and {near}");
            let hint = format!("name the one that counts: --state {far}");
            Err(Failure::message(FailureKind::Usage, harmless(&message).into_owned())
                .hint(harmless(&hint).into_owned()))
        }
    }
}

fn unreadable(path: &Path, is_alone: bool, source: std::io::Error) -> Failure {
    let writes = match source.kind() {
        ErrorKind::NotFound if leads_nowhere(path) => {
            "; this one is a link to a file that is not there: remove the link, or make that file".to_owned()
        }
        ErrorKind::NotFound if is_alone => {
            format!("; to write one: provision init --config {}", quoted(&path.to_string_lossy()))
        }
        _ => String::new(),
    };
    let hint = format!("--config or PROVISION_CONFIG names the stack file{writes}");
    Failure::usage(Unreadable { path: path.to_owned(), source }).hint(hint)
}

fn none(here: &Path) -> Failure {
    let above = match folders(here).last() {
        Some((_, root)) if *root != here => format!(", and in no folder above up to {}", root.display()),
        _ => String::new(),
    };
    let message = format!("there is no stack file: no provision.yaml and no provision.yml here{above}");
    Failure::message(FailureKind::Usage, harmless(&message).into_owned()).hint(
        "to write one for the cluster that it finds: provision init; or name another one with --config; or take the built-in \
         reference stack with --reference",
    )
}

/// The folders in which a stack file is looked for, the nearest first: the way to it that a user would type, and where it
/// is. Outside of a repository, the current folder alone.
fn folders(here: &Path) -> Vec<(PathBuf, &Path)> {
    let root = here.ancestors().position(|folder| is_there(&folder.join(REPOSITORY)));
    let up = |count: usize| std::iter::repeat_n("..", count).collect::<PathBuf>();
    let folders = here.ancestors().take(root.unwrap_or(0) + 1);
    folders.enumerate().map(|(count, folder)| (up(count), folder)).collect()
}

/// Looks for the stack file. The nearest folder that has one decides.
///
/// # Errors
/// When a folder has both names: one of them would be passed over silently.
fn search(here: &Path) -> Result<Option<PathBuf>, Failure> {
    for (way, folder) in folders(here) {
        let mut there = NAMES.into_iter().filter(|name| is_there(&folder.join(name)));
        match (there.next(), there.next()) {
            (Some(name), None) => return Ok(Some(way.join(name))),
            (Some(one), Some(other)) => {
                let (one, other) = (way.join(one), way.join(other));
                let message = format!("there are two stack files: {} and {}", one.display(), other.display());
                return Err(Failure::message(FailureKind::Usage, message).hint(format!(
                    "remove one of them, or name the one that counts: --config {}",
                    one.display()
                )));
            }
            (None, _) => {}
        }
    }
    Ok(None)
}

/// The stack file that commands take in the current folder, if one is found above it.
pub(super) fn found_above() -> Result<Option<PathBuf>, Failure> {
    Ok(search(&current_folder()?)?.filter(|path| path.parent().is_some_and(|folder| folder != Path::new(""))))
}

/// True where commands take a stack file unasked, here or in a folder above.
pub(super) fn is_there_a_stack_file() -> Result<bool, Failure> {
    Ok(search(&current_folder()?)?.is_some())
}

/// True for the stack file that commands in this folder take unasked.
pub(super) fn is_taken_unasked(path: &Path) -> bool {
    let found = current_folder().and_then(|here| search(&here)).ok().flatten();
    let here = found.filter(|found| found.parent() == Some(Path::new("")));
    let same = |found: PathBuf| {
        found.canonicalize().ok().is_some_and(|found| path.canonicalize().ok() == Some(found))
    };
    here.is_some_and(same)
}

/// The other usual name in the folder of a file that is to be written, if there is a file of that name.
pub(super) fn rival(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?;
    let others = NAMES.into_iter().filter(|other| NAMES.iter().any(|known| name == *known) && name != *other);
    others.map(|other| path.with_file_name(other)).find(|other| is_there(other))
}

/// True for a link to what is not there.
pub(super) fn leads_nowhere(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_symlink()) && !path.exists()
}

/// True if there is anything of this name. A file that cannot be looked at is there: reading it says what is wrong.
fn is_there(path: &Path) -> bool {
    match path.symlink_metadata() {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files in it; a name that ends in `/` is a folder.
    fn tree(names: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for name in names {
            let path = root.path().join(name);
            let folder = if name.ends_with('/') { Some(path.as_path()) } else { path.parent() };
            std::fs::create_dir_all(folder.expect("it is in the root")).expect("a folder");
            if !name.ends_with('/') {
                std::fs::write(path, "").expect("a file");
            }
        }
        root
    }

    #[test]
    fn the_nearest_stack_file_up_to_the_root_of_the_repository_is_taken() {
        for (names, here, expected) in [
            (&["provision.yaml"][..], "", Some("provision.yaml")),
            (&["provision.yml"], "", Some("provision.yml")),
            (&[".git/", "provision.yml", "a/b/"], "a/b", Some("../../provision.yml")),
            (&[".git/", "provision.yaml", "a/provision.yml", "a/b/"], "a/b", Some("../provision.yml")),
            // A worktree's mark is a file.
            (&[".git", "provision.yaml", "a/"], "a", Some("../provision.yaml")),
            // Outside of a repository a folder above is another person's.
            (&["provision.yaml", "a/"], "a", None),
            // The file lies above the repository's root.
            (&["provision.yaml", "a/.git/", "a/b/"], "a/b", None),
            (&[".git/", "a/"], "a", None),
        ] {
            let root = tree(names);
            let found = search(&root.path().join(here)).expect("one at most");
            assert_eq!(found, expected.map(PathBuf::from), "{names:?} from {here:?}");
        }
    }

    #[test]
    fn two_stack_files_in_one_folder_are_an_error_that_names_both() {
        let root = tree(&[".git/", "provision.yaml", "provision.yml", "a/"]);
        for (here, one, other) in
            [("", "provision.yaml", "provision.yml"), ("a", "../provision.yaml", "../provision.yml")]
        {
            let failure = search(&root.path().join(here)).expect_err("two");
            let text = failure.text(&crate::view::Style { color: false, width: 200 });
            assert!(text.contains(&format!("{one} and {other}")) && text.contains("--config"), "{text}");
        }
    }

    #[test]
    fn a_named_file_has_its_state_beside_it_where_one_is() {
        for (names, expected) in [
            (&["here/", "there/"][..], Ok("here")),
            (&["here/", "there/state/shop.json"], Ok("there")),
            (&["here/state/shop.json", "there/"], Ok("here")),
            (&["here/state/shop.json", "there/state/shop.json"], Err("two states")),
            (&["here/state/shop.json", "there/state/other.json"], Ok("here")),
        ] {
            let root = tree(names);
            let (here, there) = (root.path().join("here"), root.path().join("there"));
            match (with_the_state(&here, std::slice::from_ref(&there), "shop"), expected) {
                (Ok(folder), Ok(name)) => assert_eq!(folder, root.path().join(name), "{names:?}"),
                (Err(failure), Err(words)) => {
                    let text = failure.text(&crate::view::Style { color: false, width: 400 });
                    assert!(text.contains(words) && text.contains("--state"), "{text}");
                }
                (found, _) => panic!("{names:?}: {found:?}"),
            }
        }
        let root = tree(&["here/state/shop.json"]);
        let here = root.path().join("here");
        assert_eq!(with_the_state(&here, std::slice::from_ref(&here), "shop").expect("one state"), here);
    }

    #[test]
    fn a_file_that_is_to_be_written_has_a_rival_of_the_other_name() {
        let root = tree(&["provision.yml"]);
        let path = |name: &str| root.path().join(name);
        assert_eq!(rival(&path("provision.yaml")), Some(path("provision.yml")));
        assert_eq!(rival(&path("prod.yaml")), None);
    }
}
