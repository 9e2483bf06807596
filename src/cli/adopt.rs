//! `provision import ADDRESS=ID… --out FILE` and `--into FILE`: objects that are there are written into a stack file as they are, and
//! recorded. Nothing in AWS is changed.

mod ahead;
mod entries;
pub(super) mod found;
mod gather;
mod target;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::aws::network::Wanted;
use crate::cli::report;
use crate::engine::resource::Id;
use crate::engine::state::State;
use crate::engine::take_over::{TakenOver, Wish};
use crate::stack::StackName;
use crate::stack::describe::{self, Description, Scene, describe};
use crate::stack::insert::with_entries;
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::options::Global;
use super::screen::Screen;
use super::session::{Session, wanted as wanted_network};
use super::take_over::{Beside, Request, in_place, show_taken};
use super::{show, take_over};
pub(super) use ahead::{Network, ask_ahead};
pub(super) use entries::names_of;
use entries::{begun, is_done, missing};
pub(super) use gather::unread;
use gather::{Gathered, declared_already, gather, once_more};
pub(super) use target::{NewText, Place};
use target::{Target, cannot_be_added, has_a_name, is_meant, is_there, opened, opened_anew};

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

/// The network that is looked for where none is recorded.
pub(super) fn in_vpc(wanted: Wanted, vpc: Option<&crate::engine::resource::Id>) -> Wanted {
    Wanted { vpc: vpc.cloned().or(wanted.vpc.clone()), ..wanted }
}
