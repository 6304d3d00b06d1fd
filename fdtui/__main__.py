"""`python -m fdtui`."""

import sys

from fdtui.cli import main

if __name__ == "__main__":
    sys.exit(main())
