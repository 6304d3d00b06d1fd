"""`fdtui doctor`: every refusal has a reason and a remedy, for people and for programs."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from fdtui.commands import doctor, findings, helper
from fdtui.commands.findings import Finding
from fdtui.helper import helper as wire
from tests.other_user import NOBODY, argv_as, run_as
from tests.test_pidfd_getfd import SECCOMP

ROOT = Path(__file__).resolve().parent.parent
TELL = (
    "import json\nfrom fdtui.commands.findings import findings\nprint(json.dumps(list(findings())))"
)


def told(text: str) -> dict[str, Finding]:
    return {item[0]: Finding(*item) for item in json.loads(text)}


def test_the_command_line() -> None:
    argv = [sys.executable, "-m", "fdtui", "doctor"]
    plain = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    argv.append("--json")
    raw = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    rows = json.loads(raw)
    topics = {row["topic"] for row in rows}
    assert {"kernel", "pidfd_getfd", "kcmp", "user", "yama", "hidepid", "processes",
            "raising tools", "inbox", "terminal", "clipboard"} <= topics  # fmt: skip
    for row in rows:
        assert set(row) == {"topic", "state", "words", "remedy"}
        assert row["words"] in plain


def test_what_does_not_work_has_a_remedy() -> None:
    for finding in findings.findings():
        assert finding.state == "ok" or finding.remedy or "not in this kernel" in finding.words


@pytest.mark.needs_root
def test_as_somebody_without_rights() -> None:
    found = told(run_as(NOBODY, TELL))
    assert found["user"].state == "limited"
    assert "helper" in found["user"].remedy
    assert found["processes"].state == "limited"
    assert "EACCES" in found["processes"].words


@pytest.mark.needs_root
@pytest.mark.parametrize(("code", "name"), [(1, "EPERM"), (38, "ENOSYS")])
def test_under_a_filter(code: int, name: str) -> None:
    found = told(run_as(NOBODY, f"{SECCOMP}refuse([438, 312, 310], {code})\n{TELL}"))
    for call in ("pidfd_getfd", "kcmp", "process_vm_readv"):
        assert found[call].state == "missing"
        assert f"seccomp filter around fdtui refuses {call} ({name})" in found[call].words
    assert "sudo cannot raise anything" in found["no_new_privs"].words


@pytest.mark.needs_root
def test_hidepid() -> None:
    """For a plain user: root, and whoever process 1 belongs to, is hidden nothing."""
    code = "from fdtui.commands.findings import visibility\nprint(next(visibility()))\n"
    script = 'mount -o remount,hidepid=2 /proc && "$@"; exit $?'
    enter = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh"]
    argv = [*enter, *argv_as(NOBODY, code)]
    done = subprocess.run(argv, cwd="/", capture_output=True, text=True, check=True)
    assert "hidepid=" in done.stdout
    assert "remount,hidepid=0" in done.stdout


def test_the_helpers_source_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    helper.add_arguments(parser)
    assert helper.run(parser.parse_args(["--source"])) == 0
    assert capsys.readouterr().out == Path(wire.__file__).read_text()
    assert helper.run(parser.parse_args(["--through", "self"])) == 0
    assert " -I -S -c " in capsys.readouterr().out


def test_doctor_runs_in_this_process(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(argparse.Namespace(json=False)) == 0
    assert "pidfd_getfd" in capsys.readouterr().out
