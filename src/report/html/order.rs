//! The order in which people look for things.

use std::cmp::Ordering;

/// Compares texts as people sort them: numbers by their value, so that `port 25`
/// stands before `port 587`, and letters whatever their case. Texts that differ are
/// never equal.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let (digits_left, digits_right) = (digits(left), digits(right));
        if digits_left > 0 && digits_right > 0 {
            let (x, y) = (number(&left[..digits_left]), number(&right[..digits_right]));
            let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
            if order != Ordering::Equal {
                return order;
            }
            (left, right) = (&left[digits_left..], &right[digits_right..]);
            continue;
        }
        match (left.split_first(), right.split_first()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some((x, rest_left)), Some((y, rest_right))) => {
                let order = x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase());
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (rest_left, rest_right);
            }
        }
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Digits without the zeros that say nothing.
fn number(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_by_their_value_and_letters_whatever_their_case() {
        let sorted =
            ["", "Contoso", "contoso-ecdsa", "Fabrikam", "port 25", "port 587", "TLSv1.2", "TLSv1.10"];
        let mut texts: Vec<_> = sorted.iter().rev().copied().collect();
        texts.sort_by(|a, b| natural(a, b));
        assert_eq!(texts, sorted);
    }

    #[test]
    fn texts_that_differ_are_never_equal() {
        for (a, b) in [("01", "1"), ("A", "a"), ("a1", "A01")] {
            assert_ne!(natural(a, b), Ordering::Equal, "{a} {b}");
            assert_eq!(natural(a, b), natural(b, a).reverse(), "{a} {b}");
        }
    }
}
