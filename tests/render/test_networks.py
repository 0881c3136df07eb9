"""What every shipped template makes of a machine's name, addresses, VLANs and name servers."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
import yaml

from pyxie.registry.machine import Machine
from pyxie.render.context import BuildContext
from pyxie.render.rendering import Rendering, kinds
from tests.needs import program
from tests.render.examples import BASE, TOKEN, config, example, names
from tests.render.judges import (
    by_a_shell,
    by_cloud_init,
    by_debconf,
    by_ignition,
    by_netplan,
    by_pykickstart,
    by_relax_ng,
    by_schema,
    judged,
)
from tests.render.test_autoyast import SPACE
from tests.render.test_shipped_templates import answers

MAC, OTHER, THIRD = "52:54:00:12:00:03", "52:54:00:12:00:04", "52:54:00:12:00:05"
INSTALLERS = [name for name in names() if name not in ("rescue", "proxmox")]
BY_NETCFG = ["debian12", "ubuntu20", "rescue"]

Nics = list[dict[str, Any]]

OLD: Nics = [
    {
        "name": "lan",
        "macaddress": MAC,
        "ipaddress": "192.0.2.23",
        "netmask": "255.255.255.0",
        "gateway": "192.0.2.1",
    },
    {"macaddress": OTHER, "ipaddress": "198.51.100.5/25"},
]
"""As waitron 1 has it."""
NEW: Nics = [
    {
        "name": "lan",
        "macaddress": MAC,
        "addresses4": [{"ipaddress": "192.0.2.23", "cidr": "192.0.2.23/24"}],
        "addresses6": [{"cidr": "2001:db8::23/64"}],
        "gateway4": "192.0.2.1",
        "gateway6": "2001:db8::1",
    },
    {
        "name": "store",
        "macaddress": OTHER,
        "addresses4": [{"ipaddress": "198.51.100.5", "netmask": "255.255.255.128"}],
        "vlan_id": "7",
    },
    {"name": "spare", "macaddress": THIRD},
]
"""As waitron 2 and 3 have it, with a VLAN, and a NIC that nothing is said of."""
TRUNK: Nics = [
    {"macaddress": MAC, "vlan_id": "7"},
    {"macaddress": MAC, "vlan_id": "8", "addresses6": [{"cidr": "2001:db8::23/64"}]},
]
NETWORKS: dict[str, Nics] = {
    "one": [{"macaddress": MAC}],
    "several": [{"macaddress": MAC}, {"name": "lan", "macaddress": OTHER}],
    "none": [],
    "old": OLD,
    "new": NEW,
    "trunk": TRUNK,
    "six": [{"macaddress": MAC, "addresses6": [{"cidr": "2001:db8::23/64"}]}],
    "single": [{"macaddress": MAC, "ipaddress": "192.0.2.23/32", "gateway": "198.51.100.1"}],
    "named": [{"name": "ens3", "ipaddress": "192.0.2.23/24"}],
}


def host(name: str, network: Nics, **params: str) -> Machine:
    """Return an example with another network, which is recognised by its serial number."""
    plain = example(name, **({"nameservers": ""} | params)).model_dump()
    return Machine.model_validate(plain | {"network": network, "match": {"serial": "VM-17"}})


def seen(mac: str) -> BuildContext:
    return BuildContext(base_url=BASE, token=TOKEN, mac=mac)


def template(machine: Machine, kind: str = "preseed", mac: str = MAC) -> str:
    return Rendering(config()).template(machine, kind, seen(mac))


def cmdline(machine: Machine, mac: str = MAC) -> str:
    return Rendering(config()).boot(machine, seen(mac)).cmdline


def everything(machine: Machine, mac: str = MAC) -> str:
    """Return all that a machine gets, with what stands in it in base64."""
    told = cmdline(machine, mac) + "".join(template(machine, kind, mac) for kind in kinds(machine))
    hidden = re.findall(r"base64(?:,|://)([A-Za-z0-9+/=]+)", told)
    return told + "".join(base64.b64decode(each).decode() for each in hidden)


def complaints(name: str, machine: Machine, mac: str, folder: Path) -> list[object]:
    """Return what the formats' own judges have against an example."""

    def text(kind: str = "preseed") -> str:
        return template(machine, kind, mac)

    if name in BY_NETCFG:
        commands = [v for k, v in answers(text()).items() if k.endswith("_command")]
        return [by_debconf(text(), folder)[1], *(by_a_shell(f"{each}\n") for each in commands)]
    if name in ("fedora", "rocky"):
        code, said = by_pykickstart("F42" if name == "fedora" else "RHEL9", text(), folder)
        # A NIC has a line for each of its VLANs, of which ksvalidator warns.
        return [said] if code and "has already been defined" not in said else []
    if name == "suse":
        return [by_relax_ng(text())[1].replace("- validates\n", "")]
    if name == "proxmox":
        return [by_schema("proxmox-answer.schema.json", tomllib.loads(text("answer")))]
    if name == "alpine":
        return [by_a_shell(text("answers"), "SC2034", "SC2154", "SC2016")]
    if name == "flatcar":
        found = [text("target"), template(with_coreos(machine), "target", mac)]
        schema = [by_schema("ignition.schema.json", json.loads(each)) for each in found]
        return [*(by_ignition(each, folder)[1] for each in found), *schema]
    user_data = text("user-data")
    autoinstall = yaml.safe_load(user_data)["autoinstall"]
    valid = by_cloud_init(user_data, folder) == (0, "Valid cloud-config: FILE\n")
    by_us = by_schema("autoinstall.schema.json", autoinstall)
    made = by_netplan(text("network-config"), folder)
    return ["" if valid else "cloud-init", by_us, "" if "ethernets" in made else str(made)]


def with_coreos(machine: Machine) -> Machine:
    return machine.model_copy(update={"params": machine.params | {"installer": "coreos"}})


@pytest.mark.parametrize(
    ("network", "mac"), [*((network, MAC) for network in NETWORKS), ("none", ""), ("named", "")]
)
@pytest.mark.parametrize("name", names())
class TestWhatIsServed:
    def test_is_sound_by_its_formats_judge_whatever_nics_there_are(
        self, tmp_path: Path, name: str, network: str, mac: str
    ) -> None:
        """A machine that is known by `match` may have none in its file; a rehearsal has no MAC."""
        machine = host(name, NETWORKS[network], nameservers="192.0.2.1" if network == "new" else "")

        assert [said for said in complaints(name, machine, mac, tmp_path) if said] == []


@pytest.mark.parametrize("name", INSTALLERS)
class TestAnInstaller:
    @pytest.mark.parametrize("network", ["old", "new"])
    def test_gets_all_addresses_of_either_spelling(self, name: str, network: str) -> None:
        machine = host(name, NETWORKS[network], nameservers="192.0.2.53, 2001:db8::53")

        for told in (everything(machine), everything(with_coreos(machine))):
            wanted = ["192.0.2.23", "198.51.100.5", "192.0.2.1", "192.0.2.53"]
            if network == "new":
                wanted += ["2001:db8::23", "2001:db8::1", "2001:db8::53"]
            assert [each for each in wanted if not re.search(rf"\b{each}\b", told)] == []
            assert re.search(r"/24\b|255\.255\.255\.0|>24<", told)
            assert re.search(r"/25\b|255\.255\.255\.128|>25<", told)

    def test_gets_the_vlan(self, name: str) -> None:
        told = everything(host(name, NEW))

        assert re.search(r"--vlanid=7\b|\.7\b|\bid: 7\b|<vlan_id>7<|^Id=7$", told, re.MULTILINE)

    def test_of_a_machine_without_an_address_has_none(self, name: str) -> None:
        told = everything(host(name, [{"macaddress": MAC}]))

        assert not re.search(
            r"addresses: \[|bootproto=static|inet6? static|<ipaddr>|Address=", told
        )
        assert "netcfg/get_ipaddress" not in told

    def test_is_told_the_name_whatever_dhcp_says(self, name: str) -> None:
        machine = host(name, [{"macaddress": MAC}])
        told = everything(machine)

        words = {
            "debian12": "echo debian12 > /etc/hostname",
            "ubuntu20": "echo ubuntu20 > /etc/hostname",
            # Anaconda: what is written there is the static name, which NetworkManager keeps.
            "fedora": "\nnetwork --hostname=fedora.example.org\n",
            "rocky": "\nnetwork --hostname=rocky.example.org\n",
            "suse": '<dhcp_hostname config:type="boolean">false</dhcp_hostname>',
            "alpine": "\nHOSTNAMEOPTS=alpine.example.org\n",
            "flatcar": "data:,flatcar.example.org%0A",
            "ubuntu24": "dhcp4-overrides: {use-hostname: false}",
        }
        assert words[name] in told


class TestIPv6Alone:
    """Whoever booted over IPv4 has its installer's files, and pyxie, over IPv4 as well."""

    @pytest.mark.parametrize(
        ("name", "kind", "words"),
        [
            (
                "debian12",
                "preseed",
                'inet6 static" \'    address 2001:db8::23/64\' "iface $dev inet dhcp"',
            ),
            (
                "alpine",
                "answers",
                'inet6 static" \'    address 2001:db8::23/64\' "iface $dev inet dhcp"',
            ),
            ("fedora", "preseed", "--activate --bootproto=dhcp --ipv6=2001:db8::23/64"),
            ("ubuntu24", "network-config", "    dhcp4: true\n"),
            ("suse", "preseed", "<bootproto>dhcp4</bootproto>"),
        ],
    )
    def test_leaves_dhcp_for_ipv4_to_the_nic_that_booted(
        self, name: str, kind: str, words: str
    ) -> None:
        assert words in template(host(name, NETWORKS["six"]), kind)

    def test_has_none_on_a_vlan(self) -> None:
        made = yaml.safe_load(template(host("ubuntu24", TRUNK), "network-config"))["vlans"]

        assert {name: each.get("dhcp4") for name, each in made.items()} == {
            "vlan7": True,
            "vlan8": None,
        }


@pytest.mark.parametrize("name", BY_NETCFG)
class TestTheCommandLineOfDebiansInstaller:
    """Its netcfg runs before the preseed is there, so only the command line is obeyed by it."""

    def test_names_the_machine_so_that_dhcp_does_not(self, name: str) -> None:
        words = cmdline(host(name, [{"macaddress": MAC}])).split()

        assert f"netcfg/hostname={name}.example.org" in words
        assert f"hostname={name}" in words
        assert "domain=example.org" in words

    def test_has_the_address_of_the_nic_that_boots(self, name: str) -> None:
        machine = host(name, OLD, nameservers="192.0.2.53 192.0.2.54")

        first, second = cmdline(machine), cmdline(machine, OTHER)

        assert (
            "netcfg/disable_autoconfig=true netcfg/get_ipaddress=192.0.2.23/24"
            " netcfg/get_netmask=255.255.255.0 netcfg/get_gateway=192.0.2.1"
            ' netcfg/get_nameservers="192.0.2.53 192.0.2.54" netcfg/confirm_static=true'
        ) in first
        assert "netcfg/get_ipaddress=198.51.100.5/25" in second
        assert "netcfg/get_gateway=none" in second

    @pytest.mark.parametrize("network", ["one", "trunk", "single", "none", "six"])
    def test_leaves_it_to_dhcp_where_netcfg_could_not_set_it_up(
        self, name: str, network: str
    ) -> None:
        assert "netcfg/get_ipaddress" not in cmdline(host(name, NETWORKS[network]))

    def test_is_short_enough_for_the_kernel(self, name: str) -> None:
        long = host(name, NEW, nameservers=" ".join(["2001:db8:1111:2222:3333:4444:5555:6666"] * 3))

        assert len(cmdline(long)) < 1024


def interfaces(folder: Path, commands: str, cards: dict[str, str]) -> str:
    """Run what prints /etc/network/interfaces, with these cards in the machine."""
    for card, mac in cards.items():
        (folder / "net" / card).mkdir(parents=True)
        (folder / "net" / card / "address").write_text(f"{mac}\n")
    busybox = program("busybox", "busybox-static")
    script = "disk=/dev/vda\n" + commands.replace("/sys/class/net", f"{folder}/net")
    code, said = judged([busybox, "sh", "-c", script])
    assert code == 0, said
    return said


CARDS = {"ens3": MAC, "ens4": OTHER, "lo": "00:00:00:00:00:00"}
IFUPDOWN = """\
auto lo
iface lo inet loopback

auto ens3
iface ens3 inet static
    address 192.0.2.23/24
    gateway 192.0.2.1
iface ens3 inet6 static
    address 2001:db8::23/64
    gateway 2001:db8::1

auto ens4
iface ens4 inet manual

auto ens4.7
iface ens4.7 inet static
    address 198.51.100.5/25
    vlan-raw-device ens4
"""


class TestIfupdown:
    """Debian's and Alpine's; a card is looked up by its MAC in the installer."""

    def test_of_alpine_is_told_all_of_it(self, tmp_path: Path) -> None:
        text = template(host("alpine", NEW, nameservers="192.0.2.53"), "answers")

        printed = interfaces(
            tmp_path, f'{text}\nprintf "%s\\n" "$INTERFACESOPTS" "$DNSOPTS"', CARDS
        )

        assert printed == f"{IFUPDOWN}-d example.org 192.0.2.53\n"

    def test_of_debian_is_told_the_same_in_the_new_system(self, tmp_path: Path) -> None:
        late = answers(template(host("debian12", NEW)))["preseed/late_command"]
        (tmp_path / "etc/network").mkdir(parents=True)
        laid, _, _ = late.partition(" && ")

        interfaces(tmp_path, laid.replace("/target", str(tmp_path)), CARDS)

        assert (tmp_path / "etc/network/interfaces").read_text() == IFUPDOWN

    def test_needs_the_package_for_vlans(self) -> None:
        found = answers(template(host("debian12", NEW, packages="vim")))
        without = answers(template(host("debian12", OLD, packages="vim")))

        assert found["pkgsel/include"] == "vim vlan"
        assert without["pkgsel/include"] == "vim"

    def test_has_no_card_that_is_not_in_the_machine(self, tmp_path: Path) -> None:
        text = template(host("alpine", OLD), "answers")

        printed = interfaces(tmp_path, f'{text}\necho "$INTERFACESOPTS"', {"eth0": MAC})

        assert "eth0" in printed
        assert "198.51.100.5" not in printed

    def test_has_name_servers_of_its_own_beside_dhcp(self) -> None:
        machine = host("debian12", [{"macaddress": MAC}], nameservers="192.0.2.53 2001:db8::53")

        late = answers(template(machine))["preseed/late_command"]

        assert "echo 'supersede domain-name-servers 192.0.2.53;' >> /target/etc/dhcp/" in late


class TestDebiansNames:
    def test_are_laid_before_they_are_copied_into_the_new_system(self, tmp_path: Path) -> None:
        """base-installer copies the installer's own files (netcfg: base-installer.d/40netcfg)."""
        early = answers(template(host("debian12", OLD)))["preseed/early_command"]
        (tmp_path / "etc").mkdir()
        script = f"hostname() {{ echo named $1; }}; {early}".replace("/etc/", f"{tmp_path}/etc/")

        assert judged(["sh", "-c", script]) == (0, "named debian12\n")

        assert (tmp_path / "etc/hostname").read_text() == "debian12\n"
        assert (tmp_path / "etc/hosts").read_text().splitlines()[:2] == [
            "127.0.0.1 localhost",
            "192.0.2.23 debian12.example.org debian12",
        ]


class TestNetplan:
    def test_matches_the_nic_that_booted_where_the_file_has_none(self) -> None:
        machine = host("ubuntu24", [])

        booted = yaml.safe_load(template(machine, "network-config"))
        rehearsed = yaml.safe_load(template(machine, "network-config", mac=""))

        own = {"dhcp4": True, "dhcp4-overrides": {"use-hostname": False}}
        assert booted["ethernets"] == {"nic0": {"match": {"macaddress": MAC}, **own}}
        assert rehearsed["ethernets"] == {"any": {"match": {"name": "e*"}, **own}}

    def test_has_routes_of_both_versions_and_vlans(self, tmp_path: Path) -> None:
        machine = host("ubuntu24", NEW, nameservers="192.0.2.53")

        made = by_netplan(template(machine, "network-config"), tmp_path)

        dns = {"addresses": ["192.0.2.53"], "search": ["example.org"]}
        assert made["ethernets"]["lan"] == {
            "match": {"macaddress": MAC},
            "addresses": ["192.0.2.23/24", "2001:db8::23/64"],
            "routes": [
                {"to": "0.0.0.0/0", "via": "192.0.2.1"},
                {"to": "::/0", "via": "2001:db8::1"},
            ],
            "nameservers": dns,
        }
        assert made["vlans"]["vlan7"] == {
            "id": 7,
            "link": "store",
            "addresses": ["198.51.100.5/25"],
            "nameservers": dns,
        }

    def test_of_the_older_installer_is_laid_whole(self, tmp_path: Path) -> None:
        late = answers(template(host("ubuntu20", NEW)))["preseed/late_command"]
        (tmp_path / "etc/netplan").mkdir(parents=True)
        laid, _, _ = late.partition(" && ")

        assert judged(["sh", "-c", laid.replace("/target", str(tmp_path))]) == (0, "")

        made = yaml.safe_load((tmp_path / "etc/netplan/01-netcfg.yaml").read_text())["network"]
        assert made == yaml.safe_load(template(host("ubuntu24", NEW), "network-config"))

    def test_reaches_a_router_outside_the_network_of_a_single_address(self) -> None:
        found = yaml.safe_load(template(host("ubuntu24", NETWORKS["single"]), "network-config"))

        assert found["ethernets"]["nic0"]["routes"] == [
            {"to": "0.0.0.0/0", "via": "198.51.100.1", "on-link": True}
        ]


class TestKickstarts:
    def test_have_a_line_for_each_nic_that_has_an_address(self) -> None:
        text = template(host("rocky", [*reversed(NEW[:2]), NEW[2]], nameservers="192.0.2.53"))

        assert re.findall("^network .*$", text, re.MULTILINE) == [
            "network --hostname=rocky.example.org",
            (
                f"network --device={MAC} --onboot=yes --activate --bootproto=static"
                " --ip=192.0.2.23 --netmask=255.255.255.0 --gateway=192.0.2.1"
                " --ipv6=2001:db8::23/64 --ipv6gateway=2001:db8::1 --nameserver=192.0.2.53"
            ),
            (
                f"network --device={OTHER} --onboot=yes --no-activate --bootproto=static"
                " --ip=198.51.100.5 --netmask=255.255.255.128 --nameserver=192.0.2.53"
                " --vlanid=7 --interfacename=vlan7"
            ),
        ]


class TestAutoyast:
    def test_names_nics_by_their_mac_and_has_vlans_and_routes(self) -> None:
        root = ElementTree.fromstring(template(host("suse", NEW)))

        def all_of(name: str, *wanted: str) -> list[tuple[str | None, ...]]:
            return [
                tuple(each.findtext(f"{SPACE}{key}") for key in wanted)
                for each in root.iter(f"{SPACE}{name}")
            ]

        assert ("lan", "ATTR{address}", MAC) in all_of("rule", "name", "rule", "value")
        assert all_of("interface", "device", "bootproto", "ipaddr", "vlan_id", "etherdevice") == [
            ("lan", "static", "192.0.2.23", None, None),
            ("store", "none", None, None, None),
            ("vlan7", "static", "198.51.100.5", "7", "store"),
            ("spare", "dhcp4", None, None, None),
        ]
        assert all_of("route", "destination", "gateway", "device") == [
            ("default", "192.0.2.1", "lan"),
            ("default", "2001:db8::1", "lan"),
        ]


def files(machine: Machine) -> dict[str, str]:
    """Return the files that Ignition writes, without the folders."""
    found = json.loads(template(machine, "target"))["storage"]["files"]
    return {
        Path(each["path"]).name: base64.b64decode(source.partition(",")[2]).decode()
        if "base64," in (source := each["contents"]["source"])
        else unquote(source.partition(",")[2])
        for each in found
    }


class TestIgnition:
    def test_writes_units_for_flatcar(self) -> None:
        found = files(host("flatcar", NEW, nameservers="192.0.2.53"))

        assert list(found) == [
            "hostname",
            "10-lan.network",
            "10-store.network",
            "20-vlan7.netdev",
            "20-vlan7.network",
        ]
        assert found["10-lan.network"] == (
            f"[Match]\nMACAddress={MAC}\nType=ether\n\n"
            "[Network]\nAddress=192.0.2.23/24\nAddress=2001:db8::23/64\n"
            "DNS=192.0.2.53\nDomains=example.org\n\n"
            "[Route]\nGateway=192.0.2.1\n\n[Route]\nGateway=2001:db8::1\n"
        )
        assert found["10-store.network"] == (
            f"[Match]\nMACAddress={OTHER}\nType=ether\n\n"
            "[Network]\nLinkLocalAddressing=no\nVLAN=vlan7\n"
        )
        assert found["20-vlan7.netdev"] == "[NetDev]\nName=vlan7\nKind=vlan\n\n[VLAN]\nId=7\n"

    def test_writes_keyfiles_for_coreos(self) -> None:
        machine = host("flatcar", NEW, nameservers="192.0.2.53", installer="coreos")
        found = files(machine)

        assert list(found) == ["hostname", "lan.nmconnection", "vlan7.nmconnection"]
        assert found["lan.nmconnection"] == (
            "[connection]\nid=lan\ntype=ethernet\n\n"
            f"[ethernet]\nmac-address={MAC.upper()}\n\n"
            "[ipv4]\nmethod=manual\naddress1=192.0.2.23/24\ngateway=192.0.2.1\n"
            "dns=192.0.2.53;\nignore-auto-dns=true\ndns-search=example.org;\n\n"
            "[ipv6]\nmethod=manual\naddress1=2001:db8::23/64\ngateway=2001:db8::1\n"
            "ignore-auto-dns=true\ndns-search=example.org;\n"
        )
        assert "[vlan]\nid=7\n" in found["vlan7.nmconnection"]
        keyfiles = json.loads(template(machine, "target"))["storage"]["files"][1:]
        assert {each["mode"] for each in keyfiles} == {0o600}  # else NetworkManager ignores them
