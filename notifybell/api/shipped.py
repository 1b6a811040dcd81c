"""Where the files are that come with the code and are not code: web/, docs/ and the like."""

from pathlib import Path

import notifybell


def shipped(name: str) -> Path:
    """A file or folder of the repository: inside an installed package, or beside it."""
    package = Path(notifybell.__file__).parent
    installed = package / name
    return installed if installed.exists() else package.parent / name
