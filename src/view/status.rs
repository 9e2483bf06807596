//! The health of a stack as text: what is at risk last, where the eye rests.

use crate::recovery::maintenance::Maintenance;
use crate::recovery::status::{Backups, Database, FileSystem, Health, Pair, Status};

use super::elapsed::elapsed;
use super::harmless::harmless;
use super::page::{Page, words};
use super::style::{Ink, Style};

/// The whole text.
pub fn status_text(status: &Status, style: &Style) -> String {
    let mut page = Page::new(style);
    for (name, database) in &status.databases {
        page.gap();
        title(&mut page, "database", name, (database.health, &database.status, &database.means));
        database_facts(&mut page, database);
    }
    for (name, files) in &status.file_systems {
        page.gap();
        title(&mut page, "file system", name, (files.health, &files.status, &files.means));
        file_system_facts(&mut page, files);
    }
    for (name, pair) in &status.pairs {
        page.gap();
        pair_facts(&mut page, name, pair);
    }
    if status.databases.is_empty() && status.file_systems.is_empty() && status.pairs.is_empty() {
        page.line(0, "No database and no file system is recorded.");
    }
    for one in &status.procedures {
        page.gap();
        let kept = match one.keeps.as_slice() {
            [] => String::new(),
            keeps => format!(" It keeps {} in AWS.", keeps.join(", ")),
        };
        let when = match &one.finished {
            Some(finished) => format!("ended {finished}"),
            None => format!("begun {}, last step: {}", one.started, one.step),
        };
        page.fill(0, 2, told(&format!("{}: {} {} ({when}).{kept}", one.command, one.address, one.doing)));
        let give_up = if one.finished.is_some() { "to let go of it:" } else { "to give it up:" };
        for (words, command) in [("to go on:", &one.goes_on), (give_up, &one.gives_up)] {
            if let Some(command) = command {
                page.line(2, words);
                page.line(4, &harmless(command));
            }
        }
    }
    if !status.unread.is_empty() {
        page.gap();
        let unread: Vec<String> =
            status.unread.iter().map(|one| format!("{}: {}", one.operation, one.code)).collect();
        page.fill(0, 2, told(&format!("Not all could be read ({}).", unread.join("; "))));
    }
    page.gap();
    match status.at_risk.as_slice() {
        [] => page.line(0, "At risk: nothing that AWS shows."),
        risks => {
            page.line(0, &style.paint(Ink::Warning, "At risk:"));
            for risk in risks {
                page.fill(2, 4, told(&format!("{}: {}", risk.address, risk.message)));
            }
        }
    }
    page.finish()
}

fn told(text: &str) -> Vec<String> {
    words(&harmless(text))
}

fn title(page: &mut Page<'_>, what: &str, name: &str, (health, status, means): (Health, &str, &str)) {
    let ink = match health {
        Health::Serves => Ink::Create,
        Health::Changing => Ink::Update,
        Health::Held | Health::Lost | Health::Leaving | Health::Gone => Ink::Error,
    };
    let style = page.style();
    let said = if status.is_empty() { means.to_owned() } else { format!("{status}: {means}") };
    let head = style.paint(Ink::Title, &harmless(&format!("{what} {name}")));
    let said = told(&said).into_iter().map(|word| style.paint(ink, &word));
    page.fill(0, 4, std::iter::once(head).chain(said));
}

fn row(page: &mut Page<'_>, name: &str, value: &str) {
    page.fill(2, 18, std::iter::once(format!("{name:<15}")).chain(told(value)));
}

fn database_facts(page: &mut Page<'_>, database: &Database) {
    if database.health == Health::Gone {
        return;
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    if let Some(endpoint) = &database.endpoint {
        row(page, "endpoint", endpoint);
    }
    row(
        page,
        "version",
        &format!("PostgreSQL {} on {}", text(&database.engine_version), text(&database.instance_class)),
    );
    if let Some(end) = &database.standard_support_ends {
        row(page, "support ends", end);
    }
    let standby = match (&database.standby_zone, database.multi_az) {
        (Some(zone), _) => format!("in {zone}, for the one in {}", text(&database.zone)),
        (None, true) => "there is one, and RDS shows no zone of it".to_owned(),
        (None, false) => format!("none, for the one in {}", text(&database.zone)),
    };
    row(page, "standby", &standby);
    if !database.is_replica {
        let restorable = match (&database.latest_restorable_time, database.restorable_lag_seconds) {
            (Some(time), Some(lag)) => format!("{time} ({} ago)", ago(lag)),
            _ => "no moment".to_owned(),
        };
        row(page, "restorable to", &restorable);
    }
    backups(page, "snapshots", database.snapshots.as_ref());
    backups(page, "AWS Backup", database.recovery_points.as_ref());
    if !database.pending.is_empty() {
        let pending: Vec<String> =
            database.pending.iter().map(|(name, to)| format!("{name} to {to}")).collect();
        let opens = database.window_opens.as_ref().map(|opens| format!("; the window opens {opens}"));
        row(page, "waits", &format!("{}{}", pending.join(", "), opens.unwrap_or_default()));
    }
    for one in database.maintenance.iter().flatten() {
        row(page, "maintenance", &maintenance(one));
    }
    if let Some(certificate) = &database.certificate {
        let till = certificate.valid_till.as_ref().map(|till| format!(", until {till}"));
        row(page, "certificate", &format!("{}{}", certificate.authority, till.unwrap_or_default()));
    }
}

/// A pending maintenance: what it is, and when.
fn maintenance(one: &Maintenance) -> String {
    let description = one.description.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    let dates = [
        ("in the first window after", &one.window_after),
        ("whatever the window is, on", &one.forced),
        ("as it stands, on", &one.applied),
    ];
    let dates: Vec<String> =
        dates.iter().filter_map(|(words, date)| Some(format!("{words} {}", date.as_ref()?))).collect();
    let when = match dates.is_empty() {
        true => "no date yet".to_owned(),
        false => dates.join("; "),
    };
    let asked = one.opted_in.as_ref().map(|asked| format!("; asked for: {asked}")).unwrap_or_default();
    format!("{}{description} ({when}{asked})", one.title())
}

fn file_system_facts(page: &mut Page<'_>, files: &FileSystem) {
    if files.health == Health::Gone {
        return;
    }
    if let Some(name) = &files.dns_name {
        row(page, "endpoint", name);
    }
    for (zone, target) in &files.mount_targets {
        let address = target.ip_address.clone().unwrap_or_default();
        row(page, "mount target", &format!("{zone}: {} {address}", target.status));
    }
    backups(page, "AWS Backup", files.recovery_points.as_ref());
    if let Some(copy) = &files.replication {
        let lag = match (&copy.last_replicated, copy.lag_seconds) {
            (Some(time), Some(lag)) => format!("has all until {time} ({} ago)", ago(lag)),
            _ => "has not all yet".to_owned(),
        };
        let (region, id) =
            (copy.region.clone().unwrap_or_default(), copy.file_system.clone().unwrap_or_default());
        row(page, "copy", &format!("{id} in {region}: {}, {lag}", copy.status));
    }
}

fn pair_facts(page: &mut Page<'_>, name: &str, pair: &Pair) {
    let style = page.style();
    let head = style.paint(Ink::Title, &harmless(&format!("pair {name}")));
    let said = told(&format!("{} serves", pair.active));
    page.fill(0, 4, std::iter::once(head).chain(said));
    for name in [&pair.active, &pair.standby] {
        let Some(one) = pair.machines.get(name) else { continue };
        let open = if one.is_open { "open" } else { "closed" };
        let agent = if one.is_reachable { "" } else { ", its agent is not reached" };
        let id = one.id.clone().unwrap_or_default();
        row(page, "machine", &format!("{name} ({id}): {}, {open}{agent}", one.state));
    }
    if let Some(ip) = &pair.public_ip {
        let at = pair.reached.as_deref().unwrap_or("no machine");
        row(page, "address", &format!("{ip}, at {at}"));
    }
    let lag = match (pair.lag_seconds, &pair.lag_unknown) {
        (Some(lag), _) => format!("{lag} s behind"),
        (None, why) => format!("unknown: {}", why.clone().unwrap_or_default()),
    };
    row(page, "copy", &lag);
}

fn backups(page: &mut Page<'_>, name: &str, backups: Option<&Backups>) {
    let text = match backups {
        None => "not read".to_owned(),
        Some(Backups { newest: None, .. }) => "none".to_owned(),
        Some(Backups { count, more, newest: Some(newest) }) => {
            let more = if *more { " or more" } else { "" };
            format!("{count}{more}, the newest of {}: {}", newest.taken, newest.id)
        }
    };
    row(page, name, &text);
}

fn ago(seconds: i64) -> String {
    match seconds / (24 * 60 * 60) {
        0 | 1 if seconds < 60 => format!("{seconds} s"),
        0 | 1 => elapsed(f64::from(i32::try_from(seconds).unwrap_or(i32::MAX))),
        days => format!("{days} days"),
    }
}
