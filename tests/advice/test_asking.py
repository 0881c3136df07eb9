"""What templates have a machine ask for, and would not get."""

from __future__ import annotations

import pytest

from pyxie.advice.asking import asking
from pyxie.advice.served import Advice, Served
from pyxie.registry.machine import Machine

BASE = "http://192.0.2.1:8090"
TOKEN = "0" * 36
FINISH = f"wget http://192.0.2.1:8090/template/finish/web01/{TOKEN}"
SAID = (
    "asks for the template 'finish', and web01 has none: set 'finish', or build a type that has it"
)


def served(texts: dict[str, str], **keys: object) -> Served:
    machine = Machine.model_validate({"hostname": "web01", **keys})
    return Served(machine=machine, base_url=BASE, token=TOKEN, texts=texts)


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


class TestCallsOfCobblersServer:
    @pytest.mark.parametrize(
        "host",
        ["http://$http_server", "http://${server}:80", "http://@@http_server@@", BASE],
    )
    def test_that_nobody_converted_are_advice(self, host: str) -> None:
        text = f"wget {host}/cblr/svc/op/trig/a\n" + f"wget {host}/cblr/svc/op/nopxe/b\n" * 2

        assert [each.sentence for each in asking(served({"preseed": text}, preseed="p.j2"))] == [
            "calls Cobbler's '/cblr/svc/op/trig', which pyxie does not serve",
            (
                "calls Cobbler's '/cblr/svc/op/nopxe', which pyxie does not serve; "
                "here 'urls.done' ends a build"
            ),
        ]

    def test_of_a_cobbler_that_is_still_there_are_its_own(self) -> None:
        text = "wget http://cobbler.example/cblr/svc/op/nopxe/system/web01"

        assert list(asking(served({"preseed": text}, preseed="p.j2"))) == []
