//! Whether a reply is one of those that somebody means.

use std::borrow::Cow;

use super::{EnhancedStatus, Reply};

/// `CODE [ENHANCED] [text]` or `ENHANCED [text]`: every part that is there must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyPattern {
    /// The basic code, `x` for any digit.
    pub code: Option<CodePattern>,
    /// The enhanced code, `*` or `x` for any number.
    pub enhanced: Option<EnhancedPattern>,
    /// A prefix of the text, whatever its case.
    pub text: Option<String>,
}

/// Three digits; `None` for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePattern(pub [Option<u8>; 3]);

/// Three numbers; `None` for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedPattern(pub [Option<u16>; 3]);

impl ReplyPattern {
    /// Whether it holds for a reply.
    #[must_use]
    pub fn holds(&self, reply: &Reply) -> bool {
        self.code.is_none_or(|pattern| code_holds(pattern, reply.code().get())) && self.wording_holds(reply)
    }

    /// Whether it asks for success: a code of 2yz or 3yz, or an enhanced code of class
    /// 2.
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        match (self.code, self.enhanced) {
            (Some(CodePattern([first, ..])), _) => matches!(first, Some(2 | 3)),
            (None, Some(EnhancedPattern([class, ..]))) => matches!(class, Some(2)),
            (None, None) => false,
        }
    }

    fn wording_holds(&self, reply: &Reply) -> bool {
        if self.enhanced.is_none() && self.text.is_none() {
            return true;
        }
        let (status, words) = wording(reply);
        let status_holds = self.enhanced.is_none_or(|EnhancedPattern(wanted)| {
            status.is_some_and(|status| {
                let actual = [u16::from(status.class), status.subject, status.detail];
                wanted.iter().zip(actual).all(|(wanted, number)| wanted.is_none_or(|wanted| wanted == number))
            })
        });
        status_holds && self.text.as_deref().is_none_or(|prefix| starts_with_ignoring_case(&words, prefix))
    }
}

fn code_holds(CodePattern(digits): CodePattern, code: u16) -> bool {
    let actual = [code / 100, code / 10 % 10, code % 10];
    digits.iter().zip(actual).all(|(wanted, digit)| wanted.is_none_or(|wanted| u16::from(wanted) == digit))
}

/// The enhanced code and the text after it. RFC 2034 §4 wants the class to be
/// the code's first digit, and [`Reply::enhanced`] holds servers to it; some pair
/// them otherwise (`451 5.7.3 STARTTLS is required to send mail`), and who
/// writes that pattern means that reply.
fn wording(reply: &Reply) -> (Option<EnhancedStatus>, Cow<'static, str>) {
    let text = reply.text();
    if reply.enhanced().is_some() {
        return (reply.enhanced(), text.into());
    }
    match EnhancedStatus::split(text.as_bytes()) {
        Some((status, rest)) => {
            let rest = text[text.len() - rest.len()..].to_owned();
            (Some(status), rest.into())
        }
        None => (None, text.into()),
    }
}

/// Whether `text` starts with `prefix`, whatever the case of either.
fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    let mut text = text.chars().flat_map(char::to_lowercase);
    prefix.chars().flat_map(char::to_lowercase).all(|wanted| text.next() == Some(wanted))
}
