//! Opens what a command line names: the state, AWS, saved plans. Every failure says what to type instead.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::aws::profile::{self, must_exist, needs_no_person};
use crate::aws::state_s3::S3State;
use crate::aws::{
    Awaited, Aws, Bundle, NoRegion, PROFILES, Settings, missing_half, profile_in_use, profile_of_environment,
};
use crate::engine::cloud::CloudError;
use crate::engine::executor::hint_for_code;
use crate::engine::file;
use crate::engine::saved::{SavedPlan, SavedPlanError};
use crate::engine::state::{Damage, Holder, State, StateError, Store};
use crate::stack::{Region, S3Place, Sections, nearest};
use crate::view::failure::{Failure, FailureKind};
use crate::view::progress::Sink;
use crate::view::{harmless, quoted};

use super::neighbours;
use super::options::{Global, StateAt};
use super::screen::Screen;
use super::stack_file::{Chosen, Purpose, choose};
use super::values;

/// Checks that AWS can be where the option or the environment says; a value that may hold a password is not repeated.
fn check_endpoint(option: Option<&str>) -> Result<(), Failure> {
    let environment = || std::env::var("AWS_ENDPOINT_URL").ok();
    let (url, whose) = match option {
        Some(url) => (url.to_owned(), "--endpoint-url says so"),
        None => match environment() {
            Some(url) => (url, "AWS_ENDPOINT_URL says so, and --endpoint-url would override it"),
            None => return Ok(()),
        },
    };
    values::whole_endpoint(&url).map(drop).map_err(|problem| {
        let message = match url.as_str() {
            "" => "the endpoint is empty".to_owned(),
            url if url.contains('@') => "an endpoint cannot have a user or a password".to_owned(),
            url => format!("`{}` is not an endpoint", harmless(url)),
        };
        Failure::message(FailureKind::Usage, message).hint(format!("{whose}: {problem}"))
    })
}

/// Checks that the profile exists whose credentials are meant.
fn check_profile(option: Option<&str>, named_by: &str) -> Result<(), Failure> {
    if let (None, [Some(one), Some(other)]) = (option, PROFILES.map(variable))
        && one != other
    {
        let message = format!(
            "AWS_PROFILE names the profile `{}`, and AWS_DEFAULT_PROFILE `{}`",
            harmless(&one),
            harmless(&other)
        );
        let hint = "unset one of the two, or name the profile with --profile";
        return Err(Failure::message(FailureKind::Usage, message).hint(hint));
    }
    if let (None, Some(missing)) = (option, missing_half(variable)) {
        let message = format!("AWS_ACCESS_KEY_ID is set, and {missing} is not");
        let hint = format!("set {missing} too, or unset AWS_ACCESS_KEY_ID");
        return Err(Failure::message(FailureKind::Usage, message).hint(hint));
    }
    // boto3 refuses a profile that is not there also where the environment has credentials, which count before those of its own.
    let named = option.map(str::to_owned).or_else(|| profile_of_environment(variable));
    let Some(name) = named else { return Ok(()) };
    must_exist(&name, variable).map_err(|missing| {
        let whose = match option {
            Some(_) => named_by,
            None if variable("AWS_PROFILE").is_none() => {
                "AWS_DEFAULT_PROFILE names it, and --profile overrides that"
            }
            None => "AWS_PROFILE names it, and --profile overrides that",
        };
        let known: Vec<&str> = missing.known.iter().map(String::as_str).collect();
        let there = match (nearest(&name, known.iter().copied()), known.as_slice()) {
            (_, []) => "there is no profile at all".to_owned(),
            (Some(near), known) => format!("did you mean `{near}`? there are: {}", known.join(", ")),
            (None, known) => format!("there are: {}", known.join(", ")),
        };
        let make = format!("to make it: aws configure --profile {}", quoted(&name));
        Failure::usage(missing).hint(format!("{whose}; {there}; {make}"))
    })?;
    if profile_in_use(option, variable).is_none() {
        return Ok(());
    }
    needs_no_person(&name, variable).map_err(|needs| {
        let export = format!("aws configure export-credentials --profile {} --format env", quoted(&name));
        Failure::usage(needs).hint(format!(
            "take the credentials from the AWS command line, and leave {} out: eval \"$({export})\"",
            if option.is_some() { "--profile" } else { "AWS_PROFILE" }
        ))
    })
}

/// The settings of a stack that AWS is reached with; those of no stack by default.
#[derive(Clone, Default)]
pub(super) struct Meant {
    region: Option<String>,
    /// The folder of password files; empty for the current one.
    folder: PathBuf,
    /// The variables of the environment that hold passwords.
    passwords: BTreeSet<String>,
}

impl Meant {
    /// Those of the stack that was chosen.
    pub(super) fn by(chosen: &Chosen) -> Self {
        Self {
            region: chosen.stack.region.as_ref().map(ToString::to_string),
            folder: chosen.folder(),
            passwords: chosen.stack.password_variables(),
        }
    }
}

/// Configures AWS. Nothing is sent yet.
pub(super) async fn connect(options: &Global, meant: Meant) -> Result<Aws, Failure> {
    check_profile(options.profile.as_deref(), "--profile names it")?;
    let aws = connect_as(options, options.profile.clone(), meant).await?;
    // A region that no option gives comes from the environment or the profile.
    match aws.region().parse::<Region>() {
        Ok(_) => {
            options.carried.set_region(aws.region());
            Ok(aws)
        }
        Err(wrong) => Err(Failure::usage(wrong)
            .hint("AWS_REGION, AWS_DEFAULT_REGION or the profile says so; --region overrides them")),
    }
}

async fn connect_as(options: &Global, profile: Option<String>, meant: Meant) -> Result<Aws, Failure> {
    check_endpoint(options.endpoint_url.as_deref())?;
    let mut settings = Settings {
        region: options.region.clone().or(meant.region),
        profile,
        endpoint_url: options.endpoint_url.clone(),
        folder: meant.folder,
        bundle: None,
        variable,
        as_written: |name| std::env::var(name).ok(),
        tell: if options.quiet { |_| () } else { waiting },
        passwords: meant.passwords,
    };
    if settings.needs_certificates() {
        settings.bundle = bundle(settings.profile.as_deref())?;
    }
    let aws = Aws::connect(&settings).await.map_err(no_region)?;
    if aws.region().is_empty() { Err(no_region(NoRegion)) } else { Ok(aws) }
}

/// Says what is waited for. No screen is there yet, nor a run whose lines this one could tear.
fn waiting(awaited: &Awaited<'_>) {
    Sink::stderr().line(&harmless(&format!("Waiting for {awaited}.")));
}

/// The certificates that the environment names, or else the profile.
fn bundle(named: Option<&str>) -> Result<Option<Bundle>, Failure> {
    let in_environment = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty());
    let of_profile = || {
        let name = named.map(str::to_owned).or_else(|| profile_of_environment(variable));
        profile::setting(name.as_deref().unwrap_or("default"), "ca_bundle", variable)
    };
    let (path, named_by) = match in_environment {
        Some(path) => (PathBuf::from(path), "AWS_CA_BUNDLE"),
        None => match (of_profile(), requests_bundle()) {
            (Some(path), _) => (PathBuf::from(path), "`ca_bundle` of the profile"),
            (None, Some(path)) => (path, "REQUESTS_CA_BUNDLE"),
            (None, None) => return Ok(None),
        },
    };
    Bundle::read(&path, named_by).map(Some).map_err(|error| {
        let unset = "name a file of PEM certificates, or take the setting away to trust the machine's own";
        Failure::usage(error).hint(unset)
    })
}

/// The certificates that boto3 and the AWS command line take last (botocore, endpoint.py). A folder of them is of OpenSSL's own
/// form, and is left to those.
fn requests_bundle() -> Option<PathBuf> {
    let named = std::env::var_os("REQUESTS_CA_BUNDLE").filter(|path| !path.is_empty());
    named.map(PathBuf::from).filter(|path| !path.is_dir())
}

fn no_region(error: NoRegion) -> Failure {
    Failure::usage(error).hint("name one with --region, AWS_REGION, or `region:` in the stack file")
}

/// The place of a stack's state: a file, or else a place in S3.
pub(super) fn state_at(options: &Global, chosen: &Chosen) -> StateAt {
    let usual = || chosen.folder().join(format!("state/{}.json", chosen.stack.stack));
    chosen.named_state(options).unwrap_or_else(|| StateAt::File(usual()))
}

/// The state's place, where an option or the stack file names it; otherwise it is a file named after the stack.
pub(super) async fn state_place(options: &Global, chosen: &Chosen) -> Result<Option<Store>, Failure> {
    match chosen.named_state(options) {
        None => Ok(None),
        Some(StateAt::File(path)) => Ok(Some(in_file(path))),
        Some(StateAt::S3(_)) => {
            Ok(Some(store(options, chosen, &connect(options, Meant::by(chosen)).await?).await?))
        }
    }
}

/// The state of a stack, not looked at yet.
pub(super) async fn store(options: &Global, chosen: &Chosen, aws: &Aws) -> Result<Store, Failure> {
    let place = match state_at(options, chosen) {
        StateAt::File(path) => return Ok(in_file(path)),
        StateAt::S3(place) => place,
    };
    let encryption = chosen
        .encryption(options)
        .map_err(|problem| Failure::message(FailureKind::Usage, problem).hint("leave one of the two out"))?;
    // The bucket may be in another account.
    let keeper = match chosen.state_profile(options) {
        None => None,
        Some((profile, named_by)) => {
            check_profile(Some(&profile), named_by)?;
            let meant = Meant { region: Some(aws.region().to_owned()), ..Meant::by(chosen) };
            Some(connect_as(options, Some(profile), meant).await?)
        }
    };
    let keeper = keeper.as_ref().unwrap_or(aws);
    Ok(Store::new(S3State::of(&place, (keeper, aws), options.lease, encryption)).for_user(&user()))
}

/// A state in a file, to be locked by this user.
pub(super) fn in_file(path: PathBuf) -> Store {
    Store::local(path).for_user(&user())
}

fn user() -> String {
    variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "unknown".to_owned())
}

/// A variable of the environment that is set, and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The state of the stack that is named and the stack, for commands that need nothing else.
pub(super) async fn named_store(
    options: &Global,
    purpose: Purpose,
    screen: &mut Screen,
) -> Result<(Store, Chosen), Failure> {
    // A recorded resource needs no declaration.
    let chosen = choose(options, purpose, Sections::Any)?;
    chosen.say_if_built_in(screen);
    let store = match state_at(options, &chosen) {
        StateAt::File(path) => in_file(path),
        // Here alone AWS is needed for a look at the state.
        StateAt::S3(_) => store(options, &chosen, &connect(options, Meant::by(&chosen)).await?).await?,
    };
    Ok((store, chosen))
}

/// The state of a stack, which may not be there yet, with its place and the stack.
pub(super) async fn state_if_any(
    options: &Global,
    purpose: Purpose,
    screen: &mut Screen,
) -> Result<(Store, Chosen, Option<State>), Failure> {
    let (store, chosen) = named_store(options, purpose, screen).await?;
    let state = store.read().await.map_err(state_failure)?;
    if let Some(state) = &state {
        of_stack(state, &chosen.stack.stack.to_string(), &store)?;
    }
    Ok((store, chosen, state))
}

/// A state that has to be there, and its place.
pub(super) async fn existing_state(
    options: &Global,
    purpose: Purpose,
    screen: &mut Screen,
) -> Result<(Store, State), Failure> {
    let (store, chosen, state) = state_if_any(options, purpose, screen).await?;
    let stack = &chosen.stack;
    match state {
        Some(state) => Ok((store, state)),
        None => {
            let message = format!("there is no state at {store}");
            let old = match (store.file(), chosen.named_state(options)) {
                // A place that was named says nothing of a name.
                (Some(path), None) => {
                    let others = neighbours::beside(&neighbours::places(path, chosen.paths())).await;
                    let is_renamed =
                        neighbours::under_its_new_name(&others, &stack.stack.to_string()).is_some();
                    neighbours::old_name(&others, stack).map(|old| (old, is_renamed))
                }
                _ => None,
            };
            let usual = match chosen.is_assumed(options) {
                true => {
                    "there is no stack file either; to write one: provision init; or name another one with --config; for the built-in \
                     stack itself: provision apply --reference; or, where its state was lost: provision state rebuild --reference"
                }
                false => {
                    "for a new stack: provision apply; for a state that was lost: provision state rebuild; one in another \
                     place is named with --state"
                }
            };
            let hint = match old {
                // What is recorded under its new name is neither new nor lost.
                Some((old, true)) => format!("{old}; one in another place is named with --state"),
                Some((old, false)) => format!("{old}; {usual}"),
                None => usual.to_owned(),
            };
            Err(Failure::message(FailureKind::Failed, message).hint(hint))
        }
    }
}

/// Checks that a state is the one of this stack.
pub(super) fn of_stack(state: &State, stack: &str, store: &Store) -> Result<(), Failure> {
    if state.stack == stack {
        return Ok(());
    }
    let old = &state.stack;
    let message = format!("{store} is the state of the stack {old}, not of {stack}");
    // A file that was renamed by hand is not where the old name's is looked for.
    let is_moved = store.file().is_some_and(|file| file.file_stem() != Some(OsStr::new(old)));
    let place = if is_moved { format!(" --state {}", quoted(&store.to_string())) } else { String::new() };
    if let Some(renamed) = neighbours::renamed_already(state, stack) {
        return Err(Failure::message(FailureKind::Usage, message).hint(format!("{renamed}{place}")));
    }
    Err(Failure::message(FailureKind::Usage, message).hint(format!(
        "name the right one with --state, or the right stack file with --config; if the stack was renamed: provision \
         state move stack.{old} stack.{stack}{place}"
    )))
}

/// A state that cannot be used, with what to do about it.
pub(super) fn state_failure(error: StateError) -> Failure {
    let kind = match &error {
        StateError::Locked { .. } => FailureKind::Locked,
        // Only a run that was asked to end gives a write up.
        StateError::Unsaved => FailureKind::Interrupted,
        _ => FailureKind::Failed,
    };
    let hint = match &error {
        StateError::Locked { holder, can_be_taken } => hint_of_lock(holder.as_ref(), *can_be_taken),
        StateError::LockLost { .. } => {
            "nothing more was begun; what was is in the state, and the next provision apply looks at it".to_owned()
        }
        StateError::Vanished { .. } => {
            "nothing more was begun; the next one looks at what was: provision state rebuild, then provision apply"
                .to_owned()
        }
        StateError::Unconditional { .. } => {
            "nothing was begun; keep the state in Amazon S3, in a store that refuses a PutObject whose If-Match or \
             If-None-Match does not hold, or in a file, which --state names"
                .to_owned()
        }
        StateError::InJournalAlone { source, .. } => format!(
            "nothing is lost: every command reads it, and the next one that writes makes the state whole; before that, {}",
            to_be_written(source)
        ),
        StateError::Unsaved => "run the same command again: it reads AWS and carries on".to_owned(),
        StateError::Damaged {
            source: Damage::Newer { .. } | Damage::NewerLine { .. } | Damage::Shape(_), ..
        } => "update provision: the state is whole, and stays as it is until a version reads it that knows it"
            .to_owned(),
        StateError::Damaged { place, source: Damage::Frame { .. } | Damage::OtherJournal { .. }, .. } => format!(
            "the snapshot beside it is whole: move {place}.journal away, and have what it knew looked for in AWS: \
             provision state rebuild"
        ),
        StateError::Damaged { place, backup: Some(backup), source: Damage::Older { .. } } => format!(
            "go on from the newer one: cp {backup} {place}; if the older one is meant, move {backup} away, and have \
             what came after looked for in AWS: provision state rebuild"
        ),
        StateError::Damaged { place, backup: Some(backup), source: Damage::SnapshotMissing { .. } } => {
            let copy = if place.starts_with("s3://") { "aws s3 cp" } else { "cp" };
            format!(
                "put a copy of {place} back; without one, the version before is all there is: {copy} {backup} {place}, \
                 and have what came after it looked for in AWS: provision state rebuild"
            )
        }
        StateError::Damaged { place, backup: Some(backup), .. } => format!(
            "put a copy of {place} back; without one, keep what is there and go on from the version before: \
             mv {place} {place}.damaged, then cp {backup} {place}, and have what came after it looked for in AWS: \
             provision state rebuild"
        ),
        StateError::Damaged { place, backup: None, .. } if let Some(object) = place.strip_prefix("s3://") => {
            let (bucket, key) = object.split_once('/').unwrap_or((object, ""));
            format!(
                "put a whole version of it back; where the bucket keeps versions, they are listed by: aws s3api \
                 list-object-versions --bucket {bucket} --prefix {key}; where it keeps none, go on from the version before: aws s3 \
                 mv {place} {place}.damaged, then: aws s3 cp {place}.backup {place}, and have what came after it looked for in AWS: \
                 provision state rebuild"
            )
        }
        StateError::Damaged { place, backup: None, .. } => format!(
            "--state names another file, if this is not the one; if it is, put a copy of {place} back, or move it and \
             {place}.backup away and have it made anew: provision state rebuild"
        ),
        StateError::S3 { source, place, .. } => hint_of_bucket(source, place),
        StateError::Io { source, path, .. } => match source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                format!("{}, or name another file with --state", to_be_permitted(path))
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => NO_ROOM.to_owned(),
            _ => "name the state's file with --state".to_owned(),
        },
    };
    Failure::new(kind, error).hint(hint)
}

const NO_ROOM: &str = "make room on that disk";

/// The step after which a file can be written that could not be.
pub(super) fn to_be_written(error: &StateError) -> String {
    match error {
        StateError::Io { source, path, .. } => match source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => to_be_permitted(path),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => NO_ROOM.to_owned(),
            _ => "mend that".to_owned(),
        },
        _ => "mend that".to_owned(),
    }
}

/// A file that is not there is made in its folder, which has to permit that.
fn to_be_permitted(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match path.symlink_metadata() {
        Ok(_) => "make it readable and writable for you".to_owned(),
        Err(_) => format!("make the folder {} readable and writable for you", folder.display()),
    }
}

/// Only what can help: a lock whose run is known to live is waited for, or ends with its process, and is not taken away.
pub(super) fn hint_of_lock(holder: Option<&Holder>, can_be_taken: bool) -> String {
    const WAIT: &str = "wait for it with --lock-timeout 10m";
    match holder {
        Some(holder) if holder.is_alive_here() => format!(
            "that run is alive, as process {pid} of this machine: {WAIT}; or end that run, and it gives the lock back: kill {pid}",
            pid = holder.pid
        ),
        Some(holder) if can_be_taken && holder.is_here_no_more() => format!(
            "its process runs here no more; {WAIT}, until the lock runs out; or take it away: provision state unlock {}",
            holder.id
        ),
        Some(holder) if can_be_taken => {
            format!("{WAIT}; if that run is lost: provision state unlock {}", holder.id)
        }
        _ => format!("{WAIT}; the lock ends with the process that has it"),
    }
}

fn hint_of_bucket(error: &CloudError, place: &str) -> String {
    let bucket = place.parse().map_or_else(|_| "BUCKET".to_owned(), |place: S3Place| place.bucket);
    match error.code.as_str() {
        "NoSuchBucket" => format!(
            "name another one with --state; or make this one, which keeps older versions: aws s3 mb s3://{bucket}, then: aws s3api \
             put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
        ),
        // To a caller who may not list the bucket, AWS says this of every object that is not there.
        "AccessDenied" => {
            "a state in S3 needs s3:GetObject and s3:PutObject of it, and s3:ListBucket of its bucket \
                           (provision iam-policy); is it the right one (--state), and are you the right one (--profile)?"
                .to_owned()
        }
        code => hint_for_code(code).unwrap_or_else(|| "--state names the place of the state".to_owned()),
    }
}

/// True for a folder of states.
fn is_of_states(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "state")
}

/// Reads a saved plan.
pub(super) fn saved_plan(path: &Path) -> Result<SavedPlan, Failure> {
    SavedPlan::read(path).map_err(|error| {
        let named = quoted(&path.to_string_lossy());
        // Only a plan is written over.
        let is_one = file::read(path).is_ok_and(|content| SavedPlan::is_one(&content));
        let again = match &error {
            // Among states and what is beside them no plan is written.
            SavedPlanError::Io { source, .. }
                if source.kind() == ErrorKind::NotFound && path.parent().is_some_and(is_of_states) =>
            {
                "to make one, which gets a name of its own: provision plan --out".to_owned()
            }
            SavedPlanError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
                format!("to make one: provision plan --out {named}")
            }
            SavedPlanError::Io { .. } => "name a file that `provision plan --out` wrote".to_owned(),
            SavedPlanError::Newer { .. } if is_one => format!(
                "update provision, or make a plan with this version and review it: provision plan --out {named}"
            ),
            _ if is_one => format!("make it anew and review that: provision plan --out {named}"),
            _ => "make a plan, which gets a name of its own, and review that: provision plan --out".to_owned(),
        };
        Failure::usage(error).hint(again)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_cannot_be_taken_away_is_not_said_to_be() {
        let of =
            |host: &str, pid| Holder { host: host.to_owned(), pid, ..Holder::this_run("apply", "somebody") };
        let here = Holder::this_run("apply", "somebody").host;
        let (elsewhere, ended) = (of("another", 1), of(&here, std::process::id()));
        for (holder, can_be_taken) in [
            (Some(&elsewhere), false),
            (Some(&elsewhere), true),
            (Some(&ended), false),
            (Some(&ended), true),
            (None, false),
        ] {
            let hint = hint_of_lock(holder, can_be_taken);
            assert!(hint.contains("--lock-timeout"), "{hint}");
            assert_eq!(hint.contains("state unlock"), can_be_taken, "{hint}");
        }
        assert!(hint_of_lock(Some(&ended), true).contains("runs here no more"));
    }

    #[test]
    fn a_damaged_state_in_a_bucket_has_its_older_versions_to_go_on_from() {
        let place = "s3://states/team/shop.json".to_owned();
        let failure = state_failure(StateError::Damaged { place, backup: None, source: Damage::Checksum });
        let hint = failure.sentence().1.unwrap_or_default().to_owned();
        for way in [
            "aws s3api list-object-versions --bucket states --prefix team/shop.json",
            "aws s3 cp s3://states/team/shop.json.backup s3://states/team/shop.json",
        ] {
            assert!(hint.contains(way), "{hint}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_needs_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shop.json.lock");
        assert!(to_be_permitted(&path).contains(&format!("the folder {}", folder.path().display())));
        std::fs::write(&path, "").expect("the folder can be written");
        assert!(!to_be_permitted(&path).contains("folder"));
    }
}
