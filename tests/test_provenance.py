"""XMP that says the color is synthetic, read back by ElementTree and Pillow."""

import io
from xml.etree import ElementTree

import pytest
from conftest import random_rgb
from PIL import Image

import tfcolor
from tfcolor import images
from tfcolor.images import provenance

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
SOURCE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
TOOL = "{http://ns.adobe.com/xap/1.0/}CreatorTool"
TITLE = "{http://purl.org/dc/elements/1.1/}title"
ORIENTATION = "{http://ns.adobe.com/tiff/1.0/}Orientation"

PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="uuid:7" xmlns:xmp="urn:taken" xmp:mood="grim"
    xmlns:t="http://ns.adobe.com/tiff/1.0/" t:Orientation="6"
    xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" ext:DigitalSourceType="film">
   <dc:title xmlns:dc="http://purl.org/dc/elements/1.1/">
    <rdf:Alt><rdf:li xml:lang="de">Stra\u00dfe &amp; Kirche</rdf:li></rdf:Alt>
   </dc:title>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def properties(packet):
    """Attributes and elements of the descriptions of a packet, by name; each may stand once."""
    found = {}
    for description in ElementTree.fromstring(packet.strip(b"\0")).iter(RDF + "Description"):
        pairs = list(description.items()) + [(e.tag, "".join(e.itertext())) for e in description]
        for name, value in pairs:
            if name != RDF + "about":
                assert name not in found
                found[name] = value.strip()
    return found


def test_fresh_packet_names_the_source_type_and_the_tool():
    assert properties(provenance.stamp(b"")) == {
        SOURCE: "http://cv.iptc.org/newscodes/digitalsourcetype/"
        "compositeWithTrainedAlgorithmicMedia",
        TOOL: f"tfcolor {tfcolor.__version__}",
    }


def test_nothing_of_a_packet_is_lost_but_its_source_type():
    found = properties(provenance.stamp(PACKET))
    assert found.pop(SOURCE) == provenance.SOURCE_TYPE
    assert found.pop(TOOL) == f"tfcolor {tfcolor.__version__}"
    before = properties(PACKET)
    del before[SOURCE]
    assert found == before and found[TITLE] == "Stra\u00dfe & Kirche"


def test_all_descriptions_are_about_the_same_thing():
    stamped = ElementTree.fromstring(provenance.stamp(PACKET))
    assert {d.get(RDF + "about") for d in stamped.iter(RDF + "Description")} == {"uuid:7"}


def test_stamping_twice_is_stamping_once():
    once = provenance.stamp(PACKET)
    assert properties(provenance.stamp(once)) == properties(once)


@pytest.mark.parametrize("element", [True, False])
def test_the_tool_of_the_photographer_stays(element):
    xmp = 'xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    body = (
        f"<rdf:Description {xmp}><xmp:CreatorTool>Epson Scan</xmp:CreatorTool></rdf:Description>"
        if element
        else f'<rdf:Description {xmp} xmp:CreatorTool="Epson Scan"/>'
    )
    packet = f'<rdf:RDF xmlns:rdf="{RDF[1:-1]}">{body}</rdf:RDF>'.encode()
    assert properties(provenance.stamp(packet))[TOOL] == "Epson Scan"


@pytest.mark.parametrize(
    "broken",
    [
        b"<x:xmpmeta",
        b"\xff\xfe\x00junk",
        b"<a/>",
        b"\0\0",
        b"<rdf:RDF" + b"<a>" * 9,
        b'<!DOCTYPE a [<!ENTITY b "b">]><rdf:RDF xmlns:rdf="%s">&b;</rdf:RDF>' % RDF[1:-1].encode(),
        b'<rdf:RDF xmlns:rdf="%s">' % RDF[1:-1].encode() + b"<a>" * 9999 + b"</a>" * 9999
        + b"</rdf:RDF>",
    ],
)  # fmt: skip
def test_broken_packet_is_replaced_by_a_fresh_one(broken):
    assert properties(provenance.stamp(broken)) == properties(provenance.stamp(b""))
    assert provenance.upright(broken) == b""


def test_packet_padded_with_zeros_is_read():
    assert TITLE in properties(provenance.stamp(PACKET + bytes(2000)))


def test_upright_packet_has_no_orientation_and_all_else():
    found = properties(provenance.upright(PACKET))
    before = properties(PACKET)
    assert before.pop(ORIENTATION) == "6" and found == before


def test_packet_that_is_upright_stays_byte_for_byte():
    packet = PACKET.replace(b't:Orientation="6"', b"")
    assert provenance.upright(packet) == packet


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_source_type_is_read_back_from_every_format_with_xmp(format, dtype):
    rgb = random_rgb().astype(dtype)
    file = io.BytesIO()
    images.encode(file, images.Photograph(rgb, xmp=PACKET), format)
    with Image.open(file) as image:
        found = properties(image.info["xmp"])
    assert found[SOURCE] == provenance.SOURCE_TYPE and TITLE in found


def long_packet():
    """One that no segment of a JPEG can hold."""
    return PACKET.replace(b"Kirche", b"Kirche" * 11000)


def encoded(format, **options):
    """A picture with a long packet of XMP, as Pillow reads it back."""
    file = io.BytesIO()
    images.encode(file, images.Photograph(random_rgb(), xmp=long_packet()), format, **options)
    return Image.open(file)


def test_jpeg_whose_packet_is_too_long_says_that_the_color_is_synthetic():
    with encoded("JPEG") as image:
        assert properties(image.info["xmp"]) == properties(provenance.stamp(b""))
    with encoded("JPEG", provenance=False) as image:
        assert "xmp" not in image.info
    for format in ("PNG", "WEBP", "TIFF"):
        with encoded(format) as image:
            assert properties(image.info["xmp"]) == properties(provenance.stamp(long_packet()))


def test_gif_says_in_a_comment_that_the_color_is_synthetic():
    with encoded("GIF") as image:
        assert provenance.SOURCE_TYPE.encode() in image.info["comment"]
    with encoded("GIF", provenance=False) as image:
        assert "comment" not in image.info


def test_without_provenance_the_packet_stays_byte_for_byte():
    rgb = random_rgb()
    for format in ("JPEG", "PNG", "WEBP", "TIFF"):
        for packet in (PACKET, b""):
            file = io.BytesIO()
            images.encode(file, images.Photograph(rgb, xmp=packet), format, provenance=False)
            with Image.open(file) as image:
                assert image.info.get("xmp", b"") == packet
