"""Small hostile PDFs, each made to break a PDF reader in one way.

The makers write PDF by hand, as no library would write such files. If a file has several pages,
the last is harmless prose, so that tests see whether the attack harms other pages.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable

from PIL import Image

from tests.builders import PROSE

MARKER = "swallow-0f5c"
"""A word that hostile files try to bring into the text from where it must not come."""

_STROKE = b"0 0 m 600 800 0 800 600 0 c S\n  "  # 32 bytes; two million of them take hours
Body = bytes | tuple[str, bytes]


def pdf(objects: Iterable[Body], trailer: str = "") -> bytes:
    """Return a PDF of objects numbered from 1; object 1 is the catalog.

    A pair holds the entries of a stream's dictionary, and the stream.
    """
    out = io.BytesIO(b"%PDF-1.7\n")
    out.seek(0, io.SEEK_END)
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        if isinstance(body, tuple):
            entries, data = body
            head = f"<<{entries}/Length {len(data)}>>stream\n".encode()
            body = head + data + b"\nendstream"  # noqa: PLW2901 - written as it is read
        out.write(b"%d 0 obj " % number + body + b" endobj\n")
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    end = f"trailer <</Size {len(offsets) + 1}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n"
    out.write(end.encode())
    return out.getvalue()


def prose_stream() -> bytes:
    """Return the operators of a page of prose in 11 points."""
    words, lines = PROSE.split(), []
    for start in range(0, len(words), 10):
        lines.append(f"({' '.join(words[start : start + 10])}) Tj 0 -14 Td")
    return ("BT /F 11 Tf 60 760 Td " + "\n".join(lines) + " ET").encode()


FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def two_pages(
    content: Body, *extra: Body, entries: str = "", resources: str = "", catalog: str = ""
) -> bytes:
    """Return a page with the hostile `content` and a harmless page.

    The objects in `extra` are numbered from 8. `entries` go into the first page's dictionary,
    `resources` into its resources, and `catalog` into the catalog.
    """
    page = "/Type/Page/Parent 2 0 R"
    box = "" if "MediaBox" in entries else "/MediaBox[0 0 595 842]"
    return pdf(
        [
            f"<</Type/Catalog/Pages 2 0 R{catalog}>>".encode(),
            b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
            f"<<{page}{box}/Contents 5 0 R{entries}"
            f"/Resources<</Font<</F 7 0 R>>{resources}>>>>".encode(),
            f"<<{page}/MediaBox[0 0 595 842]/Contents 6 0 R"
            "/Resources<</Font<</F 7 0 R>>>>>>".encode(),
            content if isinstance(content, tuple) else ("", content),
            ("", prose_stream()),
            FONT,
            *extra,
        ]
    )


def _deflated_zeros(length: int, filler: bytes = b"\0", levels: int = 1) -> bytes:
    packer = zlib.compressobj(9)
    block = filler * (2**20 // len(filler))
    data = b"".join(packer.compress(block) for _ in range(length // 2**20)) + packer.flush()
    for _ in range(levels - 1):
        data = zlib.compress(data, 9)
    return data


def content_bomb() -> bytes:
    """Drawing operators that unpack from 200 kB to 64 MiB."""
    return two_pages(("/Filter/FlateDecode", _deflated_zeros(2**26, _STROKE)))


def nested_filters_bomb() -> bytes:
    """Operators packed three times over: 1 kB holds 64 MiB."""
    data = _deflated_zeros(2**26, _STROKE, levels=3)
    return two_pages(("/Filter[/FlateDecode/FlateDecode/FlateDecode]", data))


def image_bomb(side: int = 100_000) -> bytes:
    """A picture of `side` x `side` pixels with only a few zeros as its data."""
    image = (
        f"/Type/XObject/Subtype/Image/Width {side}/Height {side}/ColorSpace/DeviceRGB"
        "/BitsPerComponent 8/Filter/FlateDecode"
    )
    draw = b"q 595 0 0 421 0 0 cm /I Do Q"
    return two_pages(draw, (image, _deflated_zeros(2**20)), resources="/XObject<</I 8 0 R>>")


def full_image_bomb() -> bytes:
    """A black picture of 20,000 x 20,000 on half a page, with all of its 400 MB, compressed."""
    image = (
        "/Type/XObject/Subtype/Image/Width 20000/Height 20000/ColorSpace/DeviceGray"
        "/BitsPerComponent 8/Filter/FlateDecode"
    )
    draw = b"q 595 0 0 421 0 0 cm /I Do Q"
    data = _deflated_zeros(382 * 2**20)
    return two_pages(draw, (image, data), resources="/XObject<</I 8 0 R>>")


def many_objects(count: int = 1_000_000) -> bytes:
    """A million objects that nothing needs."""
    return two_pages(prose_stream(), *(b"null" for _ in range(count)))


def torn_content() -> bytes:
    """A page whose compressed operators are noise after the header."""
    data = zlib.compress(prose_stream())
    noise = bytes((n * 89 + 7) % 256 for n in range(2000))
    return two_pages(("/Filter/FlateDecode", data[:2] + noise))


def missing_content() -> bytes:
    """A page whose /Contents points to an object that is not a stream."""
    return two_pages(b"null").replace(b"/Contents 5 0 R", b"/Contents 8 0 R", 1)


def no_operators() -> bytes:
    """A page whose stream holds text that is not operators."""
    return two_pages(b"kiln 4 bowls ) ] > were trimmed and <stacked")


def carelessly_blank() -> bytes:
    """A blank page as careless programs write it.

    The checksum of its stream is wrong and its font is missing, but no visible content is lost.
    """
    packed = zlib.compress(b"q BT /G 11 Tf 60 60 Td ( ) Tj ET Q")[:-4] + b"\0\0\0\0"
    return two_pages(("/Filter/FlateDecode", packed))


def recursive_form() -> bytes:
    """A form that draws itself, twice."""
    form = (
        "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 8 0 R>>>>",
        b"/X Do /X Do",
    )
    return two_pages(b"/X Do", form, resources="/XObject<</X 8 0 R>>")


def doubling_forms(depth: int = 40) -> bytes:
    """Forms that each draw the next form twice: 2 to the 40 drawings."""
    forms = []
    for number in range(depth):
        entries = (
            "/Type/XObject/Subtype/Form/BBox[0 0 595 842]"
            f"/Resources<</XObject<</X {9 + number} 0 R>>>>"
        )
        forms.append((entries, b"/X Do /X Do"))
    last = ("/Type/XObject/Subtype/Form/BBox[0 0 595 842]", b"0 0 9 9 re f")
    return two_pages(b"/X Do", *forms, last, resources="/XObject<</X 8 0 R>>")


def cyclic_page_tree() -> bytes:
    """A page tree that is its own child."""
    return pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2/Parent 2 0 R>>",
        ]
    )


def doubling_page_tree(depth: int = 20) -> bytes:
    """A page tree whose nodes each list their only child twice: one page counts as a million."""
    nodes = [
        f"<</Type/Pages/Parent {max(2, 1 + n)} 0 R/Kids[{3 + n} 0 R {3 + n} 0 R]"
        f"/Count {2 ** (depth - n)}>>".encode()
        for n in range(depth)
    ]
    page = b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]>>" % (depth + 1)
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", *nodes, page])


def lying_page_count() -> bytes:
    """One page in a file that claims two thousand million."""
    return pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 2000000000>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        ]
    )


def deep_arrays(depth: int = 1_000_000) -> bytes:
    """A page whose dictionary holds arrays nested a million deep."""
    return two_pages(prose_stream(), b"[" * depth + b"]" * depth, entries="/Annots 8 0 R")


def deep_dictionaries(depth: int = 500_000) -> bytes:
    """A page whose operators hold dictionaries nested half a million deep."""
    return two_pages(b"/A " + b"<</A " * depth + b">>" * depth + b" BDC EMC " + prose_stream())


def deep_states() -> bytes:
    """A page that saves a million graphics states and nests as many marked contents."""
    return two_pages(b"q " * 1_000_000 + b"/A BMC " * 1_000_000 + prose_stream())


def huge_media_box() -> bytes:
    """A page with sides of 10 to the 38 points."""
    return two_pages(prose_stream(), entries="/MediaBox[-1e38 -1e38 1e38 1e38]")


def huge_user_unit() -> bytes:
    """An A4 page in units of 10,000 points."""
    return two_pages(prose_stream(), entries="/UserUnit 10000/MediaBox[0 0 595 842]")


def no_number_media_box() -> bytes:
    """A page whose sides are not numbers."""
    return two_pages(prose_stream(), entries="/MediaBox[/nan (inf) null 1e99999]")


def broken_font(kind: str) -> bytes:
    """An embedded font of `kind` (FontFile, FontFile2, FontFile3), noise after its header."""
    heads = {
        "FontFile": b"%!PS-AdobeFont-1.0: Evil\n/FontMatrix [1e99 0 0 1e-99 0 0] def\neexec\n",
        "FontFile2": b"\0\1\0\0\xff\xff\xff\xff\xff\xff\xff\xff"
        + b"glyf\0\0\0\0\xff\xff\xff\xff" * 9,
        "FontFile3": b"\1\0\4\4\xff\xff\4\xff\xff\xff\xff" + b"\x1d\x7f\xff\xff\xff" * 50,
    }
    noise = bytes((n * 89 + 7) % 256 for n in range(5000))
    subtype = {"FontFile": "Type1", "FontFile2": "TrueType", "FontFile3": "Type1"}[kind]
    font = (
        f"<</Type/Font/Subtype/{subtype}/BaseFont/Evil/FirstChar 0/LastChar 255"
        "/Widths[1e30 -1e30]/FontDescriptor 9 0 R/ToUnicode 10 0 R>>"
    ).encode()
    descriptor = f"<</Type/FontDescriptor/FontName/Evil/Flags 4/{kind} 11 0 R>>".encode()
    to_unicode = ("", b"begincmap 1 begincodespacerange <00> <FFFFFFFF> endcodespacerange "
                      b"1 beginbfrange <00> <FF> <D800> endbfrange endcmap")  # fmt: skip
    entries = "/Subtype/Type1C" if kind == "FontFile3" else ""
    text = prose_stream().replace(b"/F 11", b"/E 11") + b" " + prose_stream()
    return two_pages(
        text, font, descriptor, to_unicode, (entries, heads[kind] + noise),
        resources="/Font<</E 8 0 R/F 7 0 R>>",
    )  # fmt: skip


def javascript() -> bytes:
    """Scripts for opening, for the page and in a field, which write the marker or never end."""
    script = f"/S/JavaScript/JS(this.getField\\('f'\\).value='{MARKER}'; while\\(true\\){{}})"
    return two_pages(
        prose_stream(),
        f"<</Type/Annot/Subtype/Widget/FT/Tx/T(f)/Rect[60 60 300 90]/AA<</F<<{script}>>"
        f"/C<<{script}>>>>/P 3 0 R>>".encode(),
        entries=f"/AA<</O<<{script}>>>>/Annots[8 0 R]",
        catalog=f"/OpenAction<<{script}>>"
        "/AcroForm<</Fields[8 0 R]/CO[8 0 R]/NeedAppearances true>>",
    )


def embedded_file() -> bytes:
    """A page of prose with a text file, and a PDF, attached to it."""
    attached = ("/Type/EmbeddedFile", f"{MARKER} in an attachment".encode())
    inner = ("/Type/EmbeddedFile/Subtype/application#2Fpdf", two_pages(prose_stream()))
    return two_pages(
        prose_stream(), attached, inner,
        catalog="/Names<</EmbeddedFiles<</Names[(a.txt)<</Type/Filespec/F(a.txt)/EF<</F 8 0 R>>>>"
        "(b.pdf)<</Type/Filespec/F(b.pdf)/EF<</F 9 0 R>>>>]>>>>",
    )  # fmt: skip


def external_references(file_path: str, port: int) -> bytes:
    """A page whose stream, picture, font, form and launch action are outside the file.

    They point to a local file and to a server on this machine.
    """
    url = f"http://127.0.0.1:{port}/{MARKER}"
    web = f"<</FS/URL/F({url})>>"
    local = f"<</Type/Filespec/F({file_path})/UF({file_path})>>"
    image = "/Type/XObject/Subtype/Image/Width 9/Height 9/ColorSpace/DeviceGray/BitsPerComponent 8"
    form = "/Type/XObject/Subtype/Form/BBox[0 0 595 842]"
    uri = f"/S/URI/URI({url})"
    return two_pages(
        prose_stream() + b" q 99 0 0 99 0 0 cm /I Do /J Do Q /X Do /Y Do /R Do",
        (f"{image}/F{web}", b""), (f"{image}/F{local}", b""),
        (f"{form}/F{web}", b""), (f"{form}/F{local}", b""),
        (f"{form}/Ref<</F{local}/Page 0>>", b""),
        f"<</S/Launch/F{local}>>".encode(),
        resources="/XObject<</I 8 0 R/J 9 0 R/X 10 0 R/Y 11 0 R/R 12 0 R>>",
        entries=f"/AA<</O 13 0 R/C<<{uri}>>>>",
        catalog=f"/OpenAction<</S/GoToR/F{local}/D[0/Fit]/Next[<<{uri}>> 13 0 R"
        f"<</S/ImportData/F{local}>><</S/SubmitForm/F{web}>>]>>",
    )  # fmt: skip


def pdf_and_zip() -> bytes:
    """A PDF that is also a ZIP (an EPUB by its first entry)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", f"<container>{MARKER}</container>")
    return two_pages(prose_stream()) + packed.getvalue()


def zip_then_pdf() -> bytes:
    """A ZIP whose first entry holds a PDF."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("a.pdf", two_pages(prose_stream()))
    return packed.getvalue()


def pdf_in_jpeg() -> bytes:
    """A JPEG with a PDF in its comment, within the first kilobyte."""
    out = io.BytesIO()
    picture = Image.new("L", (64, 64), 255)
    picture.paste(0, (8, 8, 40, 40))
    picture.save(out, "JPEG", comment=two_pages(prose_stream()))
    return out.getvalue()


def names_that_lie() -> bytes:
    """Names, a title and a font that hold newlines, NULs, `../` and lone surrogates."""
    evil = b"<</Type/Font/Subtype/Type1/BaseFont/..#2F..#2Fetc#00#0Apasswd/ToUnicode 9 0 R>>"
    to_unicode = ("", b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange 3 beginbfchar "
                      b"<61> <D800> <65> <0000> <6F> <000A> endbfchar endcmap")  # fmt: skip
    text = (
        prose_stream() + b" " + prose_stream().replace(b"/F 11", b"/E 11").replace(b"760", b"500")
    )
    return two_pages(
        text, evil, to_unicode, resources="/Font<</E 8 0 R/F 7 0 R>>",
        catalog="/PageLabels<</Nums[0<</P(../../../a#00)>>]>>",
    )  # fmt: skip


def endless_text(lines: int = 4900, line_words: int = 40) -> bytes:
    """A page of a million characters, in lines a fifth of a point apart."""
    words = " ".join(["kiln"] * line_words).encode()
    shown = b"".join(
        b"1 0 0 1 60 %.2f Tm (%d %b) Tj\n" % (820 - number / 6.2, number, words)
        for number in range(lines)
    )
    return two_pages(b"BT /F 1 Tf " + shown + b"ET")
