"""The dashboard's table of the configuration file, `[dashboard]`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from notifybell.domain import config_rules as rules
from notifybell.domain import passwords
from notifybell.domain.config_reader import Table, repeated
from notifybell.domain.config_rules import Rule

LONE_OPERATOR = "operator"
"""What whoever signs in by `dashboard.password_hash` is called."""


def _password_hash(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    passwords.parse(value.strip())
    return str(value).strip()


PASSWORD_HASH = Rule(
    allowed='what `notifybell password` prints, "scrypt$…"',
    read=_password_hash,
    secret=True,
)


class OperatorConfig(Table, frozen=True, kw_only=True):
    """One of several people who sign in to the dashboard."""

    name: Annotated[str, rules.NAME]
    #: What they sign in as; unique
    password_hash: Annotated[str, PASSWORD_HASH]
    #: Whose password it is; secret


class DashboardConfig(Table, frozen=True, kw_only=True):
    """Who comes in."""

    enabled: Annotated[bool, rules.SWITCH] = True
    #: Whether there is such a page
    password_hash: Annotated[str, PASSWORD_HASH] = ""
    #: Who knows its password comes in; secret
    operators: tuple[OperatorConfig, ...] = ()
    #: Several people, each with a password of their own, beside the one password or in place of it

    def conflicts(self) -> Iterator[str]:
        names = [one.name for one in self.operators]
        if self.password_hash and LONE_OPERATOR in names:
            yield (
                f"dashboard.operators[{names.index(LONE_OPERATOR)}].name: {LONE_OPERATOR!r} is "
                "whoever signs in by dashboard.password_hash; use another"
            )
        yield from repeated("dashboard.operators", "name", names)

    @property
    def passwords(self) -> Mapping[str, str]:
        """Hashes by the name of who signs in."""
        lone = {LONE_OPERATOR: self.password_hash} if self.password_hash else {}
        return {**lone, **{one.name: one.password_hash for one in self.operators}}
