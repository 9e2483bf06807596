//! Backup and maintenance windows, all in UTC.

use crate::engine::resource::Invalid;
use crate::engine::window::Window;

/// The shortest window (ModifyDBInstance, PreferredBackupWindow and PreferredMaintenanceWindow).
const SHORTEST: u32 = 30;

/// Finds what RDS would refuse of the windows. One that is not written is chosen by RDS, beside the other.
pub(super) fn check(backup: Option<&str>, maintenance: Option<&str>) -> Vec<Invalid> {
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
    let backup = read("backup_window", backup, Window::daily, "`hh:mm-hh:mm`");
    let maintenance = read("maintenance_window", maintenance, Window::weekly, "`ddd:hh:mm-ddd:hh:mm`");
    if let (Some(backup), Some(maintenance)) = (backup, maintenance)
        && maintenance.overlaps_daily(backup)
    {
        invalid.push(Invalid::new("maintenance_window", "must not overlap with the backup window"));
    }
    invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(backup: &str, maintenance: &str) -> Vec<&'static str> {
        let written = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let (backup, maintenance) = (backup.to_owned().leak(), maintenance.to_owned().leak());
        check(written(backup), written(maintenance)).into_iter().map(|invalid| invalid.field).collect()
    }

    #[test]
    fn windows_have_a_form_a_shortest_length_and_no_minute_in_common() {
        const BACKUP: &str = "backup_window";
        const MAINTENANCE: &str = "maintenance_window";
        for (backup, maintenance, expected) in [
            ("", "", vec![]),
            // Adjacent, on either side.
            ("04:00-04:30", "sun:04:30-sun:05:30", vec![]),
            ("05:30-06:00", "sun:04:30-sun:05:30", vec![]),
            ("04:00-04:31", "sun:04:30-sun:05:30", vec![MAINTENANCE]),
            ("04:45-05:15", "sun:04:30-sun:05:30", vec![MAINTENANCE]),
            ("04:00-06:00", "sun:04:30-sun:05:30", vec![MAINTENANCE]),
            // Over midnight, and over the end of the week.
            ("23:45-00:15", "tue:00:00-tue:01:00", vec![MAINTENANCE]),
            ("23:45-00:15", "sun:23:00-mon:00:30", vec![MAINTENANCE]),
            ("00:15-00:45", "sun:23:30-mon:00:30", vec![MAINTENANCE]),
            ("00:30-01:00", "sun:23:30-mon:00:30", vec![]),
            ("22:00-23:30", "sun:23:30-mon:00:30", vec![]),
            // More than a day of maintenance meets every backup.
            ("12:00-12:30", "mon:13:00-tue:13:00", vec![MAINTENANCE]),
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
}
