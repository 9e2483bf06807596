//! The gate: GitLab's version against those of its database and its cache, as findings of a plan.

use serde_json::Value;

use super::description::{Description, GitLab};
use super::versions::{self, Needs, Version, misfit};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::plan::{Action, Finding, Level, Plan};
use crate::stack::parts::{BUCKETS, CACHES, DATABASES, FILE_SYSTEMS};
use crate::stack::sections::SECTIONS;

/// The check's name.
pub const CHECK: &str = "gitlab-version";

/// The findings on versions that do not go together after a plan. `live` has the inputs of an object as AWS shows it.
pub fn findings<'a>(
    description: &Description<'_>,
    plan: &Plan,
    live: impl Fn(&Address) -> Option<&'a Document>,
) -> Vec<Finding> {
    let Some(gitlab) = &description.gitlab else { return Vec::new() };
    let finding = |level, address, message: String, hint: Option<String>| Finding {
        check: CHECK.to_owned(),
        address,
        level,
        message,
        hint,
        remedies: Vec::new(),
    };
    let Some(needs) = versions::needs(gitlab.release().0) else {
        let message =
            format!("the versions that GitLab {} needs are not known to this program", gitlab.version);
        return vec![finding(Level::NotChecked, None, message, None)];
    };
    let mut found = Vec::new();
    let is_new = |address: &Address| {
        plan.changes.iter().any(|change| change.address == *address && change.action == Action::Create)
    };
    let (least, most) = needs.postgres;
    if let Some(object) = Object::of(description, plan, DATABASES, &gitlab.database, &live) {
        match misfit(&object.version, least, Some(most)) {
            Some(why) if why.starts_with("is older") => found.push(finding(
                Level::Error,
                Some(object.address.clone()),
                older(gitlab, needs, &gitlab.database, &object.version, object.queued.as_deref()),
                Some(if is_new(&object.address) {
                    format!("write `engine_version: \"{most}\"` below the database")
                } else {
                    format!("PostgreSQL comes first, beside the GitLab that runs now: write the version of that GitLab below `gitlab:`, and \
                     `engine_version: \"{}\"` with `allow_major_version_upgrade: true` below the database; then: provision apply",
                        least.0
                    )
                }),
            )),
            Some(why) => found.push(finding(
                Level::Warning,
                Some(object.address),
                format!("PostgreSQL {} of {} {why}, the newest that GitLab {} is made for", object.version, gitlab.database, needs.major),
                None,
            )),
            None => {}
        }
    }
    let Some(cache) = gitlab.cache.as_deref() else { return found };
    let engine = engine(description, cache);
    let least = of_engine(needs, engine);
    if least.is_none() {
        // Also before it is made: its engine cannot be changed into the other one.
        let address = main_of(CACHES, cache);
        let hint = match address.as_ref().is_some_and(is_new) {
            true => "write `engine: redis` below the cache, before it is made",
            false => "write `engine: redis` below a new cache",
        };
        found.push(finding(Level::Warning, address, not_taken(needs, cache), Some(hint.to_owned())));
    }
    if let Some(object) = Object::of(description, plan, CACHES, cache, &live) {
        let wrong = least.and_then(|least| Some((least, misfit(&object.version, least, None)?)));
        if let Some(((major, minor), why)) = wrong {
            let message = format!(
                "the version {} of the cache {cache} {why}, the oldest {engine} that GitLab {} takes",
                object.version, needs.major
            );
            let hint = format!("write `engine_version: \"{major}.{minor}\"` or a newer one below the cache");
            found.push(finding(Level::Error, Some(object.address), message, Some(hint)));
        }
    }
    found
}

/// The judgement of an upgrade of a database to a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// GitLab comes first: why, and what to type.
    GitLabFirst { message: String, hint: String },
    /// The database can be upgraded: sentences on what GitLab takes before and after it.
    Database(Vec<String>),
}

/// The order of an upgrade of a database and the GitLab that uses it.
pub fn of_upgrade(description: &Description<'_>, database: &str, to: &str) -> Order {
    let Some(gitlab) = description.gitlab.as_ref().filter(|gitlab| gitlab.database == database) else {
        return Order::Database(Vec::new());
    };
    let Some(needs) = versions::needs(gitlab.release().0) else {
        let said =
            format!("the PostgreSQL that GitLab {} takes is not known to this program", gitlab.version);
        return Order::Database(vec![said]);
    };
    let (least, most) = needs.postgres;
    let range = |needs: &Needs| {
        let ((major, minor), most) = needs.postgres;
        let least = if minor == 0 { major.to_string() } else { format!("{major}.{minor}") };
        if major == most && minor == 0 { least } else { format!("{least} to {most}") }
    };
    let takes = format!("GitLab {} takes PostgreSQL {}", gitlab.version, range(needs));
    match misfit(to, least, Some(most)) {
        Some(why) if why.starts_with("is newer") => {
            let next = versions::NEEDS.iter().find(|needs| {
                needs.major > gitlab.release().0
                    && misfit(to, needs.postgres.0, Some(needs.postgres.1)).is_none()
            });
            let hint = match next {
                Some(next) => format!(
                    "upgrade GitLab first, to {}, which takes {}; write its version below `gitlab:`, then run the same command again",
                    next.major,
                    range(next)
                ),
                None => "no GitLab that this program knows takes it: choose an older PostgreSQL".to_owned(),
            };
            Order::GitLabFirst { message: format!("{to} is too new for it: {takes}"), hint }
        }
        Some(_) => Order::Database(vec![format!("{takes}: {to} is still too old for it")]),
        None => {
            let mut said = vec![format!(
                "{takes}: PostgreSQL comes first, with this GitLab running on it, and GitLab's own upgrade after that"
            )];
            let next = versions::NEEDS.iter().find(|next| next.major > needs.major);
            said.extend(
                next.map(|next| format!("the next one, GitLab {}, takes {}", next.major, range(next))),
            );
            Order::Database(said)
        }
    }
}

/// Sentences on what does not go together in the stack file alone, for a rendering without a plan.
pub fn of_declared(description: &Description<'_>, gitlab: &GitLab) -> Vec<String> {
    let Some(needs) = versions::needs(gitlab.release().0) else { return Vec::new() };
    let mut found = Vec::new();
    let version = description.declared(DATABASES, &gitlab.database, "engine_version").and_then(Value::as_str);
    if let Some(version) = version
        && misfit(version, needs.postgres.0, None).is_some()
    {
        found.push(older(gitlab, needs, &gitlab.database, version, None));
    }
    if let Some(cache) = gitlab.cache.as_deref()
        && of_engine(needs, engine(description, cache)).is_none()
    {
        found.push(not_taken(needs, cache));
    }
    found
}

fn engine<'a>(description: &'a Description<'_>, cache: &str) -> &'a str {
    description.declared(CACHES, cache, "engine").and_then(Value::as_str).unwrap_or("redis")
}

fn of_engine(needs: &Needs, engine: &str) -> Option<Version> {
    if engine == "valkey" { needs.valkey } else { Some(needs.redis) }
}

fn not_taken(needs: &Needs, cache: &str) -> String {
    format!("the documentation of GitLab {} names Redis alone, and the cache {cache} is Valkey", needs.major)
}

/// The address of an entry's own object.
fn main_of(section: &str, entry: &str) -> Option<Address> {
    let section = SECTIONS.iter().find(|one| one.key == section)?;
    Some(Address::new(section.main, entry))
}

/// Findings on what GitLab uses and a plan to destroy a part deletes, while the stack file goes on to name it.
pub fn deleted(description: &Description<'_>, plan: &Plan) -> Vec<Finding> {
    let Some(gitlab) = &description.gitlab else { return Vec::new() };
    let named = [
        (DATABASES, "database", Some(&gitlab.database)),
        (CACHES, "cache", gitlab.cache.as_ref()),
        (FILE_SYSTEMS, "file_system", gitlab.file_system.as_ref()),
    ];
    let named = named.into_iter().filter_map(|(section, option, entry)| Some((section, option, entry?)));
    // The option is called like the section.
    let buckets = gitlab.buckets.values().map(|entry| (BUCKETS, BUCKETS, entry));
    let of = |(section, option, entry): (&'static str, &str, &String)| {
        let address = main_of(section, entry)?;
        let mut changes = plan.changes.iter();
        changes.find(|change| change.address == address && change.action == Action::Delete)?;
        Some(Finding {
            check: CHECK.to_owned(),
            address: Some(address),
            level: Level::Warning,
            message: format!(
                "GitLab uses it: `{option}` of `gitlab:` names {entry}, and rendered files point to it"
            ),
            hint: None,
            remedies: Vec::new(),
        })
    };
    named.chain(buckets).filter_map(of).collect()
}

fn older(gitlab: &GitLab, needs: &Needs, database: &str, version: &str, queued: Option<&str>) -> String {
    let ((major, minor), most) = needs.postgres;
    let least = if minor == 0 { major.to_string() } else { format!("{major}.{minor}") };
    let range = if major == most && minor == 0 { least } else { format!("{least} to {most}") };
    let waits = queued.map(|queued| format!("; {queued} waits for its window")).unwrap_or_default();
    format!("GitLab {} needs PostgreSQL {range}, and {database} has {version}{waits}", gitlab.version)
}

/// The object of an entry, with the version that it has after a plan.
struct Object {
    address: Address,
    version: String,
    /// The version that waits for a maintenance window.
    queued: Option<String>,
}

impl Object {
    fn of<'a>(
        description: &Description<'_>,
        plan: &Plan,
        section: &str,
        entry: &str,
        live: &impl Fn(&Address) -> Option<&'a Document>,
    ) -> Option<Self> {
        const VERSION: &str = "engine_version";
        let section = SECTIONS.iter().find(|one| one.key == section)?;
        let address = Address::new(section.main, entry);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let change = plan.changes.iter().find(|change| change.address == address);
        let field = change.and_then(|change| {
            change.fields.iter().chain(&change.queued).find(|field| field.path == VERSION)
        });
        let after = field.and_then(|field| field.after.as_ref()).and_then(text);
        let waits = field.is_some_and(|field| field.window.is_some());
        let now = live(&address).and_then(|inputs| inputs.get(VERSION)).and_then(text);
        let declared = || description.declared(section.key, entry, VERSION).and_then(text);
        let (version, queued) = match (after, waits) {
            (Some(after), true) => (now.or_else(declared)?, Some(after)),
            (Some(after), false) => (after, None),
            (None, _) => (now.or_else(declared)?, None),
        };
        Some(Self { address, version, queued })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::{Change, FieldChange, Window};
    use crate::engine::resource::Effect;
    use crate::gitlab::tests::plans::{change, database, plan};
    use crate::gitlab::tests::{STACK, applied, stack};

    /// The levels and messages for a GitLab of this version and a live database of that one, with these changes.
    fn said(gitlab: &str, live: &str, changes: Vec<Change>) -> Vec<(Level, String)> {
        let stack = stack(&STACK.replace("version: \"18.11\"", &format!("version: \"{gitlab}\"")));
        let mut inputs = Document::new();
        inputs.insert("engine_version".to_owned(), live.into());
        let state = applied();
        let description = Description::new(&stack, &state);
        let live = |address: &Address| (*address == database()).then_some(&inputs);
        let found = findings(&description, &plan(changes), live);
        found.into_iter().map(|one| (one.level, one.message)).collect()
    }

    fn upgrade(to: &str, window: Option<Window>) -> Vec<Change> {
        let field = FieldChange::free("engine_version", Some("15.4".into()), Some(to.into()));
        vec![change(Action::Update, vec![FieldChange { window, ..field }])]
    }

    #[test]
    fn a_gitlab_that_needs_a_newer_postgresql_is_an_error_until_the_plan_upgrades_it_now() {
        assert_eq!(said("18.11", "16.9", Vec::new()), []);
        let older = "GitLab 18.11 needs PostgreSQL 16.5 to 17, and gitlab-pgsql has 15.4";
        assert_eq!(said("18.11", "15.4", Vec::new()), [(Level::Error, older.to_owned())]);
        assert_eq!(said("18.11", "15.4", upgrade("16", None)), []);
        let waits = Window { opens: None, effect: Effect::Reboot };
        let queued = format!("{older}; 16 waits for its window");
        assert_eq!(said("18.11", "15.4", upgrade("16", Some(waits))), [(Level::Error, queued)]);
        let of_19 = "GitLab 19.2 needs PostgreSQL 17, and gitlab-pgsql has 16.9";
        assert_eq!(said("19.2", "16.9", Vec::new()), [(Level::Error, of_19.to_owned())]);
    }

    #[test]
    fn an_upgrade_of_the_database_comes_before_that_of_gitlab_unless_gitlab_does_not_take_it() {
        let order = |gitlab: &str, database: &str, to: &str| {
            let stack = stack(&STACK.replace("version: \"18.11\"", &format!("version: \"{gitlab}\"")));
            let state = applied();
            of_upgrade(&Description::new(&stack, &state), database, to)
        };
        let Order::Database(said) = order("18.11", "gitlab-pgsql", "17.6") else {
            panic!("it can be upgraded")
        };
        assert!(
            said[0].contains("takes PostgreSQL 16.5 to 17") && said[1].contains("GitLab 19, takes 17"),
            "{said:?}"
        );
        let Order::GitLabFirst { message, hint } = order("17.11", "gitlab-pgsql", "17.6") else {
            panic!("GitLab comes first")
        };
        assert!(message.contains("14.14 to 16") && hint.contains("to 18"), "{message} {hint}");
        assert!(matches!(order("18.11", "gitlab-pgsql", "18.1"), Order::GitLabFirst { .. }));
        assert_eq!(order("17.11", "another", "17.6"), Order::Database(Vec::new()));
        let Order::Database(said) = order("19.2", "gitlab-pgsql", "16.10") else {
            panic!("it can be upgraded")
        };
        assert!(said[0].contains("too old"), "{said:?}");
    }

    #[test]
    fn a_newer_postgresql_is_a_warning_and_a_gitlab_that_is_not_known_is_not_judged() {
        assert_eq!(said("17.11", "17.2", Vec::new())[0].0, Level::Warning);
        assert_eq!(said("21.0", "17.2", Vec::new())[0].0, Level::NotChecked);
    }
}
