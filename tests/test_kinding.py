"""Kinds of rows are remembered: never another one than asking for each row gives."""

from __future__ import annotations

import pytest

from fdtui.kinds import classify
from fdtui.linux.bpf.iterator import available
from fdtui.survey.decoding import info_of
from fdtui.survey.kinding import kind_of
from fdtui.survey.scan import choose
from tests.zoo_process import ZooProcess, zoo

__all__ = ["zoo"]


@pytest.mark.needs_root
@pytest.mark.parametrize("name", ["proc", "bpf"])
def test_every_specimen_is_judged_and_decoded_alike(name: str, zoo: ZooProcess) -> None:
    if name == "bpf" and (reason := available()):
        pytest.skip(reason)
    with choose("bpf" if name == "bpf" else "proc", workers=0) as engine:
        records = [r for batch in engine.sweep([zoo.pid]) for r in batch]
    assert len(records) > 60
    for record in [*records, *records]:  # the second time from memory
        kind = classify(record.entry)
        assert kind_of(record) is kind, record
        assert info_of(kind, record._replace(sock=None), None) == kind.describe(record.entry)
