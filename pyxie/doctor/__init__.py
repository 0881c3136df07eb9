"""`pyxie doctor`: what of this host and this LAN keeps machines from booting, and what to do."""
