"""Detection of IP addresses that are not part of the public internet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

EMBEDDING_NETWORKS = (IPv6Network("64:ff9b::/96"), IPv6Network("::ffff:0:0:0/96"))
"""IPv6 networks whose addresses contain an IPv4 address in their last 32 bits."""

NON_PUBLIC_NETWORKS = (
    IPv6Network("::/96"),  # the obsolete form of IPv4 addresses
    IPv6Network("64:ff9b:1::/48"),  # gateways of private networks
    IPv6Network("fec0::/10"),  # the obsolete form of private networks
)
"""IPv6 networks that some versions of Python wrongly consider public."""


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public internet.

    An IPv6 address that contains an IPv4 address is public only if the IPv4 address is.

    Raises:
        ValueError: The text is not an IP address.
    """
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        embedded = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if any(ip in network for network in NON_PUBLIC_NETWORKS):
            return False
        if any(ip in network for network in EMBEDDING_NETWORKS):
            embedded.append(IPv4Address(int(ip) & 0xFFFFFFFF))
        if any(each is not None and not is_public(str(each)) for each in embedded):
            return False
        if ip.ipv4_mapped is not None:
            return True
    return ip.is_global and not ip.is_multicast
