"""The AutoYaST profile."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.render.examples import KEY, PARAMS, cases, rendered, url
from tests.render.judges import by_a_shell, by_relax_ng

SPACE = "{http://www.suse.com/1.0/yast2ns}"


class TestAProfile:
    @cases
    def test_is_valid_by_our_schema(self, case: str) -> None:
        assert by_relax_ng(rendered("suse", case=case)) == (0, "- validates\n")

    @cases
    def test_has_scripts_that_a_shell_takes_and_says_done_last(self, case: str) -> None:
        root = ElementTree.fromstring(rendered("suse", case=case))
        scripts = [each.text or "" for each in root.iter(f"{SPACE}source")]

        assert [each.startswith("#!/bin/sh\n") for each in scripts] == [True, True]
        assert [told for each in scripts if (told := by_a_shell(each))] == []
        assert scripts[-1].splitlines()[-1].endswith(url("suse", "done"))

    @cases
    def test_holds_the_key_as_it_is(self, case: str) -> None:
        root = ElementTree.fromstring(rendered("suse", case=case))

        keys = [each.text for each in root.iter(f"{SPACE}authorized_key")]

        assert keys == [KEY] * ("ssh_key" in PARAMS[case])

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            ("<use>all</use>", "<use>al</use>"),
            ("second_stage", "secnd_stage"),
            (' config:type="list"', ""),
            ("</profile>", ""),
        ],
    )
    def test_with_a_mistake_is_refused(self, right: str, wrong: str) -> None:
        text = rendered("suse")
        assert right in text

        assert by_relax_ng(text.replace(right, wrong))[0] != 0
