//! Recognises tracking numbers of the international post (S10): a service, a serial number with its
//! check digit, and the country it was sent from, as in `RA123456785GB`.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;

/// The countries the carrier takes parcels from, one code a line.
static COUNTRIES: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("countries.txt").lines().collect());

/// Whether this is a tracking number that can exist.
pub fn is_valid(number: &str) -> bool {
    let pattern = Regex::new(r"^[A-Z]{2}[0-9]{9}[A-Z]{2}$").expect("the pattern is valid");
    pattern.is_match(number)
        && check_digit(&number[2..10]) == number[10..11]
        && COUNTRIES.contains(&number[11..])
}

/// The tracking numbers in a text that can exist, in their order.
pub fn find_all(text: &str) -> Vec<String> {
    text.split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| is_valid(word))
        .map(str::to_owned)
        .collect()
}

/// The digit that guards a serial number of eight digits.
fn check_digit(serial: &str) -> String {
    let weights = [8, 6, 4, 2, 3, 5, 9, 7];
    let digits = serial.bytes().map(|digit| u32::from(digit - b'0'));
    let sum: u32 = digits.zip(weights).map(|(digit, weight)| digit * weight).sum();
    match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_valid_with_its_check_digit_and_a_served_country() {
        assert!(is_valid("RA123456785GB"));
        assert!(!is_valid("RA123456784GB"), "wrong check digit");
        assert!(!is_valid("RA123456785XX"), "no such country");
        assert!(!is_valid("RA12345678GB"), "too short");
        assert!(!is_valid("RA123456785GB "), "more than the number");
    }

    #[test]
    fn the_check_digit_covers_both_special_remainders() {
        assert_eq!(check_digit("00000000"), "5");
        assert_eq!(check_digit("00000120"), "0");
    }

    #[test]
    fn numbers_are_found_in_their_order() {
        let text = "RC987654326DE, then XRA123456785GB, RA123456785GB";
        assert_eq!(find_all(text), ["RC987654326DE", "RA123456785GB"]);
    }
}
