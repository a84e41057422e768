//! Client submission: TLS policy, AUTH, who may send.

use super::entry::{DOCUMENTED_ONLY, SIMULATED, entries, x};
use super::{Confidence, Entry, Server};
use crate::smtp::Stage;

const LEGACY_TLS: &str = "\"New opt-in endpoint available for SMTP AUTH clients still needing legacy TLS\", \
    techcommunity.microsoft.com 2659652";
const PRINTERS: &str = "\"Fix issues with printers, scanners, and LOB applications that send email using \
    Microsoft 365 or Office 365\", learn.microsoft.com";
const SWITCHES: &str = "\"Enable or disable authenticated client SMTP submission\", learn.microsoft.com; \
    seen on the wire, 2023-03";
const NDR: &str = "non-delivery reports page of learn.microsoft.com";
const CONCURRENT: &str =
    "\"Changes in message store and throttling for concurrent connections\", learn.microsoft.com";
const WIRE: &str = "seen on the wire";

entries! {
    /// TLS 1.0 or 1.1 at the ordinary endpoint.
    LEGACY_TLS_REFUSED = Entry {
        code: Some(421),
        enhanced: x(4, 7, 66),
        text: "TLS 1.0 and 1.1 are not supported",
        tail: ". Please upgrade/update your client to support TLS 1.2. Visit https://aka.ms/smtp_auth_tls.",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "nobody logs in here over TLS 1.0 or 1.1",
        cause: "SMTP AUTH over TLS 1.0 or 1.1 at smtp.office365.com",
        fix: "let the client speak TLS 1.2, or opt in with Set-TransportConfig -AllowLegacyTLSClients $true \
            and use smtp-legacy.office365.com (21Vianet: smtp-legacy.partner.outlook.cn; the US Government's \
            clouds have none)",
        source: LEGACY_TLS,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// TLS 1.0 or 1.1 at the legacy endpoint of a tenant that has not opted in.
    /// The text is translated from the German page; the basic code is inferred
    /// from the other policy refusals of AUTH (550 5.7.30).
    LEGACY_TLS_NOT_OPTED_IN = Entry {
        code: Some(550),
        enhanced: x(5, 7, 67),
        text: "TLS 1.0 and 1.1 are not supported by your organization",
        tail: ".",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the tenant has not opted in to old TLS, so the legacy endpoint is closed to it",
        cause: "AllowLegacyTLSClients is false or was never set",
        fix: "Set-TransportConfig -AllowLegacyTLSClients $true, or let the client speak TLS 1.2",
        source: "German edition of \"New opt-in endpoint available for SMTP AUTH clients still needing \
            legacy TLS\"; its wording in English, the code 550 and the stage are inferred",
        confidence: Confidence::Inferred,
        ..SIMULATED
    };

    /// Clear text where TLS is required.
    STARTTLS_REQUIRED = Entry {
        code: Some(451),
        enhanced: x(5, 7, 3),
        text: "STARTTLS is required to send mail",
        stages: &[Stage::MailFrom],
        server: Server::ExchangeServer,
        meaning: "the server wants TLS before any mail",
        cause: "the client never sent STARTTLS, or a box between hides the offer",
        fix: "use STARTTLS; look for a firewall that inspects SMTP",
        source: "Microsoft Japan support blog; the pair of 451 and 5.7.3 is really written so",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// Nobody logged in.
    NOT_AUTHENTICATED = Entry {
        code: Some(530),
        enhanced: x(5, 7, 57),
        text: "Client not authenticated to send mail.",
        stages: &[Stage::MailFrom, Stage::RcptTo, Stage::Data],
        server: Server::ExchangeOnline,
        meaning: "the submission endpoint sends for nobody who has not logged in",
        cause: "no AUTH before MAIL FROM",
        fix: "log in, or use Direct Send or a relay connector on the MX endpoint",
        source: "seen on the wire, 2024-10",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The log-in failed and the client went on.
    NOT_AUTHENTICATED_AFTER_FAILURE = Entry {
        code: Some(530),
        enhanced: x(5, 7, 57),
        text: "Client not authenticated to send mail. Error: *",
        stages: &[Stage::MailFrom],
        server: Server::ExchangeOnline,
        meaning: "the log-in had failed; the reason follows after `Error:`",
        cause: "the client went on after a refused AUTH, as .NET's SmtpClient does",
        fix: "mend the reason that the text repeats",
        source: "seen on the wire, 2024-05",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The older wording.
    NOT_AUTHENTICATED_OLD = Entry {
        code: Some(530),
        enhanced: x(5, 7, 57),
        text: "SMTP; Client was not authenticated to send anonymous mail during MAIL FROM",
        stages: &[Stage::MailFrom],
        server: Server::ExchangeOnline,
        meaning: "the submission endpoint sends for nobody who has not logged in",
        cause: "no AUTH before MAIL FROM; Exchange Server says it too where anonymous relay is closed",
        fix: "log in, or use Direct Send or a relay connector on the MX endpoint",
        source: "seen on the wire, 2019 and 2020; non-delivery reports page of learn.microsoft.com",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A wrong password or token, or a reason that is not told.
    AUTHENTICATION_UNSUCCESSFUL = Entry {
        code: Some(535),
        enhanced: x(5, 7, 3),
        text: "Authentication unsuccessful",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the log-in failed; Exchange Online does not say why",
        cause: "a wrong password, a token for another audience, or SMTP AUTH switched off",
        fix: "check the password or token, the mailbox's SMTP AUTH switch, MFA, security defaults and \
            Conditional Access",
        source: PRINTERS,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// SMTP AUTH is off in the tenant and the mailbox inherits.
    DISABLED_FOR_TENANT = Entry {
        code: Some(535),
        enhanced: x(5, 7, 139),
        text: "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
        tail: ". Visit https://aka.ms/smtp_auth_disabled for more information.",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "SMTP AUTH is switched off in the tenant, and the mailbox does not say otherwise",
        cause: "TransportConfig has SmtpClientAuthenticationDisabled true and the mailbox inherits it",
        fix: "Set-CASMailbox -SmtpClientAuthenticationDisabled $false for this mailbox alone, or use OAuth \
            or a connector",
        source: SWITCHES,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// SMTP AUTH is off for the mailbox.
    DISABLED_FOR_MAILBOX = Entry {
        code: Some(535),
        enhanced: x(5, 7, 139),
        text: "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox",
        tail: ". Visit https://aka.ms/smtp_auth_disabled for more information.",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "SMTP AUTH is switched off for this mailbox",
        cause: "the mailbox has SmtpClientAuthenticationDisabled true",
        fix: "Set-CASMailbox -SmtpClientAuthenticationDisabled $false for this mailbox",
        source: SWITCHES,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// An authentication policy forbids passwords.
    BASIC_AUTH_DISABLED = Entry {
        code: Some(535),
        enhanced: x(5, 7, 139),
        text: "Authentication unsuccessful, basic authentication is disabled",
        tail: ".",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "passwords are not accepted for this account",
        cause: "an authentication policy without AllowBasicAuthSmtp, or a consumer account",
        fix: "use OAuth (XOAUTH2)",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// Wrong password, said so.
    CREDENTIALS_INCORRECT = Entry {
        code: Some(535),
        enhanced: x(5, 7, 139),
        text: "Authentication unsuccessful, the user credentials were incorrect",
        tail: ".",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the name or the password is wrong",
        cause: "a wrong password, or MFA without an app password",
        fix: "check the password",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Security defaults.
    SECURITY_DEFAULTS = Entry {
        code: Some(535),
        enhanced: x(5, 7, 139),
        text: "Authentication unsuccessful, user is locked by your organization's security defaults policy",
        tail: ". Contact your administrator.",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "Entra security defaults forbid passwords for SMTP",
        cause: "security defaults are on",
        fix: "use OAuth, or replace security defaults by Conditional Access",
        source: "public test data; the copy is cut after \"Contact your admin\"",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// Conditional Access.
    CRITERIA_NOT_MET = Entry {
        code: Some(535),
        enhanced: x(5, 7, 139),
        text: "Authentication unsuccessful, the request did not meet the criteria to be authenticated \
            successfully",
        tail: ". Contact your administrator.",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "a policy refused the log-in",
        cause: "Conditional Access, or legacy authentication blocked (concluded, not documented)",
        fix: "exclude the account from the policy, or use OAuth",
        source: "seen on the wire, 2026-07",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// Federation is out of reach.
    FEDERATION_UNREACHABLE = Entry {
        code: Some(535),
        enhanced: x(5, 7, 139),
        text: "Authentication unsuccessful, federated STS service was unreachable",
        tail: ".",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the on-premises federation service could not be asked",
        cause: "the federation server is down or without TLS 1.2",
        fix: "repair federation",
        source: PRINTERS,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// High Volume Email to somebody else's recipient. `Unable to relay` is the
    /// non-delivery reports' word for 5.7.1; what follows is the simulator's own, so that
    /// nobody takes it for a capture.
    HIGH_VOLUME_INTERNAL_ONLY = Entry {
        code: Some(550),
        enhanced: x(5, 7, 1),
        text: "Unable to relay; High Volume Email is for internal recipients",
        tail: ".",
        stages: &[Stage::RcptTo],
        server: Server::ExchangeOnline,
        meaning: "High Volume Email does not reach this recipient",
        cause: "the recipient is in no accepted domain of the organisation; since June 2025 High Volume Email \
            is for its own recipients only",
        fix: "send to recipients outside by Azure Communication Services, a relay connector or another \
            provider",
        source: "reports of the announcement (thewindowsupdate.com, windowsnews.ai); code, text and stage are \
            inferred",
        confidence: Confidence::Inferred,
        ..SIMULATED
    };

    /// Basic authentication, after its end.
    BASIC_AUTH_RETIRED = Entry {
        code: Some(550),
        enhanced: x(5, 7, 30),
        text: "Basic authentication is not supported for Client Submission",
        tail: ".",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "passwords are no longer accepted for client submission",
        cause: "basic authentication for SMTP AUTH has been retired",
        fix: "use OAuth, High Volume Email, Azure Communication Services, or a relay connector",
        source: "techcommunity.microsoft.com 4114750; Google uses 550 5.7.30 for a DKIM failure",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// A mechanism that is not offered.
    UNRECOGNIZED_MECHANISM = Entry {
        code: Some(504),
        enhanced: x(5, 7, 4),
        text: "Unrecognized authentication type",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the server does not know this mechanism, or not before TLS",
        cause: "AUTH PLAIN, or AUTH before STARTTLS: Exchange Online offers LOGIN and XOAUTH2, under TLS only",
        fix: "use STARTTLS, then AUTH LOGIN or XOAUTH2",
        source: WIRE,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// Send-as, the older form.
    SEND_AS_OLD = Entry {
        code: Some(550),
        enhanced: x(5, 7, 60),
        text: "SMTP; Client does not have permissions to send as this sender",
        stages: &[Stage::MailFrom, Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the account may not send as this sender",
        cause: "the sender is not the mailbox that logged in",
        fix: "send as the mailbox, grant Send As, or relay by connector",
        source: PRINTERS,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Send-as, today's form.
    SEND_AS = Entry {
        code: Some(554),
        enhanced: x(5, 2, 252),
        text: "SendAsDenied; *",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the account may not send as this sender",
        cause: "From: or MAIL FROM is not the mailbox that logged in",
        fix: "send as the mailbox, grant Send As, or relay by connector",
        source: "seen on the wire, 2025-11",
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// Too many sessions of one mailbox.
    TOO_MANY_SESSIONS = Entry {
        code: Some(432),
        enhanced: x(4, 3, 2),
        text: "Concurrent connections limit exceeded",
        tail: ". Visit https://aka.ms/concurrent_sending",
        stages: &[Stage::Message, Stage::MailFrom],
        server: Server::ExchangeOnline,
        meaning: "the mailbox sends over more than three connections at once",
        cause: "more than three connections sending at the same time",
        fix: "send one after the other, and try again",
        source: CONCURRENT,
        confidence: Confidence::Verbatim,
        ..SIMULATED
    };

    /// The account is restricted.
    BAD_OUTBOUND_SENDER = Entry {
        code: Some(550),
        enhanced: x(5, 1, 8),
        text: "Access denied, bad outbound sender",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the account is restricted for outbound spam",
        cause: "suspicious mail was sent from it",
        fix: "secure the account, then release it on the Restricted entities page",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Federation without HTTPS.
    FEDERATION_NO_HTTPS = Entry {
        code: Some(535),
        enhanced: x(5, 7, 139),
        text: "Authentication unsuccessful, the federated STS URL does not support HTTPS",
        stages: &[Stage::Auth],
        server: Server::ExchangeOnline,
        meaning: "the on-premises federation service could not be asked safely",
        cause: "the federation URL is not HTTPS",
        fix: "publish the federation service over HTTPS, with TLS 1.2",
        source: PRINTERS,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Send-as, the form of 2021.
    SEND_AS_2021 = Entry {
        code: Some(554),
        enhanced: x(5, 2, 0),
        text: "STOREDRV.Submission.Exception:SendAsDeniedException",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the account may not send as this sender",
        cause: "From: or MAIL FROM is not the mailbox that logged in",
        fix: "send as the mailbox, grant Send As, or relay by connector",
        source: "seen on the wire, 2021 (MailKit issue 1176)",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A token without rights to the mailbox.
    MAILBOX_LOGON_FAILURE = Entry {
        code: Some(430),
        enhanced: x(4, 2, 0),
        text: "STOREDRV; mailbox logon failure",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the log-in held, but may not open the mailbox",
        cause: "an OAuth application without rights to the mailbox",
        fix: "register the service principal in Exchange Online and give it the mailbox with \
            Add-MailboxPermission",
        source: "SmtpClientDiag, a public tester by a Microsoft engineer",
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A throttled recipient's mailbox.
    RECIPIENT_THREAD_LIMIT = Entry {
        code: Some(432),
        enhanced: x(4, 3, 2),
        text: "STOREDRV.Deliver; recipient thread limit exceeded",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the recipient's mailbox takes no more deliveries at once; it is tried again",
        cause: "too many messages to one mailbox at the same time",
        fix: "nothing, or spread the messages over time",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// Too many recipients in a day.
    SUBMISSION_QUOTA = Entry {
        code: Some(554),
        enhanced: x(5, 2, 0),
        text: "STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the mailbox has sent to as many recipients as a day allows",
        cause: "more than 10,000 recipients in 24 hours",
        fix: "wait; move bulk mail to High Volume Email or Azure Communication Services",
        source: CONCURRENT,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The sender's own mailbox is full.
    SENDER_MAILBOX_FULL = Entry {
        code: Some(554),
        enhanced: x(5, 2, 2),
        text: "mailbox full; STOREDRV.Submission.Exception:QuotaExceededException",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the sending mailbox is full, not the recipient's",
        cause: "what is submitted is saved to Sent Items, and there is no room left",
        fix: "empty Sent Items and Deleted Items of the sending mailbox",
        source: CONCURRENT,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// A rate limit, as reports name it.
    SUBMISSION_QUOTA_REPORTED = Entry {
        code: None,
        enhanced: x(5, 2, 2),
        text: "Submission quota exceeded",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the mailbox has sent more than its limits allow",
        cause: "the recipient or message rate limit",
        fix: "wait; move bulk mail elsewhere",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The daily limit of recipients.
    DAILY_RECIPIENT_LIMIT = Entry {
        code: None,
        enhanced: x(5, 1, 90),
        text: "Your message can't be sent because you've reached your daily limit for message recipients",
        stages: &[],
        server: Server::ExchangeOnline,
        meaning: "the mailbox has sent to as many recipients as a day allows",
        cause: "the daily recipient limit",
        fix: "wait for the 24-hour window to move on; move bulk mail elsewhere",
        source: NDR,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };

    /// The account is restricted, as devices show it.
    BAD_OUTBOUND_SENDER_DEVICE = Entry {
        code: Some(550),
        enhanced: x(5, 1, 8),
        text: "Bad outbound sender",
        stages: &[Stage::Message],
        server: Server::ExchangeOnline,
        meaning: "the account is restricted for outbound spam",
        cause: "suspicious mail was sent from it",
        fix: "secure the account, then release it on the Restricted entities page",
        source: PRINTERS,
        confidence: Confidence::Verbatim,
        ..DOCUMENTED_ONLY
    };
}
