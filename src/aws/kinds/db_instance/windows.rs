//! Backup and maintenance windows, all in UTC.

use crate::engine::resource::Invalid;
use crate::engine::window::Window;

/// The shortest window (ModifyDBInstance, PreferredBackupWindow and PreferredMaintenanceWindow).
const SHORTEST: u32 = 30;

/// The two windows of a database, as far as they are known.
#[derive(Clone, Copy, Default)]
pub(super) struct Windows<'a> {
    pub backup: Option<&'a str>,
    pub maintenance: Option<&'a str>,
}

/// Finds what RDS would refuse of the written windows. One that is not written stays as it is; for a new database RDS chooses it
/// beside the other. An overlap is told of each window that is written and not there yet.
pub(super) fn check(written: Windows<'_>, observed: Windows<'_>) -> Vec<Invalid> {
    let mut invalid = Vec::new();
    let mut read = |field, text: Option<&str>, read: fn(&str) -> Option<Window>, format: &str| {
        let text = text?;
        match read(text) {
            None => invalid.push(Invalid::new(field, format!("must be {format} in UTC, not `{text}`"))),
            Some(window) if window.minutes() < SHORTEST => {
                invalid.push(Invalid::new(field, format!("must be at least {SHORTEST} minutes long")));
            }
            Some(window) => return Some(window),
        }
        None
    };
    let backup = read("backup_window", written.backup, Window::daily, "`hh:mm-hh:mm`");
    let maintenance =
        read("maintenance_window", written.maintenance, Window::weekly, "`ddd:hh:mm-ddd:hh:mm`");
    let stays = |written: Option<&str>, observed: Option<&str>, read: fn(&str) -> Option<Window>| {
        observed.filter(|_| written.is_none()).and_then(read)
    };
    let daily = backup.or_else(|| stays(written.backup, observed.backup, Window::daily));
    let weekly = maintenance.or_else(|| stays(written.maintenance, observed.maintenance, Window::weekly));
    if let (Some(daily), Some(weekly)) = (daily, weekly)
        && weekly.overlaps_daily(daily)
    {
        let of = |window: Option<&str>| window.unwrap_or_default().to_owned();
        if backup.is_some() && written.backup != observed.backup {
            let other = of(written.maintenance.or(observed.maintenance));
            let message = format!("must not overlap with the maintenance window, `{other}`");
            invalid.push(Invalid::new("backup_window", message).with(&["maintenance_window"]));
        }
        if maintenance.is_some() && written.maintenance != observed.maintenance {
            let other = of(written.backup.or(observed.backup));
            let message = format!("must not overlap with the backup window, `{other}`");
            invalid.push(Invalid::new("maintenance_window", message).with(&["backup_window"]));
        }
    }
    invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(backup: &str, maintenance: &str) -> Vec<&'static str> {
        let written = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let (backup, maintenance) = (backup.to_owned().leak(), maintenance.to_owned().leak());
        let windows = Windows { backup: written(backup), maintenance: written(maintenance) };
        check(windows, Windows::default()).into_iter().map(|invalid| invalid.field).collect()
    }

    #[test]
    fn windows_have_a_form_a_shortest_length_and_no_minute_in_common() {
        const BACKUP: &str = "backup_window";
        const MAINTENANCE: &str = "maintenance_window";
        const BOTH: [&str; 2] = [BACKUP, MAINTENANCE];
        for (backup, maintenance, expected) in [
            ("", "", vec![]),
            // Adjacent, on either side.
            ("04:00-04:30", "sun:04:30-sun:05:30", vec![]),
            ("05:30-06:00", "sun:04:30-sun:05:30", vec![]),
            ("04:00-04:31", "sun:04:30-sun:05:30", BOTH.to_vec()),
            ("04:45-05:15", "sun:04:30-sun:05:30", BOTH.to_vec()),
            ("04:00-06:00", "sun:04:30-sun:05:30", BOTH.to_vec()),
            // Over midnight, and over the end of the week.
            ("23:45-00:15", "tue:00:00-tue:01:00", BOTH.to_vec()),
            ("23:45-00:15", "sun:23:00-mon:00:30", BOTH.to_vec()),
            ("00:15-00:45", "sun:23:30-mon:00:30", BOTH.to_vec()),
            ("00:30-01:00", "sun:23:30-mon:00:30", vec![]),
            ("22:00-23:30", "sun:23:30-mon:00:30", vec![]),
            // More than a day of maintenance meets every backup.
            ("12:00-12:30", "mon:13:00-tue:13:00", BOTH.to_vec()),
            ("04:00-04:29", "", vec![BACKUP]),
            ("", "sun:04:00-sun:04:29", vec![MAINTENANCE]),
            ("04:00-04:00", "", vec![BACKUP]),
            ("4:00-04:30", "", vec![BACKUP]),
            ("24:00-04:30", "", vec![BACKUP]),
            ("04:60-05:30", "", vec![BACKUP]),
            ("04:00", "", vec![BACKUP]),
            ("+4:00-04:30", "", vec![BACKUP]),
            ("", "04:00-05:00", vec![MAINTENANCE]),
            ("", "sunday:04:00-sun:05:00", vec![MAINTENANCE]),
            ("x", "y", vec![BACKUP, MAINTENANCE]),
        ] {
            assert_eq!(fields(backup, maintenance), expected, "{backup:?} {maintenance:?}");
        }
    }

    #[test]
    fn an_overlap_is_told_of_the_windows_that_are_written_and_not_there_yet() {
        let (backup, maintenance) = (Some("04:45-05:15"), Some("sun:04:30-sun:05:30"));
        let both = Windows { backup, maintenance };
        let live = Windows { backup: Some("01:00-01:30"), maintenance };
        let other = Windows { backup, maintenance: Some("mon:04:30-mon:05:30") };
        for (written, observed, expected) in [
            (Windows { backup, maintenance: None }, live, vec!["backup_window"]),
            (both, live, vec!["backup_window"]),
            // A window that others chose, and that is declared as it is, is not what is to be written otherwise.
            (both, other, vec!["maintenance_window"]),
            (Windows { backup: None, maintenance }, other, vec!["maintenance_window"]),
            (both, Windows::default(), vec!["backup_window", "maintenance_window"]),
            // RDS chooses the other one of a new database.
            (Windows { backup, maintenance: None }, Windows::default(), vec![]),
            (Windows { backup: None, maintenance: None }, live, vec![]),
            // The other one is moved away by the same change.
            (Windows { backup, maintenance: Some("mon:01:00-mon:02:00") }, live, vec![]),
        ] {
            let found = check(written, observed);
            let fields: Vec<&str> = found.iter().map(|invalid| invalid.field).collect();
            assert_eq!(fields, expected, "{:?} {:?}", written.backup, written.maintenance);
        }
        let found = check(Windows { backup, maintenance: None }, live);
        assert_eq!(found[0].message, "must not overlap with the maintenance window, `sun:04:30-sun:05:30`");
    }
}
