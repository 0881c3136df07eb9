"""What is read of a machine while something is rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyxie.errors import RenderError
from pyxie.render.context import template_names
from pyxie.render.reads import reading
from pyxie.render.strict import Renderer
from tests.render.site import CONTEXT, machine, settings


def reads(folder: Path, source: str, **keys: Any) -> set[str]:
    names = template_names(machine(**keys), settings(folder), CONTEXT)
    with reading() as found:
        Renderer([folder]).text("t", source, names)
    return found


class TestReads:
    @pytest.mark.parametrize(
        ("source", "paths"),
        [
            ("{{ Hostname }}", set()),
            ("{{ machine.hostname }}", {"machine.hostname"}),
            ("{{ machine.IPMI_Address }}", {"machine.ipmiaddress"}),
            ("{{ params.disk }}", {"params.disk"}),
            ("{{ params['disk'] }}", {"params.disk"}),
            ("{{ params.get('disk') }}", {"params.disk"}),
            ("{{ machine.params.disk }}", {"machine.params", "machine.params.disk"}),
            (
                "{{ job.machine.params.disk }}",
                {"job.machine", "machine.params", "machine.params.disk"},
            ),
            ("{% if params.dsik %}{% endif %}", {"params.dsik"}),
            ("{% for each in params %}{% endfor %}", {"params.disk", "params.other"}),
            ("{{ params | to_json }}", {"params.disk", "params.other"}),
            ("{% for k, v in params.items() %}{% endfor %}", {"params.disk", "params.other"}),
            ("{{ params.values() | list }}", {"params.disk", "params.other"}),
            (
                "{{ machine.network[0].IPAddress }}",
                {"machine.network", "machine.network[0].ipaddress"},
            ),
            ("{{ config.params.x }}", {"config.params", "config.params.x"}),
            ("{{ nameservers() | list }}", {"machine.params.nameservers"}),
        ],
    )
    def test_are_noted_by_their_path(self, tmp_path: Path, source: str, paths: set[str]) -> None:
        params = {"disk": "/dev/vda", "other": ""}
        names = settings(tmp_path, params={"x": "1"})
        with reading() as found:
            Renderer([tmp_path]).text(
                "t", source, template_names(machine(params=params), names, CONTEXT)
            )

        methods = {"params.get", "params.items", "params.values"}
        assert found - methods == paths

    def test_of_an_interface_are_those_of_its_keys_in_the_file(self, tmp_path: Path) -> None:
        inner = "{% for address in nic.addresses %}{{ address.cidr }}{% endfor %}"
        source = f"{{% for nic in interfaces() %}}{inner}{{% endfor %}}"

        found = reads(tmp_path, source)

        assert {each for each in found if each.startswith("machine.")} == {
            "machine.network[0].ipaddress",
            "machine.network[0].netmask",
        }

    def test_of_gateways_and_vlans_are_too(self, tmp_path: Path) -> None:
        nic = {
            "macaddress": "52:54:00:00:00:0a",
            "addresses4": [{"cidr": "192.0.2.5/24"}],
            "gateway4": "192.0.2.1",
            "vlan_id": "7",
        }

        found = reads(
            tmp_path, "{{ interfaces()[0].gateway4 }}{{ interfaces()[0].vlan }}", network=[nic]
        )

        assert {each for each in found if each.startswith("machine.")} == {
            "machine.network[0].gateway4",
            "machine.network[0].vlanid",
        }

    def test_are_noted_for_who_wants_to_know_only(self, tmp_path: Path) -> None:
        with reading() as found:
            pass

        reads(tmp_path, "{{ params.disk }}", params={"disk": "x"})

        assert found == set()


class TestWhatCannotBeSetUp:
    @pytest.mark.parametrize(
        ("source", "keys", "why"),
        [
            (
                "{{ interfaces() }}",
                {"network": [{"macaddress": "52:54:00:00:00:0a", "ipaddress": "192.0.2.5"}]},
                "t:1: interfaces: network[0]: 192.0.2.5 has no 'netmask'",
            ),
            (
                "{{ nameservers() }}",
                {"params": {"nameservers": "dns1"}},
                "t:1: params.nameservers: 'dns1' is not an IP address like 192.0.2.21",
            ),
        ],
    )
    def test_fails_the_template_that_wants_it(
        self, tmp_path: Path, source: str, keys: dict[str, Any], why: str
    ) -> None:
        with pytest.raises(RenderError) as caught:
            reads(tmp_path, source, **keys)

        assert str(caught.value) == why
