"""What ElastiCache offers: engines with their versions and families, node types, and parameters. A part of what AWS has."""

# "Supported engines and versions" (ElastiCache User Guide): engine, version, family, and the version that nodes show.
VERSIONS = [
    ("redis", "6.2", "redis6.x", "6.2.6"),
    ("redis", "7.0", "redis7", "7.0.7"),
    ("redis", "7.1", "redis7", "7.1.0"),
    ("valkey", "7.2", "valkey7", "7.2.6"),
    ("valkey", "8.0", "valkey8", "8.0.1"),
    ("valkey", "8.1", "valkey8", "8.1.0"),
    ("valkey", "8.2", "valkey8", "8.2.0"),
    ("valkey", "9.0", "valkey9", "9.0.0"),
]
FAMILIES = sorted({family for _, _, family, _ in VERSIONS})
# "Supported node types" (ElastiCache User Guide), from the smallest on.
NODE_TYPES = [
    f"cache.{family}.{size}"
    for family, sizes in {
        "t3": ["micro", "small", "medium"],
        "t4g": ["micro", "small", "medium"],
        "m6g": ["large", "xlarge", "2xlarge"],
        "m7g": ["large", "xlarge", "2xlarge"],
        "r6g": ["large", "xlarge"],
        "r7g": ["large", "xlarge"],
    }.items()
    for size in sizes
]
POLICIES = "volatile-lru,allkeys-lru,volatile-lfu,allkeys-lfu,volatile-random,allkeys-random,volatile-ttl,noeviction"
# Name: default, type, allowed values, when a change counts ("Valkey and Redis OSS parameters", ElastiCache User Guide).
PARAMETERS = {
    "activedefrag": ("no", "string", "yes,no", "immediate"),
    "activerehashing": ("yes", "string", "yes,no", "requires-reboot"),
    "client-output-buffer-limit-pubsub-hard-limit": ("33554432", "integer", "0-", "immediate"),
    "databases": ("16", "integer", "1-1200000", "requires-reboot"),
    "lazyfree-lazy-eviction": ("no", "string", "yes,no", "immediate"),
    "maxmemory-policy": ("volatile-lru", "string", POLICIES, "immediate"),
    "maxmemory-samples": ("3", "integer", "1-", "immediate"),
    "notify-keyspace-events": ("", "string", None, "immediate"),
    "reserved-memory-percent": ("25", "integer", "0-100", "immediate"),
    "slowlog-log-slower-than": ("10000", "integer", "-1-", "immediate"),
    "slowlog-max-len": ("128", "integer", "0-", "immediate"),
    "tcp-keepalive": ("300", "integer", "0-", "immediate"),
    "timeout": ("0", "integer", "0,20-", "immediate"),
}


def resolve(engine: str, wanted: str | None):
    """The newest version that one which is written stands for; `7.x` of old and whole ones too."""
    of_engine = [row for row in VERSIONS if row[0] == engine]
    if wanted is None:
        return of_engine[-1] if of_engine else None
    fits = [row for row in of_engine if wanted in (row[1], row[3])]
    return fits[-1] if fits else None


def order(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def allows(name: str, value: str) -> bool:
    allowed = PARAMETERS[name][2]
    if allowed is None:
        return True
    if PARAMETERS[name][1] == "string":
        return value in allowed.split(",")
    if not value.lstrip("-").isdigit():
        return False
    number = int(value)
    for part in allowed.split(","):
        head, sign, tail = part.rpartition("-") if part.endswith("-") else part.partition("-") if part.count("-") == 1 else (part, "", "")
        low, high = (head, None) if part.endswith("-") else (head, tail if sign else head)
        if int(low) <= number and (high is None or number <= int(high)):
            return True
    return False
