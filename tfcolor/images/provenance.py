"""XMP that says a picture's color was made by a trained model."""

from __future__ import annotations

from xml.dom import minidom

import tfcolor

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

# A comment for a file that holds no XMP.
REMARK = f"The color is synthetic, by tfcolor {tfcolor.__version__}: {SOURCE_TYPE}"

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = "http://ns.adobe.com/xap/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_TIFF = "http://ns.adobe.com/tiff/1.0/"

_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"/></x:xmpmeta>'

# XMP specification, part 1, 7.3.2: a wrapper lets programs find the packet in any file.
_WRAPPER = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{}\n<?xpacket end="w"?>'


def stamp(xmp: bytes) -> bytes:
    """Says in an XMP packet that the picture is a photograph with synthetic color.

    Sets IPTC's digital source type, and `xmp:CreatorTool` if there is none. All else stays.

    Args:
      xmp: the photograph's own packet; if it is empty or broken, a new one is made.

    Returns:
      The packet, in UTF-8.
    """
    document = _parse(xmp) or minidom.parseString(_EMPTY)
    graph = document.getElementsByTagNameNS(_RDF, "RDF")[0]
    described = document.getElementsByTagNameNS(_RDF, "Description")
    # A separate description, so that no prefix of the others is redefined.
    ours = document.createElementNS(_RDF, "rdf:Description")
    ours.setAttribute("xmlns:rdf", _RDF)
    # All descriptions of a packet have the same `rdf:about`.
    about = described[0].getAttributeNS(_RDF, "about") if described else ""
    ours.setAttributeNS(_RDF, "rdf:about", about)
    _remove(document, _IPTC, "DigitalSourceType")
    ours.setAttribute("xmlns:Iptc4xmpExt", _IPTC)
    ours.setAttributeNS(_IPTC, "Iptc4xmpExt:DigitalSourceType", SOURCE_TYPE)
    if not _holders(document, _XMP, "CreatorTool"):
        ours.setAttribute("xmlns:xmp", _XMP)
        ours.setAttributeNS(_XMP, "xmp:CreatorTool", f"tfcolor {tfcolor.__version__}")
    graph.appendChild(ours)
    return _serialize(document)


def is_synthetic(xmp: bytes) -> bool:
    """Whether an XMP packet says what `stamp` makes it say."""
    return SOURCE_TYPE.encode() in xmp


def upright(xmp: bytes) -> bytes:
    """The packet of a picture that was turned upright and is no longer gray.

    The orientation and the thumbnails, if it has any, are removed; a broken packet is dropped.
    """
    document = _parse(xmp)
    if document is None:
        return b""
    stale = [(_TIFF, "Orientation"), (_XMP, "Thumbnails")]
    if not any(_holders(document, *name) for name in stale):
        return xmp
    for name in stale:
        _remove(document, *name)
    return _serialize(document)


def _parse(xmp: bytes) -> minidom.Document | None:
    # Some programs pad with zeros. A document type declaration serves nothing but attacks.
    xmp = xmp.strip(b"\0 \t\r\n")
    if not xmp or b"<!" in xmp.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        return None
    try:
        document = minidom.parseString(xmp)
        _serialize(document)
    except Exception:  # Broken bytes can make a parser raise anything, such as RecursionError.
        return None
    return document if document.getElementsByTagNameNS(_RDF, "RDF") else None


def _serialize(document: minidom.Document) -> bytes:
    assert document.documentElement is not None  # A document without one is not parsed.
    return _WRAPPER.format(document.documentElement.toxml()).encode()


def _holders(document: minidom.Document, namespace: str, name: str) -> list[minidom.Element]:
    """The descriptions that have a property, as an attribute or as an element."""
    return [
        description
        for description in document.getElementsByTagNameNS(_RDF, "Description")
        if description.hasAttributeNS(namespace, name)
        or any(_is(child, namespace, name) for child in description.childNodes)
    ]


def _remove(document: minidom.Document, namespace: str, name: str) -> None:
    for description in _holders(document, namespace, name):
        if description.hasAttributeNS(namespace, name):
            description.removeAttributeNS(namespace, name)
        for child in list(description.childNodes):
            if _is(child, namespace, name):
                description.removeChild(child)


def _is(node: minidom.Node, namespace: str, name: str) -> bool:
    return node.namespaceURI == namespace and node.localName == name
