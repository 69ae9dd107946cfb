"""Open places in prompts: what is one, what may stand in it, and that a value opens no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.prompts import variables
from generation.prompts.variables import BadVariable, Unfilled, Variable

NAMES = st.text("abcXYZ09_ é", min_size=1, max_size=20).map(lambda text: " ".join(text.split())).filter(bool)
VALUES = st.text(min_size=1, max_size=50).filter(lambda text: text.strip() == text)
PLAIN = st.text(max_size=40).filter(lambda text: "{" not in text and "}" not in text)


def names(text: str) -> list[str]:
    return [one.name for one in variables.parse(text).variables]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a poster", []),
        ("", []),
        ("{{fruit}} on {{ground}}", ["fruit", "ground"]),
        ("{{ground}}{{fruit}}{{ground}}", ["ground", "fruit"]),
        ("{{  two   words }}", ["two words"]),
        ("{{Größe_2}}", ["Größe_2"]),
        ("{fruit} {{fruit} {fruit}}", []),
        ("{{{fruit}}}", ["fruit"]),
        ("{{Fruit}} {{fruit}}", ["Fruit", "fruit"]),
    ],
)
def test_what_stands_between_double_braces_is_a_place(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_the_first_default_counts_wherever_it_stands() -> None:
    template = variables.parse("{{mood}} {{mood|quiet, slow}} {{mood|loud}} {{end|}}")
    assert template.variables == [Variable("mood", "quiet, slow"), Variable("end", "")]
    assert template.fill({}) == "quiet, slow quiet, slow quiet, slow "


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{}}", "Nothing cannot name"),
        ("{{ | red}}", "Nothing cannot name"),
        ("{{a-b}}", "“a-b” cannot name"),
        ("{{a.b}}", "“a.b” cannot name"),
        ("{{<b>}}", "“<b>” cannot name"),
        ("{{" + "x" * 31 + "}}", "at most 30 characters"),
        ("{{a|" + "x" * 201 + "}}", "more than 200 characters"),
        (" ".join(f"{{{{v{number}}}}}" for number in range(11)), "At most 10 places can stay open; this has 11."),
    ],
)
def test_what_cannot_be_a_place_is_named(text: str, said: str) -> None:
    with pytest.raises(BadVariable, match=said):
        variables.parse(text)


def test_ten_places_may_stand_anywhere_and_repeat() -> None:
    assert len(names(" ".join(f"{{{{v{number % 10}}}}}" for number in range(50)))) == 10


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_place_without_a_default_has_to_be_filled(blank: str) -> None:
    with pytest.raises(Unfilled) as caught:
        variables.parse("{{fruit}}").fill({"fruit": blank})
    assert caught.value.name == "fruit"


def test_braces_in_a_value_stay_text() -> None:
    template = variables.parse("{{a}} and {{b}}")
    assert template.fill({"a": "{{b}}", "b": "{{a}}"}) == "{{b}} and {{a}}"
    assert template.fill({"a": r"\1 \g<0>", "b": "%s {}"}) == r"\1 \g<0> and %s {}"


@given(st.text(max_size=200))
def test_any_text_is_taken_apart_or_refused_and_its_parts_are_all_of_it(text: str) -> None:
    try:
        template = variables.parse(text)
    except BadVariable:
        return
    assert "".join(part.text for part in template.parts) == text


@given(st.lists(st.tuples(PLAIN, NAMES), max_size=10), PLAIN, st.data())
def test_filling_puts_each_value_where_its_name_stands_and_nothing_else(
    pieces: list[tuple[str, str]], end: str, data: st.DataObject
) -> None:
    values = {name: data.draw(VALUES) for _, name in pieces}
    template = variables.parse("".join(f"{plain}{{{{{name}}}}}" for plain, name in pieces) + end)
    assert template.fill(values) == "".join(plain + values[name] for plain, name in pieces) + end
    assert [one.name for one in template.variables] == list(dict.fromkeys(name for _, name in pieces))
