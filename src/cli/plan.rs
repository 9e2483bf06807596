//! `provision plan`: shows what apply would do, and changes nothing.

use std::path::PathBuf;

use provision::discovery::Wanted;
use provision::failure::Failure;
use provision::planner::Options;

use super::session::Session;
use super::{Terminal, show};

/// What is done with the plan beside showing it.
pub struct Request {
    pub options: Options,
    pub wanted: Wanted,
    /// Where the plan is saved; the inner `None` asks for a name to be made.
    pub out: Option<Option<PathBuf>>,
    /// Whether the exit code tells of changes.
    pub detailed_exitcode: bool,
}

/// The exit code of `--detailed-exitcode` when there are changes.
const CHANGES: u8 = 2;

/// Makes and shows the plan; the exit code when nothing failed.
pub async fn run(session: &Session, request: Request, terminal: &Terminal) -> Result<u8, Failure> {
    let state = session.state()?;
    let outlook = session.look(state.as_ref(), &request.options, request.wanted).await?;
    let plan = &outlook.planning.plan;
    if terminal.json {
        terminal.json(plan);
    } else {
        show::plan(plan, outlook.discovery.as_ref(), terminal);
    }
    let saved = session.saved(&outlook, &request.options);
    if plan.errors().next().is_none() {
        match &request.out {
            Some(path) => {
                let path = path.clone().unwrap_or_else(|| {
                    PathBuf::from(format!("plans/{}-{}.json", plan.stack, saved.short_digest()))
                });
                saved.write(&path).map_err(Failure::failed)?;
                let path = path.display();
                terminal.note(&format!("Saved as {path}, digest {}. To carry it out: provision apply {path}", saved.short_digest()));
            }
            None if !plan.is_empty() => terminal.note(&format!(
                "Digest {0}. To carry out this plan and no other: provision apply --expect {0}",
                saved.short_digest()
            )),
            None => {}
        }
    }
    show::refuse_errors(plan)?;
    Ok(if request.detailed_exitcode && !plan.is_empty() { CHANGES } else { 0 })
}
