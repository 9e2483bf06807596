//! Rendered objects, held against what no schema checks: article 1's system, and descriptions drawn at random.

mod coming;
pub mod plans;
mod sound;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::aws::kinds::registry;
use crate::engine::state::State;
use crate::stack::{Stack, parse};

use plans::database;
use sound::faults;

pub const STACK: &str = include_str!("../../tests/gitlab/stack.yaml");

pub fn stack(text: &str) -> Stack {
    parse("a test's stack", text, &registry()).unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

/// The state of that stack after an apply.
pub fn applied() -> State {
    serde_json::from_str(include_str!("../../tests/gitlab/state.json")).expect("a state")
}

pub fn nothing() -> State {
    State::new("gitlab", "lineage".to_owned(), "123456789012", "eu-west-1")
}

fn rendered(stack: &Stack, state: &State) -> Vec<Rendered> {
    let description = Description::new(stack, state);
    let one = |file: &File| render(&description, file).unwrap_or_else(|refused| panic!("{refused}"));
    // The files of other tools are no objects.
    let of_cluster = |file: &&File| ["kubernetes", "gitlab"].contains(&file.target());
    files(&description).iter().filter(of_cluster).map(one).collect()
}

#[test]
fn an_option_of_every_part_has_its_field() {
    let text = STACK.replace(
        "smtp:",
        "host: git.example.com\n  ssh_host: s.example.com\n  image: \"a/b:1\"\n  volume: gitlab-data\n  buckets: { artifacts: artifacts }\n  \
         per_zone: true\n  scheme: internal\n  redis: { image: \"redis:7.2\", size: 1Gi, storage_class: gp3 }\n  registry: { domain: r.example.com }\n  \
         runners: { a: { image: \"a:1\", cpu: 2, memory: 1Gi, node_selector: { a: b }, cache_bucket: artifacts } }\n  \
         verify_database: true\n  gitaly: {}\n  kas: true\n  backup: {}\n  pipeline: {}\n  \
         omnibus: { login_limit: {} }\n  flux: { image: r.example.com/a }\n  smtp:",
    );
    let text = text.replace("out: deploy", "out: deploy, targets: [kubernetes]");
    let text = text
        .replace("\nkubernetes:", "\ncaches: { gitlab-cache: { node_type: cache.t4g.small } }\nroles: { pods: { service_accounts: [gitlab/gitlab] } }\nkubernetes:");
    let text = text.replace("  scheme: internal", "  cache: gitlab-cache\n  role: pods\n  scheme: internal");
    let stack = stack(&text.replace("kubernetes: {", "kubernetes: { service_account: eso, secrets: csi,"));
    let state = nothing();
    let description = Description::new(&stack, &state);
    let gitlab = description.gitlab.as_ref().expect("it is written");
    let rows = crate::stack::parts::part(crate::stack::parts::GITLAB).options();
    let written = &stack.parts[crate::stack::parts::GITLAB];
    let left: Vec<&str> = rows.iter().map(|row| row.name).filter(|row| !written.contains_key(*row)).collect();
    assert_eq!(left, [""; 0]);
    assert_eq!(gitlab.role.as_deref(), Some("pods"));
    assert_eq!(gitlab.runners["a"].concurrent, 4);
    assert_eq!(chosen(&description).iter().map(File::name).collect::<Vec<_>>(), ["kubernetes"]);
}

#[test]
fn the_system_is_sound_and_gives_the_same_bytes_each_time() {
    let (stack, state) = (stack(STACK), applied());
    let all = rendered(&stack, &state);
    assert!(all.len() >= 2 && all.iter().all(|one| one.unknown().is_empty()));
    assert_eq!(all, rendered(&stack, &state));
    assert_eq!(faults(&all), [""; 0]);
    let text: String = all.iter().map(|one| one.text.as_str()).collect();
    for said in [
        "server: fs-0123456789abcdef0.efs.eu-west-1.amazonaws.com",
        "image: \"sameersbn/gitlab:18.11.7\"",
        "loadBalancerClass: service.k8s.aws/nlb",
        "value: gitlab-pgsql.abcdefghijkl.eu-west-1.rds.amazonaws.com",
        "secret:rds!db-1-AbCdEf",
        "external-secrets.io/v1",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
}

#[test]
fn what_is_not_made_yet_is_known_to_be_unknown_and_not_printed_as_if_it_were_there() {
    let (stack, state) = (stack(STACK), nothing());
    let all = rendered(&stack, &state);
    let unknown = all[0].unknown();
    for name in [
        "file_systems.gitlab-nfs.dns_name",
        "databases.gitlab-pgsql.host",
        "databases.gitlab-pgsql.secret_arn",
    ] {
        assert!(unknown.contains(name), "{unknown:?}");
    }
    let description = Description::new(&stack, &state);
    let reasons = description.without_value(&unknown);
    assert!(
        !reasons.is_empty() && reasons.iter().all(|reason| reason.hint() == "provision apply"),
        "{reasons:?}"
    );
}

#[test]
fn each_zone_has_a_volume_a_claim_and_a_deployment_where_that_is_asked_for() {
    let text = STACK.replace("{ file_system: gitlab-nfs }", "{ file_system: gitlab-nfs, per_zone: true }");
    let stack = stack(&text.replace("time_zone:", "per_zone: true\n  time_zone:"));
    let all = rendered(&stack, &applied());
    assert_eq!(faults(&all), [""; 0]);
    let text: String = all.iter().map(|one| one.text.as_str()).collect();
    for zone in ["eu-west-1a", "eu-west-1b", "eu-west-1c"] {
        assert!(text.contains(&format!("server: {zone}.fs-0123456789abcdef0.efs")), "{text}");
        assert!(text.contains(&format!("claimName: gitlab-data-{zone}")), "{text}");
    }
    assert!(all.iter().flat_map(|one| &one.warnings).any(|warning| warning.contains("without a lock")));
}

#[test]
fn what_a_version_of_kubernetes_lacks_is_not_written() {
    let of = |version: &str| {
        let text = STACK.replace("{ volumes:", &format!("{{ version: \"{version}\", volumes:"));
        let text = text.replace("time_zone:", "per_zone: true\n  time_zone:");
        rendered(&stack(&text), &applied())[1].text.contains("trafficDistribution")
    };
    assert_eq!(["1.29", "1.30", "1.31", "1.37"].map(of), [false, false, true, true]);
}

#[test]
fn what_cannot_be_rendered_says_what_to_write() {
    for (from, to, said) in [
        (
            "{ file_system: gitlab-nfs } }",
            "{ file_system: gitlab-nfs, per_zone: true } }",
            "a claim in each zone",
        ),
        (
            "gitlab-data: { file_system: gitlab-nfs } }",
            "a: { file_system: gitlab-nfs }, b: { file_system: gitlab-nfs } }",
            "has the volumes a, b",
        ),
        (
            "volumes: { gitlab-data: { file_system: gitlab-nfs } }",
            "version: \"1.33\"",
            "no volume of `kubernetes`",
        ),
        ("version: \"18.11\"", "version: \"18.9\"", "no image of docker-gitlab"),
    ] {
        let stack = stack(&STACK.replace(from, to));
        let state = applied();
        let description = Description::new(&stack, &state);
        let file =
            files(&description).into_iter().find(|file| file.name() == "gitlab").expect("it is described");
        let refused = render(&description, &file).expect_err(said);
        assert!(refused.message.contains(said) && !refused.hint.is_empty(), "{refused:?}");
    }
}

#[test]
fn a_database_with_the_name_of_gitlab_takes_nothing_of_its_place() {
    let text = STACK
        .replace("databases: { gitlab-pgsql:", "databases: { gitlab:")
        .replace("database: gitlab-pgsql", "database: gitlab");
    let all = rendered(&stack(&text), &nothing());
    assert_eq!(faults(&all), [""; 0]);
    assert!(
        all[0].warnings.iter().any(|warning| warning.contains("no Service is rendered")),
        "{:?}",
        all[0].warnings
    );
}

#[test]
fn a_password_that_aws_does_not_manage_has_no_reference_and_a_note_on_its_secret() {
    let text = STACK.replace("username: gitlab }", "username: gitlab, password: env:DB_PASSWORD }");
    let mut state = applied();
    state.resources.get_mut(&database()).expect("it is there").outputs.remove("secret_arn");
    let all = rendered(&stack(&text), &state);
    assert_eq!(faults(&all), [""; 0]);
    assert!(!all[0].text.contains("ExternalSecret"), "{}", all[0].text);
    let told = "gitlab-pgsql has to be in the cluster first, with DB_PASSWORD in the environment";
    assert!(all[1].notes.iter().any(|note| note.starts_with(told)), "{:?}", all[1].notes);
}

#[test]
fn a_secret_is_made_by_pipes_alone_and_keys_are_made_once() {
    let (stack, state) = (stack(STACK), applied());
    let recipes = secrets::recipes(&Description::new(&stack, &state));
    let names: Vec<&str> = recipes.iter().map(|recipe| recipe.name.as_str()).collect();
    assert_eq!(names, ["gitlab-pgsql", "gitlab-secrets"]);
    for recipe in &recipes {
        assert!(
            !recipe.commands.contains("--from-literal") && !recipe.commands.contains('>'),
            "{}",
            recipe.commands
        );
        assert!(recipe.commands.contains("=/dev/stdin"), "{}", recipe.commands);
    }
    assert!(
        recipes[0]
            .commands
            .contains("'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1-AbCdEf'")
    );
    assert!(!recipes[1].commands.contains("apply"), "keys that are there are never replaced");
}

#[test]
fn a_target_that_is_not_described_says_what_to_write() {
    let (text, state) = (STACK.replace("out: deploy", "out: deploy, targets: [flux, kubernetes]"), applied());
    let stack = stack(&text);
    let description = Description::new(&stack, &state);
    let found = undescribed(&description);
    let [lacks] = found.as_slice() else { panic!("{found:?}") };
    assert!(lacks.message.contains("`flux`") && lacks.hint.contains("`flux: { image: … }`"), "{lacks:?}");
    for target in targets::TARGETS {
        let is_described = files(&description).iter().any(|file| file.target() == target.name);
        let lacks = lacking(&description, target.name).expect("it is a target");
        assert!(is_described || lacks.hint.starts_with("write `"), "{lacks:?}");
    }
    assert_eq!(lacking(&description, "nothing"), None);
}

/// Options of a description, drawn at random.
fn descriptions() -> impl Strategy<Value = String> {
    let kubernetes =
        (29..=37_u32, select(vec!["external-secrets", "csi", "none"]), any::<bool>(), any::<bool>());
    let ingress = prop_oneof![
        Just(""),
        Just("ingress: {}"),
        Just("ingress: { class: nginx, tls_secret: tls }"),
        Just("ingress: { class: nginx }"),
        Just(
            "ingress: { scheme: internal, certificate_arn: \"arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012\" }"
        ),
    ];
    let gitlab =
        (ingress, select(vec!["16.11.1", "17.11", "18.2", "18.11", "19.2"]), any::<bool>(), any::<bool>());
    (kubernetes, gitlab).prop_map(|((minor, secrets, csi, zones), (ingress, version, mail, per_zone))| {
        let driver = if csi { "driver: csi, access_point: git" } else { "driver: nfs" };
        // A volume in each zone needs a Deployment there.
        let in_zones = zones && per_zone && !csi;
        let smtp = if mail { "smtp: { address: smtp.example.com }" } else { "" };
        format!(
            "stack: gitlab\nfile_systems: {{ gitlab-nfs: {{ access_points: {{ git: {{ path: /git, uid: 1000 }} }} }} }}\n\
             databases: {{ gitlab-pgsql: {{ database_name: gitlab_production }} }}\n\
             kubernetes:\n  version: \"1.{minor}\"\n  secrets: {secrets}\n  volumes: {{ data: {{ file_system: gitlab-nfs, {driver}, per_zone: {in_zones} }} }}\n\
             gitlab:\n  version: \"{version}\"\n  domain: example.com\n  database: gitlab-pgsql\n  file_system: gitlab-nfs\n  per_zone: {per_zone}\n  \
             {ingress}\n  {smtp}\n"
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_described_is_sound(text in descriptions(), is_made in any::<bool>()) {
        let state = if is_made { applied() } else { nothing() };
        let all = rendered(&stack(&text), &state);
        if is_made {
            prop_assert_eq!(faults(&all), [""; 0], "{}", text);
        }
        for one in &all {
            // A placeholder is always told of; a list that is not known yet has none.
            prop_assert!(!one.text.contains("${") || !one.unknown().is_empty(), "{}", one.text);
            prop_assert!(one.unknown().is_empty() == is_made, "{:?}", one.unknown());
        }
    }
}
