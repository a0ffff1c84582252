"""Workbooks that ask for far more than their size: far cells, repeated cells, bombs."""

import io
import struct
import zipfile
from collections.abc import Callable

_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_HEADER = '<c t="inlineStr"><is><t>file</t></is></c><c t="inlineStr"><is><t>digit</t></is></c>'
_ODS_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)


def pack(members: dict[str, str | bytes]) -> bytes:
    """Pack members into an archive, compressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def make_xlsx(
    rows: str,
    before: str = "",
    target: str = "worksheets/sheet1.xml",
    prologue: str = "",
    strings: str = "",
) -> bytes:
    """Make a workbook of one sheet, from the XML of its rows.

    Args:
        rows: what stands in ``sheetData``.
        before: what stands before it.
        target: where the sheet is said to be.
        prologue: what stands before the root of the sheet, such as a document type.
        strings: the shared strings' XML; empty for none.
    """
    place = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    sheet = (
        f'{prologue}<worksheet xmlns="{_MAIN}">{before}<sheetData>{rows}</sheetData></worksheet>'
    )
    book = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_TYPE}"><sheets>'
        '<sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    relations = (
        f'<Relationships xmlns="{_PACKAGE}">'
        f'<Relationship Id="rId1" Type="{_TYPE}/worksheet" Target="{target}"/>'
        f'<Relationship Id="rId2" Type="{_TYPE}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>"
    )
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": _make_root_relations("xl/workbook.xml"),
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": relations,
        place: sheet,
    }
    return pack(members | ({"xl/sharedStrings.xml": strings} if strings else {}))


def _make_root_relations(target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" '
        f'Type="{_TYPE}/officeDocument" Target="{target}"/></Relationships>'
    )


def make_ods(rows: str, prologue: str = "") -> bytes:
    """Make a spreadsheet in OpenDocument format, from the XML of its rows."""
    content = (
        f"{prologue}<office:document-content {_ODS_SPACES}><office:body><office:spreadsheet>"
        f'<table:table table:name="A">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>'
    )
    return pack({"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": content})


def make_xlsb(records: bytes) -> bytes:
    """Make a binary workbook of one sheet, from the sheet's records."""
    sheet = _record(129) + records + _record(130)
    name = struct.pack("<III", 0, 1, 4) + "rId1".encode("utf-16-le")
    name += struct.pack("<I", 1) + "A".encode("utf-16-le")
    book = _record(131) + _record(143) + _record(156, name) + _record(144) + _record(132)
    relations = (
        f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" '
        f'Type="{_TYPE}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>'
    )
    return pack(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": _make_root_relations("xl/workbook.bin"),
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": relations,
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def _record(number: int, content: bytes = b"") -> bytes:
    """Pack a record of a binary workbook: number and length are of one or two bytes."""
    head = bytes([number & 0x7F | 0x80, number >> 7]) if number > 127 else bytes([number])
    assert len(content) < 128
    return head + bytes([len(content)]) + content


def _far_xlsb() -> bytes:
    near = _record(0, struct.pack("<II", 0, 0)) + _record(5, struct.pack("<IId", 0, 0, 1.0))
    far = _record(0, struct.pack("<II", 1_048_575, 0))
    far += _record(5, struct.pack("<IId", 16_383, 0, 1.0))
    extent = _record(148, struct.pack("<IIII", 0, 1_048_575, 0, 16_383))
    return make_xlsb(extent + _record(145) + near + far + _record(146))


def _repeat_in_ods(rows: int, columns: int, cells: str = "<text:p>1</text:p>") -> bytes:
    cell = (
        f'<table:table-cell table:number-columns-repeated="{columns}" '
        f'office:value-type="string">{cells}</table:table-cell>'
    )
    return make_ods(
        f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'
    )


def _laugh(levels: int = 9) -> str:
    entities = '<!ENTITY e0 "ha">' + "".join(
        f'<!ENTITY e{level + 1} "{f"&e{level};" * 10}">' for level in range(levels)
    )
    return f"<!DOCTYPE x [{entities}]>"


def _share_strings(size: int, cells: int) -> bytes:
    strings = f'<sst xmlns="{_MAIN}"><si><t>{"x" * size}</t></si></sst>'
    rows = f'<row r="1">{_HEADER}</row>' + '<row><c t="s"><v>0</v></c></row>' * cells
    return make_xlsx(rows, strings=strings)


def _far(cell: str, **options: str) -> bytes:
    return make_xlsx(f'<row r="1">{_HEADER}</row><row r="1048576">{cell}</row>', **options)


#: What makes each file, by its name.
HOSTILE_WORKBOOKS: dict[str, Callable[[], bytes]] = {
    "far.xlsx": lambda: _far('<c r="XFD1048576"><v>1</v></c>'),
    "far order.xlsx": lambda: _far('<c t="n" s="0" r="XFD1048576"><v>1</v></c>'),
    "far quotes.xlsx": lambda: _far("<c t = 'n' r = 'XFD1048576' ><v>1</v></c>"),
    "far entity.xlsx": lambda: _far('<c r="&#88;FD1048576"><v>1</v></c>'),
    "far path.xlsx": lambda: _far('<c r="XFD1048576"><v>1</v></c>', target="/other/one.xml"),
    "far beyond.xlsx": lambda: _far('<c r="ZZZZZZ4294967295"><v>1</v></c>'),
    "extent.xlsx": lambda: make_xlsx(
        f'<row r="1">{_HEADER}</row>', before='<dimension ref="A1:XFD1048576"/>'
    ),
    "laughs.xlsx": lambda: make_xlsx(
        f'<row r="1">{_HEADER}</row><row><c t="inlineStr"><is><t>&e9;</t></is></c></row>',
        prologue=_laugh(),
    ),
    "strings.xlsx": lambda: _share_strings(1 << 20, 10_000),
    "long.xlsx": lambda: _share_strings(1 << 20, 140),
    "many strings.xlsx": lambda: make_xlsx(
        f'<row r="1">{_HEADER}</row>',
        strings=f'<sst count="4294967295" uniqueCount="4294967295" xmlns="{_MAIN}"><si/></sst>',
    ),
    "bomb.xlsx": lambda: make_xlsx(
        f'<row r="1">{_HEADER}</row><row><c t="inlineStr"><is><t>{"x" * (1 << 27)}'
        "</t></is></c></row>"
    ),
    "nested.xlsx": lambda: pack({"xl/workbook.xml": make_xlsx("") * 1000}),
    "repeated.ods": lambda: _repeat_in_ods(1_048_576, 16_384),
    "repeated beyond.ods": lambda: _repeat_in_ods((1 << 32) - 1, (1 << 32) - 1),
    "repeated row.ods": lambda: _repeat_in_ods(1_048_576, 1, f"<text:p>{'x' * 100_000}</text:p>"),
    "laughs.ods": lambda: make_ods(
        "<table:table-row><table:table-cell office:value-type='string'><text:p>&e9;</text:p>"
        "</table:table-cell></table:table-row>",
        prologue=_laugh(),
    ),
    "far.xlsb": _far_xlsb,
}
