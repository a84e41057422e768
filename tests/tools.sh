#!/bin/sh
# Installs the programs that the tests play with, on Debian as root; elsewhere
# names what is missing. With CI set, anything missing is a failure.
#
#   sh tests/tools.sh          what `make test` and `make bench` need
#   sh tests/tools.sh build    the same, and what compiling needs
set -u

# program:package
programs='postfix:postfix smtp-sink:postfix swaks:swaks saslpasswd2:sasl2-bin dovecot:dovecot-core openssl:openssl python3:python3 chromium:chromium faketime:faketime'
programs="$programs systemd-analyze:systemd nsenter:util-linux unbound:unbound"
# Clients of the simulator.
programs="$programs curl:curl msmtp:msmtp node:nodejs"
# Builds the container image: only where none may be skipped.
[ -z "${CI:-}" ] || programs="$programs buildah:buildah"
[ "${1:-}" = build ] && programs="$programs cc:gcc make:make perl:perl"
PATH=$PATH:/usr/sbin:/sbin

modules='jsonschema aiosmtpd'

# Debian's mail servers exclude one another as packages, so Exim is a program alone.
exim=/usr/local/lib/relayprobe-tests/exim4

missing() {
  for pair in $programs; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || printf '%s\n' "${pair##*:}"
  done | sort -u | tr '\n' ' '
  # swaks speaks TLS, and Postfix its AUTH mechanisms, by plug-ins of their own.
  perl -MNet::SSLeay -e 1 2>/dev/null || printf 'libnet-ssleay-perl '
  # The first judges the schemas of scenario, project and tenants files, the
  # second is a small SMTP and LMTP server.
  for module in $modules; do
    python3 -c "import $module" 2>/dev/null || printf 'python3-%s ' "$module"
  done
  # A client of the simulator.
  [ -d /usr/share/nodejs/nodemailer ] || printf 'node-nodemailer '
  # Dovecot's SMTP server, with every mechanism of AUTH.
  [ -x /usr/lib/dovecot/submission ] || printf 'dovecot-submissiond '
  [ -x /usr/lib/dovecot/lmtp ] || printf 'dovecot-lmtpd '
  # Makes room for what comes from PyPI.
  [ -z "${CI:-}" ] || python3 -c 'import ensurepip' 2>/dev/null || printf 'python3-venv '
  [ -x "$exim" ] || printf 'exim4-daemon-light '
  ls /usr/lib*/sasl2/libplain.so /usr/lib*/*/sasl2/libplain.so 2>/dev/null | grep -q . || printf 'libsasl2-modules '
}

install() {
  # No service is wanted, only the programs: this answers Debian's scripts with
  # "not allowed" (the policy layer of invoke-rc.d).
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
  apt-get update -qq
  for package; do
    shift
    case $package in
      exim4-daemon-light) unpack_exim && set -- "$@" $exim_needs ;;
      # Debian's modules are for Debian's Python; another one has its own.
      python3-jsonschema | python3-aiosmtpd)
        if [ "$(command -v python3)" -ef /usr/bin/python3 ]; then
          set -- "$@" "$package"
        else
          python3 -m pip install --quiet "${package#python3-}"
        fi
        ;;
      *) set -- "$@" "$package" ;;
    esac
  done
  # Never at the price of another mail server that stands here.
  apt-get install -y -qq --no-remove --no-install-recommends "$@" && apt-get clean
}

# What judges the files of deploy/ and is in no package.
from_pypi() {
  command -v kubernetes-validate >/dev/null 2>&1 && command -v check-jsonschema >/dev/null 2>&1 && return
  into=/usr/local/lib/relayprobe-tools
  echo 'installing: kubernetes-validate check-jsonschema (PyPI)'
  python3 -m venv "$into" && "$into/bin/pip" install --quiet kubernetes-validate check-jsonschema || return
  # Of 110 MB of schemas those of one version are asked for.
  find "$into" -path '*/kubernetes-json-schema/v*' -prune ! -name 'v1.33*' -exec rm -rf {} +
  ln -sf "$into/bin/kubernetes-validate" "$into/bin/check-jsonschema" /usr/local/bin/
}

# The program without its set-uid bit, the user that it looks for, and what it links to.
exim_needs='libdb5.3 libgnutls-dane0 libidn12 libidn2-0 libnsl2 libpcre2-8-0'
unpack_exim() {
  folder=$(mktemp -d)
  (cd "$folder" && apt-get download -qq exim4-daemon-light && dpkg -x ./*.deb x) &&
    mkdir -p "${exim%/*}" && cp "$folder/x/usr/sbin/exim4" "$exim" && chmod 755 "$exim"
  rm -rf "$folder"
  id Debian-exim >/dev/null 2>&1 || useradd -r -s /usr/sbin/nologin Debian-exim
}

need=$(missing)
if [ -n "$need" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing: $need"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of packages
  install $need >/tmp/relayprobe-tools.$$ 2>&1 || cat /tmp/relayprobe-tools.$$
  rm -f /tmp/relayprobe-tools.$$
  need=$(missing)
fi
# Much for two tests: only where none may be skipped.
[ -z "${CI:-}" ] || from_pypi || need="$need kubernetes-validate check-jsonschema"
[ -n "$need" ] || exit 0
echo "not here, so the tests that need them are skipped: $need"
[ -z "${CI:-}" ]
