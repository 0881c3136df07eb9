"""How pyxie reaches other servers: directly, or by way of the proxies of its environment."""
