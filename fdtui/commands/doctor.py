"""Tell what this machine allows, and for each refusal the exact reason and remedy."""

from __future__ import annotations

import argparse
import json

from fdtui.commands.findings import findings
from fdtui.render.safe import plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare --json."""
    parser.add_argument("--json", action="store_true", help="an array of objects")


def run(args: argparse.Namespace) -> int:
    """Print a line per finding, its remedy below; the exit status is 0."""
    found = list(findings())
    if args.json:
        print(json.dumps([finding._asdict() for finding in found], indent=2))
        return 0
    width = max(len(finding.topic) for finding in found)
    for finding in found:
        print(f"{finding.state:<7}  {finding.topic:<{width}}  {plain(finding.words)}")
        if finding.remedy:
            print(f"{'':<7}  {'':<{width}}  > {plain(finding.remedy)}")
    return 0
