"""The certificate of a destruction (销毁证书): a page, a PDF, and the check that it is what sealed history says."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.utils.timezone import get_default_timezone

from shanzhi.base.audit.models import Seal
from shanzhi.base.audit.sealing import START, merkle_root, read_leaves, row_sql, seal_value
from shanzhi.base.retention.flow import DONE
from shanzhi.base.retention.models import DestructionRun, LegalHold, LineState, RetentionEvent
from shanzhi.base.retention.queries import ROLES
from shanzhi.base.retention.running import certificate_digest
from shanzhi.core.documents import Column, Language, Paper

TABLE = "retention_retentionevent"


@dataclass
class Checked:
    """What a check found. `problems` in both languages; `unsealed` events have no seal yet: the tail of seconds."""

    events: int = 0
    unsealed: int = 0
    seals: list[int] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether it holds, and all of it is sealed."""
        return not self.problems and not self.unsealed


def check(run: DestructionRun) -> Checked:
    """Compare a certificate with the events that say the same, and those with their seals (核验证书)."""
    found = Checked()
    events = list(RetentionEvent.objects.filter(run=run).order_by("at", "id"))
    found.events = len(events)
    if run.state == DONE:
        _compare(run, events, found)
    _seals(events, found)
    return found


def _compare(run: DestructionRun, events: list[RetentionEvent], found: Checked) -> None:
    said = certificate_digest(run)
    finish = [event for event in events if event.verb == "finish"]
    if said != run.digest or [event.digest for event in finish] != [said]:
        found.problems.append(
            ("证书内容与封存记录不符。", "The certificate is not what sealed history says.")
        )
    gone = {event.holding: event for event in events if event.verb == "destroy"}
    for line in run.lines.all():
        event = gone.pop(line.holding, None)
        if line.state != LineState.DONE:
            continue
        told = event and (event.counted, event.rows, event.remained, event.digest)
        if told != (line.counted, line.destroyed, line.remained, line.digest):
            found.problems.append(
                (
                    f"“{line.zh}”的数字与封存记录不符。",
                    f"{line.en}: the numbers are not those of sealed history.",
                )
            )
    for code in gone:
        found.problems.append(
            (f"封存记录中的“{code}”不在证书上。", f"{code} was destroyed and is not on it.")
        )
    signed = [(event.actor_id, event.role) for event in events if event.verb == "sign"][-2:]
    names = [(run.first_signer_id, run.first_role), (run.second_signer_id, run.second_role)]
    if run.rule:
        names = [(None, "rule")]
    if signed != names:
        found.problems.append(("签署人与封存记录不符。", "The signers are not those of sealed history."))


def _seals(events: list[RetentionEvent], found: Checked) -> None:
    """Each event lies in a seal whose root and value are right."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT position FROM {TABLE} WHERE id = ANY(%s)", [[event.id for event in events]]
            )
            positions = {row[0] for row in cursor.fetchall()}
        for seal in Seal.objects.filter(table_name=TABLE, positions__overlap=list(positions)).order_by(
            "number"
        ):
            found.seals.append(seal.number)
            positions -= set(seal.positions)
            before = Seal.objects.filter(number=seal.number - 1).first()
            previous = bytes(before.value) if before else START
            root = bytes(seal.root)
            leaves = {
                leaf.position: leaf.hash
                for leaf in read_leaves(
                    f"{row_sql(TABLE, seal.columns)} WHERE t.position = ANY(%s)", [list(seal.positions)]
                )
            }
            whole = all(position in leaves for position in seal.positions)
            if (
                not whole
                or merkle_root([leaves[position] for position in seal.positions]) != root
                or seal_value(seal.number, TABLE, seal.columns, seal.positions, root, previous)
                != bytes(seal.value)
            ):
                found.problems.append(
                    (f"第 {seal.number} 号封存与记录不符。", f"Seal {seal.number} does not fit its rows.")
                )
    found.unsealed = len(positions)


def paper(run: DestructionRun, language: Language, at: datetime) -> bytes:
    """The certificate as PDF; before the end, the plan with its counts."""
    zh = language == "zh"
    done = run.state == DONE
    title = ("个人信息销毁证书" if done else "个人信息销毁清单（未执行）") if zh else (
        "Certificate of destruction" if done else "Plan of a destruction (not done)"
    )  # fmt: skip
    made = Paper(
        title, language=language, header=f"{run.number} {run.title}", at=at, zone=get_default_timezone(),
        footer="善治 · 可用 shanzhi retention verify 核验" if zh else "Shanzhi: shanzhi retention verify checks it",
    )  # fmt: skip
    made.facts(_facts(run, zh), across=1)
    made.heading("销毁明细" if zh else "What was destroyed", 2)
    made.table(
        [
            Column("信息项" if zh else "Holding"), Column("类别" if zh else "Class"),
            Column("清点" if zh else "Counted", "number"), Column("销毁" if zh else "Destroyed", "number"),
            Column("剩余" if zh else "Remained", "number"), Column("完成时间" if zh else "Done", "datetime"),
        ],
        [
            (line.zh if zh else line.en, _class(line.data_class, zh), line.counted, line.destroyed, line.remained,
             line.done_at)
            for line in run.lines.all()
        ],
    )  # fmt: skip
    made.heading(
        "摘要（HMAC-SHA-256，按主键排序的各行内容）"
        if zh
        else "Digests (HMAC-SHA-256 over the rows in key order)",
        2,
    )
    made.facts([(line.zh if zh else line.en, line.digest or None) for line in run.lines.all()])
    holds = holds_of(run)
    if holds:
        made.heading("封存" if zh else "Holds", 2)
        made.table(
            [Column("文书" if zh else "Document"), Column("理由" if zh else "Reason"),
             Column("开始" if zh else "From", "datetime"), Column("解除" if zh else "Lifted", "datetime"),
             Column("解除人" if zh else "Lifted by")],
            [(one.document, one.reason, one.placed_at, one.lifted_at, one.lifted_by or None) for one in holds],
        )  # fmt: skip
    if done:
        _proof(made, run, zh)
    return made.to_bytes()


def _class(code: str, zh: bool) -> str:
    return {"personal": ("个人信息", "personal"), "sensitive": ("敏感个人信息", "sensitive")}[code][
        0 if zh else 1
    ]


def holds_of(run: DestructionRun) -> list[LegalHold]:
    """Holds that stopped a line of this run at some time, as the events say, and those that still do."""
    papers = RetentionEvent.objects.filter(run=run, verb="held").values_list("reason", flat=True)
    return list(LegalHold.objects.filter(document__in=list(papers)))


def _facts(run: DestructionRun, zh: bool) -> list[tuple[str, object]]:
    def role(code: str) -> str:
        return ROLES[code][0 if zh else 1] if code in ROLES else ""

    facts: list[tuple[str, object]] = [
        ("编号" if zh else "Number", run.number),
        ("范围" if zh else "Scope", f"{run.subject} {run.title}".strip()),
        ("依据" if zh else "Basis", run.basis),
        ("计划人" if zh else "Planned by", f"{run.planned_by}"), ("计划时间" if zh else "Planned", run.planned_at),
        ("清点时间" if zh else "Counted", run.counted_at),
    ]  # fmt: skip
    if run.rule:
        facts.append(("签署" if zh else "Signed by", f"{'常设规则' if zh else 'standing rule'} {run.rule}"))
    else:
        for number, (name, code, at) in enumerate(
            (
                (run.first_signer, run.first_role, run.first_signed_at),
                (run.second_signer, run.second_role, run.second_signed_at),
            ),
            start=1,
        ):
            label = f"签署人{'一二'[number - 1]}" if zh else f"Signature {number}"
            facts.append((label, f"{name}（{role(code)}）" if name else None))
            facts.append((f"签署时间{'一二'[number - 1]}" if zh else f"Signed {number}", at))
    facts.append(("完成时间" if zh else "Done", run.done_at))
    return facts


def _verdict(checked: Checked, zh: bool) -> str:
    if checked.problems:
        return "; ".join(one[0 if zh else 1] for one in checked.problems)
    if checked.unsealed:
        count = checked.unsealed
        return f"{count} 条记录待封存" if zh else f"{count} events are not sealed yet"
    return "与封存记录一致" if zh else "as sealed history says"


def _proof(made: Paper, run: DestructionRun, zh: bool) -> None:
    checked = check(run)
    made.heading("证明" if zh else "Proof", 2)
    seals = "、".join(map(str, checked.seals)) or ("待封存" if zh else "not sealed yet")
    made.facts(
        [
            ("证书摘要" if zh else "Digest of this certificate", run.digest),
            ("封存批次" if zh else "Seals", seals),
            ("核验结果" if zh else "Check", _verdict(checked, zh)),
        ]
    )  # fmt: skip
    made.paragraph(
        "销毁的内容已不可恢复；摘要只能证明销毁的是哪些行，不能还原内容。备份中的副本随备份到期销毁。"
        if zh
        else "What was destroyed cannot be had back: a digest proves which rows went and holds none of them. "
        "Copies in backups go when the backups do."
    )
