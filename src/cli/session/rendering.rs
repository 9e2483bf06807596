//! The rendered files of a plan and of a run: those that will differ, and those that are written after everything has settled.

use std::path::{Path, PathBuf};

use crate::engine::plan::{Action, Finding, Level, Plan, Rendered};
use crate::engine::planner::{Sighting, Sightings};
use crate::engine::state::State;
use crate::gitlab::{
    self, Description, ENDS_OF_LINES, File, Side, chosen, clashes, coming, differing, gate, undescribed,
};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::super::rendered::{self, Ready, left_in, there, warnings_with_files};
use super::super::screen::Screen;
use super::super::stack_file::folder_of;
use super::super::written::{Form, may_be_written};
use super::Session;

/// The check's name.
const CHECK: &str = "rendering";

/// The outputs that a reason names before it only counts.
const NAMED: usize = 3;

impl Session {
    /// The rendered files that will differ after a plan, and what is wrong or doubtful about them.
    pub(super) fn rendering(
        &self,
        state: Option<&State>,
        account: &str,
        plan: &Plan,
        sightings: &Sightings,
    ) -> (Vec<Rendered>, Vec<Finding>) {
        if self.stack.parts.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let new = || State::new(&self.stack.stack.to_string(), String::new(), account, self.aws.region());
        let now = state.cloned().unwrap_or_else(new);
        let then = coming(&now, plan);
        let (now, then) = (Description::new(&self.stack, &now), Description::new(&self.stack, &then));
        let live =
            |address: &_| sightings.get(address).and_then(Sighting::live).map(|(_, live)| &live.inputs);
        let mut found = gate::findings(&then, plan, live);
        let (Some(folder), Some(out)) = (self.rendered_folder(), then.render.as_ref()) else {
            return (Vec::new(), found);
        };
        let (mut differ, mut ready) = (Vec::new(), Vec::new());
        if let Err(failure) = self.fit_for_rendering() {
            let (message, hint) = failure.sentence();
            found.push(finding(Level::Error, message, hint.map(str::to_owned)));
            return (Vec::new(), found);
        }
        let wrong = undescribed(&then).into_iter().chain(clashes(&then));
        found.extend(wrong.map(|wrong| finding(Level::Error, wrong.message, Some(wrong.hint))));
        // With targets, a plan may leave out what a file needs: that is written by a later one.
        let comes = |output: &String| {
            let entry = output.split('.').nth(1);
            let made = plan.changes.iter().filter(|change| change.action != Action::NoOp);
            entry
                .is_none_or(|entry| made.map(|change| &change.address).any(|address| address.name() == entry))
        };
        for file in chosen(&then) {
            let rendered = match gitlab::render(&then, &file) {
                Ok(rendered) => rendered,
                Err(refused) => {
                    let message = format!("{} cannot be rendered: {refused}", file.name());
                    found.push(finding(Level::Error, message, Some(refused.hint)));
                    continue;
                }
            };
            if !rendered.unknown().iter().all(comes) {
                continue;
            }
            let path = format!("{}/{}", out.out.trim_end_matches('/'), file.path());
            let writable = may_be_written(&folder.join(file.path()), Form::Rendered, self.taken());
            let there = writable.and_then(|()| there(&folder, &file));
            match there {
                Err(failure) => {
                    let (message, hint) = failure.sentence();
                    found.push(finding(Level::Error, message, hint.map(str::to_owned)));
                }
                Ok(Some(there)) if there == rendered.text => {}
                Ok(there) => {
                    let unknown = !rendered.unknown().is_empty();
                    let reason = reason(&now, &file, &rendered, there.as_deref());
                    differ.push(Rendered { path, reason, unknown, is_new: there.is_none() });
                    ready.push(Ready { file, rendered });
                }
            }
        }
        // What is as it was is no news.
        found.extend(warnings_with_files(&ready).into_iter().map(|text| finding(Level::Warning, text, None)));
        found.extend(left_in(&folder, &then).into_iter().map(|path| {
            let path = format!("{}/{path}", out.out.trim_end_matches('/'));
            let hint = format!("rm {}", quoted(&path));
            let message = format!("{path} was rendered before, and is of no target now");
            finding(Level::Warning, message, Some(hint))
        }));
        (differ, found)
    }

    /// Writes the files that the stack file declares, from what is recorded now, and says which.
    ///
    /// # Errors
    /// Those of [`rendered::write`]. A file that needs what is not there yet is left as it is, and said.
    pub(in crate::cli) fn write_rendered(
        &self,
        state: &State,
        is_of_targets: bool,
        screen: &mut Screen,
    ) -> Result<(), Failure> {
        let Some(folder) = self.rendered_folder() else { return Ok(()) };
        self.fit_for_rendering()?;
        let description = Description::new(&self.stack, state);
        let mut ready = Vec::new();
        let mut later = Vec::new();
        for file in chosen(&description) {
            let name = file.path();
            match rendered::whole(&description, vec![file]) {
                Ok(one) => ready.extend(one),
                Err(_) if is_of_targets => later.push(name),
                Err(failure) => {
                    let (message, hint) = failure.sentence();
                    screen
                        .say_with_hint(&format!("Not written: {message}"), hint.unwrap_or("provision apply"));
                }
            }
        }
        if !later.is_empty() {
            let names = later.join(", ");
            screen.say(&format!(
                "Not written, since they need more than the targets of this run: {}",
                harmless(&names)
            ));
        }
        let written = rendered::write(&folder, &ready, self.taken())?;
        written.iter().for_each(|path| screen.say(&format!("Wrote {}", harmless(&path.to_string_lossy()))));
        let notes: usize = ready.iter().map(|one| one.rendered.notes.len()).sum();
        if let (false, 1.., Some(render)) = (written.is_empty(), notes, &description.render) {
            let folder = quoted(&render.out);
            screen.say(&format!(
                "What is to be done with these files, in {notes} notes: provision render --out {folder}"
            ));
        }
        Ok(())
    }

    /// The folder that the stack file names is a folder below that of the stack file, or is not there yet: a link may come with files of
    /// others, and would lead elsewhere.
    fn fit_for_rendering(&self) -> Result<(), Failure> {
        let below = self.stack.render_folder().unwrap_or_default();
        let mut path = self.upper_folder();
        for part in Path::new(below).components() {
            path.push(part);
            let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
            let because = match () {
                () if metadata.is_symlink() => "is a symlink, and rendered files are written through none",
                () if !metadata.is_dir() => {
                    "is no folder, and rendered files are written into one of that name"
                }
                () => continue,
            };
            let name = path.to_string_lossy();
            return Err(Failure::message(FailureKind::Usage, format!("{} {because}", harmless(&name)))
                .hint("move it away, or write another folder as `out` of `render`"));
        }
        Ok(())
    }

    /// The folder of rendered files, if the stack file names one: it counts from the folder of the upper stack file.
    fn rendered_folder(&self) -> Option<PathBuf> {
        let out = self.stack.render_folder()?;
        Some(self.upper_folder().join(out))
    }

    /// The folder of the upper stack file.
    fn upper_folder(&self) -> PathBuf {
        self.stack_paths.last().map(|path| folder_of(path)).unwrap_or_default()
    }
}

/// Why a file differs.
fn reason(now: &Description<'_>, file: &File, then: &gitlab::Rendered, there: Option<&str>) -> String {
    let listed = |names: Vec<&str>, end: &str| {
        let more = names.len().saturating_sub(NAMED);
        let named: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more} {end}", named.join(", "))
    };
    let unknown = then.unknown();
    if !unknown.is_empty() {
        return listed(unknown.iter().map(String::as_str).collect(), "known after apply");
    }
    let Some(there) = there else { return "it is not there".to_owned() };
    let before = gitlab::render(now, file).map(|rendered| rendered.asked).unwrap_or_default();
    let changed = then.asked.iter().filter(|(name, value)| before.get(*name) != Some(*value));
    let changed: Vec<&str> = changed.map(|(name, _)| name.as_str()).collect();
    match changed.is_empty() {
        true => lines(there, &then.text),
        false => listed(changed, "changed"),
    }
}

/// The lines in which a file differs: the first in full.
fn lines(there: &str, rendered: &str) -> String {
    const WIDEST: usize = 60;
    let differ = differing(there, rendered);
    let text = |side: Side| {
        let line = differ.iter().find(|line| line.side == side)?;
        let text = line.text.trim();
        let cut: String = text.chars().take(WIDEST).collect();
        Some((line.number, if cut == text { cut } else { format!("{cut}…") }))
    };
    let first = match (text(Side::There), text(Side::Rendered)) {
        (Some((number, old)), Some((_, new))) => format!("line {number} is `{old}`, and is to be `{new}`"),
        (Some((number, old)), None) => format!("line {number} is to go, `{old}`"),
        (None, Some((number, new))) => format!("line {number} is new, `{new}`"),
        (None, None) => return ENDS_OF_LINES.to_owned(),
    };
    let of = |side: Side| differ.iter().filter(|line| line.side == side).count();
    let more = of(Side::There).max(of(Side::Rendered)) - 1;
    match more {
        0 => first,
        1 => format!("{first}, and 1 line more differs"),
        more => format!("{first}, and {more} lines more differ"),
    }
}

fn finding(level: Level, message: String, hint: Option<String>) -> Finding {
    Finding { check: CHECK.to_owned(), address: None, level, message, hint, remedies: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gitlab::tests::plans::database;
    use crate::gitlab::tests::{STACK, applied, nothing, stack};

    /// The reason for GitLab's file, from one state to the next.
    fn said(now: &State, then: &State, edit: Option<(&str, &str)>) -> String {
        let stack = stack(STACK);
        let (now, then) = (Description::new(&stack, now), Description::new(&stack, then));
        let file = chosen(&then).into_iter().find(|file| file.name() == "gitlab").expect("it is described");
        let rendered = gitlab::render(&then, &file).expect("it can be rendered");
        let there = edit.map(|(from, to)| rendered.text.replace(from, to));
        reason(&now, &file, &rendered, there.as_deref())
    }

    #[test]
    fn a_reason_names_the_outputs_that_come_or_change() {
        let mut moved = applied();
        let outputs = &mut moved.resources.get_mut(&database()).expect("it is there").outputs;
        outputs.insert("host".to_owned(), "new.rds.amazonaws.com".into());
        assert_eq!(said(&applied(), &moved, Some(("", ""))), "`databases.gitlab-pgsql.host` changed");
        assert_eq!(
            said(&applied(), &applied(), Some(("memory: \"6Gi\"", "memory: \"2Gi\""))),
            "line 218 is `memory: \"2Gi\"`, and is to be `memory: \"6Gi\"`"
        );
        assert_eq!(said(&nothing(), &applied(), None), "it is not there");
        let unknown = said(&nothing(), &nothing(), None);
        assert!(
            unknown.starts_with("`databases.gitlab-pgsql.database`, ")
                && unknown.ends_with(" more known after apply"),
            "{unknown}"
        );
    }
}
