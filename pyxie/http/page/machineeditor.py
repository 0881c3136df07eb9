"""A machine's file, edited: checked first, and written only over what its editor has seen.

Of two who edit one file at once the second is shown what the first wrote, and keeps what he typed;
the validator of the file, which REST has as its ``ETag``, goes along with the form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from aiohttp import web

from pyxie.access.scope import Scope
from pyxie.advice.adviser import placed
from pyxie.bounds import YAML_FORM
from pyxie.errors import BusyError, ConfigError, NotServedError, Problem, RenderError
from pyxie.http.bodies import aside, form
from pyxie.http.buildcall import trial
from pyxie.http.filewrites import changed
from pyxie.http.page.bootrow import machine_path
from pyxie.http.page.editorview import EditorView, editor
from pyxie.http.page.filelines import Mistake, split, taken
from pyxie.http.page.frame import shown
from pyxie.http.page.machinefacts import Facts, asked, is_utf8, mended, secrets_of, text_of
from pyxie.http.parts import LOADERS, MACHINES, POOLS, RENDERING
from pyxie.http.routing import Routes
from pyxie.registry.define import Definition, define
from pyxie.registry.origins import own
from pyxie.registry.veil import Veiled, secrets_in, veiled, without
from pyxie.registry.writer import (
    FullError,
    NotThereError,
    ReadOnlyError,
    StaleError,
    Stored,
    WriteError,
)

routes = Routes()

_PATH: Final = "/page/machines/{hostname}/file"
_LATIN: Final = (
    "the file is not UTF-8: it is read as Latin-1 here, and is UTF-8 once it has been written"
)
_GONE: Final = (
    "its file is not there any more, so nothing was written; what you typed is kept here: "
    "`pyxie add` creates a machine anew"
)
_STALE: Final = (
    "somebody else has changed the file since you opened it, so nothing was written; what you "
    "typed is kept"
)


@routes.get(_PATH, scope=Scope.ADMIN)
async def edit(request: web.Request) -> web.Response:
    """Show the file, to be edited."""
    of = await asked(request)
    if of.stored is None:
        raise web.HTTPNotFound(text=of.unread or f"{of.host} has no file, only its builds' history")
    stored = of.stored
    known = await aside(request, _veiled, stored)
    mistakes, elsewhere = split(of.problems, stored.file.path)
    view = await aside(
        request,
        lambda: _view(of, stored, known, known.text, mistakes=mistakes, elsewhere=elsewhere),
    )
    return await _shown(request, view)


@routes.post(f"{_PATH}/check", scope=Scope.ADMIN, most=YAML_FORM, audited=False)
async def check(request: web.Request) -> web.Response:
    """Say what is wrong with what was typed, and write nothing."""
    sent = await _sent(request)
    if sent.stored is None or sent.is_stale:
        return await _refused(request, sent)
    found = await _looked_at(request, sent)
    return await _again(request, sent, found, 422 if found.mistakes else 200, checked=True)


@routes.post(_PATH, scope=Scope.ADMIN, most=YAML_FORM)
async def write(request: web.Request) -> web.Response:
    """Write what was typed, if nothing is wrong with it and nobody else has written meanwhile."""
    sent = await _sent(request)
    if sent.stored is None or sent.is_stale:
        return await _refused(request, sent)
    if sent.typed == sent.known.text:
        raise web.HTTPSeeOther(f"{machine_path(sent.of.host)}?done=unchanged")
    found = await _looked_at(request, sent)
    if found.mistakes:
        return await _again(request, sent, found, 422)
    name, text, etag = request.match_info["hostname"], sent.text, sent.etag
    try:
        stored = await changed(request, name, lambda _: text, lambda now: now == etag)
    except ConfigError as exc:  # another machine has what it claims, since a moment ago
        here, elsewhere = split(exc.problems, sent.stored.file.path)
        found = replace(found, mistakes=tuple(here), elsewhere=tuple(elsewhere))
        return await _again(request, sent, found, 422)
    except (StaleError, NotThereError):
        return await _refused(request, await _sent_again(request, sent))
    except WriteError as exc:
        return await _again(request, sent, found, _status(exc), refused=str(exc))
    if not found.elsewhere and not found.advice:
        raise web.HTTPSeeOther(f"{machine_path(str(stored.file.hostname))}?done=written")
    known = await aside(request, _veiled, stored)
    written = replace(sent, stored=stored, known=known, etag=stored.etag, typed=known.text)
    return await _again(request, written, found, 200, written=True)


def _status(exc: WriteError) -> int:
    return 507 if isinstance(exc, FullError) else 409 if isinstance(exc, ReadOnlyError) else 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What was typed, and the file as it is by now.

    Attributes:
        of: The machine.
        stored: Its file; None if there is none any more.
        known: The same without its secrets.
        etag: Of the file that was seen.
        typed: What was typed, with the line ends of the file; secrets are words.
    """

    of: Facts
    stored: Stored | None
    known: Veiled
    etag: str
    typed: str

    @property
    def is_stale(self) -> bool:
        """Whether the file is another than the one that was seen."""
        return self.stored is not None and self.stored.etag != self.etag

    @property
    def text(self) -> str:
        """What is to be written."""
        return self.known.restored(self.typed)


async def _sent(request: web.Request) -> _Sent:
    of, fields = await asked(request), await form(request)
    if "text" not in fields or "etag" not in fields:
        raise web.HTTPBadRequest(text="the form has no 'text' or no 'etag': open the file again")
    return await aside(request, _read, of, fields)


async def _sent_again(request: web.Request, sent: _Sent) -> _Sent:
    """Return the same with the file as it is by now."""
    fields = {"text": sent.typed, "etag": sent.etag}
    return await aside(request, _read, await asked(request), fields)


def _read(of: Facts, fields: Mapping[str, str]) -> _Sent:
    known = _veiled(of.stored) if of.stored is not None else Veiled("", {})
    typed = taken(fields["text"], known.text)
    return _Sent(of=of, stored=of.stored, known=known, etag=fields["etag"], typed=typed)


def _veiled(stored: Stored) -> Veiled:
    document = stored.file.document
    return veiled(text_of(stored), secrets_in(document.data) if document is not None else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is to be said of a text.

    Attributes:
        mistakes: In it.
        elsewhere: In other files, which keep the machine from being built.
        advice: What will hardly be wanted.
    """

    mistakes: tuple[Mistake, ...] = ()
    elsewhere: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


async def _looked_at(request: web.Request, sent: _Sent) -> _Found:
    """Return what `pyxie check` would say of the file, were it written."""
    lost = tuple(
        Mistake(line, column, f"{word} stands for nothing in the file as it is; write the value")
        for line, column, word in await aside(request, sent.known.lost, sent.typed)
    )
    if lost:
        return _Found(mistakes=lost)
    files, name = request.app[MACHINES], request.match_info["hostname"]
    run = request.app[POOLS].management.run
    try:
        new = await run(files.writer.tried, name, sent.text, sent.of.registry)
        document = new.file.document
        assert document is not None  # noqa: S101  (it has passed)
        definition = await aside(request, define, sent.of.registry.shared, document)
    except ConfigError as exc:
        assert sent.stored is not None  # noqa: S101  (see the callers)
        return await aside(request, _told, exc.problems, (), sent.stored.file.path, sent)
    except WriteError as exc:
        return _Found(elsewhere=(str(exc),))
    faults, advice, busy = await _rehearsed(request, definition)
    problems = await mended(request, definition, document, faults)
    found = await aside(request, _told, problems, advice, new.file.path, sent)
    return replace(found, elsewhere=(*found.elsewhere, *busy))


async def _rehearsed(
    request: web.Request, definition: Definition
) -> tuple[list[NotServedError | RenderError], list[Problem], list[str]]:
    """Return what fails of what it would serve, what is to be advised, and what was not tried."""
    faults: list[NotServedError | RenderError] = []
    try:
        await request.app[POOLS].loaders.run(request.app[LOADERS].check, definition.machine.loader)
    except NotServedError as exc:
        faults.append(exc)
    written = await aside(request, own, definition.merged)
    try:
        tried = await request.app[RENDERING].trials.rehearse(
            definition.machine, trial(request), written
        )
    except BusyError as exc:
        return faults, [], [f"what it would serve was not tried: {exc}"]
    faults += tried.faults
    advice = [] if faults else [placed(each, definition) for each in tried.advice]
    return faults, advice, []


def _told(
    problems: Sequence[Problem], advice: Sequence[Problem], file: object, sent: _Sent
) -> _Found:
    """Part problems by their files, without what is secret in the text."""
    here, elsewhere = split(problems, file)
    secrets = secrets_of(sent.of, None)
    return _Found(
        mistakes=tuple(replace(each, sentence=without(each.sentence, secrets)) for each in here),
        elsewhere=tuple(without(each, secrets) for each in elsewhere),
        advice=tuple(without(str(each), secrets) for each in advice),
    )


async def _refused(request: web.Request, sent: _Sent) -> web.Response:
    """Show what somebody else wrote meanwhile, beside what was typed."""
    if sent.stored is None:
        return await _again(request, sent, _Found(), 404, refused=sent.of.unread or _GONE)
    newest = replace(sent, etag=sent.stored.etag)
    return await _again(request, newest, _Found(), 412, refused=_STALE, theirs=sent.known.text)


async def _again(
    request: web.Request, sent: _Sent, found: _Found, status: int, **more: Any
) -> web.Response:
    """Show the form as it was filled in."""

    def made() -> EditorView:
        return _view(
            sent.of,
            sent.stored,
            sent.known,
            sent.typed,
            etag=sent.etag,
            mistakes=found.mistakes,
            elsewhere=found.elsewhere,
            advice=found.advice,
            **more,
        )

    return await _shown(request, await aside(request, made), status)


def _view(
    of: Facts, stored: Stored | None, known: Veiled, typed: str, etag: str = "", **more: Any
) -> EditorView:
    return editor(
        of.host,
        machine_path(of.host),
        str(stored.file.path) if stored is not None else "",
        etag or (stored.etag if stored is not None else ""),
        typed,
        hides=bool(known.secrets),
        notes=() if stored is None or is_utf8(stored) else (_LATIN,),
        **more,
    )


async def _shown(request: web.Request, view: EditorView, status: int = 200) -> web.Response:
    title = f"{view.host}: its file"
    return await shown(
        request, "machine_edit.html.j2", view, title=title, screen="machines", status=status
    )
