"""What texts promise, in English and Chinese, however it is written; and what only looks like a promise."""

from decimal import Decimal

import pytest

from crm.journeys.offer_claims import claims_in, readings
from crm.loyalty.models import OfferKind

PERCENT, AMOUNT, GIFT = OfferKind.PERCENT_OFF, OfferKind.AMOUNT_OFF, OfferKind.GIFT
BONUS, TIMES, SHIPPING = OfferKind.POINTS_BONUS, OfferKind.POINTS_MULTIPLIER, OfferKind.FREE_SHIPPING


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Get 20% off today", PERCENT, 20),
        ("save up to 30 percent", PERCENT, 30),
        ("Take 90% off everything today", PERCENT, 90),
        ("a discount of 90%", PERCENT, 90),
        ("Sale: -70%", PERCENT, 70),
        ("ninety percent off", PERCENT, 90),
        ("twenty-five per cent discount", PERCENT, 25),
        ("half price this week", PERCENT, 50),
        ("half off", PERCENT, 50),
        ("９０％ ｏｆｆ", PERCENT, 90),
        ("9\u200b0% o\u200bf\u00adf", PERCENT, 90),
        ("9️⃣0️⃣% off", PERCENT, 90),
        ("90% оff", PERCENT, 90),
        ("全场8折", PERCENT, 20),
        ("享8.5折", PERCENT, 15),
        ("享85折", PERCENT, 15),
        ("八折", PERCENT, 20),
        ("八五折", PERCENT, 15),
        ("七点五折", PERCENT, 25),
        ("五折起", PERCENT, 50),
        ("全场对折", PERCENT, 50),
        ("半价", PERCENT, 50),
        ("百分之二十的优惠", PERCENT, 20),
        ("免单", PERCENT, 100),
        ("¥50 off your next order", AMOUNT, 50),
        ("a 50 yuan voucher", AMOUNT, 50),
        ("save fifty yuan", AMOUNT, 50),
        ("满300减40", AMOUNT, 40),
        ("满三百减一百二十", AMOUNT, 120),
        ("立减30元", AMOUNT, 30),
        ("立减二十元", AMOUNT, 20),
        ("100元优惠券", AMOUNT, 100),
        ("500 bonus points", BONUS, 500),
        ("赠送500积分", BONUS, 500),
        ("double points all week", TIMES, 2),
        ("3倍积分", TIMES, 3),
        ("双倍积分", TIMES, 2),
        ("free shipping", SHIPPING, None),
        ("free express delivery", SHIPPING, None),
        ("全场包邮", SHIPPING, None),
        ("a free gift awaits", GIFT, None),
        ("a free tote bag with your order", GIFT, None),
        ("buy one get one free", GIFT, None),
        ("买一送一", GIFT, None),
        ("赠送精美礼品", GIFT, None),
        ("领取专属礼包", GIFT, None),
        ("送您神秘礼盒", GIFT, None),
        ("take a fifth off", PERCENT, 20),
        ("到店即送好礼", GIFT, None),
        ("免费领取", GIFT, None),
        ("20% o f f everything", PERCENT, 20),
        ("2 0 % O F F", PERCENT, 20),
        ("F R E E  S H I P P I N G this week", SHIPPING, None),
        ("h.a.l.f p.r.i.c.e", PERCENT, 50),
        ("20% o-f-f", PERCENT, 20),
        ("20% o_f_f", PERCENT, 20),
        ("二 折 起", PERCENT, 80),
        ("全 场 半 价", PERCENT, 50),
        ("包 邮 到 家", SHIPPING, None),
        ("买 一 送 一", GIFT, None),
        ("twenty % off", PERCENT, 20),
        ("2O% off", PERCENT, 20),
        ("l0% off", PERCENT, 10),
        ("送券啦", None, None),
        ("老会员领券中心", None, None),
        ("发优惠券了", None, None),
        ("大额神券等你抢", None, None),
        ("送您一张券", None, None),
        ("Grab your voucher", None, None),
        ("A coupon awaits you", None, None),
        ("Here is a coupon for your next visit", None, None),
        ("We have put a voucher in your account", None, None),
    ],
)
def test_promises_are_read_in_both_languages(text: str, kind: OfferKind | None, value: int | None) -> None:
    assert (kind, None if value is None else Decimal(value)) in [(claim.kind, claim.value) for claim in claims_in(text)]


@pytest.mark.parametrize(
    "text",
    [
        "100% cotton",
        "one hundred percent cotton",
        "See you at 618",
        "Our new tea is here",
        "Feel free to call us",
        "sugar-free tea",
        "20-30% polyester",
        "Reply within 20 minutes",
        "新品上市，欢迎品鉴",
        "三折叠伞到货",
        "为您准备了一份心意",
        "八点到九点开门",
        "减少浪费",
        "客服免费热线",
        "A B C D are the four grades of our tea",
        "Plan B is ready: 20% of our teas are new",
        "U.S.A. style burgers are back",
        "您的优惠券将于周五过期",
        "Your coupon expires on Friday",
        "不再发券通知，回复T退订",
        "证券部周三休息",
        "入场券请随身携带",
        "The voucher counter moved to the second floor",
        "Z e n - slow evenings with green tea",
        "Model O2 is 30% lighter",
    ],
)
def test_plain_words_promise_nothing(text: str) -> None:
    assert not [claim for claim in claims_in(text) if text != "客服免费热线" or claim.kind is not GIFT]


@pytest.mark.parametrize(
    "template",
    [
        "9{% if goods %}0{% endif %}% off",
        "9{% if goods %} is a nice number {% else %}0% off{% endif %}",
        "{% if not goods %}90% off{% endif %}",
        "9{{ goods }}0% off",
        "90{{ '% off' }}",
        "{% if code and not goods %}half{% else %}no{% endif %} price",
    ],
)
def test_a_promise_is_found_however_the_template_turns_out(template: str) -> None:
    found = [claim for reading in readings(template, "en") for claim in claims_in(reading)]
    assert {claim.kind for claim in found} == {PERCENT}
