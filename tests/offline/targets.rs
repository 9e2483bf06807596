//! The files for GitLab's chart, the omnibus package, runners, Flux and pipelines: as they are kept, and as the tools that read them read them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use provision::aws::kinds::registry;
use provision::engine::state::State;
use provision::gitlab::{Description, Refused, Rendered, files, render, secrets};
use provision::stack::{Stack, parse};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The systems of the tests: GitLab by its chart, and by the omnibus image.
const CHART: &str = include_str!("../gitlab/chart.yaml");
const OMNIBUS: &str = include_str!("../gitlab/omnibus.yaml");

/// A state with all buckets of both.
fn state() -> State {
    let mut state: Value = serde_json::from_str(include_str!("../gitlab/state.json")).expect("a state");
    let resources = state["resources"].as_object_mut().expect("objects");
    let one = resources["aws_s3_bucket.artifacts"].to_string();
    for name in ["lfs", "uploads", "packages", "registry", "backups", "tmp", "runner-cache"] {
        let bucket = one.replace("gitlab-artifacts", &format!("gitlab-{name}"));
        resources.insert(format!("aws_s3_bucket.{name}"), serde_json::from_str(&bucket).expect("a record"));
    }
    serde_json::from_value(state).expect("a state")
}

fn stack(text: &str) -> Stack {
    parse("a test's stack", text, &registry()).unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

/// A stack with a cache and a role, which not every version of the program makes: their outputs are placeholders.
fn with_cache_and_role(text: &str) -> Stack {
    let mut stack = stack(text);
    let gitlab = stack.parts.get_mut("gitlab").expect("it is written");
    gitlab.insert("cache".to_owned(), "gitlab-cache".into());
    gitlab.insert("role".to_owned(), "gitlab".into());
    stack
}

/// Every file that a stack describes, by the name of its target; what is refused is an error.
fn all(stack: &Stack) -> BTreeMap<String, Result<Rendered, Refused>> {
    let state = state();
    let description = Description::new(stack, &state);
    files(&description).iter().map(|file| (file.name(), render(&description, file))).collect()
}

#[track_caller]
fn one(stack: &Stack, target: &str) -> Rendered {
    let rendered = all(stack).remove(target).unwrap_or_else(|| panic!("no {target} is described"));
    rendered.unwrap_or_else(|refused| panic!("{refused}"))
}

#[track_caller]
fn refused(text: &str, target: &str) -> Refused {
    let rendered = all(&stack(text)).remove(target).unwrap_or_else(|| panic!("no {target} is described"));
    rendered.expect_err("it cannot be rendered")
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

#[test]
fn the_files_of_both_systems_stay_what_they_are() {
    for (system, text) in [("chart", CHART), ("omnibus", OMNIBUS)] {
        let stack = stack(text);
        let chosen: Vec<String> = stack.parts["render"]["targets"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|name| Some(name.as_str()?.to_owned()))
            .collect();
        for (name, rendered) in all(&stack) {
            if !chosen.iter().any(|target| name.split('/').next() == Some(target)) {
                continue;
            }
            let Rendered { text, warnings, notes, .. } =
                rendered.unwrap_or_else(|refused| panic!("{refused}"));
            assert!(!text.contains("${gitlab") && !text.contains("${databases"), "{text}");
            let warnings = warnings.iter().map(|warning| format!("warning: {warning}\n"));
            let told: String = warnings.chain(notes.iter().map(|note| format!("note: {note}\n"))).collect();
            insta::assert_snapshot!(
                format!("{system}_{}", name.replace('/', "_")),
                format!("{text}\n{told}")
            );
        }
    }
}

/// A value of the chart, by its key: keys with dots in them are the last step.
fn value<'a>(values: &'a Value, key: &str) -> &'a Value {
    key.split('.').fold(values, |at, step| &at[step])
}

fn read(text: &str) -> Value {
    all_documents(text).remove(0)
}

fn all_documents(text: &str) -> Vec<Value> {
    let file = TempDir::new().expect("a folder");
    let path = file.path().join("values.yaml");
    std::fs::write(&path, text).expect("it can be written");
    let script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let output = Command::new(python()).args(["-c", script]).arg(&path).output().expect("there is a Python");
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The Python of the emulator, with what it has beside it.
fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack/.venv/bin/python")
}

/// True where a Python can import a package; otherwise the test says that it is skipped.
fn has(python: &Path, package: &str, remedy: &str) -> bool {
    let ran = Command::new(python).args(["-c", &format!("import {package}")]).output();
    let is_there = ran.is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("skipped: {} has no {package}; {remedy}", python.display());
    }
    is_there
}

#[test]
fn each_version_of_the_chart_has_its_own_keys() {
    if !has(&python(), "yaml", "localstack/up makes it") {
        return;
    }
    let of = |version: &str| {
        let text = CHART.replace("version: \"18.11\"", &format!("version: \"{version}\""));
        read(&one(&with_cache_and_role(&text), "helm-values").text)
    };
    let (eight, nine, ten) = (of("17.11"), of("18.11"), of("19.2"));
    for (key, expected) in [
        ("certmanager.install", [json!(false), Value::Null, Value::Null]),
        ("installCertmanager", [Value::Null, json!(false), json!(false)]),
        ("postgresql.install", [json!(false), json!(false), Value::Null]),
        ("redis.install", [json!(false), json!(false), Value::Null]),
        ("global.minio.enabled", [json!(false), json!(false), Value::Null]),
        ("global.gatewayApi.enabled", [Value::Null, Value::Null, json!(false)]),
        ("global.ingress.enabled", [json!(true), json!(true), json!(true)]),
        ("global.psql.port", [json!(5432), json!(5432), json!(5432)]),
        ("global.shell.port", [json!(22), json!(22), json!(22)]),
        ("global.redis.scheme", [json!("rediss"), json!("rediss"), json!("rediss")]),
        (
            "gitlab.toolbox.backups.cron.extraArgs",
            [json!("--s3tool awscli"), json!("--s3tool awscli"), json!("--s3tool awscli")],
        ),
    ] {
        let found = [&eight, &nine, &ten].map(|values| value(values, key).clone());
        assert_eq!(found, expected, "{key}");
    }
    let annotations = &nine["global"]["ingress"]["annotations"];
    let of_alb = |name: &str| annotations[format!("alb.ingress.kubernetes.io/{name}")].as_str();
    assert_eq!(of_alb("manage-backend-security-group-rules"), Some("true"));
    assert_eq!(of_alb("security-groups"), Some("sg-0123456789abcdef0"));
    assert_eq!(of_alb("ssl-redirect"), Some("443"));
    let without = CHART.replace("security_groups: [sg-0123456789abcdef0]", "scheme: internal");
    let without = one(&stack(&without), "helm-values").text;
    assert!(!without.contains("manage-backend") && without.contains("scheme: internal"), "{without}");
}

/// A description of everything that names a Secret, and how each password is kept.
fn everything(version: &str, database: &str, cache: &str, way: &str) -> String {
    let buckets = "artifacts: a, lfs: a, uploads: a, packages: a, registry: a, backups: a, tmp: a";
    format!(
        "stack: gitlab\nfile_systems: {{ gitlab-nfs: {{}} }}\n\
         databases: {{ gitlab-pgsql: {{ database_name: gitlab_production, password: \"{database}\" }} }}\n\
         caches: {{ gitlab-cache: {{ node_type: cache.t4g.small, {cache} }} }}\n\
         buckets: {{ a: {{}} }}\n\
         kubernetes: {{ {way}, volumes: {{ data: {{ file_system: gitlab-nfs }} }} }}\n\
         gitlab:\n  version: \"{version}\"\n  domain: example.com\n  database: gitlab-pgsql\n  cache: gitlab-cache\n  \
         file_system: gitlab-nfs\n  buckets: {{ {buckets} }}\n  verify_database: true\n  \
         ingress: {{ class: other, tls_secret: tls }}\n  omnibus: {{ config_map: gitlab-omnibus }}\n  \
         smtp: {{ address: smtp.example.com, user: gitlab }}\n  registry: {{ domain: registry.example.com }}\n  \
         flux: {{ image: registry.example.com/app }}\n  runners:\n    a: {{ image: \"alpine:3.22\" }}\n    \
         b: {{ executor: docker, image: \"alpine:3.22\" }}\n"
    )
}

/// The names of Secrets in a document of Kubernetes, Flux or Helm, wherever they stand, and of the ConfigMap of certificates.
fn named(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(all) => {
            // These make them.
            for (key, below) in all.iter().filter(|(key, _)| *key != "secretObjects") {
                let text = below.as_str().filter(|text| !text.is_empty());
                let is_name = match key.as_str() {
                    "secret" | "secretName" | "configMap" => true,
                    "name" => at == "secretKeyRef" || at == "secretRef" || at == "imagePullSecrets",
                    _ => false,
                };
                found.extend(text.filter(|_| is_name).map(str::to_owned));
                named(below, key, found);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| named(one, at, found)),
        _ => {}
    }
}

#[test]
fn each_secret_that_a_file_names_is_made_by_another_file_or_told_with_the_command_that_makes_it() {
    if !has(&python(), "yaml", "localstack/up makes it") {
        return;
    }
    let databases = ["managed", "unmanaged", "env:DB_PASSWORD", "file:password"];
    let caches = ["password: managed", "password: unmanaged", "authentication: false"];
    let ways = ["secrets: external-secrets", "secrets: csi", "secrets: none"];
    let mut seen = BTreeMap::new();
    for (at, database) in databases.into_iter().enumerate() {
        for cache in caches {
            for way in [ways[at % 3], ways[(at + 1) % 3]] {
                let stack = stack(&everything("18.11", database, cache, way));
                let state = State::new("gitlab", String::new(), "123456789012", "eu-west-1");
                let description = Description::new(&stack, &state);
                let known = secrets::recipes(&description);
                for file in files(&description).iter().filter(|file| file.path().ends_with(".yaml")) {
                    let rendered = render(&description, file).expect("it can be rendered");
                    let mut names = Vec::new();
                    all_documents(&rendered.text).iter().for_each(|one| named(one, "", &mut names));
                    for name in names {
                        let told = rendered
                            .notes
                            .iter()
                            .any(|note| note.ends_with(&format!("provision secret {name}")));
                        let of_file = file.target() == "gitlab" || way.ends_with("external-secrets");
                        let makes = !way.ends_with("none")
                            && of_file
                            && known
                                .iter()
                                .any(|one| one.name == name && one.commands.contains("secretsmanager"));
                        assert!(known.iter().any(|one| one.name == name), "{} names {name}", file.name());
                        assert!(told != makes, "{} names {name}, {way}: {:?}", file.name(), rendered.notes);
                        *seen.entry(name).or_insert(0) += 1;
                    }
                }
            }
        }
    }
    let seen: Vec<&str> = seen.keys().map(String::as_str).collect();
    assert_eq!(
        seen,
        [
            "gitlab-backup-storage",
            "gitlab-cache",
            "gitlab-object-storage",
            "gitlab-pgsql",
            "gitlab-registry-storage",
            "gitlab-runner-a",
            "gitlab-secrets",
            "gitlab-smtp",
            "rds-ca",
            "registry-pull",
            "tls",
        ]
    );
}

/// Commands that stand in for those of the cluster and of AWS: they write down their arguments, and what they are given.
const STAND_INS: [(&str, &str); 5] = [
    (
        "kubectl",
        "echo \"kubectl $*\" >> \"$LOG\"; case \"$1\" in create) echo made; cat >> \"$LOG\";; apply) cat > /dev/null;; esac",
    ),
    ("aws", "echo \"aws $*\" >> \"$LOG\"; [ -z \"$AWS_FAILS\" ] && echo '{\"password\": \"from-aws\"}'"),
    ("jq", "[ -z \"$AWS_FAILS\" ] && printf from-aws"),
    ("openssl", "[ -z \"$AWS_FAILS\" ] && echo 0123456789abcdef"),
    ("curl", "[ -z \"$AWS_FAILS\" ] && echo certificates"),
];

#[test]
fn a_recipe_makes_nothing_of_what_is_empty_or_could_not_be_read_and_has_no_password_among_arguments() {
    let (stack, state) =
        (stack(&everything("18.11", "env:DB_PASSWORD", "password: managed", "secrets: none")), state());
    let folder = TempDir::new().expect("a folder");
    for (name, script) in STAND_INS {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it can be written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("it is there");
    }
    let log = folder.path().join("log");
    let recipes = secrets::recipes(&Description::new(&stack, &state));
    assert!(recipes.len() >= 10, "{recipes:?}");
    for recipe in recipes {
        let run = |fails: &str, leave_out: Option<&String>| {
            std::fs::write(&log, "").expect("it can be written");
            let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
            let mut command = Command::new("sh");
            command.args(["-c", &recipe.commands]).env("PATH", path).env("LOG", &log).env("AWS_FAILS", fails);
            // Those of the operator are never put into a cluster.
            command.env("AWS_ACCESS_KEY_ID", "operators-own").env("AWS_SECRET_ACCESS_KEY", "operators-own");
            for variable in &recipe.reads {
                match leave_out == Some(variable) {
                    true => command.env(variable, ""),
                    false => command.env(variable, "canary-of-a-password"),
                };
            }
            let ran = command.output().expect("there is a shell");
            (ran.status.success(), std::fs::read_to_string(&log).expect("it is there"), said(&ran))
        };
        let (is_done, said, printed) = run("", None);
        assert!(is_done && said.contains("kubectl create"), "{}: {said}{printed}", recipe.name);
        assert!(!said.contains("operators-own"), "{}: {said}", recipe.name);
        let is_file = recipe.name == "tls";
        for line in said.lines().filter(|line| line.starts_with("kubectl ") && !is_file) {
            assert!(!line.contains("canary") && !line.contains("from-aws"), "{}: {line}", recipe.name);
        }
        let can_renew = said.contains("kubectl apply --server-side");
        assert_eq!(can_renew, recipe.name != "gitlab-secrets", "{}: {said}", recipe.name);
        for variable in &recipe.reads {
            let (is_done, said, _) = run("", Some(variable));
            assert!(!is_done && !said.contains("kubectl"), "{} without {variable}: {said}", recipe.name);
        }
        if recipe.reads.is_empty() && recipe.name != "gitlab-secrets" {
            let (is_done, said, _) = run("yes", None);
            assert!(!is_done && !said.contains("kubectl"), "{}: {said}", recipe.name);
        }
        if recipe.name == "gitlab-secrets" {
            let (is_done, said, _) = run("yes", None);
            assert!(!is_done && !said.contains("kubectl create"), "{said}");
        }
    }
}

#[test]
fn the_commands_of_a_secret_have_no_key_and_are_read_by_a_shell() {
    for stack in [stack(CHART), with_cache_and_role(CHART)] {
        let state = state();
        let recipes = secrets::recipes(&Description::new(&stack, &state));
        assert!(recipes.len() >= 6, "{recipes:?}");
        for recipe in recipes {
            let read = Command::new("sh").args(["-n", "-c", &recipe.commands]).output().expect("a shell");
            assert!(read.status.success(), "{}: {}", recipe.name, said(&read));
            assert!(recipe.commands.contains("/dev/stdin"), "{}", recipe.commands);
        }
    }
}

#[test]
fn what_the_chart_could_not_use_is_refused_with_what_to_write() {
    let without = |bucket: &str| CHART.replace(&format!("{bucket}: {bucket}, "), "");
    for (text, message, hint) in [
        (CHART.replace("18.11", "16.11"), "known for GitLab 17 to 19", "`version`"),
        (CHART.replace("18.11", "20.1"), "known for GitLab 17 to 19", "`version`"),
        (CHART.replace("18.11", "19.2"), "no Redis of its own", "`caches:`"),
        (without("lfs"), "no bucket for: lfs", "`lfs: NAME`"),
        (without("registry"), "the registry has no bucket", "`registry: NAME`"),
        (CHART.replace(", tmp: tmp }", " }"), "by way of a second bucket", "`tmp: NAME`"),
        (
            CHART.replace("database_name: gitlab_production, ", ""),
            "without a database in it",
            "`database_name",
        ),
    ] {
        let text =
            if text.contains("database_name") { text } else { text.replace("gitlab-pgsql", "other-pgsql") };
        let refused = refused(&text, "helm-values");
        assert!(refused.message.contains(message) && refused.hint.contains(hint), "{refused:?}");
    }
}

#[test]
fn a_gitlab_without_an_ingress_or_for_docker_gitlab_has_no_values_of_the_chart() {
    assert!(!all(&stack(OMNIBUS)).contains_key("helm-values"));
    let on_disk = CHART
        .replace("  buckets: {", "  file_system: nfs\n  buckets: {")
        .replace("databases:", "file_systems: { nfs: {} }\ndatabases:");
    assert!(all(&stack(&on_disk)).contains_key("helm-values"), "it has buckets beside the file system");
    let start = on_disk.find("  buckets: {").expect("it is there");
    let end = start + on_disk[start..].find('\n').expect("a line ends");
    let no_buckets = format!("{}{}", &on_disk[..start], &on_disk[end + 1..]);
    assert!(!all(&stack(&no_buckets)).contains_key("helm-values"));
}

/// Evaluates `gitlab.rb` as the package does, as far as its settings go, and prints them as JSON.
const STUB: &str = r#"
require 'json'
class Settings
  attr_reader :all
  def initialize
    @all = Hash.new { |hash, key| hash[key] = Hash.new { |below, name| below[name] = {} } }
  end
  def method_missing(name, *arguments)
    arguments.empty? ? @all[name.to_s] : @all[name.to_s] = arguments.first
  end
  def respond_to_missing?(*) = true
end
settings = Settings.new
settings.instance_eval(File.read(ARGV[0]), ARGV[0])
puts JSON.generate(settings.all)
"#;

/// The settings in a text as Ruby reads them; nothing, with words, where there is no Ruby.
fn settings(text: &str) -> Option<Value> {
    if Command::new("ruby").arg("--version").output().is_err() {
        eprintln!("skipped: ruby is not installed");
        return None;
    }
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("gitlab.rb");
    std::fs::write(&path, text).expect("it can be written");
    let checked = Command::new("ruby").arg("-wc").arg(&path).output().expect("it was there a moment ago");
    assert!(checked.status.success() && said(&checked).trim() == "Syntax OK", "{}", said(&checked));
    let ran = Command::new("ruby")
        .args(["-e", STUB])
        .arg(&path)
        .env("GITLAB_DB_PASSWORD", "it's #{secret}")
        .output();
    let ran = ran.expect("it was there a moment ago");
    assert!(ran.status.success(), "{}", said(&ran));
    Some(serde_json::from_slice(&ran.stdout).expect("JSON"))
}

#[test]
fn ruby_reads_the_settings_that_are_meant() {
    let rendered = one(&stack(OMNIBUS), "gitlab-rb");
    let Some(settings) = settings(&rendered.text) else { return };
    assert_eq!(settings["external_url"], "https://gitlab.example.com");
    let rails = &settings["gitlab_rails"];
    assert_eq!(rails["nginx"]["listen_port"], 80);
    assert_eq!(rails["nginx"]["real_ip_trusted_addresses"], json!(["10.0.0.0/8", "192.168.0.0/16"]));
    assert_eq!(rails["db_password"], "it's #{secret}", "from the environment, and taken as it is");
    assert_eq!(rails["gitlab_shell_ssh_port"], 2222);
    assert_eq!(rails["object_store"]["objects"]["pages"], json!({ "enabled": false }));
    assert_eq!(rails["object_store"]["objects"]["lfs"], json!({ "bucket": "gitlab-lfs" }));
    assert_eq!(rails["rack_attack_git_basic_auth"]["maxretry"], 10);
    assert_eq!(settings["registry"]["nginx"]["listen_port"], 5080);
    assert_eq!(settings["registry"]["storage"]["s3"]["bucket"], "gitlab-registry");
    assert_eq!(settings["prometheus_monitoring"]["enable"], false);
}

#[test]
fn the_proxy_is_configured_by_the_keys_of_the_version() {
    for (version, new) in [("18.11", false), ("19.1", false), ("19.2", true), ("20.0", true)] {
        let text = OMNIBUS.replace("version: \"19.2\"", &format!("version: \"{version}\""));
        let text = one(&stack(&text), "gitlab-rb").text;
        assert_eq!(text.contains("\ngitlab_rails['nginx']['listen_port'] = 80"), new, "{version}\n{text}");
        assert_eq!(text.contains("\nnginx['listen_port'] = 80"), !new, "{version}");
        assert_eq!(text.contains("\nregistry['nginx']['listen_port']"), new, "{version}");
        assert_eq!(text.contains("\nregistry_nginx['listen_port']"), !new, "{version}");
    }
}

#[test]
fn a_role_and_a_cache_take_the_place_of_keys_and_the_packages_own_redis() {
    let rendered = one(&with_cache_and_role(OMNIBUS), "gitlab-rb");
    for said in ["'use_iam_profile' => true", "redis['enable'] = false", "ENV['GITLAB_REDIS_PASSWORD']"] {
        assert!(rendered.text.contains(said), "{said}\n{}", rendered.text);
    }
    assert!(!rendered.text.contains("ACCESS_KEY"), "{}", rendered.text);
    settings(&rendered.text);
}

#[test]
fn the_config_map_has_the_same_settings() {
    if !has(&python(), "yaml", "localstack/up makes it") {
        return;
    }
    let stack = stack(OMNIBUS);
    let config = read(&one(&stack, "omnibus-config").text);
    let (_, whole) = one(&stack, "gitlab-rb")
        .text
        .split_once('\n')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("lines");
    assert_eq!(config["data"]["GITLAB_OMNIBUS_CONFIG"], whole);
    assert_eq!(config["metadata"]["name"], "gitlab-omnibus");
}

#[test]
fn a_reader_of_toml_reads_the_runner_that_is_meant() {
    let rendered = one(&stack(OMNIBUS), "runner-config/builder");
    let config: toml::Table = toml::from_str(&rendered.text).expect("TOML");
    assert_eq!(config["concurrent"].as_integer(), Some(4));
    let runner = &config["runners"][0];
    assert_eq!(runner["url"].as_str(), Some("https://gitlab.example.com/"));
    assert_eq!(runner["token"].as_str(), Some("__PUT_TOKEN_HERE__"));
    let docker = &runner["docker"];
    assert_eq!(docker["services"][0]["name"].as_str(), Some("docker:28-dind"));
    assert_eq!((docker["cpus"].as_str(), docker["memory"].as_str()), (Some("0.5"), Some("4g")));
    assert!(
        docker["volumes"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one.as_str() == Some("/certs/client")))
    );
    assert!(
        rendered.warnings.iter().any(|warning| warning.contains("root on its machine")),
        "{:?}",
        rendered.warnings
    );

    let nodes = OMNIBUS.replace("privileged: true, cpu", "node_selector: { pool: ci }, cpu");
    let refused = refused(&nodes, "runner-config/builder");
    assert!(refused.hint.contains("executor: kubernetes"), "{refused:?}");
}

#[test]
fn the_runner_of_the_chart_has_a_template_of_toml_without_tags_and_without_a_token() {
    if !has(&python(), "yaml", "localstack/up makes it") {
        return;
    }
    for (name, pool, is_privileged) in [("standard", "ci", false), ("large", "ci-large", true)] {
        let values = read(&one(&stack(CHART), &format!("runner-values/{name}")).text);
        let config: toml::Table =
            toml::from_str(values["runners"]["config"].as_str().expect("a text")).expect("TOML");
        let runner = &config["runners"][0];
        assert_eq!(runner["kubernetes"]["namespace"].as_str(), Some("{{ .Release.Namespace }}"));
        assert_eq!(runner["kubernetes"]["node_selector"]["pool"].as_str(), Some(pool));
        assert_eq!(runner["cache"]["s3"]["BucketName"].as_str(), Some("gitlab-runner-cache"));
        assert_eq!(runner["cache"]["s3"]["AuthenticationType"].as_str(), Some("iam"));
        assert_eq!(runner["kubernetes"].get("privileged").is_some(), is_privileged);
        for never in ["token", "tags", "tag_list", "url"] {
            assert!(runner.get(never).is_none(), "{never}");
        }
        assert!(config.get("concurrent").is_none());
        let rules = values["rbac"]["rules"].as_array().expect("rules");
        assert!(rules.iter().all(|rule| !rule.to_string().contains('*')), "{rules:?}");
    }
}

#[test]
fn flux_gets_the_version_that_it_serves_and_ecr_no_secret() {
    let text = one(&stack(OMNIBUS), "flux").text;
    assert_eq!(text.matches("apiVersion: image.toolkit.fluxcd.io/v1\n").count(), 3, "{text}");
    assert!(text.contains("name: registry-pull") && text.contains("provider: generic"), "{text}");
    let ecr = OMNIBUS.replace(
        "image: registry.example.com/group/app",
        "image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/app",
    );
    let text = one(&stack(&ecr), "flux").text;
    assert!(text.contains("provider: aws") && !text.contains("secretRef"), "{text}");
}

#[test]
fn a_pipeline_needs_a_registry_and_an_image_without_root() {
    let text = one(&stack(OMNIBUS), "pipeline").text;
    assert!(text.contains("buildctl-daemonless.sh") && !text.contains("kaniko"), "{text}");
    let root = OMNIBUS.replace("  flux:", "  pipeline: { image: \"moby/buildkit:v0.23.2\" }\n  flux:");
    assert!(refused(&root, "pipeline").hint.contains("rootless"));
    let none = OMNIBUS.replace("  registry: { domain: registry.example.com }\n", "  pipeline: {}\n");
    assert!(refused(&none, "pipeline").hint.contains("registry: { domain"));
}

/// A Python that has the package `helm-python-sdk`: that of the emulator, or the one that this variable names.
const HELM: &str = "PROVISION_TEST_HELM_PYTHON";

/// Renders a chart with values as Helm does, values held against the chart's closed schema, and prints the manifests.
const TEMPLATE: &str = r#"
import json, sys
from helm_python import Chart, values_from_yaml
with Chart.load(sys.argv[1]) as chart:
    values = values_from_yaml(open(sys.argv[2]).read())
    chart.validate_schema(values)
    print(json.dumps(chart.render(values=values, name="gitlab", namespace="gitlab")))
"#;

#[test]
fn helm_renders_a_chart_with_the_values() {
    let python = std::env::var_os(HELM).map_or_else(python, PathBuf::from);
    if !has(
        &python,
        "helm_python",
        "tests/run installs it, or PROVISION_TEST_HELM_PYTHON names one that has it",
    ) {
        return;
    }
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gitlab/charts");
    let folder = TempDir::new().expect("a folder");
    let template = |chart: &str, text: &str| {
        let path = folder.path().join("values.yaml");
        std::fs::write(&path, text).expect("it can be written");
        Command::new(&python)
            .args(["-c", TEMPLATE])
            .arg(charts.join(chart))
            .arg(&path)
            .output()
            .expect("it ran before")
    };
    for version in ["17.11", "18.11", "19.2"] {
        let text = CHART.replace("version: \"18.11\"", &format!("version: \"{version}\""));
        let values = one(&with_cache_and_role(&text), "helm-values").text;
        let output = template("gitlab", &values);
        let said = said(&output);
        assert!(output.status.success(), "{version}: {said}\n{values}");
        for part in [
            "gitlab-pgsql.abcdefghijkl.eu-west-1.rds.amazonaws.com",
            "rediss://",
            "gitlab-lfs",
            "nlb-target-type",
        ] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
        let wrong = template("gitlab", &values.replace("    port: 22", "    prot: 22"));
        assert!(!wrong.status.success(), "the schema of the test's chart is closed");
    }
    for name in ["standard", "large"] {
        let output = template("gitlab-runner", &one(&stack(CHART), &format!("runner-values/{name}")).text);
        let said = said(&output);
        assert!(output.status.success() && said.contains("namespace = \\\\\\\"gitlab\\\\\\\""), "{said}");
    }
}
