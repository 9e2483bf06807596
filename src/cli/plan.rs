//! `provision plan`: shows what apply would do, and changes nothing.

use std::path::PathBuf;

use crate::failure::Failure;

use super::options::Global;
use super::screen::Screen;
use super::session::{Session, wanted};
use super::{Exit, Plan, show};

/// Makes and shows the plan.
pub(super) async fn run(request: Plan, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let session = Session::open(global).await?;
    let state = session.state()?;
    let options = request.planning.options();
    let wanted = wanted(&request.planning.discovery, global);
    let outlook = session.look(state.as_ref(), &options, wanted).await?;
    let plan = &outlook.planning.plan;
    if global.json {
        screen.json(plan);
    } else {
        show::plan(plan, outlook.discovery.as_ref(), screen);
    }
    show::refuse_errors(plan)?;
    let saved = &outlook.saved;
    let digest = saved.short_digest();
    match request.out {
        Some(path) => {
            let path = path.unwrap_or_else(|| PathBuf::from(format!("plans/{}-{digest}.json", plan.stack)));
            saved.write(&path).map_err(Failure::failed)?;
            let path = path.display();
            screen
                .err
                .line(&format!("Saved as {path}, digest {digest}. To carry it out: provision apply {path}"));
        }
        None if !plan.is_empty() => screen.err.line(&format!(
            "Digest {digest}. To carry out this plan and no other: provision apply --expect {digest}"
        )),
        None => {}
    }
    Ok(if request.detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Done })
}
