"""The state table: what it answers, what its check finds, how it is exported."""

import dataclasses
import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shanzhi.core.flow import Edge, Flow, State, UnknownEdge
from shanzhi.core.kit.errors import ALL_ERRORS, ShanzhiError

NEW = State("new", "待办", "to do", "已收到", "received")
DOING = State("doing", "在办", "being done", "处理中", "being dealt with")
DONE = State("done", "已办", "done", "已办结", "resolved", final=True)
START = Edge("start", "new", "doing", "task.do", "开始", "Start")
FINISH = Edge("finish", "doing", "done", "task.do", "完成", "Finish", ("note", "photos"), "stop do")
CHECK = Edge("check", "done", "done", "task.check", "复核", "Check", separate_from="finish")
TASK = Flow("task", (NEW, DOING, DONE), (START, FINISH, CHECK), "new")


def _flow(*edges: Edge, states: Iterable[State] = (NEW, DOING, DONE), initial: str = "new") -> Flow:
    return Flow("made", tuple(states), edges, initial)


def test_a_sound_table_has_no_problems() -> None:
    assert TASK.check() == []


def test_edges_and_states_are_found() -> None:
    assert TASK.edge("doing", "finish") is FINISH
    assert TASK.edges_from("done") == (CHECK,)
    assert TASK.edges_from("nowhere") == ()
    assert TASK.state("done") is DONE
    assert TASK.verbs == ("start", "finish", "check")
    with pytest.raises(KeyError):
        TASK.state("nowhere")


def test_an_unknown_edge_names_the_present_state() -> None:
    with pytest.raises(UnknownEdge) as caught:
        TASK.edge("new", "finish")
    assert caught.value.as_dict("en") == {
        "code": "unknown-edge",
        "message": 'The state now is "to do": "Finish" cannot be done.',
        "message_zh": "当前状态为“待办”，不能执行“完成”。",
        "message_en": 'The state now is "to do": "Finish" cannot be done.',
        "field": "",
        "params": {
            "state": "new",
            "verb": "finish",
            "state_zh": "待办",
            "state_en": "to do",
            "verb_zh": "完成",
            "verb_en": "Finish",
        },
    }
    assert isinstance(caught.value, ShanzhiError)
    assert (UnknownEdge.status, ALL_ERRORS["unknown-edge"]) == (409, UnknownEdge)


def test_unknown_names_stand_for_themselves() -> None:
    with pytest.raises(UnknownEdge) as caught:
        TASK.edge("lost", "fly")
    assert caught.value.sentence("zh") == "当前状态为“lost”，不能执行“fly”。"


def test_a_table_never_changes() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        TASK.initial = "done"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        START.target = "done"  # type: ignore[misc]
    states = [NEW, DOING, DONE]
    made = Flow("list", states, [START, FINISH], "new")  # type: ignore[arg-type]
    states.clear()
    assert made.states == (NEW, DOING, DONE)
    assert made.check() == []
    assert hash(TASK) == hash(dataclasses.replace(TASK))
    assert dataclasses.replace(TASK, name="task") == TASK


def test_check_finds_what_cannot_be_reached() -> None:
    aside = State("aside", "搁置", "aside", "处理中", "being dealt with")
    resume = Edge("resume", "aside", "doing", "task.do", "恢复", "Resume")
    flow = _flow(START, FINISH, resume, states=(NEW, DOING, DONE, aside))
    assert flow.check() == ["state 'aside' cannot be reached"]


def test_check_finds_dead_ends() -> None:
    assert _flow(START, states=(NEW, DOING)).check() == [
        "state 'new' is a dead end: no final state follows",
        "state 'doing' is a dead end: no final state follows",
    ]


def test_check_finds_a_ring_without_an_end() -> None:
    ring = State("ring", "循环", "ring", "处理中", "being dealt with")
    enter = Edge("enter", "new", "ring", "task.do", "进入", "Enter")
    around = Edge("around", "ring", "ring", "task.do", "再来", "Again")
    flow = _flow(START, FINISH, enter, around, states=(NEW, DOING, DONE, ring))
    assert flow.check() == ["state 'ring' is a dead end: no final state follows"]


def test_check_finds_duplicates() -> None:
    other = Edge("start", "new", "done", "task.do", "开始", "Start")
    assert _flow(START, FINISH, other, states=(NEW, NEW, DOING, DONE)).check() == [
        "state 'new' is given 2 times",
        "verb 'start' leads out of 'new' 2 times",
    ]


def test_check_finds_unknown_names() -> None:
    lost = Edge("lose", "doing", "lost", "task.do", "遗失", "Lose", separate_from="begin")
    assert _flow(START, FINISH, lost).check() == [
        "verb 'lose' out of 'doing': the state 'lost' is unknown",
        "verb 'lose' out of 'doing': it is separate from 'begin', which is no verb",
    ]
    assert _flow(START, FINISH, initial="old").check() == [
        "the initial state 'old' is unknown",
        "state 'new' cannot be reached",
        "state 'doing' cannot be reached",
        "state 'done' cannot be reached",
    ]


def test_check_finds_missing_labels() -> None:
    bare = dataclasses.replace(DONE, public_en="")
    mute = dataclasses.replace(FINISH, zh="")
    assert _flow(START, mute, states=(NEW, DOING, bare)).check() == [
        "state 'done' lacks a label",
        "verb 'finish' out of 'doing' lacks a label",
    ]


def test_json_holds_the_whole_table() -> None:
    table = json.loads(TASK.to_json())
    assert list(table) == ["name", "initial", "states", "edges"]
    assert (table["name"], table["initial"]) == ("task", "new")
    assert table["states"][2] == {
        "code": "done", "zh": "已办", "en": "done", "public_zh": "已办结", "public_en": "resolved",
        "final": True,
    }  # fmt: skip
    assert table["edges"][1] == {
        "verb": "finish", "source": "doing", "target": "done", "capability": "task.do", "zh": "完成",
        "en": "Finish", "requires": ["note", "photos"], "clock": "stop do", "separate_from": "",
        "takes": [], "guards": [], "request": "", "told_zh": "", "told_en": "",
    }  # fmt: skip
    lists = ("requires", "takes", "guards")
    edges = tuple(Edge(**{**edge, **{name: tuple(edge[name]) for name in lists}}) for edge in table["edges"])
    assert Flow(table["name"], tuple(State(**s) for s in table["states"]), edges, table["initial"]) == TASK


def test_a_diagram_without_loops() -> None:
    lines = TASK.to_mermaid(loops=False).splitlines()
    assert [line for line in TASK.to_mermaid().splitlines() if line not in lines] == [
        "    s_done --> s_done: 复核"
    ]


def test_verbs_that_end() -> None:
    assert [verb for verb in TASK.verbs if TASK.ends(verb)] == ["finish", "check"]


def test_mermaid_in_both_languages() -> None:
    assert TASK.to_mermaid() == (
        "stateDiagram-v2\n"
        '    state "待办" as s_new\n'
        '    state "在办" as s_doing\n'
        '    state "已办" as s_done\n'
        "    [*] --> s_new\n"
        "    s_new --> s_doing: 开始\n"
        "    s_doing --> s_done: 完成\n"
        "    s_done --> s_done: 复核\n"
        "    s_done --> [*]\n"
    )
    assert "    s_doing --> s_done: Finish\n" in TASK.to_mermaid("en")
    with pytest.raises(ValueError, match="'fr'"):
        TASK.to_mermaid("fr")


def test_mermaid_escapes_its_own_syntax() -> None:
    odd = State("to-do", 'a "b": c; #d\ne', "x", "x", "x", final=True)
    assert Flow("odd", (odd,), (), "to-do").to_mermaid() == (
        'stateDiagram-v2\n    state "a #quot;b#quot;#58; c#59; #35;d e" as s_to_do\n'
        "    [*] --> s_to_do\n    s_to_do --> [*]\n"
    )


_CODES = "abcde"


@given(
    st.lists(
        st.tuples(st.sampled_from("uvw"), st.sampled_from(_CODES), st.sampled_from(_CODES)), max_size=12
    ),
    st.sets(st.sampled_from(_CODES)),
    st.sampled_from(_CODES),
)
def test_check_agrees_with_brute_force(
    ways: list[tuple[str, str, str]], final: set[str], initial: str
) -> None:
    states = tuple(State(code, code, code, code, code, final=code in final) for code in _CODES)
    edges = tuple(Edge(verb, source, target, "x", verb, verb) for verb, source, target in ways)
    reach = {code: {code} for code in _CODES}
    for _ in _CODES:
        for _, source, target in ways:
            for code in _CODES:
                if source in reach[code]:
                    reach[code].add(target)
    problems = Flow("random", states, edges, initial).check()
    unreached = [code for code in _CODES if code not in reach[initial]]
    dead = [code for code in _CODES if not reach[code] & final]
    assert [p for p in problems if "reached" in p] == [
        f"state {code!r} cannot be reached" for code in unreached
    ]
    assert [p for p in problems if "dead end" in p] == [
        f"state {code!r} is a dead end: no final state follows" for code in dead
    ]
    pairs = [(source, verb) for verb, source, _ in ways]
    twice = list(dict.fromkeys(pair for pair in pairs if pairs.count(pair) > 1))
    assert [p for p in problems if "leads out" in p] == [
        f"verb {verb!r} leads out of {source!r} {pairs.count((source, verb))} times" for source, verb in twice
    ]
