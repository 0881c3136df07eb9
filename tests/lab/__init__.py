"""The lab: a LAN in network namespaces, and virtual machines that boot on it.

    with Lan() as lan:
        dnsmasq.dhcp_server(lan.host("dhcp"), lan.main)      # knows nothing of PXE
        lan.srv.popen("python", "-m", "pyxie", ...)          # the server under test
        with Guest(lan.tap(), firmware="uefi") as guest:
            guest.wait_for("SMALL GUEST: done said:", timeout=90)

It needs root on Linux, and knows nothing of pytest: `make demo` uses it too.
"""
