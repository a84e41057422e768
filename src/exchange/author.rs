//! The P2 sender: the domains of the authors in `From:` (RFC 5322 §3.6.2).

use super::domain::DomainName;
use super::header;

/// The domains of every address in every `From:` field of a message's header, in
/// order. The header ends at the first empty line. What cannot be read is passed
/// over: a forger's header must not do more than be useless.
#[must_use]
pub fn author_domains(message: &[u8]) -> Vec<DomainName> {
    author_addresses(message).iter().filter_map(|address| domain_of(address)).collect()
}

/// The addresses themselves, as written. What has no domain is no address.
#[must_use]
pub fn author_addresses(message: &[u8]) -> Vec<String> {
    let (fields, _) = header::split(message);
    let values = fields.iter().filter(|field| field.name().eq_ignore_ascii_case("from"));
    let found = values.flat_map(|field| addresses(&field.value())).map(|address| address.trim().to_owned());
    found.filter(|address| domain_of(address).is_some()).collect()
}

/// The addresses of a list: what stands in angle brackets, else the whole,
/// quoted names and comments left out.
fn addresses(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut plain, mut bracketed) = (String::new(), None::<String>);
    let (mut quoted, mut escaped, mut comment) = (false, false, 0_usize);
    for c in value.chars().chain([',']) {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' if quoted || comment > 0 => escaped = true,
            '"' if comment == 0 => quoted = !quoted,
            _ if quoted => {}
            '(' => comment += 1,
            ')' => comment = comment.saturating_sub(1),
            _ if comment > 0 => {}
            '<' => bracketed = Some(String::new()),
            ',' | ';' => {
                found.push(bracketed.take().unwrap_or_else(|| plain.clone()));
                plain.clear();
            }
            '>' => {}
            _ => bracketed.as_mut().unwrap_or(&mut plain).push(c),
        }
    }
    found
}

fn domain_of(address: &str) -> Option<DomainName> {
    address.rsplit_once('@').and_then(|(_, domain)| DomainName::new(domain.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domains_of_from_are_read_and_nothing_else() {
        for (header, domains) in [
            ("From: app@contoso.com\r\n", &["contoso.com"][..]),
            ("from : App <app@CONTOSO.com>\r\n", &["contoso.com"]),
            ("From: \"app@fabrikam.com\" <app@contoso.com>\r\n", &["contoso.com"]),
            ("From: a@contoso.com (b@fabrikam.com)\r\n", &["contoso.com"]),
            ("From:\r\n App\r\n\t<app@contoso.com>\r\n", &["contoso.com"]),
            ("From: a@contoso.com, B <b@fabrikam.com>\r\n", &["contoso.com", "fabrikam.com"]),
            ("From: a@contoso.com\r\nFrom: b@fabrikam.com\r\n", &["contoso.com", "fabrikam.com"]),
            ("Sender: a@contoso.com\r\nSubject: x\r\n", &[]),
            ("Subject: x\r\n\r\nFrom: a@contoso.com\r\n", &[]),
            ("From: nobody\r\n", &[]),
            ("From: \"open <a@contoso.com>\r\n", &[]),
            ("", &[]),
        ] {
            let read = author_domains(header.as_bytes());
            let read: Vec<_> = read.iter().map(DomainName::as_str).collect();
            assert_eq!(read, domains, "{header}");
        }
    }
}
