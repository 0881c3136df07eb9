"""Any body: JSON of a machine or of an API server, and what is asked of pyxie by waitron's ways."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pyxie.bootapi.answer import Answer, AnswerError
from pyxie.bounds import BODY_VALUES
from pyxie.compat.contract import parse
from pyxie.config.counted import check_json
from pyxie.errors import ConfigError
from pyxie.net.baseurl import names_of
from pyxie.recognition.systeminfo import macs_in
from tests.fuzz.target import Target, text


def take(data: bytes) -> None:
    with suppress(ValueError):
        assert all(len(mac) == 17 for mac in macs_in(data))
    with suppress(ConfigError):
        check_json(data, Path("body"), BODY_VALUES)
    with suppress(AnswerError):
        assert isinstance(parse(data, "http://192.0.2.9/v1/"), Answer)
    with suppress(ValueError):
        names_of(text(data))


TARGET = Target(
    take=take,
    longest=65_536,
    words=(
        *(b"{", b"[", b'{"":', b'"', b'\\"', b",", b'"kernel":"http://a/b"', b'"initrd":["a"]'),
        *(b'{"URL":"a"}', b'"cmdline":{"a":', b"{{ URL `a` }}", b"1e9", b"\\ud800", b'"mac":"'),
    ),
)
