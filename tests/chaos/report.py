"""What a run comes to: its last line."""

import json
import statistics
from dataclasses import asdict, dataclass, field

from tests.chaos.findings import Findings
from tests.chaos.ledger import Ledger
from tests.chaos.link_findings import LinkFindings
from tests.chaos.link_ledger import LinkLedger


@dataclass
class Played:
    """A run: what was injected, what clients were told, what the recount found."""

    seed: int
    rounds: int
    faults: dict[str, int] = field(default_factory=dict)
    recoveries_s: list[float] = field(default_factory=list)
    changes_recoveries_s: list[float] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    findings: Findings = field(default_factory=Findings)
    link_ledger: LinkLedger = field(default_factory=LinkLedger)
    link_findings: LinkFindings = field(default_factory=LinkFindings)
    notes: list[str] = field(default_factory=list)
    product_audit: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every promise held."""
        return self.findings.clean and self.link_findings.clean and not self.notes

    @property
    def words(self) -> list[str]:
        """What was wrong."""
        return [*self.notes, *self.findings.words, *self.link_findings.words]


def report(played: Played) -> str:
    """One line of JSON; its shape is described in docs/chaos.md."""
    findings = played.findings
    tallies = played.ledger.tallies.values()
    audit = asdict(findings.audit)
    gap_records = audit.pop("gap_records")
    return json.dumps(
        {
            "seed": played.seed,
            "rounds": played.rounds,
            "faults": dict(sorted(played.faults.items())),
            "answered": sum(tally.answered for tally in tallies),
            "unanswered": sum(tally.unanswered for tally in tallies),
            "counted": findings.counted,
            "classes": dict(sorted(findings.by_class.items())),
            "lost": findings.lost,
            "doubled": findings.doubled,
            "audit": audit,
            "recovery_seconds": _median_and_longest(played.recoveries_s),
            "refused": sum(tally.refused for tally in tallies),
            "posts": played.ledger.posts,
            "retries": played.ledger.retries,
            "dead_letters": findings.dead_letters,
            "gap_records": gap_records,
            "links": {
                "acknowledged": played.link_ledger.count("made"),
                "unknown": played.link_ledger.count("unknown"),
                "refused": played.link_ledger.count("refused"),
                "replayed": played.link_ledger.replayed,
                "served": played.link_ledger.served,
                "versions": played.link_findings.versions,
                "lost": played.link_findings.lost,
                "doubled": played.link_findings.doubled,
                "recovery_seconds": _median_and_longest(played.changes_recoveries_s),
            },
            "notes": len(played.notes),
            "product_audit": played.product_audit,
        }
    )


def _median_and_longest(seconds: list[float]) -> dict[str, float]:
    lasted = seconds or [0.0]
    return {"p50": round(statistics.median(lasted), 2), "max": round(max(lasted), 2)}
