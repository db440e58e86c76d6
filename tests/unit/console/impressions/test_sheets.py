"""Files of strangers: broken, disguised or made to burst, they are refused in a line."""

import struct
import zipfile
from pathlib import Path

import pytest

from console.impressions import spreadsheets
from console.impressions.sheets import readings_of
from console.impressions.spreadsheets import MAX_COLUMNS, MAX_ENTRIES, FileError
from tests.unit.console.impressions.downloads import GOLDEN, Cells, complaints, read, saved, snapshots, workbook

SHEET = "xl/worksheets/sheet1.xml"
ROWS: Cells = [["platform", "post", "total"], ["bluesky", "3kabc", 12]]


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return path


def test_a_report_in_a_zip_is_read_as_microsoft_delivers_it(tmp_path: Path) -> None:
    path = zipped(tmp_path / "report.zip", report_csv=b"platform,post,total\nbluesky,3kabc,12\n")
    assert [one.total for one in snapshots(read(path))] == [12]


def test_two_reports_in_a_zip_are_none(tmp_path: Path) -> None:
    path = zipped(tmp_path / "report.zip", a_csv=b"a", b_csv=b"b")
    with pytest.raises(FileError, match="2 files of text"):
        read(path)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 100, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600]
)
def test_broken_containers_are_told_to_be_downloaded_again(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FileError, match="download it again"):
        read(saved(tmp_path / "broken.xlsx", content))


def test_half_a_workbook_is_none(tmp_path: Path) -> None:
    whole = (GOLDEN / "acme_content_1795500000000.xls").read_bytes()
    with pytest.raises(FileError):
        read(saved(tmp_path / "half.xls", whole[: len(whole) // 2]))


def test_a_zip_that_unpacks_to_too_much_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "big.xlsx", {"rows": ROWS})
    unpacked = sum(entry.file_size for entry in zipfile.ZipFile(path).infolist())
    monkeypatch.setattr(spreadsheets, "MAX_UNPACKED_BYTES", unpacked)
    assert len(snapshots(read(path))) == 1
    monkeypatch.setattr(spreadsheets, "MAX_UNPACKED_BYTES", unpacked - 1)
    with pytest.raises(FileError, match="unpacks to"):
        read(path)


def test_a_zip_of_too_many_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(MAX_ENTRIES + 1):
            archive.writestr(f"{number}.csv", b"")
    with pytest.raises(FileError, match="2,001 files"):
        read(path)


def test_a_zip_that_lies_about_its_size_is_not_believed(tmp_path: Path) -> None:
    """A sheet that unpacks to 32 MiB and says that it has 1,000 bytes."""
    path = workbook(tmp_path / "bomb.xlsx", {"rows": ROWS})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[SHEET] = members[SHEET].replace(b"<sheetData>", b"<!--" + b" " * (32 << 20) + b"--><sheetData>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert len(snapshots(read(path))) == 1
    whole = bytearray(path.read_bytes())
    name_at = whole.rindex(SHEET.encode())
    struct.pack_into("<I", whole, name_at - 46 + 24, 1000)
    path.write_bytes(whole)
    with pytest.raises(FileError):
        read(path)


def test_a_cell_in_the_last_corner_takes_no_memory_of_ours(tmp_path: Path) -> None:
    path = workbook(tmp_path / "corner.xlsx", {"rows": ROWS})
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[SHEET] = members[SHEET].replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(FileError, match=r"no report|columns"):
        read(path)


@pytest.mark.parametrize(("columns", "taken"), [(MAX_COLUMNS, True), (MAX_COLUMNS + 1, False)])
def test_a_sheet_may_have_so_many_columns(tmp_path: Path, columns: int, taken: bool) -> None:
    wide: Cells = [[*ROWS[0], *([None] * (columns - 4)), "last"], ROWS[1]]
    path = workbook(tmp_path / "wide.xlsx", {"rows": wide})
    if taken:
        assert len(snapshots(read(path))) == 1
    else:
        with pytest.raises(FileError, match="2,001 columns"):
            read(path)


def test_formulas_are_not_evaluated(tmp_path: Path) -> None:
    path = workbook(tmp_path / "formula.xlsx", {"rows": [*ROWS, ["bluesky", "3kabd", "=6*7"]]})
    reading = read(path)
    assert [one.total for one in snapshots(reading)] == [12]
    assert reading.passed.without_number == 1


def test_a_quote_that_is_never_closed_costs_its_own_line(tmp_path: Path) -> None:
    text = 'platform,post,total\nbluesky,"3kabc,12\nbluesky,3kabd,13\n'
    reading = read(saved(tmp_path / "mine.csv", text))
    assert [one.total for one in snapshots(reading)] == [13]
    assert "close every quote" in complaints(reading)["2"]


def test_what_no_form_fits_is_told_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"content export of X.*It has Name, Age"):
        read(saved(tmp_path / "people.csv", "Name,Age\nAda,36\n"))
    with pytest.raises(FileError, match="is empty"):
        list(readings_of(saved(tmp_path / "empty.csv", b"")))
    with pytest.raises(FileError, match="no form"):
        read(saved(tmp_path / "noise.csv", bytes(range(256)) * 50))
