"""All figures: `python -m tests.bench [NAME...]`.

They are medians and ratios of one run; absolute times are those of the machine at hand.  The
larger ones need root, lsof, lsfd and fuser to compare with, and a quiet machine.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

NOT_FIGURES = {"__init__", "__main__", "engine", "load"}


def names() -> list[str]:
    """Every module of this folder that prints figures."""
    found = {path.stem for path in Path(__file__).parent.glob("*.py")}
    return sorted(found - NOT_FIGURES)


def main() -> int:
    """Run the benches that are named, or all."""
    wanted = sys.argv[1:] or names()
    if unknown := [name for name in wanted if name not in names()]:
        print(f"no bench {unknown[0]}; there are {', '.join(names())}", file=sys.stderr)
        return 2
    sys.argv[1:] = []
    for name in wanted:
        print(f"== {name}", flush=True)
        import_module(f"tests.bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
