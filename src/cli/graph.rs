//! `provision graph`: what depends on what, with the planned actions; changes nothing.

use clap::ValueEnum;

use crate::engine::plan::Mode;
use crate::view::failure::{Failure, FailureKind};
use crate::view::{GraphDocument, GraphView, dot, mermaid};

use super::options::Global;
use super::screen::Screen;
use super::session::{Session, needed, wanted};
use super::stack_file::Purpose;
use super::{Exit, Graph, show};

/// The language of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Graphviz
    Dot,
    /// Drawn by code hosts inside Markdown
    Mermaid,
}

/// Makes the plan and prints its graph. A plan with errors has one too.
pub(super) async fn run(request: Graph, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let options = request.planning.options();
    if options.mode == Mode::RefreshOnly {
        let message = "--refresh-only plans no actions: there is nothing to draw";
        return Err(
            Failure::message(FailureKind::Usage, message).hint("see the drift with plan --refresh-only")
        );
    }
    let session = &Session::open_with(global, Purpose::Show, needed(&options)).await?;
    let state = session.state().await?;
    let wanted = wanted(&request.planning.discovery, global);
    let outlook = session.look(state.as_ref(), &options, wanted).await?;
    if let Some(discovery) = &outlook.discovery {
        show::warnings(discovery, screen);
    }
    let graph = GraphView::of(&outlook.planning.plan);
    if global.json {
        screen.report(GraphDocument::from(&graph));
        return Ok(Exit::Done);
    }
    screen.out.as_it_is(&match request.format {
        Format::Dot => dot(&graph),
        Format::Mermaid => mermaid(&graph),
    });
    Ok(Exit::Done)
}
