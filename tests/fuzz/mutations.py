"""Lines that are nearly right: valid ones with a few wounds, and some that were never anything."""

import random
from typing import Final

NUMBERS: Final = (
    *(b"%d" % number for number in (-1, 0, 2**31, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64, 10**25)),
    *(b"9" * 4400, b"1e400", b"-0", b"0.5", b"1e3", b"NaN", b"null", b"true", b'"1"', b"[]", b"{}"),
)
STRINGS: Final = (
    *(b'""', b'"x"', b'"\\u0000"', b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\n"', b'"\xff"', b'"\xed\xa0\x80"'),
    *(b'"' + b"x" * size + b'"' for size in (63, 64, 65, 511, 512, 513, 5000)),
    *('"ü/ü"'.encode(), '"\U0001f600"'.encode(), b"'", b'"', b"null", b"0", b"[]", b"{}"),
)
RUBBISH: Final = (
    *(
        b"",
        b" ",
        b"\r",
        b"\t",
        b"\x00",
        b"{",
        b"}",
        b"[]",
        b"{}",
        b"null",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b'"',
        b",",
    ),
    *(b"[" * 3000, b'{"a":' * 3000, b'{"type":"click","q":' + b"[" * 3000, b"\\" * 99, b"}\n{", b"\n"),
)
TOKENS: Final = (
    b",",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b"\n",
    b"\r\n",
    b"\x00",
    b"\xff",
    b";",
    b"//",
    b"%",
)


class Mutator:
    """Makes lines out of valid ones; the same seed gives the same lines."""

    def __init__(self, seed: int, valid: list[bytes]) -> None:
        self._rng = random.Random(seed)
        self._valid = valid

    def line(self) -> bytes:
        """A line: valid, wounded, random or rubbish. It may have newlines in it."""
        rng = self._rng
        fate = rng.random()
        if fate < 0.15:
            return rng.choice(self._valid)
        if fate < 0.2:
            return rng.choice(RUBBISH)
        if fate < 0.3:
            return rng.randbytes(rng.randint(0, 80))
        line = rng.choice(self._valid)
        for _ in range(rng.randint(1, 3)):
            line = self._wounded(line)
        return line

    def lines(self, count: int) -> list[bytes]:
        """Several lines."""
        return [self.line() for _ in range(count)]

    def _wounded(self, line: bytes) -> bytes:
        rng = self._rng
        at, to = sorted((rng.randint(0, len(line)), rng.randint(0, len(line))))
        wounds = (
            line[:at],
            line[:at] + line[to:],
            line[:at] + rng.choice(TOKENS) + line[at:],
            line[:at] + rng.choice(self._valid)[at:],
            line[:at] + rng.randbytes(1) + line[at + 1 :],
            line + line[at:to],
        )
        return rng.choice(wounds) if rng.random() < 0.7 else self._with_another_value(line)

    def _with_another_value(self, line: bytes) -> bytes:
        colons = [index for index, byte in enumerate(line) if byte == ord(":")]
        if not colons:
            return line
        start = self._rng.choice(colons) + 1
        end = min(
            (position for position in (line.find(mark, start) for mark in (b",", b"}")) if position >= 0),
            default=start,
        )
        return line[:start] + self._rng.choice(self._rng.choice((NUMBERS, STRINGS))) + line[end:]
