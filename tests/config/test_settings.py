"""config.yaml: every key's default and meaning, and what is refused."""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from pyxie.config.build import BuildKeys
from pyxie.config.dhcpmode import Dhcp, ends
from pyxie.config.imagestore import ImageStore
from pyxie.config.publicmirrors import PUBLIC
from pyxie.config.settings import Api, Http, Limits, Log, Settings, Tftp, leases_file, load
from pyxie.errors import ConfigError


@pytest.fixture(autouse=True)
def _no_service_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)


def settings(folder: Path, text: str) -> Settings:
    file = folder / "config.yaml"
    file.write_text(text)
    return load(file)


def complaint(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings(folder, text)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


class TestDefaults:
    @pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
    def test_an_empty_file_will_do(self, tmp_path: Path, text: str) -> None:
        assert dict(settings(tmp_path, text)) == {
            **dict(BuildKeys()),
            "templatepath": tmp_path / "templates",
            "machinepath": tmp_path / "machines",
            "grouppath": tmp_path / "groups",
            "recipepath": tmp_path / "recipes",
            "mirrors": dict(PUBLIC),
            "staticspath": None,
            "ipxe": tmp_path / "ipxe",
            "isos": tmp_path / "isos",
            "images": tmp_path / "images",
            "keyrings": tmp_path / "keyrings",
            "state": f"sqlite:///{tmp_path}/state/pyxie.sqlite",
            "baseurl": None,
            "build_types": {},
            "unknown": "ignore",
            "when_idle": "silent",
            "boot_api": None,
            "waitron_api": 1,
            "foreman_proxy_address": "",
            "mirror": {},
            "interfaces": (),
            "http": Http(port=8090, listen=()),
            "tftp": Tftp(port=69),
            "dhcp": Dhcp(bind=False, mode="answer"),
            "limits": Limits(
                tftp_per_address=256,
                tftp_total=4096,
                http_per_address=512,
                http_total=4096,
                dhcp_per_mac=20,
                tftp_blksize=1468,
                tftp_windowsize=64,
                builds_per_machine=50,
            ),
            "image_store": ImageStore(
                path=None, ca=None, folders=(), size=20 * 10**9, revalidate="daily"
            ),
            "log": Log(level="info", format="text"),
            "api": Api(allow=(), tokens=()),
            "user": None,
        }

    def test_a_section_may_stay_though_its_keys_are_commented_out(self, tmp_path: Path) -> None:
        text = "http:\ntftp:\ndhcp:\nlimits:\nlog:\napi:\n  # allow: []\nparams:\ninterfaces:\n"

        assert settings(tmp_path, text) == settings(tmp_path, "")


class TestEveryKey:
    def test_is_read(self, tmp_path: Path) -> None:
        text = """
            templatepath: t
            machinepath: m
            staticspath: s
            ipxe: i
            images: im
            state: st.sqlite
            baseurl: http://boot.example:81/
            params: {static: True, empty: ~, mode: 0755}
            cmdline: quiet
            kernel: linux
            initrd: [a.gz, b.gz]
            image_url: http://mirror.example/x/
            interfaces: eth0
            http: {port: 81, listen: ["192.0.2.1", "::1"]}
            tftp: {port: 6969}
            dhcp: {bind: yes, mode: off}
            limits: {tftp_per_address: 1, tftp_total: 2, http_per_address: 3, http_total: 4,
                     dhcp_per_mac: 5, tftp_blksize: 512, tftp_windowsize: 1}
            log: {level: debug, format: json}
            api: {allow: [192.0.2.0/24, "2001:db8::/32"], tokens: [0123456789abcdef]}
            user: pyxie
        """

        found = settings(tmp_path, text)

        assert found.templatepath == tmp_path / "t"
        assert found.machinepath == tmp_path / "m"
        assert found.staticspath == tmp_path / "s"
        assert found.ipxe == tmp_path / "i"
        assert found.images == tmp_path / "im"
        assert found.state == f"sqlite:///{tmp_path}/st.sqlite"
        assert found.baseurl == "http://boot.example:81"
        assert found.params == {"static": "True", "empty": "", "mode": "0755"}
        assert (found.cmdline, found.kernel, found.initrd, found.image_url) == (
            "quiet",
            "linux",
            ("a.gz", "b.gz"),
            "http://mirror.example/x/",
        )
        assert found.interfaces == ("eth0",)
        assert found.http == Http(port=81, listen=("192.0.2.1", "::1"))
        assert found.tftp == Tftp(port=6969)
        assert found.dhcp == Dhcp(bind=True, mode="off")
        assert found.limits == Limits(
            tftp_per_address=1,
            tftp_total=2,
            http_per_address=3,
            http_total=4,
            dhcp_per_mac=5,
            tftp_blksize=512,
            tftp_windowsize=1,
        )
        assert found.log == Log(level="debug", format="json")
        assert found.api.allow == (IPv4Network("192.0.2.0/24"), IPv6Network("2001:db8::/32"))
        assert [token.get_secret_value() for token in found.api.tokens] == ["0123456789abcdef"]
        assert found.user == "pyxie"

    def test_one_network_and_one_token_need_no_list(self, tmp_path: Path) -> None:
        found = settings(tmp_path, "api: {allow: 192.0.2.7, tokens: 0123456789abcdef}\n")

        assert found.api.allow == (IPv4Network("192.0.2.7/32"),)
        assert [token.get_secret_value() for token in found.api.tokens] == ["0123456789abcdef"]

    def test_a_configuration_of_waitrons_works_unchanged(self, tmp_path: Path) -> None:
        text = (
            "templatepath: templates\nmachinepath: machines\n"
            "baseurl: http://boot.example:9090\nforeman_proxy_address: http://f.example\n"
            'params:\n    mirror: "deb.example"\n    dns: ""\n'
            'default_cmdline: "url={{ BaseURL }}/{{ Hostname }}"\n'
            "default_kernel: linux\ndefault_image_url: http://deb.example/netboot/\n"
            "default_initrd: initrd.gz\n"
        )

        found = settings(tmp_path, text)

        assert found.cmdline == "url={{ BaseURL }}/{{ Hostname }}"
        assert (found.kernel, found.initrd) == ("linux", ("initrd.gz",))
        assert found.image_url == "http://deb.example/netboot/"
        assert found.params == {"mirror": "deb.example", "dns": ""}

    @pytest.mark.parametrize("key", ["cmdline", "kernel", "initrd", "image_url"])
    def test_a_key_and_its_twin_are_one_too_many(self, tmp_path: Path, key: str) -> None:
        text = f"{key}: http://a\ndefault_{key}: http://b\nuser: []\n"

        assert complaint(tmp_path, text) == [
            f"config.yaml:2:1: default_{key}: means the same as {key!r}; keep one",
            "config.yaml:3:7: user: must be text, not a list",
        ]


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("http: {port: 0}", "1:14: http.port: '0' should be greater than or equal to 1"),
            (
                "tftp: {port: 65536}",
                "1:14: tftp.port: '65536' should be less than or equal to 65535",
            ),
            (
                "http: {listen: [x]}",
                "1:17: http.listen[0]: 'x' is not an IP address like 192.0.2.1",
            ),
            ("http: {listen: x}", "1:16: http.listen: 'x' is not an IP address like 192.0.2.1"),
            (
                "dhcp: {mode: anser}",
                "1:14: dhcp.mode: 'anser' should be 'answer', 'observe', 'off' or 'serve'",
            ),
            ("dhcp: {mod: off}", "1:8: dhcp.mod: unknown key; did you mean 'mode'?"),
            (
                "limits: {tftp_totl: 1}",
                "1:10: limits.tftp_totl: unknown key; did you mean 'tftp_total'?",
            ),
            (
                "limits: {tftp_blksize: 511}",
                "1:24: limits.tftp_blksize: '511' should be greater than or equal to 512",
            ),
            (
                "log: {level: loud}",
                "1:14: log.level: 'loud' should be 'debug', 'info', 'warning' or 'error'",
            ),
            *(
                (
                    f"boot_api: {url}",
                    "1:11: boot_api: must be a URL like http://192.0.2.1:8090, without '?' and '#'",
                )
                for url in ("api", "ftp://me:sesame@x", "http://x/?a=sesame", "http://x/#a")
            ),
            ("boot_api: [x]", "1:11: boot_api: must be text, not a list"),
            ("waitron_api: 2", "1:14: waitron_api: '2' should be 1 or 3"),
            ("waitron_api: x", "1:14: waitron_api: 'x' should be 1 or 3"),
            ("baseurl: here", "1:10: baseurl: 'here' is not a URL like http://192.0.2.1:8090"),
            ("image_url: x/", "1:12: image_url: 'x/' is not a URL like http://192.0.2.1:8090"),
            (
                "api: {allow: [192.0.2.1/24]}",
                (
                    "1:15: api.allow[0]: '192.0.2.1/24' is not a network like 192.0.2.0/24 "
                    "(host bits set)"
                ),
            ),
            ("api: {allow: [lan]}", "1:15: api.allow[0]: 'lan' is not a network like 192.0.2.0/24"),
            ('images: "a\\0b"', "1:9: images: 'a\\x00b' is not a path"),
            ("templtepath: x", "1:1: templtepath: unknown key; did you mean 'templatepath'?"),
        ],
    )
    def test_are_told_in_the_operators_words(self, tmp_path: Path, text: str, said: str) -> None:
        assert complaint(tmp_path, text + "\n") == [f"config.yaml:{said}"]

    def test_a_key_that_stands_twice_hides_no_other_mistake(self, tmp_path: Path) -> None:
        text = "prams: {}\nkernel: a\nhttp: {port: 99999}\nkernel: b\n"

        assert complaint(tmp_path, text) == [
            "config.yaml:1:1: prams: unknown key; did you mean 'params'?",
            "config.yaml:3:14: http.port: '99999' should be less than or equal to 65535",
            "config.yaml:4:1: kernel: the key 'kernel' stands twice",
        ]

    def test_a_token_may_be_kept_in_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text("0123456789abcdef\n")

        found = settings(tmp_path, f"api: {{tokens: ['file:{tmp_path}/token']}}\n")

        assert [token.get_secret_value() for token in found.api.tokens] == ["0123456789abcdef"]

    def test_a_token_file_is_sought_beside_the_settings(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text("0123456789abcdef\n")

        found = settings(tmp_path, "api: {tokens: 'file:token'}\n")

        assert [token.get_secret_value() for token in found.api.tokens] == ["0123456789abcdef"]

    def test_a_token_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, "api: {tokens: ['file:/nowhere/token']}\n") == [
            (
                "config.yaml:1:16: api.tokens[0]: '/nowhere/token' cannot be read: "
                "No such file or directory"
            )
        ]

    def test_a_token_that_is_refused_is_not_shown(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, "api: {tokens: [sesame]}\n") == [
            "config.yaml:1:16: api.tokens[0]: a token needs at least 16 characters"
        ]

    def test_an_api_servers_password_is_not_shown_either(self, tmp_path: Path) -> None:
        found = settings(tmp_path, "boot_api: http://me:sesame@192.0.2.1/x\n")

        assert found.boot_api is not None
        assert found.boot_api.get_secret_value() == "http://me:sesame@192.0.2.1/x"
        assert "sesame" not in repr(found) + found.model_dump_json()

    def test_a_token_is_not_shown_by_the_settings_either(self, tmp_path: Path) -> None:
        found = settings(tmp_path, "api: {tokens: [0123456789abcdef]}\n")

        assert "0123456789abcdef" not in repr(found)


class TestPaths:
    def test_are_relative_to_the_file_and_not_to_where_one_stands(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc/config.yaml").write_text("machinepath: ../m\nimages: /srv/images\n")
        monkeypatch.chdir(tmp_path)

        found = load(Path("etc/config.yaml"))

        assert found.machinepath == tmp_path / "etc/../m"
        assert found.images == Path("/srv/images")
        assert found.templatepath == tmp_path / "etc/templates"

    @pytest.mark.parametrize("nothing", ["''", "~", ""])
    def test_an_empty_staticspath_serves_no_folder(self, tmp_path: Path, nothing: str) -> None:
        assert settings(tmp_path, f"staticspath: {nothing}\n").staticspath is None


class TestState:
    @pytest.mark.parametrize(
        ("written", "url"),
        [
            ("here.sqlite", "sqlite:///{folder}/here.sqlite"),
            ("/srv/x.sqlite", "sqlite:////srv/x.sqlite"),
            ("sqlite:///here.sqlite", "sqlite:///{folder}/here.sqlite"),
            ("sqlite+aiosqlite:///a/b.sqlite", "sqlite:///{folder}/a/b.sqlite"),
            ("sqlite:////srv/x.sqlite", "sqlite:////srv/x.sqlite"),
            ("postgresql://u:p@db/pyxie", "postgresql+asyncpg://u:p@db/pyxie"),
            ("postgresql+psycopg://db/pyxie", "postgresql+psycopg://db/pyxie"),
        ],
    )
    def test_is_a_path_or_a_url(self, tmp_path: Path, written: str, url: str) -> None:
        found = settings(tmp_path, f"state: {written}\n").state

        assert found == url.format(folder=tmp_path)

    def test_without_one_lives_where_the_service_manager_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STATE_DIRECTORY", f"/var/lib/pyxie{os.pathsep}/var/lib/other")

        assert settings(tmp_path, "").state == "sqlite:////var/lib/pyxie/pyxie.sqlite"

    def test_that_is_set_is_not_moved_by_the_service_manager(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/pyxie")

        found = settings(tmp_path, "state: here.sqlite\n").state

        assert found == f"sqlite:///{tmp_path}/here.sqlite"


RANGE = "192.0.2.100-192.0.2.199"


class TestAddressesThatAreGiven:
    def test_are_read_with_what_goes_with_them(self, tmp_path: Path) -> None:
        text = (
            "dhcp: {mode: serve, range: 192.0.2.100 - 192.0.2.199, gateway: 192.0.2.1,"
            " nameservers: 192.0.2.2, lease_time: 600, leases: l}"
        )

        found = settings(tmp_path, text).dhcp

        assert found == Dhcp(
            mode="serve",
            range=RANGE,
            gateway="192.0.2.1",
            nameservers=("192.0.2.2",),
            lease_time=600,
            leases=tmp_path / "l",
        )
        assert [str(each) for each in ends(RANGE)] == ["192.0.2.100", "192.0.2.199"]

    @pytest.mark.parametrize(
        ("state", "file"),
        [
            ("", "state/pyxie.sqlite.leases"),
            ("s/x.sqlite", "s/x.sqlite.leases"),
            ("postgresql://h/d", "state/pyxie.leases"),
        ],
    )
    def test_are_kept_beside_the_state(self, tmp_path: Path, state: str, file: str) -> None:
        found = settings(tmp_path, f"state: '{state}'\n")

        assert leases_file(found) == tmp_path / file

    def test_are_kept_where_it_is_said(self, tmp_path: Path) -> None:
        assert leases_file(settings(tmp_path, "dhcp: {leases: l}")) == tmp_path / "l"

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ("mode: serve", "dhcp: mode 'serve' needs 'range', like 192.0.2.100-192.0.2.199"),
            (
                f"mode: serve, range: {RANGE}, bind: true",
                "dhcp: mode 'serve' has its server own port 67: leave 'bind' out",
            ),
            ("range: a", "dhcp.range: 'a' is not a range like 192.0.2.100-192.0.2.199"),
            ("range: a-b", "dhcp.range: 'a' is not an IPv4 address like 192.0.2.1"),
            (
                "range: 192.0.2.9-192.0.2.1",
                "dhcp.range: '192.0.2.9-192.0.2.1' ends before it begins",
            ),
            (
                "range: 10.0.0.0-10.255.255.255",
                "dhcp.range: '10.0.0.0-10.255.255.255' has 16777216 addresses, more than 16384",
            ),
            ("gateway: '::1'", "dhcp.gateway: '::1' is not an IPv4 address like 192.0.2.1"),
            ("lease_time: 60", "dhcp.lease_time: '60' should be greater than or equal to 120"),
        ],
    )
    def test_that_cannot_be_are_refused(self, tmp_path: Path, said: str, why: str) -> None:
        (found,) = complaint(tmp_path, f"dhcp: {{{said}}}\n")

        assert found.partition(" ")[2] == why
