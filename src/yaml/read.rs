//! Reading files that people name: bounded, and never waiting on a device.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::{Diagnostic, FileId, Sources};

/// The most that a YAML or CSV file may hold, in bytes.
pub const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Reads a text file into the sources: a regular file of at most [`MAX_FILE`]
/// bytes of UTF-8, a byte order mark taken off.
///
/// # Errors
///
/// What is wrong with the file, its path in the message; the place is for the
/// caller to add, where another file names this one.
pub fn read_file(path: &Path, sources: &mut Sources) -> Result<FileId, Diagnostic> {
    let bytes = read_bytes(path, MAX_FILE)?;
    let text = text(bytes).map_err(|why| Diagnostic::general(format!("{}: {why}", shown(path))))?;
    Ok(sources.add(shown(path), path.to_owned(), text))
}

/// The same for what other programs have written: UTF-16 is read as well, with or
/// without its mark, and a file may be as large as `limit`.
///
/// # Errors
///
/// As [`read_file`].
pub fn read_any_unicode(path: &Path, limit: u64, sources: &mut Sources) -> Result<FileId, Diagnostic> {
    let bytes = read_bytes(path, limit)?;
    let text = if is_utf16(&bytes) { from_utf16(&bytes) } else { text(bytes) };
    let text = text.map_err(|why| Diagnostic::general(format!("{}: {why}", shown(path))))?;
    Ok(sources.add(shown(path), path.to_owned(), text))
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
///
/// As [`read_file`].
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Diagnostic> {
    let fail = |why: &str| Diagnostic::general(format!("{}: {why}", shown(path)));
    // Looked at before it is opened: opening a FIFO waits for a writer.
    let metadata = fs::metadata(path).map_err(|error| fail(&io_words(&error)))?;
    let metadata = match metadata.is_file() {
        true => metadata,
        false if metadata.is_dir() => return Err(fail("a folder, where a file is wanted")),
        false => return Err(fail("not a regular file")),
    };
    let too_large = || fail(&format!("larger than {} MiB", limit / (1024 * 1024)));
    if metadata.len() > limit {
        return Err(too_large());
    }
    let file = File::open(path).map_err(|error| fail(&io_words(&error)))?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // The length is not believed: files of /proc say 0, and files grow.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| fail(&io_words(&error)))?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

/// A path as it is shown: `relay.yaml` for `./relay.yaml`, `certs/a.pem` for
/// `scenarios/../certs/a.pem`. For the eye alone: past a link the two differ.
#[must_use]
pub fn shown(path: &Path) -> String {
    let mut out = PathBuf::new();
    for part in path.components() {
        match (part, out.components().next_back()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                out.pop();
            }
            _ => out.push(part),
        }
    }
    if out.as_os_str().is_empty() { ".".to_owned() } else { out.display().to_string() }
}

fn io_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xFF\xFE")
        || bytes.starts_with(b"\xFE\xFF")
        || matches!(bytes[..], [0, 1..=0x7F, 0, 1..=0x7F, ..] | [1..=0x7F, 0, 1..=0x7F, 0, ..])
}

/// The text of UTF-16, whichever end of a unit comes first.
fn from_utf16(bytes: &[u8]) -> Result<String, String> {
    let big = bytes.starts_with(b"\xFE\xFF") || bytes.starts_with(b"\0");
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("not UTF-16: an odd number of bytes".to_owned());
    }
    let units =
        units.iter().map(|unit| if big { u16::from_be_bytes(*unit) } else { u16::from_le_bytes(*unit) });
    let mut units = units.peekable();
    units.next_if_eq(&0xFEFF);
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.map_err(|_| "not UTF-16: half a character".to_owned())
}

fn text(mut bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    if is_utf16(&bytes) {
        return Err("encoded as UTF-16; save it as UTF-8".to_owned());
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(format!("not a text file: a NUL stands at byte {}", at + 1));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        format!("not UTF-8 at byte {at}; save it as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_taken_off() {
        assert_eq!(text(b"\xEF\xBB\xBFa: b".to_vec()).as_deref(), Ok("a: b"));
    }

    #[test]
    fn utf_16_is_read_in_both_orders_with_and_without_its_mark() {
        for bytes in [&b"\xFF\xFEa\0\xE9\0b\0"[..], b"\xFE\xFF\0a\0\xE9\0b", b"a\0\xE9\0b\0", b"\0a\0\xE9\0b"]
        {
            assert_eq!(from_utf16(bytes).as_deref(), Ok("a\u{E9}b"));
        }
        assert!(is_utf16(b"{\0\"\0") && !is_utf16(b"{\"a"));
        assert!(from_utf16(b"\xFF\xFEa").is_err() && from_utf16(b"\xFF\xFE\0\xD8").is_err());
    }

    #[test]
    fn what_is_no_utf_8_text_is_named() {
        for (bytes, words) in [
            (&b"\xFF\xFEa\0"[..], "UTF-16"),
            (b"a\0b\0", "UTF-16"),
            (b"\0a\0b", "UTF-16"),
            (b"\x7FELF\x02\x01\x01\0", "NUL stands at byte 8"),
            (b"name: M\xFCller", "not UTF-8 at byte 8"),
        ] {
            let why = text(bytes.to_vec()).expect_err("no text");
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn paths_are_shown_short() {
        for (path, expected) in [
            ("./a.yaml", "a.yaml"),
            ("scenarios/../certs/a.pem", "certs/a.pem"),
            ("a/../../b", "../b"),
            ("../../b", "../../b"),
            ("/a/../b", "/b"),
            (".", "."),
        ] {
            assert_eq!(shown(Path::new(path)), expected);
        }
    }

    #[test]
    fn devices_and_folders_are_not_read() {
        let why = |path: &str| read_bytes(Path::new(path), 10).expect_err("refused").message;
        assert_eq!(why("/dev/zero"), "/dev/zero: not a regular file");
        assert_eq!(why("/"), "/: a folder, where a file is wanted");
        assert_eq!(why("/nowhere/at/all"), "/nowhere/at/all: no such file");
    }
}
