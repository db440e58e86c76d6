"""Certificates for one test, made by openssl, and a proxy that speaks TLS where the server behind it does not."""

import asyncio
import contextlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import free_port

_EXTENSIONS = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = IP:127.0.0.1, DNS:localhost
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical, CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


@dataclass(frozen=True)
class Certificates:
    """PEM files: the authority's certificate; key and certificate of the server; the same of a client."""

    authority: Path
    server: Path
    client: Path


def make_certificates(place: Path) -> Certificates:
    """An authority of its own, and what it signed for 127.0.0.1."""
    config = place / "openssl.cnf"
    config.write_text(_EXTENSIONS)

    def make(name: str, *signed_by: str) -> Path:
        pem, key = place / f"{name}.pem", place / f"{name}.key"
        request = ["openssl", "req", "-x509", "-config", str(config), "-extensions", name, "-days", "2"]
        files = ["-subj", f"/CN={name}", "-keyout", str(key), "-out", str(pem)]
        subprocess.run([*request, *_KEY, *files, *signed_by], check=True, capture_output=True)
        return pem

    authority = make("authority")
    signed_by = ("-CA", str(authority), "-CAkey", str(place / "authority.key"))
    made = []
    for name in ("server", "client"):
        pem = make(name, *signed_by)
        pem.write_text((place / f"{name}.key").read_text() + pem.read_text())
        made.append(pem)
    return Certificates(authority, *made)


@contextlib.contextmanager
def tls_proxy(certificates: Certificates, port: int) -> Iterator[int]:
    """The port of a TLS server that passes on what it hears to `port` of this host."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server)
    listening, loop = free_port(), asyncio.new_event_loop()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while some := await reader.read(65_536):
                writer.write(some)
                await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, behind[1]), pump(behind[0], writer))

    server = loop.run_until_complete(asyncio.start_server(connected, "127.0.0.1", listening, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield listening
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
