"""Ways out of the box that templates were tried by: none leads anywhere.

Each either fails, or writes nothing that only Python itself knows.
"""

from __future__ import annotations

import re
from collections import UserString
from types import SimpleNamespace
from typing import Any

import pytest

from pyxie.errors import RenderError
from pyxie.render.strict import Renderer

NAMES: dict[str, Any] = {
    "name": "web01",
    "number": 5,
    "machine": SimpleNamespace(hostname="web01", network=[{"mac": "x"}]),
    "params": {"disk": "/dev/sda"},
    "text": UserString("x"),
    "call": lambda *words: " ".join(map(str, words)),
}

ATTRIBUTES = (
    "__class__", "__mro__", "__globals__", "__init__", "__subclasses__", "__dict__", "__code__",
    "__builtins__", "__closure__", "__self__", "__func__", "__reduce_ex__", "__getattribute__",
    "gi_frame", "cr_frame", "f_globals", "func_globals", "_fields",
)  # fmt: skip

REACHED_FOR = (
    "{{ name.ATTR }}",
    "{{ name['ATTR'] }}",
    "{{ name|attr('ATTR') }}",
    "{{ call.ATTR }}",
    "{{ call|attr('ATTR') }}",
    "{{ machine|attr('ATTR') }}",
    "{{ [machine]|map(attribute='ATTR')|first }}",
    "{{ [machine]|map('attr', 'ATTR')|first }}",
    "{{ [machine]|groupby('ATTR') }}",
    "{{ [machine]|sort(attribute='ATTR') }}",
    "{{ [machine]|selectattr('ATTR')|list }}",
    "{{ [machine]|sum(attribute='ATTR') }}",
    "{{ [machine]|unique(attribute='ATTR')|list }}",
    "{{ '{0.ATTR}'.format(machine) }}",
    "{{ '{x.ATTR}'.format(x=call) }}",
    "{{ '{x.ATTR}'.format_map({'x': call}) }}",
    "{{ ('{0.ATTR}'|string).format(call) }}",
    "{{ '%s'|format(call.ATTR) }}",
    "{{ namespace(x=call).x.ATTR }}",
    "{{ cycler(call).next().ATTR }}",
    "{{ joiner.ATTR }}",
    "{{ self.ATTR }}",
    "{{ loop.ATTR }}",
    "{{ caller.ATTR }}",
    "{% macro m() %}{% endmacro %}{{ m.ATTR }}",
    "{% set x = namespace() %}{{ x.ATTR }}",
    "{% for k in [call] %}{{ k.ATTR }}{% endfor %}",
    "{{ lipsum.ATTR }}",
    "{{ dict.ATTR }}",
    "{{ range.ATTR }}",
    "{{ (call, 1)[0].ATTR }}",
    "{{ {'a': call}.a.ATTR }}",
    "{{ call['ATTR'|string] }}",
    "{{ call[['ATTR']|first] }}",
    "{{ call['ATTR'|reverse|reverse] }}",
)
"""How an attribute is reached for."""

CALLED = (
    "{{ ''.__class__.__mro__[1].__subclasses__()[9].__init__.__globals__['popen']('id') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__.__globals__.__builtins__.__import__('os') }}",
    "{{ request.application.__globals__ }}",
    "{{ config.items() }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{% import os %}",
    "{% include '/etc/passwd' %}",
    "{% include '../../../../etc/passwd' %}",
    "{% extends '/etc/passwd' %}",
    "{% from '/etc/passwd' import root %}",
    "{% set machine.network = [] %}",
    "{% do machine.__setattr__('hostname', 'x') %}",
    "{{ params.__setitem__('a', 1) }}",
    "{{ params.setdefault('a', 1) }}",
    "{{ params.popitem() }}",
    "{{ machine.network.append(1) }}",
    "{{ machine.network.clear() }}",
    "{{ machine.network.sort() }}",
    "{{ open('/etc/passwd').read() }}",
    "{{ eval('1') }}",
    "{{ exec('1') }}",
    "{{ __import__('os') }}",
    "{{ getattr(call, 'x') }}",
    "{{ ''|xmlattr }}",
    "{{ ().__class__ }}",
    "{{ text.data.__class__ }}",
    "{{ text.__init__.__globals__ }}",
    "{{ text.format.__globals__ }}",
    "{{ debug() }}",
    "{% debug %}",
    "{{ environment }}",
    "{{ name.encode().__class__ }}",
    "{{ name.translate({119: call.__globals__}) }}",
    "{{ [call]|map('__class__')|list }}",
)

TOLD = re.compile(
    r"<class|<module|<built-in|<frame|<code|<cell|__globals__'|__builtins__|uid=|root:|mappingproxy"
    r"|method-wrapper|<slot|object at 0x(?!.*function <lambda>)"
)


def written(source: str) -> str:
    try:
        return str(Renderer([]).text("cmdline", source, NAMES))
    except RenderError as exc:
        return f"refused: {exc}"


@pytest.mark.parametrize("how", REACHED_FOR)
def test_no_attribute_of_pythons_is_reached(how: str) -> None:
    for attribute in ATTRIBUTES:
        found = written(how.replace("ATTR", attribute))

        assert found.startswith("refused: ") or not TOLD.search(found), (attribute, found)


@pytest.mark.parametrize("source", CALLED)
def test_nothing_is_called_read_or_changed(source: str) -> None:
    found = written(source)

    assert found.startswith("refused: cmdline"), found
    assert (NAMES["params"], NAMES["machine"].network) == ({"disk": "/dev/sda"}, [{"mac": "x"}])
