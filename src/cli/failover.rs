//! `provision failover`: the machine of a pair that serves is fenced, and the other one serves in its place.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::{try_join_all, try_join3};
use jiff::Timestamp;
use serde_json::Value;

use crate::aws::recovery::pairs::{self, Script};
use crate::aws::recovery::unread;
use crate::engine::address::Address;
use crate::engine::cloud::{Cloud, KindError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::Id;
use crate::engine::state::{Edit, State, Writer};
use crate::recovery::course::{Course, Next, Refusal};
use crate::recovery::failover::lag::{Circumstances, Lag, judge};
use crate::recovery::failover::{
    Commands, Elastic, Errand, Failover, Observed, PAIR, Place, Run, Side, Step,
};
use crate::recovery::status::{seconds_between, written};
use crate::stack::blueprint::Kept;
use crate::stack::parts::pairs::{AT, GROUPS, Pair, pairs};
use crate::view::elapsed;
use crate::view::failure::{Failure, FailureKind};

use super::locked::{Locking, locked, unless_interrupted};
use super::options::Global;
use super::probe::answers_within;
use super::procedure::{At, Hands, agree, carry_out, found, only_shown, opened};
use super::screen::Screen;
use super::session::{Session, aws_failure};
use super::stack_file::Purpose;
use super::{Exit, Failover as Request};

/// Fails a pair over, or shows how.
pub(super) async fn run(request: Request, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let purpose = if request.plan { Purpose::Show } else { Purpose::Write };
    let (session, state) = opened(global, purpose, screen).await?;
    let address = Address::new(PAIR, &request.pair);
    if request.plan {
        let Begun { course, began, .. } = begin(&session, &state, &address, &request).await?;
        let at = At { address: &address, began };
        return Ok(only_shown(&course, &at, global, screen));
    }
    let timeout = request.lock.lock_timeout;
    let command = request.step();
    let locking = Locking { store: &session.store_to_lock(), command: &command, timeout, waited: None };
    locked(locking, state, screen, async |writer, screen, interrupt| {
        let state = writer.state().clone();
        let begun = unless_interrupted(interrupt, begin(&session, &state, &address, &request)).await?;
        let Begun { course, began, is_new } = begun;
        let asked = At { address: &address, began: began.filter(|_| !is_new) };
        unless_interrupted(interrupt, agree(&course, &asked, (request.approval, global), screen)).await?;
        let at = At { address: &address, began };
        let port = pairs(&session.stack).get(&request.pair).and_then(Pair::port);
        let mut hands = Failing { port, ..Failing::of(&session) };
        carry_out(&at, course, &mut hands, writer, screen, interrupt).await?;
        Ok(Exit::Done)
    })
    .await
}

fn failed(message: impl Into<String>) -> Failure {
    Failure::message(FailureKind::Failed, message)
}

fn refusal(refusal: Refusal) -> Failure {
    failed(refusal.message).maybe_hint(refusal.hint)
}

/// A failover to be carried out.
struct Begun {
    course: Failover,
    /// When it began, where an earlier run did that.
    began: Option<Timestamp>,
    /// True until a person has agreed to it.
    is_new: bool,
}

/// The failover that is under way, or its way back, or a new one.
async fn begin(
    session: &Session,
    state: &State,
    address: &Address,
    request: &Request,
) -> Result<Begun, Failure> {
    let name = &request.pair;
    let earlier = found::<Failover>(state, address)?;
    let Some((procedure, mut course)) = earlier else {
        return new(session, state, request, None).await;
    };
    if !procedure.is_under_way() {
        if let Some(pair) = pairs(&session.stack).get(name) {
            take_what_is_written(&mut course, pair, state);
        }
        let observed = Failing::of(session).look(&course).await?;
        let recorded = |side: &Side| {
            let record = state.resources.get(&side.address).filter(|record| !record.gone);
            record.and_then(|record| record.id.as_ref()) == Some(&side.id)
        };
        let kept = Kept::of(&session.registry, Some(state));
        let pair = pairs(&session.stack).remove(name);
        let serves =
            pair.is_some_and(|pair| !pair.is_torn(&kept) && pair.active(&kept).0 == course.to.name());
        let is_the_last = serves && !course.idle && recorded(&course.from) && recorded(&course.to);
        if !request.back && is_the_last && !course.is_as_left(&observed) {
            refuse_in_anothers_way(state, address, &course)?;
            let is_used = course.serves_as_left(&observed);
            course.again(uuid::Uuid::new_v4().to_string());
            if !is_used {
                // Clients were somewhere else since, perhaps for weeks.
                let most = pairs(&session.stack).get(name).and_then(|pair| pair.max_lag);
                judged(session, &mut course, request, (most, None)).await?;
            }
            return Ok(Begun { course, began: None, is_new: true });
        }
        return new(session, state, request, Some(course)).await;
    }
    let began = procedure.started.parse().ok();
    match (course.back, request.back) {
        (false, false) | (true, true) => {
            let observed = Failing::of(session).look(&course).await?;
            course.resume(&observed, Timestamp::now());
            Ok(Begun { course, began, is_new: false })
        }
        (true, false) => Err(failed(format!("{address} {}: it is on its way back", course.doing()))
            .hint(format!("go on with that first: provision failover {name} --back"))),
        (false, true) => {
            let since = course.moved.or(course.begun).unwrap_or_else(Timestamp::now);
            let observed = Failing::of(session).look(&course).await?;
            let has_served = course.may_be_used(&observed);
            course.turn(&observed, Timestamp::now());
            if has_served {
                let since = seconds_between(since, Timestamp::now());
                judged(session, &mut course, request, (None, Some(since))).await?;
            }
            Ok(Begun { course, began, is_new: true })
        }
    }
}

/// Takes the words of the stack file on a pair as they are now, in the place of those at the last failover.
fn take_what_is_written(course: &mut Failover, pair: &Pair, state: &State) {
    let id = |address: &Address| state.resources.get(address).and_then(|record| record.id.clone());
    course.commands = commands(pair);
    for (group, address) in [(&mut course.open, pair.open_group()), (&mut course.closed, pair.closed_group())]
    {
        if let Some(id) = id(&address) {
            *group = id.to_string();
        }
    }
    if let Some(id) = id(&pair.elastic_ip()) {
        (course.address.address, course.address.id) = (pair.elastic_ip(), id);
    }
}

fn commands(pair: &Pair) -> Commands {
    let written = &pair.commands;
    Commands {
        lag: written.lag.clone(),
        stop_copy: written.stop_copy.clone(),
        stop: written.stop.clone(),
        start: written.start.clone(),
    }
}

/// Refuses to begin while another failover is at work on the same machines: a pair may have another name by now.
fn refuse_in_anothers_way(state: &State, address: &Address, course: &Failover) -> Result<(), Failure> {
    let ours = course.holds_along();
    for (other, of_object) in state.procedures.iter().filter(|(other, _)| *other != address) {
        let at_work = of_object.iter().find(|(_, one)| one.is_under_way() && one.holds);
        let Some((command, procedure)) = at_work else { continue };
        if ours.contains(other) || procedure.along.iter().any(|one| ours.contains(one)) {
            return Err(failed(format!("{other} {} since {}", procedure.doing, procedure.started))
                .hint(format!("to go on with that: {}", procedure.to_go_on(command, other))));
        }
    }
    Ok(())
}

/// Reads the lag, and notes what is lost, unless that has to be accepted first.
async fn judged(
    session: &Session,
    course: &mut Failover,
    request: &Request,
    (most, since): (Option<i64>, Option<i64>),
) -> Result<(), Failure> {
    let circumstances = Circumstances {
        pair: &request.pair,
        to: &course.to.name(),
        from: &course.from.name(),
        most,
        since,
        is_back: course.back,
        is_accepted: request.accept_unknown_lag,
    };
    let lag = lag(session, course, request).await?;
    course.notes.push(judge(&lag, circumstances).map_err(refusal)?);
    course.lag = lag;
    Ok(())
}

/// A new failover, with what is known to be wrong told before anything is done.
async fn new(
    session: &Session,
    state: &State,
    request: &Request,
    last: Option<Failover>,
) -> Result<Begun, Failure> {
    let name = &request.pair;
    let all = pairs(&session.stack);
    let Some(pair) = all.get(name) else {
        let hint = match all.keys().cloned().collect::<Vec<_>>().as_slice() {
            [] => "write a pair below `pairs:`; for its options: provision schema stack".to_owned(),
            there => format!("the pairs are: {}", there.join(", ")),
        };
        return Err(Failure::message(
            FailureKind::Usage,
            format!("the stack file has no pair {}", crate::view::harmless(name)),
        )
        .hint(hint));
    };
    let kept = Kept::of(&session.registry, Some(state));
    let (active, standby) = pair.active(&kept);
    if pair.is_torn(&kept) {
        let message = format!(
            "by what is recorded {active} has the group `{}`, and the address is at {standby}",
            pair.open
        );
        return Err(failed(message).hint(
            "give one machine the open group and the address by hand, and close the other one; then: provision apply --refresh-only",
        ));
    }
    let (active, standby) = (Pair::machine(active), Pair::machine(standby));
    let id = |address: &Address| {
        let record = state.resources.get(address).filter(|record| !record.gone);
        record.and_then(|record| record.id.clone()).ok_or_else(|| {
            failed(format!("{address} is not there, and `{name}` cannot be failed over"))
                .hint("provision plan")
        })
    };
    let machine = |address: &Address| {
        let record = state.resources.get(address);
        record.and_then(|record| record.id.clone()).ok_or_else(|| {
            failed(format!("{address} was never made, and `{name}` cannot be failed over"))
                .hint("provision plan")
        })
    };
    let (from, to, elastic) = (machine(&active)?, id(&standby)?, machine(&pair.elastic_ip())?);
    let (open, closed) = (id(&pair.open_group())?, id(&pair.closed_group())?);
    // The one that served before has the data of then.
    let turned = last.as_ref().filter(|last| last.from.id == to && !last.idle);
    let since = turned.map(|last| last.ended.or(last.begun).unwrap_or_else(Timestamp::now));
    match (since, request.back) {
        (Some(when), false) => {
            return Err(failed(format!(
                "{} served until {}, when {} took over, and has its data of then unless copying was turned round",
                standby.title(),
                written(when),
                active.title()
            ))
            .hint(format!(
                "for the way back: provision failover {name} --back; for a new standby: provision apply --replace {standby}"
            )));
        }
        (None, true) => {
            return Err(failed(format!("{name} has not been failed over, and there is no way back"))
                .hint("for how the pair is: provision status"));
        }
        (Some(_), true) | (None, false) => {}
    }
    let ids = [&from, &to];
    let live = pairs::machines(&session.aws, &ids).await.map_err(aws_failure)?;
    let place = pairs::associated(&session.aws, &elastic).await.map_err(aws_failure)?;
    let side = |address: Address, id: Id| {
        let before = live.get(&id).map(|one| one.groups.clone()).unwrap_or_default();
        Side { address, id, before }
    };
    let before = last.as_ref().filter(|_| request.back).map(|last| last.from.before.clone());
    let mut to = side(standby, to);
    to.before = before.unwrap_or(to.before);
    let instance = match &place.place {
        Place::At(at) => Some(at.clone()),
        _ => None,
    };
    let mut course = Failover {
        pair: name.clone(),
        from: side(active, from),
        to,
        address: Elastic {
            address: pair.elastic_ip(),
            id: elastic,
            public_ip: place.public_ip.unwrap_or_default(),
            association: place.association,
            instance,
        },
        open: open.to_string(),
        closed: closed.to_string(),
        commands: commands(pair),
        lag: Lag::Unknown("it was not read".to_owned()),
        back: request.back,
        journal: uuid::Uuid::new_v4().to_string(),
        sent: Default::default(),
        asked: None,
        serves: false,
        opened: false,
        idle: false,
        begun: None,
        since: None,
        shut: None,
        moved: None,
        ended: None,
        recorded: false,
        is_released: false,
        notes: Vec::new(),
    };
    refuse_in_anothers_way(state, &Address::new(PAIR, name), &course)?;
    let now = Timestamp::now();
    let observed = Failing::of(session).look(&course).await?;
    if let Next::Refuse(refused) = course.next(&observed, now) {
        return Err(refusal(refused));
    }
    let needs_its_agent = course.commands.stop_copy.is_some() || course.commands.start.is_some();
    if let Some(to) = observed.to.as_ref().filter(|to| to.is_running() && !to.is_reachable)
        && needs_its_agent
    {
        let (to, state) = (course.to.name(), &to.state);
        return Err(failed(format!(
            "{to} is {state}, and cannot be reached by Systems Manager: nothing could be started on it"
        ))
        .hint(
            "for its agent: aws ssm describe-instance-information; for how the pair is: provision status",
        ));
    }
    let since = since.map(|since| seconds_between(since, now));
    judged(session, &mut course, request, (pair.max_lag, since)).await?;
    Ok(Begun { course, began: None, is_new: true })
}

/// The lag of the copy on the machine that is to serve. Where its loss is accepted, a lag that cannot be read is unknown.
async fn lag(session: &Session, course: &Failover, request: &Request) -> Result<Lag, Failure> {
    let comment = format!("provision {} lag", course.journal);
    let read = pairs::lag(&session.aws, &course.to.id, course.commands.lag.as_deref(), &comment).await;
    match read {
        Ok(lag) => Ok(lag),
        Err(error) if request.accept_unknown_lag => {
            let said = unread(&error);
            Ok(Lag::Unknown(format!("{} answered {}", said.operation, said.code)))
        }
        Err(error) => Err(aws_failure(error)),
    }
}

struct Failing<'a> {
    session: &'a Session,
    /// The port that is tried at the address when all is done.
    port: Option<u16>,
    /// True where it took a connection from here, and false where it did not.
    answered: Option<bool>,
}

/// The service has started by then; the address follows the machine within seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// The time that a command may run, in seconds.
fn patience(errand: Errand) -> u32 {
    match errand {
        Errand::StopCopyThere | Errand::StopCopy => 60,
        Errand::Stop => 120,
        // GitLab takes minutes to come up.
        Errand::Start => 900,
    }
}

impl<'a> Failing<'a> {
    fn of(session: &'a Session) -> Self {
        Self { session, port: None, answered: None }
    }
}

impl Failing<'_> {
    /// Tries the service at the address, once all else is done. No answer is no failure: the address may be closed to this machine.
    async fn try_the_address(&mut self, course: &Failover, place: &Place) {
        let is_done = course.recorded && *place == Place::At(course.to.id.to_string());
        if let (true, None, Some(port)) = (is_done, self.answered, self.port) {
            let endpoint = format!("{}:{port}", course.address.public_ip);
            self.answered = Some(answers_within(&endpoint, ANSWERS_WITHIN).await);
        }
    }

    /// The command of an errand as Systems Manager shows it.
    async fn shown(&self, course: &Failover, errand: Errand) -> Result<(Errand, Run), Failure> {
        let aws = &self.session.aws;
        let Some(sent) = course.sent.get(&errand) else { return Ok((errand, Run::Unseen)) };
        let on = &course.machine(errand).id;
        let id = match &sent.id {
            Some(id) => Some(id.clone()),
            None if sent.unreachable => None,
            None => pairs::found(aws, on, &course.comment(errand), sent.at).await.map_err(aws_failure)?,
        };
        let Some(id) = id else { return Ok((errand, Run::Unseen)) };
        Ok((errand, pairs::shown(aws, on, &id).await.map_err(aws_failure)?))
    }

    /// Records the groups of both machines and the place of the address as they were made.
    async fn record(&self, course: &Failover, writer: &mut Writer) -> Result<(), KindError> {
        let set = |groups: BTreeSet<String>| Value::from(groups.into_iter().collect::<Vec<_>>());
        let opened = course.groups_of_the_open_one();
        let of_open = course.to.before.keys().next().map_or("", String::as_str);
        for (address, field, value) in [
            (&course.from.address, GROUPS, set([course.closed.clone()].into())),
            (&course.to.address, GROUPS, set(opened.of(of_open).clone())),
            (&course.address.address, AT, Value::from(course.to.id.as_str())),
        ] {
            let Some(record) = writer.state().resources.get(address).cloned() else { continue };
            let Some(id) = record.id.clone() else { continue };
            let tracked = [TrackedDocument { id: id.clone(), recorded: Some(record.inputs.clone()) }];
            let live = self.session.cloud.observe(address.kind(), &tracked).await?.remove(&id);
            let mut record = record;
            record.inputs.insert(field.to_owned(), value);
            // Of what is gone, the record says which part it had: the one that is made in its place gets that.
            if let Some(live) = live {
                record.outputs = live.outputs;
            }
            let meant = [&course.open, &course.closed, course.from.id.as_str(), course.to.id.as_str()];
            let named = named(&record.inputs, field);
            for (other, of_other) in &writer.state().resources {
                let Some(id) = of_other.id.as_ref().map(Id::as_str).filter(|id| meant.contains(id)) else {
                    continue;
                };
                match named.iter().any(|one| one == id) {
                    true => record.depends_on.insert(other.clone()),
                    false => record.depends_on.remove(other),
                };
            }
            writer.edit(Edit::Put { address: address.clone(), record });
        }
        Ok(())
    }
}

/// The texts of a field.
fn named(inputs: &Document, field: &str) -> Vec<String> {
    let Some(value) = inputs.get(field) else { return Vec::new() };
    let texts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    texts.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// The sentence on the service at the address, as it was tried from here.
fn tried(course: &Failover, port: u16, answered: bool) -> String {
    let (ip, to) = (&course.address.public_ip, course.to.name());
    match answered {
        true => format!("Port {port} of {ip} takes connections from here."),
        false => format!(
            "Port {port} of {ip} takes no connection from here: that {to} serves there is by AWS's word alone. The service may not have started, or the \
             open group does not let this machine in."
        ),
    }
}

impl Hands<Failover> for Failing<'_> {
    async fn look(&mut self, course: &Failover) -> Result<Observed, Failure> {
        let aws = &self.session.aws;
        let ids = [&course.from.id, &course.to.id];
        let has_commands = Errand::ALL.iter().any(|errand| course.command(*errand).is_some());
        let machines = pairs::machines(aws, &ids);
        let online = async {
            match has_commands {
                true => pairs::reachable(aws, &ids).await,
                false => Ok(Default::default()),
            }
        };
        let (mut machines, online, at) =
            try_join3(machines, online, pairs::associated(aws, &course.address.id))
                .await
                .map_err(aws_failure)?;
        for (id, machine) in &mut machines {
            machine.is_reachable = online.contains(id);
        }
        let shown = course.sent.keys().map(|errand| self.shown(course, *errand));
        let runs = try_join_all(shown).await?.into_iter().collect();
        let (from, to) = (machines.remove(&course.from.id), machines.remove(&course.to.id));
        self.try_the_address(course, &at.place).await;
        Ok(Observed { from, to, place: at.place, runs })
    }

    async fn act(
        &mut self,
        course: &mut Failover,
        step: &Step,
        writer: &mut Writer,
    ) -> Result<(), KindError> {
        let aws = &self.session.aws;
        if let Some(errand) = step.errand() {
            let comment = course.comment(errand);
            let sent = match course.command(errand) {
                Some(command) => {
                    let on = &course.machine(errand).id;
                    let script = Script { on, command, comment: &comment, seconds: patience(errand) };
                    match step {
                        Step::StartService(fenced) => pairs::start_service(aws, fenced, script).await?,
                        _ => pairs::send(aws, script).await?,
                    }
                }
                None => None,
            };
            course.sent(errand, sent);
            return Ok(());
        }
        let machine = async |side: &Side| -> Result<_, KindError> {
            Ok(pairs::machines(aws, &[&side.id]).await?.remove(&side.id).unwrap_or_default())
        };
        match step {
            Step::Close => {
                let from = machine(&course.from).await?;
                pairs::close(aws, &course.from.id, &from, &course.shut()).await?;
            }
            Step::StopMachine { by_force } => pairs::stop(aws, &course.from.id, *by_force).await?,
            Step::StartMachine(fenced) => pairs::start(aws, fenced, &course.to.id).await?,
            Step::Open(fenced) => {
                let to = machine(&course.to).await?;
                pairs::open(aws, fenced, &course.to.id, &to, &course.groups_of_the_open_one()).await?;
            }
            Step::MoveAddress(fenced) => {
                pairs::associate(aws, fenced, &course.address.id, &course.to.id).await?;
            }
            Step::Record(_) => {
                self.record(course, writer).await?;
                course.recorded = true;
            }
            Step::StopCopyThere | Step::StopCopy | Step::StopService | Step::StartService(_) => {}
        }
        course.answered();
        Ok(())
    }

    fn end(&mut self, course: &mut Failover, observed: &Observed, now: Timestamp) {
        course.end(observed, now);
    }

    fn next(&self, course: &Failover) -> Vec<String> {
        let (from, to, pair) = (course.from.name(), course.to.name(), &course.pair);
        let ip = &course.address.public_ip;
        let mut said = vec![match course.is_released {
            true => {
                format!("{to} serves, and the address {ip} is released. For another one: provision apply")
            }
            false => format!("{to} serves at {ip}."),
        }];
        said.extend(self.port.zip(self.answered).map(|(port, answered)| tried(course, port, answered)));
        if let Some(seconds) = course.silent_seconds() {
            #[expect(clippy::cast_precision_loss, reason = "seconds for people")]
            let silent = elapsed(seconds as f64);
            said.push(format!(
                "From closing {from} to moving the address, clients had no service for {silent}."
            ));
        }
        if course.idle {
            said.push(format!("{from} never served. Start copying to it again."));
            return said;
        }
        said.push(format!(
            "{from} is closed, and has what was written last and not copied: look at that before it goes."
        ));
        said.push(format!("For a new standby: provision apply --replace {}", course.from.address));
        said.push(format!(
            "To keep {from} as the standby, turn copying round (on a machine of `pair-user-data`: `pair follow`, as root); then, for the way back: provision failover {pair} --back"
        ));
        said
    }
}
