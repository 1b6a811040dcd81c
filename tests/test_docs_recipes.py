"""The recipes' backends, run as they stand: what they sign opens one user's inbox."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.documented import ROOT, block
from tests.programs import program
from tests.running import API_KEY, SECRET_KEY, running_server

KEYS = {"NOTIFYBELL_API_KEY": API_KEY, "NOTIFYBELL_SECRET_KEY": SECRET_KEY}

#: a page's shell, and what prints Ann's token after its snippet
BACKENDS = {
    "express": ("react.md", ["node", "--input-type=module", "-e"], 'console.log(bellToken("ann"))'),
    "rails": ("rails.md", ["ruby", "-e"], 'puts BellToken.for("ann")'),
    "laravel": (
        "laravel.md",
        ["php", "-r"],
        "function config(string $key) { return getenv(strtoupper(strtr("
        "substr($key, strlen('services.')), '.', '_'))); }\necho BellToken::for('ann');",
    ),
}

DJANGO = """
from types import SimpleNamespace
from django.test import RequestFactory

ann = SimpleNamespace(is_authenticated=True, pk="ann")
nobody = SimpleNamespace(is_authenticated=False)
request = RequestFactory().get("/bell-token")
request.user = nobody
assert bell_token_view(request).status_code == 302
assert bell(request) == {"bell_token": ""}
request.user = ann
answer = bell_token_view(request)
assert answer.headers["content-type"] == "text/plain"
assert bell(request)["bell_token"].count(".") == 2
print(answer.content.decode())
"""


def printed(command: list[str], text: str) -> str:
    ran = subprocess.run(
        [program(command[0]) if command[0] != sys.executable else command[0], *command[1:], text],
        capture_output=True,
        text=True,
        env={**os.environ, **KEYS},
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def opens_anns_inbox(token: str, folder: Path) -> bool:
    headers = {"authorization": f"Bearer {token}"}
    with running_server(folder) as server:
        answer = httpx.get(f"{server.url}/api/notifications", headers=headers)
        users = httpx.get(f"{server.url}/api/users", headers=server.project_headers).json()["data"]
    return answer.status_code == 200 and [user["external_id"] for user in users] == ["ann"]


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_signs_a_token_that_opens_the_inbox(name: str, tmp_path: Path) -> None:
    page, command, call = BACKENDS[name]
    snippet = block(f"recipes/{page}", "token", name)
    assert opens_anns_inbox(printed(command, f"{snippet}\n{call}"), tmp_path)


def test_djangos_view_signs_for_who_is_logged_in_and_nobody_else(tmp_path: Path) -> None:
    pytest.importorskip("django")
    settings = (
        "import os\nimport django\nfrom django.conf import settings as chosen\nchosen.configure("
        "LOGIN_URL='/login', NOTIFYBELL_API_KEY=os.environ['NOTIFYBELL_API_KEY'],"
        " NOTIFYBELL_SECRET_KEY=os.environ['NOTIFYBELL_SECRET_KEY'], SECRET_KEY='x' * 50,"
        " ROOT_URLCONF='__main__',"
        " INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes'],"
        " ALLOWED_HOSTS=['testserver'])\ndjango.setup()\nurlpatterns = []\n"
    )
    text = settings + block("recipes/django.md", "token", "django") + DJANGO
    assert opens_anns_inbox(printed([sys.executable, "-c"], text), tmp_path)


def test_every_recipe_is_listed_and_fetches_its_token() -> None:
    listed = (ROOT / "docs/recipes.md").read_text("utf-8")
    pages = sorted((ROOT / "docs/recipes").glob("*.md"))
    assert len(pages) == 7
    for page in pages:
        assert f"recipes/{page.name}" in listed
        text = page.read_text("utf-8")
        assert 'fetch("/bell-token")' in text and "onTokenExpired" in text, page.name
