"""What a machine's file says and nothing reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyxie.advice.served import Advice, Served
from pyxie.advice.unused import unused
from pyxie.config.nodes import parse
from pyxie.registry.define import common, define
from pyxie.registry.machine import Machine
from pyxie.registry.origins import own
from pyxie.rehearsal import rehearse
from pyxie.render.rendering import Rendering
from tests.render.site import CONTEXT, settings


def told(
    folder: Path, template: str, own_keys: str, shared: str = "", **config: Any
) -> list[Advice]:
    """Return the advice on a machine with these keys, whose preseed is ``template``."""
    site = settings(folder, kernel="linux", image_url="http://mirror.example/", **config)
    (folder / "templates/a.j2").write_text(template)
    machine = f"hostname: web01.example.org\nmatch: {{serial: x}}\npreseed: a.j2\n{own_keys}"
    group = parse(shared.encode(), Path("example.org.yaml"))
    everything = replace(common(site), groups={"example.org": group} if shared else {})
    made = define(everything, parse(machine.encode(), Path("web01.yaml")))
    tried = rehearse(Rendering(site), made.machine, CONTEXT, own(made.merged))
    assert tried.faults == ()
    return list(unused(tried.served))


class TestAParam:
    @pytest.mark.parametrize(
        "template",
        [
            "{{ params.disk }}",
            "{{ machine.params.disk }}",
            "{% if params.disk == 'x' %}{% endif %} text",
            "{{ params | to_json }}",
        ],
    )
    def test_that_is_read_is_used(self, tmp_path: Path, template: str) -> None:
        assert told(tmp_path, template, "params: {disk: /dev/vda}\n") == []

    def test_that_a_hook_or_the_command_line_reads_is_used(self, tmp_path: Path) -> None:
        keys = (
            "params: {rack: 7, speed: 9}\n"
            "cmdline: console={{ params.speed }}\n"
            "postbuild_commands: [{command: 'tell {{ params.rack }}'}]\n"
        )

        assert told(tmp_path, "x", keys) == []

    def test_that_nothing_reads_is_told_to_who_looks_at_the_files(self, tmp_path: Path) -> None:
        found = told(tmp_path, "x", "params: {rack: 7, empty: ''}\n")

        sentence = "nothing that this build serves reads 'params.rack'"
        assert found == [Advice(("params", "rack"), sentence, aside=True)]

    def test_that_is_misspelt_has_a_near_name_that_was_sought_in_vain(self, tmp_path: Path) -> None:
        template = "{% if params.ssh_key %}{{ params.ssh_key }}{% endif %}{{ params.disk }}"

        found = told(tmp_path, template, "params: {ssh_kye: x, disk: /dev/vda, disc: y}\n")

        assert found == [
            Advice(("params", "disc"), "nothing that this build serves reads 'params.disc'", True),
            Advice(
                ("params", "ssh_kye"),
                "nothing that this build serves reads 'params.ssh_kye'; did you mean 'ssh_key'?",
            ),
        ]

    def test_of_a_group_or_of_the_settings_is_for_other_machines_too(self, tmp_path: Path) -> None:
        found = told(tmp_path, "x", "", "params: {rack: 7}\n", params={"mirror": "y"})

        assert found == []


NIC = "network:\n- {macaddress: '52:54:00:00:00:0b', "


class TestANic:
    def test_whose_address_nothing_reads_is_told_of_key_by_key(self, tmp_path: Path) -> None:
        keys = f"{NIC}ipaddress: 192.0.2.5, netmask: 24, gateway: 192.0.2.1, vlan_id: 7}}\n"

        (found,) = told(tmp_path, "{{ machine.network[0].macaddress }}", keys)

        listed = "ipaddress, netmask, gateway and vlan_id"
        sentence = f"nothing that this build serves reads {listed} of this NIC"
        assert found == Advice(("network", 0), sentence)

    def test_whose_first_address_alone_is_read_is_told_of_the_others(self, tmp_path: Path) -> None:
        addresses = "[{cidr: 192.0.2.5/24}, {ipaddress: 192.0.2.6, cidr: 24}, {}]"
        keys = f"{NIC}addresses4: {addresses}}}\n"

        (found,) = told(tmp_path, "{{ interfaces()[0].addresses[0].cidr }}", keys)

        sentence = "nothing that this build serves reads addresses4[1] of this NIC"
        assert found.sentence == sentence

    @pytest.mark.parametrize(
        "template",
        [
            "{{ machine.Network[0].IPAddress }}{{ machine.network[0].Netmask }}",
            "{% for nic in machine.network %}{{ nic | to_yaml }}{% endfor %}",
            "{% for nic in interfaces() %}{{ nic.addresses | to_yaml }}{% endfor %}",
        ],
    )
    def test_that_is_read_is_used(self, tmp_path: Path, template: str) -> None:
        keys = f"{NIC}ipaddress: 192.0.2.5, netmask: 24, gateway: '', tags: x}}\n"

        assert told(tmp_path, template, keys) == []


class TestTheFinishScript:
    def test_that_nothing_fetches_is_told_of(self, tmp_path: Path) -> None:
        (found,) = told(tmp_path, "x", "finish: a.j2\n")

        assert found == Advice(("finish",), "nothing that this build serves fetches 'finish'")

    @pytest.mark.parametrize(
        "template",
        [
            "{{ urls.template('finish') }}",
            "{{ BaseURL }}/template/finish/{{ Hostname }}/{{ Token }}",
            "data:;base64,{{ urls.template('finish') | b64encode }}",
        ],
    )
    def test_is_looked_for_in_all_that_is_served(self, tmp_path: Path, template: str) -> None:
        assert told(tmp_path, template, "finish: a.j2\n") == []


def test_a_build_without_templates_needs_none_of_it() -> None:
    machine = Machine(hostname="web01", params={"disk": "x"}, kernel="memtest")
    served = Served(
        machine=machine,
        base_url="",
        token="",
        texts={},
        written=frozenset({("params", "disk")}),
    )

    assert list(unused(served)) == []
