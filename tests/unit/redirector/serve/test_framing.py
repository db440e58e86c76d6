"""A request's bytes are cut at its end, wherever packets end, and a body is never searched."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.framing import BrokenBodyError, Framing, percent_encoded

GET = b"GET /a HTTP/1.1\r\nHost: go.example\r\n\r\n"
CHUNKED = b"POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def with_length(body: bytes, name: bytes = b"Content-Length") -> bytes:
    return b"POST /v1/x HTTP/1.1\r\nHost: a\r\n%b: %d\r\n\r\n" % (name, len(body)) + body


def chunked(*chunks: bytes, trailer: bytes = b"", extension: bytes = b"") -> bytes:
    body = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
    return CHUNKED + body + b"0\r\n" + trailer + b"\r\n"


def requests_of(packets: list[bytes]) -> list[bytes]:
    """What came between one request's end and the next one's."""
    framing, ended, current = Framing(), [], b""
    for packet in packets:
        start = 0
        while start < len(packet):
            if framing.between_requests:
                start = framing.skip_empty_lines(packet, start)
                if start == len(packet):
                    break
            piece, end = framing.take(packet, start)
            assert end > start
            start = end
            current += piece
            if framing.between_requests:
                ended.append(current)
                current = b""
    return [*ended, *([current] if current else [])]


REQUESTS = (
    GET,
    b"PUT /a HTTP/1.0\r\n\r\n",
    with_length(b""),
    with_length(b"\r\n\r\n" * 3),
    with_length(GET, b"content-LENGTH"),
    with_length(b"x" * 40, b"Content-Length "),
    chunked(b"a", b"\r\n\r\n", b"0\r\n\r\n" * 4),
    chunked(b"x" * 17, extension=b";a=b", trailer=b"X-T: 1\r\nY: 2\r\n"),
    chunked(),
)


@given(st.lists(st.sampled_from(REQUESTS), max_size=6), st.lists(st.integers(0, 400), max_size=12))
def test_requests_are_cut_at_their_ends_wherever_packets_end(wanted: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(wanted)
    ends = sorted(min(cut, len(stream)) for cut in cuts)
    packets = [stream[start:end] for start, end in zip([0, *ends], [*ends, len(stream)], strict=True)]
    assert requests_of(packets) == wanted
    assert requests_of([stream[at : at + 1] for at in range(len(stream))]) == wanted


def test_empty_lines_between_requests_are_left_out() -> None:
    assert requests_of([b"\r\n" + GET + b"\r\n\r\n\n\r" + GET, b"\r", b"\n" + GET]) == [GET] * 3


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_every_byte_goes_on_in_its_order(packets: list[bytes]) -> None:
    framing, sent, passed = Framing(), b"", b""
    for packet in packets:
        start = 0
        while start < len(packet):
            try:
                piece, end = framing.take(packet, start)
            except BrokenBodyError:
                return
            passed, start = passed + piece, end
        sent += packet
    ascii_only = percent_encoded(sent)
    assert percent_encoded(passed) == ascii_only


@pytest.mark.parametrize(
    "broken",
    [
        CHUNKED + b"zz\r\n" + GET,
        CHUNKED + b"1" * 16 + b"\r\n" + GET,
        CHUNKED + b"1" * 9000,
        CHUNKED + b"1\n",
        CHUNKED + b"1\r\naab",
    ],
)
def test_a_chunk_that_cannot_be_breaks_its_body(broken: bytes) -> None:
    for step in (len(broken), 7):
        with pytest.raises(BrokenBodyError):
            requests_of([broken[at : at + step] for at in range(0, len(broken), step)])


@pytest.mark.parametrize("value", [b"-1", b"1, 1", b"", b"9" * 16, b"0x1"])
def test_a_length_that_cannot_be_has_no_body(value: bytes) -> None:
    head = b"POST /a HTTP/1.1\r\nContent-Length: " + value + b"\r\n\r\n"
    assert requests_of([head + GET]) == [head, GET]


def test_only_a_request_line_is_escaped() -> None:
    raw = "GET /ü?ö HTTP/1.1\r\nX: ü\r\n\r\nü".encode()
    framing = Framing()
    piece, end = framing.take(raw, 0)
    assert piece == b"GET /%C3%BC?%C3%B6 HTTP/1.1\r\nX: \xc3\xbc\r\n\r\n"
    assert raw[end:] == "ü".encode()


def test_small_chunks_are_taken_until_they_are_many() -> None:
    few, many = chunked(*[b"x"] * 528), chunked(*[b"x"] * 529)
    assert requests_of([few]) == [few]
    with pytest.raises(BrokenBodyError):
        requests_of([many])
    large_enough = chunked(*[b"x" * 40] * 20_000)
    assert requests_of([large_enough]) == [large_enough]


def cpu_s(packets: list[bytes]) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        requests_of(packets)
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize("pattern", [b"\r\n\r\n", b"0\r\n\r\n", b"\r\n", b"GET / HTTP/1.1\r\n"])
def test_a_body_costs_what_it_weighs_whatever_is_in_it(pattern: bytes) -> None:
    """Searched for heads, a mebibyte of empty lines took 300 ms; this takes about one."""
    size = 1 << 20
    body = (pattern * size)[:size]
    for request in (with_length(body), chunked(*[body[at : at + 4096] for at in range(0, size, 4096)])):
        packets = [request[at : at + 65_536] for at in range(0, len(request), 65_536)]
        assert cpu_s(packets) < 0.05


def test_empty_lines_before_a_request_cost_what_they_weigh() -> None:
    assert cpu_s([b"\r\n" * 32_768] * 16 + [GET]) < 0.05
