//! `provision image`: a machine image with everything that the user data of an instance does.

use futures_util::future::try_join;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::aws::recovery::pairs::{self, Script};
use crate::aws::recovery::{MACHINE, images};
use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::cloud::{Cloud, KindError};
use crate::engine::document::Document;
use crate::engine::event::RunOutcome;
use crate::engine::owner::owner_by_tags;
use crate::engine::resource::{Id, Owner};
use crate::engine::state::{Place, Record, State, Writer, meant};
use crate::recovery::course::{Course, Event, Summary, recorded};
use crate::recovery::failover::Run;
use crate::recovery::image::{Build, CONTENT, Observed, SIGNAL, Signal, Step};
use crate::view::failure::{Failure, FailureKind};

use super::locked::{Locking, locked, unless_interrupted};
use super::moving::not_moved;
use super::options::Global;
use super::procedure::{At, Hands, agree, carry_out, found, only_shown, opened, refuse_beside_another};
use super::screen::Screen;
use super::session::{Session, aws_failure};
use super::stack_file::Purpose;
use super::{Exit, Image as Request};

/// Builds an image, or shows how.
pub(super) async fn run(request: Request, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let purpose = if request.plan { Purpose::Show } else { Purpose::Write };
    let (session, state) = opened(global, purpose, screen).await?;
    let (address, record) = instance(&state, &request.instance)?;
    refuse_beside_another(&state, &address, Build::COMMAND)?;
    let (began, build) = begin(&state, &address, record)?;
    if began.is_none()
        && let Some((image, _)) = available(&session, &build).await?
    {
        return Ok(there(&address, build, &image, global, screen));
    }
    if request.plan {
        let at = At { address: &address, began };
        return Ok(only_shown(&build, &at, global, screen));
    }
    let timeout = request.lock.lock_timeout;
    let locking = Locking { store: &session.store_to_lock(), command: Build::COMMAND, timeout, waited: None };
    locked(locking, state, screen, async |writer, screen, interrupt| {
        let state = writer.state().clone();
        let (address, record) = instance(&state, &request.instance)?;
        refuse_beside_another(&state, &address, Build::COMMAND)?;
        let (began, build) = begin(&state, &address, record)?;
        let at = At { address: &address, began };
        unless_interrupted(interrupt, agree(&build, &at, (request.approval, global), screen)).await?;
        carry_out(
            &at,
            build,
            &mut Building { session: &session, address: &address },
            writer,
            screen,
            interrupt,
        )
        .await?;
        Ok(Exit::Done)
    })
    .await
}

/// The image that is there already.
async fn available(session: &Session, build: &Build) -> Result<Option<(String, String)>, Failure> {
    let image = images::image(&session.aws, &build.name).await.map_err(aws_failure)?;
    Ok(image.filter(|(_, state)| state == "available"))
}

/// Says that the image is there: nothing is to be done. With `--json`, as the end of a build does.
fn there(address: &Address, mut build: Build, image: &str, global: &Global, screen: &mut Screen) -> Exit {
    build.image = Some(image.to_owned());
    let now = Timestamp::now();
    let summary = Summary {
        address: address.clone(),
        command: Build::COMMAND.to_owned(),
        outcome: RunOutcome::Done,
        done: build.doing(),
        elapsed_seconds: 0.0,
        notes: Vec::new(),
        facts: recorded(&build, "there", now, Some(now)).facts,
    };
    match global.json {
        true => screen.event(Event::Summary(summary)),
        false => screen.tell(&format!("{} is there already: {image}", build.name)),
    }
    Exit::Done
}

/// The instance that is meant, with its record.
fn instance<'a>(state: &'a State, place: &Place) -> Result<(Address, &'a Record), Failure> {
    let mut meant = meant(state, place).map_err(not_moved)?;
    meant.retain(|address| address.kind() == MACHINE);
    let [address] = meant.as_slice() else {
        let instances: Vec<String> =
            state.resources.keys().filter(|one| one.kind() == MACHINE).map(Address::title).collect();
        let hint = match instances.as_slice() {
            [] => "for what is recorded: provision state list".to_owned(),
            there => format!("the instances are: {}", there.join(", ")),
        };
        return Err(Failure::message(FailureKind::Usage, format!("{place} is no instance")).hint(hint));
    };
    Ok((address.clone(), &state.resources[address]))
}

/// The build that is under way, or a new one.
fn begin(state: &State, address: &Address, record: &Record) -> Result<(Option<Timestamp>, Build), Failure> {
    if let Some((procedure, build)) = found::<Build>(state, address)?
        && procedure.is_under_way()
    {
        return Ok((procedure.started.parse().ok(), build));
    }
    let mut inputs = record.inputs.clone();
    // Its volumes are its own, and it must be possible to terminate it.
    inputs.insert("volumes".to_owned(), Value::Object(Document::new()));
    inputs.insert("termination_protection".to_owned(), false.into());
    inputs.insert("running".to_owned(), true.into());
    // The image that the instance has, and not the one that a parameter names by now.
    if let Some(image) = record.outputs.get("image_id") {
        inputs.insert("ami".to_owned(), image.clone());
        inputs.remove("ami_parameter");
    }
    let content: Document =
        CONTENT.iter().filter_map(|field| Some(((*field).to_owned(), inputs.get(*field)?.clone()))).collect();
    let digest = Sha256::digest(Value::Object(content).to_string());
    let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let build = Build {
        instance: address.title(),
        name: format!("{}-{}-{digest}", state.stack, address.title().replace('/', "-")),
        inputs,
        journal: uuid::Uuid::new_v4().to_string(),
        machine: None,
        signal: None,
        asked: None,
        since: None,
        image: None,
    };
    Ok((None, build))
}

struct Building<'a> {
    session: &'a Session,
    address: &'a Address,
}

impl Building<'_> {
    /// The address of the machine that becomes the image.
    fn beside(&self) -> Address {
        Address::member(self.address.kind(), self.address.name(), "image")
    }

    /// The owner of that machine. Each build has a token of its own.
    fn owner(&self, state: &State, build: &Build) -> Owner {
        let number = u32::from_str_radix(build.journal.get(..7).unwrap_or_default(), 16).unwrap_or_default();
        let blueprint = Blueprint { stack: state.stack.clone(), ..Blueprint::default() };
        owner_by_tags(&blueprint, Some(state), &self.beside(), number)
    }

    async fn machine(&self, build: &Build) -> Result<Option<Id>, KindError> {
        match &build.machine {
            Some(id) => Ok(Some(id.clone())),
            None => {
                let stack = &self.session.stack.stack.to_string();
                Ok(images::machine(&self.session.aws, stack, &self.beside().to_string()).await?)
            }
        }
    }

    async fn signal(&self, build: &Build, machine: &Id) -> Result<Run, KindError> {
        let aws = &self.session.aws;
        let Some(signal) = &build.signal else { return Ok(Run::Unseen) };
        let id = match &signal.id {
            Some(id) => Some(id.clone()),
            None => pairs::found(aws, machine, &comment(build), signal.at).await?,
        };
        let Some(id) = id else { return Ok(Run::Unseen) };
        Ok(pairs::shown(aws, machine, &id).await?)
    }

    async fn observe(&self, build: &Build) -> Result<Observed, KindError> {
        let aws = &self.session.aws;
        let image = images::image(aws, &build.name).await?;
        let Some(id) = self.machine(build).await? else {
            return Ok(Observed { machine: None, signal: Run::Unseen, image });
        };
        let ids = [&id];
        let (mut live, online) = try_join(pairs::machines(aws, &ids), pairs::reachable(aws, &ids)).await?;
        let machine = live.remove(&id).map(|live| (live.state, online.contains(&id)));
        Ok(Observed { machine, signal: self.signal(build, &id).await?, image })
    }
}

/// The comment of the command that waits for the user data.
fn comment(build: &Build) -> String {
    format!("provision {} signal", build.journal)
}

/// The user data may take so long, in seconds.
const DONE_WITHIN: u32 = 3_000;

impl Hands<Build> for Building<'_> {
    async fn look(&mut self, build: &Build) -> Result<Observed, Failure> {
        self.observe(build).await.map_err(Failure::failed)
    }

    async fn act(&mut self, build: &mut Build, step: &Step, writer: &mut Writer) -> Result<(), KindError> {
        let aws = &self.session.aws;
        let known = self.machine(build).await?;
        match (step, known) {
            (Step::Make, None) => {
                let owner = self.owner(writer.state(), build);
                build.machine = Some(self.session.cloud.create(MACHINE, &build.inputs, &owner).await?);
            }
            (Step::Make, Some(id)) => build.machine = Some(id),
            (Step::Signal, Some(id)) => {
                let comment = comment(build);
                let script = Script { on: &id, command: SIGNAL, comment: &comment, seconds: DONE_WITHIN };
                let sent = pairs::send(aws, script).await?;
                build.signal = sent.map(|sent| Signal { at: Timestamp::now(), id: Some(sent) });
            }
            (Step::Stop, Some(id)) => pairs::stop(aws, &id, false).await?,
            (Step::Create, Some(id)) => {
                let owner = self.owner(writer.state(), build);
                let tags = [
                    ("provision:stack".to_owned(), owner.stack),
                    ("provision:lineage".to_owned(), owner.lineage),
                    ("Name".to_owned(), build.name.clone()),
                ];
                images::create(aws, &id, &build.name, &tags.into()).await?;
            }
            (Step::Terminate, Some(id)) => images::terminate(aws, &id).await?,
            (Step::Signal | Step::Stop | Step::Create | Step::Terminate, None) => {}
        }
        build.answered();
        Ok(())
    }

    fn end(&mut self, build: &mut Build, observed: &Observed, _: Timestamp) {
        build.image = observed.image.as_ref().map(|(id, _)| id.clone());
    }

    fn next(&self, build: &Build) -> Vec<String> {
        let image = build.image.as_deref().unwrap_or_default();
        vec![
            format!(
                "The image is {image}. To use it, write `ami: {image}` at an instance in the stack file."
            ),
            format!(
                "It is none of the stack's objects: a destroy leaves it. To delete it: aws ec2 deregister-image --image-id {image}"
            ),
        ]
    }
}
