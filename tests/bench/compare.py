"""Comparing two versions of 100 steps: half of the steps changed, some moved, put in or taken out."""

import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any

STEPS = 100
TURNS = 7
LIMIT = 200  # ms
ENGLISH = (
    "Open the door of the cabinet and check that the breaker Q{n} is open and locked.",
    "Measure the voltage between X{n}.1 and X{n}.4: it must be below 60 V DC.",
    "Wait {n} minutes until the capacitors are discharged before you touch the bus bars.",
    "Tighten the bolts of the fan module to {n} Nm, crosswise, with the calibrated torque wrench.",
    "If the value is out of range, stop, lock the machine out and call the second line.",
    "Note the serial number, the measured value and the time in the service record.",
    "Connect the laptop to the service port, log in and start the self test of rack {n}.",
    "Compare the temperature of the inlet with the temperature of the outlet on the display.",
)
CHINESE = (
    "打开机柜门，确认断路器Q{n}已断开并上锁挂牌。",
    "测量X{n}.1与X{n}.4之间的电压，应低于直流60伏。",
    "等待{n}分钟，待电容器放电完毕后方可接触母排。",
    "使用已校准的扭矩扳手，按对角顺序将风扇模块的螺栓拧紧至{n}牛米。",
    "若测量值超出范围，立即停止作业，对设备上锁，并联系二线支持。",
    "在服务记录中填写序列号、测量值和时间。",
    "将笔记本电脑连接到服务端口，登录后启动机架{n}的自检程序。",
    "对比显示屏上进风口温度与出风口温度，温差不应超过规定值。",
)


def _step(n: int, sentences: tuple[str, ...]) -> dict[str, Any]:
    order = random.Random(n)
    lines = [order.choice(sentences).format(n=n % 30 + 1) for _ in range(12)]
    return {
        "id": f"step-{n}", "title": f"{sentences[n % 8][:24]} {n}",
        "body": "\n".join(f"{number}. {line}" for number, line in enumerate(lines[:8], 1)),
        "expected": " ".join(lines[8:10]), "caution": " ".join(lines[10:]),
        "images": [{"sha256": f"{n:064x}", "alt": f"Q{n}"}], "minutes": n % 20, "importance": "normal",
    }  # fmt: skip


def content(sentences: tuple[str, ...], language: str) -> dict[str, Any]:
    """A canonical content (procedures.content) of STEPS steps, each of about 1,000 characters in English."""
    return {
        "format": 1, "number": "SOP-BENCH", "title": sentences[0], "kind": "repair", "language": language,
        "audience": "internal", "product_line": "LM", "summary": sentences[1], "safety": "\n".join(sentences),
        "tools": ["Torque wrench", "Multimeter"], "parts": ["Fan module"], "skills": [], "applies_to": [],
        "error_codes": [], "steps": [_step(n, sentences) for n in range(STEPS)],
    }  # fmt: skip


def edited(before: dict[str, Any], sentences: tuple[str, ...]) -> dict[str, Any]:
    """Half of the steps reworded in several places, eight moved, three taken out, three put in."""
    chance = random.Random(1)
    steps = [dict(step) for step in before["steps"]]
    for step in steps[::2]:
        lines = step["body"].split("\n")
        lines[1] = f"2. {chance.choice(sentences).format(n=7)}"
        lines[4] = lines[4].replace("the", "each").replace("的", "之")
        step["body"] = "\n".join([*lines, f"9. {chance.choice(sentences).format(n=9)}"])
        step["caution"] = chance.choice(sentences).format(n=3)
        step["images"] = [{"sha256": "f" * 64, "alt": step["images"][0]["alt"]}]
    for _ in range(8):
        steps.insert(chance.randrange(len(steps)), steps.pop(chance.randrange(len(steps))))
    for place in (10, 50, 90):
        steps[place] = _step(1000 + place, sentences)
    return {**before, "steps": steps, "tools": ["Multimeter", "Torch"]}


def _times(action: Callable[[], Any]) -> tuple[float, float]:
    """The median milliseconds on the clock, and of the processor."""
    clock, processor = [], []
    for turn in range(TURNS + 1):
        started, worked = time.perf_counter(), time.process_time()
        action()
        if turn:  # a warm-up first
            clock.append(time.perf_counter() - started)
            processor.append(time.process_time() - worked)
    return median(clock) * 1000, median(processor) * 1000


def run() -> None:
    from django.template.loader import render_to_string

    from procedures.compare import compare

    english, chinese = content(ENGLISH, "en"), content(CHINESE, "zh-hans")
    label = {"number": "SOP-BENCH", "label": "1.0", "language": "en"}
    pairs = (
        ("English", english, edited(english, ENGLISH)),
        ("Chinese", chinese, edited(chinese, CHINESE)),
        ("English with its Chinese translation, every step other", english, chinese),
    )
    for name, before, after in pairs:
        comparison = compare(before, after)
        clock, processor = _times(lambda before=before, after=after: compare(before, after))
        context = {"comparison": comparison, "before": label, "after": label, "language": "en"}
        shown, _ = _times(lambda context=context: render_to_string("procedures/_comparison.html", context))
        print(
            f"  {STEPS} steps, {name}: {len(comparison.changed_steps)} steps differ; "
            f"compared in {clock:.0f} ms (processor {processor:.0f} ms; under {LIMIT}), shown in {shown:.0f} ms"
        )
