"""Alpine's answers, the script that uses them, and the overlay that starts it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.needs import program
from tests.render.examples import KEY, cases, rendered, url
from tests.render.judges import by_a_shell, judged
from tests.render.test_ignition import script

DOCUMENT = Path(__file__).parents[2] / "docs/templates.md"

KNOWN = frozenset(
    f"{name}OPTS"
    for name in (
        *("KEYMAP", "HOSTNAME", "DEVD", "INTERFACES", "DNS", "TIMEZONE", "PROXY", "APKREPOS"),
        *("USER", "SSHD", "NTP", "DISK", "LBU", "APKCACHE"),
    )
) | {"ROOTSSHKEY", "USERSSHKEY", "ERASE_DISKS"}
"""What setup-alpine reads; there is no validator that knows it."""


class TestTheAnswers:
    @cases
    def test_are_what_a_shell_and_setup_alpine_read(self, case: str) -> None:
        text = rendered("alpine", "answers", case)

        # SC2034, SC2154: they are used elsewhere; SC2016: in quotes that hold everything.
        assert by_a_shell(text, "SC2034", "SC2154", "SC2016") == ""
        assert set(re.findall(r"^(?:export )?(\w+)=", text, re.MULTILINE)) <= KNOWN

    def test_hold_what_was_given(self) -> None:
        text = rendered("alpine", "answers", "with all")

        shown = judged(
            ["sh"],
            f'{text}printf "%s|%s|%s" "$ROOTSSHKEY" "$DISKOPTS" "$ERASE_DISKS"',
            disk="/dev/vda",
        )

        assert shown == (0, f"{KEY}|-m sys /dev/vda|/dev/vda")

    def test_are_none_for_no_disk(self) -> None:
        code, told = judged(["sh"], rendered("alpine", "answers"), disk="")

        assert (code, "disk" in told) == (2, True)

    @cases
    def test_are_used_by_a_script_that_a_shell_takes(self, case: str) -> None:
        assert by_a_shell(rendered("alpine", "install", case)) == ""


NOTED = """
curl() {
    printf '%s ' curl "$@" >> "$LOG"; echo >> "$LOG"
    case "$*" in *--data-binary*) cat >> "$LOG" ;; esac
}
wget() { echo "wget $*" >> "$LOG"; }
find_disk() { disk=$1; }
sed() { :; }
sleep() { :; }
reboot() { echo reboot >> "$LOG"; }
systemctl() { echo "$*" >> "$LOG"; }
"""


@pytest.mark.parametrize(
    ("name", "kind", "installer"),
    [("flatcar", "ignition", "flatcar-install"), ("alpine", "install", "setup-alpine")],
)
class TestAnInstallationScript:
    """Run by a shell whose programs are stand-ins that note what they are called with."""

    def run(self, folder: Path, name: str, kind: str, stand_in: str) -> list[str]:
        text = rendered(name, kind, "with all")
        text = script(text) if kind == "ignition" else text
        text = re.sub("(?<=[ =])/(run|tmp)/", f"{folder}/", text)
        text = text.replace("find_disk() {", "the_true_one() {")
        bash = program("bash", "bash")  # whose functions may have a dash in their name

        judged([bash, "-c", NOTED + stand_in + text], LOG=str(folder / "log"))

        return (folder / "log").read_text().splitlines()

    def test_says_done_and_reboots(
        self, tmp_path: Path, name: str, kind: str, installer: str
    ) -> None:
        told = self.run(tmp_path, name, kind, f"{installer}() {{ :; }}\n")

        assert url(name, "done") in told[-2]
        assert told[-1] == "reboot"
        assert not [line for line in told if "/failed/" in line]

    def test_that_fails_tells_why_and_does_not_say_done(
        self, tmp_path: Path, name: str, kind: str, installer: str
    ) -> None:
        told = self.run(tmp_path, name, kind, f"{installer}() {{ echo no space left; false; }}\n")

        text = "\n".join(told)
        assert f"{url(name, 'failed')}?reason=" in text
        assert "no space left" in text
        assert "/done/" not in text
        assert "reboot" not in told


class TestTheOverlay:
    def test_that_the_document_makes_runs_what_the_command_line_names(self, tmp_path: Path) -> None:
        fence = re.compile(r"^```sh overlay\n(.*?)^```$", re.MULTILINE | re.DOTALL)
        (recipe,) = fence.findall(DOCUMENT.read_text())
        tar = program("tar", "tar")

        assert by_a_shell(recipe) == ""
        ran = subprocess.run(["sh", "-eu", "-c", recipe], cwd=tmp_path, capture_output=True)

        assert (ran.returncode, ran.stderr) == (0, b"")
        made = str(tmp_path / "files/pyxie.apkovl.tar.gz")
        listed = judged([tar, "-tzf", made])[1].split()
        assert {"etc/local.d/pyxie.start", "etc/runlevels/default/local"} <= set(listed)
        start = judged([tar, "-xzOf", made, "etc/local.d/pyxie.start"])[1]
        assert by_a_shell(start) == ""
        cmdline = tmp_path / "cmdline"
        cmdline.write_text("ip=dhcp pyxie=http://192.0.2.1/x modules=loop\n")
        start = start.replace("/tmp/", f"{tmp_path}/").replace("/proc/cmdline", str(cmdline))
        stand_in = 'wget() { echo "wget $*"; echo "echo ran it" > "$3"; }\n'
        assert judged(["sh"], stand_in + start) == (
            0,
            f"wget -q -O {tmp_path}/pyxie.sh http://192.0.2.1/x\nran it\n",
        )
