"""The state table of somebody's turn of duty."""

from shanzhi.base.access.capabilities import ROSTER_MANAGE
from shanzhi.core.flow import Edge, Flow, State

ASSIGNED, ON_POST, RELIEVED, TAKEN_OFF = "assigned", "on_post", "relieved", "taken_off"
HELD = (ASSIGNED, ON_POST)  # somebody is to be there, or is
OWN = ("sign_on", "sign_off", "ask_swap")  # what whoever has the turn does themselves

_STATES = (
    State(ASSIGNED, "待到岗", "Assigned", "待到岗", "Assigned"),
    State(ON_POST, "在岗", "On post", "在岗", "On post"),
    State(RELIEVED, "已交班", "Relieved", "已交班", "Relieved", final=True),
    State(TAKEN_OFF, "已撤下", "Taken off", "已撤下", "Taken off", final=True),
)


def _edge(verb: str, source: str, target: str, zh: str, en: str, *requires: str) -> Edge:
    # What is in OWN needs no capability of whoever has the turn; of others it asks for this one.
    return Edge(verb, source, target, ROSTER_MANAGE, zh, en, requires)


_EDGES = (
    _edge("sign_on", ASSIGNED, ON_POST, "到岗", "Sign on"),
    _edge("sign_off", ON_POST, RELIEVED, "交班", "Hand over", "note"),
    _edge("relieve", ON_POST, RELIEVED, "解除值守", "Relieve", "reason"),
    _edge("ask_swap", ASSIGNED, ASSIGNED, "请求换班", "Ask to swap", "reason"),
    _edge("swap", ASSIGNED, ASSIGNED, "换班", "Swap", "with"),
    _edge("take_off", ASSIGNED, TAKEN_OFF, "撤下", "Take off", "reason"),
)
TURN = Flow("turn", _STATES, _EDGES, ASSIGNED)
