"""Ask the embedded parts whether they are ready, without a client library."""

import socket
import struct
import urllib.error
import urllib.request

_TIMEOUT_S = 2.0
_METADATA, _METADATA_VERSION = 3, 1


def clickhouse_answers(host: str, port: int) -> bool:
    """Whether a ClickHouse says ``Ok.`` to a ping."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/ping", timeout=_TIMEOUT_S) as answer:
            return bool(answer.read() == b"Ok.\n")
    except (OSError, urllib.error.URLError):
        return False


def kafka_answers(host: str, port: int) -> bool:
    """Whether a broker serves requests and sees itself alive in the cluster's metadata.

    One Metadata request of version 1 for no topics: https://kafka.apache.org/protocol#The_Messages_Metadata.
    """
    client = b"probe"
    request = struct.pack(f">hhih{len(client)}si", _METADATA, _METADATA_VERSION, 1, len(client), client, 0)
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_S) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            size = struct.unpack(">i", _receive(connection, 4))[0]
            _correlation, brokers = struct.unpack(">ii", _receive(connection, size)[:8])
    except OSError:
        return False
    return bool(brokers > 0)


def _receive(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = connection.recv(size - len(received))
        if not more:
            raise ConnectionError("the broker closed the connection")
        received += more
    return received
