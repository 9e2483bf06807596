//! `runner-config/NAME`: `config.toml` of a runner on a machine with Docker.

use super::runner_values::of_executor;
use crate::gitlab::description::{Description, Executor, Runner};
use crate::gitlab::runner::{
    CERTIFICATES, Config, DAEMON, Docker, Of, cache, daemon, docker_size, over_tls, privileged, runner, text,
    url,
};
use crate::gitlab::target::{Refused, Rendering, Target};

pub(super) const TARGET: Target = Target {
    name: "runner-config",
    doc: "config.toml of GitLab Runner, a file for each runner with the executor of Docker.",
    file: "runner-config/*.toml",
    before: "",
    reads_state: true,
    members: |description| of_executor(description, Executor::Docker),
    render,
};

/// Stands where the token is put in on the machine.
const TOKEN: &str = "__PUT_TOKEN_HERE__";

fn render(description: &Description<'_>, name: &str) -> Result<Rendering, Refused> {
    let (gitlab, runner) = runner(description, name)?;
    if !runner.node_selector.is_empty() {
        let message =
            format!("the runner {name} is on a machine with Docker, which has no nodes to choose from");
        return Err(Refused::new(message, "take `node_selector` out, or write `executor: kubernetes`"));
    }
    let service = runner.privileged.then(|| daemon(&runner.image)).flatten();
    let is_daemon = service.is_some();
    let volumes = is_daemon.then_some(CERTIFICATES).into_iter().chain(["/cache"]).map(str::to_owned);
    let docker = Docker {
        image: runner.image.clone(),
        privileged: runner.privileged,
        cpus: runner.cpu.as_deref().map(cpus),
        memory: runner.memory.as_deref().map(docker_size),
        volumes: volumes.collect(),
        services: service.into_iter().collect(),
    };
    let of = Of {
        name: Some(name.to_owned()),
        url: Some(url(gitlab)),
        token: Some(TOKEN.to_owned()),
        executor: "docker",
        environment: if is_daemon { over_tls() } else { Vec::new() },
        cache: cache(description, runner),
        docker: Some(docker),
        kubernetes: None,
    };
    let config = text(&Config { concurrent: Some(runner.concurrent), runners: vec![of] });
    // The token is in no argument of a process: `printf` is a part of the shell.
    let text = format!(
        "# On the machine, with the token of the runner in the variable RUNNER_TOKEN:\n\
         # printf '/^#/!s/{TOKEN}/%s/' \"${{RUNNER_TOKEN:?}}\" | sed -f /dev/stdin {name}.toml | install -m 600 /dev/stdin /etc/gitlab-runner/config.toml\n\
         {config}"
    );
    let (warnings, notes) = (warnings(name, runner, is_daemon), notes(name, runner));
    Ok(Rendering { text, warnings, notes, secrets: Vec::new() })
}

/// Processors as Docker counts them: `500m` is half a one.
fn cpus(cpu: &str) -> String {
    match cpu.strip_suffix('m').and_then(|thousandths| thousandths.parse::<u32>().ok()) {
        Some(thousandths) => format!("{}", f64::from(thousandths) / 1000.0),
        None => cpu.to_owned(),
    }
}

/// Sentences on what is to be done with the file.
fn notes(name: &str, runner: &Runner) -> Vec<String> {
    let mut notes = vec![format!(
        "make the runner in GitLab, with its tags, and bring {name}.toml to the machine: the command in its first lines puts the token in"
    )];
    if runner.cache_bucket.is_some() {
        notes.push(format!(
            "the runner {name} reaches its cache by the role of its machine, which has to have one"
        ));
    }
    notes
}

/// Sentences on what is unsound.
fn warnings(name: &str, runner: &Runner, is_daemon: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if runner.privileged {
        warnings.push(privileged(name));
    }
    if runner.privileged && !is_daemon {
        warnings.push(format!(
            "the runner {name} has no daemon for its jobs, since its image is none of Docker with a version, such as `docker:28`: write such a one, \
             or declare a service `{DAEMON}` in each pipeline"
        ));
    }
    if let Some(role) = &runner.role {
        warnings.push(format!("the role {role} is for service accounts of Kubernetes: the machine of the runner {name} needs one of its own"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_of_kubernetes_are_written_as_docker_has_them() {
        for (quantity, expected) in [("2", "2"), ("500m", "0.5"), (".5", ".5"), ("1500m", "1.5")] {
            assert_eq!(cpus(quantity), expected);
        }
        assert_eq!(["4Gi", "512Mi", "1Ti"].map(docker_size), ["4g", "512m", "1t"]);
    }

    #[test]
    fn the_daemon_is_of_the_version_of_its_client() {
        let daemon = |image| daemon(image).map(|service| service.name);
        for (image, expected) in [
            ("docker:28", Some("docker:28-dind")),
            ("docker:28.5.1-cli", Some("docker:28.5.1-dind")),
            ("registry.example.com/library/docker:29", Some("registry.example.com/library/docker:29-dind")),
            ("docker:latest", None),
            ("alpine:3.22", None),
            ("docker@sha256:0123456789012345678901234567890123456789012345678901234567890123", None),
        ] {
            assert_eq!(daemon(image).as_deref(), expected, "{image}");
        }
    }
}
