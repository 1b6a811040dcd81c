"""Amounts as people read them."""

_SIZES = ("bytes", "KB", "MB", "GB", "TB")


def size(count: int) -> str:
    """Bytes, in the unit that leaves few digits."""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_SIZES) - 1:
        value, unit = value / 1024, unit + 1
    return (
        f"{value:,.0f} {_SIZES[unit]}"
        if unit == 0 or value >= 10
        else f"{value:.1f} {_SIZES[unit]}"
    )


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 user`, `2 users`, `3 deliveries`."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
