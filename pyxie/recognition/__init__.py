"""Who a client is: one answer, which DHCP, TFTP, HTTP and REST go by."""
