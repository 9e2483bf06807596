//! The rules that must hold after others have acted: the plan says the truth, its hints help, and no data is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use provision::engine::checks;
use provision::engine::plan::Level;
use serde_json::Value;

use super::deed::Done;
use super::hand::Hand;
use super::hints::{self, Hint};
use super::others::{Others, others, whole_of};
use super::place::Place;
use super::promise::{broken, is_making, owners};
use super::typing::{Typed, has_a_gap, ways};
use crate::proxy::Heard;

/// Hints to type and applies to run before everything must have come to an end.
const MOST: usize = 16;

/// The facts that are known of a case before the program runs again.
pub struct Knowledge {
    /// Addresses whose data was there, no matter who took it away: made anew only when named.
    pub held: BTreeSet<String>,
    /// Ids of the databases and file systems that are there, no matter whose they are.
    pub data: BTreeMap<String, String>,
    /// Everything that is not the stack's.
    pub others: Others,
    pub done: Done,
    pub request: Request,
}

/// A deed of another person, by its name.
pub type Deed = (&'static str, fn(&mut Place));

/// The options that a plan gets, and what a person does when words tell them to.
#[derive(Clone, Copy, Default)]
pub struct Request {
    pub options: &'static [&'static str],
    /// Words of a hint, and what they mean.
    pub person: Option<Deed>,
}

/// The events after the deed, for the report of a failure.
#[derive(Default)]
pub struct Trail {
    text: String,
    /// Everything that was typed.
    typed: Vec<String>,
    /// The errors that were shown, by their checks.
    pub checks: BTreeSet<String>,
}

impl Trail {
    pub fn note(&mut self, what: &str) {
        let _ = writeln!(self.text, "  {what}");
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if a line that was typed names this address or object.
    fn names(&self, what: &str) -> bool {
        self.typed.iter().any(|line| line.split([' ', '=']).any(|word| word == what))
    }
}

/// The outcome of a plan.
enum Said {
    Nothing,
    Changes(Value),
    Errors(Vec<Hint>),
}

/// The data that is there: ids of databases, file systems and volumes of machines, with their names.
pub fn data_of(place: &Place) -> BTreeMap<String, String> {
    let cloud = &place.world.cloud;
    let databases = cloud.run(cloud.rds.describe_db_instances().send()).expect("databases can be read");
    let file_systems = cloud.run(cloud.efs.describe_file_systems().send()).expect("they can be read");
    let databases = databases.db_instances().iter().map(|one| {
        let name = one.db_instance_identifier().unwrap_or_default();
        (one.dbi_resource_id().unwrap_or_default().to_owned(), name.to_owned())
    });
    let file_systems = file_systems
        .file_systems()
        .iter()
        .map(|one| (one.file_system_id().to_owned(), one.name().unwrap_or_default().to_owned()));
    let volumes = cloud.run(cloud.ec2.describe_volumes().send()).expect("volumes can be read");
    let volumes = volumes.volumes().iter().filter_map(|one| {
        let tag = one.tags().iter().find(|tag| tag.key() == Some("provision:address"));
        let address =
            tag.and_then(|tag| tag.value()).filter(|address| address.starts_with("aws_ebs_volume."))?;
        Some((one.volume_id()?.to_owned(), address.to_owned()))
    });
    let volumes: Vec<(String, String)> = volumes.collect();
    databases.chain(file_systems).chain(volumes).collect()
}

/// Runs plan after plan, types what they say and applies what they show, until there is nothing left to do.
///
/// # Panics
/// When anything is not as it must be.
pub fn settle(place: &mut Place, known: &Knowledge, trail: &mut Trail) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut options: Vec<String> = known.request.options.iter().map(|&word| word.to_owned()).collect();
    for _ in 0..MOST {
        match plan(place, &options, trail) {
            Said::Nothing => {
                nothing_is_lost(place, known, trail);
                // A plan writes nothing: the journal of a run that was killed stays until something is applied.
                let arguments = ["apply", "--auto-approve"].into_iter();
                let arguments: Vec<&str> = arguments.chain(options.iter().map(String::as_str)).collect();
                let ran = place.run(&arguments, None);
                place.changed_nothing("an apply of a plan without changes");
                assert_eq!(
                    ran.code,
                    Some(0),
                    "the plan was empty, and apply fails:\n{}",
                    last_lines(&ran.err)
                );
                place.is_tidy();
                return;
            }
            Said::Changes(plan) => {
                carry_out(place, known, &options, &plan, trail);
                nothing_is_lost(place, known, trail);
            }
            Said::Errors(errors) => {
                for error in &errors {
                    trail.checks.insert(error.check.clone());
                    let is_known = checks::of_name(&error.check).is_some() || error.check == hints::FAILURE;
                    assert!(is_known, "a check that is not in the table: {}", error.check);
                    assert!(
                        !seen.contains(&error.key()),
                        "in a circle: its hint was typed, and it is still there: {error}"
                    );
                }
                refuses_to_apply(place, &options, trail);
                let error = &errors[0];
                seen.insert(error.key());
                match meant(error) {
                    Some((wrong, right)) => {
                        trail.note(&format!("typed: {right} instead of {wrong}"));
                        options
                            .iter_mut()
                            .filter(|word| **word == wrong)
                            .for_each(|word| right.clone_into(word));
                    }
                    None => follow(place, known, error, trail),
                }
            }
        }
    }
    panic!("after {MOST} steps there is still something to do");
}

/// The address that was written, and the one that the hint takes it for.
fn meant(error: &Hint) -> Option<(String, String)> {
    let right = error.hint.as_deref()?.strip_prefix("did you mean ")?.strip_suffix('?')?;
    Some((error.address.clone()?, right.to_owned()))
}

/// The checks whose warnings are errors of an apply.
const LACKING: [&str; 2] = ["password", "permissions"];

/// Makes a plan, and holds that making it changed nothing and that its exit code says what it says.
fn plan(place: &Place, options: &[String], trail: &mut Trail) -> Said {
    let mut arguments: Vec<&str> = vec!["plan", "--json", "--detailed-exitcode"];
    arguments.extend(options.iter().map(String::as_str));
    let ran = place.run(&arguments, None);
    place.changed_nothing("plan");
    let Ok(plan) = serde_json::from_str::<Value>(&ran.out) else {
        assert_eq!(ran.code, Some(1), "a plan without a document: {}\n{}", ran.out, ran.err);
        let error = hints::of_text(&ran.err);
        trail.note(&format!("plan {options:?}: {error}"));
        return Said::Errors(vec![error]);
    };
    are_of_the_table(&plan);
    let errors = hints::of_plan(&plan, "error");
    let blocked = hints::of_plan(&plan, "blocked");
    // Whoever reviews a plan may lack what whoever applies it has; here both are one.
    let mut lacking = hints::of_plan(&plan, "warning");
    lacking.retain(|warning| LACKING.contains(&warning.check.as_str()));
    let actions: BTreeMap<String, String> = plan["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|change| change["action"] != "no-op")
        .map(|change| (change["address"].to_string(), change["action"].to_string()))
        .collect();
    trail.note(&format!("plan {options:?}: exit code {:?}, {actions:?}", ran.code));
    for error in errors.iter().chain(&blocked) {
        trail.note(&format!("  {error}"));
    }
    // An output that AWS changed is recorded by apply, and counts.
    let outputs = plan["drift"].as_array().into_iter().flatten().any(|drift| {
        drift["outputs"].as_array().is_some_and(|outputs| !outputs.is_empty())
            && drift["response"] != "left-alone"
    });
    let is_empty = actions.is_empty() && !outputs;
    let (code, said) = match () {
        () if !errors.is_empty() => (1, Said::Errors(errors)),
        () if !is_empty && !lacking.is_empty() => (2, Said::Errors(lacking)),
        () if !is_empty => (2, Said::Changes(plan)),
        // All that is left waits for what its hint says.
        () if !blocked.is_empty() => (2, Said::Errors(blocked)),
        () => (0, Said::Nothing),
    };
    assert_eq!(ran.code, Some(code), "the plan's exit code: {actions:?} {}", ran.err);
    said
}

/// Holds that each finding has a level which the table of checks has for it.
fn are_of_the_table(plan: &Value) {
    for finding in plan["preflight"].as_array().into_iter().flatten() {
        let level: Level = serde_json::from_value(finding["level"].clone()).expect("a level");
        let check = finding["check"].as_str().and_then(checks::of_name).expect("a check of the table");
        let is_of_it = check.levels.contains(&level) || [Level::NotChecked, Level::Passed].contains(&level);
        assert!(is_of_it, "the table of checks does not say that {} can be {level:?}", check.name);
    }
}

/// Applies what a plan has shown, and holds that it was that and nothing else.
fn carry_out(place: &Place, known: &Knowledge, options: &[String], plan: &Value, trail: &mut Trail) {
    let mut before = owners(&place.world.cloud, plan);
    before.extend(place.predecessors(plan));
    let mut arguments: Vec<&str> = vec!["apply", "--auto-approve", "-vv"];
    arguments.extend(options.iter().map(String::as_str));
    let ran = place.run(&arguments, None);
    let changes = place.changes();
    let made: Vec<String> = changes.iter().map(|heard| heard.call.operation.to_string()).collect();
    trail.note(&format!("{}: exit code {:?}, {made:?}", arguments.join(" "), ran.code));
    // The part that the plan had to leave out at a blocked address is left, and apply says so.
    let blocked = plan["preflight"].as_array().into_iter().flatten().any(|one| one["level"] == "blocked");
    let expected = if blocked { 1 } else { 0 };
    assert_eq!(ran.code, Some(expected), "the plan had no error, and apply has:\n{}", last_lines(&ran.err));
    let broken =
        broken(plan, before, &changes, &|subnet| place.zone_of(subnet), &|address| place.id(address));
    assert!(broken.is_empty(), "the plan had not said what was done: {broken:#?}");
    let anew = plan["changes"].as_array().into_iter().flatten().filter(|change| {
        let holds_data = ["aws_db_instance", "aws_efs_file_system", "aws_ebs_volume"]
            .iter()
            .any(|kind| change["kind"] == *kind);
        let is_made = changes.iter().any(|heard| {
            let name = heard.call.operation.name.as_str();
            let makes_database = is_making(name) && name.contains("DBInstance");
            (makes_database && change["kind"] == "aws_db_instance")
                || (name == "CreateFileSystem" && change["kind"] == "aws_efs_file_system")
                || (name == "CreateVolume" && change["kind"] == "aws_ebs_volume")
        });
        holds_data && is_made && (change["action"] == "create" || change["action"] == "replace")
    });
    for change in anew {
        let address = change["address"].as_str().unwrap_or_default();
        let is_lawful = !known.held.contains(address) || trail.names(address);
        assert!(is_lawful, "{address} held data, and was made anew unnamed");
    }
}

/// Holds that a plan with errors is not carried out.
fn refuses_to_apply(place: &Place, options: &[String], trail: &mut Trail) {
    let options = options.iter().map(String::as_str);
    let arguments: Vec<&str> = ["apply", "--auto-approve"].into_iter().chain(options).collect();
    let ran = place.run(&arguments, None);
    place.changed_nothing("an apply whose plan has an error");
    assert_eq!(ran.code, Some(1), "the plan has an error, and apply has none: {}\n{}", ran.out, ran.err);
    trail.note("apply refuses");
}

/// Types the first way of a hint that can be typed.
fn follow(place: &mut Place, known: &Knowledge, error: &Hint, trail: &mut Trail) {
    let hint = error.hint.as_deref().unwrap_or_default();
    let can_be_typed = |way: &Vec<Typed>| {
        way.iter().all(|typed| match typed {
            Typed::Undo => known.done.before.is_some(),
            Typed::Newer => known.done.readable.is_some(),
            Typed::Line { names, .. } => error.address.is_some() || !names.is_empty(),
            Typed::Out { .. } => true,
            Typed::Provision(words) | Typed::Aws(words) => !has_a_gap(words),
        })
    };
    // An error with a place in the stack file is mended there, by the person who has just edited it.
    let in_the_file = error.message.contains("[provision.yaml:").then(|| vec![Typed::Undo]);
    let way = ways(hint).into_iter().chain(in_the_file).find(can_be_typed);
    let person = known.request.person.filter(|(words, _)| hint.contains(words));
    let way = match (way, person) {
        (_, Some((words, act))) => {
            trail.note(&format!("a person does it: {words}"));
            return act(place);
        }
        (Some(way), None) => way,
        (None, None) => match hints::another_group(hint) {
            Some((database, group)) => {
                trail.note(&format!("a person gives {database} another group than {group}"));
                let hand = Hand { cloud: &place.world.cloud };
                trail.typed.push(hand.gives_another_group(database, group));
                return;
            }
            None => panic!("nothing to type: {error}"),
        },
    };
    for typed in way {
        match typed {
            Typed::Undo => {
                trail.note("typed: the stack file as it was");
                let text = known.done.before.as_deref().expect("it was looked at");
                place.world.write_stack(text);
            }
            Typed::Newer => {
                trail.note("typed: a newer version is installed");
                place.put_state(known.done.readable.as_deref().expect("it was looked at"));
            }
            Typed::Line { key, value, names } => {
                trail.note(&format!("typed: {key}: {value} {names:?}"));
                let address = error.address.clone().filter(|_| names.is_empty());
                for name in names.into_iter().chain(address) {
                    hints::write_line(&place.world, &name, &key, &value);
                }
            }
            Typed::Out { key, name } => {
                trail.note(&format!("typed: {name} without {key}"));
                hints::take_out(&place.world, &name, &key);
            }
            Typed::Aws(words) => {
                trail.typed.push(words.join(" "));
                trail.note(&format!("typed: aws {}", words.join(" ")));
                hints::aws(&place.world, &words);
            }
            Typed::Provision(words) => provision(place, known, &words, trail),
        }
    }
}

/// Types a command of the program. An apply is held to its plan.
fn provision(place: &mut Place, known: &Knowledge, words: &[String], trail: &mut Trail) {
    let line = words.join(" ");
    trail.note(&format!("typed: provision {line}"));
    trail.typed.push(line);
    for word in words.iter().flat_map(|word| word.split('=')) {
        place.unwatch(word);
    }
    let (command, options) = words.split_first().expect("a command has a first word");
    if command == "apply" {
        match plan(place, options, trail) {
            Said::Changes(plan) => carry_out(place, known, options, &plan, trail),
            Said::Nothing => {}
            Said::Errors(_) => trail.note("its plan has errors"),
        }
        return;
    }
    let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    let writes = command == "destroy"
        || (command == "state"
            && options.first().is_some_and(|one| !["list", "show"].contains(&one.as_str())));
    if writes {
        arguments.push("--auto-approve");
    }
    let ran = place.run(&arguments, None);
    match (command.as_str(), options.first().map(String::as_str)) {
        ("destroy", _) => {}
        // A rebuild writes whose the objects are now.
        ("state", Some("rebuild")) => {
            let is_other = |heard: &Heard| !heard.call.operation.name.contains("Tag");
            let others = place.changes().into_iter().filter(is_other);
            let others: Vec<String> = others.map(|heard| heard.call.operation.name).collect();
            assert!(others.is_empty(), "a rebuild changes more than tags: {others:?}");
        }
        _ => place.changed_nothing(&arguments.join(" ")),
    }
    trail.note(&format!("exit code {:?} {}", ran.code, last_lines(&ran.err)));
}

/// Holds that all data is still there that was not named, and that nothing of others was touched.
fn nothing_is_lost(place: &Place, known: &Knowledge, trail: &Trail) {
    let there = data_of(place);
    for (id, name) in &known.data {
        let named = || {
            let is_word = |line: &String| line.contains("--replace") || line.starts_with("destroy");
            known.request.options.contains(&"--destroy") || trail.typed.iter().any(is_word)
        };
        assert!(there.contains_key(id) || named(), "{id} ({name}) held data, and is gone unnamed");
    }
    let now = others(&place.world.cloud);
    for (id, was) in known.others.iter().filter(|(id, _)| !trail.names(id)) {
        let name = id.rsplit(' ').next().unwrap_or_default();
        if trail.names(name) || whole_of(was).is_some_and(|whole| trail.names(whole)) {
            continue;
        }
        match now.get(id) {
            Some(is) => assert_eq!(is, was, "{id} is not the stack's, and was changed"),
            None => assert!(
                known.data.get(id).is_some_and(|name| trail.names(name)),
                "{id} was not the stack's, and is gone or taken over unnamed: {was}"
            ),
        }
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.contains(" DEBUG ") && !line.contains(" INFO ")).collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
