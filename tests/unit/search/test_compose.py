"""compose.yaml is read as Docker would: services that are there, volumes that are there, settings that are read."""

import re

import yaml

from tests.conftest import ROOT


def test_what_compose_names_is_there() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
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
            assert (ROOT / service["build"] / "Dockerfile").is_file()
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
    for path in re.findall(r"(?m)^COPY (\S+)", dockerfile):
        assert (ROOT / path).exists()
