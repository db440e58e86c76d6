"""What of an access log is sent, and the links that it needs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from deploy.local.replay.access_log import Request, read_request
from schemas.links import Link, LinkError, check_link, slug_of_path


def link_of(request: Request, domain: str) -> Link:
    """The link that a request of the log means. Raises LinkError when there can be none."""
    slug = slug_of_path(request.target.decode("latin-1"))
    link = Link(
        domain=domain,
        slug=slug,
        destination=f"https://example.com/{quote(slug)}",
        campaign="replay",
        updated_at_ms=time.time_ns() // 1_000_000,
    )
    check_link(link)
    return link


@dataclass
class Plan:
    """What of a log is sent, and what is not and so not expected."""

    requests: list[Request] = field(default_factory=list)
    sent_lines: list[bytes] = field(default_factory=list)
    links: dict[str, Link] = field(default_factory=dict)
    not_sent: list[str] = field(default_factory=list)
    skipped: int = 0
    left_out: int = 0


def plan_of(lines: Sequence[bytes], domain: str) -> Plan:
    """The requests to send, in order; each line that is not sent is named with the reason."""
    plan = Plan()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        request = read_request(line)
        if request is None:
            plan.skipped += 1
            plan.not_sent.append(f"line {number} is no request: {line[:80].decode(errors='replace')}")
            continue
        try:
            link = link_of(request, domain)
        except LinkError as error:
            plan.left_out += 1
            plan.not_sent.append(f"line {number}, {request.target[:80].decode('latin-1')}: {error}")
            continue
        plan.links.setdefault(link.key, link)
        plan.requests.append(request)
        plan.sent_lines.append(line)
    return plan
