"""What each format's installer is handed: the disk that was found, or nothing and the reason to us.

Their scripts are run by a shell on a machine of files, with stand-ins for the installers' programs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
import yaml

from pyxie.errors import RenderError
from tests.render.examples import rendered, url
from tests.render.judges import by_relax_ng, by_schema
from tests.render.machines import PCI, USB, Machine
from tests.render.test_autoyast import SPACE
from tests.render.test_ignition import script as of_ignition
from tests.render.test_kickstarts import scripts as of_kickstart
from tests.render.test_shipped_templates import answers

PLACEHOLDER: Final = "/dev/the-disk-that-pyxie-finds"

STAND_INS: Final = """
PATH=/tmp/bin:$PATH
sleep() { [ "$1" != 60 ] || exit 3; }
udevadm() { :; }
curl() { case "$*" in *--data-binary*) echo "$*"; cat;; esac >> /tmp/log; }
wget() { echo "$*" >> /tmp/log; }
debconf-set() { echo "$*" >> /tmp/handed; }
flatcar-install() { echo "$*" >> /tmp/handed; }
coreos-installer() { echo "$*" >> /tmp/handed; }
setup-alpine() { echo "$disk" >> /tmp/handed; }
sed() { case "$*" in *shadow) ;; *) command sed "$@";; esac; }
reboot() { :; }
systemctl() { :; }
"""
"""A wait of a minute is the one that has no end."""


def by_preseed(machine: Machine, text: str) -> str:
    machine.run(STAND_INS + answers(text)["partman/early_command"], "bash")
    return read(machine, "tmp/handed")


def by_kickstart(machine: Machine, text: str) -> str:
    (pre,) = of_kickstart(text, "pre")
    machine.run(STAND_INS + pre, "bash")
    return read(machine, "tmp/disk.ks")


def by_autoinstall(machine: Machine, text: str) -> str:
    data = yaml.safe_load(text)
    file = machine.root / "autoinstall.yaml"
    file.write_text(yaml.safe_dump(data))
    code, _ = machine.run(STAND_INS + data["autoinstall"]["early-commands"][0], "bash")
    # The installer ends where a command failed; else it reads the file once more.
    return "" if code else read(machine, file.name)


def by_autoyast(machine: Machine, text: str) -> str:
    (machine.root / "tmp/profile").mkdir()
    (machine.root / "tmp/profile/autoinst.xml").write_text(text)
    first = ElementTree.fromstring(text).find(f".//{SPACE}pre-scripts//{SPACE}source")
    assert first is not None
    machine.run(STAND_INS + (first.text or ""), "bash")
    return read(machine, "tmp/profile/modified.xml")


def by_ignition(machine: Machine, text: str) -> str:
    machine.run(STAND_INS + of_ignition(text), "bash")
    return read(machine, "tmp/handed")


def by_alpine(machine: Machine, text: str) -> str:
    machine.run(STAND_INS + text, "bash")
    return read(machine, "tmp/handed")


def read(machine: Machine, name: str) -> str:
    file = machine.root / name
    return file.read_text().replace(str(machine.root), "") if file.exists() else ""


Run = Callable[[Machine, str], str]
FORMATS: Final[dict[str, tuple[str, dict[str, str], Run]]] = {
    "debian12": ("preseed", {}, by_preseed),
    "ubuntu20": ("preseed", {}, by_preseed),
    "fedora": ("preseed", {}, by_kickstart),
    "rocky": ("preseed", {}, by_kickstart),
    "ubuntu24": ("user-data", {}, by_autoinstall),
    "suse": ("preseed", {}, by_autoyast),
    "flatcar": ("ignition", {}, by_ignition),
    "flatcar, coreos": ("ignition", {"installer": "coreos"}, by_ignition),
    "alpine": ("install", {}, by_alpine),
}
"""By example: its template, further params, and how its installer comes by the disk."""

HANDED: Final = {
    "debian12": "partman-auto/disk /dev/vdc\ngrub-installer/bootdev /dev/vdc\n",
    "ubuntu20": "partman-auto/disk /dev/vdc\ngrub-installer/bootdev /dev/vdc\n",
    "fedora": "ignoredisk --only-use=vdc\nclearpart --all --initlabel --drives=vdc\n"
    "bootloader --boot-drive=vdc\n",
    "rocky": "ignoredisk --only-use=vdc\nclearpart --all --initlabel --drives=vdc\n"
    "bootloader --boot-drive=vdc\n",
    "ubuntu24": "path: /dev/vdc\n",
    "suse": "<device>/dev/vdc</device>",
    "flatcar": "-d /dev/vdc -i /run/target.ign\n",
    "flatcar, coreos": "install --ignition-file /run/target.ign /dev/vdc\n",
    "alpine": "/dev/vdc\n",
}

every = pytest.mark.parametrize("name", FORMATS)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine whose first disks are a stick, one that is read-only and an empty one."""
    made = Machine(tmp_path)
    (made.root / "tmp/bin").mkdir(parents=True)
    (made.root / "run").mkdir()
    made.disk("sda", USB, removable="1", number="8:0")
    made.disk("vda", f"{PCI}/virtio0", ro="1", number="254:0", attributes={"serial": "S0"})
    made.disk("vdb", f"{PCI}/virtio1", size="0", number="254:16")
    return made


def right(machine: Machine) -> None:
    """Add the right disk, and one more."""
    machine.disk("vdc", f"{PCI}/virtio2", number="254:32", attributes={"serial": "S2"})
    machine.disk("vdd", f"{PCI}/virtio3", number="254:48", attributes={"serial": "S3"})


def installed(name: str, machine: Machine, **params: str) -> str:
    """Run an example's part that finds the disk, and return what its installer is handed."""
    kind, more, run = FORMATS[name]
    return run(machine, rendered(name.partition(",")[0], kind, **more, **params))


def failures(name: str, machine: Machine) -> list[str]:
    """Return the reasons with which `failed` was called."""
    address = re.escape(url(name.partition(",")[0], "failed"))
    return [
        unquote(each) for each in re.findall(rf"{address}\?reason=(\S*)", read(machine, "tmp/log"))
    ]


class TestAnInstaller:
    @every
    @pytest.mark.parametrize("disk", ["", "vdc", "serial:S2"])
    def test_is_handed_the_disk_that_is_found(self, machine: Machine, name: str, disk: str) -> None:
        right(machine)

        handed = installed(name, machine, disk=disk)

        assert HANDED[name] in handed
        assert not re.search(rf"(path: |<device>){PLACEHOLDER}", handed)
        assert failures(name, machine) == []

    @every
    def test_is_handed_none_where_there_is_none_and_says_why(
        self, machine: Machine, name: str
    ) -> None:
        handed = installed(name, machine, disk="")

        assert handed == ""
        (reason,) = set(failures(name, machine))
        assert reason == (
            "there is no disk to install on; sda is removable; vda is read-only; vdb is empty"
        )
        assert "vda is /sys/devices/pci0000:00/0000:00:17.0/virtio0/block/vda: serial:S0" in (
            read(machine, "tmp/log")
        )

    @pytest.mark.parametrize("name", ["debian12", "fedora"])
    def test_is_handed_no_other_than_the_one_that_is_named(
        self, machine: Machine, name: str
    ) -> None:
        right(machine)

        handed = installed(name, machine, disk="serial:S9")

        assert handed == ""
        assert set(failures(name, machine)) == {
            "the disk serial:S9 is not there, only sda vda vdb vdc vdd"
        }

    @every
    @pytest.mark.parametrize("disk", ["serial:", "first", "/mnt/disk"])
    def test_is_not_rendered_for_what_names_no_disk(self, name: str, disk: str) -> None:
        kind, more, _ = FORMATS[name]

        with pytest.raises(RenderError, match=f"'{disk}'") as caught:
            rendered(name.partition(",")[0], kind, **more, disk=disk)

        assert caught.value.line > 0
        assert caught.value.value == disk


class TestDebiansPartman:
    def test_is_shown_the_disk_alone(self, machine: Machine) -> None:
        """Else it takes the first EFI partition that it sees for its boot loader."""
        right(machine)
        tool = machine.root / "tmp/bin/parted_devices"
        tool.write_text(
            "#!/bin/sh\nprintf '/dev/%s\\t1\\tx\\n' sda vdc vdcc\n".replace(
                "/dev", f"{machine.root}/dev"
            )
        )
        tool.chmod(0o755)

        installed("debian12", machine, disk="")

        assert machine.run("/tmp/bin/parted_devices") == (0, "/dev/vdc\t1\tx\n")

    def test_is_not_gone_on_to_without_one(self, machine: Machine) -> None:
        """The installer goes on after a command that failed, so it does not end."""
        installed("debian12", machine, disk="")

        assert read(machine, "dev/console") == (
            "pyxie: not installed: there is no disk to install on; sda is removable"
            "; vda is read-only; vdb is empty\n"
        )


class TestAutoYaST:
    def test_takes_the_modified_profile_once(self, machine: Machine) -> None:
        """It reads profiles anew for as long as there is a modified one."""
        right(machine)
        modified = installed("suse", machine)
        (machine.root / "tmp/profile").rename(machine.root / "tmp/before")

        assert by_relax_ng(modified) == (0, "- validates\n")
        assert by_autoyast(machine, modified) == ""


class TestAutoinstall:
    def test_is_valid_with_the_disk_in_it(self, machine: Machine) -> None:
        right(machine)

        made = yaml.safe_load(installed("ubuntu24", machine))["autoinstall"]

        assert by_schema("autoinstall.schema.json", made) == []
        assert made["storage"]["layout"] == {"name": "direct", "match": {"path": "/dev/vdc"}}
