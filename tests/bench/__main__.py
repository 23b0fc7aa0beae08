"""`make bench`: the figures that the README's promises rest on, all in one run on a database of its own.

Absolute times depend on the machine and on what else it does: compare runs only with each other.
"""

import os
import sys
import tempfile
from importlib import import_module

BENCHES = (
    "importing",
    "reading",
    "search",
    "crowd",
    "relevance",
    "elasticsearch",
    "meaning",
    "compare",
    "merging",
    "queue",
    "lint",
    "audit",
    "releasing",
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="redline-bench-") as folder:
        os.environ["REDLINE_DATA_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        from kb.bootstrap import build_site

        build_site()
        for name in sys.argv[1:] or BENCHES:
            bench = import_module(f"tests.bench.{name}")
            print(f"== {name}: {(bench.__doc__ or '').splitlines()[0]}")
            bench.run()


if __name__ == "__main__":
    main()
