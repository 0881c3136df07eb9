"""What a build will wipe, and what it may not serve after it began as another."""

from __future__ import annotations

import pytest

from pyxie.wiping.forecast import (
    COMMAND_LINE,
    Answer,
    Doubt,
    Forecast,
    Wiping,
    forecast,
    from_plain,
    joined,
    refusal,
)

OURS = "http://192.0.2.1:8090"
INSTALLS = "d-i partman-auto/disk string /dev/sda\n"
KEEPS = "d-i debian-installer/locale string en_US\n"
YES = Forecast((Wiping("a.j2", ("/dev/sda",)),))
UNKNOWN = Forecast((), (Doubt("a.j2", "it is strange"),))
NO = Forecast()


class TestForecast:
    def test_tells_of_each_template_and_of_the_command_line(self) -> None:
        texts = {"a.j2": INSTALLS, "b.j2": KEEPS, "c.j2": "strange\n"}

        found = forecast(texts, "autonuke", OURS)

        assert found.wiping == (
            Wiping("a.j2", ("/dev/sda",)),
            Wiping(COMMAND_LINE, ("every disk that is found",)),
        )
        assert found.doubts == (Doubt("c.j2", "it is in no format that pyxie knows"),)

    def test_tells_of_other_files_only_that_they_wipe(self) -> None:
        files = {"files/a.cfg": INSTALLS, "files/b.cfg": KEEPS, "files/key": "strange\n"}

        found = forecast({}, "", OURS, files=files)

        assert found == Forecast((Wiping("files/a.cfg", ("/dev/sda",)),))

    def test_takes_for_a_script_what_a_shell_runs(self) -> None:
        assert forecast({"f": "wget x\n"}, "", OURS, scripts=("f",)).answer is Answer.NO

    @pytest.mark.parametrize(
        ("of", "answer"), [(YES, Answer.YES), (UNKNOWN, Answer.UNKNOWN), (NO, Answer.NO)]
    )
    def test_answers_in_a_word(self, of: Forecast, answer: Answer) -> None:
        assert of.answer is answer

    @pytest.mark.parametrize("of", [YES, UNKNOWN, NO])
    def test_is_the_same_after_it_was_stored(self, of: Forecast) -> None:
        assert from_plain(of.as_plain()) == of

    @pytest.mark.parametrize(
        ("words", "text"),
        [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")],
    )
    def test_disks_are_named_as_in_a_sentence(self, words: tuple[str, ...], text: str) -> None:
        assert joined(words) == text


class TestRefusal:
    @pytest.mark.parametrize("begun", [None, YES])
    def test_what_was_asked_for_is_served(self, begun: Forecast | None) -> None:
        assert refusal(YES, begun, forbidden=False) is None

    @pytest.mark.parametrize("begun", [NO, UNKNOWN])
    def test_what_was_not_is_refused(self, begun: Forecast) -> None:
        assert refusal(YES, begun, forbidden=False) == (
            "a.j2 wipes /dev/sda, and the build did not begin as one that does; begin it anew, if "
            "it shall"
        )

    @pytest.mark.parametrize("begun", [None, YES, NO])
    def test_nothing_wipes_where_that_is_forbidden(self, begun: Forecast | None) -> None:
        assert refusal(YES, begun, forbidden=True) == (
            "is false, but a.j2 wipes /dev/sda; `pyxie show` says which file brings that in"
        )
        assert refusal(Forecast((Wiping("a.j2", ()),)), begun, forbidden=True) == (
            "is false, but a.j2 wipes a disk; `pyxie show` says which file brings that in"
        )

    @pytest.mark.parametrize("now", [NO, UNKNOWN])
    def test_what_wipes_nothing_is_always_served(self, now: Forecast) -> None:
        assert refusal(now, NO, forbidden=True) is None
