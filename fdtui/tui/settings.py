"""What a person may change: keys and theme, in `config.toml` of the configuration folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_config_path

from fdtui.errors import FdtuiError


class Settings(NamedTuple):
    """`keys` maps binding ids (`fd.steal`) to keys (`x` or `x,f5`)."""

    theme: str = ""
    keys: Mapping[str, str] = {}
    ascii_only: bool = False
    inbox_root: bool = False  # take what root sends as well as what this user sends


def settings_path() -> Path:
    """Return where the file is looked for."""
    return user_config_path("fdtui") / "config.toml"


def load_settings(path: Path | None = None) -> Settings:
    """Read the file; without one everything is as it comes.  FdtuiError names what is wrong."""
    path = path or settings_path()
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:
        raise FdtuiError(f"{path}: {error.strerror}", "mend the file or move it away") from error
    import tomllib

    try:
        table = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FdtuiError(f"{path}: {error}", "mend the file or move it away") from error
    theme, keys = table.get("theme", ""), table.get("keys", {})
    plain, root = table.get("ascii", False), table.get("inbox_root", False)
    unknown = sorted(set(table) - {"theme", "keys", "ascii", "inbox_root"})
    if unknown:
        known = "known are theme, ascii, inbox_root, [keys]"
        raise FdtuiError(f"{path}: unknown setting {unknown[0]}", known)
    if not isinstance(theme, str) or not isinstance(keys, dict):
        raise FdtuiError(f"{path}: theme is a text, keys a table")
    if not isinstance(plain, bool) or not isinstance(root, bool):
        raise FdtuiError(f"{path}: ascii and inbox_root are true or false")
    if bad := [name for name, key in keys.items() if not isinstance(key, str)]:
        raise FdtuiError(f"{path}: keys.{bad[0]} is no text", 'write it as "x" or "x,f5"')
    return Settings(theme, keys, plain, root)
