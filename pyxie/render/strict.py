"""Jinja2, sandboxed, and strict in what it prints but not in what it tests.

waitron's own templates ask ``{% if machine.Params.static == "True" %}`` of machines that
have no such parameter; that is false here too. To print or to loop over an undefined name
gave "a useless preseed-file"; here it is an error with template, line and name.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any, Final

import jinja2
from jinja2.bccache import Bucket
from jinja2.environment import TemplateModule
from jinja2.loaders import split_template_path
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pyxie.errors import ExhaustedError, RenderError
from pyxie.render.arguments import FilterError
from pyxie.render.context import Record
from pyxie.render.deadline import TimeIsUpError
from pyxie.render.filters import FILTERS
from pyxie.render.uses import State, Uses, by_chance, note, note_chance, state_of


class Undefined(jinja2.Undefined):
    """False when tested, unequal to all, and an error when printed or looped over."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        # `machine.Params.disk` says more than "'Params' has no attribute 'disk'".
        path = getattr(self._undefined_obj, "_path", None)
        if path and not self._undefined_hint:
            return f"'{path}.{self._undefined_name}' is undefined"
        return super()._undefined_message

    def __str__(self) -> str:  # noqa: PLE0307  (it never returns)
        self._fail_with_undefined_error()

    def __repr__(self) -> str:  # how a list that holds one is printed
        self._fail_with_undefined_error()

    def __iter__(self) -> Any:
        self._fail_with_undefined_error()

    def __len__(self) -> int:  # noqa: PLE0303  (it never returns)
        self._fail_with_undefined_error()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, jinja2.Undefined)

    def __hash__(self) -> int:
        return id(type(self))

    def __contains__(self, item: object) -> bool:
        return False

    def _less(self, _other: object) -> bool:
        return False

    # Jinja2 declares these as what never returns.
    __lt__ = __le__ = __gt__ = __ge__ = _less  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        # `a.b.c` of an undefined `a` stays the undefined `a`, which the error then names.
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: object) -> Any:
        return self


class _Template(jinja2.Template):
    """One whose module, which `import` gives, is made anew each time.

    Jinja2 keeps it, and with it what the template itself took from others, whatever
    became of their files.
    """

    @property
    def files(self) -> Mapping[str, State]:
        """The files that make it what it is: its own, and those that would come before."""
        uses = getattr(self._uptodate, "__self__", None)
        return uses.files if isinstance(uses, Uses) else {}

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:  # noqa: ARG002
        return self.make_module()  # all templates have the same globals, the environment's


class _Loader(jinja2.FileSystemLoader):
    """Finds templates below the folders, the first that has one, also if it came later."""

    def get_source(
        self,
        environment: jinja2.Environment,  # noqa: ARG002
        template: str,
    ) -> tuple[str, str, Callable[[], bool]]:
        """Return a template's text, its file, and what tells whether they are still those.

        Raises:
            jinja2.TemplateNotFound: It is in no folder.
            OSError: It cannot be read.
            UnicodeDecodeError: It is not UTF-8.
        """
        pieces = split_template_path(template)
        files: dict[str, State] = {}
        for folder in self.searchpath:
            place = posixpath.join(folder, *pieces)
            # Before it is read: an edit meanwhile makes it another one.
            files[place] = state_of(place)
            if files[place] is not None:
                break
        else:
            raise jinja2.TemplateNotFound(template)
        with open(place, encoding=self.encoding) as file:  # noqa: PTH123
            source = file.read()
        return source, place, Uses(files).are_current


_LONGEST = 16 << 20
"""Characters that a template may come to."""
_MOST_BITS = 1 << 16
"""Of a number that a template computes."""
_MOST_COMPILED = 256
"""Command lines and parts of hooks that are kept compiled: it takes a hundred times as long."""


def _finalized(value: Any) -> Any:
    if callable(value) and not isinstance(value, jinja2.Undefined):
        raise jinja2.UndefinedError("a function cannot be printed; call it, with () after it")
    return value


VALUE: Final = "\udc24"
"""Stands for the ``$`` of a ``${`` in what a value says, where `Renderer` is to tell; it can
be in no file, which is UTF-8."""


def _marked(value: Any) -> Any:
    found = _finalized(value)
    if isinstance(found, jinja2.Undefined):
        return found
    text = str(found)
    return text.replace("${", VALUE + "{") if "${" in text else found


def _bound(size: int, most: int) -> None:
    if size > most:
        raise OverflowError("a product too large for a template")


def _said(exc: Exception) -> str:
    if isinstance(exc, jinja2.TemplateSyntaxError):
        return " ".join((exc.message or "").split())
    try:
        return " ".join(str(exc).split())
    except jinja2.TemplateRuntimeError as inner:  # its text quotes what is undefined
        return str(inner)


class _Ahead(jinja2.BytecodeCache):
    """Code of templates that were compiled before processes were forked, which share it."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, CodeType]] = {}
        self._keeps = False

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Keep what is compiled meanwhile."""
        self._keeps = True
        try:
            yield
        finally:
            self._keeps = False

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled, if it was of the same source."""
        checksum, code = self._codes.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, at that time."""
        if self._keeps and bucket.code is not None:
            self._codes[bucket.key] = bucket.checksum, bucket.code


_AHEAD: Final = _Ahead()


def compile_ahead(folder: Path) -> None:
    """Compile the templates of a folder for processes that will be forked off this one.

    It takes longer than most jobs of theirs; they look whether a file is the same.
    """
    renderer = Renderer([folder])
    with _AHEAD.keeping():
        for file in sorted(folder.glob("*.j2")):
            with suppress(jinja2.TemplateError, OSError, UnicodeError):  # told where it is rendered
                renderer.read(file.name)


class Renderer:
    """Renders templates of the operator's; safe to be used by several threads.

    Args:
        folders: Where templates are sought, in this order.
        marks: Put `VALUE` for the ``$`` of each ``${`` that a value says, not the template.
    """

    def __init__(self, folders: Sequence[Path], *, marks: bool = False) -> None:
        self._folders = tuple(folders)
        self._env = _Environment(
            loader=_Loader(folders, encoding="utf-8-sig"),
            undefined=Undefined,
            finalize=_marked if marks else _finalized,
            bytecode_cache=_AHEAD,
            autoescape=False,  # preseeds and scripts are not HTML
            keep_trailing_newline=True,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        self._env.filters.update(FILTERS)
        self._env.filters["random"] = by_chance(self._env.filters["random"])
        self._env.globals["lipsum"] = by_chance(self._env.globals["lipsum"])
        self._compiled = lru_cache(_MOST_COMPILED)(self._compile)

    def read(self, name: str) -> None:
        """Have a template file compiled before it is asked for; raises what Jinja2 does."""
        self._env.get_template(name)

    def template(self, name: str, context: Mapping[str, Any]) -> str:
        """Return the template file ``name``, rendered.

        Raises:
            RenderError: It is missing, is not Jinja2, prints or loops over an undefined
                name, or fails in any other way.
        """
        return self._rendered(name, lambda: self._env.get_template(name), context)

    def text(self, name: str, source: str, context: Mapping[str, Any]) -> str:
        """Return ``source``, a command line for instance, rendered; as `template`."""
        return self._rendered(name, lambda: self._compiled(name, source), context)

    def _compile(self, name: str, source: str) -> jinja2.Template:
        code = self._env.compile(source, name, name)
        return jinja2.Template.from_code(self._env, code, self._env.make_globals(None))

    def _rendered(
        self, name: str, find: Callable[[], jinja2.Template], context: Mapping[str, Any]
    ) -> str:
        pieces, size = [], 0
        try:
            for piece in find().generate(context):
                pieces.append(piece)
                size += len(piece)
                if size > _LONGEST:
                    raise RenderError(name, 0, f"its text is over {_LONGEST >> 20} MiB")
        except RenderError:
            raise
        except jinja2.TemplateNotFound as exc:
            raise self._missing(name, exc) from exc
        except Exception as exc:  # a template can raise anything
            raise self._explained(name, exc) from exc
        return "".join(pieces)

    def _missing(self, name: str, exc: jinja2.TemplateNotFound) -> RenderError:
        folder = self._folders[0] if self._folders else "."
        place, line = self._innermost(exc.__traceback__, name)
        if line == 0:
            return RenderError(name, 0, f"there is no such template in {folder}")
        return RenderError(place, line, f"includes {exc.name}, which is not in {folder}")

    def _explained(self, name: str, exc: Exception) -> RenderError:
        if isinstance(exc, jinja2.TemplateSyntaxError):
            return RenderError(exc.name or name, exc.lineno, f"is not a template: {_said(exc)}")
        place, line = self._innermost(exc.__traceback__, name)
        if isinstance(exc, UnicodeDecodeError):
            return RenderError(place, line, "is, or includes, what is not UTF-8 text")
        if isinstance(exc, OSError):
            return RenderError(place, line, f"cannot be read: {exc.strerror}")
        if isinstance(exc, TimeIsUpError):
            return ExhaustedError(place, line, str(exc))
        if isinstance(exc, MemoryError):
            why = "took more memory than a template may have, and was stopped"
            return ExhaustedError(place, line, why)
        if isinstance(exc, RecursionError):
            return RenderError(place, line, "includes or calls itself without end")
        if isinstance(exc, FilterError):
            return RenderError(place, line, _said(exc), exc.value)
        if isinstance(exc, jinja2.UndefinedError):
            return RenderError(place, line, _said(exc))
        return RenderError(place, line, f"{type(exc).__name__}: {_said(exc)}")

    def _innermost(self, traceback: TracebackType | None, name: str) -> tuple[str, int]:
        """Return the template and line that failed: the last frame that is a template's.

        Jinja2 puts frames with the template's file name and line numbers in place of
        those of the code it was compiled to (jinja2/debug.py).
        """
        place, line = name, 0
        while traceback is not None:
            frame = traceback.tb_frame
            if "__jinja_exception__" in frame.f_globals:
                place, line = frame.f_code.co_filename, traceback.tb_lineno
            traceback = traceback.tb_next
        for folder in self._folders:
            place = place.removeprefix(f"{folder}/")
        return place, line


class _Environment(ImmutableSandboxedEnvironment):
    """Includes are sought beside the including file first, as pongo2 does, then at the root."""

    template_class = _Template

    # Not folded when a template is compiled: 9**(9**9) would never end.
    intercepted_binops = frozenset(("*", "**"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply, unless what comes out would fill the memory."""
        if operator == "*":
            for value, times in ((left, right), (right, left)):
                if isinstance(times, int) and isinstance(value, (str, bytes, list, tuple)):
                    _bound(len(value) * times, _LONGEST)
            if isinstance(left, int) and isinstance(right, int):
                _bound(left.bit_length() + right.bit_length(), _MOST_BITS)
        elif isinstance(left, int) and isinstance(right, int):
            _bound(left.bit_length() * right, _MOST_BITS)
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return ``obj.attribute``; of a mapping its keys, before its methods."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, Record) and not attribute.startswith("_"):
            # It has nothing else, and so nothing that the sandbox would keep from templates.
            try:
                return obj[attribute]
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return a template's globals, as what is copied fast: that is done at each import."""
        return {**self.globals, **(d or {})}

    def get_template(self, *args: Any, **named: Any) -> jinja2.Template:
        """Return a template, and note that it is used."""
        try:
            found = super().get_template(*args, **named)
        except jinja2.TemplateNotFound:
            note_chance()  # an include may go on without it, until it is there
            raise
        if isinstance(found, _Template):
            note(found.files)
        return found

    def select_template(self, *args: Any, **named: Any) -> jinja2.Template:
        """Return the first template that is there; one before it may come to be."""
        note_chance()
        return super().select_template(*args, **named)

    def join_path(self, template: str, parent: str) -> str:
        if isinstance(template, jinja2.Undefined):
            str(template)  # fails, and names it
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(parent), template))
        if beside != template and self.loader is not None:
            try:
                self.loader.get_source(self, beside)
            except jinja2.TemplateNotFound:
                note_chance()
                return template
            return beside
        return template
