"""Addresses for machines, where nobody else gives any: a DHCP server that exists, as a child."""
