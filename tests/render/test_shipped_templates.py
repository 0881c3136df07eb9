"""What pyxie ships: the preseed as debconf reads it, the finish script, the iPXE scripts."""

from __future__ import annotations

import itertools
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from pyxie.config.nodes import read
from pyxie.config.settings import Settings, load_marked
from pyxie.registry.define import common, define
from pyxie.registry.inherited import filled
from pyxie.registry.machine import Machine
from pyxie.rehearsal import rehearse
from pyxie.render.context import BuildContext
from pyxie.render.rendering import Rendering
from pyxie.shipped import shipped
from tests.needs import program
from tests.render.ipxe import commands, lines, split
from tests.render.judges import by_debconf
from tests.render.site import CONTEXT, machine, settings

NEEDED = {"mirror_host": "deb.example", "mirror_path": "/debian", "timezone": "Etc/UTC"}
OPTIONAL = {
    "disk": "/dev/vda",
    "packages": "vim less",
    "ssh_key": "ssh-ed25519 AAAA'$x\"`id` me@example",
}
CHOICES = [
    dict(chosen)
    for count in range(len(OPTIONAL) + 1)
    for chosen in itertools.combinations(OPTIONAL.items(), count)
]


def shipped_machine(**keys: Any) -> Machine:
    nics = [{"macaddress": "52:54:00:00:00:0a"}, {"macaddress": "52:54:00:00:00:0b"}]
    return machine(preseed="debian12.preseed.j2", network=nics, **keys)


def rendered(folder: Path, kind: str, params: dict[str, str], finish: str) -> str:
    host = shipped_machine(params={**NEEDED, **params}, finish=finish)
    return Rendering(settings(folder)).template(host, kind, CONTEXT)


def answers(preseed: str) -> dict[str, str]:
    """Return the preseed's values by question, as debconf-set-selections joins its lines."""
    joined = re.sub(r"\\\n\s*", "", preseed)
    found = {}
    for line in joined.splitlines():
        if line.strip() and not line.startswith("#"):
            owner, question, kind, *value = line.split(" ", 3)
            assert (owner, kind) != ("", ""), line
            found[question] = value[0] if value else ""
    return found


@pytest.mark.parametrize("finish", ["", "finish.sh.j2"])
@pytest.mark.parametrize("params", CHOICES, ids=lambda params: "+".join(params) or "none")
class TestThePreseed:
    def test_is_one_that_debconf_takes(
        self, tmp_path: Path, params: dict[str, str], finish: str
    ) -> None:
        assert by_debconf(rendered(tmp_path, "preseed", params, finish), tmp_path) == (0, "")

    def test_asks_nothing_and_says_when_it_is_done(
        self, tmp_path: Path, params: dict[str, str], finish: str
    ) -> None:
        found = answers(rendered(tmp_path, "preseed", params, finish))

        disk = params.get("disk")
        assert found["netcfg/get_hostname"] == "web01"
        assert found["netcfg/get_domain"] == "example.org"
        assert found["mirror/http/hostname"] == "deb.example"
        assert found["time/zone"] == "Etc/UTC"
        assert found["partman-auto/disk"] == (disk or "")
        assert f"find_disk {disk or quote('')} &&" in found["partman/early_command"]
        assert found["grub-installer/bootdev"] == (disk or "default")
        assert found["pkgsel/include"] == params.get("packages", "")
        late = found["preseed/late_command"]
        assert "http://192.0.2.1:8090/done/web01.example.org/0-t0ken" in late
        assert ("http://192.0.2.1:8090/template/finish/" in late) == bool(finish)

    def test_ends_in_a_command_that_a_shell_takes(
        self, tmp_path: Path, params: dict[str, str], finish: str
    ) -> None:
        late = answers(rendered(tmp_path, "preseed", params, finish))["preseed/late_command"]

        assert subprocess.run(["sh", "-n", "-c", late], capture_output=True).stderr == b""


class TestTheFinishScript:
    @pytest.mark.parametrize("params", CHOICES, ids=lambda params: "+".join(params) or "none")
    def test_is_one_that_a_shell_takes(self, tmp_path: Path, params: dict[str, str]) -> None:
        text = rendered(tmp_path, "finish", params, "finish.sh.j2")

        checked = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True)

        assert (checked.returncode, checked.stderr) == (0, "")
        assert text.startswith("#!/bin/sh\n")
        key = f"printf '%s\\n' {quote(OPTIONAL['ssh_key'])} > /root/.ssh/authorized_keys\n"
        assert (key in text) == ("ssh_key" in params)

    def test_writes_the_key_as_it_is(self, tmp_path: Path) -> None:
        text = rendered(tmp_path, "finish", OPTIONAL, "finish.sh.j2")
        text = text.replace("/root/", f"{tmp_path}/root/")

        subprocess.run(["sh"], input=text, check=True, text=True)

        keys = tmp_path / "root/.ssh/authorized_keys"
        assert keys.read_text() == OPTIONAL["ssh_key"] + "\n"
        assert keys.stat().st_mode & 0o777 == 0o600


class TestTheLateCommand:
    """Run by a shell whose wget and in-target are stand-ins that note what they are called with."""

    def run(
        self, folder: Path, finish: str, *, wget: str, in_target: str = "true"
    ) -> tuple[int, list[str]]:
        late = answers(rendered(folder, "preseed", {}, finish))["preseed/late_command"]
        stand_ins = (
            f'wget() {{ echo "wget $4 $5" >&2; {wget}; }}\n'
            f'in-target() {{ echo "in-target $*" >&2; {in_target}; }}\n'
            'sleep() { echo "sleep $1" >&2; }\n'
        )
        bash = program("bash", "bash")  # whose functions may have a dash in their name
        ran = subprocess.run([bash, "-c", stand_ins + late], capture_output=True, text=True)
        return ran.returncode, ran.stderr.splitlines()

    def test_says_done_once_when_it_is_heard(self, tmp_path: Path) -> None:
        status, told = self.run(tmp_path, "", wget="true")

        assert status == 0
        assert [line.split()[-1] for line in told] == [
            "http://192.0.2.1:8090/done/web01.example.org/0-t0ken"
        ]

    def test_says_it_again_until_it_is_heard_and_fails_if_it_is_not(self, tmp_path: Path) -> None:
        """Else the machine would reboot into its installer, again and again."""
        status, told = self.run(tmp_path, "", wget="false")

        assert status != 0
        assert [line for line in told if line.startswith("sleep")] == [
            f"sleep {seconds}" for seconds in (1, 5, 15, 30, 60, 120)
        ]

    def test_does_not_say_done_when_the_finish_script_failed(self, tmp_path: Path) -> None:
        status, told = self.run(tmp_path, "finish.sh.j2", wget="true", in_target="false")

        assert status != 0
        assert not [line for line in told if "/done/" in line]


_CANNOT_FAIL = frozenset(("echo", "imgfree", "set", "inc", "sleep", "exit", "goto"))


SCRIPT = """#!ipxe
set amp:hex 26
set bar:hex 7c
set hash:hex 23
set semi:hex 3b
set attempt:int32 1

:load
echo
echo pyxie: web01.example.org (${net0/mac}): loading the installer, attempt ${attempt}
imgfree
kernel --name kernel HERE/boot/web01.example.org/kernel/linux || goto failed
initrd --name initrd0 HERE/boot/web01.example.org/initrd/0/a || goto failed
initrd --name initrd1 HERE/boot/web01.example.org/initrd/1/b || goto failed
imgfetch --name booting HERE/booting/52-54-00-00-00-0b/0-t0ken?sb=${efi/SecureBoot} \
&& imgfree booting ||
imgargs kernel initrd=initrd0 initrd=initrd1 BOOTIF=01-52-54-00-00-00-0b auto || goto failed
boot kernel || goto failed

:failed
echo pyxie: web01.example.org: that did not work (${errno}); trying again in 5 seconds
sleep 5
inc attempt
iseq ${attempt} 4 || goto load
echo
echo pyxie: ******************************************************************
echo pyxie: web01.example.org cannot load its installer. On pyxie's host, see
echo pyxie:     pyxie events --host web01.example.org
echo pyxie: It is tried again from the start in a minute.
echo pyxie: ******************************************************************
sleep 60
chain --replace --autofree HERE/ipxe/52-54-00-00-00-0b || goto load
"""


class TestTheIpxeScripts:
    def scripts(self, folder: Path) -> dict[str, str]:
        rendering = Rendering(settings(folder))
        host = shipped_machine(cmdline="auto", initrd=["a", "b"])
        here = "http://192.0.2.1:8090"
        return {
            "boot": rendering.script(host, CONTEXT, here),
            "again": rendering.notice("why", f"{here}/ipxe/x", again=True),
            "final": rendering.notice("why", "", again=False),
        }

    def test_have_no_line_that_may_fail_without_saying_what_then(self, tmp_path: Path) -> None:
        bare = [
            line
            for text in self.scripts(tmp_path).values()
            for line in lines(text)
            for words, end in split(line)
            if words and not words[0].startswith(":") and words[0] not in _CANNOT_FAIL and end == ""
        ]

        assert bare == []

    def test_go_only_where_there_is_a_label(self, tmp_path: Path) -> None:
        for text in self.scripts(tmp_path).values():
            labels = {line[1:] for line in lines(text) if line.startswith(":")}
            goals = {words[1] for words in commands(text) if words[0] == "goto"}
            assert goals <= labels

    def test_begin_with_the_mark_and_hold_plain_letters_only(self, tmp_path: Path) -> None:
        for text in self.scripts(tmp_path).values():
            assert text.startswith("#!ipxe\n")
            assert text.endswith("\n")
            assert re.fullmatch(r"[\n\x20-\x7e]*", text)

    def test_of_boot_is_this(self, tmp_path: Path) -> None:
        text = self.scripts(tmp_path)["boot"]

        assert text == SCRIPT.replace("HERE", "http://192.0.2.1:8090")


class TestTheExamples:
    def test_work_as_they_are(self) -> None:
        shared, document = load_marked(shipped("config.yaml"))
        (file,) = shipped("machines").glob("*.yaml")
        inherited = common(shared, document)
        inherited = replace(inherited, cookbook=filled(inherited.cookbook, {}))
        host = define(inherited, read(file)).machine
        context = BuildContext(base_url="http://192.0.2.1:8090", token="t", mac="")

        assert isinstance(shared, Settings)
        assert list(rehearse(Rendering(shared), host, context).faults) == []
