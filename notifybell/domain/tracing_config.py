"""`[tracing]`: where the traces of a running server go."""

import math
import re
from typing import Annotated, Any

import msgspec

from notifybell.domain import config_rules as rules
from notifybell.domain.config_reader import Table
from notifybell.domain.config_rules import Rule

_HEADER_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")


def _header(value: Any) -> str:
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise ValueError
    return str(value)


def _ratio(value: Any) -> float:
    number = float(value) if isinstance(value, rules.Fetched) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError
    if not math.isfinite(number) or not 0 <= number <= 1:
        raise ValueError
    return float(number)


HEADER = Rule(allowed="text of printable ASCII characters", read=_header, secret=True)
RATIO = Rule(allowed="a number from 0 to 1, such as 0.1", read=_ratio)


class TracingConfig(Table, frozen=True, kw_only=True):
    """OpenTelemetry over OTLP/HTTP; without the table there is none."""

    endpoint: Annotated[str, rules.SERVICE_URL]
    #: Where the collector takes OTLP over HTTP, with the path
    headers: Annotated[dict[str, str], HEADER] = msgspec.field(default_factory=dict)
    #: Headers that the collector wants
    service_name: Annotated[str, rules.NAME] = "notifybell"
    #: What this server is called there
    sample_ratio: Annotated[float, RATIO] = 1.0
    #: Which part of the traces is kept; a caller's `traceparent` decides for itself
