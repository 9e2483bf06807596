//! Adoption: whatever happens at any of its calls, nothing in AWS is changed by it, and the same objects are adopted afterwards, as they are.

use aws_sdk_ec2::types::{IpPermission, IpRange};
use aws_sdk_efs::types::PerformanceMode;
use serde_json::{Value, json};

use crate::fault::{ALL, Fault};
use crate::operation::Call;
use crate::program::{Ended, Program};
use crate::proxy::{Proxy, Site, Trigger};
use crate::world::{World, endpoint, eventually};

/// One in so many cases is run, unless all are asked for.
const ONE_IN: usize = 40;

/// An account with a file system and a group that somebody made by hand, and a proxy.
struct ByHand {
    world: World,
    proxy: Proxy,
    wishes: Vec<String>,
}

impl ByHand {
    fn new() -> Self {
        let proxy = Proxy::start(endpoint().trim_start_matches("http://").trim_end_matches('/'))
            .expect("a port is free");
        let mut world = World::seeded(&[]);
        world.set("AWS_ENDPOINT_URL", &format!("http://{}", proxy.address));
        let cloud = &world.cloud;
        let group = cloud.make_group("by-hand", world.seed["vpc_id"].as_str().expect("an id"));
        let range = IpRange::builder().cidr_ip("10.9.0.0/16").build();
        let rule = IpPermission::builder().ip_protocol("tcp").from_port(2049).to_port(2049).ip_ranges(range);
        let allow =
            cloud.ec2.authorize_security_group_ingress().group_id(&group).ip_permissions(rule.build());
        cloud.run(allow.send()).expect("a rule can be set");
        let create = cloud.efs.create_file_system().creation_token("by-hand").encrypted(true);
        let create = create.performance_mode(PerformanceMode::GeneralPurpose);
        let files = cloud.run(create.send()).expect("a file system can be made").file_system_id;
        eventually("the file system is there", || {
            let answer = cloud.run(cloud.efs.describe_file_systems().file_system_id(&files).send());
            answer.is_ok_and(|all| {
                all.file_systems().iter().all(|one| one.life_cycle_state().as_str() == "available")
            })
        });
        let subnet = world.seed["subnets"][0]["id"].as_str().expect("an id");
        let target = cloud.efs.create_mount_target().file_system_id(&files).subnet_id(subnet);
        cloud.run(target.security_groups(&group).send()).expect("a mount target can be made");
        eventually("the mount target is there", || {
            let answer = cloud.run(cloud.efs.describe_mount_targets().file_system_id(&files).send());
            answer.is_ok_and(|all| {
                all.mount_targets().iter().all(|one| one.life_cycle_state().as_str() == "available")
            })
        });
        let office = cloud.make_group("office", world.seed["vpc_id"].as_str().expect("an id"));
        let wishes =
            vec![format!("aws_efs_file_system.files={files}"), format!("aws_security_group.office={office}")];
        Self { world, proxy, wishes }
    }

    fn import(&self, more: &[&str], fault: Option<(Trigger, Fault)>) -> Ended {
        let mut arguments = vec!["import"];
        arguments.extend(self.wishes.iter().map(String::as_str));
        arguments.extend(more);
        self.run(&arguments, fault)
    }

    /// Runs a command to its end, and holds that it has asked AWS for no change.
    fn run(&self, arguments: &[&str], fault: Option<(Trigger, Fault)>) -> Ended {
        let asks = self.proxy.arm(fault);
        let ended = Program::start(self.world.command(arguments)).end(&asks);
        self.proxy.let_go();
        self.proxy.settle();
        let changes: Vec<String> = self
            .proxy
            .calls()
            .iter()
            .filter(|call| Call::is_mutating(call))
            .map(|call| call.operation.to_string())
            .collect();
        assert_eq!(changes, Vec::<String>::new(), "an adoption changes nothing");
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
        ended
    }

    /// The actions of a plan that are more than ownership tags.
    fn more_than_tags(&self) -> Vec<Value> {
        let plan = self.run(&["plan", "--json"], None);
        let plan: Value =
            serde_json::from_str(&plan.out).unwrap_or_else(|error| panic!("{error}: {}", plan.err));
        let changes = plan["changes"].as_array().expect("a list").iter();
        let is_more = |change: &&Value| {
            let fields = change["fields"].as_array().into_iter().flatten();
            let paths: Vec<&Value> = fields.map(|field| &field["path"]).collect();
            // An object that AWS was at work on when it was looked at is recorded in full by the next apply.
            let is_kept = change["keeps"].is_string() && paths.is_empty();
            !["no-op", "watch"].contains(&change["action"].as_str().unwrap_or_default())
                && !is_kept
                && paths != [&json!("ownership tags")]
        };
        changes.filter(is_more).cloned().collect()
    }

    fn is_begun(&self) -> (bool, bool) {
        (self.world.path("provision.yaml").exists(), self.world.path("state/shop.json").exists())
    }

    fn start_anew(&self) {
        let _ = std::fs::remove_file(self.world.path("provision.yaml"));
        let _ = std::fs::remove_dir_all(self.world.path("state"));
    }
}

const OUT: [&str; 4] = ["--out", "provision.yaml", "--stack", "shop"];

#[test]
fn whatever_happens_while_objects_are_adopted_nothing_changes_and_they_are_adopted_afterwards() {
    let account = ByHand::new();
    let clean = account.import(&OUT, None);
    assert_eq!(clean.code, Some(0), "{}", clean.err);
    let heard = account.proxy.heard();
    assert_eq!(account.more_than_tags(), Vec::<Value>::new());
    account.start_anew();
    let mut counts = std::collections::BTreeMap::new();
    let mut cases = Vec::new();
    for one in &heard {
        let operation = one.call.operation.clone();
        let nth = counts.entry(operation.clone()).or_insert(0);
        *nth += 1;
        let fits = ALL.iter().filter(|fault| fault.behaviour().expected(&operation).is_some());
        cases.extend(fits.map(|fault| (Site { operation: operation.clone(), nth: *nth }, *fault)));
    }
    assert!(cases.len() > 100, "{} cases", cases.len());
    let all = std::env::var_os("PROVISION_FAULT_CASES").is_some();
    let chosen =
        cases.iter().enumerate().filter(|(place, _)| all || place % ONE_IN == 0).map(|(_, case)| case);
    for (site, fault) in chosen {
        let case = format!("import/{}#{}/{}", site.operation, site.nth, fault.name());
        let first = account.import(&OUT, Some((Trigger::Site(site.clone()), *fault)));
        let (file, state) = account.is_begun();
        assert!(file || !state, "{case}: records without a file would be deletions");
        let is_misread = fault.name().contains("not-found") || fault.name().contains("unseen");
        match first.code {
            Some(0) => {}
            code => {
                assert!(matches!(code, None | Some(1 | 130)), "{case}: {code:?} {}", first.err);
                let again = account.import(&OUT, None);
                assert_eq!(again.code, Some(0), "{case}: {}", again.err);
            }
        }
        let more = account.more_than_tags();
        if first.code == Some(0) && is_misread {
            let harmless =
                |one: &Value| !["delete", "replace"].contains(&one["action"].as_str().unwrap_or_default());
            assert!(more.iter().all(harmless), "{case}: {more:?}");
        } else {
            assert_eq!(more, Vec::<Value>::new(), "{case}: {}", first.err);
        }
        account.start_anew();
    }
}

#[test]
fn two_that_adopt_into_the_same_file_at_once_leave_one_adoption() {
    let account = ByHand::new();
    let mut arguments = vec!["import"];
    arguments.extend(account.wishes.iter().map(String::as_str));
    arguments.extend(OUT);
    let asks = account.proxy.arm(None);
    let both = [0, 1].map(|_| Program::start(account.world.command(&arguments)));
    let codes = both.map(|program| program.end(&asks).code);
    assert!(codes.contains(&Some(0)), "{codes:?}");
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 1 | 3))), "{codes:?}");
    assert_eq!(account.more_than_tags(), Vec::<Value>::new());
}
