"""The validators that judge what the shipped templates make; docs/templates.md names them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.needs import program

DATA = Path(__file__).parent / "data"


def judged(command: list[str], given: str = "", **env: str) -> tuple[int, str]:
    """Run a validator; return its code, and all that it says."""
    ran = subprocess.run(
        command,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **env},
    )
    return ran.returncode, ran.stdout


def by_schema(name: str, document: Any) -> list[str]:
    """Return what a JSON schema of ours has against a document."""
    schema = json.loads((DATA / name).read_text())
    Draft202012Validator.check_schema(schema)
    return [error.message for error in Draft202012Validator(schema).iter_errors(document)]


def by_a_shell(script: str, *allowed: str) -> str:
    """Return what shellcheck and busybox's shell, which is Alpine's, have against a script.

    Args:
        script: For /bin/sh.
        *allowed: What shellcheck is not to tell of, by its codes.
    """
    shellcheck = program("shellcheck", "shellcheck")
    busybox = program("busybox", "busybox-static")
    excluded = [f"--exclude={','.join(allowed)}"] if allowed else []
    told = judged([shellcheck, "--shell=sh", *excluded, "-"], script)[1]
    return told + judged([busybox, "sh", "-n"], script)[1]


def by_debconf(preseed: str, folder: Path) -> tuple[int, str]:
    """Return debconf's verdict, with databases of its own: the host's may be locked."""
    checker = program("debconf-set-selections", "debconf")
    databases = "".join(
        f"\nName: {name}\nDriver: File\nFilename: {folder / name}.dat\n"
        for name in ("configdb", "templatedb")
    )
    conf = folder / "debconf.conf"
    conf.write_text(f"Config: configdb\nTemplates: templatedb\n{databases}")
    return judged([checker, "-c"], preseed, DEBCONF_SYSTEMRC=str(conf))


def by_pykickstart(version: str, kickstart: str, folder: Path) -> tuple[int, str]:
    """Return ksvalidator's verdict, of the syntax of that release."""
    file = folder / "a.ks"
    file.write_text(kickstart)
    checker = Path(sys.executable).with_name("ksvalidator")
    return judged([sys.executable, str(checker), "--version", version, str(file)])


def by_cloud_init(cloud_config: str, folder: Path) -> tuple[int, str]:
    """Return cloud-init's verdict, by the schema of its modules."""
    file = folder / "cloud-config"
    file.write_text(cloud_config)
    checker = program("cloud-init", "cloud-init")
    code, said = judged([checker, "schema", "--config-file", str(file)])
    return code, said.replace(str(file), "FILE")


def by_netplan(network: str, folder: Path) -> dict[str, Any]:
    """Return a network configuration as cloud-init turns it into netplan's."""
    file = folder / "network-config"
    file.write_text(network)
    checker = program("cloud-init", "cloud-init")
    code, said = judged(
        [
            *(checker, "devel", "net-convert", "--network-data", str(file)),
            *("--kind", "yaml", "--directory", str(folder)),
            *("--distro", "ubuntu", "--output-kind", "netplan"),
        ]
    )
    if code:
        return {"refused": said}
    (made,) = (folder / "etc/netplan").iterdir()
    found: dict[str, Any] = yaml.safe_load(made.read_text())["network"]
    return found


def by_ignition(configuration: str, folder: Path) -> tuple[int, str]:
    """Return the verdict of Ignition itself; Debian 12's knows the specification up to 3.3."""
    file = folder / "config.ign"
    file.write_text(configuration)
    return judged([program("ignition-validate", "ignition"), str(file)])


def by_relax_ng(profile: str) -> tuple[int, str]:
    """Return xmllint's verdict, by our schema of AutoYaST."""
    checker = program("xmllint", "libxml2-utils")
    schema = str(DATA / "autoyast.rng")
    return judged([checker, "--noout", "--nonet", "--relaxng", schema, "-"], profile)
