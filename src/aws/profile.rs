//! Named AWS profiles: whether one exists, and the files that were searched for it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::PathBuf;

use aws_runtime::env_config::file::{EnvConfigFileKind as ProfileFileKind, EnvConfigFiles as ProfileFiles};

/// A profile that is in none of the files.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no AWS profile `{name}`: it is not in {}", listed(files))]
pub struct NoProfile {
    pub name: String,
    /// The files that were searched.
    pub files: Vec<PathBuf>,
    /// The profiles that are there.
    pub known: BTreeSet<String>,
}

fn listed(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" or ")
}

/// The two files that hold profiles ("Shared config and credentials files", AWS SDKs and Tools Reference Guide).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    Config,
    Credentials,
}

impl Holder {
    const ALL: [Self; 2] = [Self::Config, Self::Credentials];

    /// The file; none where the environment has no home.
    fn file(self, variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
        let (named_by, usual) = match self {
            Self::Config => ("AWS_CONFIG_FILE", ".aws/config"),
            Self::Credentials => ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        };
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let home = || set("HOME").or_else(|| set("USERPROFILE"));
        set(named_by).map(PathBuf::from).or_else(|| Some(PathBuf::from(home()?).join(usual)))
    }
}

/// Finds out that a profile is in none of the files. One that cannot be read or is damaged is for the SDK to tell of.
///
/// # Errors
/// [`NoProfile`], with the files and the profiles that they have.
pub fn must_exist(name: &str, variable: impl Fn(&str) -> Option<String>) -> Result<(), NoProfile> {
    // Without a section of its own, the default profile is an empty one.
    if name == "default" {
        return Ok(());
    }
    let (mut files, mut known) = (Vec::new(), BTreeSet::new());
    for holder in Holder::ALL {
        let Some(file) = holder.file(&variable) else { return Ok(()) };
        match std::fs::read_to_string(&file) {
            Ok(text) => match profiles(&text, holder) {
                Some(profiles) => known.extend(profiles),
                None => return Ok(()),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(_) => return Ok(()),
        }
        files.push(file);
    }
    if known.contains(name) { Ok(()) } else { Err(NoProfile { name: name.to_owned(), files, known }) }
}

/// The profiles of a file; none where a heading has no end.
fn profiles(text: &str, holder: Holder) -> Option<BTreeSet<String>> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('['));
    let headings: Option<Vec<&str>> =
        headings.map(|heading| Some(heading.split_once(']')?.0.trim())).collect();
    let named = |heading: &str| match holder {
        Holder::Config if heading == "default" => Some(heading.to_owned()),
        Holder::Config => {
            let (word, name) = heading.split_once(char::is_whitespace)?;
            (word == "profile").then(|| name.trim().trim_matches('"').to_owned())
        }
        Holder::Credentials => Some(heading.to_owned()),
    };
    Some(headings?.into_iter().filter_map(named).collect())
}

/// A profile whose credentials only the AWS command line gets.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the AWS profile `{name}` {needs}, which provision does not do itself")]
pub struct NeedsCommandLine {
    pub name: String,
    needs: &'static str,
}

/// The settings that need a person at a terminal ("Settings reference", AWS SDKs and Tools Reference Guide).
const BY_A_PERSON: [(&str, &str); 2] = [
    ("login_session", "logs in with `aws login`"),
    ("mfa_serial", "takes a role with a code of a second factor"),
];

/// Finds out that a profile, or one that it takes its credentials from, needs a person. Files that cannot be read are for the SDK
/// to tell of.
///
/// # Errors
/// [`NeedsCommandLine`]
pub fn needs_no_person(
    name: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(), NeedsCommandLine> {
    let Some(text) = Holder::Config.file(variable).and_then(|file| std::fs::read_to_string(file).ok()) else {
        return Ok(());
    };
    let mut next = Some(name.to_owned());
    // A chain that goes in a circle is for the SDK to tell of.
    for _ in 0..8 {
        let Some(at) = next else { break };
        let settings = settings(&text, Holder::Config, &at);
        if let Some((_, needs)) = BY_A_PERSON.iter().find(|(key, _)| settings.contains_key(key)) {
            return Err(NeedsCommandLine { name: name.to_owned(), needs });
        }
        next = settings.get("source_profile").filter(|next| **next != at).map(|next| (*next).to_owned());
    }
    Ok(())
}

/// The name of a profile as a shell reads it.
pub(super) fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.@+".contains(c);
    match !name.is_empty() && name.chars().all(is_plain) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', r"'\''")),
    }
}

/// A setting of a profile in the config file.
pub fn setting(name: &str, key: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let text = std::fs::read_to_string(Holder::Config.file(variable)?).ok()?;
    settings(&text, Holder::Config, name)
        .get(key)
        .filter(|value| !value.is_empty())
        .map(|value| (*value).to_owned())
}

/// The settings of one profile in a file.
fn settings<'a>(text: &'a str, holder: Holder, name: &str) -> BTreeMap<&'a str, &'a str> {
    let mut is_it = false;
    let mut settings = BTreeMap::new();
    for line in text.lines() {
        if line.starts_with('[') {
            is_it = profiles(line, holder).is_some_and(|names| names.contains(name));
        } else if let (true, Some((key, value))) =
            (is_it && !line.starts_with([' ', '\t', '#', ';']), line.split_once('='))
        {
            settings.insert(key.trim(), value.trim());
        }
    }
    settings
}

/// The setting with a command that prints credentials. The SDK starts it with the whole environment of this program.
const COMMAND: &str = "credential_process";

/// The profile whose command gives the credentials of another: that one itself, or the one that they are taken from.
pub(super) fn with_command(name: &str, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let read = |holder: Holder| Some((holder, std::fs::read_to_string(holder.file(&variable)?).ok()?));
    let files: Vec<(Holder, String)> = Holder::ALL.into_iter().filter_map(read).collect();
    let mut at = name.to_owned();
    // A chain that goes in a circle is for the SDK to tell of.
    for _ in 0..8 {
        let settings: Vec<_> = files.iter().map(|(holder, text)| settings(text, *holder, &at)).collect();
        if settings.iter().any(|settings| settings.contains_key(COMMAND)) {
            return Some(at);
        }
        at = (*settings.iter().find_map(|settings| settings.get("source_profile"))?).to_owned();
    }
    None
}

/// The files of profiles, with commands that drop these variables before they run; none where no command would get one of them.
/// Files that cannot be read are for the SDK to tell of.
pub(super) fn without_variables(
    names: &BTreeSet<String>,
    variable: impl Fn(&str) -> Option<String>,
) -> Option<ProfileFiles> {
    let set: Vec<&str> = names.iter().map(String::as_str).filter(|name| variable(name).is_some()).collect();
    if set.is_empty() {
        return None;
    }
    let mut files = ProfileFiles::builder();
    let mut has_command = false;
    for holder in Holder::ALL {
        let text = holder.file(&variable).and_then(|file| std::fs::read_to_string(file).ok());
        files = match (holder, text) {
            (_, Some(text)) => {
                let rewritten = dropping(&set, &text);
                has_command |= rewritten != text;
                files.with_contents(holder.into(), rewritten)
            }
            (Holder::Config, None) => files.include_default_config_file(true),
            (Holder::Credentials, None) => files.include_default_credentials_file(true),
        };
    }
    has_command.then(|| files.build())
}

impl From<Holder> for ProfileFileKind {
    fn from(holder: Holder) -> Self {
        match holder {
            Holder::Config => Self::Config,
            Holder::Credentials => Self::Credentials,
        }
    }
}

/// The text of a file whose commands begin with dropping variables. The SDK has commands carried out by `sh -c`.
fn dropping(names: &[&str], text: &str) -> String {
    let line = |line: &str| {
        let split = line.split_once('=').filter(|_| !line.starts_with(char::is_whitespace));
        match split {
            Some((key, command)) if key.trim().eq_ignore_ascii_case(COMMAND) => {
                format!("{key}= unset {}; {}", names.join(" "), command.trim_start())
            }
            _ => line.to_owned(),
        }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_for_credentials_drops_the_variables_that_hold_a_password() {
        let text = "[profile a]\ncredential_process = get --for \"me\"\n  --more\nregion = x\n[profile b]\n\
                    CREDENTIAL_PROCESS=other\n# credential_process = none\ns3 =\n  credential_process = no";
        let expected = "[profile a]\ncredential_process = unset A B; get --for \"me\"\n  --more\nregion = x\n[profile b]\n\
                        CREDENTIAL_PROCESS= unset A B; other\n# credential_process = none\ns3 =\n  credential_process = no";
        assert_eq!(dropping(&["A", "B"], text), expected);
    }

    #[test]
    fn the_command_for_credentials_may_be_that_of_the_profile_they_are_taken_from() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("it can be written");
            path.display().to_string()
        };
        let config = "[profile role]\nsource_profile = base\n[profile base]\ncredential_process = x\n[profile keys]\nregion = x\n\
                      [profile round]\nsource_profile = round\n";
        let (config, credentials) =
            (write("config", config), write("credentials", "[ops]\ncredential_process = y\n"));
        let variable = |key: &str| match key {
            "AWS_CONFIG_FILE" => Some(config.clone()),
            "AWS_SHARED_CREDENTIALS_FILE" => Some(credentials.clone()),
            _ => None,
        };
        for (name, expected) in [
            ("role", Some("base")),
            ("base", Some("base")),
            ("ops", Some("ops")),
            ("keys", None),
            ("round", None),
        ] {
            assert_eq!(with_command(name, variable).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn files_are_rewritten_only_where_a_command_would_get_a_password() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("config");
        let rewritten = |text: &str, names: &[&str]| {
            std::fs::write(&file, text).expect("it can be written");
            let variable = |key: &str| match key {
                "AWS_CONFIG_FILE" => Some(file.display().to_string()),
                "PASSWORD" => Some("secret".to_owned()),
                _ => None,
            };
            without_variables(&names.iter().map(|name| (*name).to_owned()).collect(), variable).is_some()
        };
        let command = "[profile a]\ncredential_process = x\n";
        assert!(rewritten(command, &["PASSWORD"]));
        assert!(!rewritten(command, &["UNSET"]) && !rewritten(command, &[]));
        assert!(!rewritten("[profile a]\nregion = x\n", &["PASSWORD"]));
    }

    #[test]
    fn a_profile_that_needs_a_person_is_told_by_its_settings_and_those_of_its_source() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("config");
        let text = "[default]\nregion = x\n[profile mine]\nlogin_session = arn:aws:iam::1:user/a\n\
                    [profile admin]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = base\n\
                    mfa_serial = arn:aws:iam::1:mfa/a\n[profile below]\nsource_profile=admin\n\
                    [profile base]\n# mfa_serial = x\n[profile round]\nsource_profile = around\n\
                    [profile around]\nsource_profile = round\n";
        std::fs::write(&file, text).expect("it can be written");
        let of = |name: &str| {
            let variable = |key: &str| (key == "AWS_CONFIG_FILE").then(|| file.display().to_string());
            needs_no_person(name, variable).err().map(|needs| needs.to_string())
        };
        assert!(of("mine").is_some_and(|needs| needs.contains("logs in with `aws login`")));
        for name in ["admin", "below"] {
            assert!(of(name).is_some_and(|needs| needs.contains("second factor")), "{name}");
        }
        for name in ["default", "base", "round", "unknown"] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn a_profile_is_looked_for_in_both_files_and_the_others_are_named() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let home = folder.path().display().to_string();
        let search = |name: &str| must_exist(name, |variable| (variable == "HOME").then(|| home.clone()));
        let none = search("nope").expect_err("there are no files");
        assert_eq!((none.known.len(), none.files.len()), (0, 2));
        std::fs::create_dir(folder.path().join(".aws")).expect("a folder can be made");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(".aws").join(name), text).expect("it can be written");
        };
        write(
            "config",
            "[default]\nregion = x\n[profile  prod]\n[sso-session team]\n[profile \"two words\"] # x\n",
        );
        write("credentials", "[ops]\naws_access_key_id = x\n");
        for name in ["prod", "two words", "ops", "default"] {
            assert_eq!(search(name), Ok(()), "{name}");
        }
        let missing = search("team").expect_err("that is a session");
        assert_eq!(
            missing.known.iter().map(String::as_str).collect::<Vec<_>>(),
            ["default", "ops", "prod", "two words"]
        );
        assert_eq!(
            missing.to_string(),
            format!(
                "there is no AWS profile `team`: it is not in {home}/.aws/config or {home}/.aws/credentials"
            )
        );
        write("credentials", "[ops\n");
        assert_eq!(search("nope"), Ok(()), "the SDK says where a file is damaged");
    }

    #[test]
    fn the_files_that_the_environment_names_are_the_ones_that_are_searched() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("mine");
        std::fs::write(&file, "[profile a]\n").expect("it can be written");
        let variable = |name: &str| match name {
            "AWS_CONFIG_FILE" => Some(file.display().to_string()),
            "HOME" => Some(folder.path().display().to_string()),
            _ => None,
        };
        assert_eq!(must_exist("a", variable), Ok(()));
        assert_eq!(must_exist("b", variable).expect_err("it is not there").files[0], file);
    }
}
