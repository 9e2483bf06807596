//! A saved plan: a commitment to compare against, never a program to execute.

mod sealed;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::kind::Live;
use crate::engine::plan::{FORMAT_VERSION, Plan};
use crate::engine::planner::{Options, Sighting, Sightings};
use crate::engine::resource::Id;

pub use sealed::SavedPlanError;

/// The document that `plan --out` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    pub format_version: String,
    pub plan: Plan,
    pub targets: Vec<Address>,
    pub replace: Vec<Address>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_data_loss: Vec<Address>,
    pub endpoint: Option<String>,
    /// Over the stack's declarations.
    pub declarations: String,
    /// Over what was seen at each address.
    pub fingerprints: BTreeMap<Address, String>,
    /// Over what is done and what it rests on.
    pub digest: String,
    /// Over the whole file but itself.
    pub checksum: String,
    /// The version of the program that saved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
}

impl SavedPlan {
    /// Binds a plan to everything that it was made from.
    pub fn new(
        plan: &Plan,
        options: &Options,
        endpoint: Option<&str>,
        blueprint: &Blueprint,
        sightings: &Sightings,
    ) -> Self {
        let mut saved = Self {
            format_version: FORMAT_VERSION.to_owned(),
            plan: plan.clone(),
            targets: options.targets.iter().cloned().collect(),
            replace: options.replace.iter().cloned().collect(),
            allow_data_loss: options.allow_data_loss.iter().cloned().collect(),
            endpoint: endpoint.map(str::to_owned),
            declarations: digest(format!("{:?}", blueprint.declarations).as_bytes()),
            fingerprints: sightings
                .iter()
                .map(|(address, sighting)| (address.clone(), fingerprint(address, sighting, sightings)))
                .collect(),
            digest: String::new(),
            checksum: String::new(),
            written_by: Some(env!("CARGO_PKG_VERSION").to_owned()),
        };
        saved.digest = saved.computed_digest();
        saved.plan.digest = Some(saved.digest.clone());
        saved
    }

    /// The options that the plan was made with.
    pub fn options(&self) -> Options {
        Options {
            mode: self.plan.mode,
            targets: self.targets.iter().cloned().collect(),
            replace: self.replace.iter().cloned().collect(),
            allow_data_loss: self.allow_data_loss.iter().cloned().collect(),
        }
    }

    /// Over what is done and what it rests on. What was checked beforehand is not part of it: free addresses and quotas
    /// are different at every look, and errors are looked for again in any case.
    fn computed_digest(&self) -> String {
        let mut content = self.clone();
        content.plan.digest = None;
        // The same stack is the same plan from every folder; its declarations have a digest of their own.
        content.plan.stack_file.clear();
        content.plan.preflight.clear();
        // Rendered files follow from the rest; somebody may have written one meanwhile.
        content.plan.rendered.clear();
        // A file system in use is never the same size twice.
        for data in content.plan.changes.iter_mut().filter_map(|change| change.data.as_mut()) {
            data.size_bytes = None;
        }
        content.digest.clear();
        content.checksum.clear();
        content.written_by = None;
        digest(&serde_json::to_vec(&content).expect("a plan has string keys only"))
    }

    /// The digest's first twelve digits: enough to tell plans apart, short enough to read out.
    pub fn short_digest(&self) -> &str {
        &self.digest[..12.min(self.digest.len())]
    }

    /// The two sides, where this plan was made from another stack, state or account than one made now: what it was made from, and what
    /// is here.
    pub fn of_another(&self, now: &Self) -> Option<(String, String)> {
        let (saved, here) = (&self.plan, &now.plan);
        let file_name = |plan: &Plan| Path::new(&plan.stack_file).file_name().map(ToOwned::to_owned);
        let is_another_file = self.declarations != now.declarations
            && file_name(saved).is_some_and(|name| file_name(here).is_some_and(|other| other != name));
        let is_another_state = !saved.state.lineage.is_empty() && saved.state.lineage != here.state.lineage;
        let is_another =
            is_another_file || is_another_state || saved.stack != here.stack || saved.account != here.account;
        let side = |plan: &Plan| {
            let state = match plan.state.lineage.as_str() {
                "" => "no state".to_owned(),
                lineage => format!("the state with the lineage {lineage}"),
            };
            let file = match plan.stack_file.as_str() {
                "" => String::new(),
                file => format!(" of {file}"),
            };
            format!("the stack {}{file}, {state}, account {}", plan.stack, plan.account)
        };
        is_another.then(|| (side(saved), side(here)))
    }

    /// The things that are not the same any more in a plan made now; empty when this one still holds.
    pub fn moved(&self, now: &Self) -> Vec<String> {
        let mut moved = Vec::new();
        let mut compare = |what: &str, same: bool| {
            if !same {
                moved.push(what.to_owned());
            }
        };
        compare("the account", self.plan.account == now.plan.account);
        compare("the region", self.plan.region == now.plan.region);
        compare("the endpoint", self.endpoint == now.endpoint);
        compare("the state's lineage", self.plan.state.lineage == now.plan.state.lineage);
        compare("the state's serial", self.plan.state.serial == now.plan.state.serial);
        compare("the stack's declarations", self.declarations == now.declarations);
        let addresses = self.fingerprints.keys().chain(now.fingerprints.keys());
        let changed: std::collections::BTreeSet<&Address> = addresses
            .filter(|address| self.fingerprints.get(*address) != now.fingerprints.get(*address))
            .collect();
        moved.extend(changed.iter().map(|address| format!("{address} in AWS")));
        if moved.is_empty() && self.digest != now.digest {
            moved.extend(self.plan.otherwise_than(&now.plan));
        }
        moved
    }
}

/// Mere remarks on an object, such as how far AWS is with something, are no part of what it is.
fn fingerprint(address: &Address, sighting: &Sighting, sightings: &Sightings) -> String {
    let of = |id: &Id, live: &Live| {
        let Live { inputs, in_force, outputs, condition, remarks: _, ownership, vpc: _ } = live;
        format!("{:?}", (id, inputs, in_force, outputs, condition, ownership))
    };
    let mut said = match sighting {
        Sighting::Live { id, live } => of(id, live),
        other => format!("{other:?}"),
    };
    sightings.replaced(address).for_each(|(id, live)| said.push_str(&of(id, live)));
    digest(said.as_bytes())
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing {
    use super::*;

    /// The plans that are accepted: as the bytes are, and with the right digests put in.
    pub(crate) fn accepted(bytes: &[u8]) -> Vec<Plan> {
        let Ok(mut saved) = serde_json::from_slice::<SavedPlan>(bytes) else { return Vec::new() };
        let raw = saved.is_what_was_written(bytes).then(|| saved.plan.clone());
        saved.digest = saved.computed_digest();
        let written = saved.bytes();
        let again: SavedPlan = serde_json::from_slice(&written).expect("what was written can be read");
        assert!(again.is_what_was_written(&written), "{}", String::from_utf8_lossy(&written));
        assert_eq!((&again.digest, &again.plan), (&saved.digest, &saved.plan));
        assert!(saved.moved(&again).is_empty(), "nothing has moved");
        raw.into_iter().chain([again.plan]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::blueprint::Declaration;
    use crate::engine::document::Document;
    use crate::engine::plan::{
        Action, Change, FORMAT_VERSION, FieldChange, Finding, Level, Mode, StateVersion, Summary, Window,
    };
    use crate::engine::resource::Effect;

    fn waiting(opens: &str) -> Plan {
        let class = FieldChange {
            path: "instance_class".to_owned(),
            before: Some("db.t4g.medium".into()),
            after: Some("db.t4g.large".into()),
            unknown: false,
            sensitive: false,
            is_default: false,
            effect: Effect::NextMaintenanceWindow,
            calls: vec!["rds:ModifyDBInstance".to_owned()],
            window: Some(Window { opens: Some(opens.to_owned()), effect: Effect::Failover }),
            takes_back: false,
        };
        let address: Address = "aws_db_instance.gitlab-pgsql".parse().expect("an address");
        let changes = vec![Change {
            kind: address.kind().to_owned(),
            address,
            action: Action::Update,
            id: None,
            reason: "instance_class differs".to_owned(),
            effect: Effect::NextMaintenanceWindow,
            account: Vec::new(),
            fields: vec![class],
            queued: Vec::new(),
            data: None,
            order: None,
            keeps: None,
            goes: Vec::new(),
            depends_on: Default::default(),
            blocked: None,
        }];
        Plan {
            format_version: FORMAT_VERSION.to_owned(),
            stack: "gitlab".to_owned(),
            stack_file: String::new(),
            cluster: None,
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            state: StateVersion { lineage: "one".to_owned(), serial: 1 },
            mode: Mode::Apply,
            summary: Summary::of(&changes),
            rendered: Vec::new(),
            changes,
            drift: Vec::new(),
            preflight: Vec::new(),
            digest: None,
        }
    }

    fn saved(plan: &Plan) -> SavedPlan {
        saved_with(plan, BTreeMap::new())
    }

    fn saved_with(plan: &Plan, declarations: BTreeMap<Address, Declaration>) -> SavedPlan {
        let options = Options {
            mode: Mode::Apply,
            targets: Default::default(),
            replace: Default::default(),
            allow_data_loss: Default::default(),
        };
        let blueprint =
            Blueprint { stack: "gitlab".to_owned(), cluster: None, declarations, ..Blueprint::default() };
        SavedPlan::new(plan, &options, None, &blueprint, &Sightings::new())
    }

    #[test]
    fn a_plan_moves_on_when_the_window_that_it_waits_for_has_passed() {
        let reviewed = saved(&waiting("2026-11-22T04:30:00Z"));
        assert!(reviewed.moved(&saved(&waiting("2026-11-22T04:30:00Z"))).is_empty());
        assert_eq!(
            reviewed.moved(&saved(&waiting("2026-11-29T04:30:00Z"))),
            ["the maintenance window that aws_db_instance.gitlab-pgsql waits for"]
        );
    }

    #[test]
    fn a_plan_of_another_stack_state_or_account_is_told_from_one_that_is_out_of_date() {
        let plan = waiting("2026-11-22T04:30:00Z");
        let with = |change: fn(&mut Plan)| {
            let mut other = plan.clone();
            change(&mut other);
            saved(&plan).of_another(&saved(&other)).map(|(made, here)| format!("{made}; {here}"))
        };
        assert_eq!(with(|_| ()), None);
        assert_eq!(with(|other| other.state.serial = 2), None);
        let told = with(|other| other.state.lineage = "two".to_owned()).expect("another state");
        assert!(told.contains("lineage one") && told.contains("lineage two"), "{told}");
        assert!(with(|other| other.state.lineage.clear()).is_some_and(|told| told.contains("no state")));
        assert!(with(|other| other.stack = "shop".to_owned()).is_some());
        assert!(with(|other| other.account = "210987654321".to_owned()).is_some());
        // There was no state, and another run has made it since.
        let mut first = plan.clone();
        first.state.lineage.clear();
        assert_eq!(saved(&first).of_another(&saved(&plan)), None);
    }

    #[test]
    fn a_plan_of_another_stack_file_is_told_by_its_name_and_its_declarations_together() {
        let of = |file: &str, declares: &str| {
            let address = declares.parse().expect("an address");
            let declared = Declaration::Managed { inputs: Document::new() };
            let plan = Plan { stack_file: file.to_owned(), ..waiting("2026-11-22T04:30:00Z") };
            saved_with(&plan, BTreeMap::from([(address, declared)]))
        };
        let made = of("/here/one.yaml", "aws_s3_bucket.a");
        for (now, is_another) in [
            (of("/here/one.yaml", "aws_s3_bucket.b"), false),
            (of("/there/one.yaml", "aws_s3_bucket.b"), false),
            (of("/here/two.yaml", "aws_s3_bucket.a"), false),
            (of("/here/two.yaml", "aws_s3_bucket.b"), true),
            (of("", "aws_s3_bucket.b"), false),
        ] {
            assert_eq!(made.of_another(&now).is_some(), is_another, "{}", now.plan.stack_file);
        }
    }

    #[test]
    fn a_plan_is_read_only_where_both_its_digest_and_its_checksum_are_right() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan.json");
        let whole = saved(&waiting("2026-11-22T04:30:00Z"));
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("the folder can be written");
            SavedPlan::read(&path)
        };
        assert!(read(&whole.bytes()).is_ok());
        let text = String::from_utf8(whole.bytes()).expect("UTF-8");
        // The checks beforehand are no part of the digest.
        let checked = text.replacen("\"checksum\": \"", "\"checksum\": \"0", 1);
        assert!(matches!(read(checked.as_bytes()), Err(SavedPlanError::Changed { .. })));
        let resealed = SavedPlan { digest: digest(b"another plan"), ..whole };
        assert!(read(&resealed.bytes()).is_err(), "a checksum can be computed by anyone");
    }

    #[test]
    fn a_saved_plan_is_known_for_one_also_when_it_was_changed_or_is_of_another_version() {
        let text = String::from_utf8(saved(&waiting("2026-11-22T04:30:00Z")).bytes()).expect("UTF-8");
        let newer =
            text.replacen("\"format_version\": \"1.0\"", "\"format_version\": \"2.0\", \"more\": 1", 1);
        for is_one in [text.clone(), newer, text.replace("eu-west-1", "eu-west-2")] {
            assert!(SavedPlan::is_one(is_one.as_bytes()), "{is_one}");
        }
        let plan = serde_json::to_string(&waiting("2026-11-22T04:30:00Z")).expect("JSON");
        // What `plan --json` prints is no saved plan, and neither is a state, which has a checksum too.
        for other in [
            &text[..text.len() / 2],
            &plan,
            "{\"format_version\": \"2.0\", \"checksum\": \"0\"}",
            "{\"format_version\": \"2.0\", \"digest\": \"0\", \"checksum\": \"0\"}",
            "{\"plan\": {}}",
            "[]",
            "",
        ] {
            assert!(!SavedPlan::is_one(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_plan_of_a_newer_program_is_told_from_one_that_was_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan.json");
        let text = String::from_utf8(saved(&waiting("2026-11-22T04:30:00Z")).bytes()).expect("UTF-8");
        let read = |text: &str| {
            std::fs::write(&path, text).expect("the folder can be written");
            SavedPlan::read(&path).map_err(|error| error.to_string())
        };
        assert!(read(&text).is_ok());
        let own = env!("CARGO_PKG_VERSION");
        for (from, to, says) in [
            (
                "\"format_version\": \"1.0\"",
                "\"format_version\": \"2.0\"",
                "by a newer version of provision (format 2.0)",
            ),
            (
                &*format!("\"written_by\": \"{own}\""),
                "\"written_by\": \"9.9.9\",\n  \"imagined\": 1",
                "by version 9.9.9",
            ),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            let said = read(&changed).expect_err("it is not what was written");
            assert!(!said.contains(says), "a byte was changed: {said}");
            let sealed = changed.replacen(&saved_checksum(&changed), "", 1);
            let sealed = changed.replacen(&saved_checksum(&changed), &digest(sealed.as_bytes()), 1);
            let said = read(&sealed).expect_err("it is newer");
            assert!(said.contains(says), "{said}");
        }
    }

    fn saved_checksum(text: &str) -> String {
        let value: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
        value["checksum"].as_str().expect("it has one").to_owned()
    }

    #[test]
    fn what_is_checked_beforehand_is_no_part_of_what_was_agreed_to() {
        let plan = waiting("2026-11-22T04:30:00Z");
        let mut checked = plan.clone();
        checked.preflight.push(Finding {
            check: "free-addresses".to_owned(),
            address: None,
            level: Level::Passed,
            message: "4,087 free addresses".to_owned(),
            hint: None,
            remedies: Vec::new(),
        });
        assert_eq!(saved(&plan).digest, saved(&checked).digest);
    }
}
