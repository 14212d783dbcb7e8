"""What people call the values of fields, besides the names in the database. Only names that exist there are used."""

TIERS = {
    "bronze": "铜卡|青铜|普卡|普通会员|铜牌",
    "silver": "银卡|白银|银牌",
    "gold": "金卡|黄金|金牌",
    "platinum": "plat|铂金|白金|铂金卡|白金卡|plats|plt",
    "diamond": "钻石|钻石卡|钻卡",
}
STAGES = {
    "new": "新客|新会员|新用户|新客户|newbie",
    "active": "活跃|活跃期",
    "potential": "潜力|潜在|潜力客户",
    "vip": "vips|贵宾|vip客户",
    "dormant": "沉睡|休眠|沉睡期|休眠期|sleeping|hibernating|沉睡会员|asleep",
}
CITIES = {
    "beijing": "北京|bj|peking|帝都",
    "shanghai": "上海|sh|魔都|shanghainese",
    "guangzhou": "广州|gz|canton",
    "shenzhen": "深圳|sz",
    "hangzhou": "杭州|hz",
    "chengdu": "成都|cd",
    "chongqing": "重庆|cq",
    "nanjing": "南京|nj",
    "suzhou": "苏州",
    "wuxi": "无锡",
    "wuhan": "武汉|wh",
    "tianjin": "天津|tj",
    "xiamen": "厦门|xm",
    "qingdao": "青岛|qd",
    "ningbo": "宁波|nb",
    "changsha": "长沙",
    "xi'an": "西安|xian",
}
CITY_GROUPS = {
    "tier-1|tier one|first tier|tier 1 city|t1|一线城市|一线|北上广深|北上深广|t1 city|tier 1|the big four|bj/sh/gz/sz"
    "|first-tier city|top-tier city|tier-one city": ("beijing", "shanghai", "guangzhou", "shenzhen"),
    "北上广": ("beijing", "shanghai", "guangzhou"),
    "江浙沪": ("shanghai", "hangzhou", "nanjing", "suzhou", "wuxi", "ningbo"),
}
CATEGORIES = {
    "skincare": "护肤|护肤品|skin care|skin-care",
    "makeup": "彩妆|化妆品|cosmetics|make-up|make up|美妆",
    "fragrance": "香水|香氛|perfume|scent",
    "coffee": "咖啡",
    "tea": "茶|茶叶|茶饮",
    "snacks": "零食|snack food|小吃",
    "wine": "葡萄酒|红酒|酒|酒类|酒水",
    "kitchen": "厨房|厨具|厨房用品|kitchenware|cookware",
    "home": "家居|家居用品|homeware|home goods|home ware|家用",
    "apparel": "服饰|服装|衣服|clothes|clothing|garment",
    "shoes": "鞋|鞋子|鞋履|鞋类|footwear|sneaker",
    "baby": "母婴|母婴用品|婴儿用品|婴儿|baby care|infant",
    "pet": "宠物|宠物用品|pet food|pet supply|pet supplies",
    "electronics": "数码|电子|电子产品|数码产品|gadget|electronic|电器",
    "outdoor": "户外|户外用品|outdoors|camping",
}
TAGS = {
    "coffee-lover": "咖啡爱好者|咖啡控|coffee fan|爱喝咖啡|咖啡党",
    "tea-drinker": "爱喝茶|茶客|茶饮爱好者|喝茶|茶友|tea lover",
    "new-mom": "新手妈妈|new mother|new mum|宝妈|新妈妈|new mommy",
    "price-sensitive": "价格敏感|价格敏感型|price sensitivity",
    "gift-buyer": "送礼|送礼人群|礼品买家|gift giver|送礼党",
    "runner": "跑者|跑步爱好者|跑步|跑步达人",
    "pet-owner": "养宠|养宠物|宠物主|宠物主人|养宠人群",
    "vegan": "素食|素食者|纯素",
    "student": "学生",
    "sensitive-skin": "敏感肌|敏感肤质|敏感皮肤",
    "kol": "达人|网红|key opinion leader|influencer",
}
GENDERS = {
    "female": "woman|women|lady|ladies|girl|女|女性|女士|女的|female|females|女生|mom|moms|mum|mother|妈妈",
    "male": "man|men|gentleman|gentlemen|guys|male|males|男|男性|男士|男的|dude|男生|dad|father",
}
CHANNELS = {
    "email": "e-mail|mail|邮件|电子邮件|邮箱|emails|e mail|电邮|mails",
    "sms": "text|text message|短信|texts|sms message|smses|手机短信|texting|txt",
    "push": "推送|push notification|app push|pushes|notification|in-app push|app推送|push message",
}

SYNONYMS: dict[str, dict[str, str]] = {
    "tier": TIERS,
    "lifecycle_stage": STAGES,
    "city": CITIES,
    "category": CATEGORIES,
    "tags": TAGS,
    "gender": GENDERS,
    "channel": CHANNELS,
}
