//! `provision restore`: a database or a file system as it was, beside the one that serves; and their exchange.

mod files;

use futures_util::future::try_join;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aws::recovery::{self, DATABASE as KIND};
use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::cloud::{ChangeDocument, Cloud, KindError, TrackedDocument};
use crate::engine::diff;
use crate::engine::document::Document;
use crate::engine::kind::{Live, Manager};
use crate::engine::owner::owner_by_tags;
use crate::engine::resource::{Id, Owner, Role};
use crate::engine::state::{Edit, Kept, Phase, Place, Record, State, Writer};
use crate::recovery::course::Course;
use crate::recovery::restore::{Instance, Observed, Restore, Side, Stage, Step, name_beside};
use crate::recovery::status::written;
use crate::stack::postgres::Version;
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::confirm::{Question, confirm};
use super::locked::{Locking, locked, unless_interrupted};
use super::options::Global;
use super::procedure::{
    At, Hands, agree, carry_out, database, forget_or_put, found, kept, only_shown, opened,
    refuse_beside_another,
};
use super::report::RestoreForgotten;
use super::screen::Screen;
use super::session::{Session, aws_failure, refresh_failure};
use super::stack_file::Purpose;
use super::{Exit, Restore as Request};
use crate::engine::refresh::RefreshError;

/// The inputs of a database that a restore looks into.
const IDENTIFIER: &str = "identifier";
const STORAGE: &str = "allocated_storage";

/// Restores, exchanges or forgets, or shows how.
pub(super) async fn run(request: Request, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let purpose = if request.plan { Purpose::Show } else { Purpose::Write };
    let (session, state) = opened(global, purpose, screen).await?;
    let of_files = file_system(&state, &request.database);
    if of_files.is_none() && (request.into_folder || request.role.is_some()) {
        let message =
            format!("{} is no file system: --into-folder and --role are of AWS Backup", request.database);
        return Err(Failure::message(FailureKind::Usage, message).hint("leave the two out"));
    }
    if request.plan {
        if let Some(address) = of_files {
            return files::show_steps(&session, &state, &address, &request, (global, screen)).await;
        }
        let (address, record) = database(&state, &request.database)?;
        refuse_beside_another(&state, &address, Restore::COMMAND)?;
        let (began, restore) = begin(&session, &state, (&address, record), &request).await?;
        let at = At { address: &address, began };
        return Ok(only_shown(&restore, &at, global, screen));
    }
    let timeout = request.lock.lock_timeout;
    let command = request.step();
    let locking = Locking { store: &session.store_to_lock(), command: &command, timeout, waited: None };
    locked(locking, state, screen, async |writer, screen, interrupt| {
        let state = writer.state().clone();
        if let Some(address) = file_system(&state, &request.database) {
            return files::carry(&session, &address, &request, writer, (global, screen, interrupt)).await;
        }
        if request.forget {
            let address = kept::<Restore>(&state, &request.database)?;
            let forgotten = forget(&session, writer, &address, &request, (global, screen));
            return unless_interrupted(interrupt, forgotten).await;
        }
        let (address, record) = database(&state, &request.database)?;
        refuse_beside_another(&state, &address, Restore::COMMAND)?;
        let prepared = begin(&session, &state, (&address, record), &request);
        let (began, restore) = unless_interrupted(interrupt, prepared).await?;
        let at = At { address: &address, began };
        unless_interrupted(interrupt, agree(&restore, &at, (request.approval, global), screen)).await?;
        let mut hands = Restoring { session: &session, address: &address };
        carry_out(&at, restore, &mut hands, writer, screen, interrupt).await?;
        Ok(Exit::Done)
    })
    .await
}

/// The file system that is meant, where no database has the name; recorded, or of a restore.
fn file_system(state: &State, place: &Place) -> Option<Address> {
    let all = state.resources.keys().chain(state.procedures.keys()).filter(|address| place.means(address));
    let (mut databases, mut files) =
        (all.clone().filter(|one| one.kind() == KIND), all.filter(|one| one.kind() == recovery::FILE_SYSTEM));
    if databases.next().is_some() { None } else { files.next().cloned() }
}

fn failed(message: impl Into<String>) -> Failure {
    Failure::message(FailureKind::Failed, message)
}

/// The restore that is under way, or the next stage of one, or a new one.
async fn begin(
    session: &Session,
    state: &State,
    (address, record): (&Address, &Record),
    request: &Request,
) -> Result<(Option<Timestamp>, Restore), Failure> {
    let name = address.title();
    let mut earlier = found::<Restore>(state, address)?;
    if let Some((_, restore)) = &mut earlier {
        // It may have been moved to another name meanwhile.
        restore.name.clone_from(&name);
    }
    let typed = request.typed();
    match (earlier, request.switch) {
        (None, false) => Ok((None, new(session, (address, record), request).await?)),
        (None, true) => Err(failed(format!("nothing was restored beside {name}"))
            .hint(format!("to restore it as it was last: provision restore {name} --latest"))),
        (Some((procedure, restore)), false) => match restore.stage {
            Stage::Restoring if restore.options == typed => Ok((procedure.started.parse().ok(), restore)),
            stage => {
                let go_on = procedure.to_go_on(Restore::COMMAND, address);
                let go_on = match stage {
                    Stage::Switched => format!("for the way back: {go_on}"),
                    _ => format!("to go on with that: {go_on}"),
                };
                let otherwise = match stage {
                    Stage::Switching => format!("for the way back: provision restore {name} --switch --back"),
                    _ => format!("to let go of what is kept: provision restore {name} --forget"),
                };
                let message = format!("{address} {}", restore.doing());
                Err(failed(message).hint(format!("{go_on}; or, {otherwise}")))
            }
        },
        (Some((procedure, mut restore)), true) => match (restore.stage, request.back) {
            (Stage::Beside, false) => {
                meet(session, (address, record), &mut restore).await?;
                restore.switch();
                Ok((None, restore))
            }
            (Stage::Switched, true) => {
                meet(session, (address, record), &mut restore).await?;
                restore.back();
                Ok((None, restore))
            }
            (Stage::Switching, is_back) => {
                if !is_of(record, &restore) {
                    return Err(is_another((address, record), &restore));
                }
                if !is_back {
                    return Ok((procedure.started.parse().ok(), restore));
                }
                restore.back();
                Ok((None, restore))
            }
            (Stage::Beside, true) => Err(failed(format!("{name} has not changed places with anything"))
                .hint(format!("provision restore {name} --switch"))),
            (Stage::Switched, false) => Err(failed(format!("{address} {}", restore.doing())).hint(format!(
                "for the way back: provision restore {name} --switch --back; to let go of the one before: provision restore \
                 {name} --forget"
            ))),
            (Stage::Restoring, _) => Err(failed(format!("{address} {}", restore.doing()))
                .hint(format!("go on first: {}", procedure.to_go_on(Restore::COMMAND, address)))),
        },
    }
}

/// True if the one that is recorded is one of the two.
fn is_of(record: &Record, restore: &Restore) -> bool {
    record.id.is_some() && [&restore.old.id, &restore.new.id].contains(&&record.id)
}

fn is_another((address, record): (&Address, &Record), restore: &Restore) -> Failure {
    let is = record.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let message = format!(
        "{address} is another database by now ({is}) than it was when {} was restored beside it: nothing is exchanged",
        restore.new.aside
    );
    failed(message).hint(format!("to let go of what is kept: provision restore {} --forget", restore.name))
}

/// The stack's database as it is now: since the restore it may have got another name and other settings, or be another one.
async fn meet(
    session: &Session,
    (address, record): (&Address, &Record),
    restore: &mut Restore,
) -> Result<(), Failure> {
    let has_the_name = if restore.stage == Stage::Switched { &restore.new } else { &restore.old };
    let Some(id) = record.id.as_ref().filter(|_| record.id == has_the_name.id) else {
        return Err(is_another((address, record), restore));
    };
    if let Some(live) = recovery::by_id(&session.aws, id).await.map_err(aws_failure)? {
        restore.identifier = live.db_instance_identifier().unwrap_or_default().to_owned();
    }
    let (its, of_the_other) = match restore.stage {
        Stage::Switched => (&mut restore.recorded_new, &mut restore.recorded_old),
        _ => (&mut restore.recorded_old, &mut restore.recorded_new),
    };
    its.clone_from(&record.inputs);
    if let Some(name) = record.inputs.get(IDENTIFIER) {
        of_the_other.insert(IDENTIFIER.to_owned(), name.clone());
    }
    Ok(())
}

/// A new restore, with what is known to be wrong told before anything is made.
async fn new(
    session: &Session,
    (address, record): (&Address, &Record),
    request: &Request,
) -> Result<Restore, Failure> {
    let name = address.title();
    let id = record.id.clone().ok_or_else(|| failed(format!("{address} has no id yet")))?;
    let source = async { recovery::by_id(&session.aws, &id).await.map_err(aws_failure) };
    let snapshot = async {
        match &request.snapshot {
            Some(snapshot) => recovery::snapshot(&session.aws, snapshot).await.map_err(aws_failure),
            None => Ok(None),
        }
    };
    let (live, snapshot) = try_join(source, snapshot).await?;
    let live = live.ok_or_else(|| failed(format!("{address} is gone")).hint("provision plan"))?;
    let identifier = live.db_instance_identifier().unwrap_or_default().to_owned();
    let mut notes = Vec::new();
    let (mut version, mut storage) = (None, live.allocated_storage());
    let (origin, from) = match (&request.snapshot, &request.to_time) {
        (Some(wanted), _) => {
            let found = snapshot.ok_or_else(|| {
                failed(format!("there is no snapshot {}", harmless(wanted)))
                    .hint("for the snapshots that there are: aws rds describe-db-snapshots")
            })?;
            if found.status != "available" {
                return Err(failed(format!("the snapshot {} is {}", harmless(wanted), found.status))
                    .hint("run the same command again when it is available"));
            }
            if found.of.as_ref() != Some(&id) {
                notes.push(format!(
                    "the snapshot is of another database than the one that is recorded ({id})"
                ));
            }
            (version, storage) = (found.engine_version, found.storage);
            (json!({ "snapshot": wanted }), format!("from the snapshot {wanted}"))
        }
        (None, time) => {
            let latest = recovery::latest_restorable(&live);
            let Some(latest) = latest else {
                return Err(failed(format!(
                    "no moment of {name} can be restored: it has no automated backups"
                ))
                .hint("restore a snapshot: provision status"));
            };
            match time {
                Some(time) if *time > latest => {
                    let (time, last) = (written(*time), written(latest));
                    return Err(failed(format!("{time} cannot be restored yet: the last moment is {last}"))
                        .hint(format!("try again in some minutes, or: provision restore {name} --latest")));
                }
                Some(time) if recovery::earliest_restorable(&live).is_some_and(|first| *time < first) => {
                    let first = recovery::earliest_restorable(&live).map(written).unwrap_or_default();
                    let message = format!(
                        "{} cannot be restored: {name} has no automated backup from before {first}",
                        written(*time)
                    );
                    return Err(failed(message).hint("restore a snapshot: provision status"));
                }
                Some(time) => {
                    let time = written(*time);
                    (json!({ "source": identifier, "time": time }), format!("as it was at {time}"))
                }
                None => {
                    let from = format!("as it was last ({})", written(latest));
                    (json!({ "source": identifier, "time": "latest" }), from)
                }
            }
        }
    };
    let mut recorded_new = record.inputs.clone();
    if let Some(version) = &version {
        let major = |text: &str| Version::parse(text).map(|version| version.major().to_vec());
        let wanted = recorded_new.get("engine_version").and_then(Value::as_str).map(str::to_owned);
        if let Some(wanted) = wanted.filter(|wanted| major(wanted) != major(version)) {
            recorded_new.insert("engine_version".to_owned(), version.clone().into());
            recorded_new.remove("parameter_group_name");
            notes.push(format!(
                "the snapshot has PostgreSQL {version}, and the stack {wanted}: the new one has {version} and the default parameters \
                 of it; before an apply, write `engine_version: \"{version}\"` into the stack file"
            ));
        }
    }
    // RDS makes none that is smaller than its backup (RestoreDBInstanceToPointInTime, AllocatedStorage).
    let has = recorded_new.get(STORAGE).and_then(Value::as_i64);
    if let Some(storage) = storage.map(i64::from).filter(|storage| has.is_some_and(|has| has < *storage)) {
        recorded_new.insert(STORAGE.to_owned(), storage.into());
        notes.push(format!("the storage has grown: the new one gets {storage} GiB"));
    }
    match record.inputs.get("password").and_then(Value::as_str) {
        Some("managed") => notes.push(
            "RDS manages the password anew: the new one has another secret, which clients must read after the exchange".to_owned(),
        ),
        _ => notes.push("the password of the stack is sent; until then it has the one of its backup".to_owned()),
    }
    if !live.read_replica_db_instance_identifiers().is_empty() {
        notes.push(
            "its read replicas go on following the one that serves now: replace them after an exchange"
                .to_owned(),
        );
    }
    let mut now = Timestamp::now();
    let mut aside = name_beside(&identifier, "restored", now);
    // One of this very second stays what it is.
    while recovery::by_name(&session.aws, &aside).await.map_err(aws_failure)?.is_some() {
        now = now.checked_add(jiff::SignedDuration::from_secs(1)).map_err(Failure::failed)?;
        aside = name_beside(&identifier, "restored", now);
    }
    let mut inputs = recorded_new.clone();
    inputs.insert(IDENTIFIER.to_owned(), aside.clone().into());
    inputs.insert("restore_from".to_owned(), origin);
    if let Some(at_once) = Role::AtOnce.field(manager(session).fields()) {
        inputs.insert(at_once.to_owned(), true.into());
    }
    let inputs = manager(session).normalise(&inputs).map_err(Failure::failed)?;
    Ok(Restore {
        name,
        options: request.typed(),
        old: Side { id: Some(id), aside: name_beside(&identifier, "old", now) },
        new: Side { id: None, aside },
        identifier,
        from,
        inputs,
        recorded_new,
        recorded_old: record.inputs.clone(),
        stage: Stage::Restoring,
        asked: None,
        turned: false,
        completed: false,
        recorded: false,
        notes,
    })
}

fn manager(session: &Session) -> &dyn Manager {
    session.registry.managing(KIND).expect("the registry has databases")
}

/// The refusal to forget an exchange whose names are not settled: it would be known no more which one is to have the name.
pub(super) fn in_the_middle(address: &Address, course: &impl Course) -> Failure {
    let name = address.title();
    failed(format!("{address} {}: that cannot be forgotten in the middle", course.doing())).hint(format!(
        "to go on: provision restore {name} --switch; or, for the way back: provision restore {name} --switch --back"
    ))
}

/// The objects that are kept, without those recorded as the stack's since: those are not let go of.
pub(super) fn unrecorded(state: &State, kept: Vec<Kept>) -> Vec<Kept> {
    let is_recorded =
        |kept: &Kept| kept.id.is_some() && state.resources.values().any(|record| record.id == kept.id);
    kept.into_iter().filter(|kept| !is_recorded(kept)).collect()
}

/// Lets go of what is kept: nothing in AWS is changed.
async fn forget(
    session: &Session,
    writer: &mut Writer,
    address: &Address,
    request: &Request,
    (global, screen): (&Global, &mut Screen),
) -> Result<Exit, Failure> {
    let Some((_, mut restore)) = found::<Restore>(writer.state(), address)? else {
        return Err(failed(format!("nothing of a restore of {address} is recorded")).hint("provision status"));
    };
    restore.name = address.title();
    let is_recorded = writer.state().resources.get(address).is_some_and(|record| is_of(record, &restore));
    if restore.stage == Stage::Switching && is_recorded {
        let of = async |side: &Side| match &side.id {
            Some(id) => recovery::by_id(&session.aws, id).await.map_err(aws_failure),
            None => Ok(None),
        };
        let both = try_join(of(&restore.old), of(&restore.new)).await?;
        if both.0.is_some() || both.1.is_some() {
            return Err(in_the_middle(address, &restore));
        }
    }
    let kept: Vec<String> =
        unrecorded(writer.state(), restore.keeps()).into_iter().map(|kept| kept.name).collect();
    let kept_text = if kept.is_empty() { "nothing".to_owned() } else { kept.join(", ") };
    let change = format!("forget the restore of {address}, and leave {kept_text} in AWS");
    confirm(screen, request.approval, Question::State { change: &change }).await?;
    forget_or_put(writer, address, Restore::COMMAND, None).await?;
    if global.json {
        screen.report(RestoreForgotten { address: address.clone(), kept });
        return Ok(Exit::Done);
    }
    let mut said = match kept.is_empty() {
        true => format!("Forgot the restore of {address}. The stack has what it made: nothing is left over."),
        false => {
            format!("Forgot the restore of {address}. {kept_text} stays in AWS as it is, and is charged.")
        }
    };
    for name in kept.iter().map(|kept| quoted(kept)) {
        said = format!(
            "{said}\nTo delete it, with a last snapshot: aws rds modify-db-instance --db-instance-identifier {name} \
             --no-deletion-protection --apply-immediately, then: aws rds delete-db-instance --db-instance-identifier {name} \
             --final-db-snapshot-identifier {name}-final"
        );
    }
    screen.tell(&said);
    Ok(Exit::Done)
}

struct Restoring<'a> {
    session: &'a Session,
    address: &'a Address,
}

impl Restoring<'_> {
    fn owner(&self, state: &State, address: &Address) -> Owner {
        let generation = state.resources.get(self.address).map_or(0, |record| record.generation + 1);
        let blueprint = Blueprint { stack: state.stack.clone(), ..Blueprint::default() };
        owner_by_tags(&blueprint, Some(state), address, generation)
    }

    async fn live(&self, id: &Id, recorded: &Document) -> Result<Option<Live>, KindError> {
        let tracked = [TrackedDocument { id: id.clone(), recorded: Some(recorded.clone()) }];
        Ok(self.session.cloud.observe(KIND, &tracked).await?.remove(id))
    }

    /// The inputs of the new one while it is made: those that its create cannot carry are as they were in the backup.
    fn asked(&self, restore: &Restore) -> Document {
        match restore.completed {
            true => restore.inputs.clone(),
            false => manager(self.session).as_created(&restore.inputs),
        }
    }

    /// The fields in which the new one is not as it was asked for.
    fn unmet(&self, restore: &Restore, live: &Live) -> Vec<String> {
        let fields = manager(self.session).fields();
        let comparable = match restore.completed {
            false => diff::changeable(fields),
            true => diff::seen_at_once(fields, &restore.inputs, &live.inputs),
        };
        let changes = diff::diff(&comparable, &restore.inputs, &live.inputs);
        changes.into_iter().map(|change| change.path).collect()
    }
}

fn unreadable(source: KindError) -> Failure {
    refresh_failure(RefreshError { kind: KIND.to_owned(), source })
}

impl Hands<Restore> for Restoring<'_> {
    async fn look(&mut self, restore: &Restore) -> Result<(Observed, String), Failure> {
        let aws = &self.session.aws;
        let of = async |side: &Side| match &side.id {
            Some(id) => recovery::by_id(aws, id).await,
            None => recovery::by_name(aws, &side.aside).await,
        };
        let named = recovery::by_name(aws, &restore.identifier);
        let beside = self.address.beside().to_string();
        let (old, new, named) = futures_util::future::try_join3(of(&restore.old), of(&restore.new), named)
            .await
            .map_err(aws_failure)?;
        let mut new: Option<Instance> = new.as_ref().map(recovery::instance);
        // By its name alone it is ours only with the tags that our call has sent.
        if restore.new.id.is_none() {
            new = new.filter(|new| new.tagged.as_deref() == Some(beside.as_str()));
        }
        if let (Stage::Restoring, Some(new)) = (restore.stage, &mut new)
            && let Some(id) = new.id.clone()
            && let Some(live) = self.live(&id, &self.asked(restore)).await.map_err(unreadable)?
        {
            new.unmet = self.unmet(restore, &live);
            new.is_ready = new.is_ready && live.condition == crate::engine::resource::Condition::Ready;
        }
        let old = old.as_ref().map(recovery::instance);
        let named = named.map(|named| named.dbi_resource_id.map(Id::new));
        let is_one =
            |id: &Option<Id>| [&old, &new].iter().any(|one| one.as_ref().is_some_and(|one| one.id == *id));
        let by_another = named.as_ref().is_some_and(|id| !is_one(id));
        Ok((Observed { old, new, is_taken: named.is_some(), by_another }, self.address.to_string()))
    }

    async fn act(
        &mut self,
        restore: &mut Restore,
        step: &Step,
        writer: &mut Writer,
    ) -> Result<(), KindError> {
        let (aws, cloud) = (&self.session.aws, &self.session.cloud);
        let ours = |address: &Address| self.owner(writer.state(), address);
        let name_of = async |side: &Side| -> Result<String, KindError> {
            let live = match &side.id {
                Some(id) => recovery::by_id(aws, id).await?,
                None => recovery::by_name(aws, &side.aside).await?,
            };
            Ok(live.and_then(|live| live.db_instance_identifier).unwrap_or_else(|| side.aside.clone()))
        };
        // A run that ended before the answer has seen it by its name.
        let new_id = async || -> Result<Id, KindError> {
            let named = match &restore.new.id {
                Some(id) => Some(id.clone()),
                None => recovery::by_name(aws, &restore.new.aside)
                    .await?
                    .and_then(|live| live.dbi_resource_id)
                    .map(Id::new),
            };
            Ok(named.unwrap_or_else(|| Id::new(restore.new.aside.clone())))
        };
        match step {
            Step::Restore => {
                let id = cloud.create(KIND, &restore.inputs, &ours(&self.address.beside())).await?;
                restore.new.id = Some(id);
            }
            Step::Complete => {
                let id = new_id().await?;
                if let Some(live) = self.live(&id, &self.asked(restore)).await? {
                    let fields = self.unmet(restore, &live).into_iter().collect();
                    let owner = ours(&self.address.beside());
                    let change =
                        ChangeDocument { id: &id, fields: &fields, observed: &live.inputs, owner: &owner };
                    cloud.update(KIND, &restore.inputs, change).await?;
                }
                restore.new.id = Some(id);
            }
            Step::Reboot => recovery::reboot(aws, &name_of(&restore.new).await?).await?,
            Step::SetOldAside => {
                recovery::rename(aws, &name_of(&restore.old).await?, &restore.old.aside).await?;
            }
            Step::GiveTheName => {
                recovery::rename(aws, &name_of(&restore.new).await?, &restore.identifier).await?;
            }
            Step::TagOld => {
                if let Some(id) = &restore.old.id {
                    cloud.claim(KIND, id, &ours(&self.address.beside())).await?;
                }
            }
            Step::TagNew => cloud.claim(KIND, &new_id().await?, &ours(self.address)).await?,
            Step::Record => {
                let id = new_id().await?;
                let live = self.live(&id, &restore.recorded_new).await?;
                if let (Some(live), Some(before)) =
                    (live, writer.state().resources.get(self.address).cloned())
                {
                    let record = Record {
                        phase: Phase::Ready,
                        generation: before.generation + u32::from(before.id.as_ref() != Some(&id)),
                        id: Some(id),
                        inputs: restore.recorded_new.clone(),
                        outputs: live.outputs,
                        claimed: None,
                        gone: false,
                        lost: None,
                        ..before
                    };
                    writer.edit(Edit::Put { address: self.address.clone(), record });
                }
            }
        }
        restore.answered();
        Ok(())
    }

    fn end(&mut self, restore: &mut Restore, (observed, _): &(Observed, String), _: Timestamp) {
        if restore.new.id.is_none() {
            restore.new.id = observed.new.as_ref().and_then(|new| new.id.clone());
        }
        restore.reached();
    }

    fn next(&self, restore: &Restore) -> Vec<String> {
        let Restore { name, identifier, old, new, .. } = restore;
        match restore.stage {
            Stage::Restoring | Stage::Beside => vec![
                format!(
                    "{} stands beside {identifier}, with all settings of the stack. Look at its data first.",
                    new.aside
                ),
                format!("To exchange their names: provision restore {name} --switch"),
                format!("To let go of it: provision restore {name} --forget"),
            ],
            Stage::Switching | Stage::Switched => vec![
                format!(
                    "The endpoint has the name that it had. The one before is kept as {}, and charged.",
                    old.aside
                ),
                format!("For the way back: provision restore {name} --switch --back"),
                format!("To let go of the one before: provision restore {name} --forget"),
                "For what is left to do: provision plan".to_owned(),
            ],
        }
    }
}
