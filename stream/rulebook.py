"""What decides an event's class, as the settings have it: the same for who counts and for who counts again."""

from dataclasses import dataclass

from stream.agents.operators import rules_of
from stream.classify import Classifier
from stream.repeats import RepeatLimits
from stream.settings import StreamSettings


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules of agents and networks, and what repeats other clicks."""

    classifier: Classifier
    limits: RepeatLimits


def rulebook_of(settings: StreamSettings) -> Rulebook:
    """Ends the process where an operator's file cannot be used; the message says which and why."""
    try:
        classifier = Classifier(rules_of(settings.bots_include, settings.bots_exclude, settings.bots_iab))
    except (OSError, ValueError) as error:
        raise SystemExit(f"the rules of bots: {error}") from error
    return Rulebook(
        classifier,
        RepeatLimits(
            window_ms=int(settings.duplicate_window_s * 1000), clicks_per_minute=settings.clicks_per_minute
        ),
    )
