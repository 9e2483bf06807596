//! AWS as the command line, the environment, the profile and the stack file say it is reached.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::aws::profile::{self, must_exist, needs_no_person};
use crate::aws::{
    Awaited, Aws, Bundle, NoRegion, PROFILES, Settings, missing_half, profile_in_use, profile_of_environment,
};
use crate::stack::{Region, nearest};
use crate::view::failure::{Failure, FailureKind};
use crate::view::progress::Sink;
use crate::view::{harmless, quoted};

use super::super::options::Global;
use super::super::stack_file::Chosen;
use super::super::values;

/// The settings of a stack that AWS is reached with; those of no stack by default.
#[derive(Clone, Default)]
pub(in crate::cli) struct Meant {
    region: Option<String>,
    /// The folder of password files; empty for the current one.
    folder: PathBuf,
    /// The variables of the environment that hold passwords.
    passwords: BTreeSet<String>,
}

impl Meant {
    /// Those of the stack that was chosen.
    pub(in crate::cli) fn by(chosen: &Chosen) -> Self {
        Self {
            region: chosen.stack.region.as_ref().map(ToString::to_string),
            folder: chosen.folder(),
            passwords: chosen.stack.password_variables(),
        }
    }
}

/// Configures AWS. Nothing is sent yet.
pub(in crate::cli) async fn connect(options: &Global, meant: Meant) -> Result<Aws, Failure> {
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

/// Configures AWS for a bucket of states that is in the account of a profile of its own.
pub(super) async fn connect_for_state(
    options: &Global,
    (profile, named_by): (String, &str),
    chosen: &Chosen,
    region: &str,
) -> Result<Aws, Failure> {
    check_profile(Some(&profile), named_by)?;
    let meant = Meant { region: Some(region.to_owned()), ..Meant::by(chosen) };
    connect_as(options, Some(profile), meant).await
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

/// A variable of the environment that is set, and not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
