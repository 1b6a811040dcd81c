"""Text from outside on one line, and on several."""

from notifybell.channels.plain_text import one_line, without_markup


def test_no_line_is_turned_around() -> None:
    assert one_line("photo\u202egpj.exe by \u2068Bob\u2069") == "photogpj.exe by \u2068Bob\u2069"


def test_content_without_its_markup_is_not_turned_around_either() -> None:
    assert without_markup("**photo**\u202egpj.exe", "https://shop.example") == "photogpj.exe"
