#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A client behind a router that hides it (nftables masquerade), kept reachable by persistent keepalive:

    client --- nat router --- server
"""

from harness.cases import case, main
from harness.daemon import Daemon
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import ping, ping_and_transfer

CLIENT, SERVER = ["10.9.0.2/24", "fd09::2/64"], ["10.9.0.1/24", "fd09::1/64"]
MASQUERADE = """
table ip nat {
  chain out {
    type nat hook postrouting priority srcnat;
    oifname "wan0" masquerade random
  }
  chain in {
    type filter hook forward priority filter; policy drop;
    iifname "lan0" accept
    ct state established accept
  }
}
"""


@case
def a_hidden_client_is_reachable_through_its_keepalives(lab):
    client, router, server = lab.host("client"), lab.host("router"), lab.host("server")
    lab.cable(client, "eth0", router, "lan0")
    lab.cable(server, "eth0", router, "wan0")
    client.address("eth0", "192.168.1.2/24")
    router.address("lan0", "192.168.1.1/24")
    router.address("wan0", "192.0.2.1/24")
    server.address("eth0", "192.0.2.2/24")
    client.route("default", "via", "192.168.1.1")
    router.forwarding()
    router.run("nft", "-f", "-", input=MASQUERADE)
    at_client, at_server = Daemon(client), Daemon(server)
    at_server.configure(dict(PublicKey=at_client.public_key, AllowedIPs="10.9.0.2/32, fd09::2/128"))
    at_server.up(*SERVER)
    at_client.configure(dict(PublicKey=at_server.public_key, Endpoint="192.0.2.2:51820",
                             AllowedIPs="10.9.0.1/32, fd09::1/128", PersistentKeepalive=1))
    at_client.up(*CLIENT)
    # The keepalive alone makes the session: nobody has sent a packet yet.
    at_server.wait_handshakes()
    ping(server, "10.9.0.2")
    expect(at_server.endpoint(at_client.public_key).startswith("192.0.2.1:"), "the server sees the router")
    ping_and_transfer(client, CLIENT, server, SERVER)

    # The router forgets the mapping and picks another port: the next keepalive tells the server.
    router.run("ip", "address", "del", "192.0.2.1/24", "dev", "wan0")
    router.run("ip", "address", "add", "192.0.2.7/24", "dev", "wan0")
    wait_for(lambda: at_server.endpoint(at_client.public_key).startswith("192.0.2.7:"),
             "the server to learn the router's new address", 20)
    ping(server, "fd09::2")
    expect_equal(at_client.endpoint(at_server.public_key), "192.0.2.2:51820", "the client's view")


main(__file__)
