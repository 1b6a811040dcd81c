"""Messages and people, by every filter: quick however much there is. `tests.bench.desk` does the
same with a million notifications."""

from pathlib import Path

from tests.bench import desk


async def test_every_filter_takes_less_than_a_tenth_of_a_second(tmp_path: Path) -> None:
    desk.build(tmp_path / "notifybell.db", 10_000)
    paths = desk.pages(tmp_path / "notifybell.db")
    assert await desk.measure(tmp_path, paths) < desk.GOAL_MS
