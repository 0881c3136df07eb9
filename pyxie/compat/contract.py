"""pixiecore's contract with an API server: what is asked of it, and what it answers.

The contract is pixiecore's README and what it does; what differs is in docs/waitron.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urljoin

from pyxie.bootapi.answer import MOST_BYTES, Answer, AnswerError
from pyxie.bounds import BOOT_API_ACTIONS
from pyxie.config.values import http_url
from pyxie.syntax.golexer import Action, actions, tokens
from pyxie.syntax.tokenizer import UnreadableError
from pyxie.urls import shown

_MOST_FILES: Final = 64
_LONGEST: Final = 8 << 10
"""Characters of a command line; Linux takes two to four thousand."""
_KINDS: Final = {bool: "true or false", int: "a number", float: "a number", str: "text"}
_KINDS_OF_JSON: Final = {**_KINDS, list: "a list", dict: "an object", type(None): "null"}


def prefix(base: str) -> str:
    """Return what relative URLs are relative to: the setting's URL, and ``v1``."""
    return f"{base}v1" if base.endswith("/") else f"{base}/v1"


def boot_url(base: str, mac: str) -> str:
    """Return where to ask about a machine, ``52:54:00:12:34:56``."""
    return f"{prefix(base)}/boot/{mac}"


def parse(body: bytes, base: str) -> Answer:
    """Return what an API server answered with status 200.

    Args:
        body: JSON.
        base: The setting's URL.

    Raises:
        AnswerError: It is none that can be booted.
    """
    if len(body) > MOST_BYTES:
        raise AnswerError("", f"is over {MOST_BYTES >> 10} KiB")
    try:
        data = json.loads(body.decode())
    except (ValueError, RecursionError) as exc:
        raise AnswerError("", "is not JSON") from exc
    if not isinstance(data, dict):
        raise AnswerError("", f"must be an object, not {_KINDS_OF_JSON[type(data)]}")
    # Go's encoding/json does not mind the case of keys.
    said = {str(key).lower(): value for key, value in data.items()}
    message, script = _text(said, "message"), _text(said, "ipxe-script")
    if script:
        return Answer(script=script, message=message)
    kernel = _text(said, "kernel")
    if not kernel:
        raise AnswerError("kernel", "missing")
    initrds = [] if said.get("initrd") is None else said["initrd"]
    if not isinstance(initrds, list):
        raise _misfit("initrd", "a list of URLs", initrds)
    if len(initrds) > _MOST_FILES:
        raise AnswerError("initrd", f"has over {_MOST_FILES} entries")
    others: list[str] = []
    return Answer(
        kernel=_resolved("kernel", kernel, base),
        initrds=tuple(_resolved(f"initrd[{at}]", each, base) for at, each in enumerate(initrds)),
        cmdline=_cmdline(said.get("cmdline"), base, others),
        others=tuple(others),
        message=message,
    )


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    if value is not None and not isinstance(value, str):
        raise _misfit(key, "text", value)
    return value or ""


def _misfit(place: str, wanted: str, value: Any) -> AnswerError:
    return AnswerError(place, f"must be {wanted}, not {_KINDS_OF_JSON[type(value)]}")


def _resolved(place: str, url: Any, base: str) -> str:
    if not isinstance(url, str):
        raise _misfit(place, "a URL", url)
    try:
        if not url:
            raise ValueError("is empty")
        return http_url(urljoin(prefix(base), url))
    except ValueError as exc:
        # pixiecore hands out file:// URLs, and with them any file of its host.
        problem = f"{shown(url)[:200]!r} does not lead to a file by http or https"
        raise AnswerError(place, problem) from exc


def _cmdline(written: Any, base: str, others: list[str]) -> tuple[str | int, ...]:
    def number(url: str) -> int:
        if len(others) >= _MOST_FILES:
            raise AnswerError("cmdline", f"has over {_MOST_FILES} URLs")
        others.append(_resolved("cmdline", url, base))
        return len(others) - 1

    if isinstance(written, dict):
        words = [_word(key, written[key]) for key in sorted(written)]
        written = " ".join(words)
    if written is not None and not isinstance(written, str):
        raise _misfit("cmdline", "text or an object", written)
    if len(written or "") > _LONGEST:
        raise AnswerError("cmdline", f"is over {_LONGEST >> 10} KiB")
    left = iter(range(BOOT_API_ACTIONS.whole))
    pieces: list[str | int] = []
    for piece in _expanded(written or "", number, left):
        # pixiecore expands it once more when it writes the script, without URL.
        pieces += [piece] if isinstance(piece, int) else _expanded(piece, None, left)
    # There is a text before and after each URL, if an empty one.
    pieces[0] = str(pieces[0]).lstrip()
    pieces[-1] = str(pieces[-1]).rstrip()
    for piece in pieces:
        if isinstance(piece, str) and _CONTROL.search(piece):
            raise AnswerError("cmdline", "must be one line, without control characters")
    return tuple(piece for piece in pieces if piece != "")


_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def _word(key: str, value: Any) -> str:
    """Return one key of a command line that is an object, as a template."""
    if isinstance(value, bool):
        return key  # also if it is false, as with pixiecore
    if isinstance(value, str):
        return f"{key}={_quoted(value)}"
    if isinstance(value, dict) and isinstance(value.get("url"), str):
        return f"{key}={{{{ URL {_quoted(value['url'])} }}}}"
    raise _misfit(f"cmdline.{key}", 'text, true or {"url": …}', value)


def _quoted(text: str) -> str:
    """Return text as Go's ``%q`` writes it."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(c: str) -> str:
    if c in _GO:
        return _GO[c]
    if c.isprintable():
        return c
    code = ord(c)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_GO: Final = {
    **dict(zip("\a\b\f\n\r\t\v", ("\\a", "\\b", "\\f", "\\n", "\\r", "\\t", "\\v"), strict=True)),
    '"': '\\"',
    "\\": "\\\\",
}


def _expanded(
    text: str, number: Callable[[str], int] | None, left: Iterator[int]
) -> list[str | int]:
    """Expand Go's text/template as far as the contract goes: ``URL "…"`` and literals.

    Args:
        text: The template.
        number: Returns what stands for a URL; None where none may be.
        left: Has one more for each action that there may be.

    Raises:
        AnswerError: There is more in it.
    """
    pieces: list[str | int] = []
    at, trim = 0, False
    for action in actions(text):
        if next(left, None) is None:
            BOOT_API_ACTIONS.reached()
            raise AnswerError("cmdline", f"has over {BOOT_API_ACTIONS.whole} actions in '{{{{'")
        before = text[at : action.at]
        pieces.append(_trimmed(before, left=trim, right=bool(action.left)))
        pieces += _value(action, number)
        at, trim = action.at + len(action.source), bool(action.right)
    rest = text[at:]
    if "{{" in rest:
        raise AnswerError("cmdline", "a '{{' has no '}}'")
    return [*pieces, _trimmed(rest, left=trim, right=False)]


def _trimmed(text: str, *, left: bool, right: bool) -> str:
    text = text.lstrip() if left else text
    return text.rstrip() if right else text


def _value(action: Action, number: Callable[[str], int] | None) -> Iterator[str | int]:
    if action.inner.strip().startswith("/*"):
        return
    try:
        found = [(each.kind, each.value) for each in tokens(action.inner, action.inner_at)]
    except UnreadableError as exc:
        raise AnswerError("cmdline", f"{action.source[:80]!r}: {exc}") from exc
    match found:
        case [("string", literal)]:
            yield literal
        case [("name", "URL"), ("string", url)] if number:
            yield number(url)
        case [("string", url), ("symbol", "|"), ("name", "URL")] if number:
            yield number(url)
        case _:
            known = "'URL \"…\"' only" if number else "nothing but texts"
            raise AnswerError("cmdline", f"{action.source[:80]!r}: pyxie knows {known} here")
