//! Stretches of time that come back every day or every week, in UTC, as AWS writes them.

use jiff::Timestamp;

const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// The first day of Unix time was a Thursday.
const EPOCH: u32 = 3 * DAY;

/// A stretch of time on the circle of a day or of a week, in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    start: u32,
    length: u32,
}

impl Window {
    fn between(start: u32, end: u32, circle: u32) -> Self {
        Self { start, length: (end + circle - start) % circle }
    }

    /// `hh:mm-hh:mm`, on the circle of a day.
    pub fn daily(text: &str) -> Option<Self> {
        let (start, end) = text.split_once('-')?;
        Some(Self::between(clock(start)?, clock(end)?, DAY))
    }

    /// `ddd:hh:mm-ddd:hh:mm`, on the circle of a week.
    pub fn weekly(text: &str) -> Option<Self> {
        let (start, end) = text.split_once('-')?;
        Some(Self::between(day_and_clock(start)?, day_and_clock(end)?, WEEK))
    }

    /// The length in minutes.
    pub fn minutes(self) -> u32 {
        self.length
    }

    /// When a weekly window opened, if it is open now, or else opens next.
    pub fn opening(self, now: Timestamp) -> Timestamp {
        let minute = now.as_second().div_euclid(60);
        let in_week = (minute + i64::from(EPOCH)).rem_euclid(i64::from(WEEK));
        let since = (in_week - i64::from(self.start)).rem_euclid(i64::from(WEEK));
        let opened = minute - since;
        let opening = if since < i64::from(self.length) { opened } else { opened + i64::from(WEEK) };
        // Timestamps end in the year 9999.
        Timestamp::from_second(opening * 60).unwrap_or(now)
    }

    /// True if a weekly window shares a minute with a daily one.
    pub fn overlaps_daily(self, daily: Self) -> bool {
        (0..7).any(|day| Self { start: day * DAY + daily.start, ..daily }.overlaps(self))
    }

    /// True if two windows on the circle of a week share a minute; adjacent ones do not.
    fn overlaps(self, other: Self) -> bool {
        let behind = |from: u32, to: u32| (to + WEEK - from) % WEEK;
        behind(self.start, other.start) < self.length || behind(other.start, self.start) < other.length
    }
}

fn clock(text: &str) -> Option<u32> {
    // Two digits, and no sign, which `parse` would take.
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let number = |part: &str| part.parse::<u32>().ok().filter(|_| digits(part));
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn day_and_clock(text: &str) -> Option<u32> {
    let (day, time) = text.split_once(':')?;
    let day: u32 = (0..).zip(DAYS).find(|(_, name)| *name == day)?.0;
    Some(day * DAY + clock(time)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_is_open_opened_before_now_and_any_other_opens_next() {
        for (window, now, opening) in [
            ("sun:04:30-sun:05:30", "2026-11-21T09:39:00Z", "2026-11-22T04:30:00Z"),
            ("sun:04:30-sun:05:30", "2026-11-22T04:29:59Z", "2026-11-22T04:30:00Z"),
            ("sun:04:30-sun:05:30", "2026-11-22T04:30:00Z", "2026-11-22T04:30:00Z"),
            ("sun:04:30-sun:05:30", "2026-11-22T05:29:59Z", "2026-11-22T04:30:00Z"),
            ("sun:04:30-sun:05:30", "2026-11-22T05:30:00Z", "2026-11-29T04:30:00Z"),
            // Over the end of the week, and of the year.
            ("sun:23:30-mon:00:30", "2026-11-23T00:10:00Z", "2026-11-22T23:30:00Z"),
            ("thu:22:00-thu:23:00", "2026-12-31T23:30:00Z", "2027-01-07T22:00:00Z"),
        ] {
            let window = Window::weekly(window).expect("a window");
            let now: Timestamp = now.parse().expect("a time");
            assert_eq!(window.opening(now).to_string(), opening);
        }
    }
}
