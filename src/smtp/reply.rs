//! Reading SMTP replies (RFC 5321 §4.2).
//!
//! Bytes go in as they arrive, replies come out; no IO, no clock. What breaks
//! the grammar is an error that names the deviation and keeps the bytes, for a
//! probe must be able to report exactly what the server said.
//!
//! ```text
//! 250-mx.contoso.com Hello [203.0.113.10]   ← continuation: code, hyphen, text
//! 250 SIZE 157286400                        ← last line: code, space, text
//! ```

use std::borrow::Cow;
use std::fmt;

use super::EnhancedStatus;

/// A basic reply code, 200 to 559 (RFC 5321 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplyCode(u16);

impl ReplyCode {
    /// The code, where RFC 5321 §4.2 allows it: first digit 2 to 5, second 0 to
    /// 5, third 0 to 9.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        let (first, second) = (code / 100, code / 10 % 10);
        if first >= 2 && first <= 5 && second <= 5 { Some(Self(code)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The first digit: 2 done, 3 go on, 4 not now, 5 no.
    #[must_use]
    pub const fn severity(self) -> u8 {
        (self.0 / 100) as u8
    }

    /// 2yz, or 3yz where the command asks for more.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 < 400
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One whole reply, its bytes kept as they came.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    code: ReplyCode,
    enhanced: Option<EnhancedStatus>,
    /// Every line with its code, separator and CRLF.
    wire: Box<[u8]>,
}

impl Reply {
    /// The basic code.
    #[must_use]
    pub const fn code(&self) -> ReplyCode {
        self.code
    }

    /// The enhanced status code, where the first line carries one whose class is
    /// the code's first digit (RFC 2034 §4).
    #[must_use]
    pub const fn enhanced(&self) -> Option<EnhancedStatus> {
        self.enhanced
    }

    /// The reply as it came, CRLF included.
    #[must_use]
    pub const fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// The whole lines, code included, CRLF not.
    pub fn wire_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.wire.split_inclusive(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r\n").unwrap_or(line))
    }

    /// The text of each line: what stands after code and separator. The enhanced
    /// code, if any, is still in it.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.wire_lines().map(|line| line.get(4..).unwrap_or_default())
    }

    /// The same reply with the text of each line passed through `edit`, which must
    /// leave no line end in it: for taking out what nobody may read.
    #[must_use]
    pub fn with_text(&self, mut edit: impl FnMut(&[u8]) -> Vec<u8>) -> Self {
        let mut wire = Vec::with_capacity(self.wire.len());
        for line in self.wire_lines() {
            let (head, text) = line.split_at(line.len().min(4));
            wire.extend_from_slice(head);
            wire.extend_from_slice(&edit(text));
            wire.extend_from_slice(b"\r\n");
        }
        Self { wire: wire.into_boxed_slice(), ..*self }
    }

    /// The lines' text joined by one space, the reply's own enhanced code taken
    /// off each line, invalid UTF-8 shown as `\xNN`. Control characters are still
    /// in it: who shows it to people escapes it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(self.wire.len());
        for (n, line) in self.lines().enumerate() {
            if n > 0 {
                out.push(' ');
            }
            let line = match (self.enhanced, EnhancedStatus::split(line)) {
                (Some(own), Some((code, rest))) if own == code => rest,
                _ => line,
            };
            out.push_str(&lossless(line));
        }
        out
    }
}

/// Bytes as text; what is not UTF-8 becomes `\xNN`, so nothing is lost.
#[must_use]
pub fn lossless(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02X}"));
        }
    }
    Cow::Owned(out)
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reply").field(&lossless(&self.wire)).finish()
    }
}

impl fmt::Display for Reply {
    /// `550 5.7.64 TenantAttribution; …`, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        let text = self.text();
        if !text.is_empty() {
            write!(f, " {text}")?;
        }
        Ok(())
    }
}

/// How much a server may send in one reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyLimits {
    /// Longest line in bytes, CRLF included. RFC 5321 §4.5.3.1.5 promises 512;
    /// Exchange Online sends lines past 1,500.
    pub line: usize,
    /// Most bytes in one reply, over all its lines.
    pub reply: usize,
    /// Most lines in one reply.
    pub lines: usize,
}

impl Default for ReplyLimits {
    fn default() -> Self {
        Self { line: 8 * 1024, reply: 64 * 1024, lines: 512 }
    }
}

/// Why the bytes are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// A line passed [`ReplyLimits::line`].
    LineTooLong,
    /// The reply passed [`ReplyLimits::reply`].
    ReplyTooLong,
    /// The reply passed [`ReplyLimits::lines`].
    TooManyLines,
    /// A line feed without a carriage return before it (RFC 5321 §2.3.8).
    BareLf,
    /// A carriage return without a line feed after it (RFC 5321 §2.3.8).
    BareCr,
    /// An empty line where a reply should be.
    EmptyLine,
    /// The line does not start with three digits of the allowed range.
    BadCode,
    /// What follows the code is neither a space, a hyphen nor the line's end.
    BadSeparator,
    /// The code changes within one reply.
    CodeChanges,
    /// A NUL byte.
    Nul,
}

impl ReplyError {
    /// Whether a bound was passed, rather than the grammar broken.
    #[must_use]
    pub const fn is_limit(self) -> bool {
        matches!(self, Self::LineTooLong | Self::ReplyTooLong | Self::TooManyLines)
    }

    /// The stable word for reasons of `limit` and `protocol_error`.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::LineTooLong => "line",
            Self::ReplyTooLong => "reply",
            Self::TooManyLines => "lines",
            Self::BareLf => "bare_lf",
            Self::BareCr => "bare_cr",
            Self::EmptyLine => "empty_line",
            Self::BadCode => "bad_code",
            Self::BadSeparator => "bad_separator",
            Self::CodeChanges => "code_changes",
            Self::Nul => "nul",
        }
    }
}

/// Takes bytes as they arrive and gives replies back.
#[derive(Debug, Default)]
pub struct ReplyDecoder {
    limits: ReplyLimits,
    buffer: Vec<u8>,
    /// Where the line being read starts in `buffer`.
    line_start: usize,
    /// How far `buffer` has been searched for a line's end.
    scanned: usize,
    /// Complete lines of the reply being read.
    lines: usize,
    code: Option<ReplyCode>,
}

impl ReplyDecoder {
    /// A decoder with these bounds.
    #[must_use]
    pub fn new(limits: ReplyLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Whether no byte is waiting. Before a TLS handshake, and before each
    /// command, there must be none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The bytes that are waiting, for diagnosis.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.buffer
    }

    /// Forgets everything, for a new start under TLS.
    pub fn clear(&mut self) {
        *self = Self::new(self.limits);
    }

    /// Takes the next bytes of the connection and returns the reply that they
    /// complete, if they do. Bytes after it stay inside: call again with an
    /// empty slice, or ask [`Self::is_empty`].
    ///
    /// # Errors
    ///
    /// What the grammar forbids, or a bound as soon as it is passed, however
    /// many bytes are still to come. The bytes up to the offending one stay in
    /// [`Self::pending`], and those after it are forgotten: how many of them have
    /// come is chance. The decoder is of no further use.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<Reply>, ReplyError> {
        self.buffer.extend_from_slice(bytes);
        // A line of SMTP starts with a digit; waiting for the end of what does not (a
        // TLS record, say) would be waiting for nothing.
        if self.buffer.first().is_some_and(|b| b.is_ascii_control() && !b"\r\n".contains(b)) {
            return Err(self.fault((1, ReplyError::BadCode)));
        }
        loop {
            let ends = memchr::memchr(b'\n', &self.buffer[self.scanned..]);
            let end = ends.map_or(self.buffer.len(), |at| self.scanned + at + 1);
            if let Some(fault) = self.unending(end) {
                return Err(self.fault(fault));
            }
            if ends.is_none() {
                self.scanned = end;
                return Ok(None);
            }
            let last = match self.take_line(end) {
                Ok(last) => last,
                Err(error) => return Err(self.fault((end, error))),
            };
            self.line_start = end;
            self.scanned = end;
            if last {
                return Ok(Some(self.finish(end)));
            }
        }
    }

    /// The first fault up to `end` that need not wait for the end of the line, and how
    /// many bytes there are with the offending one.
    fn unending(&self, end: usize) -> Option<(usize, ReplyError)> {
        let Self { line_start, limits, .. } = self;
        // The CR may be the last byte of those that were looked at before.
        let from = self.scanned.saturating_sub(1).max(*line_start);
        let lone = memchr::memchr_iter(b'\r', &self.buffer[from..end])
            .map(|at| from + at + 1)
            .find(|next| *next < end && self.buffer[*next] != b'\n');
        let bare_cr = lone.map(|next| (next + 1, ReplyError::BareCr));
        let longest = line_start + limits.line;
        let line = (end >= longest && self.buffer[longest - 1] != b'\n')
            .then_some((longest, ReplyError::LineTooLong));
        let reply = (end > limits.reply).then_some((limits.reply + 1, ReplyError::ReplyTooLong));
        [bare_cr, line, reply].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn fault(&mut self, (at, error): (usize, ReplyError)) -> ReplyError {
        self.buffer.truncate(at);
        error
    }

    /// Checks the line that ends at `end`; true if it is the reply's last.
    fn take_line(&mut self, end: usize) -> Result<bool, ReplyError> {
        let line = &self.buffer[self.line_start..end];
        self.lines += 1;
        if self.lines > self.limits.lines {
            return Err(ReplyError::TooManyLines);
        }
        let line = line.strip_suffix(b"\r\n").ok_or(ReplyError::BareLf)?;
        if line.contains(&0) {
            return Err(ReplyError::Nul);
        }
        if line.is_empty() {
            return Err(ReplyError::EmptyLine);
        }
        let code = leading_code(line).ok_or(ReplyError::BadCode)?;
        if *self.code.get_or_insert(code) != code {
            return Err(ReplyError::CodeChanges);
        }
        match line.get(3) {
            // RFC 5321 §4.2: the text, and the space with it, may be missing.
            None | Some(b' ') => Ok(true),
            Some(b'-') => Ok(false),
            // A fourth digit makes it no code at all.
            Some(b) if b.is_ascii_digit() => Err(ReplyError::BadCode),
            Some(_) => Err(ReplyError::BadSeparator),
        }
    }

    fn finish(&mut self, end: usize) -> Reply {
        let wire = self.buffer[..end].into();
        self.buffer.drain(..end);
        let code = self.code.take().expect("a reply has at least one line");
        self.line_start = 0;
        self.scanned = 0;
        self.lines = 0;
        let mut reply = Reply { code, enhanced: None, wire };
        let first = reply.lines().next().unwrap_or_default();
        let enhanced = EnhancedStatus::split(first).map(|(enhanced, _)| enhanced);
        reply.enhanced = enhanced.filter(|enhanced| enhanced.class == code.severity());
        reply
    }
}

fn leading_code(line: &[u8]) -> Option<ReplyCode> {
    let digits = line.get(..3)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    ReplyCode::new(digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All replies of the pieces, or the first error.
    fn decode(pieces: &[&[u8]]) -> Result<Vec<Reply>, ReplyError> {
        let mut decoder = ReplyDecoder::default();
        let mut replies = Vec::new();
        for piece in pieces {
            let mut next = decoder.push(piece)?;
            while let Some(reply) = next {
                replies.push(reply);
                next = decoder.push(b"")?;
            }
        }
        Ok(replies)
    }

    #[test]
    fn a_reply_split_at_any_byte_reads_the_same() {
        let wire = b"250-mx.test Hello\r\n250-SIZE 1000\r\n250 STARTTLS\r\n550 5.7.64 no\r\n";
        let whole = decode(&[wire]);
        assert_eq!(whole.as_ref().map(Vec::len), Ok(2));
        for at in 0..wire.len() {
            assert_eq!(decode(&[&wire[..at], &wire[at..]]), whole, "split at {at}");
        }
    }

    #[test]
    fn code_enhanced_code_and_text_are_told_apart() {
        let replies = decode(&[b"550-5.7.64 TenantAttribution;\r\n550 5.7.64 Relay Access Denied\r\n"]);
        let reply = &replies.expect("well-formed")[0];
        assert_eq!(reply.code().get(), 550);
        assert_eq!(reply.enhanced(), Some(EnhancedStatus::new(5, 7, 64)));
        assert_eq!(reply.text(), "TenantAttribution; Relay Access Denied");
        assert_eq!(reply.to_string(), "550 5.7.64 TenantAttribution; Relay Access Denied");
    }

    #[test]
    fn an_enhanced_code_of_another_class_is_text() {
        let replies = decode(&[b"250 5.7.1 odd\r\n"]).expect("well-formed");
        assert_eq!(replies[0].enhanced(), None);
        assert_eq!(replies[0].text(), "5.7.1 odd");
    }

    #[test]
    fn a_code_alone_is_a_reply() {
        let replies = decode(&[b"250\r\n"]).expect("RFC 5321 §4.2 allows it");
        assert_eq!(replies[0].text(), "");
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let replies = decode(&[b"250 caf\xe9\r\n"]).expect("8-bit text is no error");
        assert_eq!(replies[0].text(), "caf\\xE9");
        assert_eq!(replies[0].wire(), b"250 caf\xe9\r\n");
    }

    #[test]
    fn broken_framing_is_named_however_it_is_split() {
        let cases: [(&[u8], ReplyError); 18] = [
            (b"250 ok\n", ReplyError::BareLf),
            (b"250 ok\r250 ok\r\n", ReplyError::BareCr),
            (b"250 ok\r\r\n", ReplyError::BareCr),
            (b"250 ok\n\r", ReplyError::BareLf),
            (b"\r\n250 ok\r\n", ReplyError::EmptyLine),
            (b"250-a\r\n\r\n", ReplyError::EmptyLine),
            (b"250-a\r\n500 b\r\n", ReplyError::CodeChanges),
            (b"550-a\r\n250 b\r\n", ReplyError::CodeChanges),
            (b"2200 x\r\n", ReplyError::BadCode),
            (b"22 x\r\n", ReplyError::BadCode),
            (b"250ok\r\n", ReplyError::BadSeparator),
            (b"250\tok\r\n", ReplyError::BadSeparator),
            (b"000 x\r\n", ReplyError::BadCode),
            (b"199 x\r\n", ReplyError::BadCode),
            (b"600 x\r\n", ReplyError::BadCode),
            (b"999 x\r\n", ReplyError::BadCode),
            (b"250 a\0b\r\n", ReplyError::Nul),
            ("２５０ x\r\n".as_bytes(), ReplyError::BadCode),
        ];
        for (wire, error) in cases {
            for at in 0..wire.len() {
                let split = decode(&[&wire[..at], &wire[at..]]);
                assert_eq!(split, Err(error), "{:?} split at {at}", lossless(wire));
            }
        }
    }

    #[test]
    fn a_bound_counts_as_soon_as_it_is_passed() {
        let limits = ReplyLimits { line: 16, reply: 40, lines: 3 };
        let first_error = |wire: &[u8]| {
            let mut decoder = ReplyDecoder::new(limits);
            wire.iter().find_map(|b| decoder.push(&[*b]).err())
        };
        assert_eq!(first_error(b"250 0123456789ab"), Some(ReplyError::LineTooLong));
        assert_eq!(first_error(b"250 0123456789\r\n"), None);
        assert_eq!(
            first_error(b"250-012345678\r\n250-012345678\r\n250-012345678\r\n"),
            Some(ReplyError::ReplyTooLong)
        );
        assert_eq!(first_error(b"250-a\r\n250-a\r\n250-a\r\n250-a\r\n"), Some(ReplyError::TooManyLines));
    }
}
