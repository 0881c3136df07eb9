"""What a build serves: command line, iPXE script, notice, templates; and the rehearsal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyxie.errors import NotServedError, RenderError
from pyxie.images.spec import Images, Local, Upstream
from pyxie.registry.machine import Machine
from pyxie.rehearsal import rehearse
from pyxie.render.rendering import Boot, Rendering
from tests.render.grub import commands as grub_commands
from tests.render.ipxe import commands
from tests.render.site import CONTEXT, machine, settings

HERE = "http://192.0.2.1:8090"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def boot(folder: Path, host: Machine, **keys: Any) -> Boot:
    return Rendering(settings(folder, **keys)).boot(host, CONTEXT)


def script(folder: Path, host: Machine, **keys: Any) -> str:
    return Rendering(settings(folder, **keys)).script(host, CONTEXT, HERE)


def arguments(text: str) -> str:
    """Return what the kernel gets: what iPXE makes of the script's imgargs."""
    (found,) = [words for words in commands(text) if words[0] == "imgargs"]
    return " ".join(found[2:])


class TestBoot:
    def test_is_what_the_machine_says(self, folder: Path) -> None:
        host = machine(
            cmdline="mine", kernel="k", initrd=["a", "b"], image_url="http://other.example/x"
        )

        assert boot(folder, host, cmdline="all") == Boot(
            images=Images(
                kernel=Upstream("http://other.example/x/k"),
                initrds=(
                    Upstream("http://other.example/x/a"),
                    Upstream("http://other.example/x/b"),
                ),
            ),
            cmdline="mine",
        )

    def test_without_an_image_url_the_images_are_ours(self, folder: Path) -> None:
        assert boot(folder, machine(image_url=None)).images == Images(
            kernel=Local("linux"), initrds=(Local("initrd.gz"),)
        )

    def test_no_kernel_is_said_with_the_key_to_set(self, folder: Path) -> None:
        with pytest.raises(NotServedError) as caught:
            boot(folder, machine(kernel=""))

        assert str(caught.value) == (
            "kernel: not named: write 'os: debian-12', or another system's name, into the machine's"
            " file; or set 'kernel' there or in config.yaml"
        )

    @pytest.mark.parametrize(
        ("written", "line"),
        [
            ("a\nb", "a b"),
            ("a b\n", "a b"),
            ("a\r\nb\n", "a b"),
            ("a\n\n", "a"),
            ("  a  ", "a"),
            ('k="x  y"', 'k="x  y"'),
            ("{{ 'a\\nb' }}", "a b"),
            ("100%d ${net0/mac} 'q' & <b>", "100%d ${net0/mac} 'q' & <b>"),
        ],
    )
    def test_the_command_line_is_one_line(self, folder: Path, written: str, line: str) -> None:
        assert boot(folder, machine(cmdline=written)).cmdline == line

    def test_the_command_line_is_a_template(self, folder: Path) -> None:
        cmdline = (
            "url={{ BaseURL }}/template/preseed/{{ Hostname }}/{{ Token }} {{ machine.Token }}"
        )

        assert boot(folder, machine(cmdline=cmdline)).cmdline == (
            "url=http://192.0.2.1:8090/template/preseed/web01.example.org/0-t0ken 0-t0ken"
        )


class TestBootif:
    def test_a_setting_of_ipxes_is_for_the_command_line_itself_to_write(self, folder: Path) -> None:
        own = machine(cmdline="ip=${net0/ip} {{ 'it costs $5' }}")
        told = machine(cmdline="a={{ params.x }}", params={"x": "1 ${net0/ip}"})

        assert boot(folder, own).cmdline == "ip=${net0/ip} it costs $5"
        with pytest.raises(RenderError) as caught:
            boot(folder, told)
        assert str(caught.value) == (
            "cmdline: '${net0/ip}': a value has '${', "
            "which iPXE would take for a setting of its own"
        )

    def test_a_control_character_is_refused(self, folder: Path) -> None:
        with pytest.raises(RenderError) as caught:
            boot(folder, machine(cmdline="a={{ params.x }}", params={"x": "b\0c"}))
        assert str(caught.value) == (
            "cmdline: has the control character '\\x00', which no kernel takes"
        )

    def test_the_nic_that_booted_is_named_in_front(self, folder: Path) -> None:
        text = script(folder, machine(cmdline="auto --- quiet"))

        assert arguments(text) == "initrd=initrd0 BOOTIF=01-52-54-00-00-00-0b auto --- quiet"

    @pytest.mark.parametrize("own", ["BOOTIF=x", "a BOOTIF=01-{{ MAC }} b", "BOOTIF={{ BOOTIF }}"])
    def test_the_operators_own_is_left_alone(self, folder: Path, own: str) -> None:
        text = script(folder, machine(cmdline=own))

        assert arguments(text).count("BOOTIF=") == 1

    def test_without_a_command_line_it_stands_alone(self, folder: Path) -> None:
        assert arguments(script(folder, machine())) == (
            "initrd=initrd0 BOOTIF=01-52-54-00-00-00-0b"
        )

    def test_it_is_not_told_to_another_boot_server(self, folder: Path) -> None:
        """The seed's command line came out of its boot API with nothing added."""
        assert boot(folder, machine(cmdline="auto")).cmdline == "auto"


class TestLoad:
    def test_is_the_boot_script_of_a_machine_without_a_build(self, folder: Path) -> None:
        text = Rendering(settings(folder)).load(
            "52:54:00:00:00:0b", HERE, [f"{HERE}/k", f"{HERE}/i"], "a || ${b}", "it\nis ${x}"
        )

        found = commands(text)
        assert ["kernel", "--name", "kernel", f"{HERE}/k"] in found
        assert ["initrd", "--name", "initrd0", f"{HERE}/i"] in found
        assert ["imgargs", "kernel", "initrd=initrd0", "a", "||", "${b}"] in found
        assert ["echo", "--", "it", "is", "{x}"] in found
        assert ["chain", "--replace", "--autofree", f"{HERE}/ipxe/52-54-00-00-00-0b"] in found
        assert not [words for words in found if words[0] == "imgfetch"]

    def test_without_a_message_says_nothing_more(self, folder: Path) -> None:
        load = Rendering(settings(folder)).load
        with_it, without = (load("52:54:00:00:00:0b", HERE, ["k"], "", m) for m in ("x", ""))

        assert [line for line in with_it.splitlines() if line not in without.splitlines()] == [
            "echo -- x"
        ]


class TestScript:
    def test_loads_what_the_machine_boots_and_says_so(self, folder: Path) -> None:
        found = commands(script(folder, machine(cmdline="auto", initrd=["a.gz", "b/c.gz"])))

        assert [words for words in found if words[0] in ("kernel", "initrd", "imgfetch")] == [
            ["kernel", "--name", "kernel", f"{HERE}/boot/web01.example.org/kernel/linux"],
            ["initrd", "--name", "initrd0", f"{HERE}/boot/web01.example.org/initrd/0/a.gz"],
            ["initrd", "--name", "initrd1", f"{HERE}/boot/web01.example.org/initrd/1/c.gz"],
            [
                "imgfetch",
                "--name",
                "booting",
                f"{HERE}/booting/52-54-00-00-00-0b/0-t0ken?sb=${{efi/SecureBoot}}",
            ],
        ]
        assert ["chain", "--replace", "--autofree", f"{HERE}/ipxe/52-54-00-00-00-0b"] in found

    def test_loads_the_systems_own_shim_behind_its_kernel_under_secure_boot(
        self, folder: Path
    ) -> None:
        """Which is asked whether the kernel can be loaded without (src/hci/commands/shim_cmd.c)."""
        plain = commands(script(folder, machine()))
        found = commands(script(folder, machine(shim="efi/BOOTX64.EFI")))

        added = [
            ["iseq", "sb${efi/SecureBoot}", "sb01"],
            ["shim", f"{HERE}/boot/web01.example.org/shim/BOOTX64.EFI"],
        ]
        assert [words for words in found if words not in plain] == added
        assert [words for words in found if words not in added] == plain
        names = [words[0] for words in found]
        assert names.index("kernel") < names.index("shim") < names.index("boot")

    @pytest.mark.parametrize(
        "cmdline",
        [
            'late="a && b" auto',
            "a || b",
            "a ; b",
            "# nothing but a remark",
            "a #b c # d",
            "a&&b c||d e;f g#h",
            "a&& ||b ;c && || ; #",
            "a\t&&\tb",
            "&&& |||",
            "ends with \\",
            "|| reboot ||",
        ],
    )
    def test_no_word_of_the_command_line_is_a_command_to_ipxe(
        self, folder: Path, cmdline: str
    ) -> None:
        plain = commands(script(folder, machine(cmdline="x")))
        text = script(folder, machine(cmdline=cmdline))

        told = arguments(text).removeprefix("initrd=initrd0 BOOTIF=01-52-54-00-00-00-0b ")

        assert told == " ".join(cmdline.split())
        assert [words[0] for words in commands(text)] == [words[0] for words in plain]

    def test_of_the_operators_own_wins_over_the_shipped_one(self, folder: Path) -> None:
        shared = settings(folder)
        (shared.ipxe / "boot.ipxe.j2").write_text("#!ipxe\nboot {{ kernel_url }} || shell\n")

        assert Rendering(shared).script(machine(), CONTEXT, HERE) == (
            f"#!ipxe\nboot {HERE}/boot/web01.example.org/kernel/linux || shell\n"
        )

    def test_an_images_name_is_fit_for_a_url(self, folder: Path) -> None:
        text = script(folder, machine(kernel="http://m.example/my%20kernel?v=1", initrd="a b||c"))

        assert f"{HERE}/boot/web01.example.org/kernel/my%2520kernel " in text
        assert f"{HERE}/boot/web01.example.org/initrd/0/a%20b%7C%7Cc " in text


class TestNotice:
    @pytest.mark.parametrize(
        "why", ["it is broken", "a && b || c ; d # e", "#a", "ends \\", "a\nb"]
    )
    def test_shows_the_reason_and_asks_again(self, folder: Path, why: str) -> None:
        found = commands(Rendering(settings(folder)).notice(why, f"{HERE}/ipxe/x", again=True))

        assert [" ".join(words) for words in found if words[0] != "set"] == [
            "echo",
            f"echo pyxie: {' '.join(why.split())}",
            "echo pyxie: It is tried again in 30 seconds.",
            "sleep 30",
            f"chain --replace --autofree {HERE}/ipxe/x",
            "exit 1",
        ]

    def test_that_is_final_goes_on_to_the_next_boot_device(self, folder: Path) -> None:
        found = commands(Rendering(settings(folder)).notice("no", "", again=False))

        assert [" ".join(words) for words in found][-2:] == ["sleep 5", "exit 1"]

    def test_cannot_be_made_to_expand_a_setting(self, folder: Path) -> None:
        assert "${net0" not in Rendering(settings(folder)).notice("${net0/mac}", "", again=False)


class TestTemplate:
    def test_finish_is_the_finish_template_and_any_other_word_the_preseed(
        self, folder: Path
    ) -> None:
        shared = settings(folder)
        (shared.templatepath / "p.j2").write_text("preseed of {{ Hostname }} {{ BOOTIF }}\n")
        (shared.templatepath / "f.j2").write_text("finish of {{ machine.hostname }}\n")
        rendering, host = Rendering(shared), machine(preseed="p.j2", finish="f.j2")

        told = {
            kind: rendering.template(host, kind, CONTEXT) for kind in ("finish", "preseed", "x")
        }

        assert told == {
            "finish": "finish of web01.example.org\n",
            "preseed": "preseed of web01.example.org 01-52-54-00-00-00-0b\n",
            "x": "preseed of web01.example.org 01-52-54-00-00-00-0b\n",
        }

    def test_of_templates_has_its_own_name_before_all_others(self, folder: Path) -> None:
        shared = settings(folder)
        for name in ("p", "f", "u"):
            (shared.templatepath / name).write_text(name)
        own = {"user-data": "u", "finish": "u"}
        rendering, host = Rendering(shared), machine(preseed="p", finish="f", templates=own)

        told = {k: rendering.template(host, k, CONTEXT) for k in ("user-data", "finish", "preseed")}

        assert told == {"user-data": "u", "finish": "u", "preseed": "p"}
        with pytest.raises(NotServedError) as caught:
            rendering.template(host, "usr-data", CONTEXT)
        assert str(caught.value) == "usr-data: web01.example.org has no 'usr-data' in its file"

    def test_may_use_the_shipped_macros_and_extend_the_shipped_templates(
        self, folder: Path
    ) -> None:
        shared = settings(folder)
        (shared.templatepath / "mine.j2").write_text(
            "{% from 'report.j2' import curl_done with context %}{{ curl_done() }}\n"
        )
        (shared.templatepath / "like.j2").write_text(
            "{% extends 'debian12.preseed.j2' %}"
            "{% block software %}tasksel tasksel/first multiselect minimal{% endblock %}"
        )
        rendering = Rendering(shared)

        mine = rendering.template(machine(preseed="mine.j2"), "preseed", CONTEXT)
        like = rendering.template(machine(preseed="like.j2"), "preseed", CONTEXT)

        assert mine == (
            "curl -fsS --retry 8 --retry-connrefused -o /dev/null "
            "http://192.0.2.1:8090/done/web01.example.org/0-t0ken\n"
        )
        assert like.startswith("# Debian 12, unattended, onto one disk: ")
        assert "\ntasksel tasksel/first multiselect minimal\n" in like

    def test_of_ones_own_stands_in_for_the_shipped_one_it_is_named_after(
        self, folder: Path
    ) -> None:
        shared = settings(folder)
        (shared.templatepath / "kickstart.j2").write_text("{% block title %}{% endblock %}!\n")

        text = Rendering(shared).template(machine(preseed="fedora.ks.j2"), "preseed", CONTEXT)

        assert text == "Fedora 42!\n"

    def test_that_fails_in_a_macro_names_the_macros_file_and_line(self, folder: Path) -> None:
        shared = settings(folder)
        (shared.templatepath / "m.j2").write_text("{% macro m() %}\n{{ nope }}{% endmacro %}")
        (shared.templatepath / "p.j2").write_text("\n{% from 'm.j2' import m %}{{ m() }}")

        with pytest.raises(RenderError) as caught:
            Rendering(shared).template(machine(preseed="p.j2"), "preseed", CONTEXT)

        assert str(caught.value) == "m.j2:2: 'nope' is undefined"

    def test_that_the_machine_has_not_is_said(self, folder: Path) -> None:
        with pytest.raises(NotServedError) as caught:
            Rendering(settings(folder)).template(machine(), "finish", CONTEXT)

        assert str(caught.value) == "finish: web01.example.org has no 'finish' in its file"


class TestRehearsal:
    TRIAL = replace(CONTEXT, mac="")

    def faults(self, folder: Path, host: Machine, **keys: Any) -> list[str]:
        rendering = Rendering(settings(folder, **keys))
        return [str(fault) for fault in rehearse(rendering, host, self.TRIAL).faults]

    def test_of_a_machine_that_boots_finds_nothing(self, folder: Path) -> None:
        (settings(folder).templatepath / "p.j2").write_text("{{ MAC }} {{ BOOTIF }}\n")

        assert self.faults(folder, machine(preseed="p.j2")) == []

    def test_finds_all_faults_and_raises_the_first(self, folder: Path) -> None:
        shared = settings(folder)
        (shared.templatepath / "p.j2").write_text("\n{{ machine.params.disk }}\n")
        host = machine(cmdline="{{ nope }}", preseed="p.j2", finish="gone.j2", image_url=None)

        assert self.faults(folder, host) == [
            "cmdline:1: 'nope' is undefined",
            "cmdline:1: 'nope' is undefined",
            "linux: no such file",
            "initrd.gz: no such file",
            "p.j2:2: 'machine.params.disk' is undefined",
            f"gone.j2: there is no such template in {shared.templatepath}",
        ]
        with pytest.raises(RenderError) as caught:
            rehearse(Rendering(shared), host, self.TRIAL).sound()
        assert str(caught.value) == "cmdline:1: 'nope' is undefined"

    def test_tries_every_entry_of_templates(self, folder: Path) -> None:
        shared = settings(folder)
        (shared.templatepath / "u.j2").write_text("{{ params.nope }}\n")
        host = machine(templates={"user-data": "u.j2", "meta-data": "gone.j2"})

        assert self.faults(folder, host) == [
            "u.j2:1: 'params.nope' is undefined",
            f"gone.j2: there is no such template in {shared.templatepath}",
        ]

    def test_finds_what_only_one_of_the_nics_would_meet(self, folder: Path) -> None:
        cmdline = "{% if MAC == '52:54:00:00:00:0b' %}{{ nope }}{% endif %}"

        assert self.faults(folder, machine(cmdline=cmdline)) == ["cmdline:1: 'nope' is undefined"]

    def test_a_machine_without_a_mac_can_never_be_recognised(self, folder: Path) -> None:
        assert self.faults(folder, machine(network=[{"name": "eth0"}])) == [
            "network: web01.example.org has no 'macaddress' and no 'match'"
        ]

    def test_finds_a_broken_boot_script(self, folder: Path) -> None:
        shared = settings(folder)
        (shared.ipxe / "boot.ipxe.j2").write_text("#!ipxe\n{{ kernle_url }}\n")

        assert set(self.faults(folder, machine())) == {"boot.ipxe.j2:2: 'kernle_url' is undefined"}


class TestGrub:
    """What a signed GRUB boots a machine by; its words are those of `tests.render.grub`."""

    def test_no_value_ends_a_command(self, folder: Path) -> None:
        nasty = "'; boot; '$root \\"
        host = machine(kernel="a'b", initrd=["c;d", "e f"], params={"x": nasty}, image_url=None,
                       cmdline="k={{ params.x }} plain")  # fmt: skip

        found = grub(folder, host)

        assert found[2] == [
            *("if", "linux", "/boot/web01.example.org/kernel/a'b"),
            *("BOOTIF=01-52-54-00-00-00-0b", "k=';", "boot;", "'$root", "\\", "plain"),
        ]
        assert found[4] == [
            *("if", "initrd", "/boot/web01.example.org/initrd/0/c;d"),
            "/boot/web01.example.org/initrd/1/e f",
        ]

    def test_without_an_initrd_none_is_loaded(self, folder: Path) -> None:
        found = grub(folder, machine(initrd=()))

        assert not [each for each in found if each[:2] == ["if", "initrd"]]
        assert found[3] == ["then"]
        assert found[4] == ["set", "loaded=y"]

    def test_an_efi_program_is_chained(self, folder: Path) -> None:
        found = grub(folder, machine(kernel="uki.efi", initrd=(), cmdline=""))

        assert found[2] == ["if", "chainloader", "/boot/web01.example.org/kernel/uki.efi"]

    @pytest.mark.parametrize("kernel", ["wimboot", "memtest.bin"])
    def test_what_grub_cannot_start_is_refused(self, folder: Path, kernel: str) -> None:
        with pytest.raises(NotServedError) as caught:
            grub(folder, machine(kernel=kernel))

        assert str(caught.value) == (
            f"{kernel}: cannot be started by GRUB; switch Secure Boot off on this machine"
            " to boot it"
        )


def grub(folder: Path, host: Machine) -> list[list[str]]:
    return grub_commands(Rendering(settings(folder)).grub(host, CONTEXT))
