"""`python -m fdtui`."""

from fdtui.cli import program

if __name__ == "__main__":
    program()
