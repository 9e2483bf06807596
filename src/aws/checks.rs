//! Finds what can be known wrong before anything is done, beyond what stack, state and objects say. AWS is asked, read-only,
//! about what will probably be made or changed, while the refresh is under way; the answers are judged by the plan.

mod addresses;
mod cache;
mod credentials;
mod database;
mod endpoint;
mod finding;
mod holders;
mod keys;
mod last_snapshot;
mod machines;
mod named;
mod named_and_deleted;
mod own_state;
mod owners;
mod parameters;
mod password;
mod permissions;
mod prospect;
mod quotas;
mod remains;
mod replications;
mod restored;
mod role;
mod scene;
mod subnets;
mod subnets_in_use;
mod support;

use futures_util::future::{BoxFuture, join, join_all};

use crate::aws::Aws;
use crate::engine::blueprint::Blueprint;
use crate::engine::call::Call;
use crate::engine::document::Document;
use crate::engine::plan::Finding;
use crate::engine::planner::Sightings;

pub use database::{is_answered, upgrade};
pub use endpoint::new_endpoints;
pub use holders::holders;
pub use last_snapshot::{LastSnapshots, last_snapshots};
pub use named_and_deleted::named_and_deleted;
pub use own_state::own_state;
pub use owners::owners;
use prospect::late;
pub use prospect::{Prospect, prospects};
pub use remains::remains;
pub use scene::{Purpose, Scene};
pub use subnets_in_use::{SUBNETS_IN_USE, subnets_in_use};

/// Kinds, and the calls that a family of checks makes for objects of them.
type Asked = (&'static [&'static str], &'static [Call]);

/// The families of checks that ask about every object of their kinds.
const FAMILIES: [&[Asked]; 15] = [
    addresses::CALLS,
    cache::CALLS,
    database::CALLS,
    holders::CALLS,
    keys::CALLS,
    last_snapshot::CALLS,
    machines::CALLS,
    parameters::CALLS,
    quotas::CALLS,
    remains::CALLS,
    replications::CALLS,
    restored::CALLS,
    role::CALLS,
    subnets::CALLS,
    subnets_in_use::CALLS,
];

/// The calls of all checks for objects of a kind.
pub fn calls(kind: &str) -> impl Iterator<Item = Call> {
    of_kind(&FAMILIES, kind).chain(of_kind(&[named::CALLS], kind))
}

/// The calls of the checks for an object with these inputs.
pub fn calls_for(kind: &str, inputs: &Document) -> impl Iterator<Item = Call> {
    of_kind(&FAMILIES, kind).chain(named::calls(kind, inputs))
}

fn of_kind(families: &[&'static [Asked]], kind: &str) -> impl Iterator<Item = Call> + use<> {
    let asked = families.iter().flat_map(|family| *family).filter(|(kinds, _)| kinds.contains(&kind));
    asked.flat_map(|(_, calls)| *calls).copied().collect::<Vec<_>>().into_iter()
}

/// The answer of AWS to one family of checks, to be judged when the plan is there. Judging is pure.
trait Answer: Send + Sync {
    /// The findings about what is really planned.
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding>;
}

/// The answers of AWS.
pub struct Answers {
    asked: Vec<Prospect>,
    databases: database::Databases,
    others: Vec<Box<dyn Answer>>,
}

/// Asks everything that is to be known of the prospects, all at once. Without prospects nothing is asked.
pub async fn ask(aws: &Aws, prospects: &[Prospect]) -> Answers {
    // The families of checks, a line each, beside that of the databases.
    let asked = [
        boxed(addresses::ask(aws, prospects)),
        boxed(cache::ask(aws, prospects)),
        boxed(quotas::ask(aws, prospects)),
        boxed(keys::ask(aws, prospects)),
        boxed(machines::ask(aws, prospects)),
        boxed(named::ask(aws, prospects)),
        boxed(parameters::ask(aws, prospects)),
        boxed(permissions::ask(aws, prospects)),
        boxed(replications::ask(aws, prospects)),
        boxed(restored::ask(aws, prospects)),
        boxed(role::ask(aws, prospects)),
        boxed(subnets::ask(aws, prospects)),
    ];
    let (databases, others) = join(database::ask(aws, prospects), join_all(asked)).await;
    Answers { asked: prospects.to_vec(), databases, others }
}

impl Answers {
    /// Writes what AWS chooses within a written value into the blueprint, before the plan is made: the versions of upgrades.
    pub async fn choose(&mut self, aws: &Aws, blueprint: &mut Blueprint, sightings: &Sightings) {
        self.databases.choose_versions(aws, blueprint, sightings).await;
    }

    /// Asks about the planned work that only the look at AWS has shown.
    pub async fn ask_late(&mut self, aws: &Aws, scene: &Scene<'_>) {
        let late = late(scene, &self.asked);
        if late.is_empty() {
            return;
        }
        let Self { asked, databases, others } = ask(aws, &late).await;
        self.asked.extend(asked);
        self.databases.add(databases);
        self.others.extend(others);
    }

    /// Everything that was found about what is planned.
    pub fn judge(&self, aws: &Aws, scene: &Scene<'_>) -> Vec<Finding> {
        let others = self.others.iter().flat_map(|answer| answer.judge(scene));
        let answered = self.databases.judge(scene).into_iter().chain(others);
        let answered = answered.chain(password::judge(aws, scene)).chain(credentials::judge(aws, scene));
        answered.chain(support::judge(scene)).chain(replications::judge(scene)).collect()
    }
}

fn boxed<'a, A: Answer + 'static>(
    asked: impl Future<Output = A> + Send + 'a,
) -> BoxFuture<'a, Box<dyn Answer>> {
    Box::pin(async move { Box::new(asked.await) as Box<dyn Answer> })
}
