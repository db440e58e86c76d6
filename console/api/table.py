"""The whole table of operations with nobody behind it: for what is made from it, the page's types and the tests."""

import asyncio

from console.api.about_operations import about_operations
from console.api.link_answers import LinkAnswers, link_answer_operations
from console.api.link_operations import LinkOperations, link_operations
from console.api.live import Live
from console.api.live_operations import LiveOperations, live_operations
from console.api.operations import Operation
from console.api.record_operations import RecordOperations, record_operations
from console.api.report_operations import ReportOperations, report_operations
from console.api.session_operations import SessionOperations, session_operations
from console.api.share_operations import ShareOperations, share_operations


def table() -> tuple[Operation, ...]:
    """Every operation; none can be called."""
    links = link_operations(LinkOperations.__new__(LinkOperations))
    records = record_operations(RecordOperations.__new__(RecordOperations))
    live = live_operations(LiveOperations(Live(_nobody, asyncio.sleep), lambda *_: True, listeners_most=1))
    reports = report_operations(ReportOperations.__new__(ReportOperations))
    sessions = session_operations(SessionOperations.__new__(SessionOperations))
    shares = share_operations(ShareOperations.__new__(ShareOperations))
    answers = link_answer_operations(LinkAnswers.__new__(LinkAnswers))
    others = (*links, *answers, *records, *live, *reports, *sessions, *shares)
    return (*others, *about_operations(others))


async def _nobody() -> bytes:
    return b""
