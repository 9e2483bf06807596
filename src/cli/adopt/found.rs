//! `provision import --found`: the objects that no state knows, each with the command that would adopt it.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt};

use crate::aws::network::Wanted;
use crate::cli::report;
use crate::engine::cloud::{Cloud, KindError, Outcome};
use crate::engine::network::Network;
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Found, Id, NO_STACK, Ownership};
use crate::engine::state::State;
use crate::stack::describe::name_of;
use crate::stack::section::Section;
use crate::stack::sections::SECTIONS;
use crate::stack::{Name, StackName};
use crate::view::failure::Failure;
use crate::view::{Carried, harmless, quoted};

use super::super::Exit;
use super::super::options::{Discovery, Global};
use super::super::screen::Screen;
use super::super::session::{Session, wanted};
use super::super::stack_file::Purpose;
use super::gather::unread;

/// The objects that are looked at by themselves at a time.
const AT_ONCE: usize = 8;

/// Looks through the account and region. Nothing is written.
pub(in crate::cli) async fn run(
    discovery: &Discovery,
    global: &Global,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let session = Session::open(global, Purpose::Show).await?;
    let state = session.state().await?;
    session.aws.remember();
    let lists = join_all(SECTIONS.iter().map(|section| session.cloud.list(section.main)));
    let (network, lists) = join(network(&session, state.as_ref(), wanted(discovery, global)), lists).await;
    let mut listed = Vec::new();
    let mut unlisted = Vec::new();
    for (section, list) in SECTIONS.iter().zip(lists) {
        match list {
            Ok(found) => listed.extend(found.into_iter().map(|one| (*section, one))),
            Err(KindError::Cloud(error)) if error.outcome == Outcome::Refused => {
                unlisted.push((*section, error))
            }
            Err(error) => return Err(unread(section.main, error)),
        }
    }
    let stands = |one: &Found| is_unrecorded(one, state.as_ref(), network.as_ref());
    listed.retain(|(_, one)| stands(one));
    let own = (!session.is_built_in()).then(|| session.stack.stack.to_string());
    let (listed, tagged): (Vec<_>, Vec<_>) =
        listed.into_iter().partition(|(_, one)| one.ownership == Ownership::Untagged);
    let (own, of_others): (Vec<_>, Vec<_>) =
        tagged.into_iter().partition(|(_, one)| own.is_some() && stack_of(one) == own.as_deref());
    // A new stack file has none of the entries of the built-in stack.
    let mut taken: BTreeSet<String> = SECTIONS
        .iter()
        .filter(|_| !session.is_built_in())
        .flat_map(|section| session.stack.entries(section).keys().map(ToString::to_string))
        .collect();
    let named = listed.iter().map(|(section, one)| session.cloud.named(section.main, one.id.as_str()));
    let named: Vec<_> = stream::iter(named).buffered(AT_ONCE).collect().await;
    let mut all: Vec<_> =
        own.iter().map(|(section, one)| of_the_stack(section.main, one, state.as_ref())).collect();
    for one in &mut all {
        one.import = one.import.as_deref().map(|import| global.carried.on(import));
    }
    let mut together = Vec::new();
    for ((section, one), named) in listed.into_iter().zip(named) {
        let unfit = named.map_err(|error| unread(section.main, error))?.and_then(|named| named.unfit);
        let name = name_of(word(&one), &|name| taken.contains(name));
        taken.insert(name.to_string());
        let wish = format!("{}.{name}={}", section.main, quoted(one.id.as_str()));
        let import = format!("provision import {wish}");
        if unfit.is_none() {
            together.push((wish, stack_named(&name)));
        }
        let import = match session.is_built_in() {
            true => format!("{import} --out provision.yaml{}", stack_named(&name)),
            false => format!("{import} --into"),
        };
        let import = global.carried.on(&import);
        all.push(report::FoundObject {
            kind: section.main,
            id: one.id.clone(),
            described: one.described(),
            import: unfit.is_none().then_some(import),
            unfit,
        });
    }
    if global.json {
        screen.report(report::Import {
            watched: 0,
            forgotten: &[],
            choices: &[],
            taken_over: Vec::new(),
            found: all,
            stack_file: None,
            left: Vec::new(),
            removed: None,
        });
        return Ok(Exit::Done);
    }
    for (section, error) in unlisted {
        screen.say(&harmless(&format!("warning: {} are not listed: {error}", section.several)));
    }
    let mut text = text(&all);
    if session.is_built_in() {
        text.push_str(&at_once(&together, &global.carried));
    }
    text.push_str(&left_to_others(&of_others));
    screen.tell(text.trim_end());
    Ok(Exit::Done)
}

/// The option that names the stack, where it cannot be called like the object.
fn stack_named(name: &Name) -> String {
    match name.as_str().parse::<StackName>() {
        Ok(_) => String::new(),
        Err(_) => {
            let short: String = name.as_str().chars().take(StackName::RULE.longest).collect();
            format!(" --stack {}", short.trim_end_matches('-'))
        }
    }
}

/// The name that AWS shows of an object, or its id. What else tells it apart stands beside the name.
fn word(found: &Found) -> &str {
    let label = found.label.as_deref().and_then(|label| label.split(", ").next());
    label
        .filter(|label| !label.ends_with(" bytes") && !label.starts_with("made "))
        .unwrap_or(found.id.as_str())
}

/// The network of the stack, where it is known or can be found.
async fn network(session: &Session, state: Option<&State>, asked: Wanted) -> Option<Network> {
    let found = session.network(state.and_then(State::network), asked).await;
    found.ok().and_then(|(network, _)| network)
}

/// The stack that the tags of an object name.
fn stack_of(found: &Found) -> Option<&str> {
    match &found.ownership {
        Ownership::Tagged { stack, .. } => Some(stack),
        _ => None,
    }
}

/// An object with the tags of this stack, which its state does not record: it was let go of, or the state was lost.
fn of_the_stack(kind: &'static str, one: &Found, state: Option<&State>) -> report::FoundObject {
    let lineage = match &one.ownership {
        Ownership::Tagged { lineage, .. } => {
            lineage.as_deref().filter(|lineage| state.is_some_and(|state| state.lineage != **lineage))
        }
        _ => None,
    };
    let import = one.tagged_address().map(|address| Remedy::import(&address, &one.id, lineage));
    let described = format!("{}, with the tags of this stack", one.described());
    let unfit = import.is_none().then(|| "its tags name no address".to_owned());
    let import = import.map(|import| format!("{import} --into"));
    report::FoundObject { kind, id: one.id.clone(), described, import, unfit }
}

/// The command that adopts all of them, where there is no stack file yet: each of the others would write one.
fn at_once(together: &[(String, String)], carried: &Carried) -> String {
    let [(_, stack), _, ..] = together else { return String::new() };
    let wishes: Vec<&str> = together.iter().map(|(wish, _)| wish.as_str()).collect();
    let command = format!("provision import {} --out provision.yaml{stack}", wishes.join(" "));
    let all = harmless(&carried.on(&command)).into_owned();
    format!("\n\nAll by one command; after one of those above, the others take --into:\n    {all}")
}

/// The number of objects that carry the tags of other stacks.
fn left_to_others(of_others: &[(&Section, Found)]) -> String {
    let mut stacks: BTreeMap<&str, usize> = BTreeMap::new();
    for stack in of_others.iter().filter_map(|(_, one)| stack_of(one)).filter(|stack| *stack != NO_STACK) {
        *stacks.entry(stack).or_default() += 1;
    }
    if stacks.is_empty() {
        return String::new();
    }
    let counts: Vec<String> = stacks.iter().map(|(stack, count)| format!("{stack} ({count})")).collect();
    format!("\n\nNot listed: what carries the tags of other stacks: {}", harmless(&counts.join(", ")))
}

/// True for an object that this state does not record, and that is not what each VPC has.
fn is_unrecorded(found: &Found, state: Option<&State>, network: Option<&Network>) -> bool {
    let is_recorded = state
        .into_iter()
        .flat_map(|state| state.resources.values())
        .any(|record| record.id.as_ref() == Some(&found.id));
    // Made beside one that serves, or kept: the state knows it, and whose it is.
    let procedures =
        state.into_iter().flat_map(|state| state.procedures.values().flat_map(|all| all.values()));
    let is_kept = procedures.flat_map(|one| &one.keeps).any(|kept| kept.id.as_ref() == Some(&found.id));
    let is_recorded = is_recorded || is_kept;
    let is_of_network = |network: &Network| {
        let stands_elsewhere = found.vpc.as_ref().is_some_and(|vpc| *vpc != network.vpc);
        let is_of_a_role = network.groups.values().flatten().any(|(_, id): (_, &Id)| *id == found.id);
        !stands_elsewhere && !is_of_a_role
    };
    let is_default = found.id.as_str().starts_with("sg-") && found.label.as_deref() == Some("default");
    let is_of_cluster = matches!(found.ownership, Ownership::OfCluster { .. });
    !is_of_cluster && !is_recorded && !is_default && network.is_none_or(is_of_network)
}

fn text(all: &[report::FoundObject]) -> String {
    if all.is_empty() {
        return "Nothing was found that no stack has.".to_owned();
    }
    let mut text = String::new();
    for one in all {
        let object = format!("{} {}", one.kind, one.described);
        let next = match (&one.import, &one.unfit) {
            (Some(import), _) => import.clone(),
            (None, unfit) => format!("cannot be adopted: {}", unfit.as_deref().unwrap_or_default()),
        };
        text.push_str(&format!("{}\n    {}\n", harmless(&object), harmless(&next)));
    }
    text.push_str("Nothing was recorded. Each command describes its object in a stack file, and changes nothing in AWS.");
    text
}
