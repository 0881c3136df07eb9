"""What a command line leads to is served too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.adhoc.leading import led_to, own_name

AT = "{{ BaseURL }}/boot/{{ Hostname }}/file"


class TestLine:
    @pytest.mark.parametrize(
        ("written", "template", "files"),
        [
            ("console=ttyS0 quiet", "console=ttyS0 quiet", []),
            ('ign={{ ID "./a/b.ign" }} x', f"ign={AT}/0/b.ign x", ["./a/b.ign"]),
            ('ign={{ID "b.ign"}}', f"ign={AT}/0/b.ign", ["b.ign"]),
            ("ign={{ ID `b.ign` }}", f"ign={AT}/0/b.ign", ["b.ign"]),
            (
                'a={{ ID "one" }} b={{ URL "http://192.0.2.1/two?x=1" }}',
                f"a={AT}/0/one b={AT}/1/two",
                ["one", "http://192.0.2.1/two?x=1"],
            ),
            ('a= {{- ID "o n" }}', f"a={AT}/0/o%20n", ["o n"]),
            ("url={{ BaseURL }}/x", "url={{ BaseURL }}/x", []),
            ("{{ machine.params['a'] % 2 }}", "{{ machine.params['a'] % 2 }}", []),
            ('{{ ID "" }} {{ ID }}', '{{ ID "" }} {{ ID }}', []),
            ('a={{ ID "b', 'a={{ ID "b', []),
        ],
    )
    def test_has_a_number_for_each_file(
        self, written: str, template: str, files: list[str]
    ) -> None:
        assert led_to(written) == (template, files)

    @pytest.mark.parametrize(
        ("name", "own"),
        [
            ("a/b", "b"),
            ("b", "b"),
            ("http://192.0.2.1/a/b?c=/d", "b"),
            ("http://192.0.2.1", "file"),
        ],
    )
    def test_a_files_own_name_is_the_last_of_its_path(self, name: str, own: str) -> None:
        assert own_name(name) == own


class TestForAnyText:
    @given(st.text(alphabet=st.sampled_from('{}ID "`-ab\\/')))
    def test_nothing_is_raised(self, text: str) -> None:
        led_to(text)
