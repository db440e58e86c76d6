"""What was answered before, in bounded memory that one burst of strangers does not empty."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Seen(Generic[Key, Value]):
    """A cache of three parts of `most` entries each: asked once, asked again lately, asked again before.

    Only what is asked for a second time is kept beside what everybody asks for, so that any number of keys that
    come once push out none that come twice. What is known goes when it was not asked for while `most` others were.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._once: dict[Key, Value] = {}
        self._lately: dict[Key, Value] = {}
        self._before: dict[Key, Value] = {}

    def __len__(self) -> int:
        return len(self._once) + len(self._lately) + len(self._before)

    def get(self, key: Key) -> Value | None:
        """What was put under this key, if it is still known."""
        value = self._lately.get(key)
        if value is not None:
            return value
        value = self._before.pop(key, None)
        if value is None:
            value = self._once.pop(key, None)
        if value is not None:
            self._keep(key, value)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Keep a value that `get` did not find."""
        if len(self._once) >= self._most:
            self._once.clear()
        self._once[key] = value

    def _keep(self, key: Key, value: Value) -> None:
        if len(self._lately) >= self._most:
            self._before, self._lately = self._lately, {}
        self._lately[key] = value
