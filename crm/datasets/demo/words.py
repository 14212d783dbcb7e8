"""Names, places and goods of the demo world."""

SURNAMES = (
    ("Wang", "王"), ("Li", "李"), ("Zhang", "张"), ("Liu", "刘"), ("Chen", "陈"), ("Yang", "杨"), ("Huang", "黄"),
    ("Zhao", "赵"), ("Wu", "吴"), ("Zhou", "周"), ("Xu", "徐"), ("Sun", "孙"), ("Ma", "马"), ("Zhu", "朱"),
    ("Hu", "胡"), ("Guo", "郭"), ("He", "何"), ("Lin", "林"), ("Gao", "高"), ("Luo", "罗"), ("Zheng", "郑"),
    ("Liang", "梁"), ("Xie", "谢"), ("Song", "宋"), ("Tang", "唐"), ("Deng", "邓"), ("Han", "韩"), ("Feng", "冯"),
    ("Cao", "曹"), ("Peng", "彭"), ("Zeng", "曾"), ("Xiao", "萧"), ("Tian", "田"), ("Dong", "董"), ("Pan", "潘"),
    ("Yuan", "袁"), ("Cai", "蔡"), ("Jiang", "蒋"), ("Yu", "余"), ("Du", "杜"),
)  # fmt: skip

FEMALE_GIVEN_NAMES = (
    ("Xiaoyan", "晓燕"), ("Lijuan", "丽娟"), ("Yanling", "艳玲"), ("Xueqin", "雪琴"), ("Meiling", "美玲"),
    ("Jiayi", "佳怡"), ("Yuxin", "雨欣"), ("Zihan", "子涵"), ("Shuting", "淑婷"), ("Yaqi", "雅琪"),
    ("Xinyi", "欣怡"), ("Mengjie", "梦洁"), ("Ruoxi", "若曦"), ("Siyu", "思雨"), ("Wenjing", "文静"),
    ("Huimin", "慧敏"), ("Yifei", "逸菲"), ("Lanying", "兰英"), ("Qianru", "倩如"), ("Manli", "曼丽"),
    ("Jing", "静"), ("Fang", "芳"), ("Na", "娜"), ("Min", "敏"), ("Ting", "婷"), ("Yan", "燕"), ("Xue", "雪"),
    ("Lan", "兰"), ("Hong", "红"), ("Mei", "梅"),
)  # fmt: skip

MALE_GIVEN_NAMES = (
    ("Haoran", "浩然"), ("Zixuan", "子轩"), ("Junjie", "俊杰"), ("Yuchen", "宇辰"), ("Jianguo", "建国"),
    ("Weidong", "卫东"), ("Zhiqiang", "志强"), ("Mingyu", "明宇"), ("Bowen", "博文"), ("Tianyi", "天翊"),
    ("Xiaodong", "晓东"), ("Guoliang", "国梁"), ("Zhenyu", "振宇"), ("Yiming", "一鸣"), ("Chenxi", "晨曦"),
    ("Haitao", "海涛"), ("Jiahao", "嘉豪"), ("Kaiwen", "凯文"), ("Shaofeng", "少峰"), ("Yongsheng", "永胜"),
    ("Lei", "磊"), ("Yang", "洋"), ("Wei", "伟"), ("Jun", "军"), ("Bin", "斌"), ("Peng", "鹏"), ("Tao", "涛"),
    ("Ming", "明"), ("Gang", "刚"), ("Hao", "昊"),
)  # fmt: skip

CITY_WEIGHTS = {
    "Shanghai": 16, "Beijing": 14, "Guangzhou": 10, "Shenzhen": 10, "Hangzhou": 8, "Chengdu": 9, "Chongqing": 6,
    "Nanjing": 5, "Suzhou": 5, "Wuxi": 3, "Wuhan": 5, "Tianjin": 4, "Xiamen": 3, "Qingdao": 2,
}  # fmt: skip

GOODS = {
    "skincare": ("Facial Cleanser", "Hydrating Toner", "Day Cream", "Sun Milk", "Repair Serum", "Sheet Masks"),
    "makeup": ("Lip Tint", "Cushion Foundation", "Mascara", "Blush", "Eyeshadow Palette", "Setting Powder"),
    "fragrance": ("Eau de Toilette", "Eau de Parfum", "Travel Spray", "Scented Candle", "Body Mist", "Reed Diffuser"),
    "coffee": ("House Blend", "Ethiopia Single Origin", "Drip Bags", "Cold Brew", "Espresso Capsules", "Decaf Beans"),
    "tea": ("Longjing", "Tieguanyin", "Pu'er Cake", "Jasmine Pearls", "White Peony", "Tea Sampler"),
    "snacks": ("Nut Mix", "Seaweed Crisps", "Dark Chocolate", "Dried Mango", "Rice Crackers", "Beef Jerky"),
    "wine": ("Ningxia Red", "Riesling", "Rosé", "Sparkling Brut", "Huangjiu", "Plum Wine"),
    "kitchen": ("Cast Iron Wok", "Chef's Knife", "Rice Cooker", "Steamer", "Spice Set", "Storage Boxes"),
    "home": ("Linen Sheets", "Bath Towels", "Desk Lamp", "Cushion", "Laundry Basket", "Wool Blanket"),
    "apparel": ("Oxford Shirt", "Linen Dress", "Rain Jacket", "Merino Sweater", "Chinos", "Silk Scarf"),
    "shoes": ("Running Shoes", "Canvas Sneakers", "Loafers", "Hiking Boots", "Sandals", "Slippers"),
    "baby": ("Diapers", "Baby Lotion", "Bottle Set", "Romper", "Play Mat", "Fruit Puree"),
    "pet": ("Dry Dog Food", "Cat Litter", "Cat Treats", "Dog Leash", "Pet Bed", "Fish Oil"),
    "electronics": ("Earbuds", "Power Bank", "Smart Speaker", "E-Reader", "Air Purifier", "Fitness Band"),
    "outdoor": ("Camping Chair", "Trekking Poles", "Thermos", "Headlamp", "Picnic Mat", "Yoga Mat"),
}
BRANDS = ("Hua & Co", "Northlake", "Everyday", "Maison Lu", "Oak & Tide", "Nurture Select")

CATEGORY_WEIGHTS = {
    "skincare": 14, "makeup": 8, "fragrance": 6, "coffee": 11, "tea": 9, "snacks": 11, "wine": 4, "kitchen": 5,
    "home": 6, "apparel": 8, "shoes": 5, "baby": 5, "pet": 4, "electronics": 2, "outdoor": 2,
}  # fmt: skip
CATEGORIES = tuple(CATEGORY_WEIGHTS)
