"""The bell as one file: small enough, and still what the modules say."""

import re
import subprocess
from pathlib import Path

import brotli
import httpx
import pytest

from notifybell.api.widget_bundle import bundle
from tests.programs import program
from tests.web.conftest import Shop

WEB = Path(__file__).parent.parent.parent / "web"
BUDGET_BYTES = 15_000
BUDGETS = {
    "notifybell.js": BUDGET_BYTES,
    "notifybell-panel.js": 18_000,
    "notifybell-preferences.js": 9_000,
    "notifybell-all.js": 25_000,
    "notifybell-push.js": 5_500,
}


def write(folder: Path, **modules: str) -> None:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)


@pytest.mark.parametrize("entry", BUDGETS)
def test_all_that_a_page_loads_fits_the_budget(
    entry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    size = len(brotli.compress(bundle(WEB, entry).encode()))
    with capsys.disabled():
        print(f"\n{entry} is {size:,} bytes (brotli)")
    assert size <= BUDGETS[entry]


@pytest.mark.parametrize("entry", ["notifybell.js", "notifybell-all.js"])
def test_an_entry_does_not_bring_what_comes_later(entry: str) -> None:
    text = bundle(WEB, entry)
    assert "class InboxPane" not in text and "class PreferencesView" not in text
    assert 'import("./notifybell-panel.js")' in text


@pytest.mark.parametrize(
    "later", ["notifybell-panel.js", "notifybell-preferences.js", "notifybell-push.js"]
)
def test_what_comes_later_does_not_bring_the_client_again(later: str) -> None:
    """Nor asks for the class of its errors, of which the entry has its own."""
    text = bundle(WEB, later)
    assert "class InboxClient" not in text and "instanceof ApiError" not in text


def test_the_server_sends_one_file_of_that_size(shop: Shop) -> None:
    with httpx.stream(
        "GET", f"{shop.server.url}/notifybell.js", headers={"accept-encoding": "br"}
    ) as answer:
        answer.read()
        assert answer.headers["content-encoding"] == "br"
        assert int(answer.headers["content-length"]) <= BUDGET_BYTES
        assert "import " not in re.sub(r"import\.meta", "", answer.text)


def test_the_server_answers_a_language_to_any_site(shop: Shop) -> None:
    answer = httpx.get(f"{shop.server.url}/lang/de.js")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "Mitteilungen" in answer.text


@pytest.mark.parametrize("entry", BUDGETS)
def test_the_bundle_is_a_valid_module(entry: str, tmp_path: Path) -> None:
    path = tmp_path / "bundle.mjs"
    path.write_text(bundle(WEB, entry))
    run = subprocess.run([program("node"), "--check", str(path)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_a_module_comes_after_those_it_needs_and_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        entry='import { b } from "./left.js";\nimport {\n  c,\n} from "./right.js";\nb(c);\n',
        left='import { a } from "./base.js";\nexport const b = (x) => a + x;\n',
        right='import { a } from "./base.js";\nexport const c = a;\n',
        base="export const a = 1;\n",
    )
    assert bundle(tmp_path, "entry.js") == ("const a = 1;const b = (x) => a + x;const c = a;b(c);")


def test_comments_go_and_strings_stay(tmp_path: Path) -> None:
    write(
        tmp_path,
        entry=(
            '/**\n * Why.\n */\nconst url = "https://bell.test"; // here\n'
            "  // A line.\nconst x = /** @type {string} */ (url);\n"
        ),
    )
    assert bundle(tmp_path, "entry.js") == (
        'const url = "https://bell.test"; // here\nconst x = (url);'
    )


def test_the_entry_keeps_what_it_passes_on(tmp_path: Path) -> None:
    write(
        tmp_path,
        entry='import { a } from "./base.js";\na();\nexport { a } from "./base.js";\n',
        base="export function a() {}\n",
    )
    assert bundle(tmp_path, "entry.js") == "function a() {}\na();export { a };"


def test_private_members_get_short_names_and_colours_stay(tmp_path: Path) -> None:
    write(
        tmp_path,
        entry=(
            "class A {\n  #add = 1;\n  static async #get() {}\n"
            '  f() {\n    return this.#add + "#add" + `\n.a { color: #add }\n`;\n  }\n}\n'
        ),
    )
    assert bundle(tmp_path, "entry.js") == (
        "class A {#a = 1;static async #b() {}\n"
        'f() {return this.#a + "#add" + `\n.a { color: #add }\n`;}\n}\n'
    )


def test_style_sheets_lose_the_spaces_that_say_nothing(tmp_path: Path) -> None:
    sheet = (
        "export const styles = `\n"
        ".a :focus, .b > p { margin: 0 calc(1px + 2px); color: rgb(0 0 0 / .1); }\n"
        "@media (hover: hover) and (width < 9px) { .a { color: red } }\n`;\nf({ a: 1 }, 2);\n"
    )
    write(tmp_path, entry='import { styles } from "./styles.js";\n', styles=sheet)
    assert bundle(tmp_path, "entry.js") == (
        "const styles = `\n.a :focus,.b > p{margin:0 calc(1px + 2px);color:rgb(0 0 0 / .1);}\n"
        "@media (hover:hover) and (width < 9px){.a{color:red}}\n`;f({ a: 1 }, 2);"
    )


def test_no_text_over_several_lines_but_the_style_sheets() -> None:
    """The bundle drops margins, which only a style sheet does not mind."""
    for path in WEB.glob("*.js"):
        code = re.sub(r"/\*\*.*?\*/|^ *//.*$", "", path.read_text(), flags=re.S | re.M)
        texts = re.findall(r"`[^`]*`", code)
        assert path.name.endswith("styles.js") or not any("\n" in text for text in texts), path.name
