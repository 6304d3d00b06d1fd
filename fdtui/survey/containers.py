"""Which container or systemd unit a process runs in, from the names of its control groups.

The names are conventions of the runtimes, not facts of the kernel: they say where a process was
put.  Container names are in the runtimes' own files, where those may be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from fdtui.linux.cgroup import Membership, read_cgroup
from fdtui.linux.json_types import Json
from fdtui.linux.lean import NamedTuple

_ID = "[0-9a-f]{64}"
_STATE_LIMIT = 16 << 20  # bytes of a runtime's file


class Container(NamedTuple):
    """Where a process runs.  `runtime` "systemd" is a unit of this machine, no container."""

    runtime: str
    id: str  # as the runtime writes it, 64 hex digits for most; "" where it has names only
    name: str  # "" where it is not known
    pod: str = ""  # uid of the Kubernetes pod

    @property
    def label(self) -> str:
        """The CONTAINER cell: `docker/web`, `podman/9a3c4ff2e1b0`, `nginx.service`."""
        name = self.name or self.id[:12]
        return name if self.runtime == "systemd" else f"{self.runtime}/{name}"

    @property
    def is_container(self) -> bool:
        """False for a unit of the machine itself."""
        return self.runtime != "systemd"


# Of one path component; the innermost match counts.  What only watches a container is in none:
# `conmon` and `lxc.monitor` come before what they look like.
_Rule = tuple[str, re.Pattern[str]]
_RULES: tuple[_Rule, ...] = tuple(
    (runtime, re.compile(pattern))
    for runtime, pattern in (
        ("", r"(libpod|crio)-conmon-.*|lxc\.monitor.*|conmon"),
        ("docker", rf"docker-(?P<id>{_ID})\.scope"),
        ("podman", rf"libpod-(?P<id>{_ID})(\.scope)?"),
        ("cri-o", rf"crio-(?P<id>{_ID})(\.scope)?"),
        ("containerd", rf"cri-containerd-(?P<id>{_ID})\.scope"),
        ("nerdctl", rf"nerdctl-(?P<id>{_ID})\.scope"),
        ("lxc", r"lxc\.payload\.(?P<name>.+)"),
        ("nspawn", r"systemd-nspawn@(?P<name>.+)\.service"),
        ("libvirt", r"machine-(qemu|lxc)\\x2d\d+\\x2d(?P<name>.+)\.scope"),
        ("machined", r"machine-(?P<name>.+)\.scope"),
    )
)
# Runtimes that name a group by nothing but the id, below a group of their own.
_PARENTS = {
    "docker": "docker",
    "ecs": "ecs",
    "buildkit": "buildkit",
    "libpod_parent": "podman",
    "lxc": "lxc",
    "lxc.payload": "lxc",
}
_BARE_ID = re.compile(_ID)
_BUILD_ID = re.compile(r"[0-9a-z]{25}")
_POD = re.compile(r"(?:kubepods-.*)?pod(?P<uid>[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})")
_UNIT = re.compile(r".+\.(service|scope|socket|mount|swap)")
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


def container_of(groups: Iterable[Membership]) -> Container | None:
    """Judge by the paths of all hierarchies; None where they name neither container nor unit."""
    units = None
    for group in sorted(groups, key=lambda one: (one.hierarchy != 0, "systemd" not in one[1])):
        found = _of_path(group.path)
        if found is not None and found.is_container:
            return found
        units = units or found
    return units


def _of_path(path: str) -> Container | None:
    parts = [part for part in path.split("/") if part and part != ".."]
    found: Container | None = None
    unit: Container | None = None
    pod = ""
    for index, part in enumerate(parts):
        if match := _POD.match(part.removesuffix(".slice")):
            pod = match["uid"].replace("_", "-")
        watches_only, inner = _of_part(part, parts[:index])
        if watches_only:
            found = None
        elif inner is not None:
            found = inner
        if _UNIT.fullmatch(part):
            unit = Container("systemd", "", _unescape(part))
    if found is not None and pod:
        return Container("kubernetes", found.id, found.name, pod)
    return found or unit


def _of_part(part: str, above: list[str]) -> tuple[bool, Container | None]:
    """(it is a watcher's group, the container it names)."""
    for runtime, pattern in _RULES:
        if match := pattern.fullmatch(part):
            if not runtime:
                return True, None
            known = match.groupdict()
            return False, Container(
                runtime, known.get("id") or "", _unescape(known.get("name") or "")
            )
    parent = next((_PARENTS[one] for one in reversed(above) if one in _PARENTS), "")
    if _BARE_ID.fullmatch(part):
        in_pod = bool(above and _POD.match(above[-1].removesuffix(".slice")))
        runtime = "kubernetes" if in_pod else parent or "containerd"
        return False, Container(runtime, part, "")
    if parent == "buildkit" and _BUILD_ID.fullmatch(part):
        return False, Container(parent, part, "")
    if parent == "lxc" and above and above[-1] in ("lxc", "lxc.payload"):
        return False, Container("lxc", "", part)
    return False, None


def _unescape(name: str) -> str:
    r"""Turn `\x2d` of systemd back into what it stands for."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name)


class Containers:
    """Asked once a row: 5 us a process, names are read once a container."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root  # of the runtimes' files; tests give a folder
        self._by_paths: dict[tuple[Membership, ...], Container | None] = {}

    def of(self, pid: int) -> Container | None:
        """Return where a process runs; None also when it is gone."""
        try:
            groups = tuple(read_cgroup(pid))
        except OSError:
            return None
        return self.of_groups(groups)

    def of_groups(self, groups: tuple[Membership, ...]) -> Container | None:
        """Return what these control groups say, with the container's name."""
        if groups not in self._by_paths:
            if len(self._by_paths) > 10_000:
                self._by_paths.clear()
            found = container_of(groups)
            if found is not None and found.id and not found.name:
                found = found._replace(name=self._name(found))
            self._by_paths[groups] = found
        return self._by_paths[groups]

    def _name(self, container: Container) -> str:
        reader = _NAMES.get(container.runtime)
        if reader is None:
            return ""
        try:
            return reader(self._root, container.id)
        except (OSError, ValueError):
            return ""  # not ours to read, or written differently: the id stands


def _docker_name(root: Path, id: str) -> str:
    found = _json(root / "var/lib/docker/containers" / id / "config.v2.json")
    name = found.get("Name") if isinstance(found, Mapping) else None
    return name.removeprefix("/") if isinstance(name, str) else ""


def _podman_name(root: Path, id: str) -> str:
    found = _json(root / "var/lib/containers/storage/overlay-containers/containers.json")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, Mapping) and one.get("id") == id:
            names = one.get("names")
            return str(names[0]) if isinstance(names, list) and names else ""
    return ""


def _json(path: Path) -> Json:
    with path.open("rb") as file:
        found: Json = json.loads(file.read(_STATE_LIMIT))
    return found


_NAMES: dict[str, Callable[[Path, str], str]] = {"docker": _docker_name, "podman": _podman_name}
