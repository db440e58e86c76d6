"""The refusal of a body as a whole."""

from typing import Final


class BodyError(ValueError):
    """The body as a whole is not taken; the message says why. `status` is HTTP's for it, `headers` go with it."""

    def __init__(self, message: str, status: int = 400, *headers: tuple[str, str]) -> None:
        super().__init__(message)
        self.status: Final = status
        self.headers: Final = headers
