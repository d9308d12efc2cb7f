"""Paper that goes out: its words, pages, font and pictures, read back by another library."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pylopdf_fonts_zh_cn
import pypdfium2
import pytest
from fontTools.ttLib import TTFont
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from shanzhi.core.documents import Column, Paper, Photo, qr
from shanzhi.core.documents.codes import qr_dots
from shanzhi.core.documents.layout import BOTTOM, LEFT, RIGHT, TOP, Layout
from shanzhi.core.documents.lines import broken, setting

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 5, 8, 30, tzinfo=ZONE)
ODD = [
    "😀👨‍👩‍👧‍👦🏳️‍🌈",
    "مرحبا עברית",
    "\x00\x01\x1b\u200e\u202e",
    "葛\U000e0100",
    "\ud800",
    "{nb} \\ ( ) %",
    "e\u0301",
]


def paper(**changed: object) -> Paper:
    return Paper("案件登记表", **({"language": "zh", "at": AT} | changed))  # type: ignore[arg-type]


def pages(made: Paper) -> list[str]:
    """The words of each page, spaces and line feeds taken out."""
    with pypdfium2.PdfDocument(made.to_bytes()) as document:
        return ["".join(page.get_textpage().get_text_range().split()) for page in document]


def photo(width: int, height: int, kind: str = "JPEG", orientation: int = 1, mode: str = "RGB") -> bytes:
    made = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Secret phone"
    Image.new(mode, (width, height)).save(made, kind, exif=exif)
    return made.getvalue()


def gb2312() -> set[int]:
    found = set()
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            text = bytes([high, low]).decode("gb2312", "ignore")
            found.update(map(ord, text))
    return found


def test_the_font_holds_every_character_of_gb2312_and_all_of_gbk_but_one() -> None:
    with TTFont(pylopdf_fonts_zh_cn.sans_path(), lazy=True) as font:
        known = font.getBestCmap().keys()
        assert "Open Font License" in font["name"].getDebugName(13)
    assert len(gb2312()) == 7445 and gb2312() <= known
    gbk = {code for code in range(0x80, 0x10000) if len(chr(code).encode("gbk", "ignore")) == 2}
    assert {chr(code) for code in gbk - known} == {"≒"}
    assert set(range(0x20, 0x7F)) <= known and ord("□") in known


def test_words_pages_and_the_embedded_font() -> None:
    made = paper(header="运行中心", footer="打印人：李明")
    made.heading("一、案件描述")
    made.paragraph("商户占道经营，The quick brown fox。")
    made.facts([("编号", "0123"), ("结案时间", None), ("上报时间", AT)], across=2)
    made.rule()
    [words] = pages(made)
    for part in (
        "案件登记表",
        "一、案件描述",
        "占道经营，Thequickbrownfox。",
        "编号",
        "0123",
        "–",
        "2026-03-0508:30",
    ):
        assert part in words
    assert "运行中心" in words and "打印人：李明" in words and "第1页共1页" in words
    reader = PdfReader(io.BytesIO(made.to_bytes()))
    assert reader.metadata.title == "案件登记表"
    assert reader.metadata.creation_date == AT
    assert reader.trailer["/Root"]["/Lang"] == "zh-CN"
    box = reader.pages[0].mediabox
    assert (round(float(box.width) / 72 * 25.4), round(float(box.height) / 72 * 25.4)) == (210, 297)
    for font in reader.pages[0]["/Resources"]["/Font"].values():
        described = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert described["/FontName"].endswith("+NotoSansSC")
        assert len(described["/FontFile3"].get_object().get_data()) > 1000
    assert len(made.to_bytes()) < 60_000


def test_english() -> None:
    made = paper(language="en")
    made.paragraph("“Don’t”")
    [words] = pages(made)
    assert "Page1of1" in words and '"Don\'t"' in words


def test_a_table_repeats_its_head_and_loses_no_row() -> None:
    columns = [
        Column("序号", "number"),
        Column("说明"),
        Column("占比", "percent"),
        Column("时间", "datetime"),
    ]
    rows = [[n, f"第{n:04d}行，" + "很长的说明" * (n % 9), None, AT + timedelta(hours=n)] for n in range(120)]
    rows[60][1] = "第0060行，" + "超过一页的说明。" * 400
    made = paper()
    made.table(columns, rows)
    told = pages(made)
    assert len(told) > 5
    for number, words in enumerate(told, start=1):
        assert "序号说明占比时间" in words
        assert f"第{number}页共{len(told)}页" in words
    together = "".join(told)
    assert all(together.count(f"第{n:04d}行") == 1 for n in range(120))
    assert together.count("超过一页的说明。") > 380


def test_figures_stay_whole_when_columns_are_narrow() -> None:
    made = paper()
    names = ["用时", "占比", "件数", "用时二", "占比二", "件数二"]
    kinds = ["seconds", "percent", "number"] * 2
    columns = [Column(name, kind) for name, kind in zip(names, kinds, strict=True)]  # type: ignore[arg-type]
    made.table([*columns, Column("说明")], [[360005, 1.278, 1234567] * 2 + ["话" * 300]])
    with pypdfium2.PdfDocument(made.to_bytes()) as document:
        lines = document[0].get_textpage().get_text_range().split("\n")
    for figure in ("100:00:05", "127.8%", "1,234,567"):
        assert sum(line.count(figure) for line in lines) == 2


def test_a_heading_never_stands_last_on_a_page() -> None:
    for lines in range(35, 44):
        made = paper()
        made.paragraph("\n".join("行" for _ in range(lines)))
        made.heading("标题甲")
        made.heading("标题乙", 2)
        made.photos([Photo(photo(300, 300), "图")])
        together = [("标题甲" in words, "标题乙" in words, "图" in words) for words in pages(made)]
        assert (True, True, True) in together
        assert all(len(set(found)) == 1 for found in together)


def test_nothing_is_drawn_outside_the_text_area(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[float, float, float]] = []
    put = Layout.put

    def noted(
        self: Layout, pdf: object, x: float, y: float, line: str, points: float, **more: object
    ) -> None:
        drawn.append((x, y, self.width(line, points)))
        assert self.width(line, points) <= more.get("room", RIGHT - LEFT) + 1e-6
        put(self, pdf, x, y, line, points, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Layout, "put", noted)
    made = paper()
    made.heading("长标题" * 60)
    made.paragraph("https://example.org/" + "a" * 500 + "！" * 300)
    made.facts([("标签" * 40, "值" * 2_500), ("", "")])
    made.table([Column("长" * 500), Column("短", "number")], [["W" * 5_000, 10**60], ["", None]])
    made.photos([Photo(photo(20, 900), "说明" * 100), Photo(b"no photo")], across=4)
    made.to_bytes()
    assert len(drawn) > 100
    for x, y, _ in drawn:
        assert LEFT <= x <= RIGHT
        assert TOP <= y <= BOTTOM or y == 281


def test_photos_are_upright_small_and_without_metadata() -> None:
    made = paper()
    made.photos(
        [
            Photo(photo(4000, 2000, orientation=6), "处理前"),
            Photo(photo(30, 30, "PNG", mode="RGBA"), "处理后"),
        ]
    )
    made.photos([Photo(b"\xff\xd8 damaged", "坏"), Photo(photo(10, 10, "GIF"), "别的")], across=3)
    content = made.to_bytes()
    reader = PdfReader(io.BytesIO(content))
    sizes = [image.image.size for page in reader.pages for image in page.images]
    assert sorted(sizes) == [(30, 30), (300, 600)]
    assert b"Secret phone" not in content and b"Exif" not in content
    [words] = pages(made)
    assert words.count("照片无法显示") == 2
    assert "处理前" in words and "处理后" in words


def test_the_watermark_is_on_every_page() -> None:
    made = paper()
    made.paragraph("行\n" * 120)
    assert not any("演" in words for words in pages(made))
    made.watermark("演练")
    told = pages(made)
    assert len(told) == 3 and all(words.count("演练") == 3 for words in told)


@pytest.mark.parametrize("text", ODD)
def test_odd_text_leaves_a_box_and_never_fails(text: str) -> None:
    made = paper(header=text, footer=text)
    made.heading(text)
    made.paragraph(text)
    made.facts([(text, text)])
    made.table([Column(text)], [[text]])
    made.photos([Photo(photo(9, 9), text)])
    made.watermark(text)
    [words] = pages(made)
    assert ("□" in words) == (text[0] in "😀م")
    if text.startswith("{nb}"):
        assert words.count("{nb}\\()%") >= 6


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(max_size=150), max_size=5), st.integers(1, 7))
def test_any_text_can_be_printed(texts: list[str], across: int) -> None:
    made = Paper(
        texts[0] if texts else "", language="en", header="".join(texts), footer="".join(texts), at=AT
    )
    made.table([Column("x" * place) for place in range(across)], [[text] * across for text in texts])
    made.facts([(text, text) for text in texts], across=2)
    for text in texts:
        made.heading(text, 3)
        made.watermark(text)
    assert made.to_bytes().startswith(b"%PDF-")


@given(st.text(st.sampled_from("ab，。（）“”字 \n！1.-/"), max_size=80), st.integers(1, 12))
def test_lines_are_never_too_wide_and_lose_only_spaces(text: str, room: int) -> None:
    lines = broken(text, room, len)
    assert all(len(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("一二三四，五六", ["一二三", "四，五六"]),
        ("一二三（四）五", ["一二三", "（四）五"]),
        ("ab cd ef", ["ab", "cd", "ef"]),
        ("abcdefghij", ["abcd", "efgh", "ij"]),
        ("a\n\nb", ["a", "", "b"]),
        ("", [""]),
        ("！！！！！！", ["！！！！", "！！"]),
    ],
)
def test_lines_break_where_a_typesetter_would(text: str, lines: list[str]) -> None:
    assert broken(text, 4, len) == lines


def test_setting_composes_and_boxes() -> None:
    known = {*map(ord, "é葛a'’ □")}
    assert setting("e\u0301葛\U000e0100\u200b猫", known, "zh") == "é葛□"
    assert setting("a’a’", known, "zh") == "a'a’"


def test_the_same_calls_give_the_same_bytes_in_every_process() -> None:
    script = (
        "import sys; from datetime import datetime, timezone; from shanzhi.core.documents import Paper;"
        "made = Paper('甲', language='zh', at=datetime(2026, 3, 5, tzinfo=timezone.utc));"
        "made.paragraph('文书乙丙丁 abc'); made.qr('x'); sys.stdout.buffer.write(made.to_bytes())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai"))
    }
    assert len(outputs) == 1
    made = paper()
    assert made.to_bytes() == made.to_bytes()


def test_qr_codes() -> None:
    text = "https://city.example/r/AB12?x=扫码"
    assert qr(text) == qr(text) and qr(text)[:4] == b"\x89PNG"
    dots = qr_dots(text)
    assert len({len(row) for row in dots} | {len(dots)}) == 1
    assert not any(dots[0]) and dots[4][4:11] == (True,) * 7
    side = Image.open(io.BytesIO(qr(text, dot_pixels=3))).size[0]
    assert side == 3 * len(dots)
    for refused in ("", "字" * 1000):
        with pytest.raises(ValueError):
            qr(refused)
    made = paper()
    made.qr(text, "扫码查看办理进度")
    assert "扫码查看办理进度" in pages(made)[0]


def test_mistakes_of_the_caller() -> None:
    made = paper()
    for mistake in (
        lambda: paper(language="fr"),
        lambda: paper(at=datetime(2026, 3, 5)),
        lambda: made.heading("x", 4),
        lambda: made.facts([], across=3),
        lambda: made.photos([], across=0),
        lambda: made.qr("x", size_mm=1),
        lambda: made.table([], []),
        lambda: made.table([Column("甲")], [["a", "b"]]),
        lambda: made.table([Column("甲")], [[datetime(2026, 3, 5)]]),
    ):
        with pytest.raises(ValueError):
            mistake()
    made.facts([])
    made.photos([])
    assert len(pages(made)) == 1
