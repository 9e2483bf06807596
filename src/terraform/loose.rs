//! Attributes of a state, read whatever their types are: a provider of another version may write a number where a text was.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A value of which texts, lists and maps count; everything else is let go while it is read.
#[derive(Default)]
pub(super) enum Loose {
    #[default]
    Nothing,
    Text(String),
    List(Vec<Loose>),
    Map(BTreeMap<String, Loose>),
}

impl Loose {
    /// The text, where there is one that says anything.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.list().iter().filter_map(Self::text)
    }

    pub(super) fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        match self {
            Self::Map(fields) => fields.get(name).and_then(Self::text),
            _ => None,
        }
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = match self {
            Self::Map(fields) => Some(fields),
            _ => None,
        };
        fields.into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.text()?)))
    }
}

/// A member that may say that there is nothing: programs write `null` for an empty list, and Terraform reads that as one.
pub(super) fn or_nothing<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// The attributes that matching needs. There is no other one: what is not named here is skipped by the parser, passwords among it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Attributes {
    pub(super) id: Loose,
    pub(super) arn: Loose,
    pub(super) region: Loose,
    pub(super) name: Loose,
    pub(super) identifier: Loose,
    pub(super) engine: Loose,
    pub(super) replicate_source_db: Loose,
    pub(super) db_subnet_group_name: Loose,
    pub(super) subnet_group_name: Loose,
    pub(super) cluster_mode: Loose,
    pub(super) parameter_group_name: Loose,
    pub(super) vpc_security_group_ids: Loose,
    pub(super) security_groups: Loose,
    pub(super) security_group_ids: Loose,
    pub(super) security_group_id: Loose,
    pub(super) file_system_id: Loose,
    pub(super) source_file_system_id: Loose,
    pub(super) bucket: Loose,
    pub(super) instance_id: Loose,
    pub(super) volume_id: Loose,
    pub(super) allocation_id: Loose,
    pub(super) protection: Loose,
    pub(super) destination: Loose,
    pub(super) tags: Tags,
}

/// The tags that say whose an object is, and its title.
#[derive(Default)]
pub(super) struct Tags(BTreeMap<String, String>);

/// The beginning of the tags that kops, EKS and controllers put on what is a cluster's.
pub(super) const OF_CLUSTER: &str = "kubernetes.io/cluster/";
pub(super) const KOPS_CLUSTER: &str = "KubernetesCluster";
pub(super) const TITLE: &str = "Name";
const STACK: &str = crate::engine::resource::tag::STACK;

impl Tags {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// True if the object is one of a cluster's own.
    pub(super) fn are_of_a_cluster(&self) -> bool {
        self.0.iter().any(|(key, value)| key.starts_with(OF_CLUSTER) && value == "owned")
    }

    fn counts(key: &str) -> bool {
        [KOPS_CLUSTER, TITLE, STACK].contains(&key) || key.starts_with(OF_CLUSTER)
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let loose = Loose::deserialize(deserializer)?;
        let counting = loose.fields().filter(|(key, _)| Self::counts(key));
        Ok(Self(counting.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()))
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Loose, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Loose::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry()? {
            fields.insert(name, value);
        }
        Ok(Loose::Map(fields))
    }
}

/// Flat attributes, as Terraform wrote them before 0.12: `tags.Name`, `vpc_security_group_ids.1234567890`.
#[derive(Default)]
pub(super) struct Flat(pub(super) Attributes);

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlatVisitor)
    }
}

struct FlatVisitor;

impl<'de> Visitor<'de> for FlatVisitor {
    type Value = Flat;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attributes")
    }

    fn visit_unit<E>(self) -> Result<Flat, E> {
        Ok(Flat::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flat, A::Error> {
        let mut read = Attributes::default();
        while let Some(name) = map.next_key::<String>()? {
            let (base, member) = name.split_once('.').unwrap_or((&name, ""));
            // `vpc_security_group_ids.#` and `tags.%` count what follows.
            let is_count = matches!(member, "#" | "%");
            if let Some(one) = read.one(base).filter(|_| member.is_empty()) {
                *one = map.next_value()?;
            } else if let Some(several) = read.several(base).filter(|_| !is_count) {
                several.push(map.next_value()?);
            } else if base == "tags" && Tags::counts(member) {
                if let Loose::Text(value) = map.next_value()? {
                    read.tags.0.insert(member.to_owned(), value);
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Flat(read))
    }
}

impl Attributes {
    /// The attribute of this name, of those that are one text.
    fn one(&mut self, name: &str) -> Option<&mut Loose> {
        Some(match name {
            "id" => &mut self.id,
            "arn" => &mut self.arn,
            "name" => &mut self.name,
            "identifier" => &mut self.identifier,
            "engine" => &mut self.engine,
            "replicate_source_db" => &mut self.replicate_source_db,
            "db_subnet_group_name" => &mut self.db_subnet_group_name,
            "parameter_group_name" => &mut self.parameter_group_name,
            "security_group_id" => &mut self.security_group_id,
            "file_system_id" => &mut self.file_system_id,
            "bucket" => &mut self.bucket,
            "instance_id" => &mut self.instance_id,
            "volume_id" => &mut self.volume_id,
            "allocation_id" => &mut self.allocation_id,
            _ => return None,
        })
    }

    /// The attribute of this name, of those that are lists.
    fn several(&mut self, name: &str) -> Option<&mut Vec<Loose>> {
        let list = match name {
            "vpc_security_group_ids" => &mut self.vpc_security_group_ids,
            "security_groups" => &mut self.security_groups,
            _ => return None,
        };
        if !matches!(list, Loose::List(_)) {
            *list = Loose::List(Vec::new());
        }
        match list {
            Loose::List(values) => Some(values),
            _ => None,
        }
    }
}
