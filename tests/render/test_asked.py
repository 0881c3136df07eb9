"""What a machine is made to ask for, and would not get."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.registry.machine import Machine
from pyxie.render.asked import file_of, missing, no_template

TOKEN = "0" * 36
OWN = f"web01.example.org/{TOKEN}"


def machine(**keys: object) -> Machine:
    return Machine.model_validate({"hostname": "web01.example.org", **keys})


class TestFileOf:
    @pytest.mark.parametrize(
        ("keys", "word", "file"),
        [
            ({"preseed": "p.j2"}, "preseed", "p.j2"),
            ({"preseed": "p.j2"}, "anything", "p.j2"),
            ({"preseed": "p.j2"}, "finish", ""),
            ({"finish": "f.j2"}, "finish", "f.j2"),
            ({"finish": "f.j2"}, "preseed", ""),
            ({"preseed": "p.j2", "templates": {"ks": "k.j2"}}, "ks", "k.j2"),
            ({"preseed": "p.j2", "templates": {"ks": "k.j2"}}, "anything", ""),
            ({"preseed": "p.j2", "templates": {"preseed": "k.j2"}}, "preseed", "k.j2"),
        ],
    )
    def test_is_the_one_that_the_route_serves(
        self, keys: dict[str, object], word: str, file: str
    ) -> None:
        assert file_of(machine(**keys), word) == file


class TestMissing:
    @pytest.mark.parametrize(
        ("keys", "text", "words"),
        [
            ({}, f"auto url=http://192.0.2.1:8090/template/preseed/{OWN} quiet", ["preseed"]),
            ({"preseed": "p.j2"}, f"url=http://192.0.2.1:8090/template/preseed/{OWN}", []),
            ({"preseed": "p.j2"}, f"url=http://192.0.2.1:8090/template/a%20b/{OWN}", []),
            ({}, f"url=https://proxy.example/pxe/template/ks%2Fa/{OWN}?x=1", ["ks/a"]),
            ({}, f"a=/template/finish/{OWN} b=/template/finish/{OWN}", ["finish"]),
            ({}, f"ds=nocloud-net;s=http://192.0.2.1:8090/seed/{OWN}/", ["user-data"]),
            ({"preseed": "p.j2"}, f"s=http://192.0.2.1:8090/seed/{OWN}/", ["user-data"]),
            ({"templates": {"user-data": "u.j2"}}, f"s=http://192.0.2.1:8090/seed/{OWN}/", []),
            ({}, f"url=http://192.0.2.1:8090/done/{OWN}", []),
            ({}, "url=http://files.example/template/preseed/web01/another-token", []),
            ({}, "", []),
        ],
    )
    def test_is_what_an_address_of_this_build_names_and_the_machine_has_not(
        self, keys: dict[str, object], text: str, words: list[str]
    ) -> None:
        assert missing(machine(**keys), text, TOKEN) == words


class TestForAnyText:
    @given(st.text())
    def test_there_is_an_answer(self, text: str) -> None:
        assert isinstance(missing(machine(), f"{text}/template/{text}/x/{TOKEN}", TOKEN), list)


class TestNoTemplate:
    @pytest.mark.parametrize(
        ("word", "key"),
        [("preseed", "'preseed'"), ("user-data", "'templates: {user-data: …}'")],
    )
    def test_says_where_to_name_it(self, word: str, key: str) -> None:
        assert no_template(machine(), word) == (
            f"asks for the template {word!r}, and web01.example.org has none: set {key}, "
            "or build a type that has it"
        )
