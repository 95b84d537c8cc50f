"""Frames and streams between network namespaces, for tests of what a nic lets pass.

    send LINK MAC IPV4 IPV6 NAME...  sends frames as somebody would who is not what he says; the last is always `end`
    hear LINK NAME...                prints "ready", then the names of those that arrive, until `end` does
    sink ADDRESS PORT BYTES          prints "ready", then takes one connection, and prints the seconds that what came after BYTES took
    pump ADDRESS PORT BYTES          sends so much

MAC, IPV4 and IPV6 are those of the sender. Every frame goes to all and carries its name.
"""

import ipaddress
import socket
import struct
import sys
import time

BROADCAST = b"\xff" * 6
FORGED_MAC = bytes.fromhex("02005e0000aa")
EXPERIMENT = 0x88B5


def ethernet(source, kind, body):
    return BROADCAST + source + struct.pack("!H", kind) + body


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def arp(mac, sender, kind=1):
    return struct.pack("!HHBBH", kind, 0x0800, 6, 4, 2) + mac + sender + BROADCAST + b"\xff\xff\xff\xff"


def ipv4(source, sport, dport, name):
    udp = struct.pack("!HHHH", sport, dport, 8 + len(name), 0) + name
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, source, b"\xff" * 4)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp


def ipv6(source, body, name, following=58):
    body += name
    target = ipaddress.ip_address("ff02::1").packed
    return struct.pack("!IHBB", 6 << 28, len(body), following, 255) + source + target + body


def advertisement(target, mac):
    return struct.pack("!BBHI", 136, 0, 0, 0x20000000) + target + b"\x02\x01" + mac


def options_before(body):
    """A header of options before ICMPv6, behind which an advertisement could hide."""
    return struct.pack("!BBBB4x", 58, 0, 1, 4) + body


def frame(kind, mac, own4, own6):
    """One frame, with its name in what it carries: a bridge may cut off what follows that."""
    name = f"<{kind}>".encode()
    other4 = (int.from_bytes(own4, "big") ^ 1).to_bytes(4, "big")
    other6 = own6[:15] + bytes([own6[15] ^ 1])
    unset4, unset6 = bytes(4), bytes(16)

    def v4(*fields):
        return ethernet(mac, 0x0800, ipv4(*fields, name))

    def v6(source, body, *following):
        return ethernet(mac, 0x86DD, ipv6(source, body, name, *following))

    return {
        "own-kind": lambda: ethernet(mac, EXPERIMENT, name),
        "forged-mac": lambda: ethernet(FORGED_MAC, EXPERIMENT, name),
        "own-arp": lambda: ethernet(mac, 0x0806, arp(mac, own4) + name),
        "forged-arp": lambda: ethernet(mac, 0x0806, arp(mac, other4) + name),
        "forged-arp-mac": lambda: ethernet(mac, 0x0806, arp(FORGED_MAC, own4) + name),
        "odd-arp": lambda: ethernet(mac, 0x0806, arp(mac, other4, 6) + name),
        "own-ipv4": lambda: v4(own4, 1000, 1000),
        "forged-ipv4": lambda: v4(other4, 1000, 1000),
        "dhcp-client": lambda: v4(unset4, 68, 67),
        "dhcp-server": lambda: v4(own4, 67, 68),
        "from-nobody": lambda: v4(unset4, 1000, 1000),
        "tagged": lambda: ethernet(mac, 0x8100, struct.pack("!HH", 5, 0x0800) + ipv4(other4, 1000, 1000, name)),
        "own-ipv6": lambda: v6(own6, b"", 59),
        "forged-ipv6": lambda: v6(other6, b"", 59),
        "router": lambda: v6(own6, struct.pack("!BBHIII", 134, 0, 0, 0, 0, 0)),
        "own-neighbour": lambda: v6(own6, advertisement(own6, mac)),
        "forged-neighbour": lambda: v6(own6, advertisement(other6, mac)),
        "hidden-neighbour": lambda: v6(own6, options_before(advertisement(other6, mac)), 0),
        "solicitation": lambda: v6(unset6, struct.pack("!BBHI", 135, 0, 0, 0) + own6),
        "end": lambda: ethernet(mac, 0x0806, arp(mac, own4) + name),
    }[kind]()


def raw(link):
    every = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    every.bind((link, 0))
    return every


def send(link, mac, own4, own6, *kinds):
    sender = bytes.fromhex(mac.replace(":", "")), ipaddress.ip_address(own4).packed, ipaddress.ip_address(own6).packed
    with raw(link) as out:
        for kind in [*kinds, "end"]:
            out.send(frame(kind, *sender))


def hear(link, *names):
    with raw(link) as into:
        print("ready", flush=True)
        while True:
            heard = into.recv(65536)
            name = next((one for one in [*names, "end"] if f"<{one}>".encode() in heard), None)
            if name == "end":
                return
            if name is not None:
                print(name, flush=True)


def sink(address, port, size):
    with socket.create_server((address, int(port))) as server:
        print("ready", flush=True)
        with server.accept()[0] as taken:
            left = int(size)
            while left > 0:
                left -= len(taken.recv(65536)) or sys.exit("too little came")
            begin = time.monotonic()
            while taken.recv(65536):
                pass
            print(time.monotonic() - begin)


def pump(address, port, size):
    with socket.create_connection((address, int(port))) as out:
        out.sendall(bytes(int(size)))


{"send": send, "hear": hear, "sink": sink, "pump": pump}[sys.argv[1]](*sys.argv[2:])
