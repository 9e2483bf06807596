//! The options that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ColorChoice};

use crate::aws::state_s3::{Encryption, S3Place};
use crate::engine::address::Address;
use crate::engine::plan::Mode;
use crate::engine::planner;
use crate::engine::resource::Id;
use crate::view::Carried;

use super::values;

const EVERYWHERE: &str = "Options of every command";
// Given to each argument: as a heading of what comes next, it would swallow the options of a command that embeds these.
const NETWORK: &str = "Which network";

/// The encryptions of S3 (PutObject, x-amz-server-side-encryption).
const SSE: [&str; 3] = [AES, KMS, "aws:kms:dsse"];
/// The one that has no key of its own.
const AES: &str = "AES256";
/// The one that a key alone means.
pub(super) const KMS: &str = "aws:kms";

/// The options that every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = EVERYWHERE)]
pub struct Global {
    /// The stack file; several are laid over each other, the last one on top [default: provision.yaml or provision.yml, here or in a folder above up to the repository's root]
    #[arg(short, long, global = true, value_name = "FILE", env = "PROVISION_CONFIG", hide_env_values = true)]
    pub config: Vec<PathBuf>,
    /// Take the built-in reference stack; without a stack file, what writes needs this
    #[arg(long, global = true)]
    pub reference: bool,
    /// The state: a file, or s3://BUCKET/KEY for a team [default: what `state` in the stack file says, else state/<stack>.json, beside the stack file where that is in a folder above]
    #[arg(
        long,
        global = true,
        value_name = "PLACE",
        env = "PROVISION_STATE",
        hide_env_values = true,
        value_parser = values::state
    )]
    pub state: Option<StateAt>,
    /// The encryption that every write of a state in S3 asks for [default: what the bucket does]
    #[arg(long, global = true, value_name = "ALGORITHM", env = "PROVISION_STATE_SSE", hide_env_values = true, value_parser = SSE)]
    pub state_sse: Option<String>,
    /// The KMS key for it, by its id, ARN or alias; alone, it means `--state-sse aws:kms`
    #[arg(long, global = true, value_name = "KEY", env = "PROVISION_STATE_KMS_KEY", hide_env_values = true, value_parser = values::key)]
    pub state_kms_key: Option<String>,
    /// The AWS profile for a state in S3, which may be in another account [default: that of the stack]
    #[arg(long, global = true, value_name = "NAME", env = "PROVISION_STATE_PROFILE", hide_env_values = true, value_parser = values::profile)]
    pub state_profile: Option<String>,
    /// How long a lock in S3 lasts that nobody renews
    #[arg(long, global = true, hide = true, env = "PROVISION_LEASE", default_value = "90s", value_parser = values::lease)]
    pub lease: Duration,
    /// The kops cluster; needed only where several are found
    #[arg(long, global = true, value_name = "NAME", env = "PROVISION_CLUSTER", hide_env_values = true, value_parser = values::cluster)]
    pub cluster: Option<String>,
    /// The AWS region [default: the stack file's, AWS_REGION, the profile's]
    #[arg(long, global = true, value_name = "REGION", value_parser = values::region)]
    pub region: Option<String>,
    /// The AWS profile [default: AWS_PROFILE]
    #[arg(long, global = true, value_name = "NAME", value_parser = values::profile)]
    pub profile: Option<String>,
    /// Where AWS is: an emulator, say [default: AWS_ENDPOINT_URL]
    #[arg(long, global = true, value_name = "URL", value_parser = values::endpoint)]
    pub endpoint_url: Option<String>,
    /// Print JSON: one document, or one event a line while something is done
    #[arg(long, global = true)]
    pub json: bool,
    /// Colours: `auto` has none in a pipe, with NO_COLOR set, or on a terminal without them
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,
    /// Never ask: a command that would have to says which option answers it, and exits with 1
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Say on standard error what is going on; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// No progress: only failures and how it ended, and of `apply` and `destroy` the plan where a person is asked about it
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Those of these options that were typed, for the commands that are named to be typed next.
    #[arg(skip)]
    pub carried: Carried,
}

impl Global {
    /// The encryption of a state in S3.
    ///
    /// # Errors
    /// The options that do not go together.
    pub(super) fn encryption(&self) -> Result<Encryption, &'static str> {
        let (algorithm, key) = (self.state_sse.clone(), self.state_kms_key.clone());
        match (algorithm.as_deref(), &key) {
            (Some(AES), Some(_)) => Err("`--state-sse AES256` has no key, and --state-kms-key names one"),
            (None, Some(_)) => Ok(Encryption { algorithm: Some(KMS.to_owned()), key }),
            _ => Ok(Encryption { algorithm, key }),
        }
    }
}

/// The place of the state, as the options give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateAt {
    File(PathBuf),
    S3(S3Place),
}

/// What to plan.
#[derive(Clone, Debug, Default, Args)]
pub struct Planning {
    /// Only this resource and what it needs; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<Address>,
    /// Replace this resource, whatever its differences; may be given several times
    ///
    /// A file system or database is replaced only if it is named here, and loses what it holds.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["destroy", "refresh_only"])]
    pub replace: Vec<Address>,
    /// Let a change of this resource delete data, such as the backups of a database; may be given several times
    ///
    /// The resource itself stays.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["destroy", "refresh_only"])]
    pub allow_data_loss: Vec<Address>,
    /// Delete what the stack owns
    #[arg(long, conflicts_with = "refresh_only")]
    pub destroy: bool,
    /// Only what changed outside since the last apply: show it, and with `apply` record it; AWS is not changed
    #[arg(long)]
    pub refresh_only: bool,
    #[command(flatten)]
    pub discovery: Discovery,
}

impl Planning {
    /// The mode of the plan.
    pub fn mode(&self) -> Mode {
        match (self.destroy, self.refresh_only) {
            (true, _) => Mode::Destroy,
            (_, true) => Mode::RefreshOnly,
            _ => Mode::Apply,
        }
    }

    /// The request to the planner.
    pub fn options(&self) -> planner::Options {
        planner::Options {
            mode: self.mode(),
            targets: self.target.iter().cloned().collect(),
            replace: self.replace.iter().cloned().collect(),
            allow_data_loss: self.allow_data_loss.iter().cloned().collect(),
        }
    }
}

/// Answers to what discovery cannot decide by itself. Once watched, a network is not looked for again.
#[derive(Clone, Debug, Default, Args)]
pub struct Discovery {
    /// Use these subnets, one in each zone, and no others; may be given several times, or separated by commas
    #[arg(
        long = "subnet-id",
        help_heading = NETWORK,
        value_name = "ID",
        value_delimiter = ',',
        value_parser = values::subnet
    )]
    pub subnets: Vec<Id>,
    /// The security group of the cluster's nodes; may be given several times
    #[arg(
        long = "node-security-group",
        help_heading = NETWORK,
        value_name = "ID",
        value_delimiter = ',',
        value_parser = values::security_group
    )]
    pub node_groups: Vec<Id>,
    /// The security group of the cluster's control plane; may be given several times
    #[arg(
        long = "control-plane-security-group",
        help_heading = NETWORK,
        value_name = "ID",
        value_delimiter = ',',
        value_parser = values::security_group
    )]
    pub control_plane_groups: Vec<Id>,
}

/// How many things at once.
#[derive(Clone, Copy, Debug, Args)]
pub struct Parallelism {
    /// How many AWS calls may be under way at once
    #[arg(long, value_name = "N", default_value = "10", value_parser = values::parallelism)]
    pub parallelism: u8,
}

/// How to get the lock.
#[derive(Clone, Copy, Debug, Args)]
pub struct Lock {
    /// How long to wait for another run that holds the state: `90s`, `5m`
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = values::duration)]
    pub lock_timeout: Duration,
}

/// The answer to a question that is asked before anything is changed.
#[derive(Clone, Copy, Debug, Args)]
pub struct Approval {
    /// Do not ask
    #[arg(long, visible_alias = "yes")]
    pub auto_approve: bool,
}
