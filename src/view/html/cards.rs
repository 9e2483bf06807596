//! The list of resources: a card for each one that changes, and folded together what does not.

use super::super::action::GRAVEST_FIRST;
use super::resources::{CHANGES, FIELDS, Field, Group, Line, OBJECT, Resource};
use super::text::{escaped, link_to};

/// All cards: first what changes, then what is only watched or forgotten, and what stays as it is.
pub(super) fn cards(resources: &[Resource]) -> String {
    let placed = || resources.iter().enumerate();
    let open = placed().filter(|(_, resource)| !resource.is_folded);
    let mut text: String = open.map(|(place, _)| card("card ", place, resources)).collect();
    for action in GRAVEST_FIRST.map(|action| action.name()) {
        let folded: Vec<usize> = placed()
            .filter(|(_, resource)| resource.is_folded && resource.action == action)
            .map(|(place, _)| place)
            .collect();
        if !folded.is_empty() {
            let cards: String = folded.iter().map(|place| card("", *place, resources)).collect();
            let title = match action {
                "no-op" => format!("{} unchanged", folded.len()),
                action => format!("{} to {action}: AWS is not changed", folded.len()),
            };
            text += &format!(
                "<details class=\"card fold {action}\" aria-label=\"{title}\"><summary>{title}</summary>\n{cards}</details>\n"
            );
        }
    }
    text
}

/// A link to a resource that is on the page.
pub(super) fn link(resource: &Resource) -> String {
    let Resource { address, .. } = resource;
    format!("<a class=\"to\" href=\"{}\">{}</a>", link_to(address), escaped(address))
}

fn card(class: &str, place: usize, resources: &[Resource]) -> String {
    let resource = &resources[place];
    let Resource { address, kind, name, action, word, sign, reason, groups, .. } = resource;
    let calm = "no effect on the service";
    let is_calm = *action == "update" && resource.costs.iter().all(|cost| !cost.felt);
    let reason = match reason.as_str() {
        "" if is_calm => format!("<p class=\"reason\">{calm}</p>\n"),
        "" => String::new(),
        reason if is_calm => format!("<p class=\"reason\">{}; {calm}</p>\n", escaped(reason)),
        reason => format!("<p class=\"reason\">{}</p>\n", escaped(reason)),
    };
    let groups: String = groups.iter().enumerate().map(|(at, one)| group(one, at == 0)).collect();
    let ways =
        ways("Depends on", &resource.needs, resources) + &ways("Needed by", &resource.needed_by, resources);
    format!(
        "<article class=\"{class}resource {action}\" id=\"{id}\" tabindex=\"-1\" data-index=\"{place}\" \
         data-action=\"{action}\" aria-label=\"{id}: {word}\">\n\
         <h3><span class=\"sign\" aria-hidden=\"true\">{sign}</span> <a class=\"what\" href=\"{}\">\
         <span class=\"kind\">{}</span> <span class=\"name\">{}</span></a> <span class=\"badge\">{word}</span></h3>\n\
         {reason}{}{groups}{ways}</article>\n",
        link_to(address),
        escaped(kind),
        escaped(name),
        costs(resource),
        id = escaped(address),
    )
}

/// The effects on the service that are felt.
fn costs(resource: &Resource) -> String {
    let felt: String = resource
        .costs
        .iter()
        .filter(|cost| cost.felt)
        .map(|cost| {
            let when = escaped(&cost.when);
            format!("<li><b>{}</b> <span class=\"when\">{when}</span></li>", cost.effect)
        })
        .collect();
    if felt.is_empty() { felt } else { format!("<ul class=\"costs\">{felt}</ul>\n") }
}

fn group(group: &Group, is_first: bool) -> String {
    let Group { title, fields } = group;
    // What every card begins with needs no title.
    let is_plain = is_first && [FIELDS, CHANGES, OBJECT].contains(title);
    let title = if is_plain { String::new() } else { format!("<h4>{title}</h4>\n") };
    let fields: String = fields.iter().map(field).collect();
    format!("{title}<dl class=\"fields\">\n{fields}</dl>\n")
}

fn field(field: &Field) -> String {
    let Field { path, is_default, note, calls, lines } = field;
    let class = if *is_default { "field default" } else { "field" };
    let note = note.iter().map(|note| format!(" <span class=\"note\">{}</span>", escaped(note)));
    let lines: String = lines.iter().map(line).collect();
    let calls = match calls.as_slice() {
        [] => String::new(),
        calls => format!("<dd class=\"calls\">by {}</dd>", escaped(&calls.join(", "))),
    };
    format!(
        "<div class=\"{class}\"><dt><span class=\"path\">{}</span>{}</dt>{lines}{calls}</div>\n",
        escaped(path),
        note.collect::<String>(),
    )
}

fn line(line: &Line) -> String {
    let Line { mark, text } = line;
    let text = escaped(text);
    let class = match *mark {
        "-" => "before",
        "+" => "after",
        "~" => "changed",
        _ => return format!("<dd class=\"line plain\"><code>{text}</code></dd>"),
    };
    format!("<dd class=\"line {class}\"><span class=\"mark\">{mark}</span> <code>{text}</code></dd>")
}

fn ways(title: &str, places: &[usize], resources: &[Resource]) -> String {
    if places.is_empty() {
        return String::new();
    }
    let links: Vec<String> = places.iter().map(|place| link(&resources[*place])).collect();
    format!("<p class=\"ways\">{title} {}</p>\n", links.join(", "))
}
