"""compose.yaml is read as Docker would: services that are there, volumes that are there, settings that are read."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT


def test_what_compose_names_is_there() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    services = compose["services"]
    assert {"postgres", "elasticsearch", "site"} <= set(services)
    listed = set(re.findall("^([A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    for service in services.values():
        assert ("image" in service) != ("build" in service)
        assert set(service.get("depends_on", ())) <= set(services)
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(compose["volumes"])
        if "build" in service:
            # .env, a copy of .env.example, goes before what the image sets.
            assert service["environment"]["REDLINE_DATA_DIR"] in {
                volume.split(":")[1] for volume in service["volumes"]
            }
            assert (ROOT / service["build"]["context"] / "Dockerfile").is_file()
            assert set(service["build"]["args"]) <= set(re.findall(r"(?m)^ARG (\w+)", dockerfile))
            assert set(service["environment"]) <= listed
            for command in re.findall(r"manage\.py (\w+)", str(service.get("command", ""))):
                assert command in {"migrate", "collectstatic"} or list(
                    ROOT.glob(f"*/management/commands/{command}.py")
                )
        for name in service.get("depends_on", {}):
            if service["depends_on"][name]["condition"] == "service_healthy":
                assert services[name]["healthcheck"]["test"]


def test_the_dockerfile_copies_what_is_there() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    for paths in re.findall(r"(?m)^COPY (.+) \S+$", dockerfile):
        assert all((ROOT / path).exists() for path in paths.split())


@pytest.mark.parametrize(
    ("meaning", "installed"), [("true", True), ("True", True), ("false", False), ("", False)]
)
def test_the_model_is_in_the_image_where_meaning_is_on(tmp_path: Path, meaning: str, installed: bool) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "\nARG REDLINE_SEARCH_MEANING=false\n" in dockerfile
    (step,) = re.findall(r"(?ms)^RUN (case .*?[^\\])$", dockerfile)
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\necho "$@"\n')
    pip.chmod(0o755)
    said = subprocess.run(
        ["/bin/sh", "-c", step],
        env={"PATH": str(tmp_path), "REDLINE_SEARCH_MEANING": meaning},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert ("requirements-semantic.lock" in said) == installed
