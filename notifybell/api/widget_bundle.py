"""The widget's modules as one file: what `/notifybell.js` answers.

A page then makes one request instead of twenty, for half the bytes. The modules keep to a form that
makes joining them safe, and the tests check the result: imports are whole statements at the top,
exports are `export` before a declaration, and no two modules declare the same name. Comments,
indentation and empty lines are left out; nothing else is changed.
"""

import re
from pathlib import Path

_IMPORT = re.compile(r'^import\b[^;"]*"\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)
_REEXPORT = re.compile(r'^(export \{[^}]*\}) from "\./[\w-]+\.js";$', re.MULTILINE)
_COMMENT = re.compile(r"/\*\*(?:(?!\*/).)*\*/ ?|^ *//[^\n]*", re.MULTILINE | re.DOTALL)
_MARGIN = re.compile(r"^\s+", re.MULTILINE)


def bundle(folder: Path, entry: str) -> str:
    """`entry` and all it imports, each module once and after those it needs."""
    texts: dict[str, str] = {}
    _collect(folder, entry, texts)
    return "".join(texts.values())


def _collect(folder: Path, name: str, texts: dict[str, str]) -> None:
    source = (folder / name).read_text(encoding="utf-8")
    for needed in _IMPORT.findall(source):
        if needed not in texts:
            _collect(folder, needed, texts)
    bare = _MARGIN.sub("", _COMMENT.sub("", _IMPORT.sub("", source)))
    texts[name] = _REEXPORT.sub(r"\1;", _EXPORT.sub("", bare))
