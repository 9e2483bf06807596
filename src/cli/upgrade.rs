//! `provision upgrade`: a newer PostgreSQL, in place or by a copy that takes the name over.

mod beginning;
mod hands;

use crate::engine::address::Address;
use crate::engine::state::Writer;
use crate::recovery::course::Course;
use crate::recovery::upgrade::{Stage, Upgrade};
use crate::view::failure::{Failure, FailureKind};
use crate::view::quoted;

use super::confirm::{Question, confirm};
use super::locked::{Locking, locked, unless_interrupted};
use super::options::Global;
use super::procedure::{
    At, agree, carry_out, database, forget_or_put, found, kept, only_shown, opened, refuse_beside_another,
};
use super::report::RestoreForgotten;
use super::screen::Screen;
use super::stack_file::Purpose;
use super::{Exit, Upgrade as Request};
use beginning::begin;
use hands::Upgrading;

/// Upgrades, switches, gives up or forgets, or shows how.
pub(super) async fn run(request: Request, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let purpose = if request.plan { Purpose::Show } else { Purpose::Write };
    let (session, state) = opened(global, purpose, screen).await?;
    if request.plan {
        let (address, record) = database(&state, &request.database)?;
        refuse_beside_another(&state, &address, Upgrade::COMMAND)?;
        let (began, upgrade) = begin(&session, &state, (&address, record), &request).await?;
        let at = At { address: &address, began };
        return Ok(only_shown(&upgrade, &at, global, screen));
    }
    let timeout = request.lock.lock_timeout;
    let locking =
        Locking { store: &session.store_to_lock(), command: Upgrade::COMMAND, timeout, waited: None };
    locked(locking, state, screen, async |writer, screen, interrupt| {
        let state = writer.state().clone();
        if request.forget {
            let address = kept::<Upgrade>(&state, &request.database)?;
            return unless_interrupted(interrupt, forget(writer, &address, &request, global, screen)).await;
        }
        let (address, record) = database(&state, &request.database)?;
        refuse_beside_another(&state, &address, Upgrade::COMMAND)?;
        let prepared = begin(&session, &state, (&address, record), &request);
        let (began, upgrade) = unless_interrupted(interrupt, prepared).await?;
        let at = At { address: &address, began };
        unless_interrupted(interrupt, agree(&upgrade, &at, (request.approval, global), screen)).await?;
        let mut hands = Upgrading::new(&session, &address);
        carry_out(&at, upgrade, &mut hands, writer, screen, interrupt).await?;
        Ok(Exit::Done)
    })
    .await
}

fn failed(message: impl Into<String>) -> Failure {
    Failure::message(FailureKind::Failed, message)
}

/// Lets go of what is kept: nothing in AWS is changed.
async fn forget(
    writer: &mut Writer,
    address: &Address,
    request: &Request,
    global: &Global,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let Some((procedure, upgrade)) = found::<Upgrade>(writer.state(), address)? else {
        return Err(failed(format!("no upgrade of {address} is recorded")).hint("provision status"));
    };
    // One that is not recorded any more can neither be gone on with nor given up.
    let is_recorded = writer.state().resources.contains_key(address);
    if is_recorded && !matches!(upgrade.stage, Stage::Upgraded | Stage::Switched | Stage::GivenUp) {
        let hint = match procedure.to_give_up(Upgrade::COMMAND, address) {
            Some(give_up) => format!("to give it up: {give_up}"),
            None => format!("to go on: {}", procedure.to_go_on(Upgrade::COMMAND, address)),
        };
        return Err(failed(format!("{address} {}", upgrade.doing())).hint(hint));
    }
    let kept: Vec<String> = procedure.keeps.iter().map(|kept| kept.name.clone()).collect();
    let kept_text = kept.join(", ");
    let change = format!("forget the upgrade of {address}, and leave {kept_text} in AWS");
    confirm(screen, request.approval, Question::State { change: &change }).await?;
    forget_or_put(writer, address, Upgrade::COMMAND, None).await?;
    if global.json {
        screen.report(RestoreForgotten { address: address.clone(), kept });
        return Ok(Exit::Done);
    }
    let mut said =
        format!("Forgot the upgrade of {address}. In AWS stay as they are, and are charged: {kept_text}.");
    for command in to_delete(&upgrade) {
        said = format!("{said}\n{command}");
    }
    screen.tell(&said);
    Ok(Exit::Done)
}

/// The commands that delete what an upgrade keeps.
fn to_delete(upgrade: &Upgrade) -> Vec<String> {
    let snapshot = quoted(&upgrade.snapshot);
    let mut commands = Vec::new();
    let mut delete_database = |name: &str| {
        let name = quoted(name);
        commands.push(format!(
            "To delete the database {name}: aws rds modify-db-instance --db-instance-identifier {name} --no-deletion-protection \
             --apply-immediately, then: aws rds delete-db-instance --db-instance-identifier {name} --final-db-snapshot-identifier {name}-final"
        ));
    };
    let copy = upgrade.copy.as_ref();
    let mut group = None;
    match (upgrade.stage, copy) {
        (Stage::Switched, Some(copy)) => {
            delete_database(copy.old.as_deref().unwrap_or(&format!("{}-old1", upgrade.identifier)));
            group = upgrade.group.as_ref().map(|group| group.old.as_str());
        }
        (Stage::GivenUp, Some(copy)) if !copy.is_deleted => {
            if let Some(name) = &copy.identifier {
                delete_database(name);
                group = upgrade.group.as_ref().map(|group| group.name.as_str());
            }
        }
        _ => {}
    }
    commands.extend(group.map(|group| {
        format!("When that is gone, its parameter group: aws rds delete-db-parameter-group --db-parameter-group-name {}", quoted(group))
    }));
    commands.push(format!(
        "To delete the snapshot, which is the way back: aws rds delete-db-snapshot --db-snapshot-identifier {snapshot}"
    ));
    commands
}
