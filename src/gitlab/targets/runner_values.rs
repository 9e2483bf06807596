//! `runner-values/NAME`: values of the runner chart, for jobs in Kubernetes.

use serde::Serialize;

use crate::gitlab::description::{Description, Executor, Runner};
use crate::gitlab::external;
use crate::gitlab::runner::{
    CERTIFICATES, Config, EmptyDir, Kubernetes, Of, Volumes, cache, daemon, over_tls, privileged, runner,
    text, url,
};
use crate::gitlab::secrets::{Made, Recipe};
use crate::gitlab::target::{Members, Refused, Rendering, Target};
use crate::gitlab::yaml;

pub(super) const TARGET: Target = Target {
    name: "runner-values",
    doc: "Values of the runner chart, a file for each runner with the executor of Kubernetes.",
    file: "runner-values/*.yaml",
    before: "",
    reads_state: true,
    members: |description| of_executor(description, Executor::Kubernetes),
    render,
};

/// The runners with an executor.
pub(super) fn of_executor(description: &Description<'_>, executor: Executor) -> Members {
    let runners = description.gitlab.iter().flat_map(|gitlab| &gitlab.runners);
    let names = runners.filter(|(_, runner)| runner.executor == executor).map(|(name, _)| name.clone());
    let names: Vec<String> = names.collect();
    match (names.is_empty(), executor) {
        (false, _) => Members::Each(names),
        (true, Executor::Kubernetes) => Members::None("`runners: { NAME: { image: … } }` below `gitlab:`"),
        (true, Executor::Docker) => {
            Members::None("`runners: { NAME: { executor: docker, image: … } }` below `gitlab:`")
        }
    }
}

/// The chart's values.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Values {
    gitlab_url: String,
    concurrent: u32,
    rbac: Rbac,
    service_account: ServiceAccount,
    runners: Runners,
}

#[derive(Debug, Serialize)]
struct Rbac {
    create: bool,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    api_groups: [&'static str; 1],
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
}

#[derive(Debug, Serialize)]
struct ServiceAccount {
    create: bool,
    name: String,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    annotations: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Serialize)]
struct Runners {
    /// The Secret with the token.
    secret: String,
    /// TOML, which the chart takes for a template.
    config: String,
}

/// What the executor does, and nothing else; the chart's default is everything (GitLab documentation, runner/executors/kubernetes,
/// "Configure runner API permissions").
const RULES: [(&[&str], &[&str]); 7] = [
    // Warnings about the pod of a job are in its log, unless `print_pod_warning_events` is off.
    (&["events"], &["list", "watch"]),
    (&["pods"], &["create", "delete", "get", "list", "watch"]),
    (&["pods/attach", "pods/exec"], &["create", "delete", "get", "patch"]),
    (&["pods/log"], &["get", "list"]),
    (&["secrets"], &["create", "delete", "get", "update"]),
    (&["serviceaccounts"], &["get"]),
    (&["services"], &["create", "get"]),
];

fn render(description: &Description<'_>, name: &str) -> Result<Rendering, Refused> {
    let (gitlab, runner) = runner(description, name)?;
    let object = object_of(name);
    let role = external::role(description, runner.role.as_deref());
    let annotations = role.map(|role| ("eks.amazonaws.com/role-arn".to_owned(), role.into()));
    let rule = |(resources, verbs)| Rule { api_groups: [""], resources, verbs };
    let values = Values {
        gitlab_url: url(gitlab),
        concurrent: runner.concurrent,
        rbac: Rbac { create: true, rules: RULES.map(rule).into() },
        service_account: ServiceAccount {
            create: true,
            name: object.clone(),
            annotations: annotations.into_iter().collect(),
        },
        runners: Runners { secret: object.clone(), config: config(description, runner) },
    };
    Ok(Rendering {
        text: yaml::document(&values),
        warnings: warnings(description, name, runner),
        notes: notes(description, runner, &object),
        secrets: vec![object],
    })
}

/// The name of the objects of a runner, and of the Secret with its token.
fn object_of(name: &str) -> String {
    format!("gitlab-runner-{name}")
}

/// The variable with the token of a runner.
const TOKEN: &str = "RUNNER_TOKEN";

/// The commands that make the Secret of each runner.
pub(super) fn recipes(description: &Description<'_>) -> Vec<Recipe> {
    let Members::Each(names) = of_executor(description, Executor::Kubernetes) else { return Vec::new() };
    let namespace = &description.kubernetes.namespace;
    let recipe = |name: String| {
        let name = object_of(&name);
        // Both keys: the chart mounts each by its name, and the pod never starts without one of them.
        let empty = &["runner-registration-token"];
        let made = Made { empty, ..Made::secret(&name, "runner-token", namespace) };
        Recipe::of(&made, &[TOKEN], &[format!("value=\"${TOKEN}\"")])
    };
    names.into_iter().map(recipe).collect()
}

/// The namespace of the release, which the chart fills in.
const NAMESPACE: &str = "{{ .Release.Namespace }}";

/// The template of runners. `concurrent`, `check_interval`, the token and tags have no place in it: the first two are values of the chart, and
/// the others GitLab's.
fn config(description: &Description<'_>, runner: &Runner) -> String {
    let is_daemon = runner.privileged.then(|| daemon(&runner.image)).flatten();
    let shared = EmptyDir { name: "docker-certs", mount_path: CERTIFICATES, medium: "Memory" };
    let kubernetes = Kubernetes {
        namespace: MARK.to_owned(),
        image: runner.image.clone(),
        privileged: runner.privileged.then_some(true),
        cpu_request: runner.cpu.clone(),
        memory_request: runner.memory.clone(),
        memory_limit: runner.memory.clone(),
        node_selector: runner.node_selector.clone(),
        volumes: is_daemon.is_some().then(|| Volumes { empty_dir: vec![shared] }),
        services: is_daemon.into_iter().collect(),
    };
    let of = Of {
        executor: "kubernetes",
        environment: if kubernetes.services.is_empty() { Vec::new() } else { over_tls() },
        cache: cache(description, runner),
        kubernetes: Some(kubernetes),
        ..Of::default()
    };
    let text = text(&Config { concurrent: None, runners: vec![of] });
    literal(&text).replace(MARK, NAMESPACE)
}

/// Stands for the namespace until everything else is safe from being taken for a template.
const MARK: &str = "namespace-of-the-release";

/// A text that a template of Helm prints as it is.
fn literal(text: &str) -> String {
    text.replace("{{", "{{ `{{` }}")
}

/// Sentences on what is to be done beside the file.
fn notes(description: &Description<'_>, runner: &Runner, object: &str) -> Vec<String> {
    let namespace = &description.kubernetes.namespace;
    let mut notes =
        vec!["make the runner in GitLab, with its tags: its token is the one of the Secret".to_owned()];
    if let (Some(role), Some(_)) = (&runner.role, &runner.cache_bucket) {
        notes.push(format!("the role {role} has to trust the service account {namespace}/{object}"));
        notes.push(external::token(role));
    }
    notes
}

/// Sentences on what is unsound.
fn warnings(description: &Description<'_>, name: &str, runner: &Runner) -> Vec<String> {
    let mut warnings = Vec::new();
    if let (Some(role), Some(_)) = (&runner.role, &runner.cache_bucket) {
        let account = format!("{}/{}", description.kubernetes.namespace, object_of(name));
        warnings.extend(external::untrusted(description, role, &[account]));
    }
    if runner.privileged {
        warnings.push(privileged(name));
    }
    if runner.cache_bucket.is_some() && runner.role.is_none() {
        warnings.push(format!(
            "the runner {name} reaches its cache by the role of its node: write `role`, so that jobs of others do not"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helm_would_take_for_a_template_is_printed_as_it_is() {
        assert_eq!(literal("a {{ b }}"), "a {{ `{{` }} b }}");
    }
}
