//! `provision import`: watches a network in one go, and says why it is this one.

use crate::aws::checks::SUBNETS_IN_USE;
use crate::aws::kinds::subnet::Subnet;
use crate::aws::network::{Discovery, Wanted, vpc_exists};
use crate::aws::watched::Watched;
use crate::cli::report;
use crate::engine::address::Address;
use crate::engine::network::{Network, Role};
use crate::engine::plan::{Level, Mode, Plan};
use crate::engine::planner::{NETWORK, Options, Sighting, Sightings};
use crate::engine::state::{Edit, Record, State, Writer};
use crate::engine::take_over::Wish;
use crate::view::failure::{Failure, FailureKind};
use crate::view::harmless;

use super::locked::{Locking, locked, unless_interrupted};
use super::options::Global;
use super::screen::Screen;
use super::session::{Session, aws_failure, wanted};
use super::stack_file::Purpose;
use super::{Exit, Import, Importable, adopt, show, take_over, terraform};

/// Looks the network up and records it. Nothing in AWS is changed.
pub(super) async fn run(request: Import, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    if request.found {
        return adopt::found::run(&request.discovery, global, screen).await;
    }
    if let Some(state) = request.terraform.clone() {
        return terraform::run(&state, request, global, screen).await;
    }
    let is_plain = request.take_over.is_none()
        && request.account.is_none()
        && request.out.is_none()
        && request.into.is_none();
    let vpc = match request.what.as_slice() {
        [Importable::Network(vpc)] if is_plain => vpc.clone(),
        several => {
            let wishes: Vec<Wish> = several.iter().filter_map(Importable::object).cloned().collect();
            if wishes.len() < several.len() {
                let message = "a network is imported by itself: one VPC, without addresses, --take-over, --out and --into";
                return Err(Failure::message(FailureKind::Usage, message)
                    .hint("first the network, by the id of its VPC: provision import VPC-ID; then the objects, each by its address and its id: \
                           provision import ADDRESS=ID"));
            }
            let Import { take_over, out, into, stack, account, discovery, lock, .. } = request;
            let request = take_over::Request {
                wishes,
                take_over,
                discovery,
                lock,
                file: None,
                account,
                region: None,
                vpc: None,
                again: None,
            };
            return match adopt::Place::named(out, into, stack) {
                Some(place) => {
                    let adopted = adopt::run(place, request, false, global, screen).await?;
                    adopted.show(None, global, screen);
                    Ok(Exit::Done)
                }
                None => take_over::run(request, global, screen).await,
            };
        }
    };
    let session = &Session::open(global, Purpose::Write).await?;
    let first = session.first_state().await?;
    let timeout = request.lock.lock_timeout;
    let locking = Locking { store: &session.store_to_lock(), command: "import", timeout, waited: None };
    let looked = locked(locking, first, screen, async |writer, screen, interrupt| {
        let wanted = Wanted { vpc: Some(vpc), ..wanted(&request.discovery, global) };
        let watched = watch(session, wanted, global, writer, screen);
        unless_interrupted(interrupt, watched).await
    });
    let Imported { watched, forgotten, discovery } = looked.await?;
    if global.json {
        let forgotten: Vec<Address> = forgotten.into_iter().map(|one| one.address).collect();
        screen.report(report::Import {
            watched,
            forgotten: &forgotten,
            choices: &discovery.evidence,
            taken_over: Vec::new(),
            found: Vec::new(),
            stack_file: None,
            left: Vec::new(),
            removed: None,
        });
    } else if watched == 0 && forgotten.is_empty() {
        screen.out.write("Nothing to do: this network is watched already.\n");
    } else {
        for Forgotten { address, because } in &forgotten {
            screen.out.write(&format!("Forgot {address}: {because}.\n"));
        }
        screen.tell(&format!(
            "{watched} resources are watched from now on, and never changed. Next: provision plan"
        ));
    }
    Ok(Exit::Done)
}

/// The result of an import.
struct Imported {
    watched: usize,
    forgotten: Vec<Forgotten>,
    discovery: Discovery,
}

/// A part of the network that is recorded no longer.
struct Forgotten {
    address: Address,
    because: &'static str,
}

/// Looks the network up, says what was chosen and why, and stages what is to be recorded of it.
async fn watch(
    session: &Session,
    wanted: Wanted,
    global: &Global,
    writer: &mut Writer,
    screen: &mut Screen,
) -> Result<Imported, Failure> {
    let before = writer.state().clone();
    session.check_state(Some(&before))?;
    // The network alone is of interest, and no change to come.
    let options = Options {
        mode: Mode::RefreshOnly,
        targets: Default::default(),
        replace: Default::default(),
        allow_data_loss: Default::default(),
    };
    let state = (!writer.is_new()).then_some(&before);
    let outlook = session.look(state, &options, wanted.clone()).await?;
    let discovery = outlook.discovery.expect("a named VPC is always looked for");
    if !global.json {
        show::evidence(&discovery, screen);
    }
    show::warnings(&discovery, screen);
    refuse_another_network(session, &before, &outlook.planning.plan).await?;
    if gives_up_a_subnet(&before, &discovery.network) {
        refuse_subnets_in_use(session, &before, wanted, screen).await?;
    }
    let LeftOut { moved, forgotten } = left_out(&before, &discovery.network, &outlook.sightings)?;
    let mut edits: Vec<Edit> = moved.into_iter().map(|(from, to)| Edit::Move { from, to }).collect();
    if before.cluster().as_ref() != Some(&discovery.network.cluster) {
        edits.push(Edit::Facts { facts: discovery.network.cluster.facts() });
    }
    for (address, id) in discovery.network.addresses() {
        let Some(Sighting::Live { live, .. }) = outlook.sightings.get(&address) else {
            let message = format!("{address} ({id}) cannot be read from AWS");
            return Err(Failure::message(FailureKind::Failed, message));
        };
        let kind_version = session.registry.version(address.kind());
        let record = Record { kind_version, ..Record::watched(id, live.outputs.clone()) };
        if before.resources.get(&address) != Some(&record) {
            edits.push(Edit::Put { address, record });
        }
    }
    edits.extend(forgotten.iter().map(|one| Edit::Remove { address: one.address.clone() }));
    let watched = edits.iter().filter(|edit| matches!(edit, Edit::Put { .. })).count();
    edits.into_iter().for_each(|edit| writer.edit(edit));
    Ok(Imported { watched, forgotten, discovery })
}

/// The parts of the recorded network that have no place in the chosen one.
struct LeftOut {
    /// The same object has another address now.
    moved: Vec<(Address, Address)>,
    forgotten: Vec<Forgotten>,
}

/// Sorts out what is recorded of the network and not chosen any more. A subnet that something is in stays.
fn left_out(before: &State, network: &Network, sightings: &Sightings) -> Result<LeftOut, Failure> {
    let chosen = network.addresses();
    let left = before.resources.iter().filter(|(address, record)| {
        record.watched && Network::has_a_place_for(address) && !chosen.contains_key(*address)
    });
    let mut left_out = LeftOut { moved: Vec::new(), forgotten: Vec::new() };
    for (address, record) in left {
        if let Some((to, _)) = chosen.iter().find(|(_, id)| record.id.as_ref() == Some(*id)) {
            left_out.moved.push((address.clone(), to.clone()));
            continue;
        }
        let is_gone = sightings.get(address) == Some(&Sighting::Gone);
        let uses = |user: &&Address| before.resources[*user].depends_on.contains(address);
        let user = before.resources.keys().find(uses);
        match user {
            // Nothing is inside a group: the next plan takes it out of the rules, and shows that.
            Some(user) if !is_gone && Role::of(address).is_none() => {
                let id = record.id.as_ref().map(ToString::to_string).unwrap_or_default();
                let message =
                    format!("{address} ({id}) is not among what was chosen now, and {user} stands on it");
                return Err(Failure::message(FailureKind::Usage, message).hint(format!(
                    "name {id} too; or see what giving it up means: provision plan with the same options"
                )));
            }
            _ => left_out.forgotten.push(Forgotten {
                address: address.clone(),
                because: if is_gone { "it is gone from AWS" } else { "it is not among what was chosen" },
            }),
        }
    }
    Ok(left_out)
}

/// True if a zone gets another subnet than the recorded one, or none.
fn gives_up_a_subnet(before: &State, network: &Network) -> bool {
    let chosen = network.addresses();
    let recorded = before.network().map(|recorded| recorded.addresses()).unwrap_or_default();
    let mut subnets = recorded.iter().filter(|(address, _)| address.kind() == Subnet::KIND);
    before.manages_anything() && subnets.any(|(address, id)| chosen.get(address) != Some(id))
}

/// Refuses to give up subnets in which databases live, as a plan with the same choice does: the next plans could not be carried out.
async fn refuse_subnets_in_use(
    session: &Session,
    before: &State,
    wanted: Wanted,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let options = Options {
        mode: Mode::Apply,
        targets: Default::default(),
        replace: Default::default(),
        allow_data_loss: Default::default(),
    };
    let outlook = session.look(Some(before), &options, wanted).await?;
    let findings =
        || outlook.planning.plan.preflight.iter().filter(|finding| finding.check == SUBNETS_IN_USE);
    if let Some(refused) = findings().find(|finding| finding.level == Level::Error) {
        return Err(
            Failure::message(FailureKind::Usage, refused.message.clone()).maybe_hint(refused.hint.clone())
        );
    }
    for doubtful in findings().filter(|finding| [Level::Warning, Level::NotChecked].contains(&finding.level))
    {
        screen.say(&harmless(&format!("warning: {}", doubtful.message)));
    }
    Ok(())
}

/// Refuses another VPC, unless the recorded one is gone: objects cannot be moved from one to the other.
async fn refuse_another_network(session: &Session, before: &State, plan: &Plan) -> Result<(), Failure> {
    let Some(left) = plan.errors().find(|finding| finding.check == NETWORK) else { return Ok(()) };
    if let Some(recorded) = before.network()
        && !vpc_exists(&session.aws, &recorded.vpc).await.map_err(aws_failure)?
    {
        return Ok(());
    }
    Err(Failure::message(FailureKind::Usage, left.message.clone()).maybe_hint(left.hint.clone()))
}
