//! The clouds in which organisations are, as far as they differ for SMTP.
//!
//! What is known of them is little: the legacy endpoint's names, and until when old
//! TLS was taken. The names of 21Vianet's other endpoints follow from the legacy one's;
//! of the US Government's no source shows a name, and the worldwide ones stand there.

use super::Endpoint;
use super::timeline::Rule;

/// A cloud of Microsoft 365.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// The one that most organisations are in.
    #[default]
    Worldwide,
    /// Microsoft 365 in China, operated by 21Vianet.
    Vianet21,
    /// The US Government's: GCC, GCC High and DoD.
    Government,
}

impl Cloud {
    /// Every cloud.
    pub const ALL: [Self; 3] = [Self::Worldwide, Self::Vianet21, Self::Government];

    /// The name used in files and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worldwide => "worldwide",
            Self::Vianet21 => "21vianet",
            Self::Government => "government",
        }
    }

    /// Why the cloud has no such endpoint; `None` where it has.
    ///
    /// Source: techcommunity.microsoft.com 2659652 ("Customers in US Government clouds
    /// have higher security standards and will not be able to opt-in to use older
    /// versions of TLS") for the legacy endpoint. High Volume Email is known of the
    /// worldwide cloud alone.
    #[must_use]
    pub const fn lacks(self, endpoint: Endpoint) -> Option<&'static str> {
        match (self, endpoint) {
            (Self::Government, Endpoint::Legacy) => {
                Some("customers in US Government clouds cannot opt in to TLS 1.0 and 1.1")
            }
            (Self::Vianet21 | Self::Government, Endpoint::HighVolume) => {
                Some("High Volume Email is known of the worldwide cloud only")
            }
            _ => None,
        }
    }

    /// The name of an endpoint, which its server certificate holds.
    ///
    /// Source: techcommunity.microsoft.com 2659652 for both legacy names. The other two
    /// of 21Vianet are inferred from its, and `smtp-hve.office365.com` is unverified.
    #[must_use]
    pub const fn host(self, endpoint: Endpoint) -> &'static str {
        match (self, endpoint) {
            (Self::Vianet21, Endpoint::Mx) => "lab.mail.protection.partner.outlook.cn",
            (Self::Vianet21, Endpoint::Submission) => "smtp.partner.outlook.cn",
            (Self::Vianet21, Endpoint::Legacy) => "smtp-legacy.partner.outlook.cn",
            (_, Endpoint::Mx) => "lab.mail.protection.outlook.com",
            (_, Endpoint::Submission) => "smtp.office365.com",
            (_, Endpoint::Legacy) => "smtp-legacy.office365.com",
            (_, Endpoint::HighVolume) => "smtp-hve.office365.com",
        }
    }

    /// The change that ended TLS 1.0 and 1.1 at the ordinary endpoint. Of the
    /// Government's no source has a day of its own.
    pub(super) const fn legacy_tls_ends(self) -> Rule {
        match self {
            Self::Worldwide | Self::Government => Rule::LegacyTlsEnds,
            Self::Vianet21 => Rule::LegacyTlsEnds21Vianet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legacy_endpoint_is_named_by_the_cloud_and_is_not_the_governments() {
        let host = |cloud: Cloud| match cloud.lacks(Endpoint::Legacy) {
            Some(_) => None,
            None => Some(cloud.host(Endpoint::Legacy)),
        };
        assert_eq!(host(Cloud::Worldwide), Some("smtp-legacy.office365.com"));
        assert_eq!(host(Cloud::Vianet21), Some("smtp-legacy.partner.outlook.cn"));
        assert_eq!(host(Cloud::Government), None);
    }
}
