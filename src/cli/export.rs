//! `provision export terraform`: everything that the state records as a configuration of Terraform with `import` blocks. Nothing in AWS
//! and nothing of the state is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::file::{self, Readers};
use crate::engine::kind::Registry;
use crate::engine::network::Network;
use crate::engine::newer::up_to_date;
use crate::engine::parts::parts_of;
use crate::engine::resource::{Condition, Id};
use crate::engine::state::{Phase, Record, State};
use crate::stack::Sections;
use crate::terraform::{Configuration, EXPORTED_FILES, Exported, Warning, Whole, configuration};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::adopt::unread;
use super::opening::existing_state;
use super::options::Global;
use super::report;
use super::screen::Screen;
use super::session::Session;
use super::stack_file::Purpose;
use super::written::{Form, may_be_written, to_write};
use super::{Exit, ExportTerraform};

/// Reads everything in AWS, and writes the files.
pub(super) async fn terraform(
    request: &ExportTerraform,
    global: &Global,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let (store, state) = existing_state(global, Purpose::Show, screen).await?;
    let session = Session::open_with(global, Purpose::Show, Sections::Any).await?;
    session.check_state(Some(&state))?;
    for name in EXPORTED_FILES {
        may_be_written(&request.out.join(name), Form::Exported, session.taken())?;
    }
    if !state.manages_anything() {
        let message = format!("{store} manages nothing that Terraform could take over");
        return Err(
            Failure::message(FailureKind::Failed, message).hint("see what it records: provision state list")
        );
    }
    refuse_what_is_unfinished(&state)?;
    let state = up_to_date(&session.registry, &state);
    session.check_account(Some(&state), &session.account().await?)?;
    let (whole, mut warnings) = read(&session, &state).await?;
    let mut written = configuration(&whole);
    warnings.append(&mut written.warnings);
    warnings.sort();
    write(&request.out, &written)?;
    let forget = forgetting(&session.registry, &state);
    if global.json {
        screen.report(report::Exported {
            folder: request.out.to_string_lossy().into_owned(),
            files: written.files.keys().copied().collect(),
            imports: written.imports.iter().map(|(to, id)| report::ExportedImport { to, id }).collect(),
            warnings: warnings
                .iter()
                .map(|one| report::ExportedWarning { address: &one.address, message: &one.text })
                .collect(),
            commands: forget,
        });
        return Ok(Exit::Done);
    }
    for Warning { address, text } in &warnings {
        screen.say(&format!("warning: {address}: {}", harmless(text)));
    }
    let count = written.imports.len();
    let resources = if count == 1 { "1 resource".to_owned() } else { format!("{count} resources") };
    let folder = quoted(&request.out.to_string_lossy());
    let mut lines = vec![
        format!(
            "Wrote {} in {}: {resources} to import. Nothing in AWS was changed.",
            EXPORTED_FILES.join(", "),
            harmless(&folder)
        ),
        "Next, with the same credentials:".to_owned(),
        format!("  terraform -chdir={folder} init"),
        format!("  terraform -chdir={folder} plan"),
        format!(
            "The plan must say `{count} to import, 0 to add, 0 to change, 0 to destroy`: else do not apply it. Then:"
        ),
        format!("  terraform -chdir={folder} apply"),
        "Then let go of everything here, so that nobody changes what Terraform manages:".to_owned(),
    ];
    lines.extend(forget.iter().map(|command| format!("  {command}")));
    screen.tell(&lines.join("\n"));
    Ok(Exit::Done)
}

/// An object that is being made, changed or replaced is none that could be described.
fn refuse_what_is_unfinished(state: &State) -> Result<(), Failure> {
    let unfinished = |record: &Record| {
        !record.watched
            && (record.phase != Phase::Ready || record.id.is_none() || record.predecessor.is_some())
    };
    let mut all = state.resources.iter().filter(|(_, record)| unfinished(record));
    match all.next() {
        None => Ok(()),
        Some((address, _)) => {
            let more = match all.count() {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let message = format!("a run left {address} unfinished{more}: it is not yet what it is to be");
            Err(Failure::message(FailureKind::Failed, message).hint("carry it on first: provision apply"))
        }
    }
}

/// Everything as AWS shows it, and what is to be said of that.
async fn read(session: &Session, state: &State) -> Result<(Whole, Vec<Warning>), Failure> {
    let mut whole =
        Whole { account: state.account.clone(), region: state.region.clone(), ..Whole::default() };
    let mut by_kind: BTreeMap<&str, Vec<(&Address, &Id, &Record)>> = BTreeMap::new();
    for (address, record) in &state.resources {
        let Some(id) = &record.id else { continue };
        match record.watched {
            true => {
                whole.watched.insert(address.clone(), id.clone());
            }
            false => by_kind.entry(address.kind()).or_default().push((address, id, record)),
        }
    }
    let mut warnings = Vec::new();
    let mut warn =
        |address: &Address, text: String| warnings.push(Warning { address: address.clone(), text });
    for (kind, all) in by_kind {
        let ids: Vec<Id> = all.iter().map(|(_, id, _)| (*id).clone()).collect();
        let mut seen = session.cloud.whole(kind, &ids).await.map_err(|source| unread(kind, source))?;
        for (address, id, record) in all {
            let Some((live, beyond)) = seen.remove(id) else {
                warn(address, format!("{id} is not in the configuration: AWS does not have it any more"));
                continue;
            };
            if let Condition::Pending(status) = &live.condition {
                warn(address, format!("{id} is {status}: run the same command again when it is done"));
            }
            let waits = !live.in_force.is_empty();
            if waits {
                let waiting = waiting(&live.inputs, &live.in_force);
                warn(
                    address,
                    format!(
                        "a change of {waiting} waits for the maintenance window: it is written as it is now, and Terraform would take the change \
                         back afterwards; run the same command again then, or apply it at once before"
                    ),
                );
            }
            whole.objects.push(Exported {
                address: address.clone(),
                id: id.clone(),
                live: if waits { live.in_force } else { live.inputs },
                outputs: live.outputs,
                beyond,
                recorded: record.inputs.clone(),
            });
        }
    }
    whole.objects.sort_by(|one, other| one.address.cmp(&other.address));
    Ok((whole, warnings))
}

/// The fields that change when the window comes.
fn waiting(coming: &Document, now: &Document) -> String {
    let all = coming.iter().filter(|(name, value)| now.get(*name) != Some(value));
    all.map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The commands that take everything out of the state: by names, which take along all that is under them with its parts, and the network
/// by addresses.
fn forgetting(registry: &Registry, state: &State) -> Vec<String> {
    let all = state.resources.iter();
    let (network, own): (Vec<_>, Vec<_>) =
        all.partition(|(address, record)| record.watched && Network::has_a_place_for(address));
    let names: BTreeSet<&str> = own.iter().map(|(address, _)| address.name()).collect();
    let mut forgotten: BTreeSet<Address> = BTreeSet::new();
    let mut commands = Vec::new();
    for name in names {
        let of_name = own.iter().filter(|(address, _)| address.name() == name);
        if of_name.clone().all(|(address, _)| forgotten.contains(*address)) {
            continue;
        }
        for (address, record) in of_name {
            let id = record.id.as_ref().filter(|_| !record.watched);
            forgotten.extend(id.map(|id| parts_of(registry, state, id)).unwrap_or_default());
            forgotten.insert((*address).clone());
        }
        commands.push(format!("provision state forget {name}"));
    }
    commands.extend(network.iter().map(|(address, _)| format!("provision state forget {address}")));
    commands
}

fn write(folder: &Path, written: &Configuration) -> Result<(), Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        let message = format!("cannot write {}: {error}", harmless(&path.to_string_lossy()));
        Failure::message(FailureKind::Failed, message).hint(to_write(&error, "--out"))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (name, text) in &written.files {
        let path: PathBuf = folder.join(name);
        file::write(&path, text.as_bytes(), Readers::AsUsual).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}
