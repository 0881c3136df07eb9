"""What templates have a machine ask for, and would not get."""

from __future__ import annotations

import pytest

from pyxie.advice.asking import asking
from pyxie.advice.served import Advice, Served
from pyxie.registry.machine import Machine

TOKEN = "0" * 36
FINISH = f"wget http://192.0.2.1:8090/template/finish/web01/{TOKEN}"
SAID = (
    "asks for the template 'finish', and web01 has none: set 'finish', or build a type that has it"
)


def served(texts: dict[str, str], **keys: object) -> Served:
    machine = Machine.model_validate({"hostname": "web01", **keys})
    return Served(machine=machine, base_url="http://192.0.2.1:8090", token=TOKEN, texts=texts)


class TestAsking:
    @pytest.mark.parametrize(
        ("asks", "about"),
        [
            (served({"preseed": FINISH}, preseed="p.j2"), ("preseed",)),
            (served({"ks": FINISH}, templates={"ks": "k.j2"}), ("templates", "ks")),
        ],
    )
    def test_for_a_template_that_is_not_there_is_advice_on_the_one_that_asks(
        self, asks: Served, about: tuple[str, ...]
    ) -> None:
        assert list(asking(asks)) == [Advice(about, SAID)]

    def test_for_one_that_is_there_is_none(self) -> None:
        asks = served({"preseed": FINISH, "finish": ""}, preseed="p.j2", finish="f.j2")

        assert list(asking(asks)) == []
