//! Sorts the objects of a state: what can be adopted, what comes along with it, and what is left out for which reason.

mod uses;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::names::{Taken, name};
use super::object::{Facts, Object, Standing, State};
use super::reason::Reason;
use super::reference::Reference;
use crate::engine::address::Address;
use crate::engine::resource::Id;
pub(super) use uses::is_known;
use uses::{Use, use_of};

/// An object that can be adopted.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Adoptable {
    /// The address that it can have here: its kind, and a name that no other one of them has.
    pub address: Address,
    /// The id or name that AWS shows.
    pub id: Id,
    /// Its address in Terraform.
    pub from: Reference,
    /// The AWS account that it is in, where the state says so.
    pub account: Option<String>,
    /// The region that it is in, where the state says so.
    pub region: Option<String>,
    /// The objects of the state that belong to it, and come along.
    pub along: Vec<Part>,
}

/// An object that comes along with another one.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Part {
    /// Its address in Terraform.
    pub from: Reference,
    /// The id or name that the state has of it.
    pub id: Option<Id>,
    /// True if it belongs to another one of what can be adopted too, as a subnet group of several databases does.
    pub shared: bool,
    /// The security group that it is a rule of.
    #[serde(skip)]
    pub(super) group: Option<Id>,
}

/// An object that is left out.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    pub from: Reference,
    /// Known of AWS's types that have a place here alone.
    pub id: Option<Id>,
    pub reason: Reason,
}

impl Adoptable {
    /// True for a database, whose password the state may hold.
    pub fn is_database(&self) -> bool {
        use_of(self.address.kind()) == Some(Use::Database)
    }
}

impl Part {
    /// True if it goes with what was taken over: it is an object of its own that is recorded, or none, and belongs to one that is.
    fn is_taken(&self, is_recorded: &dyn Fn(&str, &str) -> bool) -> bool {
        let its = |kind: &str, id: &Option<Id>| id.as_ref().is_some_and(|id| is_recorded(kind, id.as_str()));
        let kind = self.from.kind();
        match use_of(kind) {
            Some(Use::Rule) => its(GROUP, &self.group),
            Some(Use::PartOfFileSystem) => !MAY_BE_LEFT.contains(&kind) || its(kind, &self.id),
            Some(Use::PartOfBucket | Use::PartOfMachine | Use::PartOfAddress) => true,
            _ => its(kind, &self.id),
        }
    }
}

impl LeftOut {
    /// Its address in Terraform, with the id: an object that is deposed has the address of the one that took its place.
    pub fn named(&self) -> String {
        match &self.id {
            Some(id) => format!("{} ({id})", self.from),
            None => self.from.to_string(),
        }
    }
}

/// All objects of a state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sorted {
    pub adoptable: Vec<Adoptable>,
    pub left_out: Vec<LeftOut>,
    /// The objects, links and names that were looked at for it: what it costs.
    pub looked_at: usize,
}

impl Sorted {
    /// The same with the objects of one region, and those of which the state does not say where they are; the others are left out.
    pub fn within(mut self, region: &str) -> Self {
        let (here, elsewhere): (Vec<Adoptable>, Vec<Adoptable>) = self
            .adoptable
            .into_iter()
            .partition(|one| one.region.as_deref().is_none_or(|other| other == region));
        self.adoptable = here;
        for Adoptable { id, from, region, along, .. } in elsewhere {
            let reason = Reason::Elsewhere { region: region.unwrap_or_default() };
            let parts = along.into_iter().map(|part| (part.from, part.id));
            let all = std::iter::once((from, Some(id))).chain(parts);
            self.left_out.extend(all.map(|(from, id)| LeftOut { from, id, reason: reason.clone() }));
        }
        self
    }

    /// The same with what was taken over; the rest is left out, and stays with Terraform. `is_recorded` says of an object by its type in
    /// Terraform and its id that it is recorded here. What is no object of its own goes with what it belongs to.
    pub fn recorded(self, is_recorded: &dyn Fn(&str, &str) -> bool) -> Self {
        let mut sorted = Self { left_out: self.left_out, looked_at: self.looked_at, ..Self::default() };
        let mut left: BTreeMap<Reference, Option<Id>> = BTreeMap::new();
        let mut taken: BTreeSet<Reference> = BTreeSet::new();
        for mut one in self.adoptable {
            let is_taken = is_recorded(one.from.kind(), one.id.as_str());
            let along = std::mem::take(&mut one.along);
            let (along, apart): (Vec<Part>, Vec<Part>) =
                along.into_iter().partition(|part| is_taken && part.is_taken(is_recorded));
            left.extend(apart.into_iter().map(|part| (part.from, part.id)));
            if !is_taken {
                left.insert(one.from, Some(one.id));
                continue;
            }
            taken.extend(along.iter().map(|part| part.from.clone()));
            sorted.adoptable.push(Adoptable { along, ..one });
        }
        let left = left.into_iter().filter(|(from, _)| !taken.contains(from));
        sorted.left_out.extend(left.map(|(from, id)| LeftOut { from, id, reason: Reason::LeftAsItIs }));
        sorted
    }
}

const GROUP: &str = "aws_security_group";
/// Parts of a file system that may be left as they are where it is taken over.
const MAY_BE_LEFT: [&str; 2] = ["aws_efs_access_point", "aws_efs_file_system_policy"];

/// The fate of an object.
enum Verdict {
    /// It is adopted by itself.
    Whole,
    /// It comes along with these objects.
    Along(BTreeSet<usize>),
    Left(Reason),
}

/// The objects of a state that can be adopted, in the order of the state.
pub fn adoptable(state: &State) -> Vec<Adoptable> {
    sort(state).adoptable
}

/// Sorts all objects of a state.
pub fn sort(state: &State) -> Sorted {
    let objects = &state.objects;
    let matched = Matching::of(objects);
    let verdicts = matched.verdicts();
    let mut along: BTreeMap<usize, Vec<Part>> = BTreeMap::new();
    for (object, verdict) in objects.iter().zip(&verdicts) {
        let Verdict::Along(wholes) = verdict else { continue };
        for whole in wholes {
            let part = Part {
                from: object.from.clone(),
                id: id(object),
                shared: wholes.len() > 1,
                group: object.facts.as_ref().and_then(|facts| facts.group.as_deref()).map(Id::new),
            };
            along.entry(*whole).or_default().push(part);
        }
    }
    let mut sorted = Sorted::default();
    let mut taken = Taken::default();
    for (at, (object, verdict)) in objects.iter().zip(verdicts).enumerate() {
        match (verdict, &object.facts, id(object)) {
            (Verdict::Whole, Some(facts), Some(id)) => {
                let (account, region) = matched.place(facts);
                let name = name(object, facts, word(&object.from.kind), &mut taken);
                sorted.adoptable.push(Adoptable {
                    address: Address::new(&object.from.kind, &name),
                    id,
                    from: object.from.clone(),
                    account: account.map(str::to_owned),
                    region: region.map(str::to_owned),
                    along: along.remove(&at).unwrap_or_default(),
                });
            }
            (Verdict::Left(reason), _, id) => {
                sorted.left_out.push(LeftOut { from: object.from.clone(), id, reason });
            }
            (Verdict::Along(_) | Verdict::Whole, ..) => {}
        }
    }
    sorted.looked_at = matched.looked_at.get() + taken.tried;
    sorted
}

fn id(object: &Object) -> Option<Id> {
    object.facts.as_ref().and_then(|facts| facts.id.as_deref()).map(Id::new)
}

/// The word that tells an entry of this kind from one of another.
fn word(kind: &str) -> &'static str {
    match use_of(kind) {
        Some(Use::Database) => "database",
        Some(Use::FileSystem) => "files",
        Some(Use::Bucket) => "bucket",
        Some(Use::Cache) => "cache",
        Some(Use::Machine) => "machine",
        Some(Use::Address) => "address",
        _ => "group",
    }
}

/// A name with the account and the region in which it is one object's.
type Place<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

/// The objects with what leads from one to another.
struct Matching<'a> {
    objects: &'a [Object],
    /// The only account and the only region of the state, where there is one: of objects whose ARN the state does not have.
    account: Option<&'a str>,
    region: Option<&'a str>,
    /// The file systems that replications of the state write to.
    destinations: BTreeSet<&'a str>,
    /// The machine that each volume is attached to.
    attached: BTreeMap<&'a str, &'a str>,
    /// The elastic addresses of gateways, which are the network's.
    of_gateways: BTreeSet<&'a str>,
    replicas: BTreeSet<Place<'a>>,
    looked_at: Cell<usize>,
}

/// The objects that are adopted by themselves, by what others name them with.
#[derive(Default)]
struct Wholes<'a> {
    databases: BTreeMap<Place<'a>, usize>,
    file_systems: BTreeMap<&'a str, usize>,
    buckets: BTreeMap<&'a str, usize>,
    caches: BTreeMap<Place<'a>, usize>,
    machines: BTreeMap<&'a str, usize>,
    addresses: BTreeMap<&'a str, usize>,
}

/// The objects that use a group, by its name or its id.
#[derive(Default)]
struct Users<'a> {
    /// Subnet groups and parameter groups, of databases and of caches: their names are apart.
    named: BTreeMap<(Use, Place<'a>), BTreeSet<usize>>,
    groups: BTreeMap<&'a str, BTreeSet<usize>>,
}

impl<'a> Matching<'a> {
    fn of(objects: &'a [Object]) -> Self {
        let facts = || objects.iter().filter_map(|object| object.facts.as_ref());
        let only =
            |values: BTreeSet<&'a str>| (values.len() == 1).then(|| values.into_iter().next()).flatten();
        let mut matching = Self {
            objects,
            account: only(facts().filter_map(|facts| facts.account.as_deref()).collect()),
            region: only(facts().filter_map(|facts| facts.region.as_deref()).collect()),
            destinations: facts().flat_map(|facts| facts.destinations.iter().map(String::as_str)).collect(),
            attached: BTreeMap::new(),
            of_gateways: BTreeSet::new(),
            replicas: BTreeSet::new(),
            looked_at: Cell::new(objects.len()),
        };
        let replicas = facts().filter(|facts| facts.source.is_some());
        let replicas = replicas.filter_map(|facts| Some(matching.named(facts, facts.id.as_deref()?)));
        matching.replicas = replicas.collect();
        for object in objects.iter().filter(|object| !object.from.is_data) {
            let Some(facts) = &object.facts else { continue };
            match use_of(&object.from.kind) {
                Some(Use::PartOfMachine) => {
                    matching.attached.extend(facts.volume.as_deref().zip(facts.machine.as_deref()));
                }
                Some(Use::Network) => matching.of_gateways.extend(facts.address.as_deref()),
                _ => {}
            }
        }
        matching
    }

    /// Counts what is looked at.
    fn looks_at(&self, how_many: usize) {
        self.looked_at.set(self.looked_at.get() + how_many);
    }

    fn place(&self, facts: &'a Facts) -> (Option<&'a str>, Option<&'a str>) {
        (facts.account.as_deref().or(self.account), facts.region.as_deref().or(self.region))
    }

    fn named(&self, facts: &'a Facts, name: &'a str) -> Place<'a> {
        let (account, region) = self.place(facts);
        (account, region, name)
    }

    /// The fate of each object: first what stands by itself, then what belongs to it, then what those use.
    fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts: Vec<Option<Verdict>> = self.objects.iter().map(|one| self.at_once(one)).collect();
        let wholes = self.wholes(&mut verdicts);
        let mut users = Users::default();
        for (at, object) in self.objects.iter().enumerate() {
            let (Some(facts), Some(purpose)) = (&object.facts, use_of(&object.from.kind)) else { continue };
            if verdicts[at].is_none() {
                verdicts[at] = self.part(facts, purpose, &wholes);
            }
            self.looks_at(1 + facts.groups.len());
            let of: BTreeSet<usize> = match &verdicts[at] {
                Some(Verdict::Whole) => BTreeSet::from([at]),
                Some(Verdict::Along(of)) => of.clone(),
                _ => continue,
            };
            let [of_subnets, of_parameters] = match purpose {
                Use::Cache => [Use::CacheSubnetGroup, Use::CacheParameterGroup],
                _ => [Use::SubnetGroup, Use::ParameterGroup],
            };
            let named = [(of_subnets, &facts.subnet_group), (of_parameters, &facts.parameter_group)];
            for (group, name) in named.into_iter().filter_map(|(group, name)| Some((group, name.as_ref()?))) {
                users.named.entry((group, self.named(facts, name))).or_default().extend(&of);
            }
            for group in &facts.groups {
                users.groups.entry(group).or_default().extend(&of);
            }
        }
        let mut groups: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (at, object) in
            self.objects.iter().enumerate().filter(|(at, _)| verdicts[*at].is_none()).collect::<Vec<_>>()
        {
            let (Some(facts), Some(purpose)) = (&object.facts, use_of(&object.from.kind)) else { continue };
            let id = facts.id.as_deref().unwrap_or_default();
            let used = match purpose {
                Use::Group if groups.contains_key(id) => groups.get(id),
                Use::SubnetGroup | Use::ParameterGroup | Use::CacheSubnetGroup | Use::CacheParameterGroup => {
                    users.named.get(&(purpose, self.named(facts, id)))
                }
                Use::Group => users.groups.get(id),
                _ => continue,
            };
            let used = used.cloned();
            self.looks_at(1 + used.as_ref().map_or(0, BTreeSet::len));
            verdicts[at] = Some(match (&used, purpose) {
                (Some(of), _) => Verdict::Along(of.clone()),
                (None, Use::Group) => Verdict::Whole,
                (None, _) => Verdict::Left(Reason::Unused),
            });
            if purpose == Use::Group {
                groups.insert(id, used.unwrap_or_else(|| BTreeSet::from([at])));
            }
        }
        let rule = |facts: &Facts| {
            let group = facts.group.as_deref().unwrap_or_default();
            match groups.get(group) {
                Some(of) => {
                    self.looks_at(of.len());
                    Verdict::Along(of.clone())
                }
                None => Verdict::Left(Reason::LonePart { whole: "security group", id: group.to_owned() }),
            }
        };
        let rest = verdicts.into_iter().zip(self.objects);
        rest.map(|(verdict, object)| match (verdict, &object.facts) {
            (Some(verdict), _) => verdict,
            (None, Some(facts)) => rule(facts),
            (None, None) => Verdict::Left(Reason::NoKind),
        })
        .collect()
    }

    /// The verdict on what can be judged by itself.
    fn at_once(&self, object: &Object) -> Option<Verdict> {
        if object.from.is_data {
            return Some(Verdict::Left(Reason::Data));
        }
        match object.standing {
            Standing::Deposed => return Some(Verdict::Left(Reason::Deposed)),
            Standing::Tainted => return Some(Verdict::Left(Reason::Tainted)),
            Standing::Kept => {}
        }
        let Some(purpose) = use_of(&object.from.kind) else {
            let is_of_bucket = object.from.kind.starts_with("aws_s3_bucket_");
            return Some(Verdict::Left(if is_of_bucket { Reason::SettingOfBucket } else { Reason::NoKind }));
        };
        let reason = match purpose {
            Use::Network => Some(Reason::Network),
            Use::DefaultGroup => Some(Reason::DefaultGroup),
            Use::DatabaseCluster => Some(Reason::DatabaseCluster),
            Use::CacheNode => Some(Reason::CacheNode),
            Use::Named => Some(Reason::Named),
            _ => None,
        };
        if let Some(reason) = reason {
            return Some(Verdict::Left(reason));
        }
        let Some(facts) = object.facts.as_ref().filter(|facts| facts.id.is_some()) else {
            return Some(Verdict::Left(Reason::Unmade));
        };
        let reason = match (purpose, &facts.engine) {
            (
                Use::Database
                | Use::FileSystem
                | Use::Bucket
                | Use::Cache
                | Use::Group
                | Use::Machine
                | Use::Volume
                | Use::Address,
                _,
            ) if let Some(stack) = &facts.stack => Some(Reason::OfStack { stack: stack.clone() }),
            (Use::Database, Some(engine)) if engine != "postgres" => {
                Some(Reason::Engine { engine: engine.clone() })
            }
            (Use::FileSystem, _) => {
                let named = facts.id.as_deref().is_some_and(|id| self.destinations.contains(id));
                (named || facts.is_overwritten).then_some(Reason::Destination)
            }
            (Use::Cache, _) if facts.is_sharded => Some(Reason::ClusterMode),
            (Use::Group | Use::Machine | Use::Volume | Use::Address, _) if facts.is_of_cluster => {
                Some(Reason::OfCluster)
            }
            (Use::Address, _) if facts.id.as_deref().is_some_and(|id| self.of_gateways.contains(id)) => {
                Some(Reason::Network)
            }
            (Use::Group, _) if facts.name.as_deref() == Some("default") => Some(Reason::DefaultGroup),
            _ => None,
        };
        reason.map(Verdict::Left)
    }

    /// The objects that stand by themselves, but for groups, which may belong to others.
    fn wholes(&self, verdicts: &mut [Option<Verdict>]) -> Wholes<'a> {
        let mut wholes = Wholes::default();
        for (at, object) in
            self.objects.iter().enumerate().filter(|(at, _)| verdicts[*at].is_none()).collect::<Vec<_>>()
        {
            let Some(facts) = &object.facts else { continue };
            let id = facts.id.as_deref().unwrap_or_default();
            let first = match use_of(&object.from.kind) {
                Some(Use::Database) if facts.source.is_none() => {
                    wholes.databases.entry(self.named(facts, id)).or_insert(at)
                }
                Some(Use::FileSystem) => wholes.file_systems.entry(id).or_insert(at),
                Some(Use::Bucket) => wholes.buckets.entry(id).or_insert(at),
                Some(Use::Cache) => wholes.caches.entry(self.named(facts, id)).or_insert(at),
                Some(Use::Machine) => wholes.machines.entry(id).or_insert(at),
                Some(Use::Address) => wholes.addresses.entry(id).or_insert(at),
                _ => continue,
            };
            // Terraform may have one object at two addresses, and has to let go of both.
            verdicts[at] = Some(match *first == at {
                true => Verdict::Whole,
                false => Verdict::Along(BTreeSet::from([*first])),
            });
        }
        wholes
    }

    /// The verdict on a part of a database, a file system, a bucket, a machine or an address.
    fn part(&self, facts: &'a Facts, purpose: Use, wholes: &Wholes<'a>) -> Option<Verdict> {
        let part_of = |whole: Option<&usize>, words: &'static str, id: &Option<String>| match whole {
            Some(whole) => Verdict::Along(BTreeSet::from([*whole])),
            None => Verdict::Left(Reason::LonePart { whole: words, id: id.clone().unwrap_or_default() }),
        };
        match purpose {
            Use::Database => Some(self.replica(facts, wholes)),
            Use::PartOfFileSystem => {
                // A policy's id is the file system's.
                let id = facts.file_system.as_ref().or(facts.id.as_ref()).cloned();
                Some(part_of(wholes.file_systems.get(id.as_deref()?), "file system", &id))
            }
            Use::PartOfBucket => {
                let id = facts.bucket.as_ref().or(facts.id.as_ref()).cloned();
                Some(part_of(wholes.buckets.get(id.as_deref()?), "bucket", &id))
            }
            Use::Volume => {
                let machine = facts.id.as_deref().and_then(|id| self.attached.get(id));
                let whole = machine.and_then(|machine| wholes.machines.get(machine));
                Some(match whole {
                    Some(whole) => Verdict::Along(BTreeSet::from([*whole])),
                    None => Verdict::Left(Reason::LoneVolume),
                })
            }
            Use::PartOfMachine => {
                let machine = facts.machine.as_deref().unwrap_or_default();
                Some(part_of(wholes.machines.get(machine), "machine", &facts.machine))
            }
            Use::PartOfAddress => {
                let address = facts.address.as_deref().unwrap_or_default();
                Some(part_of(wholes.addresses.get(address), "elastic address", &facts.address))
            }
            _ => None,
        }
    }

    /// The verdict on a read replica. One of another region names its database by an ARN.
    fn replica(&self, facts: &'a Facts, wholes: &Wholes<'a>) -> Verdict {
        let source = facts.source.as_deref().unwrap_or_default();
        let parts: Vec<&str> = source.splitn(7, ':').collect();
        let place = match parts.as_slice() {
            [_, _, _, region, account, _, name] => (Some(*account), Some(*region), *name),
            _ => self.named(facts, source),
        };
        let (account, region) = self.place(facts);
        if (place.0, place.1) == (account, region) {
            if let Some(whole) = wholes.databases.get(&place) {
                return Verdict::Along(BTreeSet::from([*whole]));
            }
            if self.replicas.contains(&place) {
                return Verdict::Left(Reason::ReplicaOfReplica);
            }
        }
        Verdict::Left(Reason::LoneReplica { source: source.to_owned() })
    }
}
