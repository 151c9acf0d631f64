//! Spans of time as people write them: `90s`, `10m`, `1h30m`, `2d`, `250ms`.

use std::time::Duration;

/// The text is not a span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a duration: write it like 90s, 10m, 1h30m, 2d or 250ms")]
pub struct DurationError(pub String);

/// The span meant by a text such as `1h30m`. A bare number is seconds.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let wrong = || DurationError(text.to_owned());
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.starts_with('-') {
        return Err(wrong());
    }
    if trimmed.bytes().all(|b| b.is_ascii_digit()) {
        return trimmed.parse().map(Duration::from_secs).map_err(|_| wrong());
    }
    let span: jiff::SignedDuration = match trimmed.parse::<jiff::SignedDuration>() {
        Ok(span) => span,
        Err(_) => {
            let span: jiff::Span = trimmed.parse().map_err(|_| wrong())?;
            span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?
        }
    };
    Duration::try_from(span).map_err(|_| wrong())
}

/// `0.1s`, `48s`, `12m04s`, `1h05m`, `3d02h`: two units at most.
pub fn format_duration(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..=9 => format!("{:.1}s", span.as_secs_f64().min(9.9)),
        10..=59 => format!("{seconds}s"),
        60..=3_599 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..=86_399 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, millis) in [
            ("90s", 90_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("2d", 172_800_000),
            ("1w", 604_800_000),
            ("250ms", 250),
            ("0", 0),
            ("5", 5_000),
            ("1.5s", 1_500),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "-5s", "soon", "1x", "h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_shown_in_two_units_at_most() {
        for (millis, text) in [
            (100, "0.1s"),
            (9_990, "9.9s"),
            (48_000, "48s"),
            (724_000, "12m04s"),
            (3_900_000, "1h05m"),
            (266_400_000, "3d02h"),
        ] {
            assert_eq!(format_duration(Duration::from_millis(millis)), text);
        }
    }
}
