"""M17: what a statement's page costs somebody with a million transfers beside somebody with a thousand.

In one process, without HTTP: the page's own time, and that of its one query of transfers. Both people have the same few
purchases and gifts, at the beginning: what a filter that matches little must find behind everything else.
"""

import json
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import books, history, people
from bench.cells import Goal, Verdict
from bench.ground import Ground
from bench.people import Person
from config import run
from credits import audit, checkpoints, downloads, statements, verify_statement
from credits.models import Transfer, Wallet
from credits.statements import Filter

FEW, MANY, MANY_QUICKLY = 1_000, 1_000_000, 20_000
RARE = 70  # purchases, and as many gifts: more than a page
DAYS = 365
TIMES = 25  # a round
SLOWER_MAX = 1.2

# A year of one person: first the purchases and the gifts, then jobs paid from purchased credits, each a reserve and its
# end, a tenth of them released. Past the guards, which would lock and move a wallet for each row; `MOVE` does it once.
FILL = """
    INSERT INTO credits_transfer
           (id, owner_id, source_id, target_id, amount, phase, kind, key, subject, reserve_id, actor_id, reason,
            created_at)
    SELECT %(start)s + n, %(owner)s,
           CASE WHEN n < %(rare)s THEN house.sales WHEN n < 2 * %(rare)s THEN house.issuance ELSE own.purchased END,
           CASE WHEN n < %(rare)s THEN own.purchased WHEN n < 2 * %(rare)s THEN own.bonus ELSE house.revenue END,
           CASE WHEN n < %(rare)s THEN 100000 ELSE 3 END,
           CASE WHEN n < 2 * %(rare)s THEN 'final' WHEN n %% 2 = 0 THEN 'reserve'
                WHEN n %% 20 = 1 THEN 'release' ELSE 'capture' END,
           CASE WHEN n < %(rare)s THEN 'purchase' WHEN n < 2 * %(rare)s THEN 'goodwill' ELSE 'generation' END,
           'bench:' || %(owner)s || ':' || n,
           CASE WHEN n < 2 * %(rare)s THEN '' ELSE 'bench:' || %(owner)s || ':' || n / 2 END,
           CASE WHEN n >= 2 * %(rare)s AND n %% 2 = 1 THEN %(start)s + n - 1 END,
           CASE WHEN n >= %(rare)s AND n < 2 * %(rare)s THEN %(owner)s END,
           CASE WHEN n >= %(rare)s AND n < 2 * %(rare)s THEN 'a gift' ELSE '' END,
           %(begin)s + n * (interval '1 day' * %(days)s / %(total)s)
      FROM generate_series(0, %(total)s - 1) n,
           (SELECT min(id) FILTER (WHERE kind = 'purchased') AS purchased,
                   min(id) FILTER (WHERE kind = 'bonus') AS bonus FROM credits_wallet WHERE owner_id = %(owner)s) own,
           (SELECT min(id) FILTER (WHERE kind = 'sales') AS sales,
                   min(id) FILTER (WHERE kind = 'issuance') AS issuance,
                   min(id) FILTER (WHERE kind = 'revenue') AS revenue FROM credits_wallet WHERE owner_id IS NULL) house
"""
MOVE = """
    UPDATE credits_wallet SET balance = moved.balance
      FROM (SELECT wallet.id, sum(CASE WHEN target_id = wallet.id THEN amount ELSE -amount END) AS balance
              FROM credits_wallet wallet JOIN credits_transfer ON wallet.id IN (source_id, target_id)
             WHERE wallet.owner_id = %(owner)s AND credits_transfer.owner_id = %(owner)s
               AND phase IN ('final', 'capture') GROUP BY wallet.id) moved
     WHERE moved.id = credits_wallet.id
"""


@dataclass(frozen=True)
class Cost:
    """What is printed: medians in milliseconds, and the statements that read credits."""

    label: str
    few_page_ms: float
    many_page_ms: float
    few_query_ms: float
    many_query_ms: float
    statements: int

    @property
    def ratio(self) -> float:
        return self.many_page_ms / self.few_page_ms


def measure(ground: Ground) -> Verdict:
    """Each address for both people in turns, so that neighbours disturb both alike."""
    run.collect_static()
    few, many = people.make(2)
    total = MANY if ground.seconds >= 1 else MANY_QUICKLY
    _fill(few, FEW)
    _fill(many, total)
    costs = [_cost(label, few, many, TIMES * ground.rounds) for label in _addresses(few)]
    for cost in costs:
        print(json.dumps({"cell": ground.metric, **asdict(cost), "ratio": round(cost.ratio, 2)}), flush=True)
    figures, wrong = _files(many)
    wrong += books.wrong(jobs=0)
    wrong += [f"{cost.label} runs {cost.statements} statements" for cost in costs if cost.statements != 2]
    return Verdict(not wrong, [_goal(cost) for cost in costs], figures, wrong)


def _goal(cost: Cost) -> Goal:
    return Goal.no_more_than(f"{cost.label}: a million's page, of a thousand's", cost.ratio, SLOWER_MAX)


# --- Pages -----------------------------------------------------------------------------------------------------------


def _addresses(person: Person) -> dict[str, tuple[Filter, str]]:
    """Filters and where they go on. A cursor of a month's first page also says where everything goes on."""
    today = datetime.now(UTC).date()
    recent, old = f"{today - timedelta(45):%Y-%m}", f"{today - timedelta(DAYS - 60):%Y-%m}"
    deep = statements.page(owner_id=person.user.pk, wanted=Filter(month=old)).older
    return {
        "first page": (Filter(), ""),
        "deep page": (Filter(), deep),
        "by month": (Filter(month=recent), ""),
        "by an old month": (Filter(month=old), ""),
        "by kind: capture": (Filter(kind="capture"), ""),
        "by kind: release": (Filter(kind="release"), ""),
        "by kind: purchase, all a year ago": (Filter(kind="purchase"), ""),
        "by wallet: purchased": (Filter(wallet="purchased"), ""),
        "by wallet: bonus, all a year ago": (Filter(wallet="bonus"), ""),
    }


def _cost(label: str, few: Person, many: Person, times: int) -> Cost:
    pages = [_page(person, *_addresses(person)[label]) for person in (few, many)]
    queries = [_query(person, *_addresses(person)[label]) for person in (few, many)]
    with CaptureQueriesContext(connection) as captured:
        pages[1]()
    # Now: the next request empties the log.
    count = sum("credits_" in query["sql"] for query in captured.captured_queries)
    page_ms, query_ms = _in_turns(pages, times), _in_turns(queries, times)
    return Cost(label, page_ms[0], page_ms[1], query_ms[0], query_ms[1], count)


def _page(person: Person, wanted: Filter, after: str) -> Callable[[], None]:
    client = Client(headers={"host": "127.0.0.1"})
    client.cookies.load(person.cookies)
    values = {"kind": wanted.kind, "wallet": wanted.wallet, "month": wanted.month} | ({"after": after} if after else {})

    def get() -> None:
        answer = client.get("/credits", values)
        if answer.status_code != 200:
            raise SystemExit(f"bench: /credits answers {answer.status_code}")

    return get


def _query(person: Person, wanted: Filter, after: str) -> Callable[[], None]:
    def ask() -> None:
        if not statements.page(owner_id=person.user.pk, after=after, wanted=wanted).entries:
            raise SystemExit(f"bench: nothing is found by {wanted}")

    return ask


def _in_turns(works: list[Callable[[], None]], times: int) -> list[float]:
    """The median of each in milliseconds, after a first call that warms."""
    spent: list[list[float]] = [[] for _ in works]
    for number in range(times + 1):
        for work, mine in zip(works, spent, strict=True):
            start = time.perf_counter()
            work()
            if number:
                mine.append(1000 * (time.perf_counter() - start))
    return [round(statistics.median(mine), 2) for mine in spent]


# --- Files -----------------------------------------------------------------------------------------------------------


def _files(person: Person) -> tuple[dict[str, float], list[str]]:
    """What sealing, downloading and auditing the long statement take, in seconds, and whether the file is true."""
    figures: dict[str, float] = {}
    owner_id = person.user.pk

    def took(name: str, start: float) -> None:
        figures[name] = round(time.perf_counter() - start, 2)

    start = time.perf_counter()
    figures["sealed_days"] = checkpoints.seal(owner_id=owner_id)
    took("seal_seconds", start)
    checkpoints.seal_all()
    start = time.perf_counter()
    text = "".join(downloads.whole(downloads.cut(owner_id=owner_id)))
    took("json_seconds", start)
    figures["json_mb"] = round(len(text) / 1e6, 1)
    start = time.perf_counter()
    problems = verify_statement.problems(json.loads(text))
    took("verify_seconds", start)
    del text
    start = time.perf_counter()
    figures["csv_mb"] = round(sum(map(len, downloads.table(owner_id=owner_id, wanted=Filter()))) / 1e6, 1)
    took("csv_seconds", start)
    figures["csv_peak_mb"] = _peak_mb(downloads.table(owner_id=owner_id, wanted=Filter(month=_a_month())))
    start = time.perf_counter()
    audit.run()
    took("audit_seconds", start)
    return figures, problems[:5]


def _a_month() -> str:
    return f"{datetime.now(UTC).date() - timedelta(45):%Y-%m}"


def _peak_mb(pieces: Iterator[str]) -> float:
    tracemalloc.start()
    for _ in pieces:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(peak / 1e6, 1)


# --- A year ----------------------------------------------------------------------------------------------------------


def _fill(person: Person, total: int) -> None:
    """`total` transfers of the last DAYS days, all before today."""
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(DAYS)
    start = Transfer.objects.latest("pk").pk + 1
    values: dict[str, Any] = {
        "owner": person.user.pk,
        "start": start,
        "total": total,
        "rare": RARE,
        "days": DAYS,
        "begin": begin,
    }
    with transaction.atomic(), history.guards_down(Transfer, Wallet), connection.cursor() as cursor:
        cursor.execute(FILL, values)
        cursor.execute(MOVE, values)
        cursor.execute("SELECT setval(pg_get_serial_sequence('credits_transfer', 'id'), max(id)) FROM credits_transfer")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
