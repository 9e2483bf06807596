//! `provision import`: adopts a network in one go, and says why it is this one.

use crate::address::Address;
use crate::discovery::{Discovery, Wanted};
use crate::failure::{Failure, FailureKind};
use crate::network::Network;
use crate::plan::Mode;
use crate::planner::{Options, Sighting};
use crate::report;
use crate::state::{Edit, Record, State, Writer};

use super::locked::{Locking, locked, unless_interrupted};
use super::options::Global;
use super::screen::Screen;
use super::session::{Session, wanted};
use super::{Exit, Import, show};

/// Looks the network up and records it. Nothing in AWS is changed.
pub(super) async fn run(request: Import, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let session = Session::open(global).await?;
    let first = session.first_state().await?;
    let timeout = request.lock.lock_timeout;
    let locking = Locking { store: &session.store, command: "import", timeout };
    let looked = locked(locking, first, screen, async |writer, screen, interrupt| {
        let adopted = adopt(session, request, global, writer, screen);
        unless_interrupted(interrupt, adopted).await
    });
    let Adopted { adopted, forgotten, discovery } = looked.await?;
    if global.json {
        screen.report(report::Import { adopted, forgotten: &forgotten, choices: &discovery.evidence });
    } else if adopted == 0 && forgotten.is_empty() {
        screen.out.write("Nothing to do: this network is adopted already.\n");
    } else {
        for address in &forgotten {
            screen.out.write(&format!("Forgot {address}: it is not among what was chosen.\n"));
        }
        screen.out.write(&format!(
            "Adopted {adopted} resources. They are watched, and never changed. Next: provision plan\n"
        ));
    }
    Ok(Exit::Done)
}

/// What an import came to.
struct Adopted {
    adopted: usize,
    forgotten: Vec<Address>,
    discovery: Discovery,
}

/// Looks the network up, says what was chosen and why, and stages what is to be recorded of it.
async fn adopt(
    session: &Session,
    request: Import,
    global: &Global,
    writer: &mut Writer,
    screen: &mut Screen,
) -> Result<Adopted, Failure> {
    let before = writer.state().clone();
    session.check_state(Some(&before))?;
    // The network alone is of interest, and no change to come.
    let options =
        Options { mode: Mode::RefreshOnly, targets: Default::default(), replace: Default::default() };
    let state = (!writer.is_new()).then_some(&before);
    let wanted = Wanted { vpc: Some(request.vpc), ..wanted(&request.discovery, global) };
    let outlook = session.look(state, &options, wanted).await?;
    let discovery = outlook.discovery.expect("a named VPC is always looked for");
    if !global.json {
        show::evidence(&discovery, screen);
    }
    show::warnings(&discovery, screen);
    refuse_another_network(&before, &discovery.network)?;
    let mut edits = Vec::new();
    if before.cluster.as_ref() != Some(&discovery.network.cluster) {
        edits.push(Edit::Cluster { cluster: discovery.network.cluster.clone() });
    }
    for (address, id) in discovery.network.addresses() {
        let Some(Sighting::Live { live, .. }) = outlook.sightings.get(&address) else {
            let message = format!("{address} ({id}) cannot be read from AWS");
            return Err(Failure::message(FailureKind::Failed, message));
        };
        let kind_version = session.registry.version(address.kind());
        let record = Record { kind_version, ..Record::adopted(id, live.outputs.clone()) };
        if before.resources.get(&address) != Some(&record) {
            edits.push(Edit::Put { address, record });
        }
    }
    let forgotten = left_out(&before, &discovery.network)?;
    edits.extend(forgotten.iter().cloned().map(|address| Edit::Remove { address }));
    let adopted = edits.iter().filter(|edit| matches!(edit, Edit::Put { .. })).count();
    edits.into_iter().for_each(|edit| writer.edit(edit));
    Ok(Adopted { adopted, forgotten, discovery })
}

/// What is adopted and not chosen any more: it is forgotten, unless something stands on it.
fn left_out(before: &State, network: &Network) -> Result<Vec<Address>, Failure> {
    let chosen = network.addresses();
    let left: Vec<(&Address, &Record)> = before
        .resources
        .iter()
        .filter(|(address, record)| record.adopted && !chosen.contains_key(*address))
        .collect();
    for (address, record) in &left {
        let uses = |user: &&Address| before.resources[*user].depends_on.contains(*address);
        if let Some(user) = before.resources.keys().find(uses) {
            let id = record.id.as_ref().map(ToString::to_string).unwrap_or_default();
            let message =
                format!("{address} ({id}) is not among what was chosen now, and {user} stands on it");
            return Err(Failure::message(FailureKind::Usage, message).hint(format!(
                "name {id} too; or see what giving it up means: provision plan with the same options"
            )));
        }
    }
    Ok(left.into_iter().map(|(address, _)| address.clone()).collect())
}

/// What stands in one VPC cannot be moved to another by adopting that.
fn refuse_another_network(before: &State, network: &Network) -> Result<(), Failure> {
    match before.network() {
        Some(recorded) if recorded.vpc != network.vpc => {
            let message = format!("this stack stands in {} already, not in {}", recorded.vpc, network.vpc);
            Err(Failure::message(FailureKind::Usage, message)
                .hint("use another stack file, with another `stack:` name, for another network"))
        }
        _ => Ok(()),
    }
}
