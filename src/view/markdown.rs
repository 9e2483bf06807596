//! The plan as a comment on a pull request: what happens to the service at a glance, then every difference, open; what is only
//! watched is folded.

mod code;
mod fields;

use crate::engine::plan::{Action, Change, Drift, Finding, Level, Plan, Rendered};

use super::action::{GRAVEST_FIRST, action_word, left_out, symbol};
use super::carried::Carried;
use super::cost::costs;
use super::findings::with_one_hint;
use super::hint::hint;
use super::holdings::holdings_lines;
use super::made::Made;
use super::page::{Page, words};
use super::plan::{DRIFT_TITLE, OUTPUT, RENDERED_TITLE, response_text, summary_text, title, waiting};
use super::style::Style;
use super::value::string;

use code::Block;

/// The longest comment that GitHub takes, in characters. It is counted in bytes here, which are never fewer.
const LONGEST: usize = 65_536;
/// The room kept free for the notes on what was left out.
const NOTES: usize = 1_024;
/// Blocks of code are not folded by browsers; wider ones must be scrolled.
const WIDTH: usize = 96;

/// The plan as Markdown for code hosts, no longer than they take.
pub fn plan_markdown(plan: &Plan, made: &Made, carried: &Carried) -> String {
    let mut comment = Comment { text: head(plan, made), left_out: Vec::new() };
    comment.lines("messages", findings(plan));
    let shown: Vec<&Change> = GRAVEST_FIRST
        .into_iter()
        .flat_map(|action| plan.changes.iter().filter(move |change| change.action == action))
        .filter(|change| {
            change.action != Action::NoOp || !change.queued.is_empty() || change.blocked.is_some()
        })
        .collect();
    let (kept, changed): (Vec<&Change>, Vec<&Change>) =
        shown.into_iter().partition(|change| matches!(change.action, Action::Watch | Action::Forget));
    if !changed.is_empty() {
        let rows = changed.iter().map(|change| row(change)).collect();
        comment.rows("\n| | Resource | Action | Effect | When |\n|---|---|---|---|---|\n", rows);
    }
    if !plan.drift.is_empty() {
        comment.add(&format!("\n**{DRIFT_TITLE}**\n"));
        comment.lines("changes outside", plan.drift.iter().map(|one| drift(plan, one)).collect());
    }
    if !plan.rendered.is_empty() {
        comment.add(&format!("\n**{RENDERED_TITLE}**\n"));
        let line = |one: &Rendered| {
            folded(if one.is_new { "+" } else { "!" }, 0, &format!("{}: {}", one.path, one.reason))
        };
        comment.lines("rendered files", plan.rendered.iter().map(line).collect());
    }
    let mut details: Vec<String> = changed.iter().filter_map(|change| detail(change)).collect();
    details.extend(watched_objects(&kept));
    comment.pieces("details", details);
    comment.finish(plan.agreed_by(), carried)
}

/// Markdown that grows as far as it may.
struct Comment {
    text: String,
    /// The things that did not fit, and how many.
    left_out: Vec<(&'static str, usize)>,
}

impl Comment {
    fn room(&self) -> usize {
        (LONGEST - NOTES).saturating_sub(self.text.len())
    }

    /// Adds text of our own, if it fits.
    fn add(&mut self, text: &str) {
        if text.len() <= self.room() {
            self.text += text;
        }
    }

    /// Adds every piece that fits.
    fn pieces(&mut self, what: &'static str, pieces: Vec<String>) {
        let (all, mut added) = (pieces.len(), 0);
        for piece in &pieces {
            if piece.len() <= self.room() {
                self.text += piece;
                added += 1;
            }
        }
        self.note(what, all - added);
    }

    /// Adds a table with every row that fits.
    fn rows(&mut self, head: &str, rows: Vec<String>) {
        self.add(head);
        self.pieces("resources", rows);
    }

    /// Adds one block of code with every group of lines that fits.
    fn lines(&mut self, what: &'static str, groups: Vec<Vec<String>>) {
        let room = self.room().saturating_sub("\n".len());
        let mut block = Block::default();
        let left_out = groups.iter().filter(|group| !block.extend(&Block::of(group), room)).count();
        if !block.is_empty() {
            self.text += &format!("\n{}", block.fenced());
        }
        self.note(what, left_out);
    }

    fn note(&mut self, what: &'static str, count: usize) {
        if count > 0 {
            self.left_out.push((what, count));
        }
    }

    fn finish(mut self, digest: Option<&str>, carried: &Carried) -> String {
        if !self.left_out.is_empty() {
            let counted: Vec<String> =
                self.left_out.iter().map(|(what, count)| format!("{count} {what}")).collect();
            self.text += &format!(
                "\n_Left out, since a comment has room for {LONGEST} characters: {}. {} shows all._\n",
                counted.join(", "),
                code::command(&carried.on("provision plan"))
            );
        }
        if let Some(digest) = digest {
            self.text += &format!(
                "\nDigest `{digest}`. To carry out this plan and no other: {}, \
                 with the options that it was made with.\n",
                code::command(&carried.on(&format!("provision apply --expect {digest}")))
            );
        }
        self.text
    }
}

fn head(plan: &Plan, made: &Made) -> String {
    let file = match plan.stack_file.as_str() {
        "" => String::new(),
        file => format!(" ({})", code::span(file)),
    };
    let mut text = format!("### {} {}{file}\n\n", title(plan.mode), code::span(&plan.stack));
    for waiting in waiting(plan) {
        let objects = waiting.objects.iter();
        let spans = |fields: &str| fields.split(", ").map(code::span).collect::<Vec<_>>().join(", ");
        let objects = objects.map(|(address, fields)| format!("{} ({})", code::span(address), spans(fields)));
        text += &format!("{}: {}\n\n", waiting.what, objects.collect::<Vec<_>>().join(", "));
    }
    if let Some(cluster) = &plan.cluster {
        text += &format!("cluster {} · ", code::span(cluster));
    }
    text += &format!("account {} · {}\n\n", code::span(&plan.account), code::span(&plan.region));
    text += &format!("Made {} by provision {}", made.time(), made.version);
    if let Some(by) = &made.by {
        text += &format!(", with the credentials of {}", code::span(by));
    }
    text += ".\n\n";
    let count = |level| plan.preflight.iter().filter(|finding| finding.level == level).count();
    let counted = [
        (count(Level::Error), "error", "errors"),
        (count(Level::Blocked), "blocked", "blocked"),
        (count(Level::Warning), "warning", "warnings"),
        (count(Level::NotChecked), "check not made", "checks not made"),
        (count(Level::Passed), "check passed", "checks passed"),
    ];
    let counted = counted.iter().filter(|(count, ..)| *count > 0);
    let counted: Vec<String> = counted
        .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }))
        .collect();
    let sentence = match summary_text(plan) {
        _ if plan.errors().next().is_some() => "This plan cannot be carried out.".to_owned(),
        Some(sentence) => sentence,
        None => String::new(),
    };
    text += &format!("**{sentence}**");
    if !counted.is_empty() {
        text += &format!(" {}.", counted.join(", "));
    }
    text + "\n"
}

fn findings(plan: &Plan) -> Vec<Vec<String>> {
    let mut findings: Vec<&Finding> = plan.preflight.iter().collect();
    findings.sort_by_key(|finding| finding.level);
    let levels = findings.chunk_by(|one, other| one.level == other.level);
    levels
        .flat_map(|level| with_one_hint(level.iter().copied()))
        .filter_map(|(finding, said)| {
            let (mark, label) = match finding.level {
                Level::Error => ("-", "error:"),
                Level::Blocked => ("-", "blocked:"),
                Level::Warning => ("!", "warning:"),
                Level::NotChecked => ("#", "not checked:"),
                Level::Passed => return None,
            };
            let address = finding.address.as_ref().map(|address| format!("{address}: ")).unwrap_or_default();
            let mut lines = folded(mark, 0, &format!("{label} {address}{}", finding.message));
            lines.extend(said.iter().flat_map(|text| marked(mark, |page| hint(page, 2, text))));
            Some(lines)
        })
        .collect()
}

/// A text on as many lines as it needs, each with its mark.
fn folded(mark: &str, indent: usize, text: &str) -> Vec<String> {
    marked(mark, |page| page.fill(indent, 4, words(text)))
}

fn marked(mark: &str, write: impl FnOnce(&mut Page<'_>)) -> Vec<String> {
    let style = Style { color: false, width: WIDTH };
    let mut page = Page::new(&style);
    write(&mut page);
    page.finish().lines().map(|line| format!("{mark} {line}")).collect()
}

fn row(change: &Change) -> String {
    let mark = match symbol(change.action, change.order).trim() {
        "" => String::new(),
        mark => format!("`{mark}`"),
    };
    let action = action_word(change);
    let costs = costs(change);
    let effects: Vec<String> = costs
        .iter()
        .map(|cost| if cost.felt { format!("**{}**", cost.effect) } else { cost.effect.to_owned() })
        .collect();
    let times: Vec<&str> = costs.iter().map(|cost| cost.when.as_str()).collect();
    let address = code::span(&change.address.to_string());
    format!("| {mark} | {address} | {action} | {} | {} |\n", effects.join("<br>"), times.join("<br>"))
}

fn drift(plan: &Plan, drift: &Drift) -> Vec<String> {
    let then = response_text(plan, &drift.address, drift.response);
    if drift.gone {
        return vec![format!("- {} is gone; {then}", drift.address)];
    }
    let mut lines = vec![format!("! {}: {then}", drift.address)];
    drift.fields.iter().for_each(|field| fields::changed(&mut lines, "  ", field));
    if !drift.outputs.is_empty() {
        lines.push(format!("  # {OUTPUT}"));
        drift.outputs.iter().for_each(|output| fields::changed(&mut lines, "  ", output));
    }
    lines
}

/// Everything about one resource, open.
fn detail(change: &Change) -> Option<String> {
    let mut lines = Vec::new();
    for field in &change.fields {
        if change.action == Action::Create && change.keeps.is_none() {
            fields::fresh(&mut lines, field);
        } else {
            fields::changed(&mut lines, "", field);
        }
    }
    if !change.queued.is_empty() {
        let at_once = change.queued.iter().all(|field| field.window.is_none());
        let then = if at_once { "made at once with this change" } else { "waiting for the window" };
        lines.push(format!("# queued before, {then}:"));
        change.queued.iter().for_each(|field| fields::changed(&mut lines, "", field));
    }
    if let Some(blocked) = &change.blocked {
        lines.push(format!("# {}:", left_out(blocked)));
        blocked.fields.iter().for_each(|field| fields::changed(&mut lines, "", field));
    }
    let data = holdings_lines(change);
    lines.splice(0..0, data.iter().flat_map(|line| folded("-", 0, line)));
    if lines.is_empty() {
        return None;
    }
    if !change.reason.is_empty() {
        lines.splice(0..0, folded("#", 0, &change.reason));
    }
    let action = action_word(change);
    Some(details(" open", &format!("{} {action}", code::html(&change.address.to_string())), &lines))
}

/// The resources that are only watched, or only let go of: folded.
fn watched_objects(kept: &[&Change]) -> Vec<String> {
    [Action::Forget, Action::Watch]
        .into_iter()
        .filter_map(|action| {
            let ours: Vec<&&Change> = kept.iter().filter(|change| change.action == action).collect();
            let lines: Vec<String> = ours
                .iter()
                .map(|change| {
                    let id = change.id.as_ref().map(|id| string(id.as_str())).unwrap_or_default();
                    format!("  {} {id} ({})", change.address, change.reason)
                })
                .collect();
            let summary = format!("{} to {}: AWS is not changed", ours.len(), action.name());
            (!ours.is_empty()).then(|| details("", &summary, &lines))
        })
        .collect()
}

fn details(open: &str, summary: &str, lines: &[String]) -> String {
    format!("\n<details{open}><summary>{summary}</summary>\n\n{}\n</details>\n", Block::of(lines).fenced())
}
