"""Servers for the tests: SMTP and LMTP, which keep what they take.

python3 server.py FOLDER SMTP_PORT LMTP_PORT
"""

import asyncio
import itertools
import os
import ssl
import sys

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder, port, lmtp_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.makedirs(f"{folder}/mail", exist_ok=True)
numbers = itertools.count()


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"probe", b"secret")
    return AuthResult(success=good, handled=False)


class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if not (address.endswith("@test") or session.authenticated):
            return "550 5.7.1 relay not permitted"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        said = [envelope.mail_from, *envelope.mail_options, *envelope.rcpt_tos, *envelope.rcpt_options]
        name = f"{folder}/mail/.{next(numbers)}"
        with open(name, "wb") as file:
            file.write(" ".join(said).encode("utf-8", "surrogateescape") + b"\r\n" + envelope.original_content)
        os.rename(name, name.replace("/.", "/"))
        if isinstance(server, LMTP):
            each = ["550 5.2.2 too late" if a == "late@test" else f"250 2.0.0 <{a}>" for a in envelope.rcpt_tos]
            return "\r\n".join(each)
        return "250 2.0.0 kept"


async def main():
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=f"{folder}/ca.pem")
    tls.load_cert_chain(f"{folder}/server-ec.pem", f"{folder}/server-ec.key")
    tls.verify_mode = ssl.CERT_OPTIONAL
    shared = {"hostname": "mx.test", "enable_SMTPUTF8": True}
    smtp = lambda: SMTP(Keep(), tls_context=tls, authenticator=authenticate, auth_require_tls=True, **shared)
    loop = asyncio.get_running_loop()
    await loop.create_server(smtp, "127.0.0.1", port)
    await loop.create_server(lambda: LMTP(Keep(), **shared), "127.0.0.1", lmtp_port)
    await asyncio.Event().wait()


asyncio.run(main())
