"""What is remembered besides moto, per account: waiting times, running transitions, calls and faults.

Nothing runs in the background. A transition is due when its time is over and is finished by the next call that
comes in (`settle`), so that a state is always what the clock says.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

SETTINGS = (
    "efs_creating",
    "efs_updating",
    "efs_deleting",
    "efs_throughput_rest",
    "access_point_creating",
    "access_point_deleting",
    "mount_target_creating",
    "mount_target_deleting",
    "replication_enabling",
    "replication_deleting",
    "db_creating",
    "db_modify_lag",
    "db_modifying",
    "db_optimizing",
    "db_rebooting",
    "db_starting",
    "db_deleting",
    "db_snapshot",
    "db_blue_green",
    "db_switching",
    "backup_restoring",
    "cache_creating",
    "cache_modifying",
    "cache_deleting",
    "machine_starting",
    "machine_checking",
    "machine_stopping",
    "machine_terminating",
    "volume_creating",
    "volume_attaching",
    "volume_modifying",
    "volume_optimizing",
    "volume_deleting",
    "snapshot_creating",
    "latency",
    "image_creating",
    "ssm_showing",
    "ssm_running",
    "ssm_delivery",
    "unknown",
)
LOG_LENGTH = 10_000


@dataclass
class Transition:
    """Something that ends `seconds` after `begun`."""

    key: str
    setting: str
    begun: float
    seconds: float
    finish: Callable[[float], None]


@dataclass
class Fault:
    """An answer to give instead of (or, with `after`, in place of the answer of) the next calls of an operation."""

    operation: str
    code: str
    status: int
    message: str
    times: int
    after: bool


@dataclass
class Account:
    """One account's world."""

    settings: dict[str, float] | None = None
    quotas: dict[str, float] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    calls: deque = field(default_factory=lambda: deque(maxlen=LOG_LENGTH))
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    made: dict[str, tuple[float, float]] = field(default_factory=dict)
    events: deque = field(default_factory=lambda: deque(maxlen=1000))
    recovery_points: dict[str, list[dict]] = field(default_factory=dict)
    # Run Command: the agents, the answers to commands, the commands, and the pair that is watched.
    agents: dict[str, str] = field(default_factory=dict)
    answers: list[dict] = field(default_factory=list)
    commands: list[dict] = field(default_factory=list)
    serves: dict[str, bool] = field(default_factory=dict)
    pair: dict | None = None
    violations: list[str] = field(default_factory=list)
    deployments: dict[str, dict] = field(default_factory=dict)
    restore_jobs: dict[str, dict] = field(default_factory=dict)

    def setting(self, name: str) -> float:
        own = DEFAULTS if self.settings is None else self.settings
        return own.get(name, 0.0)

    def later(self, key: str, setting: str, finish: Callable[[float], None], begun: float | None = None) -> None:
        """Calls finish(when it was due) once the time of `setting` is over."""
        begun = time.time() if begun is None else begun
        self.transitions.append(Transition(key, setting, begun, self.setting(setting), finish))

    def due(self, transition: Transition) -> float:
        # A setting lowered meanwhile shortens what is running; a raised one is for what begins afterwards.
        return transition.begun + min(transition.seconds, self.setting(transition.setting))

    def settle(self) -> None:
        """Finishes what is due, in the order in which it was due."""
        now = time.time()
        while over := [transition for transition in self.transitions if self.due(transition) <= now]:
            first = min(over, key=self.due)
            self.transitions.remove(first)
            first.finish(self.due(first))

    def knows(self, name: str) -> bool:
        """False while what was just made is not known to those who use it (the setting `unknown`)."""
        begun, seconds = self.made.get(name, (0.0, 0.0))
        return time.time() - begun >= min(seconds, self.setting("unknown"))

    def forget(self, key: str) -> None:
        self.transitions = [transition for transition in self.transitions if transition.key != key]

    def take_fault(self, operation: str, after: bool) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.operation == operation and fault.after == after:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
        return None


DEFAULTS: dict[str, float] = {}
_accounts: dict[str, Account] = {}
_making = threading.Lock()


def account(account_id: str) -> Account:
    with _making:
        if account_id not in _accounts:
            _accounts[account_id] = Account()
        return _accounts[account_id]
