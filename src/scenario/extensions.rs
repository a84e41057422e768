//! Extensions as a scenario asks for them, and the parameters that come of it.

use std::sync::Arc;

use crate::plan::Extensions;
use crate::smtp::{ForwardPath, has_param, original_recipient};

/// What is used beyond plain SMTP.
#[derive(Clone, Debug, Default)]
pub(super) struct ExtensionsSpec {
    pub(super) use_of: Extensions,
    /// BODY of MAIL, and how a text is encoded.
    pub(super) body: Option<BodyKind>,
    pub(super) size: Option<SizeSpec>,
    /// `None`: where an address is not ASCII.
    pub(super) smtputf8: Option<bool>,
    pub(super) require_tls: bool,
    pub(super) dsn: Option<DsnSpec>,
}

/// What a message is declared to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    SevenBit,
    EightBit,
    Binary,
}

/// What SIZE says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SizeSpec {
    /// The size of the message that follows.
    OfMessage,
    /// This, true or not.
    Said(u64),
}

/// What is asked of delivery status notifications.
#[derive(Clone, Debug, Default)]
pub(super) struct DsnSpec {
    pub(super) notify: Option<String>,
    pub(super) ret: Option<&'static str>,
    /// As xtext.
    pub(super) envid: Option<String>,
    pub(super) orcpt: Option<OriginalRecipient>,
}

/// What ORCPT says.
#[derive(Clone, Debug)]
pub(super) enum OriginalRecipient {
    /// The address of RCPT itself.
    Own,
    /// This, in its form on the wire.
    Said(String),
}

impl ExtensionsSpec {
    /// The parameters of a MAIL: its own, and those asked for here that are not among
    /// them. SIZE of the message follows when the message is there.
    /// `ascii` says that the transaction's addresses are.
    pub(super) fn of_mail(&self, own: Arc<str>, ascii: bool) -> Arc<str> {
        let mut more = Params::to(&own);
        match self.body {
            Some(BodyKind::SevenBit) => more.add("BODY", "7BIT"),
            Some(BodyKind::EightBit) => more.add("BODY", "8BITMIME"),
            Some(BodyKind::Binary) => more.add("BODY", "BINARYMIME"),
            None => {}
        }
        if let Some(SizeSpec::Said(size)) = self.size {
            more.add("SIZE", &size.to_string());
        }
        // RFC 6531 §3.4: the parameter goes with such an address.
        if self.smtputf8.unwrap_or(!ascii) {
            more.add("SMTPUTF8", "");
        }
        if self.require_tls {
            more.add("REQUIRETLS", "");
        }
        if let Some(dsn) = &self.dsn {
            dsn.ret.inspect(|ret| more.add("RET", ret));
            dsn.envid.as_ref().inspect(|envid| more.add("ENVID", envid));
        }
        more.finish(own)
    }

    /// The parameters of a RCPT.
    pub(super) fn of_rcpt(&self, own: Arc<str>, path: &ForwardPath) -> Arc<str> {
        let Some(dsn) = &self.dsn else { return own };
        let mut more = Params::to(&own);
        dsn.notify.as_ref().inspect(|notify| more.add("NOTIFY", notify));
        match &dsn.orcpt {
            Some(OriginalRecipient::Own) => more.add("ORCPT", &original_recipient(path.as_str())),
            Some(OriginalRecipient::Said(address)) => more.add("ORCPT", address),
            None => {}
        }
        more.finish(own)
    }
}

/// With SIZE, unless it is there.
pub(super) fn with_size(own: &Arc<str>, size: usize) -> Arc<str> {
    let mut more = Params::to(own);
    more.add("SIZE", &size.to_string());
    more.finish(Arc::clone(own))
}

/// Parameters, and more of them.
struct Params {
    all: String,
    more: bool,
}

impl Params {
    fn to(own: &str) -> Self {
        // Most have none, and get none.
        Self { all: own.to_owned(), more: false }
    }

    fn add(&mut self, name: &str, value: &str) {
        if has_param(&self.all, name) {
            return;
        }
        self.more = true;
        for part in
            [if self.all.is_empty() { "" } else { " " }, name, if value.is_empty() { "" } else { "=" }]
        {
            self.all.push_str(part);
        }
        self.all.push_str(value);
    }

    fn finish(self, own: Arc<str>) -> Arc<str> {
        if self.more { self.all.into() } else { own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(spec: &ExtensionsSpec, own: &str, address: &str) -> String {
        spec.of_mail(own.into(), address.is_ascii()).to_string()
    }

    #[test]
    fn a_parameter_of_its_own_outranks_what_the_extensions_say() {
        let dsn = DsnSpec { ret: Some("HDRS"), envid: Some("a+20b".into()), ..DsnSpec::default() };
        let spec = ExtensionsSpec {
            body: Some(BodyKind::EightBit),
            size: Some(SizeSpec::Said(10)),
            require_tls: true,
            dsn: Some(dsn),
            ..ExtensionsSpec::default()
        };
        assert_eq!(mail(&spec, "", ""), "BODY=8BITMIME SIZE=10 REQUIRETLS RET=HDRS ENVID=a+20b");
        assert_eq!(
            mail(&spec, "size=7 RET=FULL", ""),
            "size=7 RET=FULL BODY=8BITMIME REQUIRETLS ENVID=a+20b"
        );
    }

    #[test]
    fn an_address_beyond_ascii_brings_its_parameter() {
        let mut spec = ExtensionsSpec::default();
        assert_eq!(mail(&spec, "", "ä@b.example"), "SMTPUTF8");
        assert_eq!(mail(&spec, "SMTPUTF8", "ä@b.example"), "SMTPUTF8");
        assert_eq!(mail(&spec, "", "a@b.example"), "");
        spec.smtputf8 = Some(false);
        assert_eq!(mail(&spec, "", "ä@b.example"), "");
        spec.smtputf8 = Some(true);
        assert_eq!(mail(&spec, "", "a@b.example"), "SMTPUTF8");
    }

    #[test]
    fn recipients_are_named_as_they_are() {
        let dsn = DsnSpec {
            notify: Some("SUCCESS,DELAY".into()),
            orcpt: Some(OriginalRecipient::Own),
            ..DsnSpec::default()
        };
        let spec = ExtensionsSpec { dsn: Some(dsn), ..ExtensionsSpec::default() };
        let to = ForwardPath::parse("a+b@x.example").expect("an address");
        assert_eq!(&*spec.of_rcpt("".into(), &to), "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@x.example");
        assert_eq!(&*spec.of_rcpt("NOTIFY=NEVER".into(), &to), "NOTIFY=NEVER ORCPT=rfc822;a+2Bb@x.example");
    }
}
