//! Outputs as text, by name, and why one has none.

use std::collections::BTreeMap;

use super::{AccessPoint, Database, FileSystem, Missing, MountTarget, Outputs, ReachBy};
use crate::stack::{Stack, nearest, shown};

/// The short names, and what each is of.
const SHORT: [(&str, &str); 3] =
    [("nfs_dns_name", "file system"), ("nfs_mount_points", "file system"), ("pgsql_endpoint", DATABASE)];
const DATABASE: &str = "database";

/// Why there is no such output.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoOutput {
    #[error("there is no output `{}`", shown(name))]
    Unknown { name: String, known: Vec<String> },
    #[error("`{name}` is not known yet: no {what} is recorded")]
    Nothing { name: &'static str, what: &'static str },
    #[error("`{name}` has no value: the stack declares no {what}")]
    Undeclared { name: &'static str, what: &'static str, section: &'static str },
    #[error("`{}` has no value: {}", shown(name), missing.reason)]
    Missing { name: String, missing: Missing },
}

impl NoOutput {
    /// The same, where the stack file may not even declare what the output is of.
    #[must_use]
    pub fn as_declared(self, stack: &Stack) -> Self {
        let section = |what| match what {
            DATABASE => ("databases", stack.databases.is_empty()),
            _ => ("file_systems", stack.file_systems.is_empty()),
        };
        match self {
            Self::Nothing { name, what } if section(what).1 => {
                Self::Undeclared { name, what, section: section(what).0 }
            }
            known => known,
        }
    }

    /// The text to type instead.
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { name, known } => match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", known.join(", ")),
            },
            Self::Nothing { .. } => "provision apply".to_owned(),
            Self::Undeclared { section, .. } => {
                format!("write one below `{section}:` into the stack file, then: provision apply")
            }
            Self::Missing { missing, .. } => missing.hint.clone(),
        }
    }
}

impl Outputs {
    /// Every output by its name, as text: what `output` prints. A list of mount targets that is not whole is not among
    /// them.
    ///
    /// The three that scripts want most come under their own names; the others as
    /// `file_systems.<name>.<field>` and `databases.<name>.<field>`.
    pub fn texts(&self) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        let mut add = |name: &str, text: Option<String>| {
            if let Some(text) = text {
                texts.insert(name.to_owned(), text);
            }
        };
        add("nfs_dns_name", self.nfs_dns_name.clone());
        add("pgsql_endpoint", self.pgsql_endpoint.clone());
        add("nfs_mount_points", self.mount_points(&self.nfs_mount_points));
        for (name, file_system) in &self.file_systems {
            let FileSystem { id, arn, dns_name, mount_targets, missing_zones, access_points } = file_system;
            let whole = if missing_zones.is_empty() { self.mount_points(mount_targets) } else { None };
            let mut add =
                |field: &str, text: &str| add(&format!("file_systems.{name}.{field}"), Some(text.to_owned()));
            add("id", id);
            add("arn", arn);
            add("dns_name", dns_name);
            for (point, AccessPoint { id, arn, path }) in access_points {
                add(&format!("access_points.{point}.id"), id);
                add(&format!("access_points.{point}.arn"), arn);
                add(&format!("access_points.{point}.path"), path);
            }
            if let Some(whole) = whole {
                add("mount_targets", &whole);
            }
        }
        for (name, database) in &self.databases {
            let Database { id, arn, endpoint, host, port, database, username, secret_arn } = database;
            let mut add = |field, text: Option<&str>| {
                add(&format!("databases.{name}.{field}"), text.map(str::to_owned));
            };
            add("id", Some(id));
            add("arn", Some(arn));
            add("endpoint", Some(endpoint));
            add("host", Some(host));
            add("port", Some(&port.to_string()));
            add("database", database.as_deref());
            add("username", Some(username));
            add("secret_arn", secret_arn.as_deref());
        }
        texts
    }

    /// One output as text: what `output NAME` prints.
    ///
    /// # Errors
    /// [`NoOutput`] when there is none of this name, none yet, or a part of it only.
    pub fn text(&self, name: &str) -> Result<String, NoOutput> {
        let mut texts = self.texts();
        if let Some(text) = texts.remove(name) {
            return Ok(text);
        }
        let concerns = |missing: &&Missing| {
            let rest = name.strip_prefix(missing.output.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if let Some(missing) = self.missing.iter().find(concerns) {
            return Err(NoOutput::Missing { name: name.to_owned(), missing: missing.clone() });
        }
        if let Some((name, what)) = SHORT.into_iter().find(|(short, _)| *short == name) {
            return Err(NoOutput::Nothing { name, what });
        }
        let mut known: Vec<String> = texts.into_keys().collect();
        known.extend(SHORT.map(|(short, _)| short.to_owned()));
        known.sort();
        known.dedup();
        Err(NoOutput::Unknown { name: name.to_owned(), known })
    }

    /// One line for a script: a name for each zone, or an address where names do not resolve.
    fn mount_points(&self, targets: &[MountTarget]) -> Option<String> {
        let points: Vec<&str> = targets
            .iter()
            .map(|target| match self.reach_by {
                ReachBy::Name => target.zone_dns_name.as_str(),
                ReachBy::IpAddress => target.ip_address.as_str(),
            })
            .collect();
        (!points.is_empty()).then(|| points.join(" "))
    }
}
