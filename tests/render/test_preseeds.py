"""The preseeds of Debian, of Ubuntu's older installer and of the rescue system."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.render.examples import PARAMS, cases, rendered, url
from tests.render.judges import by_a_shell, by_debconf
from tests.render.test_shipped_templates import answers

every = pytest.mark.parametrize("name", ["debian12", "ubuntu20", "rescue"])


@cases
class TestAPreseed:
    @every
    def test_is_one_that_debconf_takes(self, tmp_path: Path, name: str, case: str) -> None:
        assert by_debconf(rendered(name, case=case), tmp_path) == (0, "")

    @every
    def test_has_commands_that_a_shell_takes(self, name: str, case: str) -> None:
        found = answers(rendered(name, case=case))
        scripts = [value for key, value in found.items() if key.endswith("_command")]

        assert scripts
        assert [told for script in scripts if (told := by_a_shell(f"{script}\n"))] == []

    def test_of_ubuntu_parts_its_mirror_into_host_and_folder(self, case: str) -> None:
        found = answers(rendered("ubuntu20", case=case))

        assert found["mirror/http/hostname"] == "archive.ubuntu.com"
        assert found["mirror/http/directory"] == "/ubuntu"

    def test_of_the_rescue_system_carries_the_key_within_itself(self, case: str) -> None:
        """Its token opens nothing any more once it has said `done`."""
        found = answers(rendered("rescue", case=case))

        key = found.get("network-console/authorized_keys_url", "base64://")
        assert base64.b64decode(key.removeprefix("base64://")).decode() == (
            PARAMS[case].get("ssh_key", "")
        )


def test_leaves_no_question_of_roots_password_open() -> None:
    """user-setup of Debian 13 takes ``!`` for no answer."""
    assert answers(rendered("debian12"))["passwd/root-password-crypted"] == "*"
    assert answers(rendered("debian12"))["passwd/root-login"] == "true"


def test_debconf_refuses_what_is_no_preseed(tmp_path: Path) -> None:
    assert by_debconf("d-i only\n", tmp_path)[0] != 0


def test_a_finish_script_that_fails_is_reported_with_the_installers_log() -> None:
    late = answers(rendered("debian12"))["preseed/late_command"]

    assert f"'{url('debian12', 'failed')}?reason=the%20finish%20script%20failed'" in late
    assert '--post-data="$(tail -n 200 /var/log/syslog)"' in late
