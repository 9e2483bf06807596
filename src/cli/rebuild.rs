//! `provision state rebuild`: a lost state is put together again from what AWS has.

use crate::discovery::Wanted;
use crate::failure::{Failure, FailureKind};
use crate::planner::{Sightings, leaves_its_network};
use crate::rebuild::{Rebuilt, rebuild};
use crate::render::harmless;
use crate::report;
use crate::state::{Edit, Writer};

use super::confirm::{Question, confirm};
use super::locked::{Locking, locked, unless_interrupted};
use super::options::{Approval, Global};
use super::screen::Screen;
use super::session::{Session, refresh_failure, wanted};
use super::stack_file::Purpose;
use super::{Exit, Rebuild, show};

/// Looks for everything that is declared, shows what was found, and records it.
pub(super) async fn run(request: Rebuild, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let session = Session::open(global, Purpose::Write).await?;
    let first = session.first_state().await?;
    let account = first.account.clone();
    let timeout = request.lock.lock_timeout;
    let locking = Locking { store: &session.store, command: "state rebuild", timeout };
    let found = locked(locking, first, screen, async |writer, screen, interrupt| {
        session.check_account(Some(writer.state()), &account)?;
        let wanted = wanted(&request.discovery, global);
        let found = find(session, wanted, request.approval, global, writer, screen);
        unless_interrupted(interrupt, found).await
    });
    let rebuilt = found.await?;
    if global.json {
        screen.report(report::Rebuilt {
            recorded: rebuilt.records.keys().collect(),
            absent: rebuilt.absent.iter().collect(),
            foreign: rebuilt.foreign.keys().collect(),
        });
    } else {
        screen.err.line("Next: provision plan");
    }
    Ok(Exit::Done)
}

/// Finds what is declared, shows it, and stages what is to be recorded.
pub(super) async fn find(
    session: &Session,
    wanted: Wanted,
    approval: Approval,
    global: &Global,
    writer: &mut Writer,
    screen: &mut Screen,
) -> Result<Rebuilt, Failure> {
    let before = writer.state().clone();
    session.check_state(Some(&before))?;
    let (blueprint, discovery) = session.blueprint(Some(&before), wanted).await?;
    if let Some(discovery) = &discovery {
        show::warnings(discovery, screen);
    }
    if let Some(left) = leaves_its_network(&before, &blueprint, &Sightings::new()) {
        return Err(Failure::message(FailureKind::Usage, left.message).maybe_hint(left.hint));
    }
    let rebuilt =
        rebuild(&session.aws, &session.registry, &blueprint, &before).await.map_err(refresh_failure)?;
    if !global.json {
        screen.out.write(&text(&rebuilt));
    }
    if !rebuilt.records.is_empty() {
        confirm(screen, approval, Question::State { change: "record what was found" }).await?;
    }
    if let Some(cluster) = blueprint.cluster.filter(|cluster| before.cluster.as_ref() != Some(cluster)) {
        writer.edit(Edit::Cluster { cluster });
    }
    for (address, record) in &rebuilt.records {
        writer.edit(Edit::Put { address: address.clone(), record: record.clone() });
    }
    Ok(rebuilt)
}

fn text(rebuilt: &Rebuilt) -> String {
    let Rebuilt { records, absent, foreign } = rebuilt;
    let mut text = String::new();
    let width = records.keys().map(|address| address.to_string().len()).max().unwrap_or(0);
    for (address, record) in records {
        let id = record.id.as_ref().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("{:width$}  {}\n", address.to_string(), harmless(&id)));
    }
    for (address, id) in foreign {
        let id = id.to_string();
        text.push_str(&format!("not {address}: {} does not carry its ownership tags\n", harmless(&id)));
    }
    for address in absent {
        text.push_str(&format!("not {address}: it is not in AWS\n"));
    }
    match records.len() {
        0 => text.push_str("Nothing was found that is not recorded already.\n"),
        1 => text.push_str("1 resource found.\n"),
        count => text.push_str(&format!("{count} resources found.\n")),
    }
    text
}
