//! The command line: every command and option, and who carries them out.

mod adopt;
mod apply;
mod carried;
pub mod completions;
pub mod confirm;
mod drill;
mod examples;
mod export;
pub mod first_file;
mod graph;
mod history;
mod iam_policy;
mod import;
mod init;
mod locked;
pub mod logging;
mod moving;
mod neighbours;
mod opening;
pub mod options;
mod output;
mod plan;
mod probe;
mod procedure;
mod rebuild;
mod render;
mod rendered;
pub mod report;
mod restore;
pub mod schema;
pub mod screen;
mod secret;
mod session;
mod show;
mod stack_file;
mod state;
mod status;
mod take_over;
mod terraform;
pub mod usage;
mod values;
mod written;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::engine::address::Address;
use crate::engine::plan::Mode;
use crate::engine::planner;
use crate::engine::resource::Id;
use crate::engine::state::Place;
use crate::engine::take_over::Wish;
use crate::stack::StackName;
use crate::view::failure::Failure;

use options::{Approval, Discovery, Global, Lock, Parallelism, Planning};
use screen::Screen;

/// Highly available storage beside a kops cluster: plan it, see what it does to the service, apply it.
///
/// `provision` finds a kops cluster's network, builds EFS file systems, Multi-AZ PostgreSQL databases and caches beside it, and S3
/// buckets, and keeps them as the stack file describes. The network is watched, and never changed.
#[derive(Debug, Parser)]
#[command(
    name = "provision",
    version,
    max_term_width = MOST_COLUMNS,
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = "\
Examples:
  provision plan                       See what would be done; needs no set-up but AWS credentials
  provision apply                      Plan, show, ask, carry out
  provision output nfs_mount_points    One output, ready for a script

Exit codes:
  0    Done
  1    Failed, or wrong usage
  2    With `plan --detailed-exitcode`: there are changes; with `render --check`: files differ
  3    The state is locked, or the saved plan is stale; nothing was changed
  130  Interrupted; the same command carries on"
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented stack file for the cluster in this account and region
    ///
    /// Writes over no file but an empty one, and makes the folder of a new one. Without a stack file, what only shows uses the built-in reference stack, and what
    /// writes refuses.
    Init,
    /// Watch a cluster's network from now on, or take over objects that are there
    ///
    /// A VPC is watched with one subnet per zone and its security groups. ADDRESS=ID records an object as the one that the
    /// stack file declares at that address, in place of what was recorded there: a database that was restored, a file
    /// system or a group that somebody else made. With --out or --into, the entry is written as well, so that it says exactly what is
    /// there. Nothing in AWS is changed; the next apply writes the ownership tags.
    ///
    /// --terraform reads a state of Terraform, and lists what of it can be taken over, and what cannot and why. With --out or --into, all
    /// of it is taken over.
    #[command(after_long_help = "\
Examples:
  provision import vpc-0a1b2c3d
  provision import aws_db_instance.gitlab-pgsql=gitlab-pgsql
  provision import aws_efs_file_system.gitlab-nfs=fs-0a1b2c3d
  provision import aws_db_instance.gitlab-pgsql=gitlab-pgsql --out provision.yaml     Describe it too
  provision import aws_efs_file_system.gitlab-nfs=fs-0a1b2c3d --into
  provision import --found                   What is there, and how to adopt it
  provision import vpc-0a1b2c3d --cluster k8s.myzone.net
  provision import vpc-0a1b2c3d --subnet-id subnet-1a --subnet-id subnet-1b
  provision import --terraform terraform.tfstate
  provision import --terraform terraform.tfstate --out provision.yaml --removed removed.tf
  terraform state pull | provision import --terraform -")]
    Import(Import),
    /// Show what `apply` would do; changes nothing
    #[command(after_long_help = "\
Examples:
  provision plan
  provision plan --out plans/friday.json     Save the plan, to be applied exactly as it was seen
  provision plan --detailed-exitcode         Exit code 2 if there is anything to do
  provision plan --markdown --html plan.html > comment.md     For reviewers: a comment and a page
  provision plan --json | jq .summary")]
    Plan(Plan),
    /// Plan, show, ask, and carry out
    ///
    /// With a saved plan, carries out exactly that plan, or nothing if anything has changed since it was made.
    #[command(after_long_help = "\
Examples:
  provision apply
  provision apply plans/friday.json
  provision apply --auto-approve --json      For scripts: one event a line, the summary last
  provision apply --refresh-only             Record what changed outside; changes nothing in AWS

Ctrl-C stops before the next step. What AWS is at work on is recorded; the same command waits for it.")]
    Apply(Apply),
    /// Delete what the stack owns; the cluster's own network is only forgotten
    ///
    /// A file system or database is deleted only after an applied change has turned its `deletion_protection` off.
    #[command(after_long_help = "\
Examples:
  provision plan --destroy                   See it first
  provision destroy")]
    Destroy(Destroy),
    /// Print what depends on what, with the planned actions, for Graphviz or Mermaid
    #[command(after_long_help = "\
Examples:
  provision graph | dot -Tsvg > plan.svg
  provision graph --format mermaid           For a fence of that name in Markdown
  provision graph --destroy")]
    Graph(Graph),
    /// Print outputs: mount points, endpoints, ids
    #[command(after_long_help = "\
Examples:
  provision output
  provision output nfs_mount_points          Names separated by spaces, one for each zone
  provision output pgsql_endpoint            host:port
  provision output --json | jq -r .databases
  eval \"$(provision output --format env)\"    Variables such as NFS_DNS_NAME, for a script
  provision output --format configmap        For kubectl apply -f -")]
    Output(Output),
    /// Print who changed the stack or its state, when, and with which result
    ///
    /// The state keeps the last hundred runs: their time, the ARN of the credentials, command, counts, and the digest of the plan.
    #[command(after_long_help = "\
Examples:
  provision history
  provision history -n 1 --json              The last run, for a script")]
    History(History),
    /// Print or write what Kubernetes and GitLab read of the stack: manifests and configuration
    ///
    /// Rendered from the state and the stack file alone, the same bytes each time; AWS is not asked. No file holds a password. The parts
    /// `kubernetes`, `gitlab` and `render` of the stack file describe what there is; with `render`, apply writes the same files.
    #[command(after_long_help = "\
Examples:
  provision render kubernetes | kubectl apply -f -
  provision render helm-values | helm upgrade --install gitlab gitlab/gitlab --version 9.11.x --values -
  provision render runner-config/builder     A runner by its name
  provision render --out deploy              All that the stack file describes
  provision render --check deploy            For CI: exit code 2, and the differences, if there are any")]
    Render(Render),
    /// Print the commands that make a Secret of Kubernetes, without a file and without a password in any argument
    ///
    /// The Secret of a database or a cache whose password AWS manages is named like its entry; `gitlab-secrets` has GitLab's own keys, which
    /// are made once.
    #[command(after_long_help = "\
Examples:
  provision secret gitlab-pgsql              See the commands first
  provision secret gitlab-pgsql | sh
  provision secret gitlab-secrets | sh       Once: never make these anew")]
    Secret(Secret),
    /// Write what the stack has as the configuration of another tool, which takes it over as it is
    #[command(subcommand)]
    Export(Export),
    /// Look at the state, and mend it
    #[command(subcommand)]
    State(State),
    /// Show how the databases and file systems are, what could be restored, and what is at risk
    ///
    /// For each database: health, the standby and its zone, the last moment that can be restored, snapshots, recovery points of AWS
    /// Backup, changes that wait, the end of its certificate and of its version's support. For each file system: mount targets by
    /// zone, recovery points, and how far its copy is behind. Changes nothing, and takes no lock.
    #[command(after_long_help = "\
Examples:
  provision status
  provision status --json | jq -r '.at_risk[] | .address + \": \" + .message'")]
    Status,
    /// Restore a database beside the one that serves, and exchange their names when told
    ///
    /// The new database is made from the backups with all settings of the stack. The one that serves stays as it is until `--switch`, which
    /// renames both, so that the endpoint has its name again; the one before is kept, and no run deletes it. A run that was stopped is gone
    /// on with by the same command.
    #[command(after_long_help = "\
Examples:
  provision restore gitlab-pgsql --latest --plan                       See the steps first
  provision restore gitlab-pgsql --to-time 2026-11-27T04:00:00Z        Before the bad migration, say
  provision restore gitlab-pgsql --snapshot before-upgrade
  provision restore gitlab-pgsql --switch                              When its data is what it should be
  provision restore gitlab-pgsql --switch --back
  provision restore gitlab-pgsql --forget                              Let go of the one that is kept")]
    Restore(Restore),
    /// Fail a database over to its standby, and measure how long that takes
    ///
    /// Connections are cut, as in a real failover. A run that was stopped is gone on with by the same command.
    #[command(after_long_help = "\
Examples:
  provision drill gitlab-pgsql --plan
  provision drill gitlab-pgsql")]
    Drill(Drill),
    /// Print the least AWS policy that the stack needs, for IAM
    ///
    /// It is made from the stack file alone: AWS is not asked. It covers every command. What was taken out of the stack
    /// file and still has to be deleted needs the policy from before.
    ///
    /// IAM takes 6,144 characters in a policy. A stack that needs more gets several policies, in a JSON array: attach all of
    /// them to the same role.
    #[command(after_long_help = "\
Examples:
  provision iam-policy --region eu-west-1 > policy.json
  aws iam create-policy --policy-name gitlab-storage --policy-document file://policy.json
  provision iam-policy --part 2 > policy-2.json     Of a stack that needs more than one policy")]
    IamPolicy(IamPolicy),
    /// Print shell completions
    #[command(after_long_help = "\
Examples:
  provision completions bash > /etc/bash_completion.d/provision
  provision completions zsh > \"${fpath[1]}/_provision\"")]
    Completions(Completions),
    /// Print the JSON Schema of a document
    #[command(after_long_help = "\
Examples:
  provision schema stack > stack.schema.json     For editors: completion and checks while writing provision.yaml")]
    Schema(Schema),
}

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
    fn object(&self) -> Option<&Wish> {
        match self {
            Self::Object(wish) => Some(wish),
            Self::Network(_) => None,
        }
    }
}

impl Command {
    /// The request to the planner, of a command that makes a plan.
    fn plans(&self) -> Option<planner::Options> {
        match self {
            Self::Plan(Plan { planning, .. })
            | Self::Graph(Graph { planning, .. })
            | Self::Apply(Apply { planning, .. }) => Some(planning.options()),
            Self::Destroy(destroy) => Some(destroy.options()),
            Self::Init
            | Self::Import(_)
            | Self::Output(_)
            | Self::History(_)
            | Self::Render(_)
            | Self::Secret(_)
            | Self::Export(_)
            | Self::State(_)
            | Self::Status
            | Self::Restore(_)
            | Self::Drill(_)
            | Self::IamPolicy(_)
            | Self::Completions(_)
            | Self::Schema(_) => None,
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
    fn options(&self) -> planner::Options {
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
    /// The database, by its name in the stack file or its address
    #[arg(value_name = "DATABASE")]
    pub database: Place,
    /// As it was at this moment, in UTC: `2026-11-27T04:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = values::moment)]
    pub to_time: Option<jiff::Timestamp>,
    /// As it was at the last moment that can be restored
    #[arg(long)]
    pub latest: bool,
    /// From this snapshot
    #[arg(long, value_name = "ID", value_parser = values::snapshot)]
    pub snapshot: Option<String>,
    /// Exchange the names of the one that was restored and the one that serves
    #[arg(long)]
    pub switch: bool,
    /// The other way round: the one before has the name again
    #[arg(long, requires = "switch")]
    pub back: bool,
    /// Let go of the database that is kept; it stays in AWS as it is
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

impl Restore {
    /// The options that say what is restored, as they are typed.
    fn typed(&self) -> String {
        match (&self.to_time, &self.snapshot) {
            (Some(time), _) => format!("--to-time {}", crate::recovery::status::written(*time)),
            (None, Some(snapshot)) => format!("--snapshot {snapshot}"),
            (None, None) => "--latest".to_owned(),
        }
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

/// The ways in which a command ends well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// There is something to do, and the exit code is to say so.
    Changes,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Changes => 2,
        }
    }
}

/// The widest line of the help.
const MOST_COLUMNS: usize = 100;

/// Reads the command line. `--color` takes effect first, so that help and errors obey it too.
///
/// # Errors
/// The error of clap: its text is help, the version, or what is wrong.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let choice = screen::color_choice(arguments);
    choice.write_global();
    let color = match choice {
        anstream::ColorChoice::Never => clap::ColorChoice::Never,
        anstream::ColorChoice::Always | anstream::ColorChoice::AlwaysAnsi => clap::ColorChoice::Always,
        anstream::ColorChoice::Auto => clap::ColorChoice::Auto,
    };
    let program = || match (command_line().color(color), io::stdout().is_terminal()) {
        (program, true) => program,
        // Text that no terminal shows is not broken into lines.
        (program, false) => program.term_width(0).max_term_width(0),
    };
    // The examples are looked at by those alone who are shown help.
    let width = screen::styles().out.width.min(MOST_COLUMNS);
    let width = if io::stdout().is_terminal() { width } else { usize::MAX };
    let whole = |_| examples::whole(program(), width).try_get_matches_from(arguments);
    let matches = program().try_get_matches_from(arguments).or_else(whole)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    cli.global.config = carried::files(arguments, &matches);
    cli.global.carried = carried::carried(&matches, &cli.global.config);
    if let Some(options) = cli.command.plans() {
        cli.global.carried.extend(carried::shaping(&options));
    }
    Ok(cli)
}

/// All commands and options. A variable of the environment that is empty counts as one that is not set.
fn command_line() -> clap::Command {
    Cli::command().mut_args(|argument| {
        let is_empty = |name| std::env::var_os(name).is_some_and(|value| value.is_empty());
        match argument.get_env().is_some_and(is_empty) {
            true => argument.env(None),
            false => argument,
        }
    })
}

/// Carries out a command.
///
/// # Errors
/// Why it did not do what it was asked.
pub fn run(cli: Cli, screen: &mut Screen) -> Result<Exit, Failure> {
    let Cli { command, global } = cli;
    match command {
        Command::Completions(Completions { shell }) => completions::run(shell, screen),
        Command::Schema(Schema { document }) => schema::run(document, screen),
        Command::History(request) => wait_for(history::run(&request, &global, screen)),
        Command::Output(request) => wait_for(output::run(&request, &global, screen)),
        Command::Render(request) => wait_for(render::run(&request, &global, screen)),
        Command::Secret(request) => wait_for(secret::run(&request, &global, screen)),
        Command::Export(Export::Terraform(request)) => wait_for(export::terraform(&request, &global, screen)),
        Command::State(request) => wait_for(state::run(request, &global, screen)),
        Command::Status => wait_for(status::run(&global, screen)),
        Command::Restore(request) => wait_for(restore::run(request, &global, screen)),
        Command::Drill(request) => wait_for(drill::run(request, &global, screen)),
        Command::IamPolicy(request) => iam_policy::run(&request, &global, screen),
        Command::Init => wait_for(init::run(&global, screen)),
        Command::Import(request) => wait_for(import::run(request, &global, screen)),
        Command::Plan(request) => wait_for(plan::run(request, &global, screen)),
        Command::Graph(request) => wait_for(graph::run(request, &global, screen)),
        Command::Apply(request) => wait_for(apply::apply(request, &global, screen)),
        Command::Destroy(request) => wait_for(apply::destroy(request, &global, screen)),
    }
}

/// Runs a command that speaks to AWS, on one thread: all the work is waiting.
fn wait_for(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::failed)?;
    let done = runtime.block_on(command);
    // To drop the runtime would be to wait for a name that is still being looked up.
    runtime.shutdown_background();
    done
}

#[cfg(test)]
mod tests;
