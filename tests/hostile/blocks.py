# SPDX-License-Identifier: MIT
"""What files say of themselves: EXIF, XMP and IPTC of a photograph that says much, and what hostile
files make of them."""

import base64
import struct

# Of the unpainted photograph; tests that look for it bring a real one.
THUMBNAIL = b"\xff\xd8\xff\xe0 a thumbnail \xff\xd9"
GPS, OWNER, TITLE, NOTICE = b"5-Mile-Road-GPS", b"Olga Owner", b"My children", b"(c) Ann"


def directory(order, at, entries, following=0):
    """A directory of (tag, type, value) at a place; a value is a number, or bytes of any length."""
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
    rows, data = b"", b""
    room = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries):
        if isinstance(value, int):
            value = struct.pack(order + {3: "H", 4: "I"}[kind], value)
        row = struct.pack(order + "HHI", tag, kind, len(value) // sizes[kind])
        if len(value) <= 4:
            rows += row + value.ljust(4, b"\0")
        else:
            rows += row + struct.pack(order + "I", room + len(data))
            data += value + bytes(len(value) % 2)
    return struct.pack(order + "H", len(entries)) + rows + struct.pack(order + "I", following) + data


def exif(order="<", orientation=6, thumbnail=THUMBNAIL):
    """As a camera's, with a thumbnail, a maker's preview, position, owner and Adobe RGB."""
    third = struct.pack(order + "6I", 47, 1, 30, 1, 0, 1)
    interop = [(1, 2, b"R03\0"), (2, 7, b"0100")]
    gps = [(1, 2, b"N\0"), (2, 5, third), (3, 2, b"E\0"), (4, 5, third), (18, 2, GPS + b"\0")]
    camera = [(0x829A, 5, struct.pack(order + "2I", 1, 250)), (0x9003, 2, b"2020:01:02 03:04:05\0"),
              (0x927C, 7, b"Maker\0" + thumbnail), (0xA001, 3, 0xFFFF), (0xA002, 4, 9999),
              (0xA003, 4, 9999), (0xA430, 2, OWNER + b"\0"), (0xA434, 2, b"Lens 50mm\0")]
    image = [(0x010E, 2, TITLE + b"\0"), (0x010F, 2, b"Maker\0"), (0x0110, 2, b"Model 3\0"),
             (0x0112, 3, orientation), (0x0131, 2, b"Firmware 1.0\0"), (0x8298, 2, NOTICE + b"\0")]
    small = [(0x0103, 3, 6), (0x0112, 3, orientation), (0x0202, 4, len(thumbnail))]
    places = {}
    for _ in range(2):  # the second time, places are known
        blocks, at = [], 8
        for name, entries in (
                ("image", image + [(0x8769, 4, places.get("camera", 0)),
                                   (0x8825, 4, places.get("gps", 0))]),
                ("camera", camera + [(0xA005, 4, places.get("interop", 0))]), ("gps", gps),
                ("interop", interop), ("small", small + [(0x0201, 4, places.get("end", 0))])):
            places[name] = at
            blocks.append(directory(order, at, entries,
                                    places.get("small", 0) if name == "image" else 0))
            at += len(blocks[-1])
        places["end"] = at
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + b"".join(blocks) + thumbnail


def xmp(thumbnail=THUMBNAIL):
    image = base64.b64encode(thumbnail).decode().replace("\n", "&#xA;")
    return f"""<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
<rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/'
  xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation='6'
  xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:xmpGImg='http://ns.adobe.com/xap/1.0/g/img/'>
 <xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType='Resource'><xmpGImg:format>JPEG</xmpGImg:format>
  <xmpGImg:image>{image}</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>
 <dc:title><rdf:Alt><rdf:li xml:lang='x-default'>{TITLE.decode()}</rdf:li></rdf:Alt></dc:title>
 <dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>XMP's {NOTICE.decode()}</rdf:li></rdf:Alt></dc:rights>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>""".encode()


def dataset(number, text):
    return struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text


IPTC = dataset(0, b"\0\4") + dataset(90, b"Zurich") + dataset(116, b"IPTC's " + NOTICE)


def resource(number, data):
    return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) % 2)


def raw_profile(name, data, length=None):
    """The text of a PNG's "Raw profile type"."""
    return f"\n{name}\n{len(data) if length is None else length:8}\n{data.hex()}\n".encode()


def packets():
    """XMP that is none, or goes deep."""
    whole = xmp()
    for length in range(0, len(whole), 37):
        yield f"xmp-cut-{length}", whole[:length]
    head = whole[:whole.index(b"<rdf:Description")]
    for name, body in [
            ("deep", b"<a>" * 5000), ("doctype", b"<!DOCTYPE a [<!ENTITY b 'c'>]>"), ("nul", b"\0"),
            ("cdata", b"<![CDATA["), ("bindings", b"<a " + b"xmlns:a='b' " * 1000 + b"/>"),
            ("attributes", b"<a " + b"b='c' " * 1000), ("colons", b"<:::/>"), ("no-name", b"< />"),
            ("quotes", b"<a b='\"'/>"), ("latin", b"<a>\xe9</a>"), ("close", b"</rdf:RDF>" * 9)]:
        yield f"xmp-{name}", head + body


def resources():
    """Photoshop's resources that lie about their sizes."""
    for length in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"resource-claims-{length}", b"8BIM\4\4\0\0" + struct.pack(">I", length) + IPTC
    for name in (1, 2, 254, 255):
        yield f"resource-name-{name}", b"8BIM\4\4" + bytes([name]) + resource(0x0404, IPTC)
    for length in range(1, 12):
        yield f"resource-short-{length}", resource(0x0404, IPTC)[:length]
    for length in (0x7FFF, 0x8000, 0x8004, 0xFFFF):
        yield (f"dataset-claims-{length}",
               resource(0x0404, struct.pack(">BBBH", 0x1C, 2, 116, length) + b"abcd"))
    yield "resource-many", resource(1, b"") * 4000


def profiles_in_text():
    """Raw profiles that lie about their lengths or have no digits."""
    for length in (0, 1, 31, 33, 2**31, 2**32, 2**64, -1):
        yield f"raw-claims-{length}", raw_profile("exif", b"Exif\0\0" + bytes(26), length)
    for name, text in [("nothing", b""), ("breaks", b"\n" * 99), ("letters", b"\nexif\n8\nxyz"),
                       ("half", b"\nexif\n2\n616"), ("no-length", b"\nexif\n\n6161")]:
        yield f"raw-{name}", text
