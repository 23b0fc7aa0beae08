"""A real Elasticsearch node of this run's own: the distribution that Elastic uses in its integration tests.

One artifact on Maven Central, unpacked once a machine. `python -m tests.node` starts one and says its address.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from contextlib import suppress
from pathlib import Path

VERSION = "8.19.3"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
ZIP = f"elasticsearch-{VERSION}.zip"
START = 120
"""Seconds that a node may take to answer."""

_IN_MAVEN = (
    Path.home() / ".m2/repository" / ARTIFACT.split(":")[0].replace(".", "/") / "elasticsearch" / VERSION
)
_UNPACKED = Path(tempfile.gettempdir()) / f"redline-elasticsearch-{os.getuid()}"
_USER = "nobody"  # Elasticsearch refuses to run as root
_CONFIG = """
cluster.name: redline-tests-{port}
discovery.type: single-node
xpack.security.enabled: false
http.host: 127.0.0.1
http.port: {port}
transport.host: 127.0.0.1
transport.port: {transport}
path.data: {home}/data
path.logs: {home}/logs
cluster.routing.allocation.disk.threshold_enabled: false
"""


def missing() -> str:
    """What is not there that a node needs, in words; "" where it can be started."""
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        return "Java is not installed (Debian: apt-get install default-jre-headless)"
    if os.environ.get("REDLINE_ELASTICSEARCH_ZIP") or (_IN_MAVEN / ZIP).exists() or shutil.which("mvn"):
        return ""
    return "nothing to fetch Elasticsearch with (Debian: apt-get install maven, or set REDLINE_ELASTICSEARCH_ZIP)"


def _distribution() -> Path:
    """The unpacked distribution, fetched where it is not there yet."""
    unpacked = _UNPACKED / f"elasticsearch-{VERSION}"
    if unpacked.exists():
        return unpacked
    if why := missing():
        raise RuntimeError(why)
    zipped = Path(os.environ.get("REDLINE_ELASTICSEARCH_ZIP") or _IN_MAVEN / ZIP)
    if not zipped.exists():
        get = ["mvn", "-q", "-B", "dependency:get", "-Dtransitive=false", f"-Dartifact={ARTIFACT}"]
        subprocess.run(get, check=True, stdout=sys.stderr)
    _UNPACKED.mkdir(mode=0o755, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_UNPACKED) as folder:
        with zipfile.ZipFile(zipped) as file:
            for member in file.infolist():
                path = Path(file.extract(member, folder))
                if not path.is_dir():
                    path.chmod(member.external_attr >> 16 & 0o755 or 0o644)
        (Path(folder) / unpacked.name).rename(unpacked)
    return unpacked


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Node:
    """One node, its data in a folder of its own; start, kill, freeze and thaw it as often as you like."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="redline-node-"))
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._program = _distribution()
        config = self.home / "config"
        shutil.copytree(self._program / "config", config)
        (config / "elasticsearch.yml").write_text(
            _CONFIG.format(port=self.port, transport=_free_port(), home=self.home)
        )
        (self.home / "tmp").mkdir()
        if os.getuid() == 0:
            user = pwd.getpwnam(_USER)
            for path in [self.home, *self.home.rglob("*")]:
                os.chown(path, user.pw_uid, user.pw_gid)

    def start(self) -> None:
        """Start it, with the data that it had; returns once it answers."""
        command = [str(self._program / "bin" / "elasticsearch")]
        if os.getuid() == 0:
            command = ["runuser", "-u", _USER, "--", *command]
        java = os.environ.get("JAVA_HOME") or Path(str(shutil.which("java"))).resolve().parent.parent
        environment = {
            "PATH": os.environ["PATH"],
            "ES_JAVA_HOME": str(java),
            "ES_JAVA_OPTS": "-Xms512m -Xmx512m",
            "ES_PATH_CONF": str(self.home / "config"),
            "ES_TMPDIR": str(self.home / "tmp"),  # it must not hold the configuration
        }
        with (self.home / "output").open("ab") as output:
            self._process = subprocess.Popen(
                command, env=environment, cwd=self.home, stdout=output, stderr=output, start_new_session=True
            )
        until = time.monotonic() + START
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                said = (self.home / "output").read_text(errors="replace")[-2000:]
                self.kill()
                raise RuntimeError(f"Elasticsearch does not start:\n{said}")
            time.sleep(0.3)

    def kill(self) -> None:
        """kill -9; its data stay."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It takes connections and answers none."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        """Kill it and drop its data."""
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)  # a scratch folder: what stays in it is in nobody's way

    def _signal(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(self._process.pid, number)

    def _answers(self) -> bool:
        try:
            # Not "/", which this distribution does not answer; yellow: its copies of the data have no second node.
            with urllib.request.urlopen(
                f"{self.url}/_cluster/health?wait_for_status=yellow", timeout=5
            ) as said:
                return bool(said.status == 200)
        except (OSError, urllib.error.URLError):
            return False


if __name__ == "__main__":
    node = Node()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit())
    try:
        node.start()
        sys.stdout.write(f"{node.url}\n")
        sys.stdout.flush()
        signal.pause()
    finally:
        node.remove()
