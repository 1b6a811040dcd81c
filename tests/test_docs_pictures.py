"""README's pictures: they are there, shown, and of stories of the gallery."""

import pytest

from tests.documented import README, ROOT
from tests.web.screenshots import PICTURES


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_the_readme_is_there_and_shown(name: str) -> None:
    path = ROOT / "docs/images" / f"{name}.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert f"docs/images/{name}.png" in README.read_text("utf-8")


def test_the_pictures_are_stories() -> None:
    stories = (ROOT / "web/docs/stories.js").read_text("utf-8")
    rows = (ROOT / "web/docs/sample-rows.js").read_text("utf-8")
    for name, picture in PICTURES.items():
        if picture.story.startswith("language-"):
            assert f"  {picture.story.removeprefix('language-')}: {{ name:" in rows, name
        else:
            assert f'id: "{picture.story}"' in stories, name
