"""The TFTP server: read only, with RFC 2347's options and RFC 7440's windows."""
