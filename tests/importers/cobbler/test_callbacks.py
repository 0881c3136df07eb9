"""The addresses of Cobbler's server, as those of pyxie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.importers.cobbler.callbacks import hidden, shown

HOST = "{{ urls.base | regex_replace('^[a-z]+://', '') }}"


def converted(text: str, *known: str) -> str:
    found = hidden(text, "t", known)
    return shown(found.text, found.addresses)


def notes(text: str) -> list[str]:
    return [str(note) for note in hidden(text, "t", ()).notes]


class TestAnAddress:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (
                'wget "http://$http_server/cblr/svc/op/nopxe/system/$system_name" -O /dev/null',
                'wget "{{ urls.done }}" -O /dev/null',
            ),
            (
                "wget http://$http_server:$http_port/cblr/svc/op/nopxe/system/$system_name ; \\",
                "wget {{ urls.done }} ; \\",
            ),
            (
                "curl http://@@http_server@@/cblr/svc/op/nopxe/system/@@name@@;true",
                "curl {{ urls.done }};true",
            ),
            ("http://${server}/cblr/svc/op/nopxe/system/${name}</a>", "{{ urls.done }}</a>"),
            ("http://192.0.2.9:80/cblr/svc/op/nopxe/system/web01\n", "{{ urls.done }}\n"),
            ("https://cobbler.example/cblr/svc/op/nopxe/profile/p|", "{{ urls.done }}|"),
            (
                "http://$http_server/cblr/svc/op/ks/system/$name",
                "{{ urls.template('preseed') }}",
            ),
            (
                "http://$http_server/cblr/svc/op/autoinstall/profile/$profile_name",
                "{{ urls.template('preseed') }}",
            ),
            ("http://$http_server/cobbler/x.rpm y", "{{ urls.base }}/cobbler/x.rpm y"),
            ("nfs $server:/a", f"nfs {HOST}:/a"),
            ("@@http_server@@", HOST),
            ("$http_server_name $servers $http_port", "$http_server_name $servers $http_port"),
            ("http://example.org/cblr", "http://example.org/cblr"),
        ],
    )
    def test_has_its_like_however_it_is_spelt(self, old: str, new: str) -> None:
        assert converted(old) == new

    def test_of_a_name_of_the_metadatas_stays(self) -> None:
        assert converted("http://$server/x $server", "server") == "http://$server/x $server"
        assert converted("http://$server/cblr/svc/op/nopxe/system/a", "server") == "{{ urls.done }}"

    def test_in_a_directive_stays(self) -> None:
        text = "  #set $u = 'http://$http_server/x'\n# http://$http_server\n"

        assert converted(text) == text.replace("# http://$http_server", "# {{ urls.base }}")

    def test_leaves_all_else_at_its_place(self) -> None:
        text = "a http://$http_server/cblr/svc/op/nopxe/system/$name $b\n"

        found = hidden(text, "t", ())

        assert len(found.text) == len(text)
        assert found.text.index("$b") == text.index("$b")


class TestNotes:
    @pytest.mark.parametrize(
        ("old", "said"),
        [
            (
                "\n  wget http://$http_server/cblr/svc/op/trig/mode/post/system/$name",
                [
                    (
                        "t:2:8: '/cblr/svc/op/trig': pyxie has no such address; what triggers did "
                        "is done by hooks, as 'postbuild_commands'"
                    )
                ],
            ),
            (
                "http://$server/cblr/svc/op/yum/system/$name",
                ["t:1:1: '/cblr/svc/op/yum': pyxie has no such address"],
            ),
            (
                "http://$server/cobbler/pub/a.rpm",
                [
                    (
                        "t:1:1: '/cobbler/pub/a.rpm': pyxie serves no such path; put it below "
                        "'staticspath', as '/files/…'"
                    )
                ],
            ),
            ("http://$server/ $server http://$server/cblr/svc/op/nopxe/system/a", []),
        ],
    )
    def test_name_what_has_no_like(self, old: str, said: list[str]) -> None:
        assert notes(old) == said


class TestForAnyText:
    @given(st.text(), st.text())
    def test_what_holds_none_is_as_it_was(self, one: str, other: str) -> None:
        text = f"{one}{other}"
        if "http" not in text and "server" not in text:
            assert converted(text) == text

    def test_that_has_the_marks_itself_stays(self) -> None:
        text = "\ue000 http://$http_server"

        assert converted(text) == text

    def test_of_very_many_leaves_those_beyond_as_they_are(self) -> None:
        text = "$server\n" * 5000

        assert converted(text).count("$server") == 5000 - 4096
