"""What signing in and out makes of the records: pure decisions, as those on links."""

from dataclasses import dataclass
from typing import Final

import msgspec

from console.api.changes import Decision, View, Write
from console.api.problems import Problem
from console.api.sessions import Session, code_key, read_code, session_key
from schemas.topics import RECORDS

_CREATED: Final = 201
_NO_CONTENT: Final = 204


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """Begin a session, and end the one that the browser had. `code`: used up by it."""

    session: Session
    ended_id: str = ""
    code: str = ""

    def decide(self, view: View, now_ms: int) -> Decision:
        """A code lets in once: what it deletes and what it makes are one transaction."""
        writes = [Write(RECORDS, session_key(self.session.id), msgspec.json.encode(self.session))]
        if self.code:
            code = read_code(view.record(code_key(self.code)))
            if code is None or now_ms >= code.expires_at_ms or code.token_id != self.session.token_id:
                raise used_up()
            writes.append(Write(RECORDS, code_key(self.code), None))
        if self.ended_id and view.record(session_key(self.ended_id)) is not None:
            writes.append(Write(RECORDS, session_key(self.ended_id), None))
        return Decision(writes=tuple(writes), status=_CREATED, key=session_key(self.session.id), link=None)


@dataclass(frozen=True, kw_only=True)
class SignOut:
    """End a session."""

    id: str

    def decide(self, view: View, now_ms: int) -> Decision:  # noqa: ARG002 - as Change
        """Nothing, where it has ended by itself."""
        key = session_key(self.id)
        writes = () if view.record(key) is None else (Write(RECORDS, key, None),)
        return Decision(writes=writes, status=_NO_CONTENT, key=key, link=None)


def used_up() -> Problem:
    """A code that lets nobody in."""
    return Problem(
        "unauthorized",
        "this link was used, or is too old: `clicktally tokens sign-in-link` makes another; or sign in by a token",
    )
