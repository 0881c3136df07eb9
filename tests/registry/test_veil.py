"""What may be shown of a machine's file and of what is rendered for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.registry.veil import Plain, hidden, is_secret, secrets_in, shown, veiled, without

FILE = """\
hostname: web01.example.org
ipmi_password: "correct horse"  # of the BMC
image_url: http://fetch:me@files.example.org/debian/
params: {root_password: s3cret-of-all, disk: /dev/sda}
"""
DATA: Plain = {
    "hostname": "web01.example.org",
    "ipmi_password": "correct horse",
    "params": {"root_password": "s3cret-of-all", "disk": "/dev/sda"},
}


class TestAFile:
    def test_is_shown_without_its_secrets(self) -> None:
        found = veiled(FILE, secrets_in(DATA))

        assert found.text == (
            "hostname: web01.example.org\n"
            "ipmi_password: •••ipmi_password•••\n"
            "image_url: http://•••login at files.example.org•••@files.example.org/debian/\n"
            "params: {root_password: •••root_password•••\n"
        )

    def test_keeps_them_where_they_were_not_written_over(self) -> None:
        found = veiled(FILE, secrets_in(DATA))

        typed = found.text.replace("web01", "web02") + "tags: [new]\n"

        assert found.restored(typed) == FILE.replace("web01", "web02") + "tags: [new]\n"
        assert found.lost(typed) == []

    def test_loses_one_that_is_written_over(self) -> None:
        found = veiled(FILE)

        typed = found.text.replace("•••ipmi_password•••", "battery-staple")

        assert "ipmi_password: battery-staple\n" in found.restored(typed)

    def test_without_secrets_is_as_it_is(self) -> None:
        found = veiled("hostname: web01\nipmi_password:\nipmi_user: ''\n")

        assert found.text == "hostname: web01\nipmi_password:\nipmi_user: ''\n"
        assert found.restored("hostname: web02\n") == "hostname: web02\n"
        assert found.lost("hostname: web02\n") == []

    @pytest.mark.parametrize(
        "value",
        [
            "|\n  correct\n\n  horse",
            "\n  correct horse",
            "&bmc 'correct horse'",
            "correct\n  horse",
        ],
    )
    def test_hides_a_value_however_it_is_written(self, value: str) -> None:
        text = f"ipmi_password: {value}\n\ntags: []\n"

        found = veiled(text)

        assert found.text == "ipmi_password: •••ipmi_password•••\n\ntags: []\n"
        assert found.restored(found.text) == text

    def test_hides_one_that_is_a_comment_and_what_follows_it_stays(self) -> None:
        found = veiled("# ipmi_password: old\n    # as before\nhostname: web01\n")

        assert (
            found.text == "# ipmi_password: •••ipmi_password•••\n    # as before\nhostname: web01\n"
        )

    def test_hides_a_value_that_stands_elsewhere_too(self) -> None:
        text = 'ipmi_password: horse\ncmdline: "bmc=horse horses"\ndescription: horsehide\n'

        found = veiled(text, {"horse"})

        assert found.text == (
            "ipmi_password: •••ipmi_password•••\n"
            'cmdline: "bmc=•••hidden••• horses"\ndescription: horsehide\n'
        )
        assert found.restored(found.text) == text

    def test_gives_secrets_of_one_name_words_of_their_own(self) -> None:
        text = "- password: a\n- password: b\n- password: a\n"

        found = veiled(text)

        assert found.text == (
            "- password: •••password•••\n- password: •••password 2•••\n- password: •••password•••\n"
        )
        assert found.restored(found.text) == text

    def test_keeps_words_that_were_there_before(self) -> None:
        text = "description: a •••password••• is none\npassword: a\n"

        found = veiled(text)

        assert found.text.endswith("password: •••password 2•••\n")
        assert found.restored(found.text) == text
        assert found.lost(found.text) == []

    def test_tells_of_a_word_that_stands_for_nothing(self) -> None:
        found = veiled("hostname: web01\n")

        typed = "hostname: web01\nipmi_password: •••ipmi_password•••\n"

        assert found.lost(typed) == [(2, 16, "•••ipmi_password•••")]


class TestForAnyFile:
    LINES = st.lists(
        st.sampled_from(
            [
                *("ipmi_password: horse", "  - token: |", "    more", "", "{a: 1, secret: 'x'}"),
                *("u: http://a:b@c/", "# password:", "•••password•••", "•••x", "password:", "\t"),
            ]
        )
    )

    @given(LINES, st.sets(st.sampled_from(["horse", "x", "more", "password"])))
    def test_nothing_is_lost(self, lines: list[str], secrets: set[str]) -> None:
        text = "\n".join(lines)

        found = veiled(text, secrets)

        assert found.restored(found.text) == text
        assert found.lost(found.text) == []


class TestAValue:
    def test_of_a_secret_key_is_hidden(self) -> None:
        assert shown(("params", "root_password"), "x") == "***"
        assert shown(("ipmi_password",), "") == ""
        assert shown(("network", 0, "ip_address"), "192.0.2.1") == "192.0.2.1"

    def test_of_a_url_has_no_login(self) -> None:
        assert shown(("image_url",), "http://a:b@files/x") == "http://***@files/x"

    def test_is_secret_by_its_keys_name(self) -> None:
        assert [name for name in ("ipmi_password", "API_TOKEN", "disk", 0) if is_secret(name)] == [
            "ipmi_password",
            "API_TOKEN",
        ]

    def test_is_found_however_deep(self) -> None:
        data: Plain = {"a": [{"secret": {"x": ["one", None, " "]}}, "no"], "b": None}

        assert secrets_in(data) == {"one"}


class TestWhatWasRendered:
    @pytest.mark.parametrize(
        ("text", "harmless"),
        [
            ("url=http://me:secret@files/x", "url=http://***@files/x"),
            ("root:$6$salt$abcdefgh12345:1", "root:***:1"),
            (
                "d-i passwd/root-password password r00t me\nd-i x/y string z",
                "d-i passwd/root-password password ***\nd-i x/y string z",
            ),
            ("rootpw --plaintext hunter2", "rootpw --plaintext ***"),
            ("user --name=a --password=b --c", "user --name=a --password=*** --c"),
            ("echo horses | bmc horse", "echo horses | bmc ***"),
            ("echo correct-horse-battery", "echo ***-battery"),
        ],
    )
    def test_has_no_secret_in_it(self, text: str, harmless: str) -> None:
        assert without(text, {"horse", "correct-horse"}) == harmless


class TestData:
    def test_are_shown_without_secrets_wherever_those_stand(self) -> None:
        data: Plain = {
            "hostname": "web01",
            "ipmi_password": "horse",
            "params": {"tokens": ["a", {"b": "c"}], "url": "http://me:secret@x/", "none": None},
        }

        assert hidden(data) == {
            "hostname": "web01",
            "ipmi_password": "***",
            "params": {"tokens": ["***", {"b": "***"}], "url": "http://***@x/", "none": None},
        }
