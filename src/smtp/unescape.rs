//! Bytes written as text: `\r \n \t \0 \xNN \\`, and nothing else.

/// The bytes that a text with escapes stands for; what is not escaped stands for
/// itself, in UTF-8.
///
/// # Errors
///
/// What is wrong, in words: a backslash that begins no escape.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        let mut chars = after.chars();
        let byte = match chars.next() {
            Some('r') => b'\r',
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('0') => 0,
            Some('\\') => b'\\',
            Some('x') => {
                let digits = chars.as_str().get(..2).filter(|digits| is_hex(digits));
                let digits = digits.ok_or_else(|| "`\\x` takes two hexadecimal digits".to_owned())?;
                chars = chars.as_str()[2..].chars();
                u8::from_str_radix(digits, 16).expect("two hexadecimal digits are a byte")
            }
            Some(other) => {
                let other = super::visible(other.encode_utf8(&mut [0; 4])).into_owned();
                return Err(format!(
                    "`\\{other}` is no escape; there are `\\r`, `\\n`, `\\t`, `\\0`, `\\xNN` and `\\\\`"
                ));
            }
            None => return Err("a `\\` stands at the end; write `\\\\` for itself".to_owned()),
        };
        out.push(byte);
        rest = chars.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

fn is_hex(digits: &str) -> bool {
    digits.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_stands_for_one_byte() {
        let bytes = unescape(r"NOOP\r\n\t\0\xfF\x00\\n ä").expect("well escaped");
        assert_eq!(bytes, [&b"NOOP\r\n\t\0\xff\0\\n "[..], "ä".as_bytes()].concat());
        assert_eq!(unescape("").as_deref(), Ok(&b""[..]));
    }

    #[test]
    fn what_is_no_escape_is_refused() {
        for text in [r"\", r"\a", r"\x", r"\x1", r"\xg0", r"\x+1", "\\xä", r"\R"] {
            assert!(unescape(text).is_err(), "{text}");
        }
    }
}
