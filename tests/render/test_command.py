"""`pyxie render`: what a machine would get, from the files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pyxie import cli

ZEROS = "00000000-0000-0000-0000-000000000000"
NOTE = (
    "pyxie: of no build, from {}/config.yaml: the token is zeros, and URLs begin with "
    "http://boot.example\n"
)
CONFIG = """\
baseurl: http://boot.example/
kernel: linux
image_url: http://mirror.example/
cmdline: "url={{ urls.template('preseed') }} {{ MAC }}"
build_types: {install: {}, rescue: {}}
"""
MACHINE = """\
preseed: p.j2
templates: {user-data: u.j2}
network: [{macaddress: 525400000001}, {macaddress: 525400000002}]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in ("machines", "templates"):
        (tmp_path / name).mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "machines/web01.example.yaml").write_text(MACHINE)
    (tmp_path / "templates/p.j2").write_text("Grüße an {{ Hostname }} {{ Token }}, 5% %post\r\nend")
    (tmp_path / "templates/u.j2").write_text("{{ job.BuildTypeName }}{{ MAC }}\n")
    return tmp_path


Render = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def render(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Render:
    """Run the command in this process, in the site's folder."""
    monkeypatch.chdir(site)

    def run(*arguments: str) -> tuple[int, bytes, str]:
        monkeypatch.setattr(sys, "argv", ["pyxie", "render", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsysbinary.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err.decode()

    return run


class TestWhatIsShown:
    def test_are_the_exact_bytes_of_the_preseed(self, site: Path) -> None:
        expected = f"Grüße an web01.example {ZEROS}, 5% %post\nend".encode()

        ran = subprocess.run(
            [sys.executable, "-m", "pyxie", "render", "web01.example"],
            cwd=site,
            capture_output=True,
        )

        shown = ran.returncode, ran.stdout, ran.stderr.decode()
        assert shown == (0, expected, NOTE.format(site))

    @pytest.mark.parametrize(
        ("arguments", "shown"),
        [
            (["WEB01.example", "user-data"], "52:54:00:00:00:01\n"),
            (["web01.example", "user-data", "--mac", "5254.0000.0002"], "52:54:00:00:00:02\n"),
            (
                ["web01.example", "user-data", "--type", "rescue"],
                "rescue52:54:00:00:00:01\n",
            ),
            (
                ["web01.example", "cmdline"],
                (
                    f"url=http://boot.example/template/preseed/web01.example/{ZEROS} "
                    "52:54:00:00:00:01\n"
                ),
            ),
        ],
    )
    def test_is_what_is_asked_for(
        self, site: Path, render: Render, arguments: list[str], shown: str
    ) -> None:
        assert render(*arguments) == (0, shown.encode(), NOTE.format(site))

    def test_is_the_boot_script_too_and_cloud_inits_meta_data(self, render: Render) -> None:
        script, meta = (
            render("web01.example", "script"),
            render("web01.example", "meta-data"),
        )

        assert script[1].startswith(b"#!ipxe\n")
        assert meta[1].endswith(b"\nlocal-hostname: web01.example\n")

    def test_is_one_json_document_if_asked(self, render: Render) -> None:
        code, out, err = render("web01.example", "user-data", "--json")

        assert (code, err) == (0, "")
        assert json.loads(out) == {
            "host": "web01.example",
            "kind": "user-data",
            "text": "52:54:00:00:00:01\n",
        }

    def test_begins_with_an_address_of_this_host_where_no_url_is_set(
        self, site: Path, render: Render
    ) -> None:
        (site / "config.yaml").write_text(CONFIG.split("\n", 1)[1])

        _, out, err = render("web01.example", "cmdline")

        base = err.rsplit(" ", 1)[1].strip()
        assert base.startswith("http://")
        assert base.endswith(":8090")
        assert out.startswith(f"url={base}/template/".encode())


class TestAMistake:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (
                ["web01"],
                (
                    "Error: Invalid value for HOST: there is no machine 'web01' in SITE/machines; "
                    "did you mean web01.example"
                ),
            ),
            (
                ["web01.example", "--type", "x"],
                (
                    "Error: Invalid value for --type: build type 'x' is not one of 'build_types' "
                    "in config.yaml"
                ),
            ),
            (
                ["web01.example", "finish"],
                (
                    "pyxie: finish: web01.example has no such template; there are: preseed, "
                    "user-data, cmdline, script, meta-data"
                ),
            ),
            (["web01.example", "--mac", "x"], "Error: Invalid value for --mac: 'x' is not a MAC "),
            (["bad"], "machines/bad.yaml:1:1: preeed: unknown key; did you mean 'preseed'?"),
            (["web02"], "pyxie: b.j2:1: 'nope' is undefined"),
        ],
    )
    def test_is_told_in_one_line_and_nothing_is_shown(
        self, site: Path, render: Render, arguments: list[str], said: str
    ) -> None:
        (site / "machines/bad.yaml").write_text("preeed: x\n")
        (site / "machines/web02.yaml").write_text("preseed: b.j2\n")
        (site / "templates/b.j2").write_text("{{ nope }}")

        code, out, err = render(*arguments)

        assert (code, out) == (2, b"")
        assert err.replace(str(site), "SITE").splitlines()[-1].startswith(said)
