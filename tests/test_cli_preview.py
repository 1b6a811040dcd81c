"""`notifybell preview`, and what `notifybell check` says about templates."""

from pathlib import Path

import pytest

from notifybell.cli_options import FAILED, OK, USAGE
from tests.test_cli import MINIMAL, Ran, a_file, run

SHOP = f"""{MINIMAL}
[server]
listen = "127.0.0.1:0"
public_url = "https://bell.example.com"
[templates]
folder = "templates"
[email]
host = "smtp.example.com"
from = "Shop <no-reply@shop.example.com>"
[categories.orders]
label = "Orders"
""".replace('[server]\nlisten = "127.0.0.1:0"\n', "", 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(tmp_path, "orders/email.subject.txt", "Order: {{ notification.title }}")
    write(tmp_path, "de/orders/email.txt", "Hallo, {{ notification.title }}")
    write(tmp_path, "orders/email.html", "<p>{{ notification.title }}</p>")
    return a_file(tmp_path, SHOP)


def write(folder: Path, name: str, text: str) -> None:
    path = folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def preview(file: Path, *argv: str | Path) -> Ran:
    return run("preview", *argv, "--config", file)


def test_a_preview_shows_each_part_and_where_it_comes_from(file: Path) -> None:
    ran = preview(file, "orders", "email", "--locale", "de-AT")
    folder = file.parent / "templates"
    assert (ran.code, ran.err) == (OK, "")
    assert ran.out.splitlines() == [
        f"--- email.subject.txt ({folder}/orders/email.subject.txt)",
        "Order: Your order has shipped",
        f"--- email.txt ({folder}/de/orders/email.txt)",
        "Hallo, Your order has shipped",
        f"--- email.html ({folder}/orders/email.html)",
        "<p>Your order has shipped</p>",
    ]


def test_a_preview_of_the_built_in_look_needs_no_templates(tmp_path: Path) -> None:
    file = a_file(tmp_path, SHOP.replace('[templates]\nfolder = "templates"\n', ""))
    ran = preview(file, "_default", "email", "--digest")
    assert ran.code == OK
    assert "--- email.txt (built-in)\n4 new notifications\n" in ran.out
    assert '<a style="color:#2453b8; text-decoration:none;"\n' in ran.out
    assert "Sent by Shop" in ran.out


def test_a_preview_is_written_as_files(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "preview"
    ran = preview(file, "orders", "email", "--out", out)
    names = ["email.subject.txt", "email.txt", "email.html"]
    assert (ran.code, ran.out.splitlines()) == (OK, [str(out / name) for name in names])
    assert (out / "email.html").read_text("utf-8") == "<p>Your order has shipped</p>\n"
    assert (out / "email.txt").read_text("utf-8").startswith("Order: Your order has")


def test_other_channels_have_a_title_and_a_text(file: Path) -> None:
    write(file.parent, "_default/web_push.title.txt", "{{ count }} news")
    ran = preview(file, "orders", "web_push", "--digest")
    assert ran.out.splitlines()[1:3] == ["4 news", "--- web_push.txt (built-in)"]


def test_an_unknown_category_is_told_and_shown_all_the_same(file: Path) -> None:
    ran = preview(file, "../ordes", "email")
    assert ran.code == OK and "Your order has shipped" in ran.out
    assert ran.err == (
        "note: there is no such category in the configuration; did you mean 'orders'?\n"
    )


@pytest.mark.parametrize("channel", ["emial", "in_app", "webhook", "../email"])
def test_a_channel_without_texts_is_refused(file: Path, channel: str) -> None:
    ran = preview(file, "orders", channel)
    assert (ran.code, ran.out) == (USAGE, "")
    assert "there is no such channel with texts" in ran.err


def test_a_folder_that_cannot_be_written_is_named(file: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    ran = preview(file, "orders", "email", "--out", tmp_path / "taken" / "below")
    assert ran.code == FAILED
    assert ran.err.startswith("--out: ") and "taken" in ran.err


def test_a_template_that_fails_says_where(file: Path) -> None:
    write(file.parent, "orders/email.txt", "Hi\n{{ 1 / (count - 1) }}")
    ran = preview(file, "orders", "email")
    assert (ran.code, ran.out) == (FAILED, "")
    assert ran.err.endswith("orders/email.txt:2: ZeroDivisionError: division by zero\n")


def test_check_counts_the_templates_and_tells_what_is_doubtful(file: Path) -> None:
    write(file.parent, "ordes/email.txt", "Hi")
    ran = run("check", "--config", file)
    assert ran.code == OK
    assert f"  templates 4 in {file.parent}/templates\n" in ran.out
    assert "ordes: there is no such category as ordes in the configuration; did you" in ran.err


@pytest.mark.parametrize("command", [("check",), ("preview", "orders", "email")])
def test_a_fault_in_a_template_is_a_fault_of_the_configuration(
    file: Path, command: tuple[str, ...]
) -> None:
    write(file.parent, "orders/email.txt", "Hi\n{{ notification.titel }}")
    ran = run(*command, "--config", file)
    assert (ran.code, ran.out) == (USAGE, "")
    assert ran.err == (
        f"{file.parent}/templates/orders/email.txt:2: a notification has no titel; "
        "did you mean title?\n"
    )
