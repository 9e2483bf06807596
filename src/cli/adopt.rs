//! `provision import ADDRESS=ID… --out FILE` and `--into FILE`: objects that are there are written into a stack file as they are, and
//! recorded. Nothing in AWS is changed.

mod ahead;
pub(super) mod found;
mod gather;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::aws::network::Wanted;
use crate::cli::report;
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::file::{self, Readers};
use crate::engine::kind::Registry;
use crate::engine::resource::Id;
use crate::engine::state::{Record, State};
use crate::engine::take_over::{TakenOver, Wish};
use crate::stack::describe::{self, Description, Scene, describe};
use crate::stack::insert::with_entries;
use crate::stack::sections::SECTIONS;
use crate::stack::{InvalidText, Name, Sections, Stack, StackFile, StackName, parse, parse_files};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::options::Global;
use super::screen::Screen;
use super::session::{Session, wanted as wanted_network};
use super::stack_file::{Purpose, choose, is_taken_unasked, leads_nowhere, new_file};
use super::take_over::{Beside, Request, in_place, show_taken};
use super::written::to_write;
use super::{show, take_over};
pub(super) use ahead::{Network, ask_ahead};
pub(super) use gather::unread;
use gather::{GROUP, Gathered, declared_already, gather, once_more};

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
    /// True for one of several files of a stack.
    is_layer: bool,
}

/// The objects that a run has adopted, or found adopted.
pub(super) struct Adopted {
    taken: TakenOver,
    lineage: Option<String>,
    path: PathBuf,
    left: Vec<report::Left>,
    session: Session,
}

impl Adopted {
    /// Prints what was recorded, with the blocks for Terraform that were written.
    pub(super) fn show(&self, removed: Option<report::Removed<'_>>, global: &Global, screen: &mut Screen) {
        let beside = Beside { stack_file: Some(&self.path), left: self.left.clone(), removed };
        show_taken(&self.taken, self.lineage.as_deref(), beside, (global, screen));
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }
}

/// The stack file that entries are written to, among the files of its stack.
struct Target {
    path: PathBuf,
    /// The text of the file; nothing for a new one.
    before: Option<String>,
    /// All files of the stack, the lowest layer first, and which of them it is.
    files: Vec<StackFile>,
    at: usize,
}

impl Target {
    /// The stack, with this text in the file.
    fn read(&self, text: &str, registry: &Registry) -> Result<Stack, Failure> {
        let mut files = self.files.clone();
        files[self.at].content = text.into();
        parse_files(&files, Sections::Written, false, registry)
            .map_err(|error| Failure::diagnostic(FailureKind::Failed, error))
    }

    fn is_layer(&self) -> bool {
        self.files.len() > 1
    }
}

/// Describes the objects, writes the stack file, and records them. `goes_on` is of a command whose last part may be missing: what is
/// recorded already, as it asks for it, is no error.
pub(super) async fn run(
    place: Place,
    request: Request,
    goes_on: bool,
    global: &Global,
    screen: &mut Screen,
) -> Result<Adopted, Failure> {
    let mut told = Vec::new();
    loop {
        if let Some(adopted) = adopted(&place, &request, goes_on, global, screen, &mut told).await? {
            return Ok(adopted);
        }
        screen.say("The run that had the lock may have changed what was read before: it is read again.");
    }
}

/// The same once; nothing where another run was waited for.
async fn adopted(
    place: &Place,
    request: &Request,
    goes_on: bool,
    global: &Global,
    screen: &mut Screen,
    told: &mut Vec<String>,
) -> Result<Option<Adopted>, Failure> {
    let (mut session, target) = match place {
        Place::Out { path, stack } => opened_anew(path, stack.as_ref(), &request.wishes, global).await?,
        Place::Into { path } => opened(path.as_deref(), global).await?,
    };
    // From here on the words are about a file that is there already.
    if matches!(place, Place::Into { path: Some(_) }) && !target.is_layer() {
        is_meant(&target.path, global);
    }
    // A wrong state is told of before anything is asked or written.
    let recorded = session.state().await?;
    if let (Place::Into { path: Some(path) }, None, false) = (place, &recorded, target.is_layer()) {
        has_a_name(path, &session.stack, &target)?;
    }
    let manages_more = |state: &State| {
        let known = once_more(&session, state, &request.wishes);
        state.resources.iter().any(|(address, record)| !record.watched && !known.contains(address.name()))
    };
    if let (Place::Out { path, .. }, None, Some(state)) = (place, &target.before, &recorded)
        && manages_more(state)
    {
        let message = format!(
            "{} manages objects of the stack {} already, and a new {} would not declare them",
            session.store,
            state.stack,
            path.display()
        );
        let hint = "to add to the stack file that declares them: --into FILE in the place of --out; for a stack of its own: --stack \
                    with another name";
        return Err(Failure::message(FailureKind::Usage, message).hint(hint));
    }
    let asked = wanted_network(&request.discovery, global);
    ask_ahead(&session, recorded.as_ref(), &request.wishes, (asked, Network::OfTheObjects)).await;
    let state = match recorded {
        Some(state) => state,
        None => session.first_state().await?,
    };
    in_place(&session, request).await?;
    if goes_on && is_done(&session, &target, &state, &request.wishes) {
        if !target.is_layer() {
            is_meant(&target.path, global);
        }
        let Target { path, .. } = target;
        let (taken, lineage) = (TakenOver::default(), request.take_over.clone());
        return Ok(Some(Adopted { taken, lineage, path, left: Vec::new(), session }));
    }
    let written = session.stack.clone();
    let again = |wishes: &[&Wish]| command(wishes, place, &written.stack, &target.path, request);
    // A run that was killed may have written these entries, and recorded nothing.
    let begun = match place {
        Place::Into { .. } => begun(&mut session.stack, &state, &request.wishes),
        Place::Out { .. } => BTreeSet::new(),
    };
    let (gathered, description, lines) = described(&session, (request, global), &state, &again).await?;
    let Gathered { evidence, discovery, network, vpc, .. } = gathered;
    let lines: Vec<Line> = evidence.into_iter().chain(lines).chain(left(&description)).collect();
    if !global.json {
        let mut new: Vec<String> = Vec::new();
        for line in &lines {
            new.push(format!("{}\n    {}", harmless(&line.what), harmless(&line.because)));
        }
        if let Some(discovery) = discovery.as_ref().filter(|_| told.is_empty()) {
            show::evidence(discovery, screen);
        }
        new.iter().filter(|line| !told.contains(line)).for_each(|line| screen.tell(line));
        *told = new;
    }
    let text = match (place, &target.before) {
        (Place::Into { .. }, Some(before)) => {
            let entries = missing(&description, &written, &begun, &session.registry).map_err(|name| {
                let wish = request.wishes.iter().find(|wish| wish.address.name() == name.as_str());
                let section = wish.and_then(|wish| describe::section_of(wish.address.kind()));
                match wish.zip(section) {
                    Some((wish, section)) => {
                        declared_already(&written, section, wish, &request.wishes, &again)
                    }
                    None => cannot_be_added(&target.path, &format!("the file has `{name}` already")),
                }
            })?;
            let read = |text: &str| target.read(text, &session.registry).ok();
            match entries.as_slice() {
                [] => before.clone(),
                entries => with_entries(before, &written, entries, &read)
                    .map_err(|error| cannot_be_added(&target.path, &error.to_string()))?,
            }
        }
        _ => {
            let region = session.aws.region().to_owned();
            describe::whole_file(&written.stack, network.as_deref(), Some(&region), &description.entries)
        }
    };
    // A run that was killed has written this very file, and recorded nothing: this one goes on.
    if matches!(place, Place::Out { .. }) && target.before.as_ref().is_some_and(|there| *there != text) {
        return Err(is_there(&target.path));
    }
    session.stack = target.read(&text, &session.registry).map_err(|failure| unreadable(&failure))?;
    session.adopted = description.objects.keys().cloned().collect();
    let all: Vec<&Wish> = request.wishes.iter().collect();
    let again = Some(command(&all, place, &written.stack, &target.path, request));
    let wishes = description.objects.iter();
    let wishes = wishes.map(|(address, id)| Wish { address: address.clone(), text: id.to_string() });
    let vpc = vpc.filter(|_| state.vpc().is_none() && session.stack.network.is_none());
    let is_layer = target.is_layer();
    let Target { path, before, .. } = target;
    let file = NewText { path: path.clone(), text, before, is_layer };
    let request = Request { wishes: wishes.collect(), file: Some(file), vpc, again, ..request.clone() };
    let Some(taken) = take_over::carry_out(&session, &request, global, screen).await? else {
        return Ok(None);
    };
    let left = lines.into_iter().filter(|line| line.is_left);
    let left = left.map(|line| report::Left { what: line.what, reason: line.because }).collect();
    Ok(Some(Adopted { taken, lineage: request.take_over, path, left, session }))
}

/// Reads and describes the objects. What no stack file can say of a part, such as a replica with a port of its own, is found out when it
/// is described: it uses what it uses like the objects of others, so all is looked at once more with that known.
async fn described(
    session: &Session,
    (request, global): (&Request, &Global),
    state: &State,
    again: &(dyn Fn(&[&Wish]) -> String + Sync),
) -> Result<(Gathered, Description, Vec<Line>), Failure> {
    let mut apart: BTreeSet<Id> = BTreeSet::new();
    let mut lines = Vec::new();
    loop {
        let mut refusals = Vec::new();
        let gathered = gather(session, request, global, state, again, (&apart, &mut refusals)).await;
        let gathered = match gathered {
            Ok(gathered) => gathered,
            // The first refusal is the one to be said.
            Err(_) if !refusals.is_empty() => return Err(refused_together(refusals, None)),
            Err(failure) => return Err(failure),
        };
        let (scene, wanted) = (&gathered.scene, &gathered.wanted);
        let description = match describe(&session.registry, &session.stack, scene, wanted) {
            Ok(description) if refusals.is_empty() => description,
            described => return Err(cannot_all(session, &gathered, request, described, refusals, again)),
        };
        let left: Vec<&describe::Left> =
            description.left.iter().filter(|left| is_copy(session, scene, &left.id)).collect();
        if left.is_empty() {
            return Ok((gathered, description, lines));
        }
        apart.extend(left.iter().map(|left| Id::new(left.id.clone())));
        lines.extend(left.into_iter().map(of_left));
    }
}

/// True for a copy of one of the objects.
fn is_copy(session: &Session, scene: &Scene, id: &str) -> bool {
    let mut copies = session.registry.all_managed().flat_map(|manager| manager.alike());
    copies.any(|kind| describe::section_of(kind).is_none() && scene.object(kind, id).is_some())
}

/// The refusal of all that cannot be described, with the command for the rest.
fn cannot_all(
    session: &Session,
    gathered: &Gathered,
    request: &Request,
    described: Result<Description, describe::Unsayable>,
    mut refusals: Vec<Failure>,
    again: &dyn Fn(&[&Wish]) -> String,
) -> Failure {
    let Gathered { scene, wanted, .. } = gathered;
    let wished = |one: &describe::Wanted| wish_of(&request.wishes, one);
    let mut rest = wanted.clone();
    if let Err(error) = &described {
        // Each by itself: what cannot be said of one does not keep the others.
        let alone = |one: &describe::Wanted| {
            describe(&session.registry, &session.stack, scene, std::slice::from_ref(one)).err()
        };
        let wrong: Vec<_> = wanted.iter().filter_map(|one| Some((one, alone(one)?))).collect();
        if wrong.is_empty() {
            return unsayable(error.clone(), None);
        }
        rest.retain(|one| !wrong.iter().any(|(other, _)| *other == one));
        refusals.extend(wrong.into_iter().map(|(one, error)| {
            let wish = wished(one).filter(|_| error.id == one.id.as_str());
            unsayable(error, wish)
        }));
    }
    let is_sayable = !rest.is_empty() && describe(&session.registry, &session.stack, scene, &rest).is_ok();
    let rest: Vec<&Wish> = rest.iter().filter_map(wished).collect();
    let command = is_sayable.then(|| again(&rest));
    refused_together(refusals, command)
}

/// True where the stack file has the entries that are wished for, and the state records these very objects for them.
fn is_done(session: &Session, target: &Target, state: &State, wishes: &[Wish]) -> bool {
    let Some(stack) = target.before.as_ref().and_then(|text| target.read(text, &session.registry).ok())
    else {
        return false;
    };
    wishes.iter().all(|wish| {
        let section = describe::section_of(wish.address.kind());
        let mut names = section.into_iter().flat_map(|section| stack.entries(section).keys());
        let is_declared = names.any(|name| name.as_str() == wish.address.name());
        let record = state.resources.get(&wish.address).filter(|record| !record.watched);
        is_declared && record.is_some_and(|record| names_of(record).any(|name| name == wish.text))
    })
}

/// The id of a recorded object, and the name that people have for it.
pub(super) fn names_of(record: &Record) -> impl Iterator<Item = &str> {
    let name = record.inputs.get("identifier").and_then(Value::as_str);
    record.id.as_ref().map(Id::as_str).into_iter().chain(name)
}

/// Takes the entries that are wished for out of the stack, where they are there and nothing is recorded for them, with the groups for
/// which nothing is recorded either: they are described as if they were not there. Returns their names.
fn begun(stack: &mut Stack, state: &State, wishes: &[Wish]) -> BTreeSet<Name> {
    let is_recorded = |kind: &str, name: &Name| {
        let record = state.resources.get(&Address::new(kind, name.as_str()));
        record.is_some_and(|record| record.id.is_some())
    };
    let mut begun = BTreeSet::new();
    for wish in wishes.iter().filter(|wish| wish.address.member_name().is_none()) {
        let Some(section) = describe::section_of(wish.address.kind()) else { continue };
        let names: Vec<Name> = stack.entries(section).keys().cloned().collect();
        let its = names.into_iter().find(|name| name.as_str() == wish.address.name());
        begun.extend(its.filter(|name| !is_recorded(section.main, name)));
    }
    if begun.is_empty() {
        return begun;
    }
    for section in SECTIONS {
        let Some(entries) = stack.sections.get_mut(section.key) else { continue };
        if section.main == GROUP {
            let free: Vec<Name> = entries.keys().filter(|name| !is_recorded(GROUP, name)).cloned().collect();
            begun.extend(free);
        }
        entries.retain(|name, _| !begun.contains(name));
    }
    begun
}

/// The entries that the stack file does not have yet. One that it has is to say exactly the same.
///
/// # Errors
/// The name of an entry that says something else.
fn missing(
    description: &Description,
    written: &Stack,
    begun: &BTreeSet<Name>,
    registry: &Registry,
) -> Result<Vec<(&'static str, Name, Document)>, Name> {
    let has = |key: &str, name: &Name| {
        written.sections.get(key).is_some_and(|entries| entries.contains_key(name)) && begun.contains(name)
    };
    let (there, new): (Vec<_>, Vec<_>) =
        description.entries.iter().cloned().partition(|(key, name, _)| has(key, name));
    let Some((_, first, _)) = there.first() else { return Ok(new) };
    // What they name is there, whatever it says.
    let groups = written.sections.iter().filter(|(key, _)| describe::key_of_groups() == Some(**key));
    let around =
        groups.flat_map(|(key, entries)| entries.keys().map(|name| (*key, name.clone(), Document::new())));
    let around = around
        .filter(|(key, name, _)| !description.entries.iter().any(|one| (one.0, &one.1) == (*key, name)));
    let all: Vec<_> = description.entries.iter().cloned().chain(around).collect();
    let text = describe::whole_file(&written.stack, None, None, &all);
    let Ok(again) = parse("what is there", text, registry) else { return Err(first.clone()) };
    let entry = |stack: &Stack, key: &str, name: &Name| stack.sections.get(key)?.get(name).cloned();
    match there.iter().find(|(key, name, _)| entry(&again, key, name) != entry(written, key, name)) {
        Some((_, name, _)) => Err(name.clone()),
        None => Ok(new),
    }
}

fn cannot_be_added(path: &Path, why: &str) -> Failure {
    let message = format!("nothing can be added to {}: {why}", path.display());
    let hint =
        "write the entries into it by hand, as `--out FILE` writes them, and then import without an option";
    Failure::message(FailureKind::Usage, message).hint(hint)
}

/// Refuses a file that names no stack, where none of its name has begun: it may be one of the files of another stack.
fn has_a_name(path: &Path, stack: &Stack, target: &Target) -> Result<(), Failure> {
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
fn is_meant(path: &Path, global: &Global) {
    let named = (!is_taken_unasked(path)).then(|| path.to_string_lossy().into_owned());
    global.carried.set_file(named);
}

/// A line of evidence.
pub(super) struct Line {
    pub(super) what: String,
    pub(super) because: String,
    /// True for what is left as it is.
    pub(super) is_left: bool,
}

/// The lines on what is used and left to others.
fn left(description: &Description) -> Vec<Line> {
    description.left.iter().map(of_left).collect()
}

fn of_left(left: &describe::Left) -> Line {
    Line { what: format!("not taken over: {}", left.id), because: left.because.clone(), is_left: true }
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
fn command(wishes: &[&Wish], place: &Place, stack: &StackName, path: &Path, request: &Request) -> String {
    let objects: Vec<String> =
        wishes.iter().map(|wish| format!("{}={}", wish.address, quoted(&wish.text))).collect();
    let path = quoted(&path.to_string_lossy());
    let place = match place {
        Place::Out { .. } => format!("--out {path} --stack {stack}"),
        Place::Into { path: Some(_) } => format!("--into {path}"),
        Place::Into { path: None } => "--into".to_owned(),
    };
    let there =
        [("--region", &request.region), ("--account", &request.account), ("--take-over", &request.take_over)];
    let there = there
        .into_iter()
        .filter_map(|(option, value)| Some(format!(" {option} {}", quoted(value.as_ref()?))));
    format!("provision import {} {place}{}", objects.join(" "), there.collect::<String>())
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

/// A session for a stack whose file is to be written.
async fn opened_anew(
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

fn is_there(path: &Path) -> Failure {
    let message = format!("{} exists already, and is not written over", path.display());
    Failure::message(FailureKind::Usage, message)
        .hint("name another file with --out, or add to this one: --into FILE")
}

/// The session of a stack file that is there. One of several files of a stack is named beside all of them.
async fn opened(path: Option<&Path>, global: &Global) -> Result<(Session, Target), Failure> {
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

impl NewText {
    /// Says in every command to type next that it is about this file, which is written.
    pub(super) fn is_meant(&self, global: &Global) {
        if !self.is_layer {
            is_meant(&self.path, global);
        }
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

/// The network that is looked for where none is recorded.
pub(super) fn in_vpc(wanted: Wanted, vpc: Option<&crate::engine::resource::Id>) -> Wanted {
    Wanted { vpc: vpc.cloned().or(wanted.vpc.clone()), ..wanted }
}
