"""Documents that must be true: `make check` compares them with the code, `--write` brings them up to it."""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kb.settings")


def state_diagrams() -> str:
    """Mermaid diagrams of the transition tables."""
    import django

    django.setup()
    from procedures.lifecycle import LIFE_TRANSITIONS
    from review.models import SUGGESTION_TRANSITIONS, SuggestionStatus

    lines = [
        "# States",
        "",
        "Generated from the code by `python docs/check.py --write`.",
        "",
        "## Procedure",
        "",
        "A working copy is a draft; what is submitted of it, and the version minted from that, go through these",
        "states. A superseded or withdrawn text comes back only as a new draft.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> draft",
    ]
    lines += [f"    {source} --> {target}: {action}" for (source, target), action in LIFE_TRANSITIONS.items()]
    lines += ["    superseded --> [*]", "    withdrawn --> [*]", "```", "", "## Proposed edit", ""]
    lines += ["```mermaid", "stateDiagram-v2", f"    [*] --> {SuggestionStatus.SUBMITTED.value}"]
    for source, targets in SUGGESTION_TRANSITIONS.items():
        lines += [f"    {source} --> {target}" for target in sorted(str(target) for target in targets)]
    ends = [status.value for status in SuggestionStatus if status not in SUGGESTION_TRANSITIONS]
    lines += [f"    {end} --> [*]" for end in sorted(ends)]
    return "\n".join([*lines, "```", ""])


def complaints() -> list[str]:
    found = []
    states = ROOT / "docs" / "states.md"
    if "--write" in sys.argv:
        states.write_text(state_diagrams(), encoding="utf-8")
    elif not states.exists() or states.read_text(encoding="utf-8") != state_diagrams():
        found.append("docs/states.md is not what the code says: run `python docs/check.py --write`")

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    if (length := makefile.count("\n")) > 60:
        found.append(f"Makefile has {length} lines, 60 at most")
    rules = re.findall(r"^([a-z][a-z -]*):(?!=)", makefile, re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = document.read_text(encoding="utf-8")
        for name in set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", text, re.MULTILINE)):
            if (target := name[0] or name[1]) not in targets:
                found.append(f"{document.name} names `make {target}`, which the Makefile does not have")
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if "://" not in link and not (document.parent / link).exists():
                found.append(f"{document.name} links to {link}, which is not there")
        for command in set(re.findall(r"manage\.py ([a-z_]+)", text)):
            if not list(ROOT.glob(f"**/management/commands/{command}.py")) and command not in {
                "migrate",
                "collectstatic",
            }:
                found.append(f"{document.name} names `manage.py {command}`, which does not exist")

    read = set(
        re.findall(
            r'(?:env\.\w+|_number)\(\s*"([A-Z_]+)"', (ROOT / "kb" / "settings.py").read_text(encoding="utf-8")
        )
    )
    listed = set(
        re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    )
    found += [f".env.example lacks {name}" for name in sorted(read - listed)]
    found += [f".env.example lists {name}, which nothing reads" for name in sorted(listed - read)]
    return found


if __name__ == "__main__":
    if found := complaints():
        sys.exit("\n".join(found))
