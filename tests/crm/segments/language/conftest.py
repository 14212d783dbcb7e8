"""The words of a small shop, without a database."""

import pytest

from crm.catalog import CATALOG
from crm.segments.language.vocabulary import Vocabulary


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    tiers = ("bronze", "silver", "gold", "platinum")
    return Vocabulary(
        fields={field.name: field for field in CATALOG.fields},
        values={
            "tier": tiers,
            "lifecycle_stage": ("new", "active", "potential", "vip", "dormant"),
            "city": (
                "Beijing",
                "Shanghai",
                "Guangzhou",
                "Shenzhen",
                "Hangzhou",
                "Chengdu",
                "Chongqing",
                "Nanjing",
                "Suzhou",
                "Wuxi",
                "Wuhan",
                "Tianjin",
                "Xiamen",
                "Qingdao",
            ),
            "gender": ("female", "male"),
            "category": (
                "skincare",
                "makeup",
                "fragrance",
                "coffee",
                "tea",
                "snacks",
                "wine",
                "kitchen",
                "home",
                "apparel",
                "shoes",
                "baby",
                "pet",
                "electronics",
                "outdoor",
            ),
            "tags": (
                "coffee-lover",
                "tea-drinker",
                "new-mom",
                "price-sensitive",
                "gift-buyer",
                "runner",
                "pet-owner",
                "vegan",
                "student",
                "sensitive-skin",
                "KOL",
            ),
            "channel": ("email", "sms", "push"),
            "campaign": (
                "Spring Refresh",
                "May Member Day",
                "Mother's Day Gifting",
                "Double Points Week",
                "New Year Thank You",
                "Summer Skincare",
                "Platinum Win-back",
                "618 Warm-up",
                "Silver Upgrade Push",
                "Tea Club Reboot",
                "Weekend Flash",
            ),
            "member": ("Zhang Min", "Li Lei"),
            "segment": ("Lapsed Platinum", "VIP Shanghai"),
        },
        tiers=tiers,
        csms=("Kevin Zhao", "Helen Sun", "Amy Xu"),
        campaign_states={"Summer Skincare": "running", "Spring Refresh": "completed"},
        local_names={"张敏": "Zhang Min", "李雷": "Li Lei"},
    )
