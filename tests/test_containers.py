"""Containers and units by the names of control groups, as the runtimes write them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fdtui.linux.cgroup import Membership, parse_cgroup, read_cgroup
from fdtui.survey.containers import Container, Containers, container_of

ID = "9a3c4ff2e1b0" + "5d" * 26
OTHER = "0123456789ab" + "c0" * 26
POD = "3c7f8f9b-2f0f-4c55-9f3b-d5b3f2b6d5a1"
UNDER = POD.replace("-", "_")

CASES = {
    "docker, systemd": (f"0::/system.slice/docker-{ID}.scope", ("docker", ID, "")),
    "docker, cgroupfs": (f"0::/docker/{ID}", ("docker", ID, "")),
    "docker, version 1": (
        f"12:pids:/docker/{ID}\n2:cpu,cpuacct:/docker/{ID}\n1:name=systemd:/docker/{ID}\n0::/",
        ("docker", ID, ""),
    ),
    "docker, hybrid": (
        f"9:memory:/\n1:name=systemd:/docker/{ID}\n0::/system.slice/containerd.service",
        ("docker", ID, ""),
    ),
    "docker in docker": (f"0::/docker/{OTHER}/docker/{ID}", ("docker", ID, "")),
    "docker, own group inside": (f"0::/docker/{ID}/init", ("docker", ID, "")),
    "docker, seen from another namespace": (f"0::/../docker-{ID}.scope", ("docker", ID, "")),
    "podman": (f"0::/machine.slice/libpod-{ID}.scope/container", ("podman", ID, "")),
    "podman, rootless": (
        f"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope",
        ("podman", ID, ""),
    ),
    "podman, cgroupfs": (f"0::/libpod_parent/libpod-{ID}", ("podman", ID, "")),
    "podman's monitor": (
        f"0::/machine.slice/libpod-conmon-{ID}.scope",
        ("systemd", "", f"libpod-conmon-{ID}.scope"),
    ),
    "kubernetes, containerd": (
        "0::/kubepods.slice/kubepods-burstable.slice/"
        f"kubepods-burstable-pod{UNDER}.slice/cri-containerd-{ID}.scope",
        ("kubernetes", ID, "", POD),
    ),
    "kubernetes, guaranteed": (
        f"0::/kubepods.slice/kubepods-pod{UNDER}.slice/crio-{ID}.scope",
        ("kubernetes", ID, "", POD),
    ),
    "kubernetes, cgroupfs": (
        f"11:cpu:/kubepods/besteffort/pod{POD}/{ID}",
        ("kubernetes", ID, "", POD),
    ),
    "kubernetes, docker": (
        f"0::/kubepods.slice/kubepods-burstable-pod{UNDER}.slice/docker-{ID}.scope",
        ("kubernetes", ID, "", POD),
    ),
    "cri-o": (f"0::/machine.slice/crio-{ID}.scope", ("cri-o", ID, "")),
    "cri-o's monitor": (
        f"0::/machine.slice/crio-conmon-{ID}.scope",
        ("systemd", "", f"crio-conmon-{ID}.scope"),
    ),
    "containerd": (f"0::/system.slice/cri-containerd-{ID}.scope", ("containerd", ID, "")),
    "containerd's own namespace": (f"0::/default/{ID}", ("containerd", ID, "")),
    "nerdctl": (f"0::/system.slice/nerdctl-{ID}.scope", ("nerdctl", ID, "")),
    "ecs": (f"9:cpu:/ecs/0b1c2d/{ID}", ("ecs", ID, "")),
    "buildkit": (
        "0::/docker/buildkit/" + "t3kfq2b1x9v8w7z6y5a4c3d2e",
        ("buildkit", "t3kfq2b1x9v8w7z6y5a4c3d2e", ""),
    ),
    "lxc": ("0::/lxc.payload.web-1/system.slice/nginx.service", ("lxc", "", "web-1")),
    "lxc, version 1": ("4:devices:/lxc/web-1/init.scope", ("lxc", "", "web-1")),
    "lxc's monitor": ("0::/lxc.monitor.web-1", None),
    "nspawn": (
        "0::/machine.slice/systemd-nspawn@build.service/payload/init.scope",
        ("nspawn", "", "build"),
    ),
    "machined": (r"0::/machine.slice/machine-my\x2dbox.scope", ("machined", "", "my-box")),
    "libvirt": (
        r"0::/machine.slice/machine-qemu\x2d3\x2ddebian12.scope/libvirt/emulator",
        ("libvirt", "", "debian12"),
    ),
    "service": ("0::/system.slice/nginx.service", ("systemd", "", "nginx.service")),
    "user's unit": (
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-editor.scope",
        ("systemd", "", "app-editor.scope"),
    ),
    "session": ("0::/user.slice/user-0.slice/session-3.scope", ("systemd", "", "session-3.scope")),
    "escaped": (
        r"0::/system.slice/dev\x2ddisk.mount",
        ("systemd", "", "dev-disk.mount"),
    ),
    "colons": ("0::/system.slice/a:b:c.service", ("systemd", "", "a:b:c.service")),
    "root": ("0::/", None),
    "nothing": ("", None),
    "a word that looks like it": ("0::/docker", None),
    "too short an id": ("0::/docker/9a3c4ff2e1b0", None),
}


@pytest.mark.parametrize("case", CASES)
def test_names_of_control_groups(case: str) -> None:
    text, expected = CASES[case]
    found = container_of(parse_cgroup(text.encode()))
    assert found == (Container(*expected) if expected else None)


def test_labels() -> None:
    assert Container("docker", ID, "").label == "docker/9a3c4ff2e1b0"
    assert Container("docker", ID, "web").label == "docker/web"
    assert Container("systemd", "", "nginx.service").label == "nginx.service"
    assert not Container("systemd", "", "nginx.service").is_container


def test_lines() -> None:
    assert parse_cgroup(b"3:cpu,cpuacct:/a:b\n0::/\xff\nnonsense\n") == [
        Membership(3, "cpu,cpuacct", "/a:b"),
        Membership(0, "", "/\udcff"),
    ]


def test_names_from_the_runtimes_files(tmp_path: Path) -> None:
    docker = tmp_path / "var/lib/docker/containers" / ID
    docker.mkdir(parents=True)
    (docker / "config.v2.json").write_text(json.dumps({"ID": ID, "Name": "/web"}))
    podman = tmp_path / "var/lib/containers/storage/overlay-containers"
    podman.mkdir(parents=True)
    (podman / "containers.json").write_text(json.dumps([{"id": OTHER, "names": ["db"]}]))
    containers = Containers(tmp_path)

    def label(path: str) -> str:
        found = containers.of_groups((Membership(0, "", path),))
        assert found is not None
        return found.label

    assert label(f"/docker/{ID}") == "docker/web"
    assert label(f"/docker/{OTHER}") == f"docker/{OTHER[:12]}"
    assert label(f"/machine.slice/libpod-{OTHER}.scope") == "podman/db"
    assert label(f"/machine.slice/libpod-{ID}.scope") == f"podman/{ID[:12]}"
    (docker / "config.v2.json").write_text("[1, 2")
    assert Containers(tmp_path).of_groups((Membership(0, "", f"/docker/{ID}"),)) == Container(
        "docker", ID, ""
    )
    (docker / "config.v2.json").write_text("[1, 2]")
    assert label(f"/docker/{ID}") == "docker/web", "read once"


def test_live_processes() -> None:
    groups = tuple(read_cgroup(os.getpid()))
    assert groups
    containers = Containers()
    assert containers.of(os.getpid()) == containers.of_groups(groups)
    assert containers.of(1 << 22) is None
