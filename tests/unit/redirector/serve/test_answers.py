import struct
import zlib

import pytest

from redirector.serve import answers
from redirector.serve.answers import PixelFormat


def test_a_destination_can_never_break_out_of_its_header() -> None:
    answer = answers.redirect(302, "https://example.com/a b\r\nSet-Cookie: x\u00fc%20")
    assert answer.headers[0] == ("Location", "https://example.com/a%20b%0D%0ASet-Cookie:%20x%C3%BC%20")
    assert answers.head_bytes(answer).count(b"\r\n") == 5


def test_a_response_without_content_has_no_length() -> None:
    assert b"Content-Length" not in answers.head_bytes(answers.pixel("204"))
    assert b"Content-Length" not in answers.head_bytes(answers.Answer(304, ()))
    assert b"Content-Length: 43\r\n" in answers.head_bytes(answers.pixel("gif"))


@pytest.mark.parametrize(("pixel_format", "size"), [("gif", 43), ("png", 67), ("204", 0)])
def test_a_pixel_is_kept_by_nobody_and_shown_on_every_page(pixel_format: PixelFormat, size: int) -> None:
    answer = answers.pixel(pixel_format)
    headers = dict(answer.headers)
    assert (headers["Cache-Control"], headers["Cross-Origin-Resource-Policy"]) == (
        "private, no-store",
        "cross-origin",
    )
    assert headers.get("Content-Type") == (f"image/{pixel_format}" if size else None)
    assert len(answer.body) == size


def test_the_png_is_one_transparent_pixel() -> None:
    png = answers.pixel("png").body
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        chunks[kind] = png[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", png, at + 8 + size)[0] == zlib.crc32(kind + chunks[kind])
        at += size + 12
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (1, 1, 8, 6, 0, 0, 0)  # 8 bits each of RGBA
    assert zlib.decompress(chunks[b"IDAT"]) == bytes(5)  # no filter, then nothing of all four


def test_the_gif_is_one_transparent_pixel() -> None:
    gif = answers.pixel("gif").body
    assert gif[:6] == b"GIF89a"
    assert struct.unpack_from("<HH", gif, 6) == (1, 1)
    extension = gif.index(b"\x21\xf9\x04")
    assert gif[extension + 3] & 1  # transparent is the colour that the next number names
    assert gif[extension + 6] == 0
    assert gif[-1:] == b"\x3b"


def test_a_status_that_http_does_not_know_is_written_too() -> None:
    assert answers.head_bytes(answers.text(499, "gone")).startswith(b"HTTP/1.1 499 \r\n")


def test_a_rendered_answer_has_its_time_its_body_and_its_way_to_go_on() -> None:
    wire, head = answers.Wire(), answers.head_bytes(answers.UNKNOWN)
    first = wire.render(head, b"no\n", 0, http11=True, close=False)
    assert first.endswith(b"\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nno\n")
    assert b"00:00:00" in wire.render(head, b"", 999, http11=True, close=False)
    assert b"00:00:01" in wire.render(head, b"", 1000, http11=True, close=False)
    last = wire.render(head, b"", 1000, http11=False, close=True)
    assert last.startswith(b"HTTP/1.0 404")
    assert b"Connection" not in last


def test_each_way_to_go_on_has_its_tail() -> None:
    tails = answers.Tails(0)
    assert tails.keep11.startswith(b"Thu, 01 Jan 1970 00:00:00 GMT\r\n")
    assert tails.close11.endswith(b"Connection: close\r\n\r\n")
    assert tails.keep10.endswith(b"Connection: keep-alive\r\n\r\n")
    assert tails.close10 == tails.keep11


def test_what_was_not_counted_says_so_after_the_status_line() -> None:
    marked = answers.say_not_counted(b"HTTP/1.1 302 Found\r\nA: b\r\n\r\n")
    assert marked == b"HTTP/1.1 302 Found\r\nClicktally-Counted: no\r\nA: b\r\n\r\n"


def test_the_server_names_itself_and_no_version() -> None:
    assert answers.head_bytes(answers.UNKNOWN).endswith(b"\r\nServer: clicktally\r\nDate: ")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("destination", ["https://example.com/ü?a=b", "https://example.com/\r\nx"])
def test_the_head_of_most_redirects_is_that_of_any_answer(status: int, destination: str) -> None:
    answer = answers.redirect(status, destination)
    assert answers.usual_head(status, answer.headers[0][1]) == answers.head_bytes(answer)
