"""The widget's modules as one file: what `/notifybell.js` answers.

A page then makes one request instead of twenty, for half the bytes. The modules keep to a form that
makes joining them safe, and the tests check the result: imports are whole statements at the top,
exports are `export` before a declaration, and no two modules declare the same name. Comments,
indentation and needless line ends are left out, and needless spaces in style sheets (`*styles.js`).
Private members get short names: a mistake there is a syntax error, as a private name must be
declared where it is used. All else stays.
"""

import re
from collections import Counter
from itertools import count, product
from pathlib import Path

_LANGUAGES = re.compile(r"^const LANGUAGES = \[[^\]]*\];$", re.MULTILINE)
_IMPORT = re.compile(r'^import\b[^;"]*"\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_REEXPORT = re.compile(r'^(export \{[^}]*\}) from "\./[\w-]+\.js";$', re.MULTILINE)
_COMMENT = re.compile(r"/\*\*(?:(?!\*/).)*\*/ ?|^ *//[^\n]*", re.MULTILINE | re.DOTALL)
_PRIVATE = re.compile(r"(?:(?<=\.)|^(?:(?:static|async|get|set) |\*)*)#(\w+)", re.MULTILINE)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
#: not on a line with a comment at its end, which would take in the next
_LINE_END = re.compile(r"^((?:(?!//).)*[{;,])\n", re.MULTILINE)
_SHEET = re.compile(r"`[^`]*`")
#: beside these, a space says nothing; before a colon it does (`.row :focus`)
_SPACE_IN_SHEET = re.compile(r"(?<=[:;,{}]) +| +(?=[{}])")
_MARGIN = re.compile(r"^\s+", re.MULTILINE)


def bundle(folder: Path, entry: str) -> str:
    """`entry` and all it imports, each module once and after those it needs."""
    texts: dict[str, str] = {}
    _collect(folder, entry, texts)
    return _LINE_END.sub(r"\1", _shorten_private_names("".join(texts.values())))


def module_text(path: Path) -> str:
    """A module as it is, but for the list of languages: that is what `lang/` holds.

    So a language is one file more, and nothing else.
    """
    text = path.read_text("utf-8")
    return with_languages(text, path.parent) if path.name == "languages.js" else text


def with_languages(text: str, folder: Path) -> str:
    """`languages.js` with the names of the files in `lang/`, but for English."""
    names = sorted(path.stem for path in folder.glob("lang/*.js") if path.stem != "en")
    told = ", ".join(f'"{name}"' for name in names)
    return _LANGUAGES.sub(f"const LANGUAGES = [{told}];", text)


def _collect(folder: Path, name: str, texts: dict[str, str]) -> None:
    source = module_text(folder / name)
    for needed in _IMPORT.findall(source):
        if needed not in texts:
            _collect(folder, needed, texts)
    bare = _MARGIN.sub("", _COMMENT.sub("", _IMPORT.sub("", source)))
    if name.endswith("styles.js"):
        bare = _SHEET.sub(lambda sheet: _SPACE_IN_SHEET.sub("", sheet[0]), bare)
    texts[name] = _REEXPORT.sub(r"\1;", _EXPORT.sub("", bare))


def _shorten_private_names(text: str) -> str:
    """`this.#listeners` to `this.#a`; the most frequent names get one letter."""
    names = Counter(match[1] for match in _PRIVATE.finditer(text))
    words = ("".join(letters) for size in count(1) for letters in product(_LETTERS, repeat=size))
    short = dict(zip((name for name, _ in names.most_common()), words, strict=False))
    return _PRIVATE.sub(lambda match: match[0].removesuffix(match[1]) + short[match[1]], text)
