"""`python -m kb.health`: ends without an error where the site on this machine answers; for compose.yaml.

It asks for a page that is for everybody and costs nothing, as the proxy would: by one of the site's own names, and as
if it had come by https.
"""

import os
import sys
import urllib.request

SECONDS = 5


def ask(address: str = "http://127.0.0.1:8000") -> None:
    """Raises OSError where there is no answer, or another than 200."""
    names = os.environ.get("REDLINE_ALLOWED_HOSTS", "").split(",")
    host = names[0].strip().removeprefix(".").replace("*", "") or "127.0.0.1"
    request = urllib.request.Request(
        f"{address}/robots.txt", headers={"Host": host, "X-Forwarded-Proto": "https"}
    )
    # Not by a proxy that the environment names.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(request, timeout=SECONDS).close()


if __name__ == "__main__":
    try:
        ask()
    except OSError as error:
        sys.exit(f"The site does not answer: {error}")
