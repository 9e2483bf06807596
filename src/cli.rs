//! The command line: every command and option, and who carries them out.

mod adopt;
mod apply;
mod arguments;
mod carried;
pub mod completions;
pub mod confirm;
mod drill;
mod examples;
mod export;
mod failover;
pub mod first_file;
mod graph;
mod history;
mod iam_policy;
mod image;
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
mod upgrade;
pub mod usage;
mod values;
mod written;

use std::ffi::OsString;
use std::io::{self, IsTerminal};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::engine::planner;
use crate::view::failure::Failure;

pub use arguments::{
    Apply, Completions, Destroy, Drill, Export, ExportTerraform, Failover, Graph, History, IamPolicy, Image,
    Import, Importable, Output, Plan, Rebuild, Render, Restore, Schema, Secret, State, Upgrade,
};
use options::Global;
use screen::Screen;

/// Highly available storage beside a kops cluster: plan it, see what it does to the service, apply it.
///
/// `provision` finds a kops cluster's network, builds EFS file systems, Multi-AZ PostgreSQL databases and caches beside it, S3 buckets
/// and IAM roles, and keeps them as the stack file describes. The network is watched, and never changed.
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
    /// Show how the databases, file systems and pairs are, what could be restored, and what is at risk
    ///
    /// For each database: health, the standby and its zone, the last moment that can be restored, snapshots, recovery points of AWS
    /// Backup, changes that wait, the end of its certificate and of its version's support. For each file system: mount targets by
    /// zone, recovery points, and how far its copy is behind. For each pair: the machine that serves, and how far the copy on the other one is
    /// behind, which the pair's command `lag` prints there. Changes nothing, and takes no lock.
    #[command(after_long_help = "\
Examples:
  provision status
  provision status --json | jq -r '.at_risk[] | .address + \": \" + .message'")]
    Status,
    /// Restore a database or a file system beside the one that serves, and exchange them when told
    ///
    /// The new database is made from the backups with all settings of the stack. The one that serves stays as it is until `--switch`, which
    /// renames both, so that the endpoint has its name again; the one before is kept, and no run deletes it. A database is restored in 10 to 50
    /// minutes or more; in the exchange, none has the name for some minutes. The same command goes on with a run that was stopped, without asking again.
    ///
    /// A file system is restored by AWS Backup, from a recovery point: into a new one, which gets mount targets, access points and settings of
    /// the stack, and whose id outputs and rendered files name after `--switch`; or with `--into-folder` into a folder of the one that is there.
    #[command(after_long_help = "\
Examples:
  provision restore gitlab-pgsql --latest --plan                       See the steps first
  provision restore gitlab-pgsql --to-time 2026-11-27T04:00:00Z        Before the bad migration, say
  provision restore gitlab-pgsql --snapshot before-upgrade
  provision restore gitlab-pgsql --switch                              When its data is what it should be
  provision restore gitlab-pgsql --switch --back
  provision restore gitlab-pgsql --forget                              Let go of the one that is kept
  provision restore gitlab-nfs --latest --into-folder                  Files, beside those that are there")]
    Restore(Restore),
    /// Upgrade a database's PostgreSQL, in place or by a copy that takes its name over when told
    ///
    /// Everything that is in the way is told before anything is made: versions that AWS does not upgrade to, GitLab's own needs, replicas,
    /// parameters, the class. A snapshot comes first. The program does not connect to databases: it prints the SQL to run before and after. In
    /// place, the database is away for 10 to 30 minutes. With --blue-green RDS makes a copy of the new version that follows the database, in an
    /// hour or more, and nothing is switched before --switch, for which writes wait less than a minute; the one before is kept. The same
    /// command goes on with a run that was stopped, without asking again.
    #[command(after_long_help = "\
Examples:
  provision upgrade gitlab-pgsql --to 17 --plan                See the steps, and the SQL, first
  provision upgrade gitlab-pgsql --to 17
  provision upgrade gitlab-pgsql --to 17 --blue-green          A short outage, in place of a long one
  provision upgrade gitlab-pgsql --switch                      When the copy is what it should be
  provision upgrade gitlab-pgsql --give-up --delete-copy       Before the switch
  provision upgrade gitlab-pgsql --forget                      Let go of the one that is kept")]
    Upgrade(Upgrade),
    /// Fail a database over to its standby, and measure how long that takes
    ///
    /// Connections are cut, as in a real failover, usually for one to two minutes. The same command goes on with a run that was stopped,
    /// without asking again.
    #[command(after_long_help = "\
Examples:
  provision drill gitlab-pgsql --plan
  provision drill gitlab-pgsql")]
    Drill(Drill),
    /// Fail a pair of machines over: fence the one that serves, and make the other one serve
    ///
    /// Reads how far the copy is behind, stops copying, closes the machine that serves (its security groups are replaced, and it is stopped
    /// unless it has confirmed that its service is), and only then starts the service on the other one, opens it and moves the elastic IP
    /// address. What is lost is said before; a lag that is unknown, or larger than `max_lag`, has to be accepted by name. The same
    /// command goes on with a run that was stopped, without asking again, from another machine too where the state is in S3.
    #[command(after_long_help = "\
Examples:
  provision failover gitlab --plan                     See the steps and the lag first
  provision failover gitlab
  provision failover gitlab --accept-unknown-lag       The copy cannot be asked, and its lag is lost
  provision failover gitlab --back                     In the middle, or when copying was turned round")]
    Failover(Failover),
    /// Build a machine image of an instance, with everything that its user data does
    ///
    /// A machine is made like the instance, without its volumes. When its user data is done (`cloud-init status --wait`, by Systems Manager), it
    /// is stopped and becomes an image, and is terminated. The image is named by its content: the same image and user data are built once. The
    /// same command goes on with a run that was stopped, without asking again.
    #[command(after_long_help = "\
Examples:
  provision image gitlab-a --plan
  provision image gitlab-a
  provision image gitlab-a --json | tail -n 1 | jq -r .facts.image")]
    Image(Image),
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
            | Self::Upgrade(_)
            | Self::Drill(_)
            | Self::Failover(_)
            | Self::Image(_)
            | Self::IamPolicy(_)
            | Self::Completions(_)
            | Self::Schema(_) => None,
        }
    }
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
        Command::Upgrade(request) => wait_for(upgrade::run(request, &global, screen)),
        Command::Drill(request) => wait_for(drill::run(request, &global, screen)),
        Command::Image(request) => wait_for(image::run(request, &global, screen)),
        Command::Failover(request) => wait_for(failover::run(request, &global, screen)),
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
