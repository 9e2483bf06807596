//! Rendering through the binary: what is printed, written and compared; and every rendered object against the schemas of Kubernetes.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use provision::aws::kinds::registry;
use provision::engine::state::{State, format};
use provision::gitlab::{Description, File, chosen, files, render, together, undescribed};
use provision::stack::{Stack, parse};
use serde_json::Value;
use tempfile::TempDir;

const STACK: &str = include_str!("../gitlab/stack.yaml");

fn state() -> State {
    serde_json::from_str(include_str!("../gitlab/state.json")).expect("a state")
}

fn stack(text: &str) -> Stack {
    parse("a test's stack", text, &registry()).expect("a valid stack")
}

/// Every rendered file of a stack, with its path.
fn rendered(text: &str) -> Vec<(String, String)> {
    let (stack, state) = (stack(text), state());
    let description = Description::new(&stack, &state);
    let one = |file| (render(&description, file).expect("it can be rendered"), file);
    let all = files(&description);
    all.iter().map(one).map(|(rendered, file)| (file.path(), rendered.text)).collect()
}

/// A folder with a stack and its state.
struct Place(TempDir);

impl Place {
    fn of(text: &str) -> Self {
        let place = Self(TempDir::new().expect("a folder"));
        std::fs::write(place.path("provision.yaml"), text).expect("it can be written");
        std::fs::create_dir(place.path("state")).expect("it can be made");
        std::fs::write(place.path("state/gitlab.json"), format::encode(&state())).expect("it can be written");
        place
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn read(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap_or_default()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        command.args(arguments).current_dir(self.0.path()).stdin(Stdio::null());
        // Nothing is asked: no request could be answered.
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("CANARY", "canary-of-a-password");
        for variable in ["PROVISION_CONFIG", "PROVISION_STATE", "AWS_PROFILE"] {
            command.env_remove(variable);
        }
        command.output().expect("the program starts")
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The example is laid over the reference stack, as the demo does.
#[test]
fn the_example_is_rendered_for_the_reference_stack() {
    let place = Place::of(include_str!("../../provision.yaml"));
    std::fs::write(place.path("over.yaml"), include_str!("../../examples/gitlab.yaml"))
        .expect("it can be written");
    let ran =
        place.run(&["render", "--config", "provision.yaml", "--config", "over.yaml", "--out", "deploy"]);
    assert!(ran.status.success(), "{}", err(&ran));
    assert!(place.read("deploy/kubernetes.yaml").contains("kind: PersistentVolume"));
}

/// The example of the chart is whole: nothing of it is refused, and what is unsound about it is told.
#[test]
fn the_example_of_the_chart_is_whole() {
    let (stack, state) = (
        stack(include_str!("../../examples/gitlab-chart.yaml")),
        State::new("gitlab", String::new(), "123456789012", "eu-west-1"),
    );
    let description = Description::new(&stack, &state);
    let files = chosen(&description);
    let paths: Vec<String> = files.iter().map(File::path).collect();
    assert_eq!(paths, ["kubernetes.yaml", "helm-values.yaml", "runner-values/standard.yaml"]);
    assert_eq!(undescribed(&description), []);
    for file in &files {
        let rendered = render(&description, file).unwrap_or_else(|refused| panic!("{refused}"));
        assert!(rendered.text.len() > 500, "{}", rendered.text);
    }
    let (unsound, _) = together(&description, &files.iter().collect::<Vec<_>>());
    assert_eq!(unsound, [""; 0]);
    let values = render(&description, &files[1]).expect("it was rendered a moment ago");
    assert_eq!(values.warnings.len(), 1, "access keys alone: {:?}", values.warnings);
}

#[test]
fn a_cache_or_a_database_that_gitlab_does_not_take_is_told_before_anything_is_made() {
    let example = include_str!("../../examples/gitlab-chart.yaml");
    for (from, to, said) in [
        ("engine: redis, engine_version: \"7.1\"", "nodes: 2", "the cache gitlab-cache is Valkey"),
        (
            "engine_version: \"17\"",
            "engine_version: \"15\"",
            "needs PostgreSQL 16.5 to 17, and gitlab-pgsql has 15",
        ),
    ] {
        assert!(example.contains(from), "{from}");
        let stack = stack(&example.replace(from, to));
        let state = State::new("gitlab", String::new(), "123456789012", "eu-west-1");
        let description = Description::new(&stack, &state);
        let (unsound, _) = together(&description, &[]);
        assert!(unsound.iter().any(|one| one.contains(said)), "{said}: {unsound:?}");
    }
}

#[test]
fn a_file_of_no_target_any_more_is_named_and_left_where_it_is() {
    let place = Place::of(STACK);
    assert!(place.run(&["render", "--out", "deploy"]).status.success());
    let fewer = STACK.replace("out: deploy", "out: deploy, targets: [kubernetes, gitlab]");
    std::fs::write(place.path("provision.yaml"), fewer).expect("it can be written");
    std::fs::create_dir(place.path("deploy/runner-values")).expect("it can be made");
    std::fs::write(place.path("deploy/runner-values/mine.yaml"), "mine: true\n").expect("it can be written");
    let check = place.run(&["render", "--check", "deploy"]);
    assert_eq!(check.status.code(), Some(2), "{}", err(&check));
    assert!(out(&check).contains("deploy/gitlab.rb:\n"), "{}", out(&check));
    assert!(err(&check).contains("    rm deploy/gitlab.rb\n"), "{}", err(&check));
    assert!(!err(&check).contains("mine") && !out(&check).contains("mine"), "it was not rendered");
    assert!(err(&place.run(&["render", "--out", "deploy"])).contains("rm deploy/gitlab.rb"));
    assert!(place.path("deploy/gitlab.rb").exists());
    std::fs::remove_file(place.path("deploy/gitlab.rb")).expect("it is there");
    assert_eq!(place.run(&["render", "--check", "deploy"]).status.code(), Some(0));
}

#[test]
fn what_differs_in_nothing_says_nothing_and_what_a_target_lacks_is_what_to_write() {
    let place = Place::of(STACK);
    assert!(err(&place.run(&["render", "--out", "deploy"])).contains("gitlab.yaml:\n  - "));
    for arguments in [&["render", "--check", "deploy"][..], &["render", "--check", "deploy", "--quiet"]] {
        assert_eq!(err(&place.run(arguments)), "", "{arguments:?}");
    }
    for (target, said) in [
        ("flux", "`flux: { image: … }` below `gitlab:`"),
        ("runner-values/foo", "`runners: { NAME: { image: … } }` below `gitlab:`"),
        ("gitlab/foo", "name it without more: gitlab"),
    ] {
        let output = place.run(&["render", target]);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains(said), "{target}: {}", err(&output));
    }
    std::fs::write(
        place.path("provision.yaml"),
        STACK.replace("out: deploy", "out: deploy, targets: [helm-values]"),
    )
    .expect("it can be written");
    let output = place.run(&["render", "--check", "deploy"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("does not describe the target `helm-values`"), "{}", err(&output));
    assert!(!err(&place.run(&["render", "helm"])).contains("no state"));
}

#[test]
fn one_target_is_printed_and_all_are_written_and_compared() {
    let place = Place::of(STACK);
    let printed = place.run(&["render", "gitlab"]);
    assert_eq!(printed.status.code(), Some(0), "{}", err(&printed));
    assert!(
        err(&printed).contains("warning: gitlab.yaml: repositories are on the file system gitlab-nfs"),
        "{}",
        err(&printed)
    );

    let before = place.run(&["render", "--check", "deploy"]);
    assert_eq!(before.status.code(), Some(2), "{}", err(&before));
    assert!(out(&before).contains("deploy/gitlab.yaml:\n  it is not there"), "{}", out(&before));
    let wrote = place.run(&["render", "--out", "deploy"]);
    assert_eq!(wrote.status.code(), Some(0), "{}", err(&wrote));
    assert_eq!(place.read("deploy/gitlab.yaml"), out(&printed));
    let same = place.run(&["render", "--check", "deploy"]);
    assert_eq!((same.status.code(), out(&same)), (Some(0), "Everything is as rendered.\n".to_owned()));
    let again = place.run(&["render", "--out", "deploy"]);
    assert!(!out(&again).contains("Wrote"), "{}", out(&again));

    let edited = place.read("deploy/kubernetes.yaml").replace("100Gi", "1Gi");
    std::fs::write(place.path("deploy/kubernetes.yaml"), edited).expect("it can be written");
    let differs = place.run(&["render", "--check", "deploy"]);
    assert_eq!(differs.status.code(), Some(2));
    assert!(out(&differs).contains("-21:     storage: \"1Gi\""), "{}", out(&differs));
    let document: Value =
        serde_json::from_slice(&place.run(&["render", "--check", "deploy", "--json"]).stdout).expect("JSON");
    let differ: Vec<bool> = document["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|file| file["differs"].as_bool())
        .collect();
    assert_eq!(differ.iter().filter(|differs| **differs).count(), 1, "{document}");
}

#[test]
fn what_is_wrong_is_said_with_what_to_type() {
    let place = Place::of(STACK);
    for (arguments, said) in [
        (&["render"][..], "provision render --out deploy"),
        (&["render", "kubernets"], "did you mean `kubernetes`?"),
        (&["secret", "gitlab-psql"], "did you mean `gitlab-pgsql`?"),
        (&["render", "gitlab", "--state", "nothing.json"], "provision apply"),
    ] {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(out(&output).is_empty() && err(&output).contains(said), "{arguments:?}: {}", err(&output));
    }
    let nothing = Place::of("stack: gitlab\nbuckets: { artifacts: {} }\n");
    let output = nothing.run(&["render", "--out", "deploy"]);
    assert!(err(&output).contains("describes nothing that is rendered"), "{}", err(&output));
    let unmade = Place::of(&STACK.replace("gitlab-pgsql", "other-pgsql"));
    let output = unmade.run(&["render", "--out", "deploy"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("`databases.other-pgsql.host` has no value"), "{}", err(&output));
    assert!(!unmade.path("deploy").exists(), "nothing is written where not all is known");
}

#[test]
fn a_file_of_somebody_else_and_a_link_are_left_as_they_are() {
    let place = Place::of(STACK);
    std::fs::create_dir(place.path("deploy")).expect("it can be made");
    std::fs::write(place.path("deploy/gitlab.yaml"), "mine: true\n").expect("it can be written");
    let output = place.run(&["render", "--out", "deploy"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("was not rendered"), "{}", err(&output));
    assert_eq!(place.read("deploy/gitlab.yaml"), "mine: true\n");
    assert!(!place.path("deploy/kubernetes.yaml").exists(), "all are looked at before one is written");

    std::fs::remove_file(place.path("deploy/gitlab.yaml")).expect("it is there");
    std::fs::write(place.path("elsewhere"), "").expect("it can be written");
    symlink(place.path("elsewhere"), place.path("deploy/gitlab.yaml")).expect("a link can be made");
    let output = place.run(&["render", "--out", "deploy"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("is a symlink"), "{}", err(&output));
    assert_eq!(place.read("elsewhere"), "");
}

#[test]
fn no_password_is_in_any_file_or_command() {
    let place = Place::of(&STACK.replace("username: gitlab }", "username: gitlab, password: env:CANARY }"));
    let wrote = place.run(&["render", "--out", "deploy"]);
    assert_eq!(wrote.status.code(), Some(0), "{}", err(&wrote));
    let mut all = vec![out(&wrote), err(&wrote)];
    all.extend(["kubernetes.yaml", "gitlab.yaml"].map(|file| place.read(&format!("deploy/{file}"))));
    for arguments in
        [&["secret", "gitlab-secrets"][..], &["secret", "gitlab-pgsql"], &["render", "gitlab", "--json"]]
    {
        let output = place.run(arguments);
        all.extend([out(&output), err(&output)]);
    }
    assert!(all.iter().all(|text| !text.contains("canary-of-a-password")));
    assert!(all[3].contains("secretKeyRef"), "the file is the one that is meant");
}

#[test]
fn the_commands_of_a_secret_are_a_script_that_a_shell_reads() {
    let place = Place::of(STACK);
    for name in ["gitlab-pgsql", "gitlab-secrets"] {
        let output = place.run(&["secret", name]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        std::fs::write(place.path("script"), &output.stdout).expect("it can be written");
        let read = Command::new("sh").args(["-n"]).arg(place.path("script")).status();
        assert!(read.expect("there is a shell").success(), "{}", out(&output));
    }
}

/// The systems that are kept as they are rendered.
#[test]
fn the_files_of_the_system_stay_what_they_are() {
    for (path, text) in rendered(STACK) {
        insta::assert_snapshot!(format!("gitlab_{}", path.replace(['.', '/'], "_")), text);
    }
}

/// A Python that has the package `kubernetes-validate`: that of the emulator, or the one that this variable names.
const PYTHON: &str = "PROVISION_TEST_KUBERNETES_PYTHON";

fn validator() -> Option<PathBuf> {
    let of_emulator = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack/.venv/bin/python");
    let python = std::env::var_os(PYTHON).map_or(of_emulator, PathBuf::from);
    let has = |python: &PathBuf| {
        let ran = Command::new(python).args(["-c", "import kubernetes_validate"]).output();
        ran.is_ok_and(|output| output.status.success())
    };
    Some(python).filter(has)
}

/// Reads files with duplicate keys refused, and holds each object against the strict schema of a version. Kinds of extensions have none.
const VALIDATE: &str = r#"
import sys, yaml, kubernetes_validate
class Strict(yaml.SafeLoader):
    pass
def mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    assert len(keys) == len(set(keys)), f"a key stands twice: {keys}"
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)
Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
version, extensions, seen = sys.argv[1], ("external-secrets.io/v1", "secrets-store.csi.x-k8s.io/v1"), 0
for path in sys.argv[2:]:
    for one in yaml.load_all(open(path), Strict):
        if one["apiVersion"] in extensions:
            continue
        kubernetes_validate.validate(one, version, strict=True)
        seen += 1
print(seen)
"#;

#[test]
fn every_rendered_object_is_valid_in_the_oldest_and_the_newest_kubernetes() {
    let Some(python) = validator() else {
        eprintln!(
            "skipped: no Python with kubernetes-validate; localstack/up makes one, or {PYTHON} names it"
        );
        return;
    };
    let per_zone = STACK
        .replace("{ file_system: gitlab-nfs }", "{ file_system: gitlab-nfs, per_zone: true }")
        .replace("time_zone:", "per_zone: true\n  time_zone:");
    let csi = STACK.replace("{ volumes:", "{ secrets: csi, volumes:").replace(
        "{ file_system: gitlab-nfs }",
        "{ file_system: gitlab-nfs, driver: csi, access_point: git }",
    );
    let other = STACK
        .replace("ingress: {", "redis: { storage_class: gp3 }\n  ingress: { class: nginx, tls_secret: tls,");
    for text in [STACK, &per_zone, &csi, &other] {
        for version in ["1.29", "1.33", "1.37"] {
            let text = text.replace("kubernetes: {", &format!("kubernetes: {{ version: \"{version}\","));
            let folder = TempDir::new().expect("a folder");
            let mut paths = Vec::new();
            for (name, text) in
                rendered(&text).into_iter().filter(|(name, _)| MANIFESTS.contains(&name.as_str()))
            {
                let path = folder.path().join(name);
                std::fs::write(&path, text).expect("it can be written");
                paths.push(path);
            }
            let output = Command::new(&python).args(["-c", VALIDATE, version]).args(&paths).output();
            let output = output.expect("it was there a moment ago");
            assert!(output.status.success(), "Kubernetes {version}: {}\n{text}", err(&output));
            assert!(out(&output).trim().parse::<usize>().is_ok_and(|seen| seen > 10), "{}", out(&output));
        }
    }
}

/// The files that hold objects of Kubernetes and no others.
const MANIFESTS: [&str; 2] = ["kubernetes.yaml", "gitlab.yaml"];
