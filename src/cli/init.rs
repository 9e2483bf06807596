//! `provision init`: writes a commented stack file for the cluster that it finds.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::aws::network::{ClusterFound, clusters};
use crate::cli::first_file::stack_file;
use crate::cli::report;
use crate::engine::executor::hint_for_code;
use crate::engine::file;
use crate::view::failure::{Failure, FailureKind};

use super::Exit;
use super::opening::{Meant, connect};
use super::options::Global;
use super::screen::Screen;
use super::session::aws_failure;
use super::stack_file::{STACK_FILE, found_above, leads_nowhere, rival};
use super::written::to_write;

/// Finds the cluster and writes the file; never over one in which anything is written.
pub(super) async fn run(global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let named = match global.config.as_slice() {
        [] => None,
        [one] => Some(one.as_path()),
        _ => {
            let message = "init writes one stack file, and several are named";
            return Err(Failure::message(FailureKind::Usage, message)
                .hint(format!("name the one to write: provision init --config {STACK_FILE}")));
        }
    };
    let above = match named {
        Some(_) => None,
        None => found_above()?,
    };
    // An empty file that commands take here is the one to write.
    let empty_above = above.as_deref().filter(|above| is_blank(above));
    let path = named.or(empty_above).unwrap_or(Path::new(STACK_FILE));
    if global.reference {
        let message = "init writes a stack file, and has no use for --reference";
        return Err(Failure::message(FailureKind::Usage, message));
    }
    if leads_nowhere(path) || path.exists() && !is_blank(path) {
        return Err(refused(path));
    }
    if let Some(rival) = rival(path) {
        let message = format!("{} is a stack file already, and two would be refused", rival.display());
        return Err(Failure::message(FailureKind::Usage, message)
            .hint("use that one, or name another file with --config"));
    }
    if let Some(above) = above.as_deref().filter(|above| *above != path) {
        let message = format!(
            "{} is the stack file that commands take here, and a second one would hide it",
            above.display()
        );
        return Err(Failure::message(FailureKind::Usage, message).hint(format!(
            "use that one; or, for another stack in this folder: provision init --config {STACK_FILE}"
        )));
    }
    let aws = connect(global, Meant::default()).await?;
    let found = clusters(&aws).await.map_err(|error| {
        let hint = hint_for_code(&error.code).map(|hint| for_the_built_in_stack(&hint));
        Failure::failed(error).maybe_hint(hint)
    })?;
    let place = format!("in account {}, region {}", aws.account().await.map_err(aws_failure)?, aws.region());
    let chosen = choose(found, global.cluster.as_deref(), &place)?;
    let cluster = chosen.name();
    // A network that is named by its ids has no name to be looked for by.
    let written = matches!(chosen, Chosen::Found(_)).then_some(cluster);
    let text = stack_file(written, aws.region()).map_err(Failure::failed)?;
    match write(path, &text) {
        Ok(()) => {
            let path = path.display().to_string();
            if global.json {
                let region = aws.region().to_owned();
                screen.report(report::Init { path, cluster: cluster.to_owned(), region });
            } else {
                let next = match chosen {
                    Chosen::Found(_) => "Next: provision plan",
                    Chosen::Named(_) => {
                        "Nothing here has the tags of a cluster, so that its network is named next, by the ids of its VPC, of one subnet in each zone and \
                         of the group of its nodes: provision import VPC-ID --subnet-id SUBNET-ID --node-security-group GROUP-ID"
                    }
                };
                screen.tell(&format!("Wrote {path} for the cluster {cluster}. {next}"));
            }
            Ok(Exit::Done)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(refused(path)),
        Err(error) => {
            let message = format!("cannot write {}: {error}", path.display());
            Err(Failure::message(FailureKind::Failed, message).hint(to_write(&error, "--config")))
        }
    }
}

/// The hint with the policy of the built-in stack: there is no file yet that a policy could be for.
fn for_the_built_in_stack(hint: &str) -> String {
    hint.replace("provision iam-policy", "provision iam-policy --reference")
}

fn refused(path: &Path) -> Failure {
    if leads_nowhere(path) {
        let message = format!("{} is a link to a file that is not there", path.display());
        return Failure::message(FailureKind::Usage, message)
            .hint("remove the link, or make the file that it names; or name another file with --config");
    }
    let message = format!("{} exists already, and is not overwritten", path.display());
    Failure::message(FailureKind::Usage, message).hint("name another file with --config")
}

/// True for a file in which nothing is written.
fn is_blank(path: &Path) -> bool {
    file::read(path).is_ok_and(|content| content.iter().all(u8::is_ascii_whitespace))
}

/// Writes the file where there is none, or an empty one, and makes its folder.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::File::options();
    match is_blank(path) {
        true => options.write(true).truncate(true),
        false => options.write(true).create_new(true),
    };
    options.open(path)?.write_all(text.as_bytes())
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

fn choose(found: Vec<ClusterFound>, wanted: Option<&str>, place: &str) -> Result<Chosen, Failure> {
    let names: Vec<String> = found.iter().map(|cluster| cluster.name.clone()).collect();
    let mut fitting: Vec<ClusterFound> =
        found.into_iter().filter(|cluster| wanted.is_none_or(|wanted| cluster.name == wanted)).collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(cluster), true) => Ok(Chosen::Found(cluster)),
        (Some(_), false) => {
            let message = format!("several kops clusters are here: {}", names.join(", "));
            Err(Failure::message(FailureKind::Usage, message).hint("choose one with --cluster"))
        }
        (None, _) if names.is_empty() => match wanted {
            Some(name) => Ok(Chosen::Named(name.to_owned())),
            None => {
                let message = format!("no kops cluster was found {place}");
                Err(Failure::message(FailureKind::Failed, message).hint(
                    "check --region and --profile; for a cluster that left no tags, with a name of your choice for it: provision init --cluster NAME",
                ))
            }
        },
        (None, _) => {
            let message =
                format!("no cluster of that name was found {place}; there are: {}", names.join(", "));
            Err(Failure::message(FailureKind::Usage, message).hint("choose one with --cluster"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_file_is_written_where_none_or_an_empty_one_is_and_over_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let read = |name: &str| std::fs::read_to_string(path(name)).expect("it is there");
        for (name, before) in [
            ("new.yaml", None),
            ("a/b/new.yaml", None),
            ("empty.yaml", Some("")),
            ("blank.yaml", Some(" \n")),
        ] {
            if let Some(before) = before {
                std::fs::write(path(name), before).expect("it can be written");
            }
            write(&path(name), "stack: a\n").expect("it is written");
            assert_eq!(read(name), "stack: a\n", "{name}");
        }
        let error = write(&path("new.yaml"), "stack: b\n").expect_err("something is written in it");
        assert_eq!((error.kind(), read("new.yaml")), (ErrorKind::AlreadyExists, "stack: a\n".to_owned()));
        std::fs::write(path("file"), "").expect("it can be written");
        assert!(write(&path("file/new.yaml"), "stack: a\n").is_err(), "a file is no folder");
    }
}
