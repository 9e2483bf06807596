//! The plan as text: what will be done, why, and what it costs, with the gravest nearest to the question.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::engine::address::Address;
use crate::engine::plan::{
    Action, Change, Drift, FieldChange, Finding, Mode, Plan, Rendered, Response, Summary, Window,
};

use super::action::{effect_text, left_out, queued_for, symbol, window_name};
use super::cost::{cost_phrase, cuts_off, unsaid_cost};
use super::findings::findings;
use super::harmless::harmless;
use super::holdings::holdings_lines;
use super::page::{Page, painted, visible_width, words};
use super::style::{Ink, Style};
use super::value::{changed_fields, new_fields, string};

/// The distance of a block's text from the left: under its address.
const BODY: usize = 6;
/// The distance of a second line of a block's head from the left: apart from the fields below it.
const HEAD: usize = 10;

/// The title above the drift.
pub(super) const DRIFT_TITLE: &str = "Changed outside since the last apply (AWS does not say by whom)";

/// The whole plan as text.
pub fn plan_text(plan: &Plan, style: &Style) -> String {
    let mut page = Page::new(style);
    header(&mut page, plan);
    drift(&mut page, plan);
    listing(&mut page, plan, Action::Watch, "To be watched");
    listing(&mut page, plan, Action::Forget, "To be forgotten");
    for action in [Action::Create, Action::Update, Action::Replace] {
        for change in plan.changes.iter().filter(|change| change.action == action) {
            page.gap();
            block(&mut page, change);
        }
    }
    for change in
        plan.changes.iter().filter(|change| change.action == Action::NoOp && !change.queued.is_empty())
    {
        page.gap();
        page.fill(
            0,
            BODY,
            [
                symbol(Action::NoOp, None).to_owned(),
                format!("{}: unchanged", string(&change.address.to_string())),
            ],
        );
        queue(&mut page, change);
    }
    listing(&mut page, plan, Action::Delete, "To be deleted");
    for (change, blocked) in plan.blocked() {
        page.gap();
        let address = format!("{}:", string(&change.address.to_string()));
        let mark = page.style().paint(Ink::Error, "  !");
        page.fill(0, BODY, [mark, address].into_iter().chain(words(&left_out(blocked))));
        changed_fields(&mut page, BODY, blocked.fields.iter().map(|field| (field, None)));
    }
    rendered(&mut page, plan);
    findings(&mut page, &plan.preflight);
    summary(&mut page, plan);
    page.finish()
}

fn header(page: &mut Page<'_>, plan: &Plan) {
    let title = painted(page.style(), Ink::Title, &format!("{} {}", title(plan.mode), plan.stack));
    let place = [
        Some(harmless(&plan.stack_file).into_owned()).filter(|name| !name.is_empty()),
        plan.cluster.as_deref().map(|cluster| format!("cluster {}", harmless(cluster))),
        Some(format!("account {}", harmless(&plan.account))),
        Some(harmless(&plan.region).into_owned()),
    ];
    page.fill(0, 2, title.into_iter().chain(place.into_iter().flatten().map(|part| format!("· {part}"))));
    for text in waiting(plan) {
        page.fill(0, 2, painted(page.style(), Ink::Warning, &text.to_string()));
    }
}

/// The fields that earlier changes left for one maintenance window.
pub(super) struct Waiting {
    /// In our own words alone: `1 queued for 2026-11-29 04:30 UTC`.
    pub(super) what: String,
    /// Each object with the fields that wait.
    pub(super) objects: Vec<(String, String)>,
}

/// The fields that earlier changes left for maintenance windows.
pub(super) fn waiting(plan: &Plan) -> Vec<Waiting> {
    let mut windows: BTreeMap<Option<&str>, Vec<(String, String)>> = BTreeMap::new();
    for change in &plan.changes {
        let waiting = change.queued.iter().filter_map(|field| Some((field, field.window.as_ref()?)));
        let (fields, opens): (Vec<&str>, Vec<Option<&str>>) =
            waiting.map(|(field, window)| (field.path.as_str(), window.opens.as_deref())).unzip();
        if let Some(opens) = opens.first() {
            windows.entry(*opens).or_default().push((change.address.to_string(), fields.join(", ")));
        }
    }
    let one = |(opens, objects): (Option<&str>, Vec<(String, String)>)| Waiting {
        what: format!("{} {}", objects.len(), queued_for(opens)),
        objects,
    };
    windows.into_iter().map(one).collect()
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let objects = self.objects.iter().map(|(address, fields)| format!("{address} ({fields})"));
        write!(f, "{}: {}", self.what, objects.collect::<Vec<_>>().join(", "))
    }
}

/// The words before the stack's name.
pub(super) fn title(mode: Mode) -> &'static str {
    match mode {
        Mode::Apply => "Plan for",
        Mode::Destroy => "Plan to destroy",
        Mode::RefreshOnly => "Drift of",
    }
}

fn drift(page: &mut Page<'_>, plan: &Plan) {
    if plan.drift.is_empty() {
        return;
    }
    page.gap();
    page.fill(0, 2, painted(page.style(), Ink::Title, DRIFT_TITLE));
    for Drift { address, gone, fields, outputs, response, .. } in &plan.drift {
        let response = words(response_text(plan, address, *response));
        let address = harmless(&address.to_string()).into_owned();
        if *gone {
            let mark = page.style().paint(Ink::Delete, "  -");
            page.fill(0, BODY, [mark, address, "is gone;".to_owned()].into_iter().chain(response));
        } else {
            let mark = page.style().paint(Ink::Update, "  ~");
            page.fill(0, BODY, [mark, format!("{address}:")].into_iter().chain(response));
            let fields = fields.iter().map(|field| (field, None));
            let outputs = outputs.iter().map(|output| (output, Some(OUTPUT.to_owned())));
            changed_fields(page, BODY, fields.chain(outputs));
        }
    }
}

/// The note beside an output that AWS has changed.
pub(super) const OUTPUT: &str = "output: recorded by apply";

/// The plan's response to a drift.
pub(super) fn response_text(plan: &Plan, address: &Address, response: Response) -> &'static str {
    match response {
        _ if plan.errors().any(|error| error.address.as_ref() == Some(address)) => {
            "nothing is done before its error is mended, see below"
        }
        Response::PutRight | Response::MadeAgain | Response::LetGo if plan.errors().next().is_some() => {
            "is seen to once the errors below are mended"
        }
        Response::PutRight => "is put right below",
        Response::MadeAgain => "is made again below",
        Response::OnlyWhenNamed => "is made again only when it is named",
        Response::LetGo => "is let go below",
        Response::Recorded => "apply only records it",
        Response::LeftAlone => "is left alone",
    }
}

/// The resources whose fields do not matter, since they are not changed or go altogether: one line each.
fn listing(page: &mut Page<'_>, plan: &Plan, action: Action, title: &str) {
    let changes: Vec<&Change> = plan.changes.iter().filter(|change| change.action == action).collect();
    let Some(first) = changes.first() else { return };
    let style = page.style();
    page.gap();
    // A reason that all of them share is said once.
    let shared = changes.iter().all(|change| change.reason == first.reason);
    let title = painted(style, Ink::Title, title);
    page.fill(0, 2, title.into_iter().chain(if shared { reason(first) } else { Vec::new() }));
    let column = changes.iter().map(|change| visible_width(&change.address.to_string())).max().unwrap_or(0);
    for change in changes {
        let mark = style.paint(action.ink(), symbol(action, None));
        let address = format!("{:column$}", harmless(&change.address.to_string()));
        let id = change.id.as_ref().map(|id| string(id.as_str()));
        let own = if shared { Vec::new() } else { reason(change) };
        let loss = cuts_off(change).map(|loss| style.paint(Ink::Warning, loss));
        page.fill(0, BODY, [mark, address].into_iter().chain(id).chain(own).chain(loss));
        data(page, change);
    }
}

/// The title above the rendered files that will differ.
pub(super) const RENDERED_TITLE: &str = "Rendered files to be written, after everything has settled";

/// The rendered files that will differ, each with its reason.
fn rendered(page: &mut Page<'_>, plan: &Plan) {
    if plan.rendered.is_empty() {
        return;
    }
    page.gap();
    page.fill(0, 2, painted(page.style(), Ink::Title, RENDERED_TITLE));
    for Rendered { path, reason, is_new, .. } in &plan.rendered {
        let mark = match is_new {
            true => page.style().paint(Ink::Create, "  +"),
            false => page.style().paint(Ink::Update, "  ~"),
        };
        let path = format!("{}:", harmless(path));
        page.fill(0, BODY, [mark, path].into_iter().chain(words(reason)));
    }
}

/// The reason in parentheses.
fn reason(change: &Change) -> Vec<String> {
    if change.reason.is_empty() { Vec::new() } else { words(&format!("({})", change.reason)) }
}

fn block(page: &mut Page<'_>, change: &Change) {
    let style = page.style();
    let ink = change.action.ink();
    let head = format!("{}:", string(&change.address.to_string()));
    let mut pieces = vec![
        style.paint(ink, symbol(change.action, change.order)),
        style.paint(Ink::Title, &head),
        style.paint(ink, change.action.name()),
    ];
    pieces.extend(reason(change));
    if let Some(cost) = cost_phrase(change)
        && let Some(last) = pieces.last_mut()
    {
        last.push(',');
        pieces.extend(painted(style, Ink::Warning, &cost));
    }
    page.fill(0, HEAD, pieces);
    data(page, change);
    if change.action == Action::Create && change.keeps.is_none() {
        new_fields(page, BODY, &change.fields);
    } else {
        changed_fields(page, BODY, change.fields.iter().map(|field| (field, unsaid_cost(change, field))));
    }
    queue(page, change);
}

/// The account of the data of an object that goes.
fn data(page: &mut Page<'_>, change: &Change) {
    for line in holdings_lines(change) {
        page.fill(BODY, BODY + 2, painted(page.style(), Ink::Warning, &line));
    }
}

/// The fields that earlier changes left for the window.
fn queue(page: &mut Page<'_>, change: &Change) {
    if change.queued.is_empty() {
        return;
    }
    let text = match change.queued.iter().find_map(|field| field.window.as_ref()) {
        Some(window) => format!("queued before, for {}:", window_name(window)),
        None => "queued before, and made at once with this change:".to_owned(),
    };
    page.fill(BODY, BODY + 2, painted(page.style(), Ink::Warning, &text));
    changed_fields(page, BODY + 2, change.queued.iter().map(|field| (field, then(field))));
}

/// The cost of a queued change when it is made.
fn then(field: &FieldChange) -> Option<String> {
    let effect = field.window.as_ref().map_or(field.effect, |window| window.effect);
    effect_text(effect).map(str::to_owned)
}

fn summary(page: &mut Page<'_>, plan: &Plan) {
    if let Some(text) = summary_text(plan) {
        page.gap();
        page.fill(0, 2, painted(page.style(), Ink::Title, &text));
    }
}

/// The plan in one sentence, of our own words and numbers alone.
pub(super) fn summary_text(plan: &Plan) -> Option<String> {
    Some(match plan.mode {
        Mode::RefreshOnly => drift_summary(plan),
        // Nothing is planned for what is wrong; the errors say more.
        _ if plan.is_empty() && plan.errors().next().is_some() => return None,
        _ if plan.is_empty() && plan.mode == Mode::Destroy => {
            "No changes. There is nothing to destroy.".to_owned()
        }
        _ if plan.is_empty() && plan.summary.blocked > 0 => {
            format!("Nothing can be done now; {}.", left(plan.summary.blocked))
        }
        _ if plan.is_empty() => {
            let recorded = match plan.changed_outputs().count() {
                0 => String::new(),
                1 => " Apply records 1 output that AWS changed.".to_owned(),
                outputs => format!(" Apply records {outputs} outputs that AWS changed."),
            };
            let written = match plan.rendered.len() {
                0 => String::new(),
                1 => " Apply writes 1 rendered file.".to_owned(),
                files => format!(" Apply writes {files} rendered files."),
            };
            match still_waiting(plan) {
                Some(waits) => {
                    format!("No changes now. {waits}; all else is as the stack describes.{recorded}{written}")
                }
                None => {
                    format!(
                        "No changes. {} as the stack describes.{recorded}{written}",
                        are(plan.summary.no_op)
                    )
                }
            }
        }
        _ if plan.errors().next().is_some() => {
            format!("Planned, but not before the errors are mended: {}", counts(&plan.summary))
        }
        _ => format!("Plan: {}", counts(&plan.summary)),
    })
}

/// `1 change waits for the window of Sun 2026-11-29 04:30 UTC`, if AWS has any that waits.
fn still_waiting(plan: &Plan) -> Option<String> {
    let fields = plan.changes.iter().flat_map(|change| &change.queued);
    let windows: Vec<&Window> = fields.filter_map(|field| field.window.as_ref()).collect();
    if windows.is_empty() {
        return None;
    }
    let count = match windows.len() {
        1 => "1 change waits".to_owned(),
        several => format!("{several} changes wait"),
    };
    let names: BTreeSet<String> = windows.iter().map(|window| window_name(window)).collect();
    Some(format!("{count} for {}", names.into_iter().collect::<Vec<_>>().join(" and ")))
}

/// True for a finding on a recorded object that is another owner's by now: a refresh follows nothing of it.
fn is_of_others(finding: &Finding) -> bool {
    finding.address.is_some() && ["fenced", "ownership"].contains(&finding.check.as_str())
}

fn drift_summary(plan: &Plan) -> String {
    let gone = plan.drift.iter().filter(|drift| drift.gone).count();
    let changed = plan.drift.len() - gone;
    if plan.drift.is_empty() {
        if plan.preflight.iter().any(is_of_others) {
            return "No drift of what is this state's; the rest stays as it was recorded.".to_owned();
        }
        return format!("No drift. {} as recorded.", are(plan.summary.no_op));
    }
    format!("Drift: {changed} changed outside, {gone} gone.")
}

fn counts(summary: &Summary) -> String {
    let Summary { create, update, replace, delete, adopt: _, watch, forget, no_op, blocked } = *summary;
    let counted: Vec<String> = [
        (create, "create"),
        (update, "update"),
        (replace, "replace"),
        (delete, "delete"),
        (watch, "watch"),
        (forget, "forget"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} to {word}"))
    .collect();
    let calm = if update + replace + delete == 0 { "; nothing to change or delete" } else { "" };
    let mut rest = if no_op > 0 { format!("; {no_op} unchanged") } else { String::new() };
    if blocked > 0 {
        rest += &format!("; {}", left(blocked));
    }
    format!("{}{calm}{rest}.", counted.join(", "))
}

fn left(count: usize) -> String {
    format!("{count} left as {}, wholly or in part", if count == 1 { "it is" } else { "they are" })
}

fn are(count: usize) -> String {
    match count {
        0 => "Everything is".to_owned(),
        1 => "The one resource is".to_owned(),
        _ => format!("All {count} resources are"),
    }
}
