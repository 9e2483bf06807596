//! `provision apply` and `provision destroy`: plan under the lock, show, ask, carry out.

use std::time::Duration;

use crate::event::RunOutcome;
use crate::executor::{Interrupt, Run, accept_drift, execute};
use crate::failure::{Failure, FailureKind};
use crate::discovery::Wanted;
use crate::plan::Mode;
use crate::planner::Options;
use crate::progress::Progress;
use crate::saved::SavedPlan;
use crate::state::State;
use crate::state::local::{self, Writer};
use tokio::sync::watch;

use super::session::{Outlook, Session, state_failure};
use super::{Terminal, confirm, show};

/// What a run was asked to do.
pub struct Request {
    pub options: Options,
    pub wanted: Wanted,
    /// The saved plan that is to be carried out, and nothing else.
    pub saved: Option<SavedPlan>,
    /// The digest that the plan must have.
    pub expected_digest: Option<String>,
    pub parallelism: usize,
    pub lock_timeout: Duration,
    pub consent: confirm::Consent,
}

/// Carries out the request.
pub async fn run(session: &Session, request: Request, terminal: &Terminal) -> Result<(), Failure> {
    let account = session.account().await?;
    let command = match request.options.mode {
        Mode::Destroy => "destroy",
        Mode::Apply | Mode::RefreshOnly => "apply",
    };
    let stack = session.stack.stack.to_string();
    let fresh = || {
        State::new(&stack, uuid::Uuid::new_v4().to_string(), &account, session.aws.region())
    };
    let mut writer = local::open(&session.state_path, command, request.lock_timeout, fresh)
        .map_err(state_failure)?;
    let state = (!writer.is_new()).then(|| writer.state().clone());
    session.check_state(state.as_ref())?;
    let outlook = session.look(state.as_ref(), &request.options, request.wanted.clone()).await?;
    check_commitments(session, &request, &outlook)?;
    let plan = &outlook.planning.plan;
    if !terminal.json {
        show::plan(plan, outlook.discovery.as_ref(), terminal);
    }
    show::refuse_errors(plan)?;
    if !plan.is_empty() {
        request.consent.obtain(plan, terminal)?;
    }
    if request.options.mode == Mode::RefreshOnly {
        accept_drift(&session.registry, &outlook.sightings, &mut writer).map_err(state_failure)?;
        writer.close().map_err(state_failure)?;
        return Ok(());
    }
    carry_out(session, &request, &outlook, writer, terminal).await
}

/// A plan that was reviewed is the only one that may be carried out.
fn check_commitments(
    session: &Session,
    request: &Request,
    outlook: &Outlook,
) -> Result<(), Failure> {
    let now = session.saved(outlook, &request.options);
    if let Some(saved) = &request.saved {
        let moved = saved.moved(&now);
        if !moved.is_empty() {
            let message = format!("the saved plan is stale; since it was made, this has changed: {}", moved.join(", "));
            return Err(Failure::message(FailureKind::Stale, message).hint("provision plan --out"));
        }
    }
    match &request.expected_digest {
        Some(expected) if expected.len() < 8 || !now.digest.starts_with(expected.as_str()) => {
            let message = format!("the plan's digest is {}, not {expected}", now.short_digest());
            Err(Failure::message(FailureKind::Stale, message)
                .hint("provision plan, review it, and expect its digest"))
        }
        _ => Ok(()),
    }
}

async fn carry_out(
    session: &Session,
    request: &Request,
    outlook: &Outlook,
    mut writer: Writer,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let interrupt = listen_for_signals();
    let mut progress = Progress::new(terminal.progress(), super::words(request.options.mode), terminal.styles);
    let run = Run {
        aws: &session.aws,
        registry: &session.registry,
        blueprint: &outlook.blueprint,
        planning: &outlook.planning,
        sightings: &outlook.sightings,
        parallelism: request.parallelism,
        interrupt,
    };
    let executed = execute(&run, &mut writer, &mut |event| progress.event(&event)).await;
    let report = match executed {
        Ok(report) => report,
        // Said last and loudest: AWS has acted, and the record of it may be behind.
        Err(error) => {
            return Err(state_failure(error).hint(
                "make room or mend the folder, then run the same command again: it reads AWS and carries on",
            ));
        }
    };
    writer.close().map_err(state_failure)?;
    match report.summary.outcome {
        RunOutcome::Done => Ok(()),
        RunOutcome::Failed => Err(Failure::said(FailureKind::Failed)),
        RunOutcome::Interrupted => Err(Failure::said(FailureKind::Interrupted)),
    }
}

/// The first signal asks the run to end in order; the second one ends it at once, which loses nothing either.
fn listen_for_signals() -> Interrupt {
    let (sender, interrupt) = watch::channel(false);
    tokio::spawn(async move {
        let mut signals = 0;
        while any_signal().await.is_ok() {
            signals += 1;
            if signals > 1 {
                super::end_at_once();
            }
            super::note_interrupt();
            sender.send_replace(true);
        }
        // Without signals there is nothing to hear, but the receiver must not see an end.
        std::future::pending::<()>().await;
    });
    interrupt
}

async fn any_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
    }
}
