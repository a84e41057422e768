//! Which recipients a tenant has, and which addresses are one recipient's.

use std::collections::HashMap;

/// The recipients of a tenant by address. Case does not count, as Exchange
/// compares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    /// Which recipient, counted from 0, by address in lower case.
    by_address: HashMap<Box<str>, u32>,
    count: u32,
}

impl Recipients {
    /// Adds a recipient with all its addresses. Where one is another's already,
    /// the other keeps it.
    pub fn add<'a>(&mut self, addresses: impl IntoIterator<Item = &'a str>) {
        for address in addresses {
            self.by_address.entry(address.to_ascii_lowercase().into()).or_insert(self.count);
        }
        self.count = self.count.saturating_add(1);
    }

    /// Whether an address is a recipient's.
    #[must_use]
    pub fn has(&self, address: &str) -> bool {
        self.get(address).is_some()
    }

    /// Whether two addresses are one recipient's.
    #[must_use]
    pub fn are_one(&self, one: &str, other: &str) -> bool {
        self.get(one).is_some_and(|id| self.get(other) == Some(id))
    }

    fn get(&self, address: &str) -> Option<u32> {
        self.by_address.get(&*address.to_ascii_lowercase()).copied()
    }
}

impl<'a> FromIterator<&'a str> for Recipients {
    /// A recipient for each address.
    fn from_iter<I: IntoIterator<Item = &'a str>>(addresses: I) -> Self {
        let mut recipients = Self::default();
        for address in addresses {
            recipients.add([address]);
        }
        recipients
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_recipient_belong_together_whatever_their_case() {
        let mut recipients: Recipients = ["info@contoso.com"].into_iter().collect();
        recipients.add(["scan@contoso.com", "Scanner@contoso.com"]);
        assert!(recipients.has("INFO@contoso.com") && !recipients.has("nobody@contoso.com"));
        assert!(recipients.are_one("scan@contoso.com", "SCANNER@contoso.com"));
        assert!(!recipients.are_one("scan@contoso.com", "info@contoso.com"));
        assert!(!recipients.are_one("nobody@contoso.com", "nobody@contoso.com"));
    }
}
