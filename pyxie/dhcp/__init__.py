"""The proxyDHCP server: codec, policy, sockets; pure modules first, sockets last."""
