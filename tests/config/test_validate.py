"""Data to models: each mistake is told at its place, in the operator's words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import AliasChoices, Field

from pyxie.config.nodes import parse
from pyxie.config.validate import Model, nearest, slimmed, validate
from pyxie.config.values import Names, Params
from pyxie.errors import ConfigError
from pyxie.registry.machine import Machine


class Wheel(Model):
    size: Annotated[int, Field(ge=1, le=99)] = 10
    spare: bool = False
    rim: Path | None = None


class Car(Model):
    name: str
    colour: str = Field("", validation_alias=AliasChoices("colour", "default_colour"))
    wheels: tuple[Wheel, ...] = ()
    engine: Wheel = Wheel()
    fuel: Literal["petrol", "wind"] = "wind"
    drivers: Names = ()
    params: Params = Field(default_factory=dict)


def car(text: str) -> Car:
    return validate(parse(text.encode(), Path("car.yaml")), Car)


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        car(text)
    return str(caught.value)


class TestWhatIsWritten:
    def test_becomes_a_model_by_the_models_types(self) -> None:
        text = "name: 0755\nwheels: [{size: 5, spare: yes}, {size: 7}]\ndrivers: Ann\n"

        assert car(text) == Car(
            name="0755", wheels=(Wheel(size=5, spare=True), Wheel(size=7)), drivers=("Ann",)
        )

    @pytest.mark.parametrize("nothing", ["", "~", "''", "null"])
    def test_an_empty_value_is_as_good_as_none(self, nothing: str) -> None:
        keys = ("colour", "wheels", "engine", "fuel", "drivers", "params")

        assert car("name: x\n" + "".join(f"{key}: {nothing}\n" for key in keys)) == Car(name="x")

    def test_an_empty_param_is_the_empty_text(self) -> None:
        assert car("name: x\nparams: {a: ~, b: '', c: no}\n").params == {
            "a": "",
            "b": "",
            "c": "no",
        }

    def test_an_unknown_key_is_one_even_if_nothing_follows_it(self) -> None:
        assert complaint("name: x\ncolor:\n") == (
            "car.yaml:2:1: color: unknown key; did you mean 'colour'?"
        )


class TestMistakes:
    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("wheels: 5", "2:9: wheels: must be a list, not '5'"),
            ("wheels: {a: b}", "2:9: wheels: must be a list, not a mapping"),
            ("wheels: [5]", "2:10: wheels[0]: must be a mapping of keys to values, not '5'"),
            ("engine: wind", "2:9: engine: must be a mapping of keys to values, not 'wind'"),
            ("engine: [a]", "2:9: engine: must be a mapping of keys to values, not a list"),
            ("engine: {size: ten}", "2:16: engine.size: must be a whole number, not 'ten'"),
            ("engine: {size: 1.5}", "2:16: engine.size: must be a whole number, not '1.5'"),
            ("engine: {size: [1]}", "2:16: engine.size: must be a whole number, not a list"),
            (
                "engine: {size: 100}",
                "2:16: engine.size: '100' should be less than or equal to 99",
            ),
            ("engine: {spare: maybe}", "2:17: engine.spare: must be true or false, not 'maybe'"),
            ("engine: {rim: [x]}", "2:15: engine.rim: must be a path, not a list"),
            ("fuel: coal", "2:7: fuel: 'coal' should be 'petrol' or 'wind'"),
            ("colour: [red]", "2:9: colour: must be text, not a list"),
            ("default_colour: {a: b}", "2:17: default_colour: must be text, not a mapping"),
            ("drivers: {a: b}", "2:10: drivers: must be a list, not a mapping"),
            ("drivers: [Ann, [Bob]]", "2:16: drivers[1]: must be text, not a list"),
            ("drivers: [Ann, ~]", "2:16: drivers[1]: must be text, not nothing"),
            ("drivers: [Ann, '']", "2:16: drivers[1]: must be text, not ''"),
            ("params: [a]", "2:9: params: must be a mapping of keys to values, not a list"),
            ("params: {a: [b]}", "2:13: params.a: must be text, not a list"),
        ],
    )
    def test_quote_the_value_at_its_place(self, written: str, said: str) -> None:
        assert complaint(f"name: x\n{written}\n") == f"car.yaml:{said}"

    def test_are_all_told_at_once_in_the_order_of_the_file(self) -> None:
        text = "colour: []\nwheels:\n- size: 0\n- {szie: 1, spare: 2}\nfuel: x\n"

        assert complaint(text).splitlines() == [
            "car.yaml:1:1: name: missing",
            "car.yaml:1:9: colour: must be text, not a list",
            "car.yaml:3:9: wheels[0].size: '0' should be greater than or equal to 1",
            "car.yaml:4:4: wheels[1].szie: unknown key; did you mean 'size'?",
            "car.yaml:4:20: wheels[1].spare: must be true or false, not '2'",
            "car.yaml:5:7: fuel: 'x' should be 'petrol' or 'wind'",
        ]

    @pytest.mark.parametrize(("text", "place"), [("- a\n", "1:1"), ("\n\nhello\n", "3:1")])
    def test_a_file_that_is_no_mapping_is_one_mistake(self, text: str, place: str) -> None:
        assert complaint(text) == f"car.yaml:{place}: must be a mapping of keys to values"

    def test_of_thousands_the_first_hundred_are_told_and_the_others_counted(self) -> None:
        said = complaint("\n".join(f"key{each}: x" for each in range(3000))).splitlines()

        assert len(said) == 101
        assert said[-1].endswith(": … and 2,901 more mistakes")

    def test_a_long_value_is_quoted_in_short(self) -> None:
        assert complaint(f"name: x\nwheels: {'w' * 5000}\n") == (
            f"car.yaml:2:9: wheels: must be a list, not '{'w' * 80}'"
        )


class TestUnknownKeys:
    @pytest.mark.parametrize(
        ("written", "near"),
        [
            ("nam", "name"),
            ("Name", "name"),
            ("COLOUR", "colour"),
            ("defualt_colour", "default_colour"),
            ("driver", "drivers"),
        ],
    )
    def test_are_told_with_the_nearest_known_one(self, written: str, near: str) -> None:
        assert complaint(f"name: x\n{written}: y\n") == (
            f"car.yaml:2:1: {written}: unknown key; did you mean {near!r}?"
        )

    def test_that_are_near_none_are_told_where_values_for_templates_go(self) -> None:
        assert complaint("name: x\ndisk: y\n") == (
            "car.yaml:2:1: disk: unknown key; a value for templates goes below 'params'"
        )

    @pytest.mark.parametrize(
        ("written", "meant"), [("rim", "'rim' below 'wheels'"), ("spa", "'spare' below 'wheels'")]
    )
    def test_of_a_section_are_told_with_the_section(self, written: str, meant: str) -> None:
        assert complaint(f"name: x\n{written}: y\n") == (
            f"car.yaml:2:1: {written}: unknown key; did you mean {meant}?"
        )

    def test_that_are_near_none_in_a_section_without_params_are_told_alone(self) -> None:
        assert complaint("name: x\nengine: {zzz: y}\n") == (
            "car.yaml:2:10: engine.zzz: unknown key"
        )

    def test_in_a_section_are_compared_with_the_keys_of_that_section(self) -> None:
        assert complaint("name: x\nengine: {nane: 1, siz: 2}\n") == (
            "car.yaml:2:10: engine.nane: unknown key\n"
            "car.yaml:2:19: engine.siz: unknown key; did you mean 'size'?"
        )

    def test_of_ten_thousand_letters_cost_nothing(self) -> None:
        assert nearest("x" * 10_000, ["name"]) is None


class TestSlimmed:
    def test_models_of_the_same_keys_share_the_set_of_them(self) -> None:
        one, other = (slimmed(Machine(hostname=host, kernel="linux")) for host in ("a", "b"))
        third = slimmed(Machine(hostname="c"))

        assert one.model_fields_set is other.model_fields_set
        assert one.model_fields_set == {"hostname", "kernel"}
        assert third.model_fields_set == {"hostname"}
        assert one.model_copy(update={"finish": "f"}).model_fields_set != one.model_fields_set
