//! The arguments of each command. Those that several commands take are in `options`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::options::{Approval, Discovery, Lock, Parallelism, Planning};
use super::{graph, output, schema, values};
use crate::engine::address::Address;
use crate::engine::plan::Mode;
use crate::engine::planner;
use crate::engine::resource::Id;
use crate::engine::state::Place;
use crate::engine::take_over::Wish;
use crate::stack::StackName;

/// Arguments of `iam-policy`.
#[derive(Debug, Args)]
pub struct IamPolicy {
    /// Print this one of the policies, where the stack needs several: 1 is the first
    #[arg(long, value_name = "N", value_parser = values::part)]
    pub part: Option<NonZeroUsize>,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The VPC that the cluster is in, or ADDRESS=ID: a declared address, and the id or name that AWS shows
    #[arg(value_name = "VPC-ID|ADDRESS=ID", required_unless_present_any = ["found", "terraform"], value_parser = values::importable)]
    pub what: Vec<Importable>,
    /// List what no state knows, with the command that would adopt each; record nothing
    #[arg(long, conflicts_with_all = ["what", "out", "into", "take_over"])]
    pub found: bool,
    /// Read a state of Terraform, and list what of it can be taken over; `-` reads what `terraform state pull` prints
    ///
    /// Formats 2 to 4 are read, of Terraform since 0.7. Of passwords in it nothing is read. AWS is asked for nothing, unless --out or
    /// --into takes everything over.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["what", "take_over", "found"])]
    pub terraform: Option<PathBuf>,
    /// Also write the `removed` blocks by which Terraform forgets what can be taken over, and destroys none of it
    ///
    /// FILE is written over only where it has such blocks of an earlier run.
    #[arg(long, value_name = "FILE", requires = "terraform", conflicts_with_all = ["what", "found"])]
    pub removed: Option<PathBuf>,
    /// Take objects over from the state with this lineage, which changes none of them once the next apply has written their tags
    #[arg(long, value_name = "LINEAGE")]
    pub take_over: Option<String>,
    /// Write a new stack file that describes the objects exactly as they are, and record them
    ///
    /// FILE is written over only where it is empty. What belongs to an object comes along: a database's groups, a file system's mount
    /// targets and access points.
    #[arg(long, value_name = "FILE", conflicts_with = "into")]
    pub out: Option<PathBuf>,
    /// Add entries for the objects to a stack file that is there, and record them; without FILE, to the one that commands take here
    ///
    /// Nothing else of the file is changed, and its comments stay.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub into: Option<Option<PathBuf>>,
    /// The name of the new stack; without it, that of the first object
    #[arg(long, value_name = "NAME", requires = "out", value_parser = values::stack_name)]
    pub stack: Option<StackName>,
    /// The account that the objects are in: what has their names in another one is something else, and is refused
    #[arg(long, value_name = "ID", value_parser = values::account, conflicts_with_all = ["found", "terraform"])]
    pub account: Option<String>,
    #[command(flatten)]
    pub discovery: Discovery,
    #[command(flatten)]
    pub lock: Lock,
}

/// The objects that can be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Importable {
    /// A cluster's network.
    Network(Id),
    /// An object, at a declared address.
    Object(Wish),
}

impl Importable {
    pub(super) fn object(&self) -> Option<&Wish> {
        match self {
            Self::Object(wish) => Some(wish),
            Self::Network(_) => None,
        }
    }
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    pub planning: Planning,
    #[command(flatten)]
    pub parallelism: Parallelism,
    #[command(flatten)]
    pub lock: Lock,
    /// Save the plan; without FILE, under a new name in `plans/`
    ///
    /// A saved plan is applied only if stack, state and AWS are still as they were when it was made. FILE is written over only
    /// where it is an older saved plan.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub out: Option<Option<PathBuf>>,
    /// Exit with 2 if there are changes, of outputs too (with --refresh-only: drift), with 0 if there are none
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Print the plan as Markdown, for a comment on a pull request; never longer than GitHub takes
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// Also write the plan as a page for browsers: one file, which loads nothing from anywhere
    ///
    /// FILE is written over only where it is an older page.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Arguments of `graph`.
#[derive(Debug, Args)]
pub struct Graph {
    /// The language of the drawing
    #[arg(long, value_name = "FORMAT", default_value = "dot")]
    pub format: graph::Format,
    #[command(flatten)]
    pub planning: Planning,
}

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// A plan saved by `plan --out`; without it, a new plan is made
    #[arg(value_name = "PLAN", conflicts_with_all = ["target", "replace", "allow_data_loss", "destroy", "refresh_only"])]
    pub plan: Option<PathBuf>,
    /// Carry the plan out only if its digest begins like this: `plan --out` prints it
    #[arg(long, value_name = "DIGEST", value_parser = values::digest)]
    pub expect: Option<String>,
    #[command(flatten)]
    pub planning: Planning,
    #[command(flatten)]
    pub parallelism: Parallelism,
    #[command(flatten)]
    pub lock: Lock,
    #[command(flatten)]
    pub approval: Approval,
}

/// Arguments of `destroy`.
#[derive(Debug, Args)]
pub struct Destroy {
    /// Delete only this resource and what depends on it; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<Address>,
    #[command(flatten)]
    pub discovery: Discovery,
    #[command(flatten)]
    pub parallelism: Parallelism,
    #[command(flatten)]
    pub lock: Lock,
    #[command(flatten)]
    pub approval: Approval,
}

impl Destroy {
    /// The request to the planner.
    pub(super) fn options(&self) -> planner::Options {
        planner::Options {
            mode: Mode::Destroy,
            targets: self.target.iter().cloned().collect(),
            replace: Default::default(),
            allow_data_loss: Default::default(),
        }
    }
}

/// Arguments of `output`.
#[derive(Debug, Args)]
pub struct Output {
    /// Print only the value of this output
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The form of what is printed
    #[arg(long, value_enum, default_value_t = output::Format::Text, conflicts_with = "json")]
    pub format: output::Format,
}

/// Arguments of `history`.
#[derive(Debug, Args)]
pub struct History {
    /// The number of runs, the newest first
    #[arg(short, long, default_value_t = 20)]
    pub number: usize,
}

/// Arguments of `render`.
#[derive(Debug, Args)]
pub struct Render {
    /// The target: kubernetes, gitlab, … ; without it, with --out and --check, all that the stack file describes
    #[arg(value_name = "TARGET")]
    pub target: Vec<String>,
    /// Write the files in this folder, which is made where it is not there
    ///
    /// A file is written over only where this command has written it.
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    pub out: Option<PathBuf>,
    /// Compare with the files in this folder; exit with 2, and print the differences, if there are any
    #[arg(long, value_name = "DIR")]
    pub check: Option<PathBuf>,
}

/// Arguments of `secret`.
#[derive(Debug, Args)]
pub struct Secret {
    /// The Secret: the name of a database or a cache, or gitlab-secrets
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["to_time", "latest", "snapshot", "switch", "forget"]))]
pub struct Restore {
    /// The database or the file system, by its name in the stack file or its address
    #[arg(value_name = "NAME")]
    pub database: Place,
    /// As it was at this moment, in UTC: `2026-11-27T04:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = values::moment)]
    pub to_time: Option<jiff::Timestamp>,
    /// As it was at the last moment that can be restored
    #[arg(long)]
    pub latest: bool,
    /// From this snapshot; of a file system, from this recovery point of AWS Backup
    #[arg(long, value_name = "ID", value_parser = values::snapshot)]
    pub snapshot: Option<String>,
    /// Of a file system: into a folder of it, in place of a new file system
    #[arg(long, conflicts_with_all = ["switch", "forget"])]
    pub into_folder: bool,
    /// Of a file system: the role that AWS Backup takes; without it, AWSBackupDefaultServiceRole
    #[arg(long, value_name = "ARN", conflicts_with_all = ["switch", "forget"])]
    pub role: Option<String>,
    /// Exchange the names of the one that was restored and the one that serves; of a file system, their places in the stack
    #[arg(long)]
    pub switch: bool,
    /// The other way round: the one before has the name again
    #[arg(long, requires = "switch", conflicts_with_all = ["to_time", "latest", "snapshot", "forget"])]
    pub back: bool,
    /// Let go of what is kept; it stays in AWS as it is
    #[arg(long)]
    pub forget: bool,
    /// Show the steps, and do nothing
    #[arg(long, conflicts_with = "forget")]
    pub plan: bool,
    #[command(flatten)]
    pub lock: Lock,
    #[command(flatten)]
    pub approval: Approval,
}

/// A command with those of its options that say which step of it was asked for.
fn with_step(command: &str, steps: &[(&str, bool)]) -> String {
    let asked = steps.iter().filter(|(_, is_asked)| *is_asked).map(|(step, _)| *step);
    std::iter::once(command).chain(asked).collect::<Vec<_>>().join(" ")
}

impl Restore {
    /// The command with its step, as history and lock name it.
    pub(super) fn step(&self) -> String {
        let steps = [("--switch", self.switch), ("--back", self.back), ("--forget", self.forget)];
        with_step("restore", &steps)
    }

    /// The options that say what is restored, as they are typed.
    pub(super) fn typed(&self) -> String {
        let mut typed = match (&self.to_time, &self.snapshot) {
            (Some(time), _) => format!("--to-time {}", crate::recovery::status::written(*time)),
            (None, Some(snapshot)) => format!("--snapshot {snapshot}"),
            (None, None) => "--latest".to_owned(),
        };
        if self.into_folder {
            typed.push_str(" --into-folder");
        }
        if let Some(role) = &self.role {
            typed.push_str(&format!(" --role {role}"));
        }
        typed
    }
}

/// Arguments of `upgrade`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["to", "switch", "give_up", "forget"]))]
pub struct Upgrade {
    /// The database, by its name in the stack file or its address
    #[arg(value_name = "DATABASE")]
    pub database: Place,
    /// The version of PostgreSQL: `17`, for the newest 17 that AWS has for it, or `17.6`
    #[arg(long, value_name = "VERSION", value_parser = values::version)]
    pub to: Option<String>,
    /// By a copy that follows the database, and takes its name over with --switch: a blue/green deployment
    #[arg(long, requires = "to", conflicts_with_all = ["switch", "give_up", "forget"])]
    pub blue_green: bool,
    /// A parameter group of the new version, in place of one that is not the database's own
    #[arg(long, value_name = "NAME", requires = "to", conflicts_with_all = ["switch", "give_up", "forget"], value_parser = values::group)]
    pub parameter_group: Option<String>,
    /// Let the copy take the name over
    #[arg(long)]
    pub switch: bool,
    /// The time that RDS may take for that, 30 to 3600 seconds; beyond it all is as before
    #[arg(long, value_name = "SECONDS", requires = "switch", conflicts_with_all = ["to", "give_up", "forget"], default_value_t = 300, value_parser = clap::value_parser!(u16).range(30..=3600))]
    pub within: u16,
    /// Give it up before RDS has upgraded or switched; a copy stays in AWS
    #[arg(long)]
    pub give_up: bool,
    /// Delete the copy too
    #[arg(long, requires = "give_up", conflicts_with_all = ["to", "switch", "forget"])]
    pub delete_copy: bool,
    /// Let go of what is kept; it stays in AWS as it is
    #[arg(long)]
    pub forget: bool,
    /// Show the steps, and do nothing
    #[arg(long, conflicts_with = "forget")]
    pub plan: bool,
    #[command(flatten)]
    pub lock: Lock,
    #[command(flatten)]
    pub approval: Approval,
}

impl Upgrade {
    /// The command with its step, as history and lock name it.
    pub(super) fn step(&self) -> String {
        let steps = [
            ("--blue-green", self.blue_green),
            ("--switch", self.switch),
            ("--give-up", self.give_up),
            ("--delete-copy", self.delete_copy),
            ("--forget", self.forget),
        ];
        with_step("upgrade", &steps)
    }

    /// The options that say what is upgraded, as they are typed.
    pub(super) fn typed(&self) -> String {
        let to = self.to.as_deref().unwrap_or_default();
        let way = if self.blue_green { " --blue-green" } else { "" };
        let group = self.parameter_group.as_deref().map(|group| format!(" --parameter-group {group}"));
        format!("--to {to}{way}{}", group.unwrap_or_default())
    }
}

/// Arguments of `drill`.
#[derive(Debug, Args)]
pub struct Drill {
    /// The database, by its name in the stack file or its address
    #[arg(value_name = "DATABASE")]
    pub database: Place,
    /// Show the steps, and do nothing
    #[arg(long)]
    pub plan: bool,
    #[command(flatten)]
    pub lock: Lock,
    #[command(flatten)]
    pub approval: Approval,
}

/// Arguments of `failover`.
#[derive(Debug, Args)]
pub struct Failover {
    /// The pair, by its name in the stack file
    #[arg(value_name = "PAIR")]
    pub pair: String,
    /// Return to the machine that served before: in the middle of a failover, or after one when copying was turned round
    #[arg(long)]
    pub back: bool,
    /// Go on although it is unknown how far the copy is behind, or it is further than `max_lag`: what was written since is lost
    #[arg(long)]
    pub accept_unknown_lag: bool,
    /// Show the steps and the lag, and do nothing
    #[arg(long)]
    pub plan: bool,
    #[command(flatten)]
    pub lock: Lock,
    #[command(flatten)]
    pub approval: Approval,
}

impl Failover {
    /// The command with its step, as history and lock name it.
    pub(super) fn step(&self) -> String {
        with_step("failover", &[("--back", self.back)])
    }
}

/// Arguments of `image`.
#[derive(Debug, Args)]
pub struct Image {
    /// The instance, by its name in the stack file or its address
    #[arg(value_name = "INSTANCE")]
    pub instance: Place,
    /// Show the steps, and do nothing
    #[arg(long)]
    pub plan: bool,
    #[command(flatten)]
    pub lock: Lock,
    #[command(flatten)]
    pub approval: Approval,
}

/// The tool that takes over.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// Write everything that the state records as a Terraform configuration with `import` blocks
    ///
    /// It is for the AWS provider 5.100 and newer, and 6. `terraform plan` imports everything, and adds, changes and destroys nothing. The
    /// network becomes data sources, and no password is written. Nothing in AWS and nothing of the state is changed: when Terraform has
    /// imported everything, `provision state forget` lets go of it here.
    #[command(after_long_help = "\
Examples:
  provision export terraform --out terraform
  terraform -chdir=terraform init
  terraform -chdir=terraform plan            Must say: 0 to add, 0 to change, 0 to destroy")]
    Terraform(ExportTerraform),
}

/// Arguments of `export terraform`.
#[derive(Debug, Args)]
pub struct ExportTerraform {
    /// The folder to write versions.tf, network.tf, main.tf and imports.tf in; it is made where it is not there
    ///
    /// A file of these names is written over only where this command has written it.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// What to do with the state. Every write goes through the lock and keeps a backup.
#[derive(Debug, Subcommand)]
pub enum State {
    /// Print the address of every resource, one a line
    List,
    /// Print what is recorded of one resource
    Show {
        /// The resource, or a name that one resource has: `aws_db_instance.gitlab-pgsql`
        #[arg(value_name = "ADDRESS")]
        place: Place,
    },
    /// Take a resource out of the state, and leave it in AWS as it is
    ///
    /// A file system takes its mount targets and access points along. A name takes everything along that is recorded under it:
    /// `state forget gitlab-nfs`.
    Forget {
        /// The resource, or a name: `aws_db_instance.gitlab-pgsql`
        #[arg(value_name = "ADDRESS|NAME")]
        place: Place,
        #[command(flatten)]
        lock: Lock,
        #[command(flatten)]
        approval: Approval,
    },
    /// Record under another name what was renamed in the stack file, and leave it in AWS as it is
    ///
    /// A name moves everything that is recorded under it: `state move gitlab-pgsql main-db`. An address moves one
    /// resource. The next apply renames the database in place and corrects the tags. Nothing is
    /// replaced.
    /// `stack.OLD stack.NEW` renames the stack itself, with a state file that is named after it; a place that `--state`
    /// names stays, as an object in S3 does.
    #[command(after_long_help = "\
Examples:
  provision state move gitlab-pgsql main-db
  provision state move aws_efs_access_point.files/git aws_efs_access_point.files/repositories
  provision state move stack.gitlab stack.gitlab-eu     After `stack:` was changed in the stack file")]
    Move {
        /// What it is recorded under now: a name, an address, or `stack.NAME`
        #[arg(value_name = "FROM")]
        from: Place,
        /// What it is to be recorded under; must be free
        #[arg(value_name = "TO")]
        to: Place,
        #[command(flatten)]
        lock: Lock,
        #[command(flatten)]
        approval: Approval,
    },
    /// Put a lost state together again from what AWS has
    ///
    /// Everything that the stack file declares is looked for by this stack's ownership tags, whatever its name is (DB subnet
    /// and parameter groups by their names, since RDS lists no tags of theirs), and recorded where it carries them. What is recorded already stays as it is. Nothing in AWS is changed but these tags: they name the new
    /// state, so that an old one that is still in use finds out, and changes nothing any more.
    Rebuild(Rebuild),
    /// Take the lock away from a run that is known to be dead
    Unlock {
        /// The lock's id, as the message about the lock shows it
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        approval: Approval,
    },
}

/// Arguments of `state rebuild`.
#[derive(Debug, Args)]
pub struct Rebuild {
    #[command(flatten)]
    pub discovery: Discovery,
    /// Take over what the state with this lineage made, which changes none of it once the next apply has written the tags
    #[arg(long, value_name = "LINEAGE")]
    pub take_over: Option<String>,
    #[command(flatten)]
    pub lock: Lock,
    #[command(flatten)]
    pub approval: Approval,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// The document
    #[arg(value_name = "DOCUMENT")]
    pub document: schema::Document,
}
