//! `provision plan`: shows what apply would do, and changes nothing.

use std::path::Path;

use crate::engine::file;
use crate::engine::plan;
use crate::engine::saved::SavedPlanError;
use crate::engine::state::Sight;
use crate::view::failure::{Failure, FailureKind};
use crate::view::{Made, harmless, plan_markdown, plan_page, quoted};

use super::locked::run_of;
use super::options::Global;
use super::screen::Screen;
use super::session::{Session, needed, wanted};
use super::show::Shown;
use super::stack_file::Purpose;
use super::written::{Form, are_apart, may_be_written, to_write};
use super::{Exit, Plan, show};

/// Makes and shows the plan.
pub(super) async fn run(request: Plan, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    if request.markdown && global.json {
        // Given before the command, `--json` is not seen by the check of conflicting options.
        let message = "--markdown and --json cannot be used together: both are for standard output";
        return Err(Failure::message(FailureKind::Usage, message));
    }
    let options = request.planning.options();
    let session = &Session::open_with(global, Purpose::Show, needed(&options)).await?;
    // Before AWS is asked for anything.
    let out = request.out.as_ref().and_then(Option::as_deref);
    let named = [(out, Form::Saved), (request.html.as_deref(), Form::Page)];
    for (path, form) in named.into_iter().filter_map(|(path, form)| Some((path?, form))) {
        may_be_written(path, form, session.taken())?;
    }
    if let (Some(out), Some(html)) = (out, &request.html) {
        are_apart(out, html)?;
    }
    let Sight { state, holder, left_by } = session.sight().await?;
    if let Some(holder) = &holder {
        screen.say(&format!(
            "{} is at work on this state.\nAWS may change while this plan is made.",
            run_of(holder)
        ));
    }
    if let Some(holder) = &left_by {
        screen.say(&format!(
            "{} still has the lock of this state, and its process runs here no more.\nWhat it had begun is looked at by the next apply.",
            run_of(holder)
        ));
    }
    let wanted = wanted(&request.planning.discovery, global);
    let mut outlook = session.look(state.as_ref(), &options, wanted).await?;
    // People are told no digest of a plan that changes nothing.
    let is_bound = global.json || request.out.is_some() || !outlook.planning.plan.is_empty();
    let saved = is_bound.then(|| session.bind(&mut outlook, &options));
    let plan = &outlook.planning.plan;
    // The account was asked for, and the same answer says whose credentials these are.
    let made = Made {
        at: outlook.at,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        by: session.aws.known_caller(),
    };
    if global.json {
        screen.json(plan);
    } else if request.markdown {
        if let Some(discovery) = &outlook.discovery {
            show::warnings(discovery, screen);
        }
        screen.out.write(&plan_markdown(plan, &made, &global.carried));
    } else {
        show::plan(plan, outlook.discovery.as_ref(), screen);
    }
    if let Some(path) = &request.html {
        // Another run may have made it meanwhile.
        may_be_written(path, Form::Page, session.taken())?;
        page(path, &plan_page(plan, &made, &global.carried))?;
        screen.say(&format!("Page written to {}", harmless(&path.to_string_lossy())));
    }
    let shown = if global.json { Shown::InDocument } else { Shown::Above };
    if request.out.is_some() && plan.errors().next().is_some() {
        screen.say("Not saved: a plan with errors cannot be carried out.");
    }
    show::refuse_errors(plan, shown)?;
    let Some(saved) = &saved else { return Ok(ending(plan, request.detailed_exitcode)) };
    let digest = saved.short_digest();
    match request.out {
        Some(path) => {
            let path =
                path.unwrap_or_else(|| session.folder.join(format!("plans/{}-{digest}.json", plan.stack)));
            may_be_written(&path, Form::Saved, session.taken())?;
            saved.write(&path).map_err(|error| {
                let hint = match &error {
                    SavedPlanError::Io { source, .. } => Some(to_write(source, Form::Saved.option())),
                    _ => None,
                };
                Failure::failed(error).maybe_hint(hint)
            })?;
            let path = quoted(&path.to_string_lossy());
            let path = harmless(&path);
            // Each command is whole, on a line of its own.
            screen.say(&format!("Saved as {path}"));
            screen.say(&format!("Digest {digest}. To carry it out:\n  provision apply {path}"));
        }
        None if !plan.is_empty() => screen.say(&format!(
            "Digest {digest}. To carry out this plan and no other:\n  provision apply --expect {digest}"
        )),
        None => {}
    }
    Ok(ending(plan, request.detailed_exitcode))
}

fn ending(plan: &plan::Plan, detailed_exitcode: bool) -> Exit {
    let beside = plan.changed_outputs().next().is_some() || !plan.rendered.is_empty();
    let changes = !plan.is_empty() || beside || plan.blocked().next().is_some();
    if detailed_exitcode && changes { Exit::Changes } else { Exit::Done }
}

/// Writes the page for browsers.
fn page(path: &Path, page: &str) -> Result<(), Failure> {
    file::write(path, page.as_bytes(), file::Readers::AsUsual).map_err(|error| {
        let message = format!("cannot write the page {}: {error}", path.display());
        Failure::message(FailureKind::Failed, message).hint(to_write(&error, Form::Page.option()))
    })
}
