//! `provision import --found`: the objects that no state knows, each with the command that would adopt it.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt};

use crate::aws::network::Wanted;
use crate::cli::report;
use crate::engine::cloud::{Cloud, KindError, Outcome};
use crate::engine::network::Network;
use crate::engine::resource::{Found, Id, Ownership};
use crate::engine::state::State;
use crate::stack::describe::name_of;
use crate::stack::sections::SECTIONS;
use crate::stack::{Name, StackName};
use crate::view::failure::Failure;
use crate::view::{harmless, quoted};

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
    listed.retain(|(_, one)| is_unknown(one, state.as_ref(), network.as_ref()));
    let mut taken: BTreeSet<String> = SECTIONS
        .iter()
        .flat_map(|section| session.stack.entries(section).keys().map(ToString::to_string))
        .collect();
    let named = listed.iter().map(|(section, one)| session.cloud.named(section.main, one.id.as_str()));
    let named: Vec<_> = stream::iter(named).buffered(AT_ONCE).collect().await;
    let mut all = Vec::new();
    for ((section, one), named) in listed.into_iter().zip(named) {
        let unfit = named.map_err(|error| unread(section.main, error))?.and_then(|named| named.unfit);
        let name = name_of(word(&one), &|name| taken.contains(name));
        taken.insert(name.to_string());
        let import = format!("provision import {}.{name}={}", section.main, quoted(one.id.as_str()));
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
        });
        return Ok(Exit::Done);
    }
    for (section, error) in unlisted {
        screen.say(&harmless(&format!("warning: {} are not listed: {error}", section.several)));
    }
    screen.tell(&text(&all));
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

/// True for an object of nobody: neither recorded here, nor with the tags of a stack or a cluster, nor what each VPC has.
fn is_unknown(found: &Found, state: Option<&State>, network: Option<&Network>) -> bool {
    let is_recorded = state
        .into_iter()
        .flat_map(|state| state.resources.values())
        .any(|record| record.id.as_ref() == Some(&found.id));
    let is_of_network = |network: &Network| {
        let stands_elsewhere = found.vpc.as_ref().is_some_and(|vpc| *vpc != network.vpc);
        let is_of_a_role = network.groups.values().flatten().any(|(_, id): (_, &Id)| *id == found.id);
        !stands_elsewhere && !is_of_a_role
    };
    let is_default = found.id.as_str().starts_with("sg-") && found.label.as_deref() == Some("default");
    found.ownership == Ownership::Untagged && !is_recorded && !is_default && network.is_none_or(is_of_network)
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
