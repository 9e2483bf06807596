#!/bin/sh
# The part of this machine in the pair. `pair boot` and `pair copy` are run by systemd, the others by `provision failover` or by hand.
set -eu
. /etc/pair.conf
PATH=$PATH:/snap/bin
DATA=/srv/gitlab
MARKS=/srv/pair
METADATA=http://169.254.169.254/latest
COMPOSE="docker compose -f /etc/pair-compose.yaml"

fail() { echo "$1" >&2; exit 1; }

about_me() {
  token=$(curl -fsS -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $METADATA/api/token)
  curl -fsS -m 5 -H "X-aws-ec2-metadata-token: $token" "$METADATA/meta-data/$1"
}

# The machine that has the address: its id, and its private address.
active() {
  AWS_DEFAULT_REGION=$(about_me placement/region) aws ec2 describe-addresses --output text \
    --filters "Name=tag:provision:stack,Values=$STACK" "Name=tag:provision:address,Values=$ADDRESS" \
    --query 'Addresses[0].[InstanceId,PrivateIpAddress]'
}

# Waits until AWS answers and the address is at a machine: nothing is started in the dark. A new pair gets its address minutes after its boot.
wait_for_active() {
  while :; do
    found=$(active | cut -f 1)
    case "$found" in i-*) echo "$found"; return ;; esac
    sleep 10
  done
}

# A machine that cannot be asked is taken to run.
runs() {
  all=$($COMPOSE ps -q --status running) || return 0
  [ -n "$all" ]
}

# Of `start`, `stop` and the end of `boot` one runs at a time: a start that goes on unseen is waited for, and then stopped.
alone() {
  exec 9>/run/pair.lock
  flock 9
}

is_there() { [ -z "$DEVICE" ] || mountpoint -q /srv; }

# True for a device that can be read and has nothing on it: no file system, no partitions. blkid says 2 where it cannot read, too.
is_blank() {
  code=0
  blkid -p "$DEVICE" >/dev/null || code=$?
  [ $code = 2 ] && [ "$(head -c 4096 "$DEVICE" | wc -c)" = 4096 ]
}

# Waits for the volume, which is attached after the boot, and may have another device then. Only a blank one gets a file system.
find_volume() {
  told=
  until is_there; do
    if found=$(blkid -L pair); then
      mount "$found" /srv
    elif [ -e "$DEVICE" ] && is_blank; then
      mkfs.ext4 -q -L pair "$DEVICE"
    else
      if [ -e "$DEVICE" ] && [ -z "$told" ]; then
        told="$DEVICE has something on it, or cannot be read. If it is the data: e2label $DEVICE pair"
        echo "$told" >&2
      fi
      sleep 10
    fi
  done
}

case "$*" in
boot) ;;
*) is_there || fail 'the volume is not at /srv' ;;
esac

case "$*" in
start)
  alone
  mkdir -p $MARKS $DATA
  rm -f $MARKS/follows $MARKS/stopped
  touch $MARKS/serves
  $COMPOSE up -d --wait --wait-timeout 840
  ;;
stop)
  alone
  mkdir -p $MARKS
  rm -f $MARKS/serves
  touch $MARKS/stopped
  $COMPOSE stop
  if runs; then fail 'it runs still'; fi
  ;;
stop-copy)
  rm -f $MARKS/follows
  systemctl stop pair-copy.service
  ;;
follow)
  # What was written here and not copied is lost.
  if [ -e $MARKS/serves ] || runs; then fail 'this machine serves'; fi
  touch $MARKS/follows
  ;;
lag)
  if runs; then fail 'this machine serves'; fi
  [ -e $MARKS/follows ] || fail 'this machine does not copy'
  [ -e $MARKS/copied ] || fail 'no copy has come to its end yet'
  echo $(($(date +%s) - $(cat $MARKS/copied)))
  ;;
copy)
  [ -e $MARKS/follows ] || exit 0
  if runs; then exit 0; fi
  found=$(active)
  from=$(printf '%s\n' "$found" | cut -f 1)
  case "$from" in
  "$(about_me instance-id)") exit 0 ;;
  i-*) ;;
  *) fail 'the address is at no machine' ;;
  esac
  source=rsync://$(printf '%s\n' "$found" | cut -f 2):873/gitlab
  begun=$(date +%s)
  # One that has no GitLab is never copied: that would delete what is here.
  rsync -q --timeout=120 "$source/config/gitlab-secrets.json" >/dev/null
  rsync -aHAX --numeric-ids --delete --timeout=120 "$source/" $DATA/
  echo "$begun" >$MARKS/copied.new
  mv $MARKS/copied.new $MARKS/copied
  ;;
boot)
  find_volume
  mkdir -p $MARKS $DATA
  found=$(wait_for_active)
  me=$(about_me instance-id)
  # While this waited it may have been stopped.
  alone
  # A machine image has the marks of the machine that it was made of; a volume goes to the next machine with them.
  if [ -z "$DEVICE" ] && [ -e $MARKS/known ] && [ "$(cat $MARKS/known)" != "$me" ]; then rm -f $MARKS/*; fi
  if [ ! -e $MARKS/known ] && [ ! -e $MARKS/stopped ]; then
    # The first boot.
    if [ "$found" = "$me" ]; then touch $MARKS/serves; else touch $MARKS/follows; fi
  fi
  echo "$me" >$MARKS/known
  if [ -e $MARKS/serves ]; then
    # This one stays down if the other one serves since.
    if [ "$found" = "$me" ]; then $COMPOSE up -d; else rm -f $MARKS/serves; fi
  fi
  ;;
*)
  echo 'pair start | stop | stop-copy | follow | lag | copy | boot' >&2
  exit 2
  ;;
esac
