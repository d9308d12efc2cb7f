"""Check digits: the published numbers, every wrong check character, every wrong single digit."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.core.kit.identifiers import (
    citizen_id_check_digit,
    credit_code_check_digit,
    organisation_code_check_digit,
    valid_citizen_id,
    valid_credit_code,
    valid_organisation_code,
)

_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_the_sample_numbers_of_the_standards() -> None:
    assert valid_citizen_id("11010519491231002X")
    assert valid_credit_code("91350100M000100Y43")
    assert valid_credit_code("91110000101623741K")
    assert valid_organisation_code("M000100Y4")
    assert valid_organisation_code("101623741")
    assert valid_organisation_code("10162374-1")


def test_their_check_digits() -> None:
    assert citizen_id_check_digit("11010519491231002") == "X"
    assert credit_code_check_digit("91350100M000100Y4") == "3"
    assert credit_code_check_digit("91110000101623741") == "K"
    assert organisation_code_check_digit("M000100Y") == "4"
    assert organisation_code_check_digit("10162374") == "1"


def test_the_folds_of_the_check_characters() -> None:
    # A sum divisible by 31 gives "0" (the outer modulus), remainders 1 and 0 give "X" and "0".
    assert credit_code_check_digit("0" * 17) == "0"
    assert organisation_code_check_digit("00000000") == "0"
    assert organisation_code_check_digit("40000000") == "X"  # 3 * 4 = 12, 12 mod 11 = 1


@pytest.mark.parametrize(
    ("valid", "good", "alphabet"),
    [
        (valid_citizen_id, "11010519491231002X", "0123456789X"),
        (valid_credit_code, "91350100M000100Y43", _CREDIT),
        (valid_organisation_code, "M000100Y4", _LETTERS),
    ],
)
def test_every_other_check_character_is_refused(valid, good, alphabet) -> None:  # type: ignore[no-untyped-def]
    assert [last for last in alphabet if valid(good[:-1] + last)] == [good[-1]]


@pytest.mark.parametrize("place", range(17))
def test_every_wrong_digit_of_a_citizen_id_is_found(place: int) -> None:
    good = "11010519491231002X"
    others = [good[:place] + digit + good[place + 1 :] for digit in "0123456789" if digit != good[place]]
    assert [other for other in others if valid_citizen_id(other)] == []


@pytest.mark.parametrize("place", range(18))
def test_every_wrong_character_of_a_credit_code_is_found(place: int) -> None:
    good = "91110000101623741K"
    others = [good[:place] + item + good[place + 1 :] for item in _CREDIT if item != good[place]]
    assert [other for other in others if valid_credit_code(other)] == []


@pytest.mark.parametrize(
    "text",
    [
        "", "11010519491231002x", " 11010519491231002X", "11010519491231002X\n", "110105491231002", "1" * 18,
        "１１０１０５１９４９１２３１００２X", "01010519491231002X", "1101051949123100２X",
    ],
)  # fmt: skip
def test_other_forms_of_a_citizen_id_are_refused(text: str) -> None:
    assert not valid_citizen_id(text)


@pytest.mark.parametrize("born", ["19491331", "19490230", "20230229", "19490001", "00000101", "20240000"])
def test_a_day_that_never_was_is_refused_whatever_the_check_digit(born: str) -> None:
    body = f"110105{born}002"
    assert not valid_citizen_id(body + citizen_id_check_digit(body))


def test_a_leap_day_is_a_day() -> None:
    body = "11010520240229002"
    assert valid_citizen_id(body + citizen_id_check_digit(body))


@given(st.dates(date(1900, 1, 1), date(2030, 1, 1)), st.integers(0, 999), st.integers(110000, 659999))
def test_a_made_citizen_id_is_valid(born: date, sequence: int, region: int) -> None:
    body = f"{region}{born:%Y%m%d}{sequence:03}"
    assert valid_citizen_id(body + citizen_id_check_digit(body))


@given(
    st.text(_CREDIT, min_size=8, max_size=8), st.integers(0, 999999), st.text(_CREDIT, min_size=2, max_size=2)
)
def test_a_made_credit_code_is_valid(organisation: str, region: int, head: str) -> None:
    body = f"{head}{region:06}{organisation}{organisation_code_check_digit(organisation)}"
    code = body + credit_code_check_digit(body)
    assert valid_credit_code(code)
    assert valid_organisation_code(code[8:17])


def test_a_credit_code_holds_an_organisation_code_that_is_right_too() -> None:
    body = "91350100M000100Y5"  # its inner check digit should be 4
    assert not valid_credit_code(body + credit_code_check_digit(body))


@pytest.mark.parametrize(
    "text", ["", "91350100M000100Y4", "91350100m000100y43", "9135O100M000100Y43", "I" * 18]
)
def test_other_forms_of_a_credit_code_are_refused(text: str) -> None:
    assert not valid_credit_code(text)


@pytest.mark.parametrize("text", ["", "M000100Y", "m000100y4", "M000100Y--4", "M000100Y4 ", "M00-0100Y4"])
def test_other_forms_of_an_organisation_code_are_refused(text: str) -> None:
    assert not valid_organisation_code(text)


@pytest.mark.parametrize(
    ("check_digit", "body"),
    [
        (citizen_id_check_digit, "1101051949123100"),
        (citizen_id_check_digit, "1101051949123100X"),
        (credit_code_check_digit, "91350100M000100Y"),
        (credit_code_check_digit, "91350100M000100YI"),
        (organisation_code_check_digit, "M000100"),
        (organisation_code_check_digit, "m000100y"),
    ],
)
def test_a_malformed_body_has_no_check_digit(check_digit, body) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError):
        check_digit(body)
