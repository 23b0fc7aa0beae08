"""How fast 10,000 documents are indexed and searched. run() replaces the index of the database in use.

The vocabulary is small, so that a word stands in about half of all documents: the worst case for a search
engine that counts and ranks all it finds.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from search.engine import SearchQuery, get_engine
from search.registry import DocumentData

DOCUMENTS = 10_000
QUERIES = 200
TARGET_MS = 50.0
_SCOPES = frozenset({"public", "customer", "internal"})

_ENGLISH = """
laser alignment chamber vacuum pump bearing filter sensor wafer stage encoder cable torque bolt seal
coolant leak pressure temperature alarm reset firmware upgrade calibrate measure replace inspect clean
connector voltage current inverter battery rectifier breaker phase ground module board fan power supply
controller signal noise drift offset threshold interlock shutter lens mirror gas valve flow regulator
gauge manifold bracket harness relay contactor fuse busbar transformer capacitor resistor driver motor
""".split()  # noqa: SIM905
_CHINESE = """
激光 对准 腔体 真空 水泵 轴承 滤芯 传感 晶圆 工件 编码 线缆 扭矩 螺栓 密封 冷却 泄漏 压力 温度 报警
复位 固件 升级 校准 测量 更换 检查 清洁 插头 电压 电流 逆变 电池 整流 断路 相位 接地 模块 电路 风扇
电源 控制 信号 噪声 漂移 偏移 阈值 联锁 快门 镜头 反射 气体 阀门 流量 调压 仪表 支架 线束 继电 接触
熔断 母排 变压 电容 电阻 驱动 电机 拆卸 安装 调整 确认 记录 停机 启动 恢复 异常 故障 步骤 注意 安全
工具 备件
""".split()  # noqa: SIM905
_SOURCES = [("version", "SOP"), ("code", "E"), ("faq", "FAQ")]
_KINDS = ["install", "upgrade", "calibrate", "maintain", "diagnose", "repair", "error-handling"]
_MODELS = ["VL500S", "VL510", "NX-2000", "UPS-60K", "UPS-120K", "PDU-8"]


def documents(count: int = DOCUMENTS) -> Iterator[DocumentData]:
    """Synthetic documents, the same at every call; about 900 characters of each language."""
    chance = random.Random(7)
    # Words as frequent as in real text: a few everywhere, most seldom.
    weights = [1 / (rank + 5) for rank in range(200)]
    for number in range(count):
        chinese = number % 2 == 0
        vocabulary = _CHINESE if chinese else _ENGLISH
        code = f"E-{1000 + number}"
        words = chance.choices(vocabulary, weights[: len(vocabulary)], k=400 if chinese else 140)
        words[7] = code
        sentences = [words[i : i + 9] for i in range(0, len(words), 9)]
        text = "。\n".join(map("".join, sentences)) if chinese else ".\n".join(map(" ".join, sentences))
        source, prefix = _SOURCES[number % 3]
        yield DocumentData(
            source=source,
            object_id=str(number),
            language="zh-hans" if chinese else "en",
            kind=chance.choice(_KINDS),
            title=("" if chinese else " ").join(chance.choices(vocabulary, k=5)),
            text=text,
            url=f"/{source}/{number}/",
            scope=chance.choice(sorted(_SCOPES)),
            codes=[code] if source == "code" else [],
            models=sorted(chance.sample(_MODELS, chance.choice([0, 1, 1, 2]))),
            number=f"{prefix}-{number:05}" if source == "version" else "",
            version_label="1.0",
            updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        )


def _timed(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def run() -> dict[str, tuple[float, float]]:
    """Index DOCUMENTS and ask QUERIES of each kind; prints and returns (p50, p95) in ms by kind of query."""
    engine, chance = get_engine(), random.Random(11)
    data = list(documents())
    seconds = _timed(lambda: engine.rebuild(data)) / 1000
    print(f"{type(engine).__name__}: {len(data)} documents in {seconds:.1f} s, {len(data) / seconds:.0f}/s")

    def phrase() -> str:
        words = chance.choice(data[1::2]).text.split()
        start = chance.randrange(len(words) - 2)
        return f'"{words[start]} {words[start + 1]}"'

    kinds: dict[str, Callable[[], str]] = {
        "one word": lambda: chance.choice(_ENGLISH),
        "a phrase": phrase,
        "two characters": lambda: chance.choice(_CHINESE),
        "a code": lambda: f"E {1000 + chance.randrange(DOCUMENTS)}",
        "three words": lambda: " ".join(chance.sample(_ENGLISH, 3)),
        "a ticket": lambda: chance.choice(data).text[:300],
    }
    figures: dict[str, tuple[float, float]] = {}
    for name, make in kinds.items():
        queries = [SearchQuery(text=make(), scopes=_SCOPES) for _ in range(QUERIES)]
        times = [_timed(partial(engine.search, query)) for query in queries]
        cuts = statistics.quantiles(times, n=20)
        figures[name] = (statistics.median(times), cuts[18])
        print(f"  {name:<15} p50 {figures[name][0]:6.1f} ms   p95 {figures[name][1]:6.1f} ms")
    typed = [word[:3] for word in chance.choices(_ENGLISH, k=QUERIES)]
    times = [_timed(partial(engine.suggest, text, _SCOPES)) for text in typed]
    print(f"  {'suggestions':<15} p50 {statistics.median(times):6.1f} ms")
    return figures
