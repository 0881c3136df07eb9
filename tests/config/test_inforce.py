"""What of config.yaml is not in force, as it is said."""

from __future__ import annotations

import pytest

from pyxie.config.inforce import not_in_force


class TestNotInForce:
    @pytest.mark.parametrize(
        ("changed", "mistaken", "restart", "said"),
        [
            (False, False, [], []),
            (
                *(True, False, []),
                ["config.yaml has changed since it was read; to read it: systemctl reload pyxie"],
            ),
            (
                *(False, True, []),
                ["config.yaml has mistakes, so what it said before is in force; see: pyxie check"],
            ),
            (
                *(True, True, []),  # perhaps it is mended by now
                ["config.yaml has changed since it was read; to read it: systemctl reload pyxie"],
            ),
            (
                *(False, False, ["user"]),
                [
                    (
                        "user in config.yaml takes a restart, which has not been done:"
                        " systemctl restart pyxie"
                    )
                ],
            ),
            (
                *(True, False, ["dhcp.bind", "http.port", "user"]),
                [
                    "config.yaml has changed since it was read; to read it: systemctl reload pyxie",
                    (
                        "dhcp.bind, http.port and user in config.yaml take a restart, which has not"
                        " been done: systemctl restart pyxie"
                    ),
                ],
            ),
        ],
    )
    def test_says_what_and_how_to_put_it_there(
        self, changed: bool, mistaken: bool, restart: list[str], said: list[str]
    ) -> None:
        found = not_in_force("config.yaml", changed=changed, mistaken=mistaken, restart=restart)

        assert list(found) == said

    def test_says_how_to_do_it_without_a_service_manager(self) -> None:
        found = not_in_force(
            "config.yaml", changed=True, mistaken=False, restart=["user"], pid=4711
        )

        assert found == (
            "config.yaml has changed since it was read; to read it: kill -HUP 4711",
            (
                "user in config.yaml takes a restart, which has not been done: "
                "end it (Ctrl-C) and start it again as before"
            ),
        )
