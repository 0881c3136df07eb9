"""Who gets which boot loader: what the layers of its machine say under ``loader``."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from pyxie.builds.definitions import Definitions
from pyxie.builds.life import Build, State
from pyxie.config.settings import load_marked
from pyxie.loaders.choosing import Leaning, LoaderChoice
from pyxie.loaders.folders import Loaders
from pyxie.loaders.lanes import Lane, SecureBoot, WhyNot
from pyxie.loaders.securestates import SecureStates
from pyxie.recognition.recognise import (
    Ambiguous,
    Known,
    Mode,
    Policy,
    Recognised,
    Unidentified,
    Unknown,
)
from pyxie.registry.define import common
from pyxie.registry.folder import Folder
from tests.loaders.programs import X64

HOST, MAC = "web01.example.org", "52:54:00:ab:cd:ef"
OURS, THEIRS = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
NAMES = (
    "shimx64.efi",
    "grubx64.efi",
    "snponly.efi",
    "usual.efi",
    "typed.efi",
    "grouped.efi",
    "own.efi",
    "called.efi",
)
BUILD = Build(
    host=HOST,
    token="t",
    state=State.INSTALLING,
    begun=0.0,
    changed=0.0,
    macs=(),
    definition="{}",
)


def choosing(
    folder: Path,
    config: str = "",
    machine: str = "",
    group: str = "",
    *,
    server: IPv4Address | None = None,
    off: bool = False,
) -> LoaderChoice:
    """Return it for a site that says so much in each file.

    Its machine's DHCP server gives it ``server``, and its Secure Boot is known to be ``off``.
    """
    for name in ("ipxe", "machines", "groups"):
        (folder / name).mkdir()
    for name in NAMES:
        (folder / "ipxe" / name).write_bytes(X64)
    (folder / "config.yaml").write_text(config)
    (folder / f"machines/{HOST}.yaml").write_text(f"groups: web\n{machine}")
    (folder / "groups/web.yaml").write_text(group)
    settings, document = load_marked(folder / "config.yaml")
    registry = Folder(
        settings.machinepath, shared=common(settings, document), groups=settings.grouppath
    ).scan()
    assert not registry.problems
    loaders = Loaders(lambda: settings.ipxe, ())
    states = SecureStates(lambda _: True, lambda: 0.0)
    if off:
        states.learn(MAC, SecureBoot.OFF, "GRUB")
    return LoaderChoice(
        loaders,
        Definitions(lambda: registry),
        lambda: settings,
        states,
        boot_server={MAC: server}.get,
        is_own=lambda address: address == OURS,
    )


def known(build: Build = BUILD) -> Known:
    return Known(build.host, Mode.IN_BUILD, build)


def loader(choice: LoaderChoice, client: Recognised) -> str | None:
    return choice.of(client, MAC).by_architecture.get(0x07)


TYPES = "build_types: {rescue: {loader: typed.efi}}\n"


@pytest.mark.parametrize(
    ("config", "group", "machine", "body", "asked", "gets"),
    [
        ("", "", "", "", "", "snponly.efi"),
        ("loader: usual.efi\n", "", "", "", "", "usual.efi"),
        (f"loader: usual.efi\n{TYPES}", "", "build_type: rescue\n", "", "", "typed.efi"),
        (TYPES, "loader: grouped.efi\n", "build_type: rescue\n", "", "", "grouped.efi"),
        (TYPES, "loader: grouped.efi\n", "loader: own.efi\n", "", "", "own.efi"),
        (TYPES, "", "loader: own.efi\n", "", "rescue", "typed.efi"),
        (TYPES, "", "loader: own.efi\n", "loader: called.efi", "rescue", "called.efi"),
        ("loader: usual.efi\n", "", "loader: null\n", "", "", "snponly.efi"),
        ("loader: usual.efi\n", "", "loader: {x64 UEFI: own.efi}\n", "", "", "own.efi"),
    ],
)
def test_the_last_of_the_layers_that_says_something_counts(
    tmp_path: Path, config: str, group: str, machine: str, body: str, asked: str, gets: str | None
) -> None:
    choice = choosing(tmp_path, config, machine, group)

    assert loader(choice, known(replace(BUILD, build_type=asked, body=body))) == gets


@pytest.mark.parametrize(
    ("client", "gets"),
    [
        (Unknown(Policy.BUILD_TYPE, "rescue"), "typed.efi"),
        (Unknown(Policy.BUILD_TYPE, "plain"), "usual.efi"),
        (Unknown(Policy.MENU, "rescue"), "typed.efi"),
        (Unknown(Policy.MENU), "usual.efi"),
        (Unknown(Policy.DISCOVER), "usual.efi"),
        (Unknown(Policy.BOOT_API), "usual.efi"),
        (Ambiguous(HOST), "usual.efi"),
        (Unidentified(Mode.IN_BUILD, Unknown(Policy.IGNORE)), "usual.efi"),
        (Unidentified(Mode.IN_BUILD, Unknown(Policy.BUILD_TYPE, "rescue")), "typed.efi"),
        (Unidentified(Mode.IN_BUILD, known()), "own.efi"),
    ],
)
def test_a_client_without_a_machine_of_its_own_gets_what_its_build_type_or_the_settings_say(
    tmp_path: Path, client: Recognised, gets: str
) -> None:
    config = "loader: usual.efi\nbuild_types: {plain: {}, rescue: {loader: typed.efi}}\n"
    choice = choosing(tmp_path, config, "loader: own.efi\n")

    assert loader(choice, client) == gets


def test_no_file_is_looked_at_for_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = choosing(tmp_path, "", "loader: own.efi\n")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a DHCP answer waits for this")

    for name in ("open", "stat", "scandir"):
        monkeypatch.setattr(f"os.{name}", refuse)
    monkeypatch.setattr("builtins.open", refuse)

    assert loader(choice, known()) == "own.efi"


class TestLanes:
    @pytest.mark.parametrize(
        ("config", "group", "machine", "body", "asked", "gets"),
        [
            ("secure_boot: always\n", "", "", "", "", "shimx64.efi"),
            ("secure_boot: always\n", "secure_boot: never\n", "", "", "", "snponly.efi"),
            ("", "secure_boot: never\n", "secure_boot: always\n", "", "", "shimx64.efi"),
            ("", "", "secure_boot: always\n", "secure_boot: never", "", "snponly.efi"),
            ("build_types: {rescue: {secure_boot: always}}\n", "", "", "", "rescue", "shimx64.efi"),
            ("secure_boot: always\n", "", "secure_boot: null\n", "", "", "snponly.efi"),
        ],
    )
    def test_are_as_the_last_of_the_layers_says(
        self,
        tmp_path: Path,
        config: str,
        group: str,
        machine: str,
        body: str,
        asked: str,
        gets: str,
    ) -> None:
        choice = choosing(tmp_path, config, machine, group)

        assert loader(choice, known(replace(BUILD, build_type=asked, body=body))) == gets

    @pytest.mark.parametrize(
        ("server", "off", "gets", "why"),
        [
            (OURS, False, "shimx64.efi", None),
            (OURS, True, "snponly.efi", WhyNot.SWITCHED_OFF),
            (THEIRS, False, "snponly.efi", WhyNot.SERVER_ELSEWHERE),
            (None, False, "snponly.efi", WhyNot.SERVER_UNKNOWN),
        ],
    )
    def test_are_by_the_clients_own_dhcp_server_and_by_its_secure_boot(
        self,
        tmp_path: Path,
        server: IPv4Address | None,
        off: bool,
        gets: str,
        why: WhyNot | None,
    ) -> None:
        choice = choosing(tmp_path, server=server, off=off).of(known(), MAC)

        assert choice.by_architecture[0x07] == gets
        assert choice.by_architecture[0x10] == "snponly.efi"
        assert choice.chains[0x07].lane is (Lane.IPXE if why else Lane.GRUB)
        assert choice.chains[0x07].why_not.get(Lane.GRUB) is why
        assert choice.chains[0x0B].why_not[Lane.GRUB] is WhyNot.NOT_THERE

    @pytest.mark.parametrize(
        ("system", "wish", "gets"),
        [
            ("Fedora 43", "always", "own/BOOTX64.EFI"),
            ("Fedora 43", "auto", "snponly.efi"),
            ("Debian 12", "always", "shimx64.efi"),
        ],
    )
    def test_have_the_systems_own_shim_where_debians_does_not_do(
        self, tmp_path: Path, system: str, wish: str, gets: str
    ) -> None:
        machine = (
            f"operatingsystem: {system}\nsecure_boot: {wish}\n"
            "shim: EFI/BOOT/BOOTX64.EFI\ngrub: EFI/BOOT/grubx64.efi\n"
        )
        choice = choosing(tmp_path, "", machine).of(known(), MAC)

        assert choice.by_architecture[0x07] == gets
        assert choice.by_architecture[0x10] == "snponly.efi"
        assert choice.chains[0x10].why_not[Lane.OWN] is WhyNot.OVER_HTTP
        assert choice.chains[0x0B].why_not[Lane.OWN] is WhyNot.NOT_THERE

    @pytest.mark.parametrize("ipxe", [False, True])
    def test_begin_with_a_signed_ipxe_for_firmware_and_not_for_an_ipxe(
        self, tmp_path: Path, ipxe: bool
    ) -> None:
        """It might not tell a shim where that came from."""
        choice = choosing(tmp_path)
        for name in ("snponly-shim.efi", "ipxe.efi"):
            (tmp_path / "ipxe" / name).write_bytes(X64)
        choice._loaders.refresh()

        found = choice.over_dhcp(known(), MAC, ipxe=ipxe).by_architecture

        signed = "snponly-shim.efi"
        assert (found[0x07], found[0x10]) == (("ipxe.efi",) * 2 if ipxe else (signed, signed))

    def test_are_not_for_one_that_is_an_ipxe_already(self, tmp_path: Path) -> None:
        choice = choosing(tmp_path, "secure_boot: always\n").over_dhcp(known(), MAC, ipxe=True)

        assert choice.by_architecture[0x07] == "snponly.efi"
        assert choice.chains == {}

    def test_of_an_unknown_machine_are_for_an_ipxe_which_alone_can_ask_it(
        self, tmp_path: Path
    ) -> None:
        types = "build_types: {plain: {}, rescue: {secure_boot: never}}\n"
        choice = choosing(tmp_path, f"secure_boot: always\n{types}")

        assert loader(choice, Unknown(Policy.BUILD_TYPE, "plain")) == "snponly.efi"
        assert loader(choice, Unknown(Policy.BUILD_TYPE, "rescue")) == "snponly.efi"
        assert loader(choice, Unknown(Policy.DISCOVER)) == "snponly.efi"

    def test_doubt_that_it_is_off_where_no_ipxe_was_heard_and_it_asks_anew(
        self, tmp_path: Path
    ) -> None:
        """It may have been switched on, and who refuses an iPXE is not heard."""
        choice = choosing(tmp_path, server=OURS, off=True)

        def gets(xid: int | None, client: Recognised = known(), *, ipxe: bool = False) -> str:  # noqa: B008
            found = choice.over_dhcp(client, MAC, ipxe=ipxe, xid=xid)
            return found.by_architecture[0x07]

        idle = Known(HOST, Mode.IDLE, None)
        assert [gets(1, idle), gets(2, idle)] == ["snponly.efi", "snponly.efi"]
        assert [gets(3), gets(3), gets(None)] == ["snponly.efi"] * 3
        assert gets(4, ipxe=True) == "snponly.efi"
        assert gets(5) == "snponly.efi"
        assert gets(6) == "shimx64.efi"

    @pytest.mark.parametrize(
        ("machine", "gets"),
        [
            ("kernel: http://a/linux?x=/wimboot\ninitrd: [a.gz, {url: b.gz}]\n", "shimx64.efi"),
            ("kernel: {url: linux}\n", "shimx64.efi"),
            ("kernel: wimboot\n", "snponly.efi"),
            ("kernel: uki.efi\n", "snponly.efi"),
            ("cmdline: ip=${net0/ip}\n", "snponly.efi"),
            ("initrd: media:tools/boot/a.gz\n", "shimx64.efi"),
            ("initrd: media:tools.cpio/tools.iso\n", "snponly.efi"),
        ],
    )
    def test_are_for_what_grub_boots_as_well_as_ipxe(
        self, tmp_path: Path, machine: str, gets: str
    ) -> None:
        choice = choosing(tmp_path, "", machine, server=OURS)

        assert loader(choice, known()) == gets


@pytest.mark.parametrize(
    ("leaning", "lasts"),
    [
        (Leaning(True), True),
        (Leaning(False), True),
        (Leaning(False, SecureBoot.ON), True),
        (Leaning(False, SecureBoot.OFF), False),
    ],
)
def test_what_is_known_to_be_off_may_be_doubted_at_each_request(
    leaning: Leaning, lasts: bool
) -> None:
    assert leaning.lasts is lasts
