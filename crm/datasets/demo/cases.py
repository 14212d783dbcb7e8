"""The members that scenarios and requests call by name, each with what must be true of them."""

from dataclasses import dataclass

from crm.channels import Channel


@dataclass(frozen=True)
class Case:
    name: str
    name_local: str
    gender: str
    birth_month_day: tuple[int, int]
    birth_year: int
    city: str
    orders_a_month: float
    ticket: float
    """Usual amount of an order, in yuan."""
    favourite: str
    preferred_channel: Channel
    opted_out_of_sms: bool = False
    declines: bool = False
    """The activity has fallen in each of the last three weeks (see purchases.scripted_decline)."""


CASES = (
    Case("Zhang Min", "张敏", "female", (6, 1), 1988, "Shanghai", 3.0, 780, "skincare", Channel.PUSH),
    Case("Li Lei", "李雷", "male", (11, 12), 1985, "Shanghai", 4.0, 320, "coffee", Channel.SMS, declines=True),
    Case("Li Na", "李娜", "female", (3, 22), 1992, "Beijing", 1.2, 260, "tea", Channel.EMAIL),
    Case("Wang Fang", "王芳", "female", (8, 15), 1990, "Hangzhou", 2.0, 420, "makeup", Channel.EMAIL),
    Case("Wang Lei", "王磊", "male", (1, 30), 1979, "Beijing", 1.5, 350, "wine", Channel.SMS),
    Case("Chen Jing", "陈静", "female", (6, 9), 1986, "Guangzhou", 3.0, 640, "fragrance", Channel.PUSH),
    Case("Liu Yang", "刘洋", "male", (12, 5), 1995, "Shenzhen", 0.9, 240, "electronics", Channel.PUSH),
    Case("Zhou Ting", "周婷", "female", (9, 18), 1993, "Chengdu", 1.6, 380, "baby", Channel.EMAIL, True),
)
CASE_NAMES = frozenset(case.name for case in CASES)
CASE_OWNER = "kevin"
"""The CSM of every named member, so that "Wang" is ambiguous in his own book."""
