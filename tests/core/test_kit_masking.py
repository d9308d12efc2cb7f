"""Masking: the customary forms, and never more than they show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.core.kit.masking import mask_address, mask_citizen_id, mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "shown"),
    [("张三", "张*"), ("欧阳娜娜", "欧*"), ("张", "*"), ("", ""), (" 李四 ", "李*"), ("John Smith", "J*")],
)
def test_name(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812341234", "138****1234"),
        ("138 1234 1234", "138****1234"),
        ("+8613812341234", "+86138****1234"),
        ("+86 138-1234-1234", "+86 138****1234"),
        ("0571-87654321", "057*****4321"),
        ("87654321", "****4321"),
        ("7654321", "***4321"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_phone(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("11010519491231002X", "110105********002X"),
        ("110105491231002", "110105*****1002"),
        ("E12345678", "E********"),
        ("7", "*"),
        ("", ""),
    ],
)
def test_citizen_id(text: str, shown: str) -> None:
    assert mask_citizen_id(text) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("东湖市滨江区文三路1号3幢2单元501室", "东湖市滨江区文三路1号3幢***"),
        ("幸福小区12栋301", "幸福小区12栋***"),
        ("幸福小区十二栋三单元", "幸福小区十二栋***"),
        ("科技园A座1801室 王经理收", "科技园A座***"),
        ("中山北路100弄5号501室", "中山北路100弄5号***"),
        ("和平里5号院3号楼2层", "和平里5号院3号楼***"),
        ("和平里5号院301", "和平里5号院***"),
        ("文三路1号", "文三路1号"),
        ("文三路1号3幢", "文三路1号3幢"),
        ("锦绣花园2单元501室", "锦绣花园***"),
        ("锦绣花园3-2-501", "锦绣花园3***"),
        ("地铁2号线文三路站", "地铁2号线文三路站"),
        ("公园3号门垃圾桶旁", "公园3号门垃圾桶旁"),
        ("人民广场喷泉旁", "人民广场喷泉旁"),
        ("", ""),
    ],
)
def test_address(address: str, shown: str) -> None:
    assert mask_address(address) == shown


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_mobile_number_hides_its_middle(phone: str) -> None:
    assert mask_phone(phone) == phone[:3] + "****" + phone[-4:]
    assert mask_phone(mask_phone(phone)) == mask_phone(phone)


@given(st.text(max_size=30))
def test_masking_never_fails_and_never_shows_all_of_a_name_or_paper(text: str) -> None:
    mask_address(text)
    for mask in (mask_name, mask_phone, mask_citizen_id):
        shown = mask(text)
        # What holds a star may be masked already, and stays as it is.
        if text.strip() and "*" not in text:
            assert shown != text.strip() or mask is mask_phone
