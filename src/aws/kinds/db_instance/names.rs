//! Names that RDS for PostgreSQL takes: of instances, databases and the master user.

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

/// Finds what RDS would refuse of an instance's identifier (CreateDBInstance, DBInstanceIdentifier).
pub(super) fn check_identifier(identifier: &str) -> Option<Invalid> {
    let fits = identifier.len() <= 63
        && identifier.starts_with(|c: char| c.is_ascii_lowercase())
        && identifier.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !identifier.contains("--")
        && !identifier.ends_with('-');
    (!fits).then(|| {
        Invalid::new(
            "identifier",
            format!(
                "must be 1 to 63 letters, digits and single hyphens, begin with a letter and not end with a hyphen, \
                 unlike `{identifier}`"
            ),
        )
    })
}

/// Finds what RDS would refuse of a database's name (CreateDBInstance, DBName).
pub(super) fn check_database(name: &str) -> Option<Invalid> {
    check_name("database_name", name, 63)
}

/// Finds what RDS would refuse of the master user's name (CreateDBInstance, MasterUsername).
pub(super) fn check_username(name: &str) -> Option<Invalid> {
    check_name("username", name, 16)
}

fn check_name(field: &'static str, name: &str, longest: usize) -> Option<Invalid> {
    let folded = name.to_ascii_lowercase();
    let fits = name.len() <= longest
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !fits {
        let rule = format!(
            "must be 1 to {longest} letters, digits and `_`, and begin with a letter, unlike `{name}`"
        );
        return Some(Invalid::new(field, rule));
    }
    // PostgreSQL 9.6 and later refuse the prefix for roles and databases of users.
    if folded.starts_with("pg_")
        || RESERVED.contains(&folded.as_str())
        || RESERVED_BY_RDS.contains(&folded.as_str())
    {
        return Some(Invalid::new(field, format!("cannot be `{name}`, a reserved word")));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(check_identifier(identifier).is_none(), fits, "{identifier:?}");
        }
    }

    #[test]
    fn databases_and_users_have_plain_names_that_nobody_reserved() {
        let long = "a".repeat(64);
        for (name, database, user) in [
            ("gitlab_production", true, false),
            ("gitlab", true, true),
            ("postgres", true, true),
            (&long[..16], true, true),
            (&long[1..], true, false),
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
            assert_eq!(check_database(name).is_none(), database, "database {name:?}");
            assert_eq!(check_username(name).is_none(), user, "user {name:?}");
        }
    }

    #[test]
    fn reserved_words_are_written_as_they_are_compared() {
        for word in RESERVED.iter().chain(RESERVED_BY_RDS) {
            assert_eq!(*word, word.to_ascii_lowercase());
        }
    }
}
