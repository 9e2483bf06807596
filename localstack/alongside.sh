# Sourced by scripts that need an emulator of their own. It starts on a free port while the script does something else,
# and stops at every exit of the script, Ctrl-C included.
#
#   emulator_start     begins to start it, and returns at once
#   emulator_await     waits until it is ready, and sets `endpoint`; the script ends if it cannot start

emulator_start() {
    emulator_answer=$(mktemp)
    trap emulator_stop EXIT
    # By itself, bash would skip the line above at some of these.
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    localstack/up --free >"$emulator_answer" &
    emulator_up=$!
}

emulator_await() {
    wait "$emulator_up"
    emulator_up=
    endpoint=$(<"$emulator_answer")
}

emulator_stop() {
    local status=$?
    # A second Ctrl-C must not leave it running.
    trap '' HUP INT TERM
    if [ -n "$emulator_up" ]; then
        # `up` ends what it has begun, or has printed where it runs.
        kill "$emulator_up" 2>/dev/null || true
        wait "$emulator_up" || true
    fi
    if [ -s "$emulator_answer" ]; then
        localstack/down "$(<"$emulator_answer")" || true
    fi
    rm -f "$emulator_answer"
    exit "$status"
}
