"""What installers fetch by way of pyxie, by the setting `mirror`; what new systems name then."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from pyxie.config.publicmirrors import PUBLIC
from pyxie.config.settings import Settings
from pyxie.render.rendering import Rendering, kinds
from tests.needs import program
from tests.render.examples import BASE, config, context, example
from tests.render.judges import by_a_shell
from tests.render.test_shipped_templates import answers

TREES = ("ubuntu", "ubuntu-releases", "fedora", "rocky", "opensuse", "alpine", "debian-security")
NEAR = f"{BASE}/mirror"


@cache
def mirroring() -> Settings:
    """Return the shipped settings with public mirrors by way of pyxie."""
    served = {name: PUBLIC[name] for name in (*TREES, "debian")}
    return config().model_copy(update={"mirror": served})


def served(name: str, **params: object) -> str:
    """Return all that an example gets, its command line first."""
    machine, rendering = example(name), Rendering(mirroring())
    machine = machine.model_copy(update={"params": machine.params | params})
    texts = [rendering.boot(machine, context(machine)).line]
    texts += [rendering.template(machine, kind, context(machine)) for kind in kinds(machine)]
    return "\n".join(texts)


class TestInstallers:
    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("debian12", "d-i mirror/http/hostname string 192.0.2.1:8090"),
            ("debian12", "d-i mirror/http/directory string /mirror/debian"),
            ("debian12", "d-i apt-setup/security_host string 192.0.2.1:8090/mirror"),
            ("ubuntu20", "d-i mirror/http/hostname string 192.0.2.1:8090"),
            ("ubuntu20", "d-i mirror/http/directory string /mirror/ubuntu"),
            ("ubuntu24", f'uri: "{NEAR}/ubuntu"'),
            ("ubuntu24", f" url={NEAR}/ubuntu-releases/24.04/ubuntu-24.04."),
            ("fedora", f"url --url={NEAR}/fedora/releases/43/Everything/x86_64/os/"),
            ("fedora", f" inst.stage2={NEAR}/fedora/releases/43/Everything/x86_64/os/"),
            ("rocky", f"url --url={NEAR}/rocky/9/BaseOS/x86_64/os/"),
            ("rocky", f"--baseurl={NEAR}/rocky/9/AppStream/x86_64/os/"),
            ("suse", f"install={NEAR}/opensuse/distribution/leap/15.6/repo/oss/ "),
            ("alpine", f" alpine_repo={NEAR}/alpine/v3.22/main "),
            ("alpine", f"APKREPOSOPTS={NEAR}/alpine/v3.22/main"),
        ],
    )
    def test_are_sent_to_pyxie(self, name: str, told: str) -> None:
        assert told in served(name)

    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("http://192.0.2.7/debian-security", "192.0.2.7"),
            ("http://192.0.2.7/a/debian-security/", "192.0.2.7/a"),
        ],
    )
    def test_of_debian_ask_the_sites_own_server_for_security(self, url: str, host: str) -> None:
        told = served("debian12", security_mirror=url)

        assert f"d-i apt-setup/security_host string {host}\n" in told

    @pytest.mark.parametrize("url", ["https://192.0.2.7/debian-security", "http://192.0.2.7/sec"])
    def test_of_debian_ask_debian_where_they_cannot_be_told_otherwise(self, url: str) -> None:
        assert "apt-setup/security_host" not in served("debian12", security_mirror=url)


SECURITY = "http://security.debian.org/debian-security"
LISTS = {
    "debian12": (
        f"deb {NEAR}/debian bookworm main\ndeb {NEAR}/debian-security bookworm-security main\n",
        f"deb {PUBLIC['debian'][0]} bookworm main\ndeb {SECURITY} bookworm-security main\n",
    ),
    "ubuntu20": (
        f"# x\ndeb {NEAR}/ubuntu focal main\n",
        f"# x\ndeb {PUBLIC['ubuntu'][0]} focal main\n",
    ),
    "ubuntu24": (
        f"Types: deb\nURIs: {NEAR}/ubuntu\nSuites: noble\n",
        f"Types: deb\nURIs: {PUBLIC['ubuntu'][0]}\nSuites: noble\n",
    ),
    "suse": (
        f"baseurl={NEAR}/opensuse/distribution/leap/15.6/repo/oss/\n",
        f"baseurl={PUBLIC['opensuse'][0]}/distribution/leap/15.6/repo/oss/\n",
    ),
    "alpine": (
        f"{NEAR}/alpine/v3.22/main\n#{NEAR}/alpine/v3.22/community\n",
        f"{PUBLIC['alpine'][0]}/v3.22/main\n#{PUBLIC['alpine'][0]}/v3.22/community\n",
    ),
}
"""By example, what its installer leaves, and what is to be there."""


def again(name: str, **params: object) -> list[str]:
    """Return the commands by which it names its mirror again, of what an example gets."""
    return re.findall(r"\bsed -i ((?:-e '[^']+' ?)+)", served(name, **params))


class TestTheNewSystem:
    @pytest.mark.parametrize("sed", ["sed", "busybox"])
    @pytest.mark.parametrize("name", LISTS)
    def test_names_the_mirror_again(self, tmp_path: Path, name: str, sed: str) -> None:
        """By GNU's sed, and by that of Debian's installer and of Alpine."""
        (found,) = again(name)
        left, right = LISTS[name]
        file = tmp_path / "sources.list"
        file.write_text(left)
        path = program(sed, "busybox-static" if sed == "busybox" else "sed")
        word = f"{path} sed" if sed == "busybox" else path
        # Ubuntu's is in a text of JSON.
        command = found.replace("\\\\", "\\") if name == "ubuntu24" else found

        subprocess.run(["sh", "-c", f"{word} -i {command} {file}"], check=True, timeout=20)

        assert file.read_text() == right

    @pytest.mark.parametrize("name", ["debian12", "ubuntu20"])
    def test_is_left_by_a_command_that_a_shell_takes(self, name: str) -> None:
        machine = example(name)
        preseed = Rendering(mirroring()).template(machine, "preseed", context(machine))

        assert by_a_shell(f"{answers(preseed)['preseed/late_command']}\n") == ""

    def test_names_no_other_tree_whose_name_begins_so(self, tmp_path: Path) -> None:
        file = tmp_path / "sources.list"
        file.write_text(f"deb {NEAR}/ubuntu-ports focal main\n")
        (command,) = again("ubuntu20")

        subprocess.run(["sh", "-c", f"sed -i {command} {file}"], check=True, timeout=20)

        assert file.read_text() == f"deb {NEAR}/ubuntu-ports focal main\n"

    @pytest.mark.parametrize("name", LISTS)
    def test_goes_on_to_ask_pyxie_if_it_shall(self, name: str) -> None:
        assert again(name, mirror_stays=True) == []

    @pytest.mark.parametrize("name", ["fedora", "rocky"])
    def test_of_rpm_has_its_sources_by_a_package(self, name: str) -> None:
        assert again(name) == []

    def test_has_the_certificates_that_its_mirror_needs(self) -> None:
        https = {"debian": ("https://deb.example/debian",)}
        settings = config().model_copy(update={"mirror": https})
        machine = example("debian12", mirror_scheme="https", mirror_host="deb.example")

        text = Rendering(settings).template(machine, "preseed", context(machine))

        assert re.search(r"pkgsel/include string.* ca-certificates\n", text)
