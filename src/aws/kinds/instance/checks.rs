//! Rules over several fields of a machine, and what a change of its volumes costs.

use super::keys::{GROUPS, ROOT_SIZE, USER_DATA, USER_DATA_REPLACES, VOLUMES};
use crate::engine::document::Document;
use crate::engine::resource::{Effect, Invalid, OnChange};

/// "User data is limited to 16 KB, in raw form, before it is base64-encoded" (Amazon EC2 User Guide, "Run commands when you launch an EC2
/// instance with user data input").
pub(super) const MOST_USER_DATA: usize = 16 * 1024;

/// Without groups it would have the default one of the VPC.
pub(super) fn groups(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let Some(groups) = GROUPS.of(wanted) else { return Vec::new() };
    let message = match groups.len() {
        0 => "must hold at least one group".to_owned(),
        // "Security groups per network interface" (Amazon VPC quotas).
        1..=16 => return Vec::new(),
        more => format!("must hold at most 16 groups, not {more}"),
    };
    vec![Invalid::new(GROUPS.name, message)]
}

/// Each device has one volume, and each volume one device.
pub(super) fn devices(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let volumes = VOLUMES.of(wanted).unwrap_or_default();
    let mut seen = std::collections::BTreeMap::new();
    let twice = volumes.iter().find_map(|(device, volume)| Some((device, seen.insert(volume, device)?)));
    let invalid = |(device, first): (&String, &String)| {
        Invalid::new(VOLUMES.name, format!("must not have one volume as {first} and as {device}"))
    };
    twice.map(invalid).into_iter().collect()
}

/// User data that the machine which is there does not run.
pub(super) fn user_data_runs_once(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let Some(before) = observed.and_then(|observed| USER_DATA.text(observed)) else { return Vec::new() };
    let replaces = USER_DATA_REPLACES.of(wanted) == Some(true);
    let differs = USER_DATA.text(wanted).is_some_and(|text| text != before);
    if replaces || !differs {
        return Vec::new();
    }
    let message =
        "is recorded, and the machine that is there does not run it: cloud-init does at the first boot alone";
    let remedy = "to have a machine that runs it, write `replace_on_user_data_change: true`";
    vec![Invalid::altered(USER_DATA.name, message).with(&["replace_on_user_data_change"]).remedy(remedy)]
}

pub(super) fn user_data_fits(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let length = USER_DATA.text(wanted).map_or(0, str::len);
    let invalid =
        || Invalid::new(USER_DATA.name, format!("must be at most {MOST_USER_DATA} bytes, not {length}"));
    (length > MOST_USER_DATA).then(invalid).into_iter().collect()
}

pub(super) fn root_grows(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let (Some(size), Some(now)) =
        (ROOT_SIZE.of(wanted), observed.and_then(|observed| ROOT_SIZE.of(observed)))
    else {
        return Vec::new();
    };
    let invalid = || {
        Invalid::new(ROOT_SIZE.name, format!("must be at least {now}: a volume never shrinks")).instead(now)
    };
    (size < now).then(invalid).into_iter().collect()
}

/// A volume that comes disturbs no client; one that goes, or becomes another device, is taken from what uses it.
pub(super) fn cost_of_volumes(desired: &Document, observed: &Document) -> OnChange {
    let (desired, observed) =
        (VOLUMES.of(desired).unwrap_or_default(), VOLUMES.of(observed).unwrap_or_default());
    let stay = observed.iter().all(|(device, volume)| desired.get(device) == Some(volume));
    OnChange::InPlace(if stay { Effect::None } else { Effect::AccessLoss })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document(value: Value) -> Document {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn another_user_data_is_told_of_unless_it_is_a_new_machine() {
        let with = |text: &str, replaces: bool| {
            document(json!({ "user_data": text, "replace_on_user_data_change": replaces }))
        };
        let told = |wanted: &Document, observed: Option<&Document>| {
            !user_data_runs_once(wanted, observed).is_empty()
        };
        assert!(told(&with("b", false), Some(&with("a", false))));
        assert!(!told(&with("a", false), Some(&with("a", false))));
        assert!(!told(&with("b", true), Some(&with("a", false))));
        assert!(!told(&with("b", false), None));
        assert!(!told(&with("b", false), Some(&document(json!({})))), "what it ran is not known");
    }

    #[test]
    fn a_volume_that_comes_costs_nothing_and_one_that_goes_does() {
        let with = |volumes: Value| document(json!({ "volumes": volumes }));
        for (before, after, effect) in [
            (json!({}), json!({ "/dev/sdf": "vol-1" }), Effect::None),
            (
                json!({ "/dev/sdf": "vol-1" }),
                json!({ "/dev/sdf": "vol-1", "/dev/sdg": "vol-2" }),
                Effect::None,
            ),
            (json!({ "/dev/sdf": "vol-1" }), json!({}), Effect::AccessLoss),
            (json!({ "/dev/sdf": "vol-1" }), json!({ "/dev/sdg": "vol-1" }), Effect::AccessLoss),
            (json!({ "/dev/sdf": "vol-1" }), json!({ "/dev/sdf": "vol-2" }), Effect::AccessLoss),
        ] {
            let cost = cost_of_volumes(&with(after.clone()), &with(before.clone()));
            assert_eq!(cost, OnChange::InPlace(effect), "{before} {after}");
        }
    }

    #[test]
    fn one_volume_is_one_device() {
        let two = document(json!({ "volumes": { "/dev/sdf": "vol-1", "/dev/sdg": "vol-1" } }));
        assert_eq!(devices(&two, None).len(), 1);
        let one = document(json!({ "volumes": { "/dev/sdf": "vol-1", "/dev/sdg": "vol-2" } }));
        assert_eq!(devices(&one, None).len(), 0);
    }
}
