"""What every test relies on: a quiet environment, and skips that speak up."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from tests.puppets import Puppet

# Before Textual is imported anywhere: its Rust geometry is 32 bits wide, and motion is a flake.
os.environ["TEXTUAL_SPEEDUPS"] = "0"
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ.pop("NO_COLOR", None)

# The same examples on every run: what the checks say must depend on the code alone.  New ones are
# looked for by the fuzzing benches, and by HYPOTHESIS_PROFILE=explore.
settings.register_profile("checks", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "checks"))

MUST_RUN = bool(os.environ.get("FDTUI_MUST_RUN"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn skips into failures where everything is supposed to run (FDTUI_MUST_RUN)."""
    report = yield
    if MUST_RUN and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where it must run: {call.excinfo and call.excinfo.value}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs root for people who have none."""
    if os.geteuid() != 0:
        for item in items:
            if item.get_closest_marker("needs_root"):
                item.add_marker(pytest.mark.skip(reason="needs uid 0"))


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    """A process that does what the test tells it; files that want more in it make their own."""
    with Puppet() as made:
        yield made
