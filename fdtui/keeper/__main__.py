"""Started by the client: `python -I -S .../keeper/__main__.py FIRST_ID`, sockets on 0 and 1.

Isolated and without site packages: the standard library and fdtui are all it can import.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parent.parent.parent))
    from fdtui.keeper.secluded import begin

    line, gifts = begin()
    from fdtui.keeper.process import serve

    serve(line, gifts)
