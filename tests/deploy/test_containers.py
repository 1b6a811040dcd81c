"""The Dockerfile, the compose file and the manifest of docs/deploy, as far as no engine is needed.

Nothing here builds an image: files are linted, held against the schemas and the server's own
limits, and what the Dockerfile runs is run without a container.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from notifybell import __version__, config
from notifybell.api.client_address import Proxies
from tests.documented import ROOT
from tests.programs import module, program
from tests.running import running_server
from tests.test_config import MINIMAL

DEPLOY = ROOT / "docs/deploy"
DOCKERFILE = DEPLOY / "Dockerfile"


def instructions(name: str) -> list[str]:
    """The arguments of every such instruction, lines joined."""
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", "")
    return re.findall(rf"^{name} (.+)$", text, re.MULTILINE)


def service() -> dict[str, Any]:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    [found] = compose["services"].values()
    return dict(found)


def manifests() -> dict[str, dict[str, Any]]:
    """The objects of kubernetes.yaml by kind."""
    text = (DEPLOY / "kubernetes.yaml").read_text("utf-8")
    return {found["kind"]: found for found in yaml.safe_load_all(text)}


def pod() -> dict[str, Any]:
    return dict(manifests()["StatefulSet"]["spec"]["template"]["spec"])


def test_hadolint_has_nothing_to_say() -> None:
    ran = subprocess.run(
        [program("hadolint"), "--format", "json", DOCKERFILE], capture_output=True, text=True
    )
    assert (ran.returncode, json.loads(ran.stdout)) == (0, [])


def test_the_image_is_small_and_not_roots() -> None:
    images = instructions("FROM")
    assert len(images) == 2 and all("-slim-" in image for image in images)
    user, _, group = instructions("USER")[-1].partition(":")
    assert (user, group) == ("10001", "10001")
    [volumes] = instructions("VOLUME")
    assert json.loads(volumes) == ["/config", "/data"]
    [copied] = [one for one in instructions("COPY") if one.startswith("--from")]
    assert copied.split()[-1] == "/opt/notifybell"


def test_what_the_dockerfile_copies_is_enough_to_build(tmp_path: Path) -> None:
    listed = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert "*" in listed
    for name in (line[1:] for line in listed if line.startswith("!")):
        copied = tmp_path / "source" / name
        copied.parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(ROOT / name, copied, ignore=ignore)
        else:
            shutil.copy(ROOT / name, copied)
    built = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--wheel-dir", tmp_path, tmp_path / "source"),
        ],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"notifybell/web/notifybell.js", "notifybell/docs/index.md"} <= names


def test_the_health_check_tells_a_live_server_from_none(tmp_path: Path) -> None:
    [check] = instructions("HEALTHCHECK")
    python, *words = json.loads(check.partition("CMD ")[2])
    assert python == "python"
    with running_server(tmp_path) as server:
        port = server.url.rpartition(":")[2]
        command = [sys.executable, *(word.replace("8080", port) for word in words)]
        assert subprocess.run(command, capture_output=True).returncode == 0
    assert subprocess.run(command, capture_output=True).returncode != 0


def test_the_containers_command_is_the_servers(tmp_path: Path) -> None:
    [entry], [words] = instructions("ENTRYPOINT"), instructions("CMD")
    assert json.loads(entry) == ["notifybell"]
    help_text = subprocess.run(
        [sys.executable, "-m", "notifybell", "serve", "--help"], capture_output=True, text=True
    ).stdout
    for given in (json.loads(words), pod()["containers"][0]["args"]):
        assert given[0] == "serve" and given[given.index("--listen") + 1] == "0.0.0.0:8080"
        assert all(word in help_text for word in given if word.startswith("--"))


def test_the_compose_file_follows_the_specification() -> None:
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    spec = module("compose_spec")
    spec.ComposeSpecification.model_validate(found)
    fields = spec.Service.model_fields.items()  # it would overlook what it does not know
    assert {*service()} <= {field.alias or name for name, field in fields}


def test_the_compose_file_builds_the_dockerfile_and_writes_nothing_but_volumes() -> None:
    found = service()
    context = (DEPLOY / found["build"]["context"]).resolve()
    assert context / found["build"]["dockerfile"] == DOCKERFILE
    assert found["read_only"] is True and found["cap_drop"] == ["ALL"]
    mounted = {volume.partition(":")[2] for volume in found["volumes"]}
    assert mounted == {"/config", "/data"}
    assert found["ports"] == ["127.0.0.1:8080:8080"], "only the proxy of this machine"


def test_kubernetes_knows_every_field_of_the_manifest() -> None:
    check = module("kubernetes_validate").validate
    found = manifests()
    assert {*found} == {"Service", "StatefulSet", "NetworkPolicy", "Ingress"}
    for manifest in found.values():
        check(manifest, "1.33", strict=True)


def test_the_manifest_runs_one_server_that_cannot_do_much() -> None:
    stateful = manifests()["StatefulSet"]["spec"]
    assert stateful["replicas"] == 1
    assert pod()["securityContext"]["runAsNonRoot"] is True
    [container] = pod()["containers"]
    context = container["securityContext"]
    assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert container["image"].endswith(f":{__version__}")
    probes = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in PROBES}
    assert probes == PROBES


PROBES = {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}


def test_everything_in_the_manifest_finds_its_pod() -> None:
    found = manifests()
    labels = found["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert found["Service"]["spec"]["selector"] == labels
    assert found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    [container] = pod()["containers"]
    claims = found["StatefulSet"]["spec"]["volumeClaimTemplates"]
    volumes = {one["name"] for one in pod()["volumes"]} | {
        one["metadata"]["name"] for one in claims
    }
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes


def test_both_give_the_server_time_to_stop() -> None:
    assert service()["stop_grace_period"] == "20s"
    assert pod()["terminationGracePeriodSeconds"] == 20  # the server takes ten at most


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_secret_that_only_its_group_may_read_is_no_warning(tmp_path: Path) -> None:
    """As Kubernetes mounts one for a user who is not root."""
    script = (
        "import os, sys; from pathlib import Path\n"
        "from notifybell import config, config_warnings as warned\n"
        "path = Path(sys.argv[1]); loaded = config.load(path)\n"
        "os.geteuid = lambda: 10001\nprint(warned.warnings(loaded, path))"
    )
    with running_server(tmp_path) as server:
        for mode, is_warned in ((0o440, False), (0o444, True)):
            server.config.chmod(mode)
            said = subprocess.run(
                [sys.executable, "-c", script, server.config], capture_output=True, text=True
            )
            assert ("holds secrets" in said.stdout) is is_warned, said.stderr


@pytest.mark.parametrize("name", ["compose.yaml", "kubernetes.yaml"])
def test_the_notes_name_a_proxy_to_trust(name: str) -> None:
    text = (DEPLOY / name).read_text("utf-8")
    [listed] = re.findall(r"^# .*trusted_proxies = (\[.+?\])", text, re.MULTILINE)
    read = config.parse({**MINIMAL, "server": {"trusted_proxies": json.loads(listed)}}, DEPLOY)
    [network] = read.server.trusted_proxies
    proxy = str(ip_network(network)[9])
    assert Proxies(read.server.trusted_proxies).client_of(proxy, ["203.0.113.7"]) == "203.0.113.7"
