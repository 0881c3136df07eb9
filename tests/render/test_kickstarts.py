"""The kickstarts of Fedora, and of Rocky Linux and AlmaLinux."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.render.examples import PARAMS, cases, rendered
from tests.render.judges import by_a_shell, by_pykickstart, judged


def scripts(text: str, kind: str = "pre|post|onerror") -> list[str]:
    return re.findall(rf"^%(?:{kind})\b.*?\n(.*?)^%end$", text, re.MULTILINE | re.DOTALL)


class TestAKickstart:
    @cases
    @pytest.mark.parametrize(("name", "version"), [("fedora", "F42"), ("rocky", "RHEL9")])
    def test_is_one_that_ksvalidator_takes(
        self, tmp_path: Path, name: str, version: str, case: str
    ) -> None:
        code, said = by_pykickstart(version, rendered(name, case=case), tmp_path)

        assert code == 0, said

    @cases
    @pytest.mark.parametrize("name", ["fedora", "rocky"])
    def test_has_scripts_that_a_shell_takes(self, name: str, case: str) -> None:
        found = scripts(rendered(name, case=case))

        assert len(found) == (3 if "disk" in PARAMS[case] else 4)
        assert [told for script in found if (told := by_a_shell(script))] == []

    def test_takes_the_first_disk_that_is_neither_removable_nor_read_only(
        self, tmp_path: Path
    ) -> None:
        (script,) = scripts(rendered("fedora"), "pre")
        disks = ("zram0 disk 0 0", "sr0 rom 1 0", "sda disk 1 0", "sdb disk 0 1", "sdc disk 0 0")
        listed = "\\n".join((*disks, "sdd disk 0 0"))
        stand_in = f"lsblk() {{ printf '{listed}\\n'; }}\n"

        assert judged(["sh"], stand_in + script.replace("/tmp/", f"{tmp_path}/")) == (0, "")

        assert (tmp_path / "disk.ks").read_text().splitlines() == [
            "ignoredisk --only-use=sdc",
            "clearpart --all --initlabel --drives=sdc",
            "bootloader --boot-drive=sdc",
        ]

    def test_that_names_a_disk_spares_all_others(self) -> None:
        text = rendered("rocky", disk="/dev/sdb")

        assert "ignoredisk --only-use=sdb\nclearpart --all --initlabel --drives=sdb\n" in text
        assert "%pre" not in text

    def test_says_done_last(self) -> None:
        *_, last = scripts(rendered("rocky"), "post")

        assert last.startswith("curl ")
        assert "/done/" in last


@pytest.mark.parametrize(("line", "section"), [("autopart --typo=x\n", ""), ("", "%pots\n%end\n")])
def test_ksvalidator_refuses_what_is_no_kickstart(tmp_path: Path, line: str, section: str) -> None:
    text = f"lang en_US.UTF-8\n{line}%packages\n%end\n{section}"

    assert by_pykickstart("F42", text, tmp_path)[0] != 0
