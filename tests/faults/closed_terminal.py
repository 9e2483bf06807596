"""Runs a command on a terminal of its own, and closes that when standard input ends. Prints how the command ended."""

import os
import pty
import select
import sys

child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
open_ = True
while open_:
    ready, _, _ = select.select([terminal, 0], [], [])
    if 0 in ready:
        open_ = bool(os.read(0, 1024))
    elif not os.read(terminal, 65536):
        break
# The kernel sends SIGHUP to the session now, and every write to the terminal fails from here on.
os.close(terminal)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
