#!/usr/bin/env python
"""Django's command line for Redline."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")
    from kb.command_line import run

    run(sys.argv)
