"""Contact details with their middle taken out, for people who may not see them."""


def mask_address(address: str) -> str:
    """`zhang.min@mail.example` as `zh***@mail.example`, `+8613812345678` as `+86***5678`; anything else keeps 2 + 2."""
    name, at, domain = address.partition("@")
    if at:
        return f"{name[:2]}***@{domain}"
    if address.startswith("+"):
        return f"{address[:3]}***{address[-4:]}"
    return f"{address[:2]}***{address[-2:]}"
