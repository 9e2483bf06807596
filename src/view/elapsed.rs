//! Spans of time as people say them.

/// `0.4 s`, `42 s`, `3 min 20 s`, `1 h 5 min`; tenths only where they tell something.
pub fn elapsed(seconds: f64) -> String {
    // A negative or undefined span is a clock that was set back, and says nothing.
    let seconds = if seconds.is_finite() { seconds.max(0.0) } else { 0.0 };
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round();
    let (minutes, rest) = ((whole / 60.0).floor(), whole % 60.0);
    if minutes < 1.0 {
        format!("{whole} s")
    } else if minutes < 60.0 {
        format!("{minutes} min {rest} s")
    } else {
        format!("{} h {} min", (minutes / 60.0).floor(), minutes % 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_told_as_coarsely_as_it_is_long() {
        for (seconds, expected) in [
            (0.0, "0.0 s"),
            (4.24, "4.2 s"),
            (9.96, "10 s"),
            (59.4, "59 s"),
            (59.6, "1 min 0 s"),
            (200.0, "3 min 20 s"),
            (3899.0, "1 h 4 min"),
            (-1.0, "0.0 s"),
            (f64::NAN, "0.0 s"),
        ] {
            assert_eq!(elapsed(seconds), expected);
        }
    }
}
