"""Requests made up from the OpenAPI document, valid and not, against the running server.

No answer may be a 5xx, or anything that the document does not promise.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from notifybell.channels.web_push import generate_private_key
from tests.api.shop import a_browser
from tests.running import RunningServer, running_server

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
EXAMPLES = 10
LIKE_OTHERS = (
    "/channels/(apprise|discord|gotify|ntfy|slack/.*|sms|teams|telegram|mobile_push/.*)/tokens"
)
"""Made by one function from their forms: those of Web Push stand for all, and test_tokens.py holds
each form to its own."""
RUN_S = 100

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(
        tmp_path,
        web_push={"subject": "mailto:ops@shop.example", "private_key": generate_private_key()},
        categories={
            "orders": {"label": "Orders"},
            "security": {"label": "Security", "required": True},
        },
    ) as server:
        yield server


def write_known_ids(server: RunningServer, folder: Path) -> None:
    """Things to find, and their ids where schemathesis looks for values to use."""
    with httpx.Client(base_url=f"{server.url}/api") as client:
        body = {"title": "Hello", "recipients": [{"external_id": "ann"}]}
        project = server.project_headers
        broadcast = client.post("/broadcasts", json=body, headers=project).json()
        ann = server.user_headers("ann")
        [row] = client.get("/notifications", headers=ann).json()["data"]
        token = client.put("/channels/web_push/tokens", json=a_browser(), headers=ann).json()
        delivery = client.get("/deliveries", headers=project).json()["data"][0]
    known = {
        "broadcast_id": broadcast["id"],
        "notification_id": row["id"],
        "token_id": token["id"],
        "delivery_id": delivery["id"],
        "user_id": "external_id:ann",
    }
    lines = [f'"path.{name}" = "{value}"' for name, value in known.items()]
    (folder / "schemathesis.toml").write_text("\n".join(["[parameters]", *lines, ""]))


@pytest.mark.parametrize("who", ["project", "user"])
@pytest.mark.parametrize("known", [True, False], ids=["known-ids", "made-up-ids"])
def test_no_request_gets_an_answer_that_is_not_documented(
    server: RunningServer, tmp_path: Path, who: str, known: bool
) -> None:
    headers = server.project_headers if who == "project" else server.user_headers("ann")
    if known:
        write_known_ids(server, tmp_path)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
        *("--header", f"Authorization: {headers['authorization']}"),
        *("--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing" if known else "coverage"),
        *("--max-examples", str(EXAMPLES), "--generation-database", "none", "--seed", "1"),
        *([] if known else ["--include-path-regex", r"\{"]),  # the others name nothing
        *("--exclude-path", "/api/notifications/stream"),  # it never ends
        *("--exclude-path-regex", LIKE_OTHERS),
        *("--warnings", "off", "--no-color", "--request-timeout", "10"),
    ]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=RUN_S)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert httpx.get(f"{server.url}/readyz").json()["status"] == "ready"
    assert not [line for line in server.log if " ERROR " in line]
