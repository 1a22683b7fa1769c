//! Bytes as people write them: 1 MB is 1,000,000 bytes, in every report and every budget.
//!
//! It rounds for the eye only; whatever compares sizes compares bytes.

use bytesize::ByteSize;

/// A size for the eye: `4.62 MB`, `61.0 kB`, `980 B`.
pub fn bytes(count: u64) -> String {
    let number = count as f64;
    // A number that would round up to four digits takes the next unit.
    match count {
        0..1_000 => format!("{count} B"),
        1_000..999_950 => format!("{:.1} kB", number / 1e3),
        999_950..999_995_000 => format!("{:.2} MB", number / 1e6),
        _ => format!("{:.2} GB", number / 1e9),
    }
}

/// A difference for the eye, with its sign: `-1.20 MB`.
pub fn difference(before: u64, after: u64) -> String {
    let sign = if after < before { '-' } else { '+' };
    match after.abs_diff(before) {
        0 => "0 B".to_owned(),
        count => format!("{sign}{}", bytes(count)),
    }
}

/// Reads a size as people write it: `6 MB`, `2.5MB`, `800 kB`, `1 MiB`, `123456`.
pub fn parse_bytes(text: &str) -> Option<u64> {
    // The library takes a missing number for zero.
    let has_number = text.trim_start().starts_with(|c: char| c.is_ascii_digit());
    text.parse::<ByteSize>().ok().filter(|_| has_number).map(|size| size.as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_three_digits_and_never_show_a_thousand_of_a_unit() {
        for (count, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.00 MB"),
            (4_619_123, "4.62 MB"),
            (50_000_000, "50.00 MB"),
            (999_995_000, "1.00 GB"),
            (u64::MAX, "18446744073.71 GB"),
        ] {
            assert_eq!(bytes(count), shown);
        }
        assert_eq!(difference(2_000_000, 800_000), "-1.20 MB");
        assert_eq!(difference(5, 5), "0 B");
        assert_eq!(difference(5, 6), "+1 B");
    }

    #[test]
    fn budgets_are_read_in_decimal_units_unless_binary_ones_are_written() {
        for (text, count) in [
            ("6 MB", 6_000_000),
            ("2.5MB", 2_500_000),
            ("800 kB", 800_000),
            ("1 MiB", 1_048_576),
            ("123456", 123_456),
        ] {
            assert_eq!(parse_bytes(text), Some(count), "{text}");
        }
        for broken in ["", "MB", "six MB", "-1 MB", "6 apples", "6 MB extra"] {
            assert_eq!(parse_bytes(broken), None, "{broken}");
        }
    }
}
