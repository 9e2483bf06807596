//! The plan as one page for browsers: what is wrong, a drawing, and every difference, open. It loads nothing, and needs no script.

mod cards;
mod drawing;
mod resources;
mod text;

use crate::engine::plan::{Action, Finding, Level, Plan, Rendered};

use super::action::GRAVEST_FIRST;
use super::carried::Carried;
use super::findings::with_one_hint;
use super::hint::plain;
use super::made::Made;
use super::plan::{DRIFT_TITLE, RENDERED_TITLE, response_text, summary_text, title, waiting};

use cards::{cards, link};
use drawing::drawings;
use resources::{Resource, resources};
use text::{escaped, filled, policy};

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/app.js");

/// The mark of every page, within its first bytes.
const MARK: &str = "<meta name=\"generator\" content=\"provision\">";
/// The bytes within which the mark is: only the policy comes before it.
const HEAD: usize = 4096;

/// True if the bytes are a page of this program.
pub fn is_page(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..HEAD.min(bytes.len())]);
    head.starts_with("<!doctype html>") && head.contains(MARK)
}

/// The whole page.
pub fn plan_page(plan: &Plan, made: &Made, carried: &Carried) -> String {
    let plan = &carried.on_plan(plan);
    let resources = resources(plan);
    let heading = format!("{} {}", title(plan.mode), plan.stack);
    filled(
        PAGE,
        &[
            ("policy", policy(STYLE, SCRIPT)),
            ("title", escaped(&heading)),
            ("style", STYLE.to_owned()),
            ("place", place(plan, made)),
            ("summary", summary(plan)),
            ("digest", plan.agreed_by().map(|digest| carried_out(digest, carried)).unwrap_or_default()),
            ("findings", findings(plan, &resources)),
            ("drift", drift(plan, &resources) + &rendered(plan)),
            ("chips", chips(plan)),
            ("drawing", if plan.changes.is_empty() { String::new() } else { framed(&drawings(&resources)) }),
            ("cards", cards(&resources)),
            ("script", SCRIPT.to_owned()),
        ],
    )
}

fn place(plan: &Plan, made: &Made) -> String {
    let serial = plan.state.serial.to_string();
    let state = if plan.state.lineage.is_empty() { "none yet" } else { &serial };
    let waiting = waiting(plan).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let (time, version) = (made.time(), format!("provision {}", made.version));
    let known = [
        ("Stack file", Some(plan.stack_file.as_str()).filter(|name| !name.is_empty())),
        ("Made", Some(time.as_str())),
        ("With", Some(version.as_str())),
        ("By", made.by.as_deref()),
        ("Waiting", Some(waiting.as_str()).filter(|text| !text.is_empty())),
        ("Cluster", plan.cluster.as_deref()),
        ("Account", Some(plan.account.as_str())),
        ("Region", Some(plan.region.as_str())),
        ("State", Some(state)),
    ];
    let known = known.iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    known.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escaped(value))).collect()
}

fn summary(plan: &Plan) -> String {
    match plan.errors().count() {
        0 => format!("<p class=\"summary\">{}</p>", escaped(&summary_text(plan).unwrap_or_default())),
        1 => "<p class=\"summary refused\">This plan cannot be carried out: 1 error.</p>".to_owned(),
        many => format!("<p class=\"summary refused\">This plan cannot be carried out: {many} errors.</p>"),
    }
}

fn carried_out(digest: &str, carried: &Carried) -> String {
    let command = carried.on(&format!("provision apply --expect {digest}"));
    let command = escaped(&command);
    format!(
        "<p class=\"digest\">To carry out this plan and no other, with the options that it was made with: \
         <code>{command}</code></p>"
    )
}

/// A link to a resource, where it is on the page; its address alone otherwise.
fn way_to(address: &str, resources: &[Resource]) -> String {
    let address = escaped(address);
    match resources.iter().find(|resource| escaped(&resource.address) == address) {
        Some(resource) => link(resource),
        None => format!("<span class=\"to\">{address}</span>"),
    }
}

/// Each way on a line of its own.
fn hinted(hint: &str) -> String {
    plain(hint).iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n")
}

fn findings(plan: &Plan, resources: &[Resource]) -> String {
    let of = |level| plan.preflight.iter().filter(move |finding: &&Finding| finding.level == level);
    let item = |class: &str, label: &str, (finding, hint): (&Finding, Option<&str>)| {
        let address = finding.address.as_ref().map(|address| way_to(&address.to_string(), resources));
        let hint = hint.map(|hint| format!("<p class=\"hint\">{}</p>", hinted(hint)));
        format!(
            "<li class=\"{class}\"><span class=\"level\">{label}</span><div>{}<p>{}</p>{}</div></li>\n",
            address.unwrap_or_default(),
            escaped(&finding.message),
            hint.unwrap_or_default(),
        )
    };
    let open = [
        (Level::Error, "error", "Error"),
        (Level::Blocked, "error", "Blocked"),
        (Level::Warning, "warning", "Warning"),
    ];
    let open: String = open
        .iter()
        .flat_map(|(level, class, label)| {
            with_one_hint(of(*level)).into_iter().map(|one| item(class, label, one))
        })
        .collect();
    let quiet = [
        (Level::NotChecked, "not-checked", "Not checked", "not made"),
        (Level::Passed, "passed", "Passed", "passed"),
    ];
    let quiet: String = quiet
        .iter()
        .filter(|(level, ..)| of(*level).next().is_some())
        .map(|(level, class, label, said)| {
            let items: String =
                with_one_hint(of(*level)).into_iter().map(|one| item(class, label, one)).collect();
            let count = of(*level).count();
            let checks = if count == 1 { "check" } else { "checks" };
            format!(
                "<details class=\"card\"><summary>{count} {checks} {said}</summary>\
                 <ul class=\"findings\">\n{items}</ul></details>\n"
            )
        })
        .collect();
    let open = if open.is_empty() {
        open
    } else {
        format!("<ul class=\"findings card\" aria-label=\"Errors and warnings\">\n{open}</ul>\n")
    };
    open + &quiet
}

fn drift(plan: &Plan, resources: &[Resource]) -> String {
    if plan.drift.is_empty() {
        return String::new();
    }
    let items: String = plan
        .drift
        .iter()
        .map(|drift| {
            let changed = drift.fields.iter().chain(&drift.outputs);
            let paths: Vec<&str> = changed.map(|field| field.path.as_str()).collect();
            let what = if drift.gone { "is gone".to_owned() } else { escaped(&paths.join(", ")) };
            let (address, then) = (
                way_to(&drift.address.to_string(), resources),
                response_text(plan, &drift.address, drift.response),
            );
            format!("<li>{address}<p>{what}; {then}</p></li>\n")
        })
        .collect();
    format!("<section class=\"card outside\"><h2>{DRIFT_TITLE}</h2><ul>\n{items}</ul></section>")
}

fn rendered(plan: &Plan) -> String {
    if plan.rendered.is_empty() {
        return String::new();
    }
    let item = |one: &Rendered| {
        format!("<li><span class=\"to\">{}</span><p>{}</p></li>\n", escaped(&one.path), escaped(&one.reason))
    };
    let items: String = plan.rendered.iter().map(item).collect();
    format!("<section class=\"card outside\"><h2>{RENDERED_TITLE}</h2><ul>\n{items}</ul></section>")
}

fn chips(plan: &Plan) -> String {
    let counted = GRAVEST_FIRST.into_iter().filter_map(|action| {
        let count = plan.changes.iter().filter(|change| change.action == action).count();
        let name = action.name();
        let text = if action == Action::NoOp { "unchanged".to_owned() } else { format!("to {name}") };
        (count > 0).then(|| {
            format!(
                "<button type=\"button\" class=\"chip {name}\" data-action=\"{name}\" aria-pressed=\"true\">\
                 <b>{count}</b> {text}</button>\n"
            )
        })
    });
    counted.collect()
}

fn framed(drawings: &str) -> String {
    format!(
        "<section class=\"card drawing\" aria-labelledby=\"drawing-title\">\
         <h2 id=\"drawing-title\">What depends on what</h2>\
         <p class=\"caption\">Each box leads to its resource.</p>\
         <div class=\"canvas\" id=\"canvas\">\n{drawings}\n</div></section>"
    )
}
