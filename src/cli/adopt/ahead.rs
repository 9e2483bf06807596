//! The questions of an adoption, asked ahead and side by side: what does not wait for another answer is asked with it.
//!
//! Each answer is remembered for the run (`src/aws/memory.rs`), so that the reading, which goes from one thing to the next, waits
//! for none of it again. Nothing is decided here, and what is not answered is asked for once more by whoever needs it.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all, join3, join4, try_join};
use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use crate::aws::interfaces::interfaces_of;
use crate::aws::network::{Wanted, discover, look_at};
use crate::engine::cloud::Cloud;
use crate::engine::document::Document;
use crate::engine::kind::Live;
use crate::engine::network::{Named, Role};
use crate::engine::resource::Id;
use crate::engine::state::State;
use crate::engine::take_over::Wish;
use crate::stack::describe::section_of;
use crate::stack::section::{Belonging, Section};

use super::super::session::Session;
use super::in_vpc;

const GROUP: &str = "aws_security_group";

/// The objects that are asked for at a time: each takes several questions, and AWS throttles whoever asks too many.
const AT_ONCE: usize = 8;

/// The way in which the network is found, where nothing names it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Network {
    /// As the stack looks for its own.
    OfTheStack,
    /// The one that the objects stand in.
    OfTheObjects,
}

/// The first answers on a wish.
struct First {
    kind: String,
    id: Id,
    section: Option<&'static Section>,
    vpc: Option<Id>,
    /// The object with all its fields, where it is there.
    live: Option<Live>,
    parts: Vec<(&'static str, Vec<Id>)>,
}

/// Asks for all that these wishes will need. An account that is not told ends it: no other answer would come either.
pub(in crate::cli) async fn ask_ahead(
    session: &Session,
    state: Option<&State>,
    wishes: &[Wish],
    (asked, network): (Wanted, Network),
) {
    session.aws.remember();
    let account = async { session.account().await.map(drop).map_err(drop) };
    let all = async {
        of_wishes(session, state, wishes, (asked, network)).await;
        Ok(())
    };
    // Whoever needs the account next says why it is not told.
    let _ = try_join(account, all).await;
}

async fn of_wishes(
    session: &Session,
    state: Option<&State>,
    wishes: &[Wish],
    (asked, network): (Wanted, Network),
) {
    // A network that is known already is asked for with the first questions.
    let recorded = state.and_then(State::network);
    let is_known = recorded.is_some() || session.stack.network.is_some() || network == Network::OfTheStack;
    let known = async {
        if is_known {
            let _ = session.network(recorded.clone(), asked.clone()).await;
        }
    };
    let objects = async {
        let firsts = at_a_time(wishes.iter().map(|wish| first(session, wish))).await;
        let firsts: Vec<First> = firsts.into_iter().flatten().collect();
        let vpc = firsts.iter().find_map(|first| first.vpc.clone());
        let network = async {
            if let Some(vpc) = vpc.filter(|_| !is_known) {
                network_of(session, &vpc, asked.clone(), &firsts).await;
            }
        };
        let named = at_a_time(firsts.iter().map(|first| named_by(session, first)));
        join3(behind(session, &firsts), named, network).await;
    };
    join(known, objects).await;
}

/// The answers, in their order.
async fn at_a_time<T>(questions: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    stream::iter(questions).buffered(AT_ONCE).collect().await
}

/// The object of a wish with its parts. Where the wish has an id that AWS gives, nothing waits for the object itself.
async fn first(session: &Session, wish: &Wish) -> Option<First> {
    let (kind, cloud) = (wish.address.kind(), &session.cloud);
    let manager = session.registry.managing(kind)?;
    let section = section_of(kind).filter(|_| wish.address.member_name().is_none());
    let part_kinds: Vec<&'static str> = belongings(section)
        .filter_map(|belonging| match belonging {
            Belonging::Part(kind) => Some(*kind),
            _ => None,
        })
        .collect();
    let whole = |id: Id| {
        let part_kinds = part_kinds.clone();
        async move {
            let ids = [id];
            let parts = part_kinds.into_iter().map(|part| {
                let id = &ids[0];
                async move { Some((part, cloud.parts(part, id).await.ok()?)) }
            });
            let (seen, parts) = join(cloud.survey(kind, &ids), join_all(parts)).await;
            let live = seen.ok().and_then(|mut seen| seen.remove(&ids[0]));
            (live, parts.into_iter().flatten().collect::<Vec<_>>())
        }
    };
    let guessed = Some(Id::new(wish.text.clone())).filter(|id| is_of_aws(id.as_str()));
    let at_once = async {
        match &guessed {
            Some(id) => Some(whole(id.clone()).await),
            None => None,
        }
    };
    let alike = manager.alike().iter().map(|other| cloud.list(other));
    // Others may use what belongs to it.
    let is_shared = belongings(section).any(|one| match one {
        Belonging::Named { .. } => true,
        Belonging::Groups { of, .. } => *of == kind,
        Belonging::Part(_) => false,
    });
    let beside = async {
        if is_shared {
            let _ = cloud.list(kind).await;
        }
    };
    let (named, at_once, _, ()) =
        join4(cloud.named(kind, &wish.text), at_once, join_all(alike), beside).await;
    let found = named.ok()??.found;
    let (live, parts) = match at_once.filter(|_| guessed.as_ref() == Some(&found.id)) {
        Some(known) => known,
        None => whole(found.id.clone()).await,
    };
    let vpc = found.vpc.or_else(|| live.as_ref()?.vpc.clone());
    Some(First { kind: kind.to_owned(), id: found.id, section, vpc, live, parts })
}

/// True for an id that AWS gives, such as `fs-0a1b2c3d`: what people name otherwise has to be looked for first.
fn is_of_aws(text: &str) -> bool {
    let Some((kind, number)) = text.split_once('-') else { return false };
    !kind.is_empty() && number.len() >= 8 && number.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}

fn belongings(section: Option<&'static Section>) -> impl Iterator<Item = &'static Belonging> {
    section.into_iter().flat_map(|section| section.belongings)
}

/// The parts with what stands before them: groups, and the interfaces that have these.
async fn behind(session: &Session, firsts: &[First]) {
    let cloud = &session.cloud;
    let parts = firsts.iter().flat_map(|first| &first.parts).filter(|(_, ids)| !ids.is_empty());
    let parts: Vec<_> = parts.collect();
    let seen = at_a_time(parts.iter().map(|(kind, ids)| cloud.survey(kind, ids))).await;
    let seen: Vec<(&str, Live)> = parts
        .iter()
        .zip(seen)
        .flat_map(|((kind, _), seen)| seen.into_iter().flatten().map(|(_, live)| (*kind, live)))
        .collect();
    let lives = firsts.iter().filter_map(|first| Some((first.kind.as_str(), first.live.as_ref()?)));
    let lives = lives.chain(seen.iter().map(|(kind, live)| (*kind, live)));
    let mut groups: BTreeSet<&str> = BTreeSet::new();
    for (kind, live) in lives {
        let fields = firsts.iter().flat_map(|first| belongings(first.section)).filter_map(|one| match one {
            Belonging::Groups { of, field } if *of == kind => Some(*field),
            _ => None,
        });
        for field in fields.collect::<BTreeSet<_>>() {
            groups.extend(texts(&live.inputs, field));
        }
    }
    let is_wished = |id: &Id| firsts.iter().any(|first| first.kind == GROUP && first.id == *id);
    let behind: Vec<Id> = groups.into_iter().map(Id::new).filter(|id| !is_wished(id)).collect();
    let wished = firsts.iter().filter(|first| first.kind == GROUP).map(|first| first.id.clone());
    let all: Vec<Id> = behind.iter().cloned().chain(wished).collect();
    if !all.is_empty() {
        let _ = join(cloud.survey(GROUP, &behind), interfaces_of(&session.aws, &all)).await;
    }
}

fn texts<'a>(document: &'a Document, field: &str) -> impl Iterator<Item = &'a str> {
    document.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The objects that the fields of an object name, such as the subnet group of a database.
async fn named_by(session: &Session, first: &First) {
    let cloud = &session.cloud;
    let named = belongings(first.section).filter_map(|belonging| match belonging {
        Belonging::Named { field, kind } => Some((*kind, first.live.as_ref()?.inputs.get(*field)?.as_str()?)),
        _ => None,
    });
    let reads = named.map(|(kind, name)| async move {
        let ids = [Id::new(name)];
        let _ = join(cloud.named(kind, name), cloud.survey(kind, &ids)).await;
    });
    join_all(reads).await;
}

/// The network that the objects stand in: the cluster's, or the one that is named by what they use.
async fn network_of(session: &Session, vpc: &Id, asked: Wanted, firsts: &[First]) {
    let cluster = asked.cluster.clone().or_else(|| session.stack.cluster.as_ref().map(ToString::to_string));
    let not_needed = Role::ALL.into_iter().collect();
    let looked = Wanted { cluster, not_needed, ..in_vpc(asked, Some(vpc)) };
    if discover(&session.aws, &looked).await.is_err() {
        let subnets = firsts.iter().filter_map(|first| first.live.as_ref());
        let subnets = subnets.flat_map(|live| texts(&live.inputs, "subnet_ids")).map(Id::new).collect();
        let named = Named { vpc: vpc.clone(), subnets, groups: Default::default() };
        let _ = look_at(&session.aws, &named, None).await;
    }
}
