//! `provision import ADDRESS=ID… --out FILE` and `--into FILE`: objects that are there are written into a stack file as they are, and
//! recorded. Nothing in AWS is changed.

mod ahead;
pub(super) mod found;
mod gather;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::aws::network::Wanted;
use crate::engine::file::{self, Readers};
use crate::engine::take_over::Wish;
use crate::stack::describe::{self, Description, describe};
use crate::stack::insert::with_entries;
use crate::stack::{InvalidText, Sections, Stack, StackFile, StackName, parse_files};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::options::Global;
use super::screen::Screen;
use super::session::{Session, wanted as wanted_network};
use super::stack_file::{Purpose, choose, is_taken_unasked, leads_nowhere, new_file};
use super::written::to_write;
use super::{Exit, show, take_over};
pub(super) use ahead::{Network, ask_ahead};
pub(super) use gather::unread;
use gather::{Gathered, gather};

/// The stack file that the entries are written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A new one, for a stack of this name.
    Out { path: PathBuf, stack: Option<StackName> },
    /// One that is there.
    Into { path: Option<PathBuf> },
}

impl Place {
    /// The place that the options name, if they name one.
    pub(super) fn named(
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
pub(super) struct NewText {
    path: PathBuf,
    text: String,
    /// The text of the file now; nothing for a new one.
    before: Option<String>,
}

/// Describes the objects, writes the stack file, and records them.
pub(super) async fn run(
    place: Place,
    request: take_over::Request,
    global: &Global,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let (mut session, path, before) = match &place {
        Place::Out { path, stack } => {
            let (session, there) = opened_anew(path, stack.as_ref(), &request.wishes, global).await?;
            (session, path.clone(), there)
        }
        Place::Into { path } => opened(path.as_deref(), global).await?,
    };
    // From here on the words are about a file that is there already.
    if matches!(place, Place::Into { path: Some(_) }) {
        is_meant(&path, global);
    }
    // A wrong state is told of before anything is asked or written.
    let recorded = session.state().await?;
    let asked = wanted_network(&request.discovery, global);
    ask_ahead(&session, recorded.as_ref(), &request.wishes, (asked, Network::OfTheObjects)).await;
    let state = match recorded {
        Some(state) => state,
        None => session.first_state().await?,
    };
    in_account(&session, request.account.as_deref()).await?;
    let mut refusals = Vec::new();
    let again = |wishes: &[&Wish]| command(wishes, &place, &session.stack.stack, &path);
    let gathered = gather(&session, &request, global, &state, &again, &mut refusals).await;
    let gathered = match gathered {
        Ok(gathered) => gathered,
        // The first refusal is the one to be said.
        Err(_) if !refusals.is_empty() => return Err(refused_together(refusals, None)),
        Err(failure) => return Err(failure),
    };
    let Gathered { scene, wanted, evidence, discovery, network, vpc } = gathered;
    let described = describe(&session.registry, &session.stack, &scene, &wanted);
    let description = match described {
        Ok(description) if refusals.is_empty() => description,
        described => {
            let wished = |one: &describe::Wanted| wish_of(&request.wishes, one);
            let mut rest = wanted.clone();
            if let Err(error) = &described {
                // Each by itself: what cannot be said of one does not keep the others.
                let alone = |one: &describe::Wanted| {
                    describe(&session.registry, &session.stack, &scene, std::slice::from_ref(one)).err()
                };
                let wrong: Vec<_> = wanted.iter().filter_map(|one| Some((one, alone(one)?))).collect();
                if wrong.is_empty() {
                    return Err(unsayable(error.clone(), None));
                }
                rest.retain(|one| !wrong.iter().any(|(other, _)| *other == one));
                refusals.extend(wrong.into_iter().map(|(one, error)| {
                    let wish = wished(one).filter(|_| error.id == one.id.as_str());
                    unsayable(error, wish)
                }));
            }
            let is_sayable =
                !rest.is_empty() && describe(&session.registry, &session.stack, &scene, &rest).is_ok();
            let rest: Vec<&Wish> = rest.iter().filter_map(wished).collect();
            let command = is_sayable.then(|| again(&rest));
            return Err(refused_together(refusals, command));
        }
    };
    if !global.json {
        if let Some(discovery) = &discovery {
            show::evidence(discovery, screen);
        }
        for line in evidence.iter().chain(&left(&description)) {
            screen.tell(&format!("{}\n    {}", harmless(&line.what), harmless(&line.because)));
        }
    }
    let text = match (&place, &before) {
        (Place::Into { .. }, Some(before)) => with_entries(before, &session.stack, &description.entries, &session.registry)
            .map_err(|error| {
                let message = format!("nothing can be added to {}: {error}", path.display());
                let hint = "write the entries into it by hand, as `--out FILE` writes them, and then import without an option";
                Failure::message(FailureKind::Usage, message).hint(hint)
            })?,
        _ => {
            let region = session.aws.region().to_owned();
            describe::whole_file(&session.stack.stack, network.as_deref(), Some(&region), &description.entries)
        }
    };
    // A run that was killed has written this very file, and recorded nothing: this one goes on.
    if matches!(place, Place::Out { .. }) && before.as_ref().is_some_and(|there| *there != text) {
        return Err(is_there(&path));
    }
    session.stack = read(&path, &text, &session).map_err(|failure| unreadable(&failure))?;
    session.adopted = description.objects.keys().cloned().collect();
    let file = NewText { path: path.clone(), text, before };
    let wishes = description.objects.iter();
    let wishes = wishes.map(|(address, id)| Wish { address: address.clone(), text: id.to_string() });
    let vpc = vpc.filter(|_| state.vpc().is_none() && session.stack.network.is_none());
    let request = take_over::Request { wishes: wishes.collect(), file: Some(file), vpc, ..request };
    take_over::carry_out(&session, request, global, screen).await
}

/// Refuses objects of another account than that of the credentials: what has their names there is something else.
async fn in_account(session: &Session, named: Option<&str>) -> Result<(), Failure> {
    let Some(named) = named else { return Ok(()) };
    let account = session.account().await?;
    if account == named {
        return Ok(());
    }
    let message = format!("these objects are in account {named}, and the credentials are of {account}");
    Err(Failure::message(FailureKind::Usage, message)
        .hint("use the credentials of that account (--profile), and run the same command again"))
}

/// Says in every command to type next which stack file it is about.
fn is_meant(path: &Path, global: &Global) {
    let named = (!is_taken_unasked(path)).then(|| path.to_string_lossy().into_owned());
    global.carried.set_file(named);
}

/// A line of evidence.
pub(super) struct Line {
    pub(super) what: String,
    pub(super) because: String,
}

/// The lines on what is used and left to others.
fn left(description: &Description) -> Vec<Line> {
    let line = |left: &describe::Left| Line {
        what: format!("not taken over: {}", left.id),
        because: left.because.clone(),
    };
    description.left.iter().map(line).collect()
}

/// The refusal of an object that the stack file cannot say, by what was typed.
fn unsayable(error: describe::Unsayable, wish: Option<&Wish>) -> Failure {
    let id = wish.map_or(error.id, |wish| wish.text.clone());
    let hint = format!("leave {id} as it is; what the stack file can say is in docs/options.md");
    Failure::usage(describe::Unsayable { id, why: error.why }).hint(hint)
}

/// The refusal of a stack file that would not be read: the network of the objects is the one part that is not theirs.
fn unreadable(failure: &Failure) -> Failure {
    let (sentence, _) = failure.sentence();
    Failure::message(FailureKind::Usage, format!("the stack file cannot say this network: {sentence}"))
        .hint("leave these objects as they are; what the stack file can say is in docs/options.md")
}

/// The wish that an object was asked for by.
fn wish_of<'a>(wishes: &'a [Wish], one: &describe::Wanted) -> Option<&'a Wish> {
    wishes.iter().find(|wish| {
        let section = describe::section_of(wish.address.kind());
        wish.address.name() == one.name.as_str() && section.is_some_and(|section| section.key == one.section)
    })
}

/// The command that adopts these objects alone.
fn command(wishes: &[&Wish], place: &Place, stack: &StackName, path: &Path) -> String {
    let objects: Vec<String> =
        wishes.iter().map(|wish| format!("{}={}", wish.address, quoted(&wish.text))).collect();
    let path = quoted(&path.to_string_lossy());
    let place = match place {
        Place::Out { .. } => format!("--out {path} --stack {stack}"),
        Place::Into { path: Some(_) } => format!("--into {path}"),
        Place::Into { path: None } => "--into".to_owned(),
    };
    format!("provision import {} {place}", objects.join(" "))
}

/// One failure for all that was refused. Nothing has been written; the others have a command of their own.
fn refused_together(refusals: Vec<Failure>, rest: Option<String>) -> Failure {
    let said: Vec<(String, Option<String>)> = refusals
        .iter()
        .map(|failure| failure.sentence())
        .map(|(sentence, hint)| (sentence, hint.map(str::to_owned)))
        .collect();
    let sentences: Vec<&str> = said.iter().map(|(sentence, _)| sentence.as_str()).collect();
    let hint = match said.as_slice() {
        [(_, hint)] => hint.clone(),
        _ => None,
    };
    let rest = rest.map(|command| format!("nothing was written; to adopt the others: {command}"));
    let hints: Vec<String> = hint.into_iter().chain(rest).collect();
    let hint = Some(hints.join("; ")).filter(|hint| !hint.is_empty());
    Failure::message(FailureKind::Usage, sentences.join("; ")).maybe_hint(hint)
}

/// The stack that the new text says.
fn read(path: &Path, text: &str, session: &Session) -> Result<Stack, Failure> {
    let file = StackFile { name: path.display().to_string(), content: text.into() };
    parse_files(&[file], Sections::Written, false, &session.registry)
        .map_err(|error| Failure::diagnostic(FailureKind::Failed, error))
}

/// A session for a stack whose file is to be written.
async fn opened_anew(
    path: &Path,
    stack: Option<&StackName>,
    wishes: &[Wish],
    global: &Global,
) -> Result<(Session, Option<String>), Failure> {
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
    Ok((Session::open_new(global, new_file(name, path)?).await?, there))
}

fn is_there(path: &Path) -> Failure {
    let message = format!("{} exists already, and is not written over", path.display());
    Failure::message(FailureKind::Usage, message)
        .hint("name another file with --out, or add to this one: --into FILE")
}

/// The session of a stack file that is there, with its path and its text.
async fn opened(path: Option<&Path>, global: &Global) -> Result<(Session, PathBuf, Option<String>), Failure> {
    let global = match path {
        Some(path) if global.config.is_empty() && !global.reference => {
            &Global { config: vec![path.to_owned()], ..global.clone() }
        }
        Some(_) => return Err(several_files()),
        None => global,
    };
    // A wrong file is told of with the place.
    let chosen = choose(global, Purpose::Write, Sections::Any)?;
    let path = match chosen.paths() {
        [path] => path.clone(),
        [] => {
            let message = "the built-in reference stack is no file that could be added to";
            return Err(
                Failure::message(FailureKind::Usage, message).hint("write a new one: --out provision.yaml")
            );
        }
        _ => return Err(several_files()),
    };
    let text = String::from_utf8(chosen.content().to_vec()).map_err(|error| {
        Failure::message(FailureKind::Usage, format!("{} is no text: {error}", path.display()))
    })?;
    Ok((Session::open_new(global, chosen).await?, path, Some(text)))
}

fn several_files() -> Failure {
    Failure::message(FailureKind::Usage, "one stack file can be added to, and several are named")
        .hint("name it by --into FILE alone, without --config (PROVISION_CONFIG) and --reference")
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

impl NewText {
    /// The file, for the last line of what is printed.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Says in every command to type next that it is about this file, which is written.
    pub(super) fn is_meant(&self, global: &Global) {
        is_meant(&self.path, global);
    }

    /// Writes the file; not over what somebody has written meanwhile.
    pub(super) fn write(&self) -> Result<(), Failure> {
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

/// The network that is looked for where none is recorded.
pub(super) fn in_vpc(wanted: Wanted, vpc: Option<&crate::engine::resource::Id>) -> Wanted {
    Wanted { vpc: vpc.cloned().or(wanted.vpc.clone()), ..wanted }
}
