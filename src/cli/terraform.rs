//! `provision import --terraform`: what of a state of Terraform can be taken over, and the blocks by which Terraform lets go of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::report;
use crate::engine::file;
use crate::engine::take_over::Wish;
use crate::stack::Sections;
use crate::stack::describe::section_of;
use crate::terraform::{Adoptable, LeftOut, Provider, Removal, Sorted, State, read, removal, sort};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::adopt::Place;
use super::options::Global;
use super::screen::Screen;
use super::session::Session;
use super::stack_file::{Purpose, STACK_FILE, is_there_a_stack_file};
use super::written::{Form, Taken, may_be_written, to_write};
use super::{Exit, Import, adopt, take_over};

/// The name of standard input.
const STDIN: &str = "-";

/// The commands that a current Terraform needs before it plans with a state of an older one.
const PROVIDERS: &str = "This state names its providers as Terraform did before 0.13. Before a current one plans with it: \
                         terraform state replace-provider registry.terraform.io/-/aws hashicorp/aws";

/// Reads a state, sorts it, and prints what was found; with a stack file to write, takes everything over. Nothing in AWS is changed.
pub(super) async fn run(
    from: &Path,
    request: Import,
    global: &Global,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let Import { removed, out, into, stack, discovery, lock, .. } = request;
    if let Some(path) = &removed {
        may_be_written(path, Form::Removal, Taken { stack_files: &global.config, state: None })?;
        refuse_a_name_that_terraform_skips(path)?;
    }
    let state = state(from)?;
    let mut sorted = sort(&state);
    let place = Place::named(out, into, stack);
    let region = match &place {
        Some(_) => in_one_place(&mut sorted, from, global)?,
        None => None,
    };
    if let Some(place) = place {
        if !global.json {
            screen.tell(&listing(from, &state, &sorted));
        }
        let wishes = sorted.adoptable.iter();
        let wishes = wishes.map(|one| Wish { address: one.address.clone(), text: one.id.to_string() });
        let wishes = wishes.collect();
        // A stack file that is there says its region itself.
        let anew = region.clone().filter(|_| matches!(place, Place::Out { .. }));
        let global = &Global { region: global.region.clone().or(anew), ..global.clone() };
        // Names such as those of databases may be something else's in another account or region.
        let account = sorted.adoptable.iter().find_map(|one| one.account.clone());
        let request = take_over::Request {
            wishes,
            take_over: None,
            discovery,
            lock,
            file: None,
            account,
            region,
            vpc: None,
            again: None,
        };
        let adopted = adopt::run(place, request, true, global, screen).await?;
        if !global.json {
            adopted.show(None, global, screen);
        }
        let blocks = match &removed {
            Some(path) => blocks_of(adopted.session(), sorted).await.and_then(|blocks| write(path, blocks)),
            None => Ok(None),
        };
        if global.json {
            let written = blocks.as_ref().ok().and_then(Option::as_ref);
            adopted.show(written.map(|written| document_of(written, &[])), global, screen);
        }
        let blocks = blocks?;
        if !global.json {
            let next = "Next: provision plan. It has ownership tags to add, and nothing else; Terraform lets go first, since it would take \
                        them off.";
            let mut lines = written(blocks.as_ref());
            lines.push(next.to_owned());
            screen.tell(&lines.join("\n"));
        }
        return Ok(Exit::Done);
    }
    let (blocks, warnings) = match &removed {
        Some(path) => match recorded_here(global).await? {
            Some(session) => (write(path, blocks_of(&session, sorted.clone()).await?)?, Vec::new()),
            None => (write(path, removal(&sorted))?, vec![NOTHING_RECORDED.to_owned()]),
        },
        None => (None, Vec::new()),
    };
    if global.json {
        screen.report(document(
            &state,
            &sorted,
            blocks.as_ref().map(|blocks| document_of(blocks, &warnings)),
        ));
    } else {
        let mut lines = vec![listing(from, &state, &sorted)];
        lines.extend(written(blocks.as_ref()));
        lines.extend(warnings.iter().map(|warning| format!("warning: {warning}")));
        if removed.is_some() && blocks.is_none() {
            lines.push("No blocks were written: nothing of this is recorded here.".to_owned());
        }
        lines.extend(next(from, &sorted));
        screen.tell(&lines.join("\n"));
    }
    Ok(Exit::Done)
}

/// The warning on blocks that were written before anything was taken over.
const NOTHING_RECORDED: &str = "there is no stack file here, and nothing of this is recorded yet. What is left as it is when the rest is \
                                taken over has to stay with Terraform: write the blocks anew with the command that takes it over";

/// The stack here, where there is a stack file.
async fn recorded_here(global: &Global) -> Result<Option<Session>, Failure> {
    let named = !global.config.is_empty() || global.reference || global.state.is_some();
    if !named && !is_there_a_stack_file()? {
        return Ok(None);
    }
    Session::open_with(global, Purpose::Write, Sections::Any).await.map(Some)
}

/// The blocks for what the state here records. What was left as it is stays with Terraform.
async fn blocks_of(session: &Session, sorted: Sorted) -> Result<Removal, Failure> {
    let state = session.state().await?;
    let resources = state.iter().flat_map(|state| &state.resources);
    let recorded: Vec<_> = resources.filter(|(_, record)| !record.watched).collect();
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (address, record) in recorded {
        // Terraform has one type for a database and its copies.
        let copied = session.registry.all_managed().find(|kind| kind.alike().contains(&address.kind()));
        let copied = copied.filter(|_| section_of(address.kind()).is_none());
        let kind = copied.map_or_else(|| address.kind().to_owned(), |kind| kind.kind().to_owned());
        names.entry(kind).or_default().extend(adopt::names_of(record).map(str::to_owned));
        let has_policy =
            record.inputs.get(POLICY).is_some_and(|policy| !policy.is_null() && *policy != json!({}));
        let id = record.id.as_ref().filter(|_| has_policy);
        names.entry(POLICY_IN_TERRAFORM.to_owned()).or_default().extend(id.map(ToString::to_string));
    }
    let is_recorded = |kind: &str, id: &str| names.get(kind).is_some_and(|names| names.contains(id));
    Ok(removal(&sorted.recorded(&is_recorded)))
}

/// The policy of a file system, which Terraform has as a resource of its own.
const POLICY: &str = "file_system_policy";
const POLICY_IN_TERRAFORM: &str = "aws_efs_file_system_policy";

/// Leaves the objects of one account and one region: a stack has no others. Returns that region.
fn in_one_place(sorted: &mut Sorted, from: &Path, global: &Global) -> Result<Option<String>, Failure> {
    if let Some(region) = &global.region {
        *sorted = std::mem::take(sorted).within(region);
    }
    let all = &sorted.adoptable;
    let accounts: BTreeSet<&str> = all.iter().filter_map(|one| one.account.as_deref()).collect();
    let regions: BTreeSet<&str> = all.iter().filter_map(|one| one.region.as_deref()).collect();
    let several = |what: &str, which: &BTreeSet<&str>| {
        let which = which.iter().copied().collect::<Vec<_>>().join(", ");
        let message = format!("the state has objects in several {what}: {which}; a stack is in one");
        Failure::message(FailureKind::Usage, harmless(&message).into_owned())
    };
    if all.is_empty() {
        let there = global.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
        let message = format!("nothing in this state can be taken over{there}");
        return Err(Failure::message(FailureKind::Usage, message)
            .hint("see what is in it, and why each is left out: provision import --terraform FILE, with the same FILE"));
    }
    if regions.len() > 1 {
        return Err(several("regions", &regions)
            .hint("choose one with --region, and write a stack file for each: --out FILE"));
    }
    if accounts.len() > 1 {
        return Err(several("accounts", &accounts).hint(format!(
            "see the command for each of them: provision import --terraform {}",
            quoted(&from.to_string_lossy())
        )));
    }
    Ok(regions.into_iter().next().map(str::to_owned))
}

/// Writes the blocks, where there are any.
fn write(path: &Path, blocks: Removal) -> Result<Option<(PathBuf, Removal)>, Failure> {
    if blocks.resources.is_empty() {
        return Ok(None);
    }
    // Another run may have made it meanwhile.
    may_be_written(path, Form::Removal, Taken { stack_files: &[], state: None })?;
    file::write(path, blocks.text.as_bytes(), file::Readers::AsUsual).map_err(|error| {
        let message = format!("cannot write {}: {error}", harmless(&path.to_string_lossy()));
        Failure::message(FailureKind::Failed, message).hint(to_write(&error, Form::Removal.option()))
    })?;
    Ok(Some((path.to_owned(), blocks)))
}

/// The state in a file, or what standard input has.
fn state(from: &Path) -> Result<State, Failure> {
    let is_input = from == Path::new(STDIN);
    let name =
        if is_input { "standard input".to_owned() } else { harmless(&from.to_string_lossy()).into_owned() };
    let content = if is_input { input() } else { file::read(from) };
    let content = content.map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::NotFound => "name the file that holds it; or: terraform state pull > pulled.json, and then: \
                                    provision import --terraform pulled.json",
            ErrorKind::InvalidInput => "of a pipe it is read as standard input: provision import --terraform -",
            _ => "name a file with a state of Terraform; or read standard input: provision import --terraform -",
        };
        Failure::message(FailureKind::Usage, format!("{name} cannot be read: {error}")).hint(hint)
    })?;
    read(&content).map_err(|unreadable| {
        let message = format!("{name} is not read as a state of Terraform: {unreadable}");
        Failure::message(FailureKind::Usage, message).hint(unreadable.hint())
    })
}

fn input() -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    io::stdin().lock().take(file::LARGEST + 1).read_to_end(&mut content)?;
    match content.len() as u64 > file::LARGEST {
        true => Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than any state")),
        false => Ok(content),
    }
}

/// Terraform reads files whose names end in `.tf` alone: a block in another one would be missing.
fn refuse_a_name_that_terraform_skips(path: &Path) -> Result<(), Failure> {
    if path.extension().is_some_and(|ending| ending == "tf") {
        return Ok(());
    }
    let name = path.to_string_lossy();
    let message = format!("Terraform does not read {}: the names of its files end in .tf", harmless(&name));
    Err(Failure::message(FailureKind::Usage, message).hint("name a file such as removed.tf with --removed"))
}

/// The commands that take everything over, by account and region, each with a stack file of its own.
fn commands(adoptable: &[Adoptable]) -> Vec<report::Takes> {
    let mut places: BTreeMap<(Option<&str>, Option<&str>), Vec<&Adoptable>> = BTreeMap::new();
    for one in adoptable {
        places.entry((one.account.as_deref(), one.region.as_deref())).or_default().push(one);
    }
    let several = places.len() > 1;
    let command = |((account, region), all): ((Option<&str>, Option<&str>), Vec<&Adoptable>)| {
        let wishes: Vec<String> = all.iter().map(|one| format!("{}={}", one.address, one.id)).collect();
        // What has the same name in another account or region is something else.
        let there = [("--region", region), ("--account", account)];
        let there =
            there.into_iter().filter_map(|(option, value)| Some(format!(" {option} {}", quoted(value?))));
        let folder = [account, region].into_iter().flatten().filter(|_| several);
        let path: PathBuf = folder.chain([STACK_FILE]).collect();
        report::Takes {
            account: account.map(str::to_owned),
            region: region.map(str::to_owned),
            command: format!(
                "provision import {} --out {}{}",
                wishes.join(" "),
                quoted(&path.to_string_lossy()),
                there.collect::<String>()
            ),
        }
    };
    places.into_iter().map(command).collect()
}

fn document<'a>(
    state: &'a State,
    sorted: &'a Sorted,
    removed: Option<report::Removed<'a>>,
) -> report::TerraformState<'a> {
    report::TerraformState {
        state_format: state.format,
        terraform_version: &state.terraform_version,
        serial: state.serial,
        adoptable: &sorted.adoptable,
        commands: commands(&sorted.adoptable),
        left_out: sorted.left_out.iter().map(not_taken).collect(),
        outputs: &state.outputs,
        first: (state.provider == Provider::Legacy).then_some(PROVIDERS),
        removed,
    }
}

fn document_of<'a>((path, blocks): &'a (PathBuf, Removal), warnings: &[String]) -> report::Removed<'a> {
    report::Removed {
        path: path.to_string_lossy().into_owned(),
        resources: &blocks.resources,
        rest: &blocks.rest,
        forgotten: blocks.forgotten.iter().map(not_taken).collect(),
        stays: blocks.stays.iter().map(not_taken).collect(),
        of_modules: blocks.of_modules.iter().map(not_taken).collect(),
        warnings: warnings.to_vec(),
    }
}

fn not_taken(left: &LeftOut) -> report::NotTaken<'_> {
    report::NotTaken {
        from: &left.from,
        id: left.id.as_ref(),
        code: left.reason.code(),
        reason: left.reason.to_string(),
    }
}

/// Everything that the state holds: what can be taken over, and what cannot and why.
fn listing(from: &Path, state: &State, sorted: &Sorted) -> String {
    let name = if from == Path::new(STDIN) { "Standard input".into() } else { from.to_string_lossy() };
    let mut lines = vec![format!(
        "{name} holds {}, serial {}, written by Terraform {}.",
        counted(state.objects(), "object"),
        state.serial,
        state.terraform_version
    )];
    let places: BTreeSet<_> = sorted.adoptable.iter().map(|one| (&one.account, &one.region)).collect();
    let elsewhere = places.len() > 1;
    if !sorted.adoptable.is_empty() {
        lines.push("Can be taken over:".to_owned());
    }
    for one in &sorted.adoptable {
        let place = [one.account.as_deref(), one.region.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        let place =
            if elsewhere && !place.is_empty() { format!(" ({})", place.join(", ")) } else { String::new() };
        lines.push(format!("  {}={}{place}, in Terraform {}", one.address, one.id, one.from));
        for part in &one.along {
            let shared = if part.shared { ", which others of these use too" } else { "" };
            lines.push(format!("    with {}{shared}", part.from));
        }
    }
    lines.extend(left_out(sorted));
    if !state.outputs.is_empty() {
        lines.push(format!(
            "Outputs of Terraform, which others may read from its state: {}. Each that shows something of what Terraform lets go of ends \
             with it.",
            state.outputs.join(", ")
        ));
    }
    if state.provider == Provider::Legacy {
        lines.push(PROVIDERS.to_owned());
    }
    if sorted.adoptable.iter().any(Adoptable::is_database) {
        lines.push(
            "A password of a database that Terraform knows is in the state as plain text. It was not read; it stays in older versions of \
             the state, in its backup and in saved plans of Terraform."
                .to_owned(),
        );
    }
    lines.join("\n")
}

/// The objects that are left out, by reason.
fn left_out(sorted: &Sorted) -> Vec<String> {
    let mut by_reason: BTreeMap<String, Vec<&LeftOut>> = BTreeMap::new();
    for left in &sorted.left_out {
        by_reason.entry(left.reason.to_string()).or_default().push(left);
    }
    let mut lines = Vec::new();
    if !by_reason.is_empty() {
        lines.push("Left out:".to_owned());
    }
    for (reason, all) in by_reason {
        lines.push(format!("  {reason}:"));
        lines.extend(all.iter().map(|left| format!("    {}", left.named())));
    }
    lines
}

/// The lines on the blocks that were written.
fn written(blocks: Option<&(PathBuf, Removal)>) -> Vec<String> {
    let Some((path, blocks)) = blocks else { return Vec::new() };
    let rest = match blocks.rest.len() {
        0 => String::new(),
        rest => format!(", and {rest} for the rest of their modules"),
    };
    let mut lines = vec![format!(
        "Wrote {}: {}{rest}. `terraform plan` must say `0 to destroy` before it is applied.",
        path.display(),
        counted(blocks.resources.len(), "block")
    )];
    lines.extend(blocks.forgotten.iter().map(|one| {
        let named = one.named();
        format!("warning: Terraform forgets {named} too, since a block names all objects of a resource")
    }));
    lines.extend(blocks.of_modules.iter().map(|one| {
        let named = one.named();
        format!(
            "warning: {named} is left as it is, and has a block with the rest of its module: delete that block where its `resource` block \
             stays in a module of your own"
        )
    }));
    if !blocks.stays.is_empty() {
        let all = blocks.stays.iter().map(|one| format!("  {}", one.named()));
        lines.push(
            "Left as they are, without a block: they stay with Terraform, and their configuration stays in its .tf files. Where that refers \
             to something that goes, write its id:"
                .to_owned(),
        );
        lines.extend(all);
    }
    lines
}

/// The lines on what to type next.
fn next(from: &Path, sorted: &Sorted) -> Vec<String> {
    let commands = commands(&sorted.adoptable);
    let one_by_one = commands.iter().map(|one| format!("  {}", one.command));
    match commands.as_slice() {
        [] => vec!["Nothing in this state can be taken over.".to_owned()],
        [_] if from == Path::new(STDIN) => std::iter::once("Next:".to_owned()).chain(one_by_one).collect(),
        [_] => {
            let name = from.to_string_lossy();
            let all = format!("  provision import --terraform {} --out {STACK_FILE}", quoted(&name));
            let parted = "or, to leave some of it out:".to_owned();
            ["Next, all of it:".to_owned(), all, parted].into_iter().chain(one_by_one).collect()
        }
        _ => std::iter::once("Next, a stack for each account and region:".to_owned())
            .chain(one_by_one)
            .collect(),
    }
}

fn counted(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}
