//! `provision import`: adopts a network in one go, and says why it is this one.

use std::time::Duration;

use provision::discovery::Wanted;
use provision::failure::{Failure, FailureKind};
use provision::network::Network;
use provision::plan::Mode;
use provision::planner::{Options, Sighting};
use provision::state::local;
use provision::state::{Edit, Record, State};

use super::session::{Session, state_failure};
use super::{Terminal, show};

/// Looks the network up and records it. Nothing in AWS is changed.
pub async fn run(
    session: &Session,
    wanted: Wanted,
    lock_timeout: Duration,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let account = session.account().await?;
    let stack = session.stack.stack.to_string();
    let fresh =
        || State::new(&stack, uuid::Uuid::new_v4().to_string(), &account, session.aws.region());
    let mut writer =
        local::open(&session.state_path, "import", lock_timeout, fresh).map_err(state_failure)?;
    let before = writer.state().clone();
    session.check_state(Some(&before))?;
    let options = Options { mode: Mode::Apply, targets: Default::default(), replace: Default::default() };
    let state = (!writer.is_new()).then_some(&before);
    let outlook = session.look(state, &options, wanted).await?;
    let Some(discovery) = &outlook.discovery else { return Ok(()) };
    if !terminal.json {
        show::evidence(discovery, terminal);
    }
    show::warnings(discovery, terminal);
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
        let record = Record::adopted(id, live.outputs.clone());
        if before.resources.get(&address) != Some(&record) {
            edits.push(Edit::Put { address, record });
        }
    }
    let adopted = edits.iter().filter(|edit| matches!(edit, Edit::Put { .. })).count();
    for edit in edits {
        writer.edit(edit).map_err(state_failure)?;
    }
    writer.close().map_err(state_failure)?;
    if terminal.json {
        terminal.json(&discovery.report());
    } else if adopted == 0 {
        terminal.print("Nothing to do: this network is adopted already.\n");
    } else {
        terminal.print(&format!(
            "Adopted {adopted} resources. They are watched, and never changed. Next: provision plan\n"
        ));
    }
    Ok(())
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
