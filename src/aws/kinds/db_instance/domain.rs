//! The directory that a database is in, for logins by Kerberos.

use aws_sdk_rds::types::DbInstance as Shown;

use super::keys::{AT_ONCE, DOMAIN, DOMAIN_ROLE};
use crate::engine::document::Document;
use crate::engine::resource::Invalid;

/// The word for no directory (ModifyDBInstance, Domain).
pub(super) const NONE: &str = "none";

/// The directory that a database is in or joins, and the role; a membership that failed is one that RDS goes on trying ("Managing a DB
/// instance in an Active Directory domain", RDS User Guide).
pub(super) fn of(live: &Shown) -> Option<(String, Option<String>)> {
    let leaves = |status: &str| ["removed", "removing", "pending-removal"].contains(&status);
    let stays = live.domain_memberships().iter().find(|one| !one.status().is_some_and(leaves));
    stays.and_then(|one| Some((one.domain()?.to_owned(), one.iam_role_name().map(str::to_owned))))
}

/// The two members of a change. They go together.
pub(super) fn change(wanted: &Document, changed: impl Fn(&str) -> bool) -> (Option<String>, Option<String>) {
    match changed(DOMAIN.name) || changed(DOMAIN_ROLE.name) {
        true => (DOMAIN.of(wanted), DOMAIN_ROLE.of(wanted)),
        false => (None, None),
    }
}

/// A directory needs a role, and a role a directory ("Setting up Kerberos authentication for PostgreSQL DB instances", RDS User Guide).
/// RDS does not show what waits for the window.
pub(super) fn check(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let (domain, role) = (DOMAIN.text(wanted), DOMAIN_ROLE.text(wanted));
    // An option that is not written stays as it is, and a value that is there already is not asked for.
    let (in_domain, by_role) =
        observed.map(|now| (DOMAIN.text(now), DOMAIN_ROLE.text(now))).unwrap_or_default();
    if observed.is_some() && (domain.is_none() || domain == in_domain) && (role.is_none() || role == by_role)
    {
        return Vec::new();
    }
    match (domain.filter(|domain| *domain != NONE), role) {
        (Some(_), None) => {
            let invalid = Invalid::new(
                DOMAIN.name,
                "needs `domain_iam_role_name`: RDS asks the directory by that role",
            );
            let invalid = invalid.with(&[DOMAIN_ROLE.name]).of_new(observed.is_none());
            return vec![
                invalid.remedy("write the name of a role with the policy AmazonRDSDirectoryServiceAccess"),
            ];
        }
        (None, Some(_)) => {
            let invalid = Invalid::new(DOMAIN_ROLE.name, "needs a directory").with(&[DOMAIN.name]);
            let invalid = invalid.of_new(observed.is_none() && domain.is_none());
            return vec![invalid.remedy("write `domain`, or leave it out")];
        }
        _ => {}
    }
    let id = |document| DOMAIN.text(document).unwrap_or(NONE).to_owned();
    let changes = domain.is_some()
        && observed.is_some_and(|now| id(wanted) != id(now) || DOMAIN_ROLE.text(now) != role);
    let invalid = || {
        Invalid::new(
            DOMAIN.name,
            "changes at once alone: RDS does not show whether it waits for the maintenance window",
        )
        .with(&[AT_ONCE.name])
        .remedy("write `apply_immediately: true` for this change")
    };
    (changes && AT_ONCE.of(wanted) != Some(true)).then(invalid).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::DomainMembership;
    use serde_json::json;

    use super::super::sample;
    use super::*;

    #[test]
    fn a_directory_and_a_role_need_each_other_and_change_at_once() {
        let with = |domain: Option<&str>, role: Option<&str>, at_once: bool| {
            sample::with(
                json!({ "domain": domain, "domain_iam_role_name": role, "apply_immediately": at_once }),
            )
        };
        let (one, other) = (Some("d-0123456789"), Some("d-9876543210"));
        let joined = with(one, Some("a"), false);
        for (wanted, observed, fits) in [
            (with(one, Some("a"), false), None, true),
            (with(None, None, false), Some(&joined), true),
            (with(one, None, true), None, false),
            (with(None, Some("a"), true), None, false),
            (with(Some(NONE), Some("a"), true), None, false),
            (with(Some(NONE), None, true), Some(&joined), true),
            (with(Some(NONE), None, false), Some(&joined), false),
            (with(Some(NONE), None, false), Some(&sample::database()), true),
            (with(one, Some("a"), false), Some(&sample::database()), false),
            (with(one, Some("a"), false), Some(&joined), true),
            (with(other, Some("a"), false), Some(&joined), false),
            (with(other, Some("a"), true), Some(&joined), true),
        ] {
            assert_eq!(check(&wanted, observed).is_empty(), fits, "{wanted:?}");
        }
    }

    #[test]
    fn a_membership_that_ends_is_none() {
        let member = |status: &str| {
            let member = DomainMembership::builder().domain("d-0123456789").iam_role_name("a").status(status);
            Shown::builder().domain_memberships(member.build()).build()
        };
        for status in ["joined", "pending-join", "kerberos-enabled", "failed"] {
            let joined = Some(("d-0123456789".to_owned(), Some("a".to_owned())));
            assert_eq!(of(&member(status)), joined, "{status}");
        }
        for live in [member("removing"), member("removed"), Shown::builder().build()] {
            assert_eq!(of(&live), None);
        }
    }
}
