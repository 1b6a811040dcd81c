"""The npm package `magicbell-js`, unmodified, drives our server: only its base URL is ours."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifybell.channels.web_push import generate_private_key
from tests.api.shop import a_browser
from tests.channels.mobile_keys import APPLE_KEY, an_account, pem
from tests.running import RunningServer, running_server

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SCRIPT = HERE / "magicbell.mjs"
CHECKS = re.findall(r"^export async function (\w+)", SCRIPT.read_text(), re.MULTILINE)
RUN = 'const checks = await import("./magicbell.mjs"); await checks[process.argv[1]]();'
INSTALL_S = 300
APNS = {"key_id": "ABC123DEFG", "team_id": "DEF123GHIJ", "bundle_id": "com.example.shop"}


@pytest.fixture(scope="module")
def script() -> Path:
    """The script in a folder where its package is installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        words = "node and npm are needed to run the published JavaScript client"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    wanted = (HERE / "package-lock.json").read_bytes()
    folder = (
        Path(tempfile.gettempdir()) / f"notifybell-js-{hashlib.sha256(wanted).hexdigest()[:16]}"
    )
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            install(folder)
    shutil.copy(SCRIPT, folder)
    return folder / SCRIPT.name


def install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    ran = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (folder / "installed").touch()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(
        tmp_path_factory.mktemp("magicbell"),
        web_push={"subject": "mailto:ops@shop.example", "private_key": generate_private_key()},
        slack={},
        teams={},
        mobile_push={
            "apns": {**APNS, "key": pem(APPLE_KEY)},
            "fcm": {"service_account": an_account()},
            "expo": {},
        },
        categories={
            "orders": {"label": "Orders"},
            "news": {"label": "News"},
            "security": {"label": "Security", "required": True},
        },
    ) as server:
        yield server


@pytest.mark.parametrize("check", CHECKS)
def test_the_published_client_works(script: Path, server: RunningServer, check: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "BELL_URL": server.url,
        "BELL_PROJECT_TOKEN": server.project_token,
        "BELL_USER": f"ann-{check}",
        "BELL_USER_TOKEN": server.user_token(f"ann-{check}"),
        "BELL_BROWSER": json.dumps(a_browser(check)),
    }
    ran = subprocess.run(
        ["node", "--input-type=module", "--eval", RUN, check],
        cwd=script.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_package_is_pinned() -> None:
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["magicbell-js"]
    lock = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert wanted == "1.6.0"
    assert lock["node_modules/magicbell-js"]["version"] == wanted
    assert all("integrity" in entry for name, entry in lock.items() if name)
