//! The capacity reservation that an instance of RDS runs in.
//!
//! Source: ModifyDBInstance, DBCapacityReservationIdentifier, in the RDS API reference.

use super::keys::{MULTI_AZ, RESERVATION};
use crate::engine::document::Document;
use crate::engine::resource::Invalid;

const CLASS: &str = "instance_class";

/// "You can't change the DB capacity reservation of a DB instance on its own": class or standby change with it.
pub(super) fn check(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let Some(observed) = observed else { return Vec::new() };
    let differs = |name: &str| wanted.get(name).is_some_and(|value| observed.get(name) != Some(value));
    let alone = differs(RESERVATION.name) && !differs(CLASS) && !differs(MULTI_AZ.name);
    let invalid = || {
        let rule = format!("changes with `{CLASS}` or `{}` alone", MULTI_AZ.name);
        let remedy = match RESERVATION.text(observed) {
            Some(now) => format!("write {now}, which it has, or another value of one of the two"),
            None => "leave it out, or write another value of one of the two".to_owned(),
        };
        Invalid::new(RESERVATION.name, rule).with(&[CLASS, MULTI_AZ.name]).remedy(remedy)
    };
    alone.then(invalid).into_iter().collect()
}

/// The reservation of a change. "To keep the DB instance on reserved capacity, specify this parameter in every request that changes any of
/// those settings".
pub(super) fn change(wanted: &Document, changed: impl Fn(&str) -> bool) -> Option<String> {
    let goes_along = [RESERVATION.name, CLASS, MULTI_AZ.name].into_iter().any(changed);
    RESERVATION.of(wanted).filter(|_| goes_along)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample;
    use super::*;

    fn with(reservation: Option<&str>, class: &str) -> Document {
        sample::with(json!({ "db_capacity_reservation_identifier": reservation, "instance_class": class }))
    }

    #[test]
    fn a_reservation_changes_with_the_class_and_goes_along_with_every_change_of_it() {
        let (small, large) = ("db.m7g.large", "db.m7g.xlarge");
        for (wanted, observed, fits) in [
            (with(Some("dbcr-1"), small), with(None, small), false),
            (with(Some("dbcr-2"), small), with(Some("dbcr-1"), small), false),
            (with(Some("dbcr-1"), large), with(None, small), true),
            (with(Some("dbcr-1"), small), with(Some("dbcr-1"), small), true),
            (with(None, small), with(Some("dbcr-1"), small), true),
        ] {
            assert_eq!(check(&wanted, Some(&observed)).is_empty(), fits, "{wanted:?}");
        }
        assert!(check(&with(Some("dbcr-1"), small), None).is_empty());
        let wanted = with(Some("dbcr-1"), large);
        assert_eq!(change(&wanted, |field| field == CLASS).as_deref(), Some("dbcr-1"));
        assert_eq!(change(&wanted, |field| field == "port"), None);
        assert_eq!(change(&with(None, large), |field| field == CLASS), None);
    }
}
