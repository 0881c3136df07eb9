"""`pyxie check`: all mistakes at once, each at the place where it is to be mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyxie import checking
from pyxie.bounds import RENDER_CPU
from tests.http.site import HOST, MACHINE, lay
from tests.loaders.programs import X64

NIC = "network: [{macaddress: 525400000001}]\n"
OTHER = "network: [{macaddress: 525400000002}]\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site without mistakes, in the working directory."""
    for name in ("machines", "templates", "images", "ipxe"):
        (tmp_path / name).mkdir()
    (tmp_path / "images/linux").write_bytes(b"kernel")
    (tmp_path / "config.yaml").write_text("kernel: linux\n")
    (tmp_path / "machines/web01.yaml").write_text(NIC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check() -> tuple[list[str], int]:
    seen = checking.check(Path("config.yaml"))
    found, machines = seen.problems, seen.machines
    return [str(problem) for problem in found], machines


def write(site: Path, **files: str) -> None:
    places = {
        "config": "config.yaml",
        "web01": "machines/web01.yaml",
        "web02": "machines/web02.yaml",
        "preseed": "templates/preseed.j2",
        "finish": "templates/finish.j2",
        "script": "ipxe/boot.ipxe.j2",
    }
    for name, text in files.items():
        (site / places[name]).write_text(text)


class TestMistakes:
    def test_there_are_none_in_a_good_site(self, site: Path) -> None:
        assert check() == ([], 1)

    def test_of_media_that_are_not_there_are_told_of_build_types_too(self, site: Path) -> None:
        config = "kernel: linux\nbuild_types: {live: {kernel: media:gone/k}}\n"
        write(site, config=config, web02=f"kernel: media:away/k\n{OTHER}")

        found, machines = check()

        away, gone = (
            f"there is no {name}.iso in {site}/isos; put it there by `pyxie images import`"
            for name in ("away", "gone")
        )
        assert found == [
            f"config.yaml:2:30: build_types.live.kernel: media:gone/k: {gone}",
            f"machines/web02.yaml:1:9: kernel: 'media:away/k': {away}",
        ]
        assert machines == 1

    def test_of_recipes_are_told_with_their_place(self, site: Path) -> None:
        (site / "recipes").mkdir()
        (site / "recipes/ours.yaml").write_text(
            "version: 1\ntitle: Ours\nunverified: true\nextends: debian-12\n"
            "cmdline: \"{{ urls.template('user-data') }}\"\n"
        )
        (site / "recipes/other.yaml").write_text("version: 1\ntitel: Ours\n")
        write(site, web01=f"os: ours\n{NIC}", web02=f"os: others\n{OTHER}")
        none = "there is no recipe for 'others'; did you mean 'ours'?"
        asks = (
            "asks for the template 'user-data', and web01 has none: set "
            "'templates: {user-data: …}', or build a type that has it"
        )

        assert check() == (
            [
                f"machines/web02.yaml:1:5: os: {none}",
                "recipes/other.yaml:1:1: title: missing",
                "recipes/other.yaml:2:1: titel: unknown key; did you mean 'title'?",
                f"recipes/ours.yaml:5:10: cmdline: urls.template: {asks}, for web01",
            ],
            0,
        )

    def test_of_every_kind_are_told_at_once(self, site: Path) -> None:
        write(
            site,
            config=(
                "kernel: linux\ndefault_initrd: [linux, gone.gz]\ndefault_cmdline: '{{ nope }}'\n"
            ),
            web01=f"preseed: preseed.j2\nfinish: finish.j2\n{NIC}",
            web02=f"cmdline: |\n  a\n  {{{{ deep.er }}}}\ninitrd: linux\npreseed: none.j2\n{OTHER}",
            preseed="a\n{% if %}\n",
            finish="a\nb {{ params.disk }}\n",
        )
        (site / "machines/web03.yaml").write_text(
            "kernel: other\ncmdline: x\ninitrd: missing\nnetwork: [{name: a}]\n"
        )
        (site / "machines/web04.yaml").write_text("hostnam: x\n")

        assert check() == (
            [
                "config.yaml:2:25: default_initrd[1]: 'gone.gz': no such file, for web01",
                "config.yaml:3:18: default_cmdline: 'nope' is undefined, for web01",
                "machines/web02.yaml:1:10: cmdline: line 2 of it: 'deep' is undefined",
                (
                    "machines/web02.yaml:5:10: preseed: 'none.j2': there is no such template in "
                    f"{site}/templates"
                ),
                "machines/web03.yaml:1:9: kernel: 'other': no such file",
                "machines/web03.yaml:3:9: initrd: 'missing': no such file",
                "machines/web03.yaml:4:10: network: web03 has no 'macaddress' and no 'match'",
                "machines/web04.yaml:1:1: hostnam: unknown key; did you mean 'hostname'?",
                "templates/finish.j2:2:1: 'params.disk' is undefined, for web01",
                (
                    "templates/preseed.j2:2:1: is not a template: Expected an expression, got "
                    "'end of statement block', for web01"
                ),
            ],
            0,
        )

    def test_of_one_machine_leave_the_others_counted(self, site: Path) -> None:
        write(site, web02=f"preseed: none.j2\n{OTHER}")

        assert check()[1] == 1

    def test_in_a_template_that_two_machines_use_are_told_for_both(self, site: Path) -> None:
        write(
            site,
            web01=f"preseed: preseed.j2\n{NIC}",
            web02=f"preseed: preseed.j2\nparams: {{disk: x}}\n{OTHER}",
            preseed="{{ params.disk }} {{ params.size }}\n",
        )

        assert check()[0] == [
            "templates/preseed.j2:1:1: 'params.disk' is undefined, for web01",
            "templates/preseed.j2:1:1: 'params.size' is undefined, for web02",
        ]

    def test_in_an_entry_of_templates_are_told_at_that_entry_or_in_its_file(
        self, site: Path
    ) -> None:
        write(
            site,
            web01=f"templates:\n  user-data: preseed.j2\n  meta-data: gone.j2\n{NIC}",
            preseed="\n{{ params.disk }}\n",
        )

        assert check()[0] == [
            (
                "machines/web01.yaml:3:14: templates.meta-data: 'gone.j2': there is no such "
                f"template in {site}/templates"
            ),
            "templates/preseed.j2:2:1: 'params.disk' is undefined, for web01",
        ]

    @pytest.mark.parametrize(
        ("config", "web01", "place"),
        [
            ("", "params: {disk: 'serial:'}\n", "machines/web01.yaml:1:16: params.disk: "),
            ("params:\n  disk: 'serial:'\n", "", "config.yaml:3:9: params.disk: "),
        ],
    )
    def test_in_what_a_disk_is_named_by_are_told_at_that_name(
        self, site: Path, config: str, web01: str, place: str
    ) -> None:
        write(
            site,
            config=f"kernel: linux\n{config}",
            web01=f"{web01}preseed: debian12.preseed.j2\n{NIC}",
        )

        (problem,), machines = check()

        whose = "" if web01 else ", for web01"
        assert problem == f"{place}'serial:' names no disk: nothing follows 'serial:'{whose}"
        assert machines == 0

    @pytest.mark.parametrize(
        "template", ["debian12.preseed.j2", "ubuntu20.preseed.j2", "rescue.preseed.j2"]
    )
    def test_in_the_proxy_of_an_installer_are_told_at_its_name(
        self, site: Path, template: str
    ) -> None:
        write(site, web01=f"params: {{proxy: 'a:3128'}}\npreseed: {template}\n{NIC}")

        problems, machines = check()

        place = "machines/web01.yaml:1:17: params.proxy: "
        said = "'proxy' is not the URL of a proxy, like http://proxy.example:3128"
        assert (problems, machines) == ([f"{place}{said}"], 0)

    def test_of_both_nics_are_one(self, site: Path) -> None:
        write(
            site,
            web01=(
                "cmdline: '{{ x }}'\n"
                "network: [{macaddress: 525400000001}, {macaddress: 525400000002}]\n"
            ),
        )

        assert check()[0] == ["machines/web01.yaml:1:10: cmdline: 'x' is undefined"]

    def test_in_the_boot_script_are_told_in_the_operators_file(self, site: Path) -> None:
        write(site, script="#!ipxe\n{{ kernal_url }}\n")

        assert check()[0] == ["ipxe/boot.ipxe.j2:2:1: 'kernal_url' is undefined, for web01"]

    def test_a_kernel_that_is_named_nowhere(self, site: Path) -> None:
        write(site, config="")

        assert check()[0] == [
            (
                "machines/web01.yaml:1:1: kernel: not named: write 'os: debian-12', or another "
                "system's name, into the machine's file; or set 'kernel' there or in config.yaml"
            )
        ]

    def test_a_machine_without_any_network(self, site: Path) -> None:
        write(site, web01="")

        assert check()[0] == [
            "machines/web01.yaml:1:1: network: web01 has no 'macaddress' and no 'match'"
        ]


class TestInfiniBand:
    def test_a_guid_for_a_mac_is_told_at_its_place(self, site: Path) -> None:
        write(site, web01="network:\n  - macaddress: 0002:c903:0009:c6e1\n")

        assert check()[0] == [
            (
                "machines/web01.yaml:2:17: network[0].macaddress: '0002:c903:0009:c6e1' is the "
                "address of an InfiniBand port, by which pyxie boots no machine: give the MAC "
                "address of an Ethernet port"
            )
        ]


class TestLoaders:
    def test_that_are_not_there_are_told_at_their_place(self, site: Path) -> None:
        (site / "ipxe/snponly.efi").write_bytes(X64)
        write(
            site,
            web01=f"{NIC}loader: snponly.ef\n",
            web02=f"{OTHER}loader:\n  BIOS: snponly.efi\n",
        )

        assert check() == (
            [
                (
                    f"machines/web01.yaml:2:9: loader: there is no boot loader 'snponly.ef' in "
                    f"{site}/ipxe; did you mean 'snponly.efi'?"
                ),
                "machines/web02.yaml:3:3: loader: 'snponly.efi' is for x64 UEFI, not for BIOS",
            ],
            0,
        )

    def test_of_the_settings_are_told_once_also_if_no_machine_is_meant(self, site: Path) -> None:
        write(
            site,
            config="kernel: linux\nloader: gone.efi\nbuild_types: {r: {loader: lost.efi}}\n",
            web02=f"loader: null\n{OTHER}",
        )

        assert check() == (
            [
                f"config.yaml:2:9: loader: there is no boot loader 'gone.efi' in {site}/ipxe",
                (
                    "config.yaml:3:27: build_types.r.loader: there is no boot loader 'lost.efi' in "
                    f"{site}/ipxe"
                ),
            ],
            1,
        )


class TestBrokenSettings:
    def test_do_not_hide_the_mistakes_of_the_machines(self, site: Path) -> None:
        write(site, config="kernl: linux\n", web02="hostnam: x\n")

        assert check() == (
            [
                "config.yaml:1:1: kernl: unknown key; did you mean 'kernel'?",
                "machines/web02.yaml:1:1: hostnam: unknown key; did you mean 'hostname'?",
            ],
            1,
        )

    def test_are_not_held_against_machines_that_inherit(self, site: Path) -> None:
        (site / "groups").mkdir()
        (site / "groups/web.yaml").write_text("kernel: linux\n")
        write(site, config="kernl: linux\n", web01=f"groups: web\nbuild_type: rescue\n{NIC}")

        assert check() == (["config.yaml:1:1: kernl: unknown key; did you mean 'kernel'?"], 1)

    def test_still_say_where_the_machines_are(self, site: Path) -> None:
        write(site, config="machinepath: hosts\nkernl: linux\n")
        (site / "machines").rename(site / "hosts")
        (site / "hosts/web02.yaml").write_text("hostnam: x\n")

        assert check()[0] == [
            "config.yaml:2:1: kernl: unknown key; did you mean 'kernel'?",
            "hosts/web02.yaml:1:1: hostnam: unknown key; did you mean 'hostname'?",
        ]

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            (
                "machinepath: hosts\nx: y\n",
                "hosts: machinepath: cannot be read: there is no such folder",
            ),
            ("machinepath: [a]\n", "config.yaml:1:14: machinepath: must be a path, not a list"),
            ("- a\n", "config.yaml:1:1: must be a mapping of keys to values"),
            ("a: b: c\n", "config.yaml:1:5: is not YAML: mapping values are not allowed"),
        ],
    )
    def test_of_any_kind_are_told(self, site: Path, config: str, said: str) -> None:
        write(site, config=config)

        assert any(line.startswith(said) for line in check()[0])

    def test_that_are_missing_are_the_only_mistake(self, site: Path) -> None:
        (site / "config.yaml").unlink()
        (site / "machines/web01.yaml").unlink()
        (site / "machines").rmdir()

        assert check() == (["config.yaml: cannot be read: No such file or directory"], 0)


BY_HAND = "url={{ BaseURL }}/template/preseed/{{ Hostname }}/{{ Token }}"
NO_PRESEED = (
    "asks for the template 'preseed', and web01 has none: "
    "set 'preseed', or build a type that has it"
)


class TestACommandLine:
    """The installer that it starts asks for its answers; without them it asks a person."""

    @pytest.mark.parametrize(
        ("spelt", "said"),
        [
            (BY_HAND, NO_PRESEED),
            ("url={{ urls.template('preseed') }}", f"urls.template: {NO_PRESEED}"),
            ("url=http://proxy.example/template/preseed/web01/{{ machine.Token }}", NO_PRESEED),
            (
                "ds=nocloud-net;s={{ urls.seed }}",
                (
                    "asks for the template 'user-data', and web01 has none: "
                    "set 'templates: {user-data: …}', or build a type that has it"
                ),
            ),
        ],
        ids=["waitrons-way", "urls.template", "another-base", "seed"],
    )
    def test_that_asks_for_a_template_that_is_not_there_is_a_mistake_however_it_is_spelt(
        self, site: Path, spelt: str, said: str
    ) -> None:
        write(site, config=f'kernel: linux\ncmdline: "{spelt}"\n')

        assert check() == ([f"config.yaml:2:10: cmdline: {said}, for web01"], 0)

    @pytest.mark.parametrize("key", ["preseed: preseed.j2\n", "templates: {preseed: preseed.j2}\n"])
    def test_that_asks_for_one_that_is_there_is_none(self, site: Path, key: str) -> None:
        write(site, config=f'kernel: linux\ncmdline: "{BY_HAND}"\n', web01=NIC + key, preseed="x")

        assert check() == ([], 1)

    def test_of_the_operators_own_boot_script_counts_too(self, site: Path) -> None:
        script = "#!ipxe\nkernel x url={{ base_url }}/template/ks/{{ Hostname }}/{{ Token }}\n"
        write(site, script=script)

        [problem] = check()[0]
        assert problem == (
            "machines/web01.yaml:1:1: boot.ipxe.j2: asks for the template 'ks', and web01 has "
            "none: set 'templates: {ks: …}', or build a type that has it"
        )


class TestASeedLikeSite:
    """waitron's keys and spellings, with words of our own."""

    def test_works_unchanged(self, site: Path) -> None:
        write(
            site,
            config=(
                "templatepath: templates\nmachinepath: machines\n"
                "baseurl: http://boot.example:8090\n"
                'params:\n    mirror: "deb.example"\n    dns_nameservers: ""\n'
                'default_cmdline: "url={{ BaseURL }}/template/preseed/{{ Hostname }}/{{ Token }}"\n'
                "default_kernel: linux\ndefault_image_url: http://mirror.example/netboot/\n"
                "default_initrd: initrd.gz\n"
            ),
            web01=(
                "hostname: web01.internal\n"
                'operatingsystem: "Bookworm"\n'
                "preseed: preseed.j2\nfinish: finish.j2\n"
                'cmdline: "url={{ BaseURL }}/template/preseed/{{ Hostname }}/{{ Token }} quiet"\n'
                "network:\n  - name: eth0\n    macaddress: 52:54:00:00:00:01\n"
                'params:\n    foo: False\n    bar: "Hello"\n    static: True\n'
            ),
            preseed=(
                "d-i a string {{ config.Params.mirror }} {{ machine.Hostname }}\n"
                '{% if machine.Params.static == "True" %}\nd-i b boolean true\n{% endif %}\n'
                '{% if machine.Params.absent == "True" %}\n'
                "{{ machine.Params.absent }}\n{% endif %}\n"
            ),
            finish=(
                "# {{ machine.OperatingSystem }} {{ machine.Network.0.MacAddress }}\n"
                "wget {{ config.BaseURL }}/done/{{ machine.Hostname }}/{{ machine.Token }}\n"
            ),
        )

        assert check() == ([], 1)


def test_in_the_root_folder_paths_keep_their_first_slash(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it is not to be told from a path below the folder of who reads it."""
    (site / "machines/web01.yaml").write_text("kernle: x\n")
    monkeypatch.chdir("/")

    found = checking.check(site / "config.yaml").problems

    assert [str(each.file) for each in found] == [f"{site}/machines/web01.yaml"] * len(found)
    assert found


class TestCommandLines:
    def test_that_every_kernel_cuts_are_mistakes(self, site: Path) -> None:
        write(site, config=f"kernel: linux\ncmdline: {'a' * 2660}\n")

        size = 2660 + len("kernel BOOTIF=01-52-54-00-00-00-01 ")
        told = f"is {size} bytes with what is added to it, and a kernel on UEFI cuts it after 2047"
        assert check() == (
            [f"config.yaml:2:10: cmdline: {told}: shorten it by {size - 2047}, for web01"],
            0,
        )

    def test_with_a_token_in_them_are_counted_with_it(self, site: Path) -> None:
        write(site, config=f"kernel: linux\ncmdline: '{'a' * 1990} {{{{ Token }}}}'\n")

        assert check()[1] == 0

    def test_with_words_for_other_loaders_are_told_word_by_word(self, site: Path) -> None:
        write(
            site,
            config="kernel: linux\n",
            web01=f"{NIC}cmdline: >\n  APPEND initrd=initrd.gz\n  auto=true IPAPPEND 2\n",
        )

        advice = [str(each) for each in checking.check(Path("config.yaml")).advice]
        assert [each.partition(", ")[0] for each in advice if ": cmdline: " in each] == [
            (
                "machines/web01.yaml:3:3: cmdline: 'APPEND' is pxelinux's word in front of a "
                "command line: left out (for web01)"
            ),
            (
                "machines/web01.yaml:3:10: cmdline: 'initrd=initrd.gz' names a file as pxelinux "
                "and GRUB do: left out"
            ),
            "machines/web01.yaml:4:13: cmdline: 'IPAPPEND' is a directive of pxelinux's",
        ]


class TestInitrds:
    def test_with_a_name_have_a_place_too(self, site: Path) -> None:
        write(site, web01=f"initrd: [linux, {{name: BCD, url: Boot/BCD}}]\n{NIC}")

        assert check() == (
            ["machines/web01.yaml:1:34: initrd[1].url: 'Boot/BCD': no such file"],
            0,
        )

    def test_of_one_name_are_a_mistake(self, site: Path) -> None:
        (site / "images/wimboot").touch()
        (site / "images/boot").mkdir()
        for name in ("BCD", "boot/bcd"):
            (site / "images" / name).touch()
        write(site, web01=f"kernel: wimboot\ninitrd: [BCD, boot/bcd]\n{NIC}")

        told = "'bcd' is the name of two files; give each its own"
        assert check() == ([f"machines/web01.yaml:2:9: initrd: {told}"], 0)


class TestBuildTypes:
    TYPES = "kernel: linux\nbuild_types:\n  rescue: {preseed: ~, finish: finish.j2, wipes: false}\n"

    def test_that_are_asked_for_say_what_they_hide(self, site: Path) -> None:
        write(site, config=self.TYPES, web01=f"finish: preseed.j2\n{NIC}", preseed="a", finish="b")

        seen = checking.check(Path("config.yaml"), "rescue")

        (note,) = seen.notes
        assert str(note) == (
            "machines/web01.yaml:1:9: finish: is hidden by build type rescue, config.yaml:3 "
            "(for web01)"
        )
        assert checking.check(Path("config.yaml")).notes == []

    def test_with_waitron_3_say_what_hides_them(self, site: Path) -> None:
        write(
            site,
            config=f"{self.TYPES}waitron_api: 3\n",
            web01=f"finish: preseed.j2\n{NIC}",
            preseed="a",
            finish="b",
        )

        seen = checking.check(Path("config.yaml"), "rescue")

        assert str(seen.notes[0]) == (
            "machines/web01.yaml:1:9: finish: hides that of build type rescue, config.yaml:3, by "
            "PUT /build as waitron 3 has it (for web01)"
        )

    def test_that_wipe_nothing_are_tried_with_what_the_machines_bring_along(
        self, site: Path
    ) -> None:
        write(
            site,
            config="kernel: linux\nbuild_types:\n  rescue: {wipes: false}\n",
            web01=f"preseed: preseed.j2\n{NIC}",
            preseed="d-i partman-auto/disk string /dev/sda\n",
        )

        seen = checking.check(Path("config.yaml"), "rescue")

        (problem,) = seen.problems
        assert str(problem) == (
            "config.yaml:3:19: build_types.rescue.wipes: is false, but preseed.j2 wipes /dev/sda; "
            "`pyxie show` says which file brings that in, for web01"
        )


def test_a_template_without_end_is_named_with_its_line_and_the_others_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RENDER_CPU, "most", 0.2)
    endless = "x\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    file = lay(tmp_path, preseed=endless)
    other = MACHINE.replace(HOST, "other.internal").replace("90:74:60", "90:74:61")
    (tmp_path / "machines/other.yaml").write_text(other.replace("bookworm.j2", "finish.j2"))

    seen = checking.check(file)

    (found,) = seen.problems
    why = "took over 0.2 s of the processor, and was stopped: it may loop without end"
    assert found.sentence == f"{why}, for {HOST}"
    assert (found.file.name, found.line) == ("bookworm.j2", 2)
    assert seen.machines == 1
