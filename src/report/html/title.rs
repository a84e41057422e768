//! The name that several cases of one scenario have in common.

/// A part of such a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// What stands in all names.
    Text(&'a str),
    /// A variable's name, where its value stands.
    Variable(&'a str),
}

/// The scenario's name, as near as two of its cases tell it: the values of variables
/// replaced by their names. Where that does not lead to the same for both, the words
/// that both begin with.
pub(super) fn title<'a>(
    (a, vars_a): (&'a str, &[(&'a str, &'a str)]),
    (b, vars_b): (&'a str, &[(&'a str, &'a str)]),
) -> Vec<Part<'a>> {
    let parts = template(a, vars_a);
    if parts == template(b, vars_b) {
        return parts;
    }
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(same, _)| same.len_utf8());
    let words = a[..same.sum()].rfind(' ').unwrap_or(0);
    match a[..words].trim_end_matches([' ', ',', ':', ';', '(', '-']) {
        "" => Vec::new(),
        text => vec![Part::Text(text)],
    }
}

/// A name with the first place of each variable's value replaced, the longest values
/// first.
fn template<'a>(name: &'a str, variables: &[(&'a str, &'a str)]) -> Vec<Part<'a>> {
    let mut variables: Vec<_> = variables.iter().filter(|(_, value)| !value.is_empty()).collect();
    variables.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    let mut parts = vec![Part::Text(name)];
    for (variable, value) in variables {
        let found = parts.iter().enumerate().find_map(|(at, part)| match part {
            Part::Text(text) => whole(text, value).map(|start| (at, *text, start)),
            Part::Variable(_) => None,
        });
        if let Some((at, text, start)) = found {
            let around = [
                Part::Text(&text[..start]),
                Part::Variable(variable),
                Part::Text(&text[start + value.len()..]),
            ];
            parts.splice(at..=at, around);
        }
    }
    parts.retain(|part| *part != Part::Text(""));
    parts
}

/// Where this value stands in a text as a word of its own.
fn whole(text: &str, value: &str) -> Option<usize> {
    text.match_indices(value).map(|(start, _)| start).find(|start| {
        let before = text[..*start].chars().next_back();
        let after = text[start + value.len()..].chars().next();
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::Part::{Text, Variable};
    use super::*;

    #[test]
    fn values_are_replaced_by_their_names() {
        let a = (
            "Contoso, TLSv1.0 at legacy",
            &[("version", "TLSv1.0"), ("at", "legacy"), ("org", "Contoso")][..],
        );
        let b = ("Fabrikam, TLSv1.2 at mx", &[("version", "TLSv1.2"), ("at", "mx"), ("org", "Fabrikam")][..]);
        assert_eq!(
            title(a, b),
            [Variable("org"), Text(", "), Variable("version"), Text(" at "), Variable("at")]
        );
    }

    #[test]
    fn a_value_inside_a_word_is_not_meant() {
        let parts = title(("mx under mx", &[("v", "x")]), ("mx under mx", &[("v", "x")]));
        assert_eq!(parts, [Text("mx under mx")]);
    }

    #[test]
    fn where_names_do_not_agree_their_beginning_is_told() {
        let a = ("the device, small one", &[("n", "1")][..]);
        assert_eq!(title(a, ("the device, größer", &[("n", "2")])), [Text("the device")]);
        assert_eq!(title(("ä", &[]), ("ö", &[])), []);
    }
}
