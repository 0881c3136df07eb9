"""Recipes: found by name and architecture, extended, filled, judged with the place of a mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyxie.config.nodes import Document, parse
from pyxie.config.validate import validate
from pyxie.errors import ConfigError, Problem
from pyxie.recipes.cookbook import About, Cookbook, UnknownSystemError
from pyxie.recipes.recipe import LAID, WHOLE, Recipe

HEAD = "version: 1\ntitle: T\nunverified: true\n"
MIRRORS = {"debian": ("http://a.example:81/debian", "http://b.example"), "bare": ("https://c.x",)}
NONE = "there is no recipe for 'debain-12'"
NO_VALUE = "is none of the recipe's values"


def recipe(text: str, name: str = "r") -> Document:
    document = parse(f"{HEAD}{text}".encode(), Path(f"{name}.yaml"))
    validate(document, Recipe)
    return document


def cookbook(own: dict[str, str], shipped: dict[str, str] | None = None) -> Cookbook:
    return Cookbook(
        shipped={name: recipe(text, f"shipped/{name}") for name, text in (shipped or {}).items()},
        own={name: recipe(text, name) for name, text in own.items()},
        mirrors=MIRRORS,
    )


def said(book: Cookbook, name: str, arch: str = "amd64") -> dict[str, Any]:
    """Return what is said in the end, of maps all that is said."""
    found: dict[str, Any] = {}
    for key, value, _, _ in book.said(name, arch):
        is_more = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = {**found[key], **value} if is_more else value  # type: ignore[dict-item]
    return {key: value for key, value in found.items() if value is not None}


def places(book: Cookbook, name: str, key: str) -> list[str]:
    return [
        f"{(at := document.problem(loc, '')).file}:{at.line}"
        for each, value, document, loc in book.said(name)
        if each == key and value is not None
    ]


class TestARecipe:
    def test_says_what_is_booted_with_its_words_filled(self) -> None:
        book = cookbook(
            {
                "debian-12": "mirror: debian\nvalues: {codename: bookworm}\n"
                'image_url: "{mirror}/{codename}/{arch}/{cpu}"\nkernel: linux\n'
                'params: {host: "{mirror.host}", path: "{mirror.path}", s: "{mirror.scheme}",'
                ' other: "{mirror:bare.path}"}\n'
            }
        )

        assert said(book, "debian-12") == {
            "image_url": "http://a.example:81/debian/bookworm/amd64/x86_64",
            "kernel": "linux",
            "params": {"host": "a.example:81", "path": "/debian", "s": "http", "other": "/"},
        }
        assert book.said("debian-12") is book.said("debian-12")

    def test_says_what_its_files_have_to_be(self) -> None:
        digest = "a1" * 32
        book = cookbook(
            {
                "r": f"mirror: debian\nkernel: {{url: linux, sha256: {digest}}}\n"
                'checksums: {url: "{mirror}/SHA256SUMS", release: "{mirror}/InRelease",'
                " keyring: debian-archive}\n"
            }
        )

        assert said(book, "r") == {
            "kernel": {"url": "linux", "sha256": digest},
            "checksums": {
                "url": "http://a.example:81/debian/SHA256SUMS",
                "release": "http://a.example:81/debian/InRelease",
                "keyring": "debian-archive",
            },
        }
        assert book.misfits("r", "amd64") == []

    def test_takes_away_all_of_a_boot_that_it_does_not_say(self) -> None:
        book = cookbook({"memtest": "kernel: memtest\n"})

        cleared = [key for key, value, _, _ in book.said("memtest") if value is None]

        assert cleared == [key for key in WHOLE if key != "kernel"]
        assert set(WHOLE) < set(LAID)

    def test_takes_maps_away_whole_before_it_says_its_own(self) -> None:
        book = cookbook({"r": "kernel: a\ntemplates: {b: c}\npreseed:\n"})

        told = [
            (key, value) for key, value, _, _ in book.said("r") if key in ("templates", "preseed")
        ]

        assert told == [
            ("preseed", None),
            ("templates", None),
            ("preseed", None),
            ("templates", {"b": "c"}),
        ]

    def test_is_for_the_architectures_that_it_names(self) -> None:
        book = cookbook(
            {
                "both": "kernel: a\narch: {amd64: , arm64: {kernel: b}}\n",
                "one": "kernel: a\narch: {arm64: }\n",
                "none": "kernel: a\n",
            }
        )

        assert said(book, "both") == {"kernel": "a"}
        assert said(book, "both", "arm64") == {"kernel": "b"}
        assert book.archs("none") == ("amd64",)
        with pytest.raises(UnknownSystemError) as caught:
            book.said("one")
        assert str(caught.value) == "the recipe of 'one' is for arm64, and 'arch' is amd64"

    def test_that_is_not_there_is_refused_with_the_nearest(self) -> None:
        book = cookbook({"debian-12": "kernel: a\n"}, {"fedora": "kernel: b\n"})

        for name, why in (
            ("debain-12", "there is no recipe for 'debain-12'; did you mean 'debian-12'?"),
            ("zzzz", "there is no recipe for 'zzzz'"),
        ):
            with pytest.raises(UnknownSystemError) as caught:
                book.said(name)
            assert (caught.value.name, str(caught.value)) == (name, why)
        assert book.names == ["debian-12", "fedora"]

    def test_with_mistakes_is_refused_with_their_place(self) -> None:
        broken = {"debian-12": Problem(Path("recipes/debian-12.yaml"), 3, 9, "kernel", "bad")}
        book = Cookbook(shipped={"debian-12": recipe("kernel: a\n")}, broken=broken)

        with pytest.raises(UnknownSystemError) as caught:
            book.said("debian-12")

        assert str(caught.value) == (
            "the recipe of 'debian-12' has mistakes: recipes/debian-12.yaml:3:9"
        )

    def test_is_made_anew_where_very_many_are_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pyxie.recipes.cookbook._MOST_MADE", 0)
        book = cookbook({"r": "kernel: a\n"})

        assert book.said("r") is not book.said("r")
        assert book.said("r") == book.said("r")


class TestByHand:
    def test_its_own_line_is_taken_with_its_words_filled(self) -> None:
        book = cookbook(
            {
                "r": "mirror: debian\nkernel: k\npreseed: p.j2\ncmdline: auto\n"
                'interactive: "stage2={mirror}/{arch} {{ BaseURL }}"\n'
                "arch: {amd64: , arm64: {interactive: arm}}\n"
            }
        )

        assert book.by_hand("r") == "stage2=http://a.example:81/debian/amd64 {{ BaseURL }}"
        assert book.by_hand("r", "arm64") == "arm"

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("kernel: k\ncmdline: quiet\n", "quiet"),
            ("kernel: k\n", ""),
            ("kernel: k\ncmdline: quiet\npreseed: p.j2\n", None),
            ("kernel: k\ncmdline: quiet\ntemplates: {a: b.j2}\n", None),
            ('kernel: k\npreseed: p.j2\ninteractive: ""\n', ""),
        ],
    )
    def test_without_one_what_needs_no_template_boots_as_it_does_else(
        self, text: str, line: str | None
    ) -> None:
        assert cookbook({"r": text}).by_hand("r") == line

    def test_what_extends_another_may_take_it_away(self) -> None:
        other = {"one": "kernel: k\npreseed: p.j2\ninteractive: quiet\n"}

        book = cookbook(
            {**other, "two": "extends: one\n", "three": "extends: one\ninteractive: ~\n"}
        )

        assert (book.by_hand("two"), book.by_hand("three")) == ("quiet", None)

    def test_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(UnknownSystemError, match=f"^{NONE}$"):
            cookbook({}).by_hand("debain-12")

    def test_with_a_mistake_is_refused_with_its_place(self) -> None:
        with pytest.raises(ConfigError, match=r"r\.yaml:5:.*none of the recipe's values"):
            cookbook({"r": 'kernel: k\ninteractive: "{x}"\n'}).by_hand("r")


class TestExtending:
    SHIPPED: Final = {
        "debian-12": "kernel: linux\ninitrd: a\ncmdline: quiet\nmirror: debian\n"
        'image_url: "{mirror}/{codename}"\nvalues: {codename: bookworm}\n'
        "params: {a: 1, b: 1}\narch: {amd64: {initrd: b}, arm64: }\n"
    }

    def test_leaves_what_is_not_said_and_keeps_each_place(self) -> None:
        own = {"ours": "extends: debian-12\nvalues: {codename: trixie}\nparams: {b: 2}\n"}
        book = cookbook(own, self.SHIPPED)

        assert said(book, "ours") == {
            "kernel": "linux",
            "initrd": "b",
            "cmdline": "quiet",
            "image_url": "http://a.example:81/debian/trixie",
            "params": {"a": "1", "b": "2"},
        }
        assert places(book, "ours", "kernel") == ["shipped/debian-12.yaml:4"]
        assert places(book, "ours", "params") == ["shipped/debian-12.yaml:10", "ours.yaml:6"]
        assert book.archs("ours") == ("amd64", "arm64")

    def test_of_its_own_name_means_the_one_that_comes_with_pyxie(self) -> None:
        own = {"debian-12": "extends: debian-12\nmirror: bare\ncmdline: ~\n"}
        book = cookbook(own, self.SHIPPED)

        found = said(book, "debian-12")

        assert (found["image_url"], "cmdline" in found) == ("https://c.x/bookworm", False)

    def test_takes_the_place_of_the_shipped_one_whole_without(self) -> None:
        book = cookbook({"debian-12": "kernel: other\n"}, self.SHIPPED)

        assert said(book, "debian-12") == {"kernel": "other"}

    @pytest.mark.parametrize(
        ("own", "expected"),
        [
            (
                {"a": "extends: debain-12\n"},
                f"a.yaml:4:10: extends: {NONE}; did you mean 'debian-12'?",
            ),
            ({"a": "extends: zz\n"}, "a.yaml:4:10: extends: there is no recipe for 'zz'"),
            (
                {"a": "extends: b\n", "b": "extends: a\n"},
                "b.yaml:4:10: extends: recipes extend each other without end",
            ),
            ({"a": "extends: a\n"}, "a.yaml:4:10: extends: recipes extend each other without end"),
            (
                {chr(97 + at): f"extends: {chr(98 + at)}\n" for at in range(9)} | {"j": ""},
                "h.yaml:4:10: extends: recipes extend each other without end",
            ),
        ],
    )
    def test_what_is_not_there_or_has_no_end_is_told(
        self, own: dict[str, str], expected: str
    ) -> None:
        book = cookbook(own, self.SHIPPED)

        with pytest.raises(ConfigError) as caught:
            book.said("a")

        assert str(caught.value) == expected
        assert expected in map(str, book.problems())


class TestWhatIsSaidOfARecipe:
    SEEN: Final = "verified: {date: 2026-11-27, how: QEMU}\n"

    def test_is_its_title_and_what_it_extends_has_to_add(self) -> None:
        shipped = {"a": "kernel: a\ndocs: https://a.example\nneeds: |-\n  a\n  medium\n"}

        found = cookbook({"b": "extends: a\n"}, shipped).about("b")

        assert found == About(
            name="b",
            title="T",
            docs="https://a.example",
            needs="a medium",
            verified={"amd64": None},
        )

    def test_is_whether_it_was_seen_to_boot_on_each_architecture(self) -> None:
        here = parse(
            f"{HEAD}kernel: a\n".replace("unverified: true\n", self.SEEN).encode(), Path("c")
        )
        book = cookbook(
            {
                "a": f"kernel: a\narch: {{amd64: {{{self.SEEN.strip()}}}, arm64: }}\n",
                "b": "extends: a\n",
            }
        )
        book = Cookbook(own={**book.own, "c": here}, mirrors=MIRRORS)

        seen = ("2026-11-27", "QEMU")
        assert book.about("a").verified == {"amd64": seen, "arm64": None}
        assert book.about("b").verified == {"amd64": None, "arm64": None}
        assert book.about("c").verified == {"amd64": seen}

    def test_is_nothing_where_there_is_none(self) -> None:
        with pytest.raises(UnknownSystemError):
            cookbook({}).about("a")


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (
                'kernel: "{relase}"\nvalues: {release: 1}\n',
                f"r.yaml:4:9: kernel: {{relase}} {NO_VALUE}; did you mean {{release}}?",
            ),
            ('kernel: "{x}"\n', "r.yaml:4:9: kernel: {x} is none of the recipe's values"),
            (
                f'kernel: "{{l}}{{l}}"\nvalues: {{l: {"x" * 5000}}}\n',
                "r.yaml:4:9: kernel: comes to more than 8192 letters",
            ),
            (
                "kernel: a\nimage_url: ftp://a\n",
                "r.yaml:5:12: image_url: 'ftp://a' is not a URL like http://192.0.2.1:8090",
            ),
            (
                "kernel: a\nmirror: debain\n",
                "r.yaml:5:9: mirror: 'debain' is not one of 'mirrors'; did you mean 'debian'?",
            ),
            ("kernel: a\nmirror: zz\n", "r.yaml:5:9: mirror: 'zz' is not one of 'mirrors'"),
            (
                (
                    "kernel: a\nchecksums: {url: http://a, keyring: c, signature: d}\n"
                    "arch: {amd64: {checksums: {url: http://a, signature: d}}}\n"
                ),
                (
                    "r.yaml:6:27: arch.amd64.checksums: a signature needs a 'keyring', by which"
                    " it is checked"
                ),
            ),
            ("cmdline: a\n", "r.yaml:2:8: title: no 'kernel' is named for amd64"),
            (
                'kernel: a\narch: {arm64: {initrd: [b, "{none}"]}}\nvalues: {none: }\n',
                "r.yaml:5:28: arch.arm64.initrd[1]: must be text, not ''",
            ),
        ],
    )
    def test_are_found_before_a_machine_names_it(self, text: str, expected: str) -> None:
        assert list(map(str, cookbook({"r": text}).problems())) == [expected]

    def test_there_are_none_in_a_sound_one(self) -> None:
        assert (
            cookbook(
                {"r": "kernel: a\nparams: {a: b}\narch: {amd64: {params: {c: d}}}\n"}
            ).problems()
            == []
        )


class TestForAnyRecipe:
    keys = st.sampled_from(("kernel", "extends", "mirror", "cmdline", "image_url", "title"))

    @given(st.dictionaries(keys, st.text(st.characters(codec="utf-8"), max_size=20), max_size=6))
    def test_it_is_said_or_refused_with_a_place(self, data: dict[str, str]) -> None:
        document = Document(Path("r.yaml"), dict(data), None)
        book = Cookbook(own={"r": document}, mirrors=MIRRORS)

        assert all(problem.file == Path("r.yaml") for problem in book.problems())
