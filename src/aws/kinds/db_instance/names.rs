//! Names that are reserved: of databases and of the master user.

use super::keys::{DATABASE_NAME, USERNAME};
use crate::engine::document::Document;
use crate::engine::resource::Invalid;

/// Words that PostgreSQL keeps for itself (PostgreSQL documentation, appendix C, "reserved").
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "current_catalog",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "grant",
    "group",
    "having",
    "in",
    "initially",
    "intersect",
    "into",
    "lateral",
    "leading",
    "limit",
    "localtime",
    "localtimestamp",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "placing",
    "primary",
    "references",
    "returning",
    "select",
    "session_user",
    "some",
    "symmetric",
    "system_user",
    "table",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "when",
    "where",
    "window",
    "with",
];
/// Words that RDS keeps for itself, as databases and as users of PostgreSQL.
const RESERVED_BY_RDS: &[&str] = &["admin", "rdsadmin", "rdsrepladmin", "template0", "template1"];

/// The names of a database and of its master user that are reserved.
pub(super) fn check(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let named = [DATABASE_NAME, USERNAME].map(|key| Some((key.name, key.text(wanted)?)));
    let reserved = named.into_iter().flatten().filter(|(_, name)| is_reserved(name));
    let invalid =
        |(field, name): (_, &str)| Invalid::new(field, format!("cannot be `{name}`, a reserved word"));
    reserved.map(invalid).collect()
}

fn is_reserved(name: &str) -> bool {
    let folded = name.to_ascii_lowercase();
    // PostgreSQL 9.6 and later refuse the prefix for roles and databases of users.
    folded.starts_with("pg_")
        || RESERVED.contains(&folded.as_str())
        || RESERVED_BY_RDS.contains(&folded.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::texts;
    use super::*;
    use crate::engine::resource::Pattern;

    fn takes(rule: Pattern, name: &str) -> bool {
        rule.fits(name) && !is_reserved(name)
    }

    #[test]
    fn identifiers_follow_the_rules_of_rds() {
        let long = "a".repeat(64);
        for (identifier, fits) in [
            ("gitlab-pgsql", true),
            ("g", true),
            (&long[1..], true),
            (long.as_str(), false),
            ("", false),
            ("1gitlab", false),
            ("-gitlab", false),
            ("gitlab-", false),
            ("git--lab", false),
            ("git_lab", false),
            ("gitläb", false),
        ] {
            assert_eq!(texts::IDENTIFIER.fits(identifier), fits, "{identifier:?}");
        }
    }

    #[test]
    fn databases_and_users_have_plain_names_that_nobody_reserved() {
        let long = "a".repeat(64);
        for (name, database, user) in [
            ("gitlab_production", true, true),
            ("gitlab", true, true),
            ("postgres", true, true),
            (&long[..16], true, true),
            (&long[1..], true, true),
            (long.as_str(), false, false),
            ("", false, false),
            ("1gitlab", false, false),
            ("_gitlab", false, false),
            ("git-lab", false, false),
            ("admin", false, false),
            ("Admin", false, false),
            ("rdsadmin", false, false),
            ("pg_gitlab", false, false),
            ("user", false, false),
            ("TABLE", false, false),
            ("users", true, true),
        ] {
            assert_eq!(takes(texts::DATABASE, name), database, "database {name:?}");
            assert_eq!(takes(texts::USERNAME, name), user, "user {name:?}");
        }
    }

    #[test]
    fn reserved_words_are_written_as_they_are_compared() {
        for word in RESERVED.iter().chain(RESERVED_BY_RDS) {
            assert_eq!(*word, word.to_ascii_lowercase());
        }
    }
}
