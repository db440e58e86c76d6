"""Amazon SNS on the loopback, by TLS: its certificate is fetched once, a subscription confirmed, no more asked."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from redirector.serve.webhooks import sns
from redirector.serve.webhooks.amazon import ANSWER_MAX_BYTES, CERTIFICATES_KEPT, FETCHES_A_MINUTE, Amazon
from schemas.errors import TransientError
from tests.builders import NOW_MS
from tests.unit.redirector.serve.webhooks.providers import (
    AMAZON_CERTIFICATE,
    CERTIFICATE_PATH,
    HOST,
    as_amazon,
    certificate_of,
    confirmation,
)

MINUTE_MS = 60_000


class OnLoopback(AbstractResolver):
    """Finds every host at one port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, *_: Any, **__: Any) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """Nothing is open."""


class Sns:
    """What SNS answers, and what it was asked."""

    def __init__(self) -> None:
        self.requested_paths: list[str] = []
        self.status = 200
        self.body = AMAZON_CERTIFICATE.public_bytes(Encoding.PEM)
        self.port = 0
        self.trust = ssl.create_default_context()

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.requested_paths.append(request.path_qs)
        return web.Response(status=self.status, body=self.body, headers={"Location": f"https://{HOST}/elsewhere"})

    def amazon(self) -> Amazon:
        """A client that finds it."""

        def session() -> aiohttp.ClientSession:
            connector = aiohttp.TCPConnector(resolver=OnLoopback(self.port), ssl=self.trust)
            return aiohttp.ClientSession(connector=connector)

        return Amazon(session)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Sns]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = certificate_of(key, HOST).public_bytes(Encoding.PEM)
    pem = tmp_path / "server.pem"
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    started = Sns()
    started.trust.load_verify_locations(cadata=certificate.decode())
    runner = web.ServerRunner(web.Server(started.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    started.port = runner.addresses[0][1]
    yield started
    await runner.cleanup()


async def test_a_message_is_proved_by_the_certificate_that_is_fetched_once(server: Sns) -> None:
    amazon = server.amazon()
    for _ in range(3):
        message = sns.read(json.dumps(as_amazon({})).encode())
        certificate = await amazon.certificate(sns.check_certificate_url(message), NOW_MS)
        assert sns.signed_at_ms(message, certificate) == NOW_MS
    together = [amazon.certificate(f"https://{HOST}/SimpleNotificationService-b.pem", NOW_MS) for _ in range(5)]
    assert len(set(await asyncio.gather(*together))) == 1
    assert server.requested_paths == [CERTIFICATE_PATH, "/SimpleNotificationService-b.pem"]


async def test_a_subscription_is_confirmed_by_asking_its_address(server: Sns) -> None:
    message = sns.read(json.dumps(confirmation()).encode())
    await server.amazon().confirm(sns.check_subscribe_url(message), NOW_MS)
    (requested,) = server.requested_paths
    assert requested.startswith("/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:")


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b""), (302, b""), (200, b"no certificate"), (200, b"x" * (ANSWER_MAX_BYTES + 1))],
)
async def test_what_is_no_certificate_is_none_and_no_redirect_is_followed(
    server: Sns, status: int, body: bytes
) -> None:
    server.status, server.body = status, body
    with pytest.raises(TransientError):
        await server.amazon().certificate(f"https://{HOST}{CERTIFICATE_PATH}", NOW_MS)
    assert server.requested_paths == [CERTIFICATE_PATH]


async def test_a_host_that_cannot_prove_its_name_is_not_believed(server: Sns) -> None:
    server.trust = ssl.create_default_context()
    with pytest.raises(TransientError):
        await server.amazon().certificate(f"https://{HOST}{CERTIFICATE_PATH}", NOW_MS)
    assert server.requested_paths == []


async def test_whoever_names_more_and_more_certificates_amazon_is_asked_now_and_then(server: Sns) -> None:
    amazon = server.amazon()
    for number in range(FETCHES_A_MINUTE):
        await amazon.certificate(f"https://{HOST}/SimpleNotificationService-{number}.pem", NOW_MS)
    with pytest.raises(TransientError, match="in a minute"):
        await amazon.certificate(f"https://{HOST}/SimpleNotificationService-x.pem", NOW_MS + MINUTE_MS - 1)
    await amazon.certificate(f"https://{HOST}/SimpleNotificationService-0.pem", NOW_MS)
    await amazon.certificate(f"https://{HOST}/SimpleNotificationService-x.pem", NOW_MS + MINUTE_MS)
    assert len(server.requested_paths) == FETCHES_A_MINUTE + 1
    assert len(amazon._certificates) <= CERTIFICATES_KEPT
