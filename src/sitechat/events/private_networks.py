"""Tell addresses of the public internet from those of private networks."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

EMBEDDING = (IPv6Network("64:ff9b::/96"), IPv6Network("::ffff:0:0:0/96"))
"""IPv6 addresses that lead to the IPv4 address in their last 32 bits through a gateway."""

NOT_PUBLIC = (
    IPv6Network("::/96"),  # the obsolete form of IPv4 addresses
    IPv6Network("64:ff9b:1::/48"),  # gateways of private networks
    IPv6Network("fec0::/10"),  # the obsolete form of private networks
)
"""IPv6 addresses that not all versions of Python know to be private."""


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public internet."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if any(ip in network for network in NOT_PUBLIC):
            return False
        if any(ip in network for network in EMBEDDING):
            inner.append(IPv4Address(int(ip) & 0xFFFFFFFF))
        if any(each is not None and not is_public(str(each)) for each in inner):
            return False
        if ip.ipv4_mapped is not None:
            return True
    return ip.is_global and not ip.is_multicast
