//! `provision history`: the runs that changed the state, from the state alone.

use crate::cli::report;
use crate::view;
use crate::view::failure::Failure;

use super::opening::{existing_state, state_failure};
use super::options::Global;
use super::screen::Screen;
use super::stack_file::Purpose;
use super::{Exit, History};

/// Prints the last runs, the newest first.
pub(super) async fn run(request: &History, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let (store, state) = existing_state(global, Purpose::Show, screen).await?;
    let runs = state.runs.iter().rev().take(request.number);
    if global.json {
        screen.report(report::History { runs: runs.collect() });
        return Ok(Exit::Done);
    }
    let now = store.look().await.map_err(state_failure)?.holder;
    let text = view::history(runs, now.as_ref(), &screen.styles.out);
    screen.out.as_it_is(&text);
    if state.runs.is_empty() {
        screen.say(&format!("{store} names no runs: it was last written by a version that kept none"));
    }
    Ok(Exit::Done)
}
