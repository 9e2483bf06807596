//! `provision import ADDRESS=ID…`: objects that are there are recorded at declared addresses.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::cli::report;
use crate::engine::address::Address;
use crate::engine::planner::{Sightings, leaves_its_network};
use crate::engine::remedy::Remedy;
use crate::engine::resource::Id;
use crate::engine::state::{Edit, Writer};
use crate::engine::take_over::{Apart, Refused, TakenOver, Wish, lineage, take_over};
use crate::view::failure::{Failure, FailureKind};
use crate::view::harmless;

use super::adopt::{Network, NewText, ask_ahead, in_vpc};
use super::locked::{Locking, locked, unless_interrupted};
use super::options::{Discovery, Global, Lock};
use super::screen::Screen;
use super::session::{Session, refresh_failure, wanted};
use super::stack_file::Purpose;
use super::{Exit, show};

/// The time within which a lock is taken that nobody else has.
const AT_ONCE: Duration = Duration::from_secs(2);

/// The objects that are to be recorded, and how.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) wishes: Vec<Wish>,
    /// The lineage of another state, whose objects may be taken over.
    pub(super) take_over: Option<String>,
    pub(super) discovery: Discovery,
    pub(super) lock: Lock,
    /// The stack file that describes the objects, where it is to be written.
    pub(super) file: Option<NewText>,
    /// The account and the region that the objects are in, where what names them says so.
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    /// The network that the objects stand in, where nothing else says which one it is.
    pub(super) vpc: Option<Id>,
    /// The command that asks for the same, where another one than `import ADDRESS=ID` does.
    pub(super) again: Option<String>,
}

/// Looks the objects up, and records them. Nothing in AWS is changed.
pub(super) async fn run(request: Request, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let session = Session::open(global, Purpose::Write).await?;
    in_place(&session, &request).await?;
    if let Some(taken) = carry_out(&session, &request, global, screen).await? {
        show_taken(&taken, request.take_over.as_deref(), Beside::default(), (global, screen));
    }
    Ok(Exit::Done)
}

/// Refuses objects of another account or region: what has their names there is something else.
pub(super) async fn in_place(session: &Session, request: &Request) -> Result<(), Failure> {
    if let Some(named) = &request.account {
        let account = session.account().await?;
        if account != *named {
            let message =
                format!("these objects are in account {named}, and the credentials are of {account}");
            return Err(Failure::message(FailureKind::Usage, message)
                .hint("use the credentials of that account (--profile), and run the same command again"));
        }
    }
    let here = session.aws.region();
    match &request.region {
        Some(named) if named != here => {
            let message = format!("these objects are in {named}, and this stack is in {here}");
            Err(Failure::message(FailureKind::Usage, message)
                .hint("a stack is in one region: write them into a stack file of their own, with --out FILE"))
        }
        _ => Ok(()),
    }
}

/// The same for a stack that is read. Nothing is done, and nothing returned, where another run was waited for and a stack file is to be
/// written: what it would say was read before that.
pub(super) async fn carry_out(
    session: &Session,
    request: &Request,
    global: &Global,
    screen: &mut Screen,
) -> Result<Option<TakenOver>, Failure> {
    let recorded = session.state().await?;
    // The network that the objects stand in is known by now, if it is not the stack's own.
    let asked = in_vpc(wanted(&request.discovery, global), request.vpc.as_ref());
    ask_ahead(session, recorded.as_ref(), &request.wishes, (asked, Network::OfTheStack)).await;
    let first = session.first_state().await?;
    let account = first.account.clone();
    let timeout = request.lock.lock_timeout;
    let (waited, is_stale) = (AtomicBool::new(false), AtomicBool::new(false));
    let locking =
        Locking { store: &session.store_to_lock(), command: "import", timeout, waited: Some(&waited) };
    let asked = Instant::now();
    let taken = locked(locking, first, screen, async |writer, screen, interrupt| {
        // The run that had the lock meanwhile may have changed all that was seen before.
        let has_waited = waited.load(Ordering::Relaxed);
        if has_waited && request.file.is_some() {
            is_stale.store(true, Ordering::Relaxed);
            return Err(Failure::said(FailureKind::Failed));
        }
        if has_waited || asked.elapsed() > AT_ONCE {
            session.aws.forget();
        }
        session.check_account(Some(writer.state()), &account)?;
        let record = record(session, request, global, writer, screen);
        unless_interrupted(interrupt, record).await
    });
    match taken.await {
        Err(_) if is_stale.load(Ordering::Relaxed) => Ok(None),
        taken => taken.map(Some),
    }
}

/// The files that were written besides the records, and what was left as it is.
#[derive(Default)]
pub(super) struct Beside<'a> {
    pub(super) stack_file: Option<&'a Path>,
    pub(super) left: Vec<report::Left>,
    pub(super) removed: Option<report::Removed<'a>>,
}

/// Prints what was recorded.
pub(super) fn show_taken(
    taken: &TakenOver,
    lineage: Option<&str>,
    beside: Beside<'_>,
    (global, screen): (&Global, &mut Screen),
) {
    let path = beside.stack_file.map(|path| path.to_string_lossy().into_owned());
    if global.json {
        let forgotten: Vec<_> = taken.forgotten.iter().chain(taken.promoted.keys()).cloned().collect();
        screen.report(report::Import {
            watched: taken.records.values().filter(|record| record.watched).count(),
            forgotten: &forgotten,
            choices: &[],
            taken_over: documents(taken, lineage),
            found: Vec::new(),
            stack_file: path,
            left: beside.left,
            removed: beside.removed,
        });
    } else {
        screen.tell(&text(taken, lineage));
        if let Some(path) = path {
            screen.tell(&format!("The stack file {} describes it as it is.", harmless(&path)));
        }
    }
}

async fn record(
    session: &Session,
    request: &Request,
    global: &Global,
    writer: &mut Writer,
    screen: &mut Screen,
) -> Result<TakenOver, Failure> {
    let before = writer.state().clone();
    session.check_state(Some(&before))?;
    session.refuse_a_renamed_one(&before).await?;
    let network = in_vpc(wanted(&request.discovery, global), request.vpc.as_ref());
    let (blueprint, discovery) = session.blueprint(Some(&before), network).await?;
    if let Some(discovery) = &discovery {
        show::warnings(discovery, screen);
    }
    if let Some(left) = leaves_its_network(&before, &blueprint, &Sightings::new()) {
        return Err(Failure::message(FailureKind::Usage, left.message).maybe_hint(left.hint));
    }
    let (registry, lineage) = (&session.registry, request.take_over.as_deref());
    let taken = take_over(&session.cloud, registry, &blueprint, &before, &request.wishes, lineage).await;
    let taken = taken.map_err(|error| refused_here(error, request))?;
    // First the file: a state with records that nothing declares would plan to delete them.
    if let Some(file) = &request.file {
        file.write()?;
        file.is_meant(global);
    }
    if let Some(cluster) = blueprint.cluster.filter(|cluster| before.cluster().as_ref() != Some(cluster)) {
        writer.edit(Edit::Facts { facts: cluster.facts() });
    }
    for address in taken.forgotten.iter().chain(taken.promoted.keys()) {
        writer.edit(Edit::Remove { address: address.clone() });
    }
    for (address, record) in &taken.records {
        writer.edit(Edit::Put { address: address.clone(), record: record.clone() });
    }
    Ok(taken)
}

/// A refusal with the command that asks for the same, as it was typed.
fn refused_here(error: Refused, request: &Request) -> Failure {
    let hint = match (&error, &request.again, &request.take_over) {
        (Refused::Foreign { whose, .. }, Some(again), _) => lineage(whose).map(|lineage| {
            format!("if that state is lost, or is to give it up: {again} --take-over {lineage}")
        }),
        (Refused::Undeclared { nearest: None, .. }, None, Some(lineage)) => {
            error.hint().map(|hint| format!("{hint} --take-over {lineage}"))
        }
        _ => None,
    };
    match hint {
        Some(hint) => Failure::message(FailureKind::Usage, error.to_string()).hint(hint),
        None => refused(error),
    }
}

pub(super) fn refused(refused: Refused) -> Failure {
    match refused {
        Refused::Unread(error) => refresh_failure(error),
        refused => {
            let hint = refused.hint();
            Failure::message(FailureKind::Usage, refused.to_string()).maybe_hint(hint)
        }
    }
}

fn documents<'a>(taken: &'a TakenOver, lineage: Option<&str>) -> Vec<report::TakenOver<'a>> {
    let records = taken.records.iter().filter(|(_, record)| !record.watched);
    records
        .filter_map(|(address, record)| {
            let before = taken.instead_of.get(address);
            Some(report::TakenOver {
                address,
                id: record.id.clone()?,
                instead_of: before.map(|before| before.id.clone()),
                left_in_aws: before.is_some_and(|before| before.is_there),
                apart: apart(taken, address)
                    .map(|one| report::Apart {
                        address: &one.address,
                        used: &one.used,
                        command: command(one, lineage),
                    })
                    .collect(),
            })
        })
        .collect()
}

fn apart<'a>(taken: &'a TakenOver, address: &Address) -> impl Iterator<Item = &'a Apart> {
    taken.apart.get(address).into_iter().flatten()
}

/// The command that takes over what is used as well, where that is one object.
fn command(apart: &Apart, lineage: Option<&str>) -> Option<String> {
    match apart.used.as_slice() {
        [one] => Some(Remedy::import(&apart.address, one, lineage).to_string()),
        _ => None,
    }
}

fn text(taken: &TakenOver, lineage: Option<&str>) -> String {
    let mut text = String::new();
    let recorded = taken.records.iter().filter(|(_, record)| !record.watched);
    for (address, record) in recorded.clone() {
        let id = record.id.as_ref().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("{address}  {}\n", harmless(&id)));
        if let Some(before) = taken.instead_of.get(address) {
            let old = before.id.to_string();
            let became = if before.is_there {
                "stays in AWS as it is, and is not managed any more"
            } else {
                "is gone from AWS"
            };
            text.push_str(&format!("    {}, which was recorded before, {became}\n", harmless(&old)));
        }
    }
    for address in taken.records.keys() {
        for one in apart(taken, address) {
            let used = one.used.join(", ");
            text.push_str(&harmless(&format!(
                "    {address} uses {used}, which does not come along and is not {}",
                one.address
            )));
            if !one.is_fixed {
                text.push_str("; the next apply changes that");
            } else if let (Some(line), Some(command)) = (&one.left_to_others, command(one, lineage)) {
                text.push_str(&harmless(&format!(
                    "; to leave it as it is, write `{line}` into the stack file; to take it over too: {command}"
                )));
            } else if let Some(command) = command(one, lineage) {
                text.push_str(&harmless(&format!("; to take that over too: {command}")));
            }
            text.push('\n');
        }
    }
    for address in &taken.forgotten {
        text.push_str(&format!("Forgot {address}: it is part of what was recorded before.\n"));
    }
    for (copy, address) in &taken.promoted {
        text.push_str(&format!("Forgot {copy}: its object was promoted, and is {address} from now on.\n"));
    }
    match recorded.count() {
        0 => text.push_str("Nothing to do: this is recorded already.\n"),
        _ if lineage.is_some() => text.push_str(
            "Recorded. Nothing in AWS was changed: until the next apply has written the ownership tags, the state that had it \
             can still change it. Next: provision plan\n",
        ),
        _ if taken.records.values().any(|record| record.claimed.is_some()) => text.push_str(
            "Recorded. Nothing in AWS was changed; the next apply writes the ownership tags. Next: provision plan\n",
        ),
        _ => text.push_str("Recorded. Nothing in AWS was changed. Next: provision plan\n"),
    }
    text
}
