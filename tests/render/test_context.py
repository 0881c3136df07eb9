"""The names that templates see, in waitron's spellings and in plain ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pyxie.errors import RenderError
from pyxie.render.context import BuildContext, template_names
from pyxie.render.strict import Renderer
from tests.render.site import CONTEXT, machine, settings


def render(folder: Path, source: str) -> str:
    host = machine(
        operatingsystem="Debian 12",
        preseed="p.j2",
        params={"static": "True", "disk": "/dev/vda"},
        cmdline="own",
        ipmi_address="192.0.2.99",
        templates={"user-data": "u.j2"},
        network=[
            {
                "name": "eth0",
                "macaddress": "52:54:00:00:00:0a",
                "ipaddress": "192.0.2.10",
                "zside_device_port": "swp7",
            },
            {"name": "eth1", "macaddress": "52:54:00:00:00:0b"},
        ],
    )
    shared = settings(
        folder,
        params={"mirror": "deb.example", "disk": "/dev/sda"},
        cmdline="all",
        kernel="linux",
        image_url="http://mirror.example/d-i/",
    )
    return Renderer([]).text("t", source, template_names(host, shared, CONTEXT))


class TestNames:
    @pytest.mark.parametrize(
        ("names", "value"),
        [
            ("Hostname hostname machine.Hostname machine.hostname", "web01.example.org"),
            ("machine.ShortName machine.shortname machine.Shortname machine.short_name", "web01"),
            ("machine.Domain machine.domain", "example.org"),
            ("machine.OperatingSystem machine.operatingsystem", "Debian 12"),
            ("machine.Preseed machine.preseed", "p.j2"),
            ("machine.Cmdline machine.cmdline", "own"),
            ("Token token machine.Token machine.token", "0-t0ken"),
            (
                (
                    "BaseURL baseurl base_url config.BaseURL config.BaseUrl config.baseurl "
                    "config.base_url machine.BaseURL"
                ),
                "http://192.0.2.1:8090",
            ),
            ("MAC mac machine.MAC", "52:54:00:00:00:0b"),
            ("BOOTIF bootif machine.bootif", "01-52-54-00-00-00-0b"),
            ("machine.Params.static machine.params.static params.static", "True"),
            ("config.Params.mirror config.params.mirror", "deb.example"),
            ("machine.Params.disk params.disk", "/dev/vda"),
            ("config.Params.disk config.params.disk", "/dev/sda"),
            (
                (
                    "machine.Network.0.MacAddress machine.network.0.macaddress "
                    "machine.network[0].macaddress machine.network[0].mac_address"
                ),
                "52:54:00:00:00:0a",
            ),
            ("machine.Network.0.IpAddress machine.network[0].ipaddress", "192.0.2.10"),
            ("machine.Network.1.Name", "eth1"),
            ("config.DefaultKernel config.default_kernel config.kernel", "linux"),
            ("config.DefaultImageURL config.image_url", "http://mirror.example/d-i/"),
            (
                "urls.done urls.Done",
                "http://192.0.2.1:8090/done/web01.example.org/0-t0ken",
            ),
            ("urls.failed", "http://192.0.2.1:8090/failed/web01.example.org/0-t0ken"),
            ("urls.cancel", "http://192.0.2.1:8090/cancel/web01.example.org/0-t0ken"),
            ("urls.seed", "http://192.0.2.1:8090/seed/web01.example.org/0-t0ken/"),
            ("urls.base", "http://192.0.2.1:8090"),
            (
                "urls.template('preseed') urls.template('pre'~'seed')",
                "http://192.0.2.1:8090/template/preseed/web01.example.org/0-t0ken",
            ),
            (
                "urls.template('user-data')",
                "http://192.0.2.1:8090/template/user-data/web01.example.org/0-t0ken",
            ),
            ("job.Token job.token", "0-t0ken"),
            ("job.TriggerMacRaw", "52:54:00:00:00:0b"),
            ("job.TriggerMacNormalized job.trigger_mac_normalized", "52540000000b"),
            ("job.Machine.Hostname job.machine.hostname", "web01.example.org"),
            ("machine.IpmiAddressRaw machine.ipmi_address", "192.0.2.99"),
            ("machine.Network.0.ZSideDeviceInterface", "swp7"),
            ("config.DefaultCmdline config.cmdline", "all"),
        ],
    )
    def test_answer_to_every_spelling(self, tmp_path: Path, names: str, value: str) -> None:
        for name in names.split():
            assert (name, render(tmp_path, f"{{{{ {name} }}}}")) == (name, value)

    def test_params_answer_to_their_own_spelling_only(self, tmp_path: Path) -> None:
        with pytest.raises(RenderError) as caught:
            render(tmp_path, "{{ machine.Params.Static }}")

        assert str(caught.value) == "t:1: 'machine.params.Static' is undefined"

    @pytest.mark.parametrize(
        ("source", "name"),
        [
            ("{{ machine.nope }}", "machine.nope"),
            ("{{ config.nope }}", "config.nope"),
            ("{{ machine.params.nope }}", "machine.params.nope"),
            ("{{ config.Params.nope }}", "config.params.nope"),
            ("{{ params.nope }}", "params.nope"),
            ("{{ machine.network[1].nope }}", "machine.network[1].nope"),
            ("{{ config.tokens }}", "config.tokens"),
            ("{{ config.api }}", "config.api"),
        ],
    )
    def test_that_are_not_there_are_named_with_the_way_to_them(
        self, tmp_path: Path, source: str, name: str
    ) -> None:
        with pytest.raises(RenderError) as caught:
            render(tmp_path, source)

        assert str(caught.value) == f"t:1: '{name}' is undefined"

    def test_of_a_job_tell_of_the_build(self, tmp_path: Path) -> None:
        """Waitron 3's: Start Status StatusReason BuildTypeName."""
        context = replace(
            CONTEXT, build_type="rescue", begun=86_400.5, state="installing", reason="booting"
        )
        names = template_names(machine(build_type="install"), settings(tmp_path), context)
        source = (
            "{{ job.Start }} {{ job.Status }} {{ job.StatusReason }} {{ job.BuildTypeName }} "
            "{{ machine.BuildTypeName }} {{ machine.build_type }}"
        )

        assert Renderer([]).text("t", source, names) == (
            "1970-01-02T00:00:00Z installing booting rescue rescue rescue"
        )

    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            (
                "{{ urls.template('finish') }}",
                (
                    "t:1: urls.template: asks for the template 'finish', and web01.example.org "
                    "has none: set 'finish', or build a type that has it"
                ),
            ),
            (
                "{{ urls.template('usr-data') }}",
                (
                    "t:1: urls.template: asks for the template 'usr-data', and web01.example.org "
                    "has none: set 'templates: {usr-data: …}', or build a type that has it"
                ),
            ),
            ("{{ urls.template(nope) }}", "t:1: 'nope' is undefined"),
            (
                "{{ urls.template }}",
                "t:1: a function cannot be printed; call it, with () after it",
            ),
            ("{{ urls.nope }}", "t:1: 'urls.nope' is undefined"),
        ],
    )
    def test_of_urls_are_those_of_what_is_there(
        self, tmp_path: Path, source: str, sentence: str
    ) -> None:
        with pytest.raises(RenderError) as caught:
            render(tmp_path, source)

        assert str(caught.value) == sentence

    def test_what_is_not_written_is_the_empty_text(self, tmp_path: Path) -> None:
        source = "[{{ machine.finish }}{{ machine.network[1].ipaddress }}{{ config.staticspath }}]"

        assert render(tmp_path, source) == "[]"

    def test_waitrons_own_test_of_a_param_holds(self, tmp_path: Path) -> None:
        source = '{% if machine.Params.static == "True" %}static{% else %}dhcp{% endif %}'

        assert render(tmp_path, source) == "static"

    def test_a_machine_without_a_nic_has_no_bootif(self) -> None:
        assert BuildContext(base_url="", token="", mac="").bootif == ""
