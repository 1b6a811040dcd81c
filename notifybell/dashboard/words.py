"""Numbers and times as people read them: the filters of the templates."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from notifybell.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, to_rfc3339
from notifybell.domain.sizes import counted, size

_UNITS = ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min"), (SECOND_MS, "s"))


def span(ms: float) -> str:
    """`3 min`, `2 d 4 h`: the two largest units, in whole numbers; `0 s` for less than one."""
    left, parts = int(ms), list[str]()
    for unit, name in _UNITS:
        count, rest = divmod(left, unit)
        if count or parts:
            parts.append(f"{count} {name}" if count else "")
            left = rest
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part) or "0 s"


def when(at: int | None) -> Markup:
    """A time, UTC; the script shows it on the reader's own clock."""
    if at is None:
        return Markup("–")
    text = to_rfc3339(at)
    shown = f"{text[:10]} {text[11:19]} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(text, shown, shown)


def ago(at: int | None, now: int) -> Markup:
    """How long ago, or how soon, with the time itself as its title."""
    if at is None:
        return Markup("–")
    text = to_rfc3339(at)
    shown = f"{span(now - at)} ago" if at <= now else f"in {span(at - now)}"
    title = f"{text[:10]} {text[11:19]} UTC"
    return Markup('<time datetime="{}" title="{}" data-relative>{}</time>').format(
        text, title, shown
    )


def soon(at: int, now: int) -> Markup:
    """`ago` for what is to come: what should have been by now is `now`."""
    return ago(at, now) if at > now else Markup("now")


def number(value: float) -> str:
    """With a comma between thousands; one digit behind the point below ten, if it is not whole."""
    if isinstance(value, float) and value < 10 and value != int(value):
        return f"{value:.1f}"
    return f"{value:,.0f}"


def percent(part: float) -> str:
    """Of a part between 0 and 1; never "100 %" for what is not all of it."""
    text = f"{part * 100:.1f}"
    return f"{'99.9' if text == '100.0' and part < 1 else text.removesuffix('.0')} %"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "span": span,
    "when": when,
    "ago": ago,
    "soon": soon,
    "number": number,
    "size": size,
    "percent": percent,
    "counted": counted,
}
