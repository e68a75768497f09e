"""An SMTP server that keeps what it gets: each mail as one line of JSON on standard error.

Arguments: the port (0 = a free one), how it is encrypted (none, starttls, tls), and for the latter two a file
with certificate and key, and the only user and password that may send.
"""

import asyncio
import email
import email.policy
import json
import logging
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

# Standard error is for mails.
logging.disable()

port, encryption = int(sys.argv[1]), sys.argv[2]
context = user = password = None
if encryption != "none":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
    user, password = sys.argv[4].encode(), sys.argv[5].encode()


class Keeper:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = [part for part in message.walk() if not part.is_multipart()]
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None or encryption == "tls",
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "kind": message.get_content_type(),
            "parts": [[part.get_content_type(), part.get_content()] for part in parts],
            "raw": envelope.content.decode("ascii"),
        }
        print(json.dumps(kept), file=sys.stderr, flush=True)
        return "250 kept"


def authenticate(server, session, envelope, mechanism, auth_data):
    right = isinstance(auth_data, LoginPassword) and (
        (auth_data.login, auth_data.password) == (user, password)
    )
    return AuthResult(success=right, handled=False, auth_data=auth_data if right else None)


def session():
    with_user = {"auth_required": True, "authenticator": authenticate} if user else {}
    if encryption == "starttls":
        return SMTP(Keeper(), tls_context=context, require_starttls=True, **with_user)
    return SMTP(Keeper(), auth_require_tls=False, **with_user)


async def main():
    loop = asyncio.get_running_loop()
    wrapped = context if encryption == "tls" else None
    server = await loop.create_server(session, "127.0.0.1", port, ssl=wrapped)
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(main())
