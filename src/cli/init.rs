//! `provision init`: writes a commented stack file for the cluster that it finds.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::aws::network::{ClusterFound, clusters};
use crate::cli::first_file::stack_file;
use crate::cli::report;
use crate::view::failure::{Failure, FailureKind};
use crate::view::harmless;

use super::Exit;
use super::opening::connect;
use super::options::Global;
use super::screen::Screen;
use super::session::aws_failure;
use super::stack_file::{STACK_FILE, found_above, rival};

/// Finds the cluster and writes the file; never over one that is there.
pub(super) async fn run(global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let path = global.config.as_deref().unwrap_or(Path::new(STACK_FILE));
    let refused = || {
        Failure::message(
            FailureKind::Usage,
            format!("{} exists already, and is not overwritten", path.display()),
        )
        .hint("name another file with --config")
    };
    if global.reference {
        let message = "init writes a stack file, and has no use for --reference";
        return Err(Failure::message(FailureKind::Usage, message));
    }
    if path.exists() {
        return Err(refused());
    }
    if let Some(rival) = rival(path) {
        let message = format!("{} is a stack file already, and two would be refused", rival.display());
        return Err(Failure::message(FailureKind::Usage, message)
            .hint("use that one, or name another file with --config"));
    }
    if let (None, Some(above)) = (&global.config, found_above()?) {
        let message = format!(
            "{} is the stack file that commands take here, and a second one would hide it",
            above.display()
        );
        return Err(Failure::message(FailureKind::Usage, message).hint(format!(
            "use that one; or, for another stack in this folder: provision init --config {STACK_FILE}"
        )));
    }
    let aws = connect(global, None, PathBuf::new()).await?;
    let found = clusters(&aws).await.map_err(aws_failure)?;
    let chosen = choose(found, global.cluster.as_deref())?;
    let cluster = chosen.name();
    let text = stack_file(cluster, aws.region()).map_err(Failure::failed)?;
    let written = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => {
            let path = path.display().to_string();
            if global.json {
                let region = aws.region().to_owned();
                screen.report(report::Init { path, cluster: cluster.to_owned(), region });
            } else {
                let next = match chosen {
                    Chosen::Found(_) => "Next: provision plan",
                    Chosen::Named(_) => {
                        "Nothing here has the tags of a cluster, so that its network is named next: provision import vpc-…"
                    }
                };
                screen.out.line(&harmless(&format!("Wrote {path} for the cluster {cluster}. {next}")));
            }
            Ok(Exit::Done)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(refused()),
        Err(error) => {
            Err(Failure::message(FailureKind::Failed, format!("cannot write {}: {error}", path.display())))
        }
    }
}

/// The cluster that the file is written for.
enum Chosen {
    Found(ClusterFound),
    /// One that left no tags is believed to be there, and its network is named afterwards.
    Named(String),
}

impl Chosen {
    fn name(&self) -> &str {
        match self {
            Self::Found(found) => &found.name,
            Self::Named(name) => name,
        }
    }
}

fn choose(found: Vec<ClusterFound>, wanted: Option<&str>) -> Result<Chosen, Failure> {
    let names: Vec<String> = found.iter().map(|cluster| cluster.name.clone()).collect();
    let mut fitting: Vec<ClusterFound> =
        found.into_iter().filter(|cluster| wanted.is_none_or(|wanted| cluster.name == wanted)).collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(cluster), true) => Ok(Chosen::Found(cluster)),
        (Some(_), false) => {
            let message = format!("several kops clusters are here: {}", names.join(", "));
            Err(Failure::message(FailureKind::Usage, message).hint("choose one with --cluster NAME"))
        }
        (None, _) if names.is_empty() => match wanted {
            Some(name) => Ok(Chosen::Named(name.to_owned())),
            None => {
                let message = "no kops cluster was found in this account and region";
                Err(Failure::message(FailureKind::Failed, message).hint(
                    "check --region and --profile; for a cluster that left no tags, name it: provision init --cluster NAME",
                ))
            }
        },
        (None, _) => {
            let message = format!("no cluster of that name was found; there are: {}", names.join(", "));
            Err(Failure::message(FailureKind::Usage, message).hint("choose one with --cluster NAME"))
        }
    }
}
