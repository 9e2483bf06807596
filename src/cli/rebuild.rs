//! `provision state rebuild`: a lost state is put together again from what AWS has.

use std::collections::BTreeSet;

use crate::aws::network::Wanted;
use crate::cli::report;
use crate::engine::address::Address;
use crate::engine::cloud::{CloudError, KindError};
use crate::engine::executor::{hint_for_code, write_claims};
use crate::engine::kind::{Manager, Registry};
use crate::engine::planner::{Sightings, leaves_its_network};
use crate::engine::rebuild::{Candidate, Rebuilt, Terms, Undeclared, rebuild};
use crate::engine::resource::Whose;
use crate::engine::state::{Edit, State, Writer};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{Carried, harmless};

use super::confirm::{Question, confirm};
use super::locked::{Locking, locked, unless_interrupted};
use super::opening::state_failure;
use super::options::{Approval, Global};
use super::screen::Screen;
use super::session::{Session, refresh_failure, wanted};
use super::stack_file::Purpose;
use super::{Exit, Rebuild, show};

/// Looks for everything that is declared, shows what was found, records it, and writes its ownership tags.
pub(super) async fn run(request: Rebuild, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let session = &Session::open(global, Purpose::Write).await?;
    let first = session.first_state().await?;
    let account = first.account.clone();
    let timeout = request.lock.lock_timeout;
    let locking =
        Locking { store: &session.store_to_lock(), command: "state rebuild", timeout, waited: None };
    let found = locked(locking, first, screen, async |writer, screen, interrupt| {
        session.check_account(Some(writer.state()), &account)?;
        let finding = Finding {
            wanted: wanted(&request.discovery, global),
            approval: request.approval,
            take_over: request.take_over.as_deref(),
        };
        let found = find(session, finding, global, writer, screen);
        unless_interrupted(interrupt, found).await
    });
    let rebuilt = found.await?;
    if global.json {
        let left_out = rebuilt.foreign.iter().flat_map(|(address, foreign)| {
            foreign.all().map(move |one| report::LeftOut { address, id: &one.id, belongs_to: &one.owner })
        });
        screen.report(report::Rebuilt {
            recorded: rebuilt.records.keys().collect(),
            absent: rebuilt.absent.iter().collect(),
            foreign: rebuilt.foreign.keys().collect(),
            left_out: left_out.collect(),
            ambiguous: rebuilt.ambiguous.iter().map(|one| ambiguous(one, &global.carried)).collect(),
            waiting: rebuilt.waiting.keys().collect(),
            fenced: rebuilt.fenced.iter().map(String::as_str).collect(),
            undeclared: rebuilt.undeclared.iter().map(undeclared).collect(),
            unlisted: rebuilt.unlisted.iter().map(unlisted).collect(),
        });
    } else {
        screen.say(&harmless(&global.carried.on("Next: provision plan")));
    }
    refuse_ambiguous(&rebuilt)?;
    refuse_data_left_out(&session.registry, &rebuilt)?;
    refuse_data_undeclared(&session.registry, &rebuilt)?;
    Ok(Exit::Done)
}

fn unlisted<'a>((kind, error): (&'a String, &'a CloudError)) -> report::Unlisted<'a> {
    report::Unlisted { kind, operation: error.operation, code: &error.code }
}

fn undeclared(one: &Undeclared) -> report::Undeclared<'_> {
    report::Undeclared {
        id: &one.id,
        described: &one.described,
        address: &one.tagged,
        stack: one.stack.as_deref(),
    }
}

/// An error where data of the stack is for no declaration, and something of its kind is declared and was not found: the entry may have
/// been renamed, and an apply would make an empty one.
fn refuse_data_undeclared(registry: &Registry, rebuilt: &Rebuilt) -> Result<(), Failure> {
    let holds_data =
        |one: &&Undeclared| registry.managing(one.tagged.kind()).is_some_and(Manager::holds_data);
    let mut data = rebuilt.undeclared.iter().filter(holds_data);
    let meant = data.find_map(|one| {
        let absent: Vec<&Address> =
            rebuilt.absent.iter().filter(|address| address.kind() == one.tagged.kind()).collect();
        (!absent.is_empty()).then_some((one, absent))
    });
    let Some((one, absent)) = meant else { return Ok(()) };
    let names: Vec<String> = absent.iter().map(ToString::to_string).collect();
    let message = format!(
        "{} {}, which is not declared, and nothing was found for {}, which an apply would make empty",
        one.described,
        one.in_words(),
        names.join(" and ")
    );
    let commands: Vec<String> = absent.iter().map(|address| one.import(address)).collect();
    let hint = format!("if it is the same one: {}; if it is not: provision plan", commands.join(", or: "));
    Err(Failure::message(FailureKind::Failed, message).hint(hint))
}

/// An error where something that holds data has the place of something declared, and was left out: an apply must not follow.
fn refuse_data_left_out(registry: &Registry, rebuilt: &Rebuilt) -> Result<(), Failure> {
    let holds_data = |address: &Address| registry.managing(address.kind()).is_some_and(Manager::holds_data);
    let mut left_out = rebuilt.foreign.iter().filter(|(address, _)| holds_data(address));
    match left_out.next() {
        None => Ok(()),
        Some((address, foreign)) => {
            let all =
                foreign.all().map(|one| format!("{} at {address} was left out: it {}", one.id, one.reason));
            let message = all.collect::<Vec<_>>().join("; ");
            let hint = "to see whose it is, and the ways on: provision plan";
            Err(Failure::message(FailureKind::Failed, message).hint(hint))
        }
    }
}

fn ambiguous<'a>(
    (address, candidates): (&'a Address, &'a Vec<Candidate>),
    carried: &Carried,
) -> report::Ambiguous<'a> {
    let candidates = candidates.iter().map(|candidate| report::Candidate {
        id: &candidate.id,
        described: &candidate.described,
        command: carried.on(&candidate.import(address)),
    });
    report::Ambiguous { address, candidates: candidates.collect() }
}

/// An error where nothing says which of several objects is meant. What else was found is recorded then.
pub(super) fn refuse_ambiguous(rebuilt: &Rebuilt) -> Result<(), Failure> {
    if rebuilt.ambiguous.is_empty() {
        return Ok(());
    }
    let several = rebuilt.ambiguous.iter().map(|(address, candidates)| {
        let all: Vec<&str> = candidates.iter().map(|candidate| candidate.described.as_str()).collect();
        format!("{address} may be any of {}", all.join(", "))
    });
    let commands = rebuilt
        .ambiguous
        .iter()
        .flat_map(|(address, candidates)| candidates.iter().map(move |candidate| candidate.import(address)));
    let several: Vec<String> = several.collect();
    let message = format!("{}: nothing tells which one is meant, and none was recorded", several.join("; "));
    let commands: Vec<String> = commands.collect();
    let hint = format!("look which one is the right one, and take it over: {}", commands.join(", or "));
    Err(Failure::message(FailureKind::Failed, message).hint(hint))
}

/// The network to look for, and what may be done with the objects found.
pub(super) struct Finding<'a> {
    pub(super) wanted: Wanted,
    pub(super) approval: Approval,
    /// The lineage of another state, whose objects are taken over.
    pub(super) take_over: Option<&'a str>,
}

/// Finds what is declared, shows it, records it, and writes the ownership tags of what another state had made.
pub(super) async fn find(
    session: &Session,
    finding: Finding<'_>,
    global: &Global,
    writer: &mut Writer,
    screen: &mut Screen,
) -> Result<Rebuilt, Failure> {
    let Finding { wanted, approval, take_over } = finding;
    let before = writer.state().clone();
    session.check_state(Some(&before))?;
    session.refuse_a_renamed_one(&before).await?;
    let (blueprint, discovery) = session.blueprint(Some(&before), wanted).await?;
    if let Some(discovery) = &discovery {
        show::warnings(discovery, screen);
    }
    if let Some(left) = leaves_its_network(&before, &blueprint, &Sightings::new()) {
        return Err(Failure::message(FailureKind::Usage, left.message).maybe_hint(left.hint));
    }
    let terms = Terms { take_over, only: None };
    let rebuilt = rebuild(&session.cloud, &session.registry, &blueprint, &before, &terms);
    let rebuilt = rebuilt.await.map_err(refresh_failure)?;
    refuse_others(&before, &rebuilt, take_over)?;
    if !global.json {
        let declared = blueprint.declarations.keys().collect();
        screen.tell(&text(&rebuilt, &declared, &global.carried));
    }
    for lineage in &rebuilt.fenced {
        screen.say(&format!(
            "The state with the lineage {} loses these objects to this one: should it still be in use, its next plan says \
             so, and changes none of them.",
            harmless(lineage)
        ));
    }
    if let Some(lineage) = take_over.filter(|lineage| !rebuilt.fenced.contains(*lineage)) {
        let line = format!("warning: nothing was found that the state with the lineage {lineage} made");
        screen.say(&harmless(&line));
    }
    if !rebuilt.records.is_empty() {
        confirm(screen, approval, Question::State { change: "record what was found" }).await?;
    }
    if let Some(cluster) =
        blueprint.cluster.clone().filter(|cluster| before.cluster().as_ref() != Some(cluster))
    {
        writer.edit(Edit::Facts { facts: cluster.facts() });
    }
    for (address, record) in &rebuilt.records {
        writer.edit(Edit::Put { address: address.clone(), record: record.clone() });
    }
    // Recorded first: what is cut off from here on is finished by the next apply.
    writer.commit().await.map_err(state_failure)?;
    let failed = write_claims(&session.cloud, &session.registry, &blueprint, writer).await;
    writer.commit().await.map_err(state_failure)?;
    match failed.into_iter().next() {
        None => Ok(rebuilt),
        Some((address, error)) => {
            let message = format!("the ownership tags of {address} could not be written: {error}");
            let code = match &error {
                KindError::Cloud(error) => hint_for_code(&error.code),
                KindError::Misfit(_) => None,
            };
            let cure = match code {
                Some(cure) => format!("{cure}; everything is recorded"),
                None => "everything is recorded".to_owned(),
            };
            Err(Failure::message(FailureKind::Failed, message)
                .hint(format!("{cure}; to write the tags that are missing: provision apply")))
        }
    }
}

/// Refuses to take what belongs to another state that was not named, and a state of nothing but another cluster's objects.
fn refuse_others(before: &State, rebuilt: &Rebuilt, take_over: Option<&str>) -> Result<(), Failure> {
    for (address, foreign) in &rebuilt.foreign {
        if let Whose::OtherState { lineage, .. } = &foreign.whose
            && before.manages_anything()
            && take_over != Some(lineage.as_str())
        {
            let message = format!("{} at {address} belongs to {}", foreign.id, foreign.owner);
            return Err(Failure::message(FailureKind::Usage, message).hint(format!(
                "if that state lives, name it with --state; if it is lost, take over all that it made, which it then no longer \
                 changes: provision state rebuild --take-over {lineage}"
            )));
        }
    }
    let manages = before.manages_anything() || rebuilt.records.values().any(|record| !record.watched);
    let elsewhere = rebuilt.foreign.values().find(|foreign| matches!(foreign.whose, Whose::Elsewhere { .. }));
    match elsewhere.filter(|_| !manages) {
        None => Ok(()),
        Some(foreign) => {
            let message = format!("{} belongs to {}", foreign.id, foreign.owner);
            Err(Failure::message(FailureKind::Usage, message)
                .hint("give this stack another name: `stack:` in the stack file"))
        }
    }
}

fn text(rebuilt: &Rebuilt, declared: &BTreeSet<&Address>, carried: &Carried) -> String {
    let Rebuilt { records, absent, foreign, ambiguous, waiting, fenced: _, undeclared, untagged, unlisted } =
        rebuilt;
    let mut text = String::new();
    for (address, record) in records {
        let id = record.id.as_ref().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("{address}: {}\n", harmless(&id)));
    }
    let all = foreign.iter().flat_map(|(address, foreign)| foreign.all().map(move |one| (address, one)));
    for (address, foreign) in all {
        let line = format!("not {address}: {} {}", foreign.id, foreign.reason);
        text.push_str(&harmless(&line));
        let import = format!("; to take it over: provision import {address}={}", foreign.id);
        let tagged = match &foreign.whose {
            Whose::Moved { address, .. } | Whose::OtherState { address, .. } => {
                address.parse::<Address>().ok()
            }
            _ => None,
        };
        match &foreign.whose {
            // The keys of the stack file may have been changed: to take it over here would mistake it.
            _ if let Some(tagged) =
                tagged.filter(|tagged| tagged != address && declared.contains(tagged)) =>
            {
                let plan = format!("; it is {tagged} by its tags; to see how to go on: provision plan");
                text.push_str(&harmless(&carried.on(&plan)));
            }
            Whose::Moved { .. } | Whose::Untagged => {
                text.push_str(&harmless(&carried.on(&import)));
            }
            // Its tags name another address: an object without a name is not taken for the one that is declared here.
            Whose::OtherState { lineage, .. } => {
                text.push_str(&harmless(&carried.on(&format!("{import} --take-over {lineage}"))));
            }
            _ => {}
        }
        text.push('\n');
    }
    for (address, candidates) in ambiguous {
        text.push_str(&format!("not {address}: nothing tells which one is meant\n"));
        for candidate in candidates {
            text.push_str(&harmless(&format!("    {}", candidate.described)));
            text.push('\n');
        }
    }
    for (address, on) in waiting {
        text.push_str(&format!("not {address}: it is part of {on}, and is looked for with it\n"));
    }
    for address in absent {
        let candidates = untagged.get(address).map(Vec::as_slice).unwrap_or_default();
        if candidates.is_empty() {
            text.push_str(&format!("not {address}: it is not in AWS\n"));
            continue;
        }
        // An adopted object has its tags from the first apply on.
        text.push_str(&format!(
            "not {address}: nothing has its tags; objects of no stack, one of which it may be:\n"
        ));
        for candidate in candidates {
            let line = format!(
                "    {}; to take it over: provision import {address}={}",
                candidate.described, candidate.id
            );
            text.push_str(&harmless(&carried.on(&line)));
            text.push('\n');
        }
    }
    for one in undeclared {
        let import = one.import(&one.tagged);
        let entry = "to manage it here: write its entry into the stack file, then";
        let on = match (declared.contains(&one.tagged), &one.stack) {
            _ if let Some(why) = &one.unfit => {
                format!("it cannot be recorded: {why}; provision plan says the ways on")
            }
            (true, _) => format!("to take it over: {import}"),
            (false, None) => format!("{entry}: {}", one.rebuild()),
            (false, Some(_)) => format!("{entry}: {import}"),
        };
        let line = format!("not recorded: {} {}; {on}", one.described, one.in_words());
        text.push_str(&harmless(&carried.on(&line)));
        text.push('\n');
    }
    for (kind, CloudError { operation, code, .. }) in unlisted {
        let line = format!(
            "not looked through: {kind} ({operation}: {code}); one that the stack file does not declare any more would not be \
             seen"
        );
        text.push_str(&harmless(&line));
        text.push('\n');
    }
    match records.len() {
        0 if undeclared.is_empty() => text.push_str("Nothing was found that is not recorded already.\n"),
        0 => text.push_str("Nothing was recorded.\n"),
        1 => text.push_str("1 resource found.\n"),
        count => text.push_str(&format!("{count} resources found.\n")),
    }
    text
}
