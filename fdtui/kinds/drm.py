"""Graphics and accelerator devices: what fdinfo tells of a DRM client, drm-usage-stats."""

from __future__ import annotations

import stat

from fdtui.kinds._files import bracketed, path_of
from fdtui.kinds._info import text
from fdtui.kinds.base import DEVICE, Fact, FdKind, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.devices import DRM_MAJOR
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import size_cell

_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20}


class Drm(FdKind):
    """Every `drm-` line of fdinfo: engines in nanoseconds, memory in bytes."""

    name = "drm"
    label = "drm"
    family = DEVICE

    def fit(self, facts: Facts) -> Fit:
        is_drm = facts.device[0] == DRM_MAJOR or facts.line.startswith("drm-")
        return Fit.BY_FACT if facts.type == stat.S_IFCHR and is_drm else Fit.NO

    def describe(self, entry: Entry) -> Info:
        found: Info = {}
        for key, value in entry.info.lines if entry.info else ():
            if key.startswith("drm-"):
                number, _, unit = value.partition(" ")
                words = key.replace("-", "_")
                if number.isdigit() and key != "drm-pdev":
                    found[words] = int(number) * _UNITS.get(unit, 1)
                else:
                    found[words] = value
        if entry.stat:
            found["rdev"] = f"{entry.stat.rdev_major}:{entry.stat.rdev_minor}"
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        return bracketed(path_of(entry), text(info, "drm_driver"))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = []
        for key, value in info.items():
            words = key.removeprefix("drm_").replace("_", " ")
            if isinstance(value, int) and words.startswith(("memory", "total", "resident")):
                facts.append(fact(words, size_cell(value)))
            else:
                facts.append(fact(words, str(value), "ns" if words.startswith("engine") else ""))
        return tuple(facts)


KIND = Drm()
