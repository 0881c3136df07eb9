#!/usr/bin/env python3
"""Takes the scripts of others that the page is made with out of npm's packages.

    packaging/vendored.py                   take what the record names, and write it
    packaging/vendored.py --check           compare only: exit 1 if anything differs
    packaging/vendored.py htmx.org@2.0.12   go on to that version, and record its digests

The record, ``vendored.json`` beside the page's assets, has of each package its version, npm's own
digest of it, its licence, and which of its files are taken with the SHA-256 of each. A package
that is not what the record says is refused. npm fetches, from wherever it is set up to.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parents[1] / "pyxie/http/page/assets"


class VendoredError(Exception):
    """A package is not what it should be, or cannot be had."""


def packed(name: str, version: str) -> bytes:
    """Return a package of npm's, as it is fetched.

    Raises:
        VendoredError: npm is not there, or cannot fetch it.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = ["npm", "pack", "--silent", "--pack-destination", folder, f"{name}@{version}"]
        try:
            subprocess.run(words, check=True, capture_output=True, text=True, timeout=120)
        except FileNotFoundError:
            raise VendoredError("npm is not installed; Debian's package is 'npm'") from None
        except subprocess.CalledProcessError as exc:
            raise VendoredError(f"npm cannot fetch {name}@{version}: {exc.stderr.strip()}") from exc
        (archive,) = Path(folder).glob("*.tgz")
        return archive.read_bytes()


def integrity(archive: bytes) -> str:
    """Return a package's digest as npm writes it."""
    return f"sha512-{base64.b64encode(hashlib.sha512(archive).digest()).decode()}"


def member(archive: bytes, name: str) -> bytes:
    """Return a file of a package.

    Raises:
        VendoredError: It is not in it.
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        try:
            found = files.extractfile(f"package/{name}")
        except KeyError:
            found = None
        if found is None:
            raise VendoredError(f"there is no {name} in the package")
        return found.read()


def taken(package: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a package that are taken, and its licence; puts digests into the record.

    Raises:
        VendoredError: The package is not what the record says.
    """
    name, version = package["name"], package["version"]
    archive = packed(name, version)
    found = integrity(archive)
    if package.setdefault("integrity", found) != found:
        raise VendoredError(f"{name}@{version} has the digest {found}, not that of the record")
    said = json.loads(member(archive, "package.json")).get("license", package["license"])
    if said != package["license"]:
        raise VendoredError(f"{name}@{version} is under {said}, not {package['license']}")
    for target, file in package["files"].items():
        body = member(archive, file["from"])
        digest = hashlib.sha256(body).hexdigest()
        if file.setdefault("sha256", digest) != digest:
            raise VendoredError(f"{file['from']} of {name}@{version} is not that of the record")
        yield target, body
    yield f"{name}.LICENSE", member(archive, "LICENSE")


def moved(record: list[dict[str, Any]], wanted: str) -> None:
    """Set the version of one package, and forget the digests of the old one.

    Raises:
        VendoredError: It is none of ours.
    """
    name, _, version = wanted.rpartition("@")
    for package in record:
        if package["name"] == name:
            package["version"] = version
            del package["integrity"]
            for file in package["files"].values():
                del file["sha256"]
            return
    raise VendoredError(f"{wanted}: say NAME@VERSION, of a package in the record")


def main() -> int:
    """Do what the command line says, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--into", type=Path, default=ASSETS, help="the folder of the assets")
    parser.add_argument("package", nargs="*", help="NAME@VERSION, to go on to")
    given = parser.parse_args()
    told = given.into / "vendored.json"
    record = json.loads(told.read_text(encoding="utf-8"))
    try:
        for wanted in given.package:
            moved(record, wanted)
        files = dict(each for package in record for each in taken(package))
    except VendoredError as exc:
        print(f"vendored: {exc}", file=sys.stderr)
        return 1
    files["vendored.json"] = (json.dumps(record, indent=2) + "\n").encode()
    differ = [name for name in files if not is_there(given.into / name, files[name])]
    for name in differ:
        if not given.check:
            (given.into / name).write_bytes(files[name])
        print(f"{'differs' if given.check else 'written'}: {name}")
    return 1 if given.check and differ else 0


def is_there(path: Path, body: bytes) -> bool:
    """Tell whether a file has just that in it."""
    return path.is_file() and path.read_bytes() == body


if __name__ == "__main__":
    sys.exit(main())
