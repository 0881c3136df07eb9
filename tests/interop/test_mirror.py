"""apt by way of `mirror`: what its server's log says of a second machine.

It runs in a namespace from which it reaches pyxie alone: neither the archive nor anybody else.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.http.site import Served
from tests.http.test_mirror import Archive, archive, mirroring
from tests.interop.netns import Host, need, network
from tests.needs import program
from tests.support import eventually
from tests.verification.signers import Signers, signers

pytestmark = pytest.mark.interop

INRELEASE = "dists/stable/InRelease"
OURS = "192.0.2.1"


def package(folder: Path, name: str, version: str) -> tuple[str, bytes, str]:
    """Build a package; return its path in the archive, its bytes and its paragraph."""
    tree = folder / name
    (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
    control = (
        f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
        "Maintainer: x <x@x.invalid>\nDescription: of a test\n"
    )
    (tree / "DEBIAN/control").write_text(control)
    (tree / "payload").write_bytes(os.urandom(100_000))
    made = folder / f"{name}.deb"
    build = [program("dpkg-deb", "dpkg"), "--root-owner-group", "--build", str(tree), str(made)]
    subprocess.run(build, check=True, capture_output=True, timeout=60)
    path, data = f"pool/main/{name[0]}/{name}/{name}_{version}_all.deb", made.read_bytes()
    told = f"Filename: {path}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
    return path, data, f"{control}{told}"


def release(folder: Path, signer: Signers, at: float, versions: dict[str, str]) -> Files:
    """Make an archive of one suite, signed; return its files, all changed ``at`` that time."""
    made = [package(folder, name, version) for name, version in versions.items()]
    plain = "\n".join(paragraph for _, _, paragraph in made).encode()
    index, listed = gzip.compress(plain, mtime=0), "main/binary-amd64/Packages"
    digest = hashlib.sha256(index).hexdigest()
    text = (
        "Origin: x\nSuite: stable\nCodename: stable\nArchitectures: amd64\nComponents: main\n"
        f"Date: {formatdate(at, usegmt=True).replace('GMT', 'UTC')}\nAcquire-By-Hash: yes\n"
        f"SHA256:\n {hashlib.sha256(plain).hexdigest()} {len(plain)} {listed}\n"
        f" {digest} {len(index)} {listed}.gz\n"
    )
    files = {path: (data, at) for path, data, _ in made}
    files[f"dists/stable/{listed}.gz"] = (index, at)
    files[f"dists/stable/main/binary-amd64/by-hash/SHA256/{digest}"] = (index, at)
    files[INRELEASE] = (signer.inline(text.encode(), "archive"), at)
    return files


Files = dict[str, tuple[bytes, float]]


@dataclass(frozen=True)
class Machine:
    """A machine's apt, in a folder of its own: nothing of this host's is read or changed.

    Attributes:
        root: The folder.
        lan: Where it runs.
    """

    root: Path
    lan: Host

    def set_up(self, url: str, key: Path) -> None:
        """Have it go by one source and one key."""
        for name in ("etc/apt.conf.d", "etc/preferences.d", "etc/trusted.gpg.d"):
            (self.root / name).mkdir(parents=True)
        for name in ("state/lists/partial", "cache/archives/partial", "downloads"):
            (self.root / name).mkdir(parents=True)
        (self.root / "state/status").write_text("")
        line = f"deb [signed-by={key}] {url} stable main\n"
        (self.root / "etc/sources.list").write_text(line)
        (self.root / "apt.conf").write_text(
            f'Dir "{self.root}";\nDir::Etc "etc";\nDir::State "state";\nDir::Cache "cache";\n'
            f'Dir::State::status "{self.root}/state/status";\nDir::Log "{self.root}";\n'
            'Dir::Bin::methods "/usr/lib/apt/methods";\nDir::Etc::sourceparts "-";\n'
            'APT::Architecture "amd64";\nAPT::Architectures { "amd64"; };\n'
            'APT::Sandbox::User "root";\nAcquire::Languages "none";\n'
            'Acquire::http::Proxy "DIRECT";\nAcquire::Retries "0";\n'
        )

    async def apt(self, *words: str) -> str:
        """Run apt-get in its folder; return what it says."""
        environment = {**os.environ, "APT_CONFIG": str(self.root / "apt.conf"), "LC_ALL": "C"}
        ran = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", self.lan.name, program("apt-get", "apt"), "--quiet", *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self.root / "downloads",
            env=environment,
        )
        async with asyncio.timeout(60):
            said = (await ran.communicate())[0].decode()
        assert ran.returncode == 0, said
        return said

    def has(self) -> dict[str, bytes]:
        """Return what it has downloaded, by name."""
        return {each.name: each.read_bytes() for each in (self.root / "downloads").iterdir()}


@asynccontextmanager
async def reached(served: Served) -> AsyncIterator[Host]:
    """Give a LAN on which there is nothing but that pyxie, at `OURS`."""
    http, loop = served.server, asyncio.get_running_loop()
    assert http._runner is not None
    assert http._runner.server is not None
    with network() as net:
        lan = await asyncio.to_thread(net.host, "apt")
        await asyncio.to_thread(lan.ip, f"addr add {OURS}/32 dev lo")
        sock = lan.inside(lambda: socket.create_server((OURS, 8090)))
        server = await loop.create_server(http._admission.wrap(http._runner.server), sock=sock)
        try:
            yield lan
        finally:
            server.close()


async def machine(folder: Path, name: str, lan: Host, key: Path) -> Machine:
    """Give a new machine, whose only source is the mirror of the pyxie on that LAN."""
    made = Machine(folder / name, lan)
    await asyncio.to_thread(made.set_up, f"http://{OURS}:8090/mirror/debian", key)
    return made


async def installed(made: Machine, served: Served, *names: str) -> str:
    """Have it read the indexes and fetch packages; return what apt says of the indexes."""
    said = await made.apt("update")
    await made.apt("download", *names)
    await eventually(lambda: not served.parts.image_store.fetching())
    return said


def asked(there: Archive, what: str) -> list[tuple[str, int]]:
    """Return the requests for paths that begin so, and their answers."""
    return [(path, status) for _, path, status in there.asked if path.startswith(what)]


async def test_a_second_machine_costs_no_request_for_a_package_and_asks_about_indexes(
    tmp_path: Path,
) -> None:
    need("ip")
    with signers() as signer:
        key = tmp_path / "archive.gpg"
        key.write_bytes(await asyncio.to_thread(signer.key, "archive"))
        versions = {"hello": "1.0+b1", "world": "2.0~rc1"}
        files = await asyncio.to_thread(release, tmp_path, signer, 1.7e9, versions)
        async with (
            archive(files) as there,
            mirroring(tmp_path, there) as served,
            reached(served) as lan,
        ):
            first = await machine(tmp_path, "first", lan, key)
            await installed(first, served, "hello", "world")
            of_the_first = list(there.asked)
            there.asked.clear()
            second = await machine(tmp_path, "second", lan, key)
            await installed(second, served, "hello", "world")
            of_the_second = list(there.asked)
            again = await installed(second, served, "hello")
            newer = await asyncio.to_thread(release, tmp_path, signer, 1.71e9, {"hello": "1.1"})
            there.files.update(newer)
            there.asked.clear()
            await installed(second, served, "hello")
            third = asked(there, "")

    debs = {path: data for path, (data, _) in files.items() if path.startswith("pool/main")}
    assert {path for _, path, _ in of_the_first} >= set(debs)
    assert [path for _, path, _ in of_the_first if path.endswith("Packages.gz")] == []
    assert [path for _, path, _ in of_the_first if "/by-hash/SHA256/" in path] != []
    assert of_the_second == [("GET", INRELEASE, 304)]
    assert sorted(first.has().values()) == sorted(debs.values())
    assert set(first.has().values()) <= set(second.has().values())
    assert "Hit:1" in again
    assert third[0] == (INRELEASE, 200)
    assert [path for path, _ in third if path.startswith("pool/")] == [
        "pool/main/h/hello/hello_1.1_all.deb"
    ]
