# Exports what relayprobe asks about one Exchange Online organisation into one
# JSON file. Every cmdlet here reads (Get-*); nothing is changed.
#
#   relayprobe simulate --export-script > export.ps1
#   ./export.ps1                       # asks for an administrator's sign-in
#   ./export.ps1 -Path contoso.json -Name Contoso
#
# Needs the ExchangeOnlineManagement module (Install-Module
# ExchangeOnlineManagement) and a role that may read the configuration, such as
# Global Reader. Works with Windows PowerShell 5.1 and PowerShell 7. Run it once
# an organisation; the files of several may lie in one folder, which
# `relayprobe simulate FOLDER` reads as a whole.
#
# The file holds no secret, but it names your recipients: treat it as you treat
# an address book. What no cmdlet can tell (passwords of the lab, who may send as
# whom) goes by hand into a YAML file beside it, under `lab`.
param(
    # Where to write; by default named after the organisation.
    [string] $Path,
    # What the organisation is called in scenarios and accounts.
    [string] $Name,
    # Leaves the recipients out; every one of an accepted domain then exists.
    [switch] $WithoutRecipients
)
$ErrorActionPreference = 'Stop'
if (-not (Get-Command Get-EXORecipient -ErrorAction SilentlyContinue)) {
    throw 'The ExchangeOnlineManagement module is missing: Install-Module ExchangeOnlineManagement'
}
# An open session is used as it is.
if (-not (Get-ConnectionInformation -ErrorAction SilentlyContinue)) { Connect-ExchangeOnline -ShowBanner:$false }

# Texts in place of objects, so that every version of PowerShell writes the same:
# names of enumerations, ISO dates, lists as lists. Null stays null.
function Plain($value) {
    if ($null -eq $value -or $value -is [bool] -or $value -is [string]) { return $value }
    if ($value -is [datetime]) { return $value.ToUniversalTime().ToString('o') }
    if ($value -is [System.Collections.IEnumerable]) { return , @($value | ForEach-Object { "$_" }) }
    return "$value"
}
function Pick([string[]] $properties) {
    begin { $all = @() }
    process {
        if ($null -eq $_) { return }
        $one = [ordered]@{}
        foreach ($property in $properties) {
            # A property that this organisation does not have is left out: absent
            # and null are not the same.
            if ($_.PSObject.Properties[$property]) { $one[$property] = Plain $_.$property }
        }
        $all += , [pscustomobject]$one
    }
    end { , $all }
}

$organization = Get-OrganizationConfig
if (-not $Name) { $Name = "$($organization.DisplayName)" }
if (-not $Name) { $Name = "$($organization.Name)" }
if (-not $Path) { $Path = ($Name -replace '[^\w.-]+', '-') + '.json' }

$export = [ordered]@{ name = $Name }
# What this account may not read is left out and said: an absent part is reported
# as missing, never guessed.
function Part([string] $part, [scriptblock] $read) {
    try { $script:export[$part] = & $read }
    catch { Write-Warning "$part is left out: $($_.Exception.Message)" }
}
Part AcceptedDomain {
    Get-AcceptedDomain | Pick DomainName, DomainType, MatchSubDomains, Default, InitialDomain
}
Part InboundConnector {
    Get-InboundConnector | Pick Name, Enabled, ConnectorType, ConnectorSource, SenderDomains,
        SenderIPAddresses, TlsSenderCertificateName, RequireTls, RestrictDomainsToIPAddresses,
        RestrictDomainsToCertificate, CloudServicesMailEnabled, TreatMessagesAsInternal, WhenChangedUTC
}
Part OutboundConnector {
    Get-OutboundConnector | Pick Name, Enabled, ConnectorType, UseMXRecord, SmartHosts,
        RecipientDomains, TlsSettings, TlsDomain, IsTransportRuleScoped, RouteAllMessagesViaOnPremises,
        AllAcceptedDomains, CloudServicesMailEnabled, WhenChangedUTC
}
Part TransportConfig {
    Get-TransportConfig | Pick SmtpClientAuthenticationDisabled, AllowLegacyTLSClients
}
Part OrganizationConfig {
    $organization | Pick RejectDirectSend, DefaultAuthenticationPolicy, WhenCreatedUTC
}
Part CASMailbox {
    Get-CASMailbox -ResultSize Unlimited | Pick PrimarySmtpAddress, SmtpClientAuthenticationDisabled
}
Part AuthenticationPolicy {
    Get-AuthenticationPolicy | Pick Name, AllowBasicAuthSmtp
}
if (-not $WithoutRecipients) {
    # All of them: with a part, the rest would be refused as unknown.
    Part EXORecipient {
        Get-EXORecipient -ResultSize Unlimited -Properties EmailAddresses |
            Pick PrimarySmtpAddress, EmailAddresses, RecipientTypeDetails
    }
}

$json = ConvertTo-Json -InputObject ([pscustomobject]$export) -Depth 6
# Set-Content of Windows PowerShell would write in the machine's code page.
$target = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
[System.IO.File]::WriteAllText($target, $json, (New-Object System.Text.UTF8Encoding($false)))
Write-Host "wrote $target"
