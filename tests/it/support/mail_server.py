"""A mail server that wants STARTTLS and a password, and writes what it is sent as JSON, taken apart.

usage: mail_server.py PORT_FILE MAIL_DIR CERTIFICATE KEY USER PASSWORD
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

port_file, mail_dir, certificate, key, user, password = sys.argv[1:7]


class Handler:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone@"):
            return "550 5.1.1 no such user here"
        if address.startswith("full@"):
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = lambda kind: (body := mail.get_body((kind,))) and body.get_content()
        taken = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "hello": session.host_name,
            "headers": {name: str(value) for name, value in mail.items()},
            "plain": part("plain"),
            "html": part("html"),
            "raw": envelope.content.decode("utf-8", "replace"),
        }
        Handler.count += 1
        path = os.path.join(mail_dir, f"{Handler.count:03}.json")
        with open(path + ".tmp", "w") as file:
            json.dump(taken, file)
        os.rename(path + ".tmp", path)
        return "250 kept as %d" % Handler.count


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == user.encode() and data.password == password.encode()
    return AuthResult(success=good, auth_data=data, handled=good)


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)


def session():
    return SMTP(
        Handler(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=authenticate,
    )


async def serve():
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    with open(port_file + ".tmp", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(port_file + ".tmp", port_file)
    await server.serve_forever()


asyncio.run(serve())
