//! The look at AWS, and the plan that is made from it.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use futures_util::future::{join5, try_join};
use jiff::Timestamp;

use crate::aws::checks::{self, Answers, LastSnapshots, Scene, prospects};
use crate::aws::kinds::db_parameter_group::follow_versions;
use crate::aws::kinds::security_group::without_own_account;
use crate::aws::network::{Discovery, Wanted};
use crate::engine::address::Address;
use crate::engine::along::declare_sent_along;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::document::Document;
use crate::engine::ignored::leave_to_others;
use crate::engine::network::Network;
use crate::engine::newer::up_to_date;
use crate::engine::plan::{Finding, Mode, Plan};
use crate::engine::planner::{self, Input, Options, Planning, RENAMED, Safeguards, Sightings, UNRECORDED};
use crate::engine::refresh::{Beside, on_its_way, refresh_around};
use crate::engine::resource::Role;
use crate::engine::saved::SavedPlan;
use crate::engine::state::State;
use crate::gitlab::{Description, gate};
use crate::stack::blueprint::{Kept, blueprint_keeping};
use crate::stack::outputs::short_names_lost;
use crate::view::failure::{Failure, FailureKind};

use super::super::neighbours;
use super::super::options::StateAt;
use super::network::new_zones;
use super::{Session, refresh_failure};

/// Everything that was seen at one moment, and the plan made from it.
pub struct Outlook {
    pub blueprint: Blueprint,
    pub sightings: Sightings,
    pub planning: Planning,
    /// Only when the network was not recorded yet.
    pub discovery: Option<Discovery>,
    /// The time at which AWS had been looked at.
    pub at: Timestamp,
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
        without_own_account(&mut blueprint, &account);
        leave_to_others(&self.registry, &mut blueprint, &sightings);
        follow_versions(&mut blueprint, |address| Some(sightings.get(address)?.live()?.1));
        if options.mode == Mode::Apply {
            answers.choose(&self.aws, &mut blueprint, &sightings).await;
            declare_sent_along(&self.registry, &mut blueprint, &sightings);
        }
        let now = Timestamp::now();
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
        let snapshots = self.look_closer(&scene, &mut found).await?;
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
        if options.mode == Mode::Apply {
            let (rendered, said) = self.rendering(state, &account, &planning.plan, &sightings);
            planning.plan.rendered = rendered;
            found.extend(said);
        } else if let (Some(state), false) = (state, options.targets.is_empty()) {
            found.extend(gate::deleted(&Description::new(&self.stack, state), &planning.plan));
        }
        let findings = &mut planning.plan.preflight;
        findings
            .retain(|finding| !planner::is_about_lost_data(finding) && !checks::is_answered(finding, &found));
        findings.extend(found);
        if !state.is_some_and(State::manages_anything) {
            self.look_beside(&blueprint, &account, state.is_none(), &mut planning.plan).await;
        }
        self.complete(&mut planning.plan);
        Ok(Outlook { blueprint, sightings, planning, discovery, at: now })
    }

    /// The checks that ask only where something is changed or deleted, or was deleted outside of provision.
    async fn look_closer(
        &self,
        scene: &Scene<'_>,
        found: &mut Vec<Finding>,
    ) -> Result<LastSnapshots, Failure> {
        let (held, in_use, snapshots, lost, foreign) = join5(
            checks::holders(&self.aws, scene),
            checks::subnets_in_use(&self.aws, scene),
            checks::last_snapshots(&self.aws, scene),
            checks::remains(&self.aws, scene),
            checks::owners(&self.cloud, scene),
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
        found.extend(checks::new_endpoints(&scene.planning.plan));
        found.extend(checks::named_and_deleted(scene));
        Ok(snapshots)
    }

    /// Looks at the states beside a state that manages nothing: the stack may have another name there.
    async fn look_beside(&self, blueprint: &Blueprint, account: &str, is_new: bool, plan: &mut Plan) {
        let Some(path) = self.store.file() else { return };
        let named = self.named_state.as_ref();
        if plan.mode == Mode::RefreshOnly || plan.mode == Mode::Destroy && named.is_some() {
            return;
        }
        let others = neighbours::beside(&self.places(path)).await;
        let is_renamed = neighbours::under_its_new_name(&others, &blueprint.stack).is_some();
        if plan.mode == Mode::Destroy {
            if let Some(hint) = neighbours::old_name(&others, &self.stack) {
                plan.preflight.retain(|found| !(is_renamed && found.check == UNRECORDED));
                plan.preflight.push(neighbours::not_destroyed(&self.stack.stack.to_string(), hint));
            }
            return;
        }
        let place = (account, self.aws.region());
        let of_the_state = (named, is_new);
        let renamed =
            neighbours::renamed(&self.registry, blueprint, place, &others, of_the_state, &self.stack_paths);
        // The old state tells more than the tags of what it records.
        let is_told = |found: &Finding| {
            !renamed.is_empty() && (found.check == RENAMED || is_renamed && found.check == UNRECORDED)
        };
        plan.preflight.retain(|found| !is_told(found));
        plan.preflight.extend(renamed);
    }

    /// Gives the plan what it says of the run itself, and its findings their order and the options that were typed.
    fn complete(&self, plan: &mut Plan) {
        if let Some(StateAt::S3(place)) = &self.named_state {
            plan.preflight.extend(checks::own_state(place, plan));
        }
        for finding in &mut plan.preflight {
            finding.hint = finding.hint.as_deref().map(|hint| self.carried.on(hint));
        }
        plan.preflight.sort();
        plan.preflight.dedup();
        plan.put_nothing_right_beside_errors();
        plan.stack_file = self.stack_file.clone();
    }

    /// Binds the plan to everything that it was made from, and gives it its digest.
    pub fn bind(&self, outlook: &mut Outlook, options: &Options) -> SavedPlan {
        let Outlook { blueprint, sightings, planning, .. } = outlook;
        let endpoint = self.endpoint_url.as_deref();
        let saved = SavedPlan::new(&planning.plan, options, endpoint, blueprint, sightings);
        planning.plan.digest.clone_from(&saved.plan.digest);
        saved
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
}
