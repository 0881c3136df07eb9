"""The kinds of value that the operator's files are made of."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pyxie.config.values import (
    Addresses,
    Names,
    Params,
    arch_name,
    dashed,
    http_url,
    loader_name,
    mac,
    one_or_more,
    unicast,
)


class TestArchitecture:
    @pytest.mark.parametrize(
        ("written", "name"),
        [("amd64", "amd64"), ("x86_64", "amd64"), (" AArch64\n", "arm64"), ("arm64", "arm64")],
    )
    def test_any_spelling_becomes_one(self, written: str, name: str) -> None:
        assert arch_name(written) == name

    def test_of_another_processor_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^'m68k' is not one of amd64, arm64$"):
            arch_name("m68k")


class TestMac:
    @pytest.mark.parametrize(
        "written",
        [
            "52:54:00:ab:cd:ef",
            "52:54:00:AB:CD:EF",
            "52-54-00-ab-cd-ef",
            "5254.00ab.cdef",
            "525400abcdef",
            " 52:54:00:ab:cd:ef\n",
        ],
    )
    def test_any_spelling_becomes_one(self, written: str) -> None:
        assert mac(written) == "52:54:00:ab:cd:ef"

    @pytest.mark.parametrize(
        "written",
        [
            "",
            "52:54:00:ab:cd",
            "52:54:00:ab:cd:ef:01",
            "52:54:00:ab:cd:eg",
            "41135085296",
            "5²54" * 3,
        ],
    )
    def test_anything_else_is_refused_with_the_text_and_an_example(self, written: str) -> None:
        with pytest.raises(ValueError, match="is not a MAC address") as caught:
            mac(written)

        assert str(caught.value) == f"{written!r} is not a MAC address like 52:54:00:12:34:56"

    @pytest.mark.parametrize(
        "written",
        [
            "00:02:c9:03:00:09:c6:e1",
            "0002:c903:0009:c6e1",
            "0x0002c9030009c6e1",
            "20-00-02-c9-03-00-09-c6-e1",
            "80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:09:c6:e1",
        ],
    )
    def test_an_infiniband_ports_address_is_refused_by_that_name(self, written: str) -> None:
        with pytest.raises(ValueError, match="InfiniBand") as caught:
            mac(written)

        assert str(caught.value) == (
            f"{written!r} is the address of an InfiniBand port, by which pyxie boots no machine:"
            " give the MAC address of an Ethernet port"
        )

    def test_a_long_text_is_quoted_in_short(self) -> None:
        with pytest.raises(ValueError, match=r"^'x{80}' is not a MAC address"):
            mac("x" * 10_000)

    def test_file_names_and_urls_carry_dashes(self) -> None:
        assert dashed("52:54:00:ab:cd:ef") == "52-54-00-ab-cd-ef"

    @given(st.text(max_size=20) | st.from_regex(r"([0-9a-fA-F]{2}[:.-]?){5,7}", fullmatch=True))
    def test_for_any_text_there_is_a_canonical_address_or_a_value_error(self, text: str) -> None:
        try:
            found = mac(text)
        except ValueError:
            return
        assert re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", found)
        assert mac(found) == found


class TestANicsAddress:
    def test_is_a_mac_in_its_one_spelling(self) -> None:
        assert unicast("52-54-00-AB-CD-EF") == "52:54:00:ab:cd:ef"

    @pytest.mark.parametrize("written", ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "0" * 12])
    def test_is_no_groups_and_not_of_zeros(self, written: str) -> None:
        with pytest.raises(ValueError, match="is no address of a single NIC") as caught:
            unicast(written)

        assert str(caught.value) == f"{written!r} is no address of a single NIC"


class TestOneOrSeveral:
    @pytest.mark.parametrize(
        ("kind", "written", "found"),
        [
            (Names, "a", ("a",)),
            (Names, ["a", "b"], ("a", "b")),
            (Addresses, " 2001:DB8::1 ", ("2001:db8::1",)),
            (Addresses, ["192.0.2.1"], ("192.0.2.1",)),
        ],
    )
    def test_become_a_tuple(self, kind: Any, written: Any, found: tuple[str, ...]) -> None:
        assert TypeAdapter(kind).validate_python(written) == found

    def test_what_is_no_address_is_told_with_an_example(self) -> None:
        with pytest.raises(ValueError, match=r"'web01' is not an IP address like 192\.0\.2\.1"):
            TypeAdapter(Addresses).validate_python("web01")


class TestParams:
    def test_an_empty_value_is_an_empty_text(self) -> None:
        read = TypeAdapter[dict[str, str]](Params).validate_python

        assert read({"a": None, "b": "no"}) == {"a": "", "b": "no"}

    def test_are_a_mapping(self) -> None:
        with pytest.raises(ValueError, match="Input should be a valid dictionary"):
            TypeAdapter(Params).validate_python("a")


class TestHttpUrl:
    @pytest.mark.parametrize(
        "url",
        ["http://a", "https://a.example/x?y", "http://192.0.2.1:8090", "http://[2001:db8::1]:80/"],
    )
    def test_is_kept_as_it_was_written(self, url: str) -> None:
        assert http_url(url) == url

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "a.example",
            "ftp://a",
            "http://",
            "http:///path",
            "http://a:port",
            "http://a:99999",
            "http://[::1",
            "http://a b",
            "http://a\n",
        ],
    )
    def test_anything_else_is_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match="is not a URL") as caught:
            http_url(url)

        assert str(caught.value) == f"{url!r} is not a URL like http://192.0.2.1:8090"

    @given(st.text(max_size=30).map("http://".__add__) | st.text(max_size=30))
    def test_for_any_text_it_is_that_text_or_a_value_error(self, text: str) -> None:
        with suppress(ValueError):
            assert http_url(text) == text


@pytest.mark.parametrize(
    ("written", "read"),
    [("a", ["a"]), ({"url": "a"}, [{"url": "a"}]), (["a", "b"], ["a", "b"]), (None, None)],
)
def test_one_of_what_may_be_several_is_a_list_of_it(written: object, read: object) -> None:
    assert one_or_more(written) == read


class TestLoaderNames:
    @pytest.mark.parametrize("name", ["snponly.efi", "arm64-efi/snponly.efi", "_x+1.kpxe"])
    def test_may_lead_into_a_folder(self, name: str) -> None:
        assert loader_name(name) == name

    @pytest.mark.parametrize("name", ["", "..", "a/../b", "/a", "a/", "a b", "ä.efi", "x" * 101])
    def test_fit_the_boot_file_name_and_a_url(self, name: str) -> None:
        with pytest.raises(ValueError, match="is not a boot loader"):
            loader_name(name)
