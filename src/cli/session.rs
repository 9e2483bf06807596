//! The beginning of most commands: the stack file is read, AWS is configured, the state is found and looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::aws::Aws;
use crate::aws::checks::{self, Answers, Purpose as PlanFor, Scene, prospects};
use crate::aws::kinds::AwsCloud;
use crate::aws::kinds::db_parameter_group::follow_versions;
use crate::aws::kinds::subnet::Subnet;
use crate::aws::network::{self, Discovery, DiscoveryError, Wanted, discover, look_at};
use crate::aws::watched::Watched;
use crate::engine::address::Address;
use crate::engine::along::declare_sent_along;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::cloud::CloudError;
use crate::engine::cloud::KindError;
use crate::engine::document::Document;
use crate::engine::executor::hint_for_code;
use crate::engine::ignored::leave_to_others;
use crate::engine::kind::Registry;
use crate::engine::network::{Named, Network};
use crate::engine::newer::up_to_date;
use crate::engine::plan::{Finding, Level, Mode};
use crate::engine::planner::{self, Input, Options, Planning, RENAMED, Safeguards, Sightings, UNRECORDED};
use crate::engine::refresh::on_its_way;
use crate::engine::refresh::{Beside, RefreshError, refresh_around};
use crate::engine::resource::{Remark, Role};
use crate::engine::saved::SavedPlan;
use crate::engine::state::{Sight, State, Store};
use crate::stack::blueprint::{Kept, blueprint_keeping};
use crate::stack::outputs::short_names_lost;
use crate::stack::{Sections, Stack};
use crate::view::Carried;
use crate::view::failure::{Failure, FailureKind};
use futures_util::FutureExt;
use futures_util::future::{join5, try_join};

use super::neighbours;
use super::opening::{Meant, connect, of_stack, state_failure, store};
use super::options::{self, Global, StateAt};
use super::stack_file::{Chosen, Purpose, choose};
use super::written::Taken;

/// One stack in one account and region.
pub struct Session {
    pub stack: Stack,
    pub aws: Arc<Aws>,
    pub cloud: AwsCloud,
    pub registry: Registry,
    pub store: Store,
    /// The stack file as a user would type it, or `the built-in reference stack`.
    pub stack_file: String,
    /// The folder of the state and of saved plans, as an empty path where it is the current one.
    pub folder: PathBuf,
    endpoint_url: Option<String>,
    named_state: Option<StateAt>,
    stack_paths: Vec<PathBuf>,
    carried: Carried,
    purpose: PlanFor,
    /// The addresses whose objects are about to be adopted as they are.
    pub(super) adopted: BTreeSet<Address>,
}

/// Everything that was seen at one moment, and the plan made from it.
pub struct Outlook {
    pub blueprint: Blueprint,
    pub sightings: Sightings,
    pub planning: Planning,
    /// Only when the network was not recorded yet.
    pub discovery: Option<Discovery>,
}

/// Everything seen before there is a plan.
struct Seen {
    blueprint: Blueprint,
    /// The addresses that the stack file declares, where a destroy plans nothing for them.
    declared: BTreeSet<Address>,
    sightings: Sightings,
    /// Objects seen beside the recorded network, where that was not looked for anew.
    beside: Option<(Network, Beside)>,
    answers: Answers,
    discovery: Option<Discovery>,
}

impl Session {
    /// Reads the stack file and configures AWS. Nothing is sent yet.
    pub(super) async fn open(options: &Global, purpose: Purpose) -> Result<Self, Failure> {
        Self::open_with(options, purpose, Sections::Written).await
    }

    /// The same, for a command that needs these sections of the stack file.
    pub(super) async fn open_with(
        options: &Global,
        purpose: Purpose,
        sections: Sections,
    ) -> Result<Self, Failure> {
        Self::of(options, choose(options, purpose, sections)?, purpose).await
    }

    /// The same for a stack whose file is read already, or is to be written.
    pub(super) async fn open_new(options: &Global, chosen: Chosen) -> Result<Self, Failure> {
        Self::of(options, chosen, Purpose::Write).await
    }

    async fn of(options: &Global, chosen: Chosen, purpose: Purpose) -> Result<Self, Failure> {
        let aws = Arc::new(connect(options, Meant::by(&chosen)).await?);
        let cloud = AwsCloud::new(aws.clone());
        Ok(Self {
            store: store(options, &chosen, &aws).await?,
            named_state: chosen.named_state(options),
            stack_file: chosen.name(),
            stack_paths: chosen.paths().to_vec(),
            folder: chosen.folder(),
            stack: chosen.stack,
            registry: cloud.registry(),
            cloud,
            aws,
            endpoint_url: options.endpoint_url.clone(),
            carried: options.carried.clone(),
            purpose: match purpose {
                Purpose::Show => PlanFor::Review,
                Purpose::Write => PlanFor::CarryOut,
            },
            adopted: BTreeSet::new(),
        })
    }

    /// True where no stack file was found, so that the built-in stack is shown.
    pub(super) fn is_built_in(&self) -> bool {
        self.stack_paths.is_empty()
    }

    /// The files of the stack that nothing else is written to.
    pub(super) fn taken(&self) -> Taken<'_> {
        Taken { stack_files: &self.stack_paths, state: self.store.file() }
    }

    /// Reads the state without locking it.
    pub async fn state(&self) -> Result<Option<State>, Failure> {
        let state = self.store.read().await.map_err(state_failure)?;
        self.check_state(state.as_ref())?;
        Ok(state)
    }

    /// The same, with the run that is at work on it.
    pub async fn sight(&self) -> Result<Sight, Failure> {
        let sight = self.store.look().await.map_err(state_failure)?;
        self.check_state(sight.state.as_ref())?;
        Ok(sight)
    }

    /// Checks that a state is the one of this stack and region.
    pub fn check_state(&self, state: Option<&State>) -> Result<(), Failure> {
        let Some(state) = state else { return Ok(()) };
        of_stack(state, &self.stack.stack.to_string(), &self.store)?;
        let path = &self.store;
        if state.region != self.aws.region() {
            let (recorded, region) = (&state.region, self.aws.region());
            let message = format!("{path} records resources in {recorded}, and the region now is {region}");
            return Err(Failure::message(FailureKind::Usage, message)
                .hint(format!("add --region {recorded}, or name another state with --state")));
        }
        Ok(())
    }

    /// The account of the credentials.
    pub async fn account(&self) -> Result<String, Failure> {
        self.aws.account().await.map_err(aws_failure)
    }

    /// The state that the stack begins with where there is none. What is wrong with the one that there is, is said before
    /// AWS is asked for anything.
    pub async fn first_state(&self) -> Result<State, Failure> {
        self.state().await?;
        let (stack, account) = (self.stack.stack.to_string(), self.account().await?);
        Ok(State::new(&stack, uuid::Uuid::new_v4().to_string(), &account, self.aws.region()))
    }

    /// Checks that a state records no resources of another account.
    pub fn check_account(&self, state: Option<&State>, account: &str) -> Result<(), Failure> {
        match state {
            Some(state) if state.account != account => {
                let recorded = &state.account;
                let message = format!(
                    "{} records resources in account {recorded}, and the credentials are of {account}",
                    self.store
                );
                Err(Failure::message(FailureKind::Usage, message).hint(
                    "use the other account's credentials (--profile), or name another state with --state",
                ))
            }
            _ => Ok(()),
        }
    }

    /// Looks at AWS and makes a plan. Changes nothing.
    pub async fn look(
        &self,
        state: Option<&State>,
        options: &Options,
        wanted: Wanted,
    ) -> Result<Outlook, Failure> {
        tracing::info!(region = self.aws.region(), state = %self.store, "planning");
        let state = state.map(|state| up_to_date(&self.registry, state));
        let state = state.as_deref();
        let named_cluster = self.named_cluster(&wanted);
        let (account, Seen { mut blueprint, declared, sightings, beside, mut answers, discovery }) =
            try_join(self.account(), self.see(state, options, wanted)).await?;
        self.check_account(state, &account)?;
        leave_to_others(&self.registry, &mut blueprint, &sightings);
        follow_versions(&mut blueprint, |address| Some(sightings.get(address)?.live()?.1));
        if options.mode == Mode::Apply {
            answers.choose(&self.aws, &mut blueprint, &sightings).await;
            declare_sent_along(&self.registry, &mut blueprint, &sightings);
        }
        let now = jiff::Timestamp::now();
        let safeguards = match options.mode {
            Mode::Destroy => self.safeguards(declared),
            Mode::Apply | Mode::RefreshOnly => Safeguards::default(),
        };
        let mut planning = planner::plan(&Input {
            registry: &self.registry,
            blueprint: &blueprint,
            state,
            sightings: &sightings,
            account: &account,
            region: self.aws.region(),
            now,
            options,
            safeguards: &safeguards,
        });
        let text = Address::to_string;
        let meant = planning.meant.iter().map(|(wrong, right)| (wrong.to_string(), right.as_ref().map(text)));
        self.carried.set_meant(meant.collect());
        let scene = Scene {
            planning: &planning,
            registry: &self.registry,
            blueprint: &blueprint,
            state,
            sightings: &sightings,
            now,
            purpose: self.purpose,
        };
        answers.ask_late(&self.aws, &scene).await;
        let mut found = answers.judge(&self.aws, &scene);
        // Each asks only where something is changed or deleted, or was deleted outside of provision.
        let (held, in_use, snapshots, lost, foreign) = join5(
            checks::holders(&self.aws, &scene),
            checks::subnets_in_use(&self.aws, &scene),
            checks::last_snapshots(&self.aws, &scene),
            checks::remains(&self.aws, &scene),
            checks::owners(&self.cloud, &scene),
        )
        .await;
        let foreign = foreign.map_err(refresh_failure)?;
        // An object of others is not deleted, whatever uses it.
        let is_of_others = |held: &Finding| foreign.iter().any(|one| one.address == held.address);
        found.extend(held.into_iter().filter(|held| !is_of_others(held)));
        found.extend(foreign);
        found.extend(in_use);
        found.extend(snapshots.findings.iter().cloned());
        found.extend(lost);
        found.extend(checks::new_endpoints(&planning.plan));
        found.extend(checks::named_and_deleted(&scene));
        if options.mode == Mode::Apply {
            found.extend(state.into_iter().flat_map(|state| short_names_lost(state, &self.stack)));
        }
        if let (Mode::Destroy, Some(state), Some(named)) = (options.mode, state, &named_cluster) {
            found.extend(planner::destroys_beside_another(state, named));
        }
        found.extend(
            beside.and_then(|(network, beside)| new_zones(&self.aws, &self.stack, &network, &beside)),
        );
        snapshots.rename_in(&mut planning.plan);
        planning
            .plan
            .preflight
            .retain(|finding| !planner::is_about_lost_data(finding) && !checks::is_answered(finding, &found));
        planning.plan.preflight.extend(found);
        let manages = state.is_some_and(State::manages_anything);
        if let (false, Some(path), Mode::Destroy, None) =
            (manages, self.store.file(), options.mode, &self.named_state)
            && let others = neighbours::beside(&self.places(path)).await
            && let Some(hint) = neighbours::old_name(&others, &self.stack)
        {
            if neighbours::under_its_new_name(&others, &blueprint.stack).is_some() {
                planning.plan.preflight.retain(|found| found.check != UNRECORDED);
            }
            planning.plan.preflight.push(neighbours::not_destroyed(&self.stack.stack.to_string(), hint));
        }
        if let (false, Some(path), Mode::Apply) = (manages, self.store.file(), options.mode) {
            let others = neighbours::beside(&self.places(path)).await;
            let place = (account.as_str(), self.aws.region());
            let renamed = neighbours::renamed(
                &self.registry,
                &blueprint,
                place,
                &others,
                (self.named_state.as_ref(), state.is_none()),
                &self.stack_paths,
            );
            // The old state tells more than the tags of what it records.
            let is_renamed = neighbours::under_its_new_name(&others, &blueprint.stack).is_some();
            let is_told = |found: &Finding| {
                !renamed.is_empty() && (found.check == RENAMED || is_renamed && found.check == UNRECORDED)
            };
            planning.plan.preflight.retain(|found| !is_told(found));
            planning.plan.preflight.extend(renamed);
        }
        if let Some(StateAt::S3(place)) = &self.named_state {
            planning.plan.preflight.extend(checks::own_state(place, &planning.plan));
        }
        for finding in &mut planning.plan.preflight {
            finding.hint = finding.hint.as_deref().map(|hint| self.carried.on(hint));
        }
        planning.plan.preflight.sort();
        planning.plan.preflight.dedup();
        planning.plan.put_nothing_right_beside_errors();
        planning.plan.stack_file = self.stack_file.clone();
        Ok(Outlook { blueprint, sightings, planning, discovery })
    }

    /// Binds the plan to everything that it was made from, and gives it its digest.
    pub fn bind(&self, outlook: &mut Outlook, options: &Options) -> SavedPlan {
        let Outlook { blueprint, sightings, planning, .. } = outlook;
        let endpoint = self.endpoint_url.as_deref();
        let saved = SavedPlan::new(&planning.plan, options, endpoint, blueprint, sightings);
        planning.plan.digest.clone_from(&saved.plan.digest);
        saved
    }

    /// The folders in which states of this stack may be.
    fn places(&self, path: &Path) -> Vec<PathBuf> {
        neighbours::places(path, &self.stack_paths)
    }

    /// Refuses to record what the state of this stack records, where that has the new name of the stack already and the stack file
    /// has not.
    pub(super) async fn refuse_a_renamed_one(&self, state: &State) -> Result<(), Failure> {
        let (false, Some(path)) = (state.manages_anything(), self.store.file()) else { return Ok(()) };
        // A place that was named is one of its own.
        if self.named_state.is_some() {
            return Ok(());
        }
        let others = neighbours::beside(&self.places(path)).await;
        let stack = self.stack.stack.to_string();
        let recorded = neighbours::old_name(&others, &self.stack);
        match recorded.and_then(|_| neighbours::under_its_new_name(&others, &stack)) {
            Some(hint) => {
                let message =
                    format!("the state of the stack {stack} has another name by now, and is not lost");
                Err(Failure::message(FailureKind::Usage, message).hint(hint))
            }
            None => Ok(()),
        }
    }

    /// The cluster that an option, the environment or the stack file names.
    fn named_cluster(&self, wanted: &Wanted) -> Option<String> {
        wanted.cluster.clone().or_else(|| self.stack.cluster.as_ref().map(ToString::to_string))
    }

    /// The safeguards of the stack file against deletions: it may keep more than what was applied last.
    fn safeguards(&self, declared: BTreeSet<Address>) -> Safeguards {
        let with = |role: Role, safe: bool| {
            let of_kind = |(address, options): (Address, &Document)| {
                let fields = self.registry.managing(address.kind())?.fields();
                (role.truth(fields, options) == Some(safe)).then_some(address)
            };
            self.stack.main_objects().into_iter().filter_map(of_kind).collect()
        };
        Safeguards {
            protected: with(Role::Protection, true),
            last_snapshot: with(Role::LastSnapshot, true),
            backups: with(Role::DeletesBackups, false),
            declared,
        }
    }

    /// The blueprint of what stands, for a destroy: in the recorded network, or where there is none in the one that is found. The
    /// stack file may have become wrong since, and the cluster gone: neither is needed to destroy.
    async fn standing(
        &self,
        state: Option<&State>,
        network: Option<&Network>,
        wanted: Wanted,
    ) -> Result<Option<Blueprint>, Failure> {
        let Some(network) = network else {
            return match self.blueprint(state, wanted).await {
                Ok((blueprint, _)) => Ok(Some(blueprint)),
                Err(failure) if failure.kind() == FailureKind::Usage => Ok(None),
                Err(failure) => Err(failure),
            };
        };
        Ok(blueprint_keeping(&self.stack, network, &Kept::of(&self.registry, state)).ok())
    }

    /// The addresses that the stack file declares; without a network, those of what holds data alone.
    fn declared(&self, blueprint: Option<&Blueprint>) -> BTreeSet<Address> {
        let main = self.stack.main_objects().into_iter().map(|(address, _)| address);
        let all = blueprint.into_iter().flat_map(|blueprint| blueprint.declarations.keys().cloned());
        all.chain(main).collect()
    }

    /// The blueprint of what is wanted, and what AWS has of it and says to it.
    async fn see(&self, state: Option<&State>, options: &Options, wanted: Wanted) -> Result<Seen, Failure> {
        // The account of these credentials is being asked for meanwhile.
        on_its_way().await;
        let recorded = state.and_then(State::network);
        let settled = recorded.clone().filter(|_| options.mode != Mode::Destroy);
        // What is declared and not recorded is looked for before a destroy too: there may be objects of this stack that another
        // state records, or that this one let go of.
        let (blueprint, discovery) = match options.mode {
            Mode::Destroy if state.is_some() => {
                (self.standing(state, recorded.as_ref(), wanted).await?, None)
            }
            _ => {
                let (blueprint, discovery) = self.blueprint(state, wanted).await?;
                (Some(blueprint), discovery)
            }
        };
        let declared = match options.mode {
            Mode::Destroy => self.declared(blueprint.as_ref()),
            Mode::Apply | Mode::RefreshOnly => BTreeSet::new(),
        };
        let nothing = || {
            let cluster = recorded.map(|network| network.cluster);
            Blueprint { stack: self.stack.stack.to_string(), cluster, ..Blueprint::default() }
        };
        let mut looked_for = blueprint.unwrap_or_else(nothing);
        if options.mode == Mode::Destroy {
            let is_recorded =
                |address: &Address| state.is_some_and(|state| state.resources.contains_key(address));
            let is_managed = |one: &Declaration| matches!(one, Declaration::Managed { .. });
            looked_for.declarations.retain(|address, one| !(is_managed(one) && is_recorded(address)));
        }
        let blueprint = match options.mode {
            Mode::Destroy => {
                Blueprint { declarations: BTreeMap::new(), words: Vec::new(), ..looked_for.clone() }
            }
            Mode::Apply | Mode::RefreshOnly => looked_for.clone(),
        };
        let unchanged = settled.filter(|_| discovery.is_none());
        let prospects = prospects(&self.registry, &blueprint, state, options);
        // The checks fail no plan, so there is nothing to end early but with the refresh.
        let ((sightings, beside), answers) = try_join(
            refresh_around(&self.cloud, &self.registry, &looked_for, state),
            checks::ask(&self.aws, &prospects).map(Ok),
        )
        .await
        .map_err(refresh_failure)?;
        let beside = unchanged.map(|network| (network, beside));
        Ok(Seen { blueprint, declared, sightings, beside, answers, discovery })
    }

    /// The blueprint of the stack in its network, with the names that were chosen before.
    pub async fn blueprint(
        &self,
        state: Option<&State>,
        wanted: Wanted,
    ) -> Result<(Blueprint, Option<Discovery>), Failure> {
        let (network, discovery) = self.network(state.and_then(State::network), wanted).await?;
        let kept = Kept::of(&self.registry, state).tagging_none_of(self.adopted.iter().cloned());
        let blueprint = blueprint_keeping(&self.stack, network.as_ref(), &kept).map_err(|error| {
            let hint = error.hint();
            Failure::usage(error).hint(hint)
        })?;
        Ok((blueprint, discovery))
    }

    /// The network, if the stack needs one or stands in one: what was decided once is not decided again, unless something is
    /// named now.
    pub(super) async fn network(
        &self,
        recorded: Option<Network>,
        wanted: Wanted,
    ) -> Result<(Option<Network>, Option<Discovery>), Failure> {
        if recorded.is_none() && !self.stack.needs_a_network() && !names_a_part(&wanted) {
            return Ok((None, None));
        }
        if let Some(named) = &self.stack.network {
            return self.named_network(&named.named(), recorded, wanted).await;
        }
        let not_needed = self.stack.roles_without_access();
        let wanted = Wanted { cluster: self.named_cluster(&wanted), not_needed, ..wanted };
        match recorded {
            Some(network) if is_settled(&network, &wanted) => Ok((Some(network), None)),
            recorded => {
                let stands = recorded.clone().filter(|network| names_another(network, &wanted));
                let discovery = discover(&self.aws, &Wanted { recorded, ..wanted }).await;
                let discovery = discovery.map_err(|error| match (&error, stands) {
                    (DiscoveryError::Aws(_), _) | (_, None) => self.discovery_failure(error),
                    (_, Some(network)) => Failure::usage(error).hint(to_stay(&network)),
                })?;
                Ok((Some(discovery.network.clone()), Some(discovery)))
            }
        }
    }

    /// The network that the stack file names. What is recorded of it is not looked at again but by an import.
    async fn named_network(
        &self,
        named: &Named,
        recorded: Option<Network>,
        wanted: Wanted,
    ) -> Result<(Option<Network>, Option<Discovery>), Failure> {
        let Wanted { vpc, .. } = &wanted;
        let is_other_vpc = vpc.as_ref().is_some_and(|vpc| *vpc != named.vpc);
        let names_parts = names_a_part(&Wanted { vpc: None, ..wanted.clone() });
        let recorded_cluster = recorded.as_ref().and_then(|network| network.cluster.name.as_ref());
        let is_other_cluster = wanted.cluster.is_some() && wanted.cluster.as_ref() != recorded_cluster;
        if is_other_vpc || names_parts || is_other_cluster {
            let message = format!(
                "the stack file names the network of the stack, in {}, and another one is named",
                named.vpc
            );
            return Err(Failure::message(FailureKind::Usage, message).hint(
                "leave out --cluster (PROVISION_CLUSTER) and the options that name subnets and groups, or take `network` out of \
                 the stack file",
            ));
        }
        match recorded {
            Some(network) if vpc.is_none() && named.is(&network) => Ok((Some(network), None)),
            recorded => {
                let discovery = look_at(&self.aws, named, recorded).await.map_err(|error| match error {
                    DiscoveryError::Aws(error) => aws_failure(error),
                    error => {
                        let hint = error.hint_in_the_stack_file();
                        let message = format!("in the region {}: {error}", self.aws.region());
                        Failure::message(FailureKind::Usage, message).maybe_hint(hint)
                    }
                })?;
                Ok((Some(discovery.network.clone()), Some(discovery)))
            }
        }
    }

    /// The failure of a discovery; where the built-in stack was taken, with that.
    fn discovery_failure(&self, error: DiscoveryError) -> Failure {
        let hint = match error {
            DiscoveryError::Aws(error) => return aws_failure(error),
            ref error => error.hint(),
        };
        let built_in = self.stack_paths.is_empty().then(|| OF_THE_BUILT_IN_STACK.to_owned());
        // Each on its own: a hint is one text, whose ways are told apart by semicolons.
        let hints: Vec<String> = hint.into_iter().chain(built_in).collect();
        let message = format!("in the region {}: {error}", self.aws.region());
        Failure::message(FailureKind::Usage, message)
            .maybe_hint(Some(hints.join("; ")).filter(|hint| !hint.is_empty()))
    }
}

/// Said beside a network that was not found for the stack that is built in.
const OF_THE_BUILT_IN_STACK: &str = "without a stack file here, this is the built-in reference stack; to write a file of your own: provision init";

/// The sections that a plan needs: what is deleted, or only looked at, is in the state.
pub(super) fn needed(options: &Options) -> Sections {
    match options.mode {
        Mode::Apply => Sections::Written,
        Mode::Destroy | Mode::RefreshOnly => Sections::Any,
    }
}

/// The network that the options ask for.
pub fn wanted(named: &options::Discovery, global: &Global) -> Wanted {
    Wanted {
        cluster: global.cluster.clone(),
        vpc: None,
        subnets: named.subnets.clone(),
        node_groups: named.node_groups.clone(),
        master_groups: named.control_plane_groups.clone(),
        ..Wanted::default()
    }
}

/// True if a recorded network answers what is wanted without another look.
fn is_settled(network: &Network, wanted: &Wanted) -> bool {
    !names_another(network, wanted) && !names_a_part(wanted)
}

/// True if a part of the network is named. A cluster alone is none: a setting of the shell may name it for every stack.
fn names_a_part(wanted: &Wanted) -> bool {
    let Wanted { cluster: _, vpc, subnets, node_groups, master_groups, not_needed: _, recorded: _ } = wanted;
    vpc.is_some() || !(subnets.is_empty() && node_groups.is_empty() && master_groups.is_empty())
}

/// True if another cluster than the recorded one is named.
fn names_another(network: &Network, wanted: &Wanted) -> bool {
    wanted.cluster.as_ref().is_some_and(|cluster| Some(cluster) != network.cluster.name.as_ref())
}

fn to_stay(network: &Network) -> String {
    let Network { vpc, cluster, .. } = network;
    let cluster = cluster.name.as_ref().map(|name| format!(" (cluster {name})")).unwrap_or_default();
    format!(
        "the stack is in {vpc}{cluster}: to go on there, take it back (--cluster, PROVISION_CLUSTER, or `cluster:` of \
         the stack file)"
    )
}

/// A warning of the zones in which nodes can run by now, and entries of the stack have no part.
fn new_zones(aws: &Aws, stack: &Stack, network: &Network, beside: &Beside) -> Option<Finding> {
    if stack.network.is_some() {
        return None;
    }
    let lacking = stack.in_a_new_zone();
    let subnets = beside.get(Subnet::KIND).into_iter().flatten().filter_map(|(id, live)| {
        let [Remark::Beside { tags, free }] = live.remarks.as_slice() else { return None };
        let zone = live.outputs.get("availability_zone")?.as_str()?.to_owned();
        Some(network::Beside { id: id.clone(), zone, tags: tags.clone(), free: *free })
    });
    let new = network::new_zones(network, aws.region(), subnets.collect());
    (!new.is_empty() && !lacking.is_empty()).then(|| {
        let zones: Vec<String> = new.iter().map(|new| format!("{} ({})", new.zone, new.subnet)).collect();
        Finding {
            check: "new-zone".to_owned(),
            address: None,
            level: Level::Warning,
            message: format!(
                "the cluster has a subnet for nodes in {}, and {}: the network was recorded before",
                zones.join(", "),
                lacking.join(", and ")
            ),
            hint: Some(format!("provision import {}, then: provision apply", network.vpc)),
            remedies: Vec::new(),
        }
    })
}

/// A read of AWS that failed, with what to do about it.
pub fn aws_failure(error: CloudError) -> Failure {
    let hint = hint_for_code(&error.code);
    Failure::failed(error).maybe_hint(hint)
}

/// A kind that could not be read, with what to do about it.
pub fn refresh_failure(error: RefreshError) -> Failure {
    let hint = match &error.source {
        KindError::Cloud(aws) => hint_for_code(&aws.code),
        KindError::Misfit(_) => None,
    };
    Failure::failed(error).maybe_hint(hint)
}
