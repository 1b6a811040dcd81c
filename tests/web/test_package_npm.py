"""The npm package: packed without a network, installed, and used from TypeScript."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.programs import program
from tests.web.test_bundle import WEB

ROOT = WEB.parent
CONSUMER = """\
import "notifybell/all";
import { NotifyBellElement } from "notifybell";
import { InboxClient, type Notification } from "notifybell/client";
import { enablePush } from "notifybell/push";

const bell: NotifyBellElement = document.createElement("notify-bell");
bell.serverUrl = "https://bell.example.com";
bell.token = "token";
bell.labels = { markAllRead: "Done" };
bell.renderItem = (notification: Notification) => document.createTextNode(notification.title);
bell.addEventListener("notify-clicked", (event) => event.detail.notification.title.trim());
bell.addEventListener("notify-clicked", ({ detail: { href } }) => href?.startsWith("/"));
bell.addEventListener("notify-unread", ({ detail }) => detail.notification?.title);
document.addEventListener("notify-synced", ({ detail }) => detail.notifications.length);
document.querySelector("notify-inbox")?.unreadCount.toFixed();
const client = new InboxClient({ serverUrl: bell.serverUrl, token: bell.token });
void client.mark("read", null).then((isSaved: boolean) => isSaved);
void enablePush({ client: { request: async () => new Response() } });
"""
WRONG = (
    'document.addEventListener("notify-unread", ({ detail }) => detail.notification.title);',
    'document.addEventListener("notify-acting", ({ detail }) => detail.act === "none");',
    'document.addEventListener("notify-preferences-saved", (event) => event.detail.change.no);',
    'document.createElement("notify-bell").unreadCount = 1;',
    'document.addEventListener("notify-read", (event) => event.detail.nothing);',
    'new InboxClient({ serverUrl: "" });',
    'bell.labels = { nothing: "" };',
)
#: what is declared must be true of what is there
SAME = """\
import * as real from "%(web)s/notifybell-all.js";
import * as push from "%(web)s/push.js";
import * as declared from "%(web)s/npm/all.js";
import * as declaredPush from "%(web)s/npm/push.js";

export const bell: declared.NotifyBellElement = new real.NotifyBellElement();
export const inbox: declared.NotifyInboxElement = new real.NotifyInboxElement();
export const toasts: declared.NotifyToastsElement = new real.NotifyToastsElement();
export const preferences: declared.NotifyPreferencesElement = new real.NotifyPreferencesElement();
export const client: new (options: ConstructorParameters<typeof declared.InboxClient>[0]) =>
  declared.InboxClient = real.InboxClient;
export const pushing: typeof declaredPush = push;
"""


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True)


def test_the_detail_of_every_documented_event_is_declared() -> None:
    documented = {
        name
        for path in WEB.glob("*.js")
        for name in re.findall(r"@event (notify-[\w-]+)", path.read_text("utf-8"))
    }
    types = (WEB / "types.d.ts").read_text("utf-8")
    declared = types.partition("interface EventDetails {")[2].partition("\n}")[0]
    assert set(re.findall(r'^  "([\w-]+)":', declared, re.M)) == documented


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has the package, from its tarball."""
    folder = tmp_path_factory.mktemp("npm")
    packed = run(program("npm"), "pack", "--json", "--pack-destination", folder, WEB, cwd=folder)
    assert packed.returncode == 0, packed.stderr
    [tarball] = folder.glob("*.tgz")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    quiet = ("--offline", "--no-audit", "--no-fund")
    added = run(program("npm"), "install", *quiet, tarball, cwd=folder)
    assert added.returncode == 0, added.stderr
    return folder


def check_types(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "main.ts").write_text(text)
    options = ["--strict", "--noEmit", "--target", "es2023", "--module", "es2022"]
    resolution = ["--moduleResolution", "bundler", "--lib", "es2023,dom,dom.iterable"]
    return run(program("tsc"), *options, *resolution, "main.ts", cwd=folder)


def test_its_version_and_licence_are_those_of_the_server() -> None:
    package = json.loads((WEB / "package.json").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (package["version"], package["license"]) == (project["version"], project["license"])


def test_all_that_its_modules_import_is_in_it(installed: Path) -> None:
    folder = installed / "node_modules" / "notifybell"
    for path in folder.rglob("*.js"):
        code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        for name in re.findall(r"(?:from |import\()\"(\./[^\"]+)\"", code):
            assert (path.parent / name).is_file(), f"{path.name} imports {name}"
    assert (folder / "lang/de.js").is_file()
    assert not (folder / "demo").exists() and not (folder / "inbox").exists()


def test_a_strict_project_type_checks(installed: Path) -> None:
    ran = check_types(installed, CONSUMER)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("line", WRONG)
def test_a_mistake_is_found(line: str, installed: Path) -> None:
    ran = check_types(installed, f"{CONSUMER}{line}\n")
    assert ran.returncode != 0 and f"main.ts({CONSUMER.count(chr(10)) + 1}," in ran.stdout


def test_the_declarations_are_true(tmp_path: Path) -> None:
    (tmp_path / "same.ts").write_text(SAME % {"web": WEB.as_posix()})
    config = {"extends": str(WEB / "tsconfig.json"), "include": ["same.ts"], "exclude": []}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config))
    ran = run(program("tsc"), "--project", tmp_path, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout
