"""What making and revoking a share makes of the records: pure decisions, as those on links."""

from dataclasses import dataclass
from typing import Final

import msgspec

from console.api.callers import Caller
from console.api.changes import Decision, View, Write
from console.api.problems import Problem
from console.api.shares import Share, read_share, share_key
from schemas.topics import RECORDS

_CREATED: Final = 201
_NO_CONTENT: Final = 204


@dataclass(frozen=True, kw_only=True)
class MakeShare:
    """Let whoever has its text read what its scope leaves."""

    share: Share

    def decide(self, view: View, now_ms: int) -> Decision:  # noqa: ARG002 - as Change
        """Its record."""
        key = share_key(self.share.id)
        write = Write(RECORDS, key, msgspec.json.encode(self.share))
        return Decision(writes=(write,), status=_CREATED, key=key, link=None)


@dataclass(frozen=True, kw_only=True)
class RevokeShare:
    """End a share before its time; it stays listed for a while."""

    id: str
    caller: Caller

    def decide(self, view: View, now_ms: int) -> Decision:
        """Nothing, where it has ended by itself. Raises Problem."""
        key = share_key(self.id)
        share = read_share(view.record(key))
        if share is None or not sees(self.caller, share):
            raise Problem("not-found", "there is no such share: GET /v1/shares lists those there are")
        if not share.holds_at(now_ms):
            return Decision(writes=(), status=_NO_CONTENT, key=key, link=None)
        revoked = msgspec.structs.replace(share, revoked_at_ms=now_ms)
        write = Write(RECORDS, key, msgspec.json.encode(revoked))
        return Decision(writes=(write,), status=_NO_CONTENT, key=key, link=None)


def sees(caller: Caller, share: Share) -> bool:
    """Whether a share is the caller's business: a token of an account sees that account's."""
    return caller.account in ("", share.account)
