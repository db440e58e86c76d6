"""QR codes are what a reader reads, and what cannot be read is refused."""

import base64
import io
import re
from typing import Any

import msgspec
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from console.api.problems import Problem
from console.api.qr_code import LOGO_SIDE_MOST, SIZE_LEAST, SIZE_MOST, QrQuery, draw

TEXT = "https://go.example/spring?qr=1"
MODULES = 29
"""On a side, of that text with correction M."""


def picture_of(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def read(picture: Image.Image) -> Any:
    return zxingcpp.read_barcode(picture.convert("RGB"))


def drawn(svg: bytes, scale: int) -> Image.Image:
    """An SVG of ours as pixels: rectangles, and a PNG in the middle."""
    text = svg.decode()
    side = int(re.search(r'viewBox="0 0 (\d+) ', text)[1])  # type: ignore[index] # it is there, or the test fails
    image = Image.new("RGB", (side * scale, side * scale), "red")
    canvas = ImageDraw.Draw(image)
    for colour, path in re.findall(r'<path fill="(#\w+)" d="([^"]+)"', text):
        for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", path):
            left, top = int(x) * scale, int(y) * scale
            canvas.rectangle((left, top, left + int(width) * scale - 1, top + int(height) * scale - 1), fill=colour)
    logo = re.search(r'<image x="(\d+)" y="(\d+)" width="(\d+)"[^>]+base64,([^"]+)"', text)
    if logo is not None:
        inner = picture_of(base64.b64decode(logo[4])).resize((int(logo[3]) * scale,) * 2)
        image.paste(inner, (int(logo[1]) * scale, int(logo[2]) * scale), inner)
    return image


def logo_file(kind: str = "PNG", size: tuple[int, int] = (300, 300), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "orange").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("size", [SIZE_LEAST, 65, 300, 512, SIZE_MOST])
@pytest.mark.parametrize("correction", ["L", "M", "Q", "H"])
def test_a_png_has_its_size_and_is_read(size: int, correction: Any) -> None:
    picture = picture_of(draw(TEXT, QrQuery(format="png", size=size, correction=correction)))
    assert picture.size == (size, size)
    found = read(picture)
    assert (found.text, found.ec_level) == (TEXT, correction)


def test_an_svg_is_read_and_has_its_margin() -> None:
    svg = draw(TEXT, QrQuery(size=300, margin=7, dark="1A237E", light="fffde7"))
    assert svg.startswith(b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300" viewBox="0 0 ')
    assert f'viewBox="0 0 {MODULES + 14} '.encode() in svg
    picture = drawn(svg, 4)
    assert read(picture).text == TEXT
    assert picture.getpixel((7 * 4 - 1, 7 * 4 - 1)) == (0xFF, 0xFD, 0xE7)
    assert picture.getpixel((7 * 4, 7 * 4)) == (0x1A, 0x23, 0x7E)


@pytest.mark.parametrize("look", [QrQuery(format="png"), QrQuery(correction="Q"), QrQuery(size=SIZE_MOST)])
@pytest.mark.parametrize(
    "logo",
    [
        logo_file(),
        logo_file("JPEG"),
        logo_file(size=(500, 20)),
        logo_file(size=(1, 1)),
        logo_file(mode="RGBA"),
        logo_file(mode="P"),
        logo_file(size=(LOGO_SIDE_MOST, 1)),
    ],
)
def test_a_logo_stands_in_the_middle_and_the_code_is_read(look: QrQuery, logo: bytes) -> None:
    content = draw(TEXT, look, logo)
    picture = picture_of(content) if look.format == "png" else drawn(content, 8)
    found = read(picture)
    assert (found.text, found.ec_level) == (TEXT, look.correction or "H")
    column = [picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2 + row)) for row in (-1, 0)]
    assert any(isinstance(one, tuple) and one[0] > 200 and 130 < one[1] < 200 for one in column), column


@pytest.mark.parametrize(
    ("look", "why"),
    [
        ({"dark": "777777", "light": "888888"}, "contrast of 1.3"),
        ({"dark": "ffffff", "light": "000000"}, "contrast of 0.0"),
        ({"dark": "ff0000"}, "contrast of 4.0"),
        ({"size": SIZE_LEAST, "margin": 20}, f"{MODULES + 40} modules"),
        ({"size": MODULES + 8 - 1 + 0, "margin": 4}, "Expected"),
    ],
)
def test_what_no_phone_reads_is_refused_with_a_reason(look: dict[str, Any], why: str) -> None:
    with pytest.raises((Problem, msgspec.ValidationError), match=why):
        draw(TEXT, msgspec.convert({"format": "png"} | look, QrQuery))


def test_a_contrast_of_four_is_enough() -> None:
    assert draw(TEXT, QrQuery(dark="fe0000"))


@pytest.mark.parametrize(
    ("logo", "why"),
    [
        (b"GIF89a", "no PNG or JPEG"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "no PNG or JPEG"),
        (logo_file("GIF", mode="P"), "no PNG or JPEG"),
        (logo_file()[:60], "no PNG or JPEG"),
        (logo_file(size=(LOGO_SIDE_MOST + 1, 1)), "2049 by 1 pixels"),
    ],
)
def test_a_logo_that_is_none_is_refused(logo: bytes, why: str) -> None:
    with pytest.raises(Problem, match=why) as raised:
        draw(TEXT, QrQuery(), logo)
    assert raised.value.status == 422


@pytest.mark.parametrize("correction", ["L", "M"])
def test_a_logo_needs_a_correction_that_can_do_without_what_it_hides(correction: Any) -> None:
    with pytest.raises(Problem, match="take correction Q or H"):
        draw(TEXT, QrQuery(correction=correction), logo_file())


def test_the_longest_address_is_drawn_and_a_longer_one_refused() -> None:
    assert draw("h" * 2953, QrQuery(correction="L"))
    with pytest.raises(Problem, match="take a lower one"):
        draw("h" * 2954, QrQuery(correction="L"))
