"""KVM: virtual machines, their processors, devices and memory."""

from __future__ import annotations

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import line, text
from fdtui.kinds.base import DEVICE, Fact, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_PREFIX = "anon_inode:"


class Kvm(AnonKind):
    """`kvm-vm`, `kvm-vcpu:0`, `kvm-vcpu-stats:0`, `kvm-gmem`; /dev/kvm itself is a char device."""

    name = "kvm"
    label = "kvm"
    family = DEVICE
    names = frozenset()

    def fit(self, facts: Facts) -> Fit:
        named = facts.where == "anon_inode" and facts.name.startswith("kvm-")
        return Fit.BY_FACT if named else Fit.NO

    def describe(self, entry: Entry) -> Info:
        what, _, number = entry.link.removeprefix(_PREFIX).strip("[]").partition(":")
        found: Info = {"kvm": what.removeprefix("kvm-")}
        if number.isdigit():
            found["vcpu"] = int(number)
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        number = f" {info['vcpu']}" if "vcpu" in info else ""
        return line(f"{text(info, 'kvm')}{number}")

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = [fact("part", text(info, "kvm"))]
        if "vcpu" in info:
            facts.append(fact("vcpu", str(info["vcpu"])))
        return tuple(facts)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return "the virtual machine and its memory stay until you release it"


KIND = Kvm()
