//! The restore of a file system by AWS Backup, and the exchange with the one that serves.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::future::{try_join, try_join_all};
use jiff::Timestamp;
use serde_json::Value;

use super::{Request, RestoreForgotten, failed, in_the_middle, unrecorded};
use crate::aws::recovery::{self, ACCESS_POINT, FILE_SYSTEM, MOUNT_TARGET, REPLICATION};
use crate::cli::Exit;
use crate::cli::confirm::{Question, confirm};
use crate::cli::locked::unless_interrupted;
use crate::cli::options::Global;
use crate::cli::procedure::{
    At, Hands, agree, carry_out, forget_or_put, found, only_shown, refuse_beside_another,
};
use crate::cli::screen::Screen;
use crate::cli::session::{Session, aws_failure, refresh_failure};
use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::cloud::{ChangeDocument, Cloud, KindError, TrackedDocument};
use crate::engine::diff;
use crate::engine::document::Document;
use crate::engine::interrupt::Interrupt;
use crate::engine::kind::{Live, Manager};
use crate::engine::owner::owner_by_tags;
use crate::engine::refresh::RefreshError;
use crate::engine::resource::{Condition, Id, Owner, Ownership, Trace};
use crate::engine::state::{Edit, Phase, Record, State, Writer};
use crate::recovery::course::Course;
use crate::recovery::files::{FileRestore, Observed, Part, Seen, Step};
use crate::recovery::restore::Stage;
use crate::recovery::status::written;
use crate::view::failure::{Failure, FailureKind};
use crate::view::harmless;

/// The input of mount targets and access points that names their file system.
const OF: &str = "file_system_id";

/// Shows the steps.
pub(super) async fn show_steps(
    session: &Session,
    state: &State,
    address: &Address,
    request: &Request,
    (global, screen): (&Global, &mut Screen),
) -> Result<Exit, Failure> {
    let (began, restore) = begin(session, state, address, request).await?;
    let at = At { address, began };
    Ok(only_shown(&restore, &at, global, screen))
}

/// Restores, exchanges or forgets.
pub(super) async fn carry(
    session: &Session,
    address: &Address,
    request: &Request,
    writer: &mut Writer,
    (global, screen, interrupt): (&Global, &mut Screen, &Interrupt),
) -> Result<Exit, Failure> {
    if request.forget {
        let forgotten = forget(session, writer, address, request, (global, screen));
        return unless_interrupted(interrupt, forgotten).await;
    }
    let state = writer.state().clone();
    let prepared = begin(session, &state, address, request);
    let (began, restore) = unless_interrupted(interrupt, prepared).await?;
    let at = At { address, began };
    unless_interrupted(interrupt, agree(&restore, &at, (request.approval, global), screen)).await?;
    let mut hands = Restoring { session, address, state: &state };
    carry_out(&at, restore, &mut hands, writer, screen, interrupt).await?;
    Ok(Exit::Done)
}

/// The restore that is under way, or the next stage of one, or a new one.
async fn begin(
    session: &Session,
    state: &State,
    address: &Address,
    request: &Request,
) -> Result<(Option<Timestamp>, FileRestore), Failure> {
    refuse_beside_another(state, address, FileRestore::COMMAND)?;
    let name = address.title();
    let Some((procedure, mut restore)) = found::<FileRestore>(state, address)? else {
        if request.switch {
            return Err(failed(format!("nothing was restored beside {name}"))
                .hint(format!("to restore it as it was last: provision restore {name} --latest")));
        }
        return Ok((None, new(session, state, address, request).await?));
    };
    let began = procedure.started.parse().ok();
    // It may have been moved to another name meanwhile, with its parts.
    restore.name.clone_from(&name);
    let parts = std::mem::take(&mut restore.parts);
    restore.parts = parts.into_iter().map(|(part, its)| (part.with_name(address.name()), its)).collect();
    let is_doing = || failed(format!("{address} {}", restore.doing()));
    let forget = format!("to let go of what is kept: provision restore {name} --forget");
    match (restore.stage, request.switch, request.back) {
        (Stage::Restoring, false, _) if restore.options == request.typed() => Ok((began, restore)),
        (Stage::Beside, false, _) if restore.is_folder => {
            Ok((None, new(session, state, address, request).await?))
        }
        (Stage::Beside, true, false) if !restore.is_folder => {
            let record = recorded(state, address, &restore, std::slice::from_ref(&restore.old))?;
            restore.switch();
            meet(state, (address, record), &mut restore);
            Ok((None, restore))
        }
        (Stage::Switching, true, is_back) => {
            let both: Vec<Id> =
                [Some(restore.old.clone()), restore.new.clone()].into_iter().flatten().collect();
            recorded(state, address, &restore, &both)?;
            if !is_back {
                return Ok((began, restore));
            }
            restore.back();
            Ok((None, restore))
        }
        (Stage::Switched, true, true) => {
            let new: Vec<Id> = restore.new.iter().cloned().collect();
            let record = recorded(state, address, &restore, &new)?;
            restore.back();
            meet(state, (address, record), &mut restore);
            Ok((None, restore))
        }
        (Stage::Switching, false, _) => Err(in_the_middle(address, &restore)),
        (Stage::Restoring, _, _) => Err(is_doing()
            .hint(format!("to go on: {}; or, {forget}", procedure.to_go_on(FileRestore::COMMAND, address)))),
        (Stage::Switched, true, false) => {
            Err(is_doing()
                .hint(format!("for the way back: provision restore {name} --switch --back; {forget}")))
        }
        (Stage::Beside, true, _) if restore.is_folder => {
            Err(is_doing().hint(format!("to restore it beside: provision restore {name} --latest")))
        }
        (Stage::Beside, true, _) => Err(failed(format!("{name} has not changed places with anything"))
            .hint(format!("provision restore {name} --switch"))),
        (Stage::Beside, false, _) => {
            Err(is_doing()
                .hint(format!("to let it take the place: provision restore {name} --switch; {forget}")))
        }
        (Stage::Switched, false, _) => Err(is_doing().hint(forget)),
    }
}

/// The record, where it is of one of these: since the restore another one may have taken the place.
fn recorded<'a>(
    state: &'a State,
    address: &Address,
    restore: &FileRestore,
    of: &[Id],
) -> Result<&'a Record, Failure> {
    let record = state.resources.get(address);
    record.filter(|record| record.id.as_ref().is_some_and(|id| of.contains(id))).ok_or_else(|| {
        let is = record.and_then(|record| record.id.as_ref()).map(ToString::to_string).unwrap_or_default();
        let new = restore.new.as_ref().map(ToString::to_string).unwrap_or_default();
        let message = format!(
            "{address} is another file system by now ({is}) than it was when {new} was restored beside it: nothing is exchanged"
        );
        failed(message)
            .hint(format!("to let go of what is kept: provision restore {} --forget", address.title()))
    })
}

/// The parts of the file system that is recorded.
fn parts_of(state: &State, address: &Address) -> BTreeMap<Address, Part> {
    let parts = [MOUNT_TARGET, ACCESS_POINT].into_iter().flat_map(|kind| {
        state.resources.iter().filter(move |(part, _)| part.kind() == kind && part.name() == address.name())
    });
    parts
        .filter(|(_, part)| !part.gone)
        .filter_map(|(part, record)| {
            Some((part.clone(), Part { inputs: record.inputs.clone(), old: record.id.clone()?, new: None }))
        })
        .collect()
}

/// The settings and parts that the stack has now, which the one that takes the place gets too. Parts that the stack has no more are
/// left as they are, and named.
fn meet(state: &State, (address, record): (&Address, &Record), restore: &mut FileRestore) {
    restore.inputs.clone_from(&record.inputs);
    let mut before = std::mem::replace(&mut restore.parts, parts_of(state, address));
    for (part, its) in &mut restore.parts {
        its.new = before.remove(part).and_then(|before| before.new);
    }
    let left = before.into_iter().filter_map(|(part, its)| Some((part, its.new?)));
    restore.notes.extend(left.map(|(part, id)| {
        format!("the stack has no {part} any more: {id} stays in AWS as it is, of no stack")
    }));
}

/// A new restore, with what is known to be wrong told before anything is made.
async fn new(
    session: &Session,
    state: &State,
    address: &Address,
    request: &Request,
) -> Result<FileRestore, Failure> {
    let name = address.title();
    let record = state.resources.get(address).filter(|record| !record.gone);
    let Some((record, old)) = record.and_then(|record| Some((record, record.id.clone()?))) else {
        return Err(
            failed(format!("{address} is not there: nothing can be done to it")).hint("provision plan")
        );
    };
    if request.to_time.is_some() {
        return Err(Failure::message(
            FailureKind::Usage,
            "AWS Backup restores recovery points of a file system, and no moments",
        )
        .hint(format!("provision restore {name} --latest, or: provision restore {name} --snapshot ARN")));
    }
    let hands = Restoring { session, address, state };
    let arn = record.outputs.get("arn").and_then(Value::as_str).unwrap_or_default().to_owned();
    let points = async { recovery::points(&session.aws, &arn).await.map_err(aws_failure) };
    let live =
        async { hands.live(FILE_SYSTEM, &[(old.clone(), record.inputs.clone())]).await.map_err(unreadable) };
    let (points, live) = try_join(points, live).await?;
    let live = live.get(&old).ok_or_else(|| failed(format!("{address} is gone")).hint("provision plan"))?;
    if request.into_folder && live.condition != Condition::Ready {
        return Err(failed(format!("{old} is not available, and AWS Backup restores only into what is"))
            .hint("provision status"));
    }
    let named = |point: &&(String, Timestamp)| {
        request.snapshot.as_ref().is_none_or(|wanted| point.0.eq_ignore_ascii_case(wanted))
    };
    let Some((point, taken)) = points.iter().find(named).cloned() else {
        let said = match &request.snapshot {
            Some(wanted) => format!("AWS Backup has no recovery point {} of {name}", harmless(wanted)),
            None => format!("AWS Backup has no recovery point of {name}"),
        };
        return Err(failed(said).hint(format!(
            "for those that there are: aws backup list-recovery-points-by-resource --resource-arn {arn}"
        )));
    };
    let parts = if request.into_folder { BTreeMap::new() } else { parts_of(state, address) };
    // arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0a1b2c3d
    let words: Vec<&str> = arn.split(':').collect();
    let partition = words.get(1).copied().unwrap_or("aws");
    let default_role = format!(
        "arn:{partition}:iam::{}:role/service-role/AWSBackupDefaultServiceRole",
        words.get(4).copied().unwrap_or_default()
    );
    let mut notes = vec![
        "the vault of automatic backups denies every restore until its policy is taken out: aws backup delete-backup-vault-access-policy \
         --backup-vault-name aws/efs/automatic-backup-vault"
            .to_owned(),
    ];
    if state.resources.keys().any(|one| one.kind() == REPLICATION && one.name() == address.name()) {
        notes.push(
            "its replication goes on copying the one before: a plan replaces it after an exchange".to_owned(),
        );
    }
    let now = Timestamp::now();
    let token: String = format!("provision-{}-{}", now.as_millisecond(), old);
    Ok(FileRestore {
        name,
        options: request.typed(),
        from: format!("as it was at {}", written(taken)),
        point,
        role: request.role.clone().unwrap_or(default_role),
        token: token.chars().take(64).collect(),
        is_folder: request.into_folder,
        job: None,
        old,
        new: None,
        inputs: record.inputs.clone(),
        parts,
        stage: Stage::Restoring,
        asked: None,
        recorded: false,
        notes,
    })
}

/// Lets go of what is kept: nothing in AWS is changed.
async fn forget(
    session: &Session,
    writer: &mut Writer,
    address: &Address,
    request: &Request,
    (global, screen): (&Global, &mut Screen),
) -> Result<Exit, Failure> {
    let state = writer.state().clone();
    let Some((procedure, mut restore)) = found::<FileRestore>(&state, address)? else {
        return Err(failed(format!("no restore of {address} is recorded")).hint("provision status"));
    };
    restore.name = address.title();
    let mut hands = Restoring { session, address, state: &state };
    let mut perhaps = None;
    if matches!(restore.stage, Stage::Restoring | Stage::Switching) {
        let observed = hands.look(&restore).await?;
        let both: Vec<Id> = [Some(restore.old.clone()), restore.new.clone()].into_iter().flatten().collect();
        let is_there = observed.old.is_some() || observed.new.is_some();
        if restore.stage == Stage::Switching && is_there && recorded(&state, address, &restore, &both).is_ok()
        {
            return Err(in_the_middle(address, &restore));
        }
        if restore.is_being_made(&observed) {
            let message = format!(
                "AWS Backup is at work on the restore of {address}, which cannot be stopped: it is to be let go of when its file system is there"
            );
            return Err(failed(message).hint(format!(
                "to go on: {}; then: provision restore {} --forget",
                procedure.to_go_on(FileRestore::COMMAND, address),
                restore.name
            )));
        }
        restore.learn(&observed);
        let aside = address.beside();
        let is_tagged = |seen: &Seen| seen.tagged.as_deref() == Some(aside.to_string().as_str());
        if let (Stage::Restoring, Some(id)) = (restore.stage, &restore.new)
            && observed.new.as_ref().is_some_and(|new| !is_tagged(new))
        {
            let owner = hands.owner(&state, &aside);
            session.cloud.claim(FILE_SYSTEM, id, &owner).await.map_err(Failure::failed)?;
        }
        if restore.stage == Stage::Restoring && restore.job.is_none() {
            perhaps = Some("AWS Backup may have begun with it all the same: aws backup list-restore-jobs");
        }
    }
    let kept: Vec<String> = unrecorded(&state, restore.keeps()).into_iter().map(|kept| kept.name).collect();
    let left = if kept.is_empty() { "nothing".to_owned() } else { kept.join(", ") };
    let change = format!("forget the restore of {address}, and leave {left} in AWS");
    confirm(screen, request.approval, Question::State { change: &change }).await?;
    forget_or_put(writer, address, FileRestore::COMMAND, None).await?;
    let mut said =
        format!("Forgot the restore of {address}. In AWS stay as they are, and are charged: {left}.");
    if let Some(perhaps) = perhaps {
        said = format!("{said}\n{perhaps}");
    }
    for name in &kept {
        let command = match name.split('-').next() {
            Some("fsmt") => format!("aws efs delete-mount-target --mount-target-id {name}"),
            Some("fsap") => format!("aws efs delete-access-point --access-point-id {name}"),
            _ => continue,
        };
        said = format!("{said}\nTo delete {name}: {command}");
    }
    if let Some(name) = kept.iter().find(|name| name.starts_with("fs-")) {
        said = format!(
            "{said}\nTo delete {name}, which nothing brings back but a recovery point: aws efs delete-file-system --file-system-id {name}"
        );
    }
    match global.json {
        true => screen.report(RestoreForgotten { address: address.clone(), kept }),
        false => screen.tell(&said),
    }
    Ok(Exit::Done)
}

fn unreadable(source: KindError) -> Failure {
    refresh_failure(RefreshError { kind: FILE_SYSTEM.to_owned(), source })
}

struct Restoring<'a> {
    session: &'a Session,
    address: &'a Address,
    /// The state as it was at the beginning of the run.
    state: &'a State,
}

impl Restoring<'_> {
    fn manager(&self, kind: &str) -> &dyn Manager {
        self.session.registry.managing(kind).expect("the registry has file systems and their parts")
    }

    /// The owner of what is made or tagged for an address; its generation is of the object that stands there.
    fn owner(&self, state: &State, address: &Address) -> Owner {
        let generation = state.resources.get(self.address).map_or(0, |record| record.generation + 1);
        let blueprint = Blueprint { stack: state.stack.clone(), ..Blueprint::default() };
        owner_by_tags(&blueprint, Some(state), address, generation)
    }

    async fn live(&self, kind: &str, objects: &[(Id, Document)]) -> Result<BTreeMap<Id, Live>, KindError> {
        if objects.is_empty() {
            return Ok(BTreeMap::new());
        }
        let tracked: Vec<TrackedDocument> = objects
            .iter()
            .map(|(id, recorded)| TrackedDocument { id: id.clone(), recorded: Some(recorded.clone()) })
            .collect();
        self.session.cloud.observe(kind, &tracked).await
    }

    /// The fields in which the new one is not as the stack has it.
    fn unmet(&self, restore: &FileRestore, live: &Live) -> BTreeSet<String> {
        let fields = diff::changeable(self.manager(FILE_SYSTEM).fields());
        let changes = diff::diff(&fields, &restore.inputs, &live.inputs);
        changes.into_iter().map(|change| change.path).collect()
    }

    /// A part as it is with another file system.
    fn of(part: &Part, file_system: &Id) -> Document {
        let mut inputs = part.inputs.clone();
        inputs.insert(OF.to_owned(), file_system.to_string().into());
        inputs
    }

    /// The part of the new one, found by what it is made of.
    async fn find(
        &self,
        state_owner: &Owner,
        part: (&Address, &Part),
        new: &Id,
    ) -> Result<Option<Id>, KindError> {
        let inputs = Self::of(part.1, new);
        let found = self.session.cloud.find(part.0.kind(), &inputs, state_owner).await?;
        let made = found.into_iter().find(|one| matches!(one.trace, Trace::Name | Trace::Token));
        Ok(made.map(|one| one.id))
    }

    /// The parts of one side.
    async fn parts(
        &self,
        ids: BTreeMap<Address, (Id, Document)>,
    ) -> Result<BTreeMap<Address, Seen>, KindError> {
        let mut seen = BTreeMap::new();
        for kind in [MOUNT_TARGET, ACCESS_POINT] {
            let of_kind: Vec<_> = ids.iter().filter(|(address, _)| address.kind() == kind).collect();
            let objects: Vec<(Id, Document)> = of_kind.iter().map(|(_, object)| (*object).clone()).collect();
            let live = self.live(kind, &objects).await?;
            for (address, (id, _)) in of_kind {
                if let Some(live) = live.get(id) {
                    seen.insert(address.clone(), seen_of(id, live, Vec::new()));
                }
            }
        }
        Ok(seen)
    }

    /// Records what takes its places.
    fn record(live: Taken, writer: &mut Writer) {
        for (address, (id, inputs, live)) in live {
            let Some(before) = writer.state().resources.get(&address).cloned() else { continue };
            let record = Record {
                phase: Phase::Ready,
                generation: before.generation + u32::from(before.id.as_ref() != Some(&id)),
                id: Some(id),
                inputs,
                outputs: live.outputs,
                claimed: None,
                gone: false,
                lost: None,
                ..before
            };
            writer.edit(Edit::Put { address, record });
        }
    }
}

/// What takes its places: ids, inputs and what AWS shows.
type Taken = BTreeMap<Address, (Id, Document, Live)>;

fn seen_of(id: &Id, live: &Live, unmet: Vec<String>) -> Seen {
    let status = match &live.condition {
        Condition::Ready => "available".to_owned(),
        Condition::Pending(status) | Condition::Leaving(status) => status.clone(),
        Condition::Held(row) | Condition::Lost(row) => row.name.to_owned(),
    };
    Seen {
        id: Some(id.clone()),
        status,
        is_ready: live.condition == Condition::Ready,
        is_stuck: live.condition.stuck().is_some() || live.condition.is_leaving(),
        tagged: match &live.ownership {
            Ownership::Tagged { address, .. } => Some(address.clone()),
            Ownership::Inherited => None,
            Ownership::Untagged | Ownership::OfCluster { .. } => Some(String::new()),
        },
        unmet,
    }
}

impl Hands<FileRestore> for Restoring<'_> {
    async fn look(&mut self, restore: &FileRestore) -> Result<Observed, Failure> {
        let aws = &self.session.aws;
        let job = match &restore.job {
            Some(job) if restore.stage == Stage::Restoring => {
                recovery::restore_job(aws, job).await.map_err(aws_failure)?
            }
            _ => None,
        };
        let made = job.as_ref().filter(|_| !restore.is_folder).and_then(|job| job.made.clone());
        let new = restore.new.clone().or(made);
        let both: Vec<(Id, Document)> = [Some(restore.old.clone()), new.clone()]
            .into_iter()
            .flatten()
            .map(|id| (id, restore.inputs.clone()))
            .collect();
        let live = self.live(FILE_SYSTEM, &both).await.map_err(unreadable)?;
        let shown = |id: &Id| {
            live.get(id).map(|live| seen_of(id, live, self.unmet(restore, live).into_iter().collect()))
        };
        let mut observed = Observed {
            address: self.address.to_string(),
            job,
            old: shown(&restore.old),
            new: new.as_ref().and_then(shown),
            ..Observed::default()
        };
        let Some(new) = new.filter(|_| observed.new.is_some()) else { return Ok(observed) };
        let asked = restore.parts.iter().map(async |(address, part)| {
            let id = match &part.new {
                Some(id) => Some(id.clone()),
                None => {
                    let owner = self.owner(self.state, &address.beside());
                    self.find(&owner, (address, part), &new).await.map_err(unreadable)?
                }
            };
            Ok::<_, Failure>(id.map(|id| (address.clone(), (id, Self::of(part, &new)))))
        });
        let ids = try_join_all(asked).await?.into_iter().flatten().collect();
        observed.new_parts = self.parts(ids).await.map_err(unreadable)?;
        if restore.stage == Stage::Switching {
            let old = |(address, part): (&Address, &Part)| {
                (address.clone(), (part.old.clone(), Self::of(part, &restore.old)))
            };
            observed.old_parts =
                self.parts(restore.parts.iter().map(old).collect()).await.map_err(unreadable)?;
        }
        Ok(observed)
    }

    async fn act(
        &mut self,
        restore: &mut FileRestore,
        step: &Step,
        writer: &mut Writer,
    ) -> Result<(), KindError> {
        let (aws, cloud) = (&self.session.aws, &self.session.cloud);
        let owner = |address: &Address| self.owner(writer.state(), address);
        // A run that ended before it was noted has seen it in the job.
        if restore.new.is_none()
            && !restore.is_folder
            && let Some(job) = &restore.job
        {
            restore.new = recovery::restore_job(aws, job).await?.and_then(|job| job.made);
        }
        match step {
            Step::Start => {
                let metadata = metadata(restore);
                let asked = recovery::Restoring {
                    point: &restore.point,
                    role: &restore.role,
                    token: &restore.token,
                    metadata,
                };
                restore.job = recovery::start_restore(aws, asked).await?;
            }
            Step::TagBeside => {
                if let Some(new) = &restore.new {
                    cloud.claim(FILE_SYSTEM, new, &owner(&self.address.beside())).await?;
                }
            }
            Step::Complete => {
                if let Some(new) = &restore.new
                    && let Some(live) =
                        self.live(FILE_SYSTEM, &[(new.clone(), restore.inputs.clone())]).await?.get(new)
                {
                    let fields = self.unmet(restore, live);
                    let owner = owner(&self.address.beside());
                    let change =
                        ChangeDocument { id: new, fields: &fields, observed: &live.inputs, owner: &owner };
                    cloud.update(FILE_SYSTEM, &restore.inputs, change).await?;
                }
            }
            Step::Make(address) => {
                let new = restore.new.clone();
                if let (Some(part), Some(new)) = (restore.parts.get_mut(address), new) {
                    let inputs = Self::of(part, &new);
                    let id = cloud.create(address.kind(), &inputs, &owner(&address.beside())).await?;
                    part.new = Some(id);
                }
            }
            Step::TagOld => cloud.claim(FILE_SYSTEM, &restore.old, &owner(&self.address.beside())).await?,
            Step::TagOldPart(address) => {
                if let Some(part) = restore.parts.get(address) {
                    cloud.claim(address.kind(), &part.old, &owner(&address.beside())).await?;
                }
            }
            Step::TagNew => {
                if let Some(new) = &restore.new {
                    cloud.claim(FILE_SYSTEM, new, &owner(self.address)).await?;
                }
            }
            Step::TagNewPart(address) => {
                let new = restore.parts.get(address).and_then(|part| part.new.clone());
                if let Some(new) = new {
                    cloud.claim(address.kind(), &new, &owner(address)).await?;
                }
            }
            Step::Record => {
                let mut all: BTreeMap<Address, (Id, Document)> = BTreeMap::new();
                if let Some(new) = &restore.new {
                    all.insert(self.address.clone(), (new.clone(), restore.inputs.clone()));
                    for (address, part) in &restore.parts {
                        if let Some(id) = &part.new {
                            all.insert(address.clone(), (id.clone(), Self::of(part, new)));
                        }
                    }
                }
                let mut taken = Taken::new();
                for kind in [FILE_SYSTEM, MOUNT_TARGET, ACCESS_POINT] {
                    let of_kind = || all.iter().filter(|(address, _)| address.kind() == kind);
                    let objects: Vec<(Id, Document)> = of_kind().map(|(_, object)| object.clone()).collect();
                    let mut live = self.live(kind, &objects).await?;
                    for (address, (id, inputs)) in of_kind() {
                        if let Some(live) = live.remove(id) {
                            taken.insert(address.clone(), (id.clone(), inputs.clone(), live));
                        }
                    }
                }
                Self::record(taken, writer);
            }
        }
        restore.answered();
        Ok(())
    }

    fn end(&mut self, restore: &mut FileRestore, observed: &Observed, _: Timestamp) {
        restore.reached(observed);
    }

    fn next(&self, restore: &FileRestore) -> Vec<String> {
        let FileRestore { name, old, .. } = restore;
        let new = restore.new.as_ref().map(ToString::to_string).unwrap_or_default();
        match restore.stage {
            Stage::Restoring | Stage::Beside if restore.is_folder => vec![format!(
                "The files are in the folder aws-backup-restore_DATE-TIME of {old}: mount it, and move them where they belong."
            )],
            Stage::Restoring | Stage::Beside => vec![
                format!(
                    "{new} stands beside {old}, with its settings, mount targets and access points. Its files are in its folder aws-backup-restore_DATE-TIME: mount it, and move them up."
                ),
                format!("To let it take the place: provision restore {name} --switch"),
                format!("To let go of it: provision restore {name} --forget"),
            ],
            Stage::Switching | Stage::Switched => vec![
                format!(
                    "{new} is the stack's now: outputs name it, and what was rendered names {old}. For the files that differ: provision render --check DIR"
                ),
                "Clients that have the one before mounted go on with it until they mount the new one."
                    .to_owned(),
                format!("For the way back: provision restore {name} --switch --back"),
                format!("To let go of the one before: provision restore {name} --forget"),
                "For what is left to do: provision plan".to_owned(),
            ],
        }
    }
}

/// The metadata of a restore ("Restoring an Amazon EFS file system", AWS Backup Developer Guide): all of it is text.
fn metadata(restore: &FileRestore) -> HashMap<String, String> {
    let text = |field: &str| restore.inputs.get(field).and_then(Value::as_str).map(str::to_owned);
    let is_encrypted = restore.inputs.get("encrypted").and_then(Value::as_bool).unwrap_or(true);
    let mut all = vec![
        ("file-system-id", Some(restore.old.to_string())),
        ("newFileSystem", Some((!restore.is_folder).to_string())),
        ("Encrypted", Some(is_encrypted.to_string())),
        ("PerformanceMode", Some(text("performance_mode").unwrap_or_else(|| "generalPurpose".to_owned()))),
    ];
    if !restore.is_folder {
        let zone = text("availability_zone_name");
        all.push(("CreationToken", Some(restore.token.clone())));
        all.push(("KmsKeyId", text("kms_key_id").filter(|_| is_encrypted)));
        all.push(("singleAzFilesystem", zone.is_some().then(|| "true".to_owned())));
        all.push(("availabilityZoneName", zone));
    }
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
