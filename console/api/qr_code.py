"""QR codes of links: drawn, and read back before anybody prints them.

zxing-cpp makes the pattern and reads the picture: what its reader does not read is refused, whatever colours,
margin and logo were asked for.
"""

import base64
import io
from typing import Annotated, Final, Literal

import msgspec
import zxingcpp
from msgspec import Meta
from PIL import Image, UnidentifiedImageError

from console.api.problems import Problem

Correction = Literal["L", "M", "Q", "H"]
Colour = Annotated[str, Meta(pattern="^[0-9a-fA-F]{6}$", max_length=6)]
Rgb = tuple[int, int, int]

SIZE_LEAST: Final = 64
SIZE_MOST: Final = 2048
MARGIN_MOST: Final = 20
LOGO_SIDE_MOST: Final = 2048
LOGO_MEDIA: Final = ("image/png", "image/jpeg")
CONTRAST_LEAST: Final = 4.0
_LOGO_PART: Final = 0.22
"""Of the code's side: a twentieth of its area, where correction H restores nearly a third."""
_LOGO_PIXELS: Final = 256
"""Side of the logo in an SVG."""
_SVG: Final = "http://www.w3.org/2000/svg"
_CRISP: Final = 'shape-rendering="crispEdges"'
_LINEAR_BELOW: Final = 0.04045
"""sRGB's small values."""
_ONLY_QR: Final = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_READ_SCALE: Final = 6
"""Pixels a module where a drawing is read back."""


class QrQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a code looks."""

    format: Literal["svg", "png"] = "svg"
    size: Annotated[int, Meta(ge=SIZE_LEAST, le=SIZE_MOST, description="side in pixels, margin and all")] = 512
    margin: Annotated[
        int, Meta(ge=0, le=MARGIN_MOST, description="quiet zone around the code, in modules; readers expect 4")
    ] = 4
    correction: Annotated[
        Correction | None,
        Meta(description="how much may be hidden: L 7 %, M 15 %, Q 25 %, H 30 %; M unless said, H with a logo"),
    ] = None
    dark: Annotated[Colour, Meta(description="colour of the code, RRGGBB")] = "000000"
    light: Annotated[Colour, Meta(description="colour behind it")] = "ffffff"


class _Drawing(msgspec.Struct, frozen=True):
    """A pattern with all that it is drawn with; `modules` has a text of 0 and 1 for each row."""

    modules: list[str]
    margin: int
    dark: Rgb
    light: Rgb
    logo: Image.Image | None


def draw(text: str, look: QrQuery, logo: bytes = b"") -> bytes:
    """The picture of a code that says `text`; `logo` is a PNG or JPEG, or nothing. Raises Problem."""
    correction = look.correction or ("H" if logo else "M")
    if logo and correction in ("L", "M"):
        raise Problem(
            "bad-request", "a logo hides a part of the code: take correction Q or H", parameter="correction"
        )
    dark, light = _rgb(look.dark), _rgb(look.light)
    _check_contrast(dark, light)
    drawing = _Drawing(
        modules=_modules(text, correction),
        margin=look.margin,
        dark=dark,
        light=light,
        logo=_read_logo(logo) if logo else None,
    )
    side = len(drawing.modules) + 2 * look.margin
    if look.size < side:
        raise Problem(
            "bad-request",
            f"the code has {side} modules on a side with its margin, and {look.size} pixels do not show them: take"
            f" at least {2 * side}",
            parameter="size",
        )
    if look.format == "svg":
        _check_readable(_picture(drawing, side * _READ_SCALE), text)
        return _svg(drawing, look.size)
    picture = _picture(drawing, look.size)
    _check_readable(picture, text)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False)
    return out.getvalue()


def _modules(text: str, correction: Correction) -> list[str]:
    try:
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=correction)
    except ValueError as error:
        raise Problem(
            "bad-request",
            f"no code with correction {correction} holds an address of {len(text)} characters: take a lower one",
            parameter="correction",
        ) from error
    image = Image.fromarray(code.to_image(scale=1, add_quiet_zones=False))
    pixels = image.tobytes()
    rows = (pixels[begin : begin + image.width] for begin in range(0, len(pixels), image.width))
    return ["".join("0" if pixel else "1" for pixel in row) for row in rows]


def _picture(drawing: _Drawing, size: int) -> Image.Image:
    """As pixels; what no whole number of pixels a module fills is more margin."""
    count = len(drawing.modules)
    scale = size // (count + 2 * drawing.margin)
    pattern = Image.frombytes(
        "L", (count, count), bytes(0 if module == "1" else 255 for row in drawing.modules for module in row)
    ).resize((count * scale, count * scale), Image.Resampling.NEAREST)
    picture = Image.new("RGB", (size, size), drawing.light)
    at = (size - count * scale) // 2
    picture.paste(drawing.dark, (at, at), pattern.point(lambda value: 255 - value))
    if drawing.logo is not None:
        side = _logo_modules(count) * scale
        begin = (size - side) // 2
        picture.paste(drawing.light, (begin, begin, begin + side, begin + side))
        logo = _fitted(drawing.logo, side - 2 * scale)
        picture.paste(logo, ((size - logo.width) // 2, (size - logo.height) // 2), logo)
    return picture


def _svg(drawing: _Drawing, size: int) -> bytes:
    count, margin = len(drawing.modules), drawing.margin
    side = count + 2 * margin
    path = "".join(
        f"M{column + margin} {row + margin}h{length}v1h-{length}z"
        for row, modules in enumerate(drawing.modules)
        for column, length in _runs(modules)
    )
    parts = [
        f'<svg xmlns="{_SVG}" width="{size}" height="{size}" viewBox="0 0 {side} {side}" {_CRISP}>',
        f'<path fill="{_hex(drawing.light)}" d="M0 0h{side}v{side}H0z"/>',
        f'<path fill="{_hex(drawing.dark)}" d="{path}"/>',
    ]
    if drawing.logo is not None:
        hidden = _logo_modules(count)
        begin = margin + (count - hidden) // 2
        inner = hidden - 2
        out = io.BytesIO()
        _fitted(drawing.logo, _LOGO_PIXELS).save(out, "PNG")
        picture = f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
        parts += [
            f'<path fill="{_hex(drawing.light)}" d="M{begin} {begin}h{hidden}v{hidden}h-{hidden}z"/>',
            f'<image x="{begin + 1}" y="{begin + 1}" width="{inner}" height="{inner}" href="{picture}"/>',
        ]
    return "".join([*parts, "</svg>\n"]).encode()


def _runs(modules: str) -> list[tuple[int, int]]:
    """Where dark modules of a row begin, and how many they are."""
    runs: list[tuple[int, int]] = []
    column = 0
    for part in modules.replace("01", "0|1").replace("10", "1|0").split("|"):
        if part.startswith("1"):
            runs.append((column, len(part)))
        column += len(part)
    return runs


def _logo_modules(count: int) -> int:
    """Side of what a logo hides, with a module around it: as odd as the code's, so that it is in the middle."""
    side = int(count * _LOGO_PART)
    return side if side % 2 == count % 2 else side - 1


def _fitted(logo: Image.Image, side: int) -> Image.Image:
    scale = side / max(logo.size)
    size = (max(1, round(logo.width * scale)), max(1, round(logo.height * scale)))
    return logo.resize(size, Image.Resampling.LANCZOS)


def _read_logo(content: bytes) -> Image.Image:
    try:
        logo = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
        if max(logo.size) > LOGO_SIDE_MOST:  # known from its head, before anything is unpacked
            raise Problem(
                "invalid", f"the logo has {logo.width} by {logo.height} pixels: at most {LOGO_SIDE_MOST} on a side"
            )
        return logo.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Problem("invalid", "the logo is no PNG or JPEG that can be read: send another file") from error


def _check_readable(picture: Image.Image, text: str) -> None:
    read = zxingcpp.read_barcode(picture.convert("L"), formats=_ONLY_QR, try_rotate=False, try_invert=False)
    if read is None or read.text != text:
        raise Problem(
            "bad-request",
            "a reader does not read this code: take a margin of 4, more pixels, a darker colour on a lighter one,"
            " or another logo",
            parameter="margin",
        )


def _check_contrast(dark: Rgb, light: Rgb) -> None:
    """By relative luminance and contrast ratio of WCAG 2."""
    low, high = _luminance(dark), _luminance(light)
    if (high + 0.05) / (low + 0.05) < CONTRAST_LEAST:
        raise Problem(
            "bad-request",
            f"{_hex(dark)} on {_hex(light)} has a contrast of {(high + 0.05) / (low + 0.05):.1f}, and phones need"
            f" {CONTRAST_LEAST:.0f}: take a darker colour for the code, or a lighter one behind it",
            parameter="dark",
        )


def _luminance(colour: Rgb) -> float:
    red, green, blue = (
        part / 12.92 if part <= _LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(text: str) -> Rgb:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def _hex(colour: Rgb) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
