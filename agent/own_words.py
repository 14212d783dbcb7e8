"""What the assistant says itself, whichever model drives it."""

from tools.base import Language

MOVED_ON: dict[Language, str] = {
    "en": "You asked for something else, so this was not done: {summary}",
    "zh": "您提出了新的要求，因此没有执行：{summary}",
}
BROKE_OFF: dict[Language, str] = {
    "en": "The turn broke off, so this was not done: {summary}",
    "zh": "本轮已中断，因此没有执行：{summary}",
}
WHICH: dict[Language, str] = {
    "en": "Several questions wait for an answer:\n{listed}\nWhich one do you mean? Say its number, or *all of them*.",
    "zh": "有多个问题等待确认：\n{listed}\n请说明是第几个，或回答“全部”。",
}
FAULT: dict[Language, str] = {
    "en": "Something went wrong on our side (fault {fault}) and this turn broke off. What was running may or may not "
    "have been done; please check before you try again.",
    "zh": "系统内部出错（编号 {fault}），本轮已中断。正在执行的操作可能已完成也可能未完成，请先核实再重试。",
}
