//! `provision drill`: RDS is made to fail a database over, and the time is measured.

use jiff::Timestamp;

use crate::aws::recovery;
use crate::engine::cloud::KindError;
use crate::engine::state::{Record, State, Writer};
use crate::recovery::course::Refusal;
use crate::recovery::drill::{Drill, FailOver, Measured, Observed};
use crate::view::elapsed;
use crate::view::failure::{Failure, FailureKind};

use super::locked::{Locking, locked, unless_interrupted};
use super::options::Global;
use super::probe::Probe;
use super::procedure::{
    At, Hands, agree, carry_out, database, found, only_shown, opened, refuse_beside_another,
};
use super::screen::Screen;
use super::session::{Session, aws_failure};
use super::stack_file::Purpose;
use super::{Drill as Request, Exit};

/// Fails a database over, or shows how.
pub(super) async fn run(request: Request, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let purpose = if request.plan { Purpose::Show } else { Purpose::Write };
    let (session, state) = opened(global, purpose, screen).await?;
    if request.plan {
        let (address, record) = database(&state, &request.database)?;
        refuse_beside_another(&state, &address, "drill")?;
        let (began, drill) = begin(&session, &state, &address, record).await?;
        let at = At { address: &address, began };
        return Ok(only_shown(&drill, &at, global, screen));
    }
    let timeout = request.lock.lock_timeout;
    let locking = Locking { store: &session.store_to_lock(), command: "drill", timeout, waited: None };
    locked(locking, state, screen, async |writer, screen, interrupt| {
        let state = writer.state().clone();
        let (address, record) = database(&state, &request.database)?;
        refuse_beside_another(&state, &address, "drill")?;
        let prepared = unless_interrupted(interrupt, begin(&session, &state, &address, record));
        let (began, drill) = prepared.await?;
        let at = At { address: &address, began };
        unless_interrupted(interrupt, agree(&drill, &at, (request.approval, global), screen)).await?;
        let endpoint = endpoint(record);
        let probe = match &endpoint {
            Some(endpoint) => Probe::of(endpoint).await,
            None => None,
        };
        let mut hands = Drilling { session: &session, probe };
        carry_out(&at, drill, &mut hands, writer, screen, interrupt).await?;
        Ok(Exit::Done)
    })
    .await
}

/// The drill that is under way, or a new one.
async fn begin(
    session: &Session,
    state: &State,
    address: &crate::engine::address::Address,
    record: &Record,
) -> Result<(Option<Timestamp>, Drill), Failure> {
    if let Some((procedure, drill)) = found::<Drill>(state, address)?
        && procedure.is_under_way()
    {
        return Ok((procedure.started.parse().ok(), drill));
    }
    let Some(id) = record.id.clone() else { return Err(refusal(Refusal::new("it has no id", None))) };
    let live = recovery::by_id(&session.aws, &id).await.map_err(aws_failure)?;
    let identifier = live.as_ref().and_then(|live| live.db_instance_identifier()).unwrap_or(address.name());
    let observed = recovery::failover(&session.aws, &id, None).await.map_err(aws_failure)?;
    Ok((None, Drill::of(id, identifier, &observed).map_err(refusal)?))
}

fn refusal(refusal: Refusal) -> Failure {
    Failure::message(FailureKind::Failed, refusal.message).maybe_hint(refusal.hint)
}

/// The endpoint, as recorded.
fn endpoint(record: &Record) -> Option<String> {
    let text = |name: &str| record.outputs.get(name)?.as_str();
    Some(format!("{}:{}", text("host")?, text("port")?))
}

struct Drilling<'a> {
    session: &'a Session,
    probe: Option<Probe>,
}

impl Hands<Drill> for Drilling<'_> {
    async fn look(&mut self, drill: &Drill) -> Result<Observed, Failure> {
        let observed =
            recovery::failover(&self.session.aws, &drill.id, drill.asked).await.map_err(aws_failure)?;
        // RDS shows it done, and clients are not back yet.
        let is_silent = self.probe.as_ref().is_some_and(|probe| !probe.is_answered());
        match observed.status.as_deref() {
            Some("available") if is_silent => {
                Ok(Observed { status: Some("available, and takes no connection yet".to_owned()), ..observed })
            }
            _ => Ok(observed),
        }
    }

    async fn act(&mut self, drill: &mut Drill, FailOver: &FailOver, _: &mut Writer) -> Result<(), KindError> {
        recovery::fail_over(&self.session.aws, &drill.identifier).await?;
        drill.answered = true;
        Ok(())
    }

    fn end(&mut self, drill: &mut Drill, observed: &Observed, now: Timestamp) {
        let silent = self.probe.as_ref().map(Probe::silent_milliseconds);
        drill.measure(observed, now, silent);
    }

    fn next(&self, drill: &Drill) -> Vec<String> {
        let Some(Measured { endpoint_milliseconds, .. }) = &drill.measured else { return Vec::new() };
        #[expect(clippy::cast_precision_loss, reason = "seconds for people")]
        let silent = endpoint_milliseconds.map(|silent| elapsed(silent as f64 / 1000.0));
        let endpoint = match silent {
            Some(silent) => format!("From here the endpoint took no connection for {silent}."),
            None => {
                "The endpoint cannot be reached from here: the time is the one that RDS shows.".to_owned()
            }
        };
        vec![endpoint, "For how the database is now: provision status".to_owned()]
    }
}
