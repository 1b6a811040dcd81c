"""Language tags, and that every place with words of ours has all languages."""

import pytest

from notifybell.api import unsubscribe_words
from notifybell.channels import mail_words
from notifybell.domain.languages import LANGUAGES, is_tag, language
from tests.documented import ROOT


@pytest.mark.parametrize(
    "there",
    [
        set(mail_words.LANGUAGES),
        set(unsubscribe_words.LANGUAGES),
        {path.stem for path in (ROOT / "web/lang").glob("*.js")},
    ],
    ids=["mails", "the unsubscribe page", "the elements"],
)
def test_each_language_is_everywhere(there: set[str]) -> None:
    assert there == set(LANGUAGES)


@pytest.mark.parametrize(
    ("tag", "name"), [("de", "de"), ("pt-BR", "pt"), ("zh_Hans_CN", "zh"), ("EN-gb", "en")]
)
def test_a_tag_begins_with_its_language(tag: str, name: str) -> None:
    assert is_tag(tag)
    assert language(tag) == name


@pytest.mark.parametrize("text", ["", "d", "de AT", "de-", "-de", "deutsch\n"])
def test_other_texts_are_no_tags(text: str) -> None:
    assert not is_tag(text)
