//! `provision state rebuild`: a lost state is put together again from what AWS has.

use crate::failure::Failure;
use crate::rebuild::{Rebuilt, rebuild};
use crate::render::harmless;
use crate::report;
use crate::state::{Edit, State, local};

use super::confirm::{Question, confirm};
use super::opening::state_failure;
use super::options::Global;
use super::screen::Screen;
use super::session::{Session, refresh_failure, wanted};
use super::{Exit, Rebuild, show};

/// Looks for everything that is declared, shows what was found, and records it.
pub(super) async fn run(request: Rebuild, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let session = Session::open(global).await?;
    session.state()?;
    let account = session.account().await?;
    let stack = session.stack.stack.to_string();
    let fresh = || State::new(&stack, uuid::Uuid::new_v4().to_string(), &account, session.aws.region());
    let timeout = request.lock.lock_timeout;
    let mut writer =
        local::open(&session.state_path, "state rebuild", timeout, fresh).map_err(state_failure)?;
    let before = writer.state().clone();
    session.check_state(Some(&before))?;
    session.check_account(Some(&before), &account)?;
    let (blueprint, discovery) =
        session.blueprint(before.network(), wanted(&request.discovery, global)).await?;
    if let Some(discovery) = &discovery {
        show::warnings(discovery, screen);
    }
    let rebuilt =
        rebuild(&session.aws, &session.registry, &blueprint, &before).await.map_err(refresh_failure)?;
    if !global.json {
        screen.out.write(&text(&rebuilt));
    }
    if !rebuilt.records.is_empty() {
        confirm(screen, request.approval, Question::State { change: "record what was found" })?;
    }
    if let Some(cluster) = blueprint.cluster.filter(|cluster| before.cluster.as_ref() != Some(cluster)) {
        writer.edit(Edit::Cluster { cluster }).map_err(state_failure)?;
    }
    for (address, record) in &rebuilt.records {
        let edit = Edit::Put { address: address.clone(), record: record.clone() };
        writer.edit(edit).map_err(state_failure)?;
    }
    writer.close().map_err(state_failure)?;
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
