"""A NIC, as a machine file describes it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, field_validator

from pyxie.config.validate import Model
from pyxie.config.values import Mac, listed
from pyxie.registry.addresses import Addressed, addressed, gateway, ip, prefix, vlan


def _address(text: str) -> str:
    host, slash, length = text.partition("/")
    version = ip(host).version
    if slash:
        prefix(length, version)
    return text


def _mask(text: str, info: ValidationInfo) -> str:
    host = info.data.get("ipaddress", "")
    if host:
        addressed(host, text)
    else:
        prefix(text, 6 if ":" in text or text.strip("/ ").isdigit() else 4)
    return text


def _cidr(text: str, info: ValidationInfo) -> str:
    host = info.data.get("ipaddress", "")
    if host or "/" in text.lstrip("/"):
        addressed(host, info.data.get("netmask", ""), text)
    else:
        prefix(text, 6)
    return text


def _tag(text: str) -> str:
    vlan(text)
    return text


_Ip = Annotated[str, AfterValidator(_address)]
_Mask = Annotated[str, AfterValidator(_mask)]


class Address(Model):
    """One address of a NIC, as waitron 2 and 3 write them.

    Attributes:
        ipaddress: The address.
        netmask: Its netmask, or the length of its prefix.
        cidr: The address with its prefix, or the prefix alone; instead of the two, or with them.
        tags, description: Notes, for people and templates.
    """

    ipaddress: _Ip = ""
    netmask: _Mask = ""
    cidr: Annotated[str, AfterValidator(_cidr)] = ""
    tags: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    description: str = ""


class Nic(Model):
    """One network interface.

    Attributes:
        macaddress: Its MAC address; the machine is recognised by that of any of its NICs.
        ipaddress, netmask, gateway: Its address as waitron 1 writes it.
        addresses4, addresses6, gateway4, gateway6: Its addresses as waitron 2 and 3 write them.
        vlan_id: The tag of the VLAN that its addresses are on; nothing for an untagged one.
        name: What the installed system calls it, where its installer can choose.
        vlan_name, zside_device, zside_device_port: Where it is plugged in.
        tags, description: Notes, for people and templates.
    """

    name: str = ""
    macaddress: Mac | None = None
    ipaddress: _Ip = ""
    netmask: _Mask = ""
    gateway: str = ""
    addresses4: tuple[Address, ...] = ()
    addresses6: tuple[Address, ...] = ()
    gateway4: str = ""
    gateway6: str = ""
    vlan_id: Annotated[str, AfterValidator(_tag)] = ""
    vlan_name: str = ""
    zside_device: str = ""
    zside_device_port: str = ""
    tags: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    description: str = ""

    @field_validator("addresses4", "addresses6")
    @classmethod
    def _are_of_that_version(
        cls, value: tuple[Address, ...], info: ValidationInfo
    ) -> tuple[Address, ...]:
        version = int(str(info.field_name)[-1])
        for each in value:
            host = each.ipaddress or (each.cidr if "/" in each.cidr.lstrip("/") else "")
            if host and ip(host).version != version:
                raise ValueError(f"{ip(host)} is not an address of IPv{version}")
        return value

    @field_validator("gateway", "gateway4", "gateway6")
    @classmethod
    def _is_in_reach(cls, value: str, info: ValidationInfo) -> str:
        version = str(info.field_name)[-1:]
        if version in "46" and ip(value).version != int(version):
            raise ValueError(f"{ip(value)} is not an address of IPv{version}")
        gateway(value, _statics(info.data))
        return value


def _statics(data: dict[str, Any]) -> list[Addressed]:
    """Return the addresses that are whole; what is wrong with the others is told elsewhere."""
    written = [(data.get("ipaddress", ""), data.get("netmask", ""), "")]
    for name in ("addresses4", "addresses6"):
        written += [(each.ipaddress, each.netmask, each.cidr) for each in data.get(name, ())]
    found = []
    for each in written:
        try:
            address = addressed(*each)
        except ValueError:
            continue
        if address is not None:
            found.append(address)
    return found
