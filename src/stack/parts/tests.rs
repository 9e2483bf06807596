use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::aws::kinds::registry;
use crate::stack::sections::SECTIONS;
use crate::stack::{parse, schema};

const ALL: &str = r#"
stack: gitlab
file_systems: { gitlab-nfs: { access_points: { git: { path: /git, uid: 998 } } } }
databases: { gitlab-pgsql: {} }
buckets: { artifacts: {} }
kubernetes:
  version: 1.30
  volumes:
    gitlab-data: { file_system: gitlab-nfs }
    uploads: { file_system: gitlab-nfs, driver: csi, access_point: git, size: 5Gi }
gitlab:
  version: 18.11
  domain: example.com
  database: gitlab-pgsql
  file_system: gitlab-nfs
  buckets: { artifacts: artifacts }
  ingress: { certificate_arn: "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012" }
  runners: { builder: { executor: docker, image: "docker:28", privileged: true, cpu: 2 } }
render: { out: deploy }
"#;

fn problems(text: &str) -> Vec<String> {
    let error = parse("x", text, &registry()).expect_err("it is wrong");
    let line = |problem| error.position(problem).map(|(line, _)| line).unwrap_or_default();
    error.problems().map(|problem| format!("{}: {problem}", line(problem))).collect()
}

#[test]
fn an_option_in_the_place_of_another_and_a_misspelt_one_are_told_once_with_where_they_belong() {
    for (from, to, message) in [
        (
            "  domain: example.com",
            "  domain: example.com\n  trusted_proxies: [10.0.0.0/8]",
            "`trusted_proxies` does not stand here",
        ),
        ("  domain: example.com", "  domian: example.com", "`domian`"),
    ] {
        let found = problems(&ALL.replace(from, to));
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert!(found.contains(message), "{found}");
    }
}

#[test]
fn every_part_is_whole() {
    let mut taken: BTreeSet<&str> = SECTIONS.iter().map(|section| section.key).collect();
    for part in PARTS {
        assert!(taken.insert(part.key), "two are called {}", part.key);
        hold(part.key, part.options());
    }
}

/// Holds that each option has a text and a name of its own, and that every pattern can be used.
fn hold(at: &str, options: &[Property]) {
    let names: BTreeSet<&str> = options.iter().map(|option| option.name).collect();
    assert_eq!(names.len(), options.len(), "{at}");
    for option in options {
        assert!(option.doc.ends_with('.') || option.doc.contains(".\n"), "{at}.{}", option.name);
        let mut shape = option.shape;
        if let Shape::MapOf { keys, values } = shape {
            let _ = keys.fits("x");
            shape = *values;
        }
        match shape {
            Shape::Object(below) => hold(&format!("{at}.{}", option.name), below),
            other => _ = other.wrong(&json!("x")),
        }
        let default = option.need.default();
        let wrong = default.map(|default| option.shape.wrong(&default)).unwrap_or_default();
        assert!(wrong.is_empty(), "the default of {at}.{}: {wrong:?}", option.name);
    }
}

#[test]
fn what_is_written_is_kept_and_completed_with_defaults() {
    let stack = parse("x", ALL, &registry()).expect("valid");
    assert_eq!(stack.parts[KUBERNETES]["version"], "1.30", "a version is no number");
    assert_eq!(stack.parts[KUBERNETES].get("namespace"), None);
    let whole = complete(part(KUBERNETES), stack.parts.get(KUBERNETES));
    assert_eq!(whole["namespace"], "gitlab");
    let volume = json!({ "file_system": "gitlab-nfs", "size": "100Gi", "driver": "nfs", "per_zone": false });
    assert_eq!(whole["volumes"]["gitlab-data"], volume);
    assert_eq!(complete(part(KUBERNETES), None)["secrets"], "external-secrets");
    let validator = jsonschema::validator_for(&schema(&registry())).expect("a schema");
    let json = stack.to_json();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_place() {
    let text = "databases: { db: {} }\nkubernetes:\n  version: 1.28\n  namspace: a\n  volumes: { data: { size: 5 } }\n\
                gitlab: { domain: example.com, database: db }\nrender: { out: ../elsewhere }\n";
    assert_eq!(
        problems(text),
        [
            "3: `1.28` is not a version of Kubernetes, `1.29` to `1.37`",
            "4: `namspace` is not an option here",
            "5: `file_system` is missing",
            "5: expected text, found a number",
            "6: `version` is missing",
            "7: `../elsewhere` is not a folder below that of the stack file, such as `deploy`: letters, digits, `.`, \
             `_`, `-` and `/`, without `..`",
        ]
    );
}

#[test]
fn a_name_of_no_entry_gets_the_nearest_one() {
    let text =
        ALL.replace("database: gitlab-pgsql", "database: gitlab-psql").replace("point: git,", "point: gti,");
    assert_eq!(
        problems(&text),
        ["10: the file system has no access point `gti`", "14: `gitlab-psql` is no entry of `databases`"]
    );
}

#[test]
fn the_buckets_of_a_short_entry_are_named_each_or_all_by_its_name() {
    let of = |buckets: &str| {
        format!(
            "databases: {{ db: {{}} }}\nbuckets: {{ gl: {{ for: gitlab }} }}\ngitlab:\n  version: \"18.11\"\n  domain: example.com\n  database: db\n  buckets: {buckets}\n"
        )
    };
    assert!(parse("x", of("{ lfs: gl-lfs }"), &registry()).is_ok());
    assert_eq!(problems(&of("{ lfs: gl }")), ["7: `gl` is no entry of `buckets`"]);
    assert_eq!(problems(&of("gitlab")), ["7: `gitlab` is no set of `buckets`"]);
    let stack = parse("x", of("gl"), &registry()).expect("it is whole");
    let buckets = &complete(part(GITLAB), stack.parts.get(GITLAB))["buckets"];
    assert_eq!(buckets["external_diffs"], "gl-external-diffs");
    let entries = |stack: &Stack| {
        let section = SECTIONS.iter().find(|section| section.key == BUCKETS).expect("it is a section");
        stack.entries(section).keys().map(ToString::to_string).collect::<BTreeSet<_>>()
    };
    let named: BTreeSet<String> = buckets
        .as_object()
        .expect("it is written out")
        .values()
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(named, entries(&stack), "each of the set is named");
}

#[test]
fn an_access_point_needs_the_driver_that_mounts_it_and_a_driver_finds_its_zone_itself() {
    let nfs = ALL.replace("driver: csi, access", "access");
    assert_eq!(problems(&nfs), ["10: an access point is mounted by the EFS CSI driver alone"]);
    let zones = ALL.replace("size: 5Gi", "per_zone: true");
    let said = "10: the EFS CSI driver finds the mount target of its own zone, and one volume is enough";
    assert_eq!(problems(&zones), [said]);
}
