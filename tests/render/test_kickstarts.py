"""The kickstarts of Fedora, and of Rocky Linux and AlmaLinux."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.render.examples import cases, rendered
from tests.render.judges import by_a_shell, by_pykickstart


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

        assert len(found) == 4
        assert [told for script in found if (told := by_a_shell(script))] == []

    def test_says_done_last(self) -> None:
        *_, last = scripts(rendered("rocky"), "post")

        assert last.startswith("curl ")
        assert "/done/" in last


@pytest.mark.parametrize(("line", "section"), [("autopart --typo=x\n", ""), ("", "%pots\n%end\n")])
def test_ksvalidator_refuses_what_is_no_kickstart(tmp_path: Path, line: str, section: str) -> None:
    text = f"lang en_US.UTF-8\n{line}%packages\n%end\n{section}"

    assert by_pykickstart("F42", text, tmp_path)[0] != 0
