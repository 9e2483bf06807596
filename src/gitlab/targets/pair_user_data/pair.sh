#!/bin/sh
# The part of this machine in the pair. `pair boot` and `pair copy` are run by systemd, the others by `provision failover` or by hand.
set -eu
. /etc/pair.conf
DATA=/srv/gitlab
MARKS=/srv/pair
METADATA=http://169.254.169.254/latest
COMPOSE="docker compose -f /etc/pair-compose.yaml"

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

# Waits until AWS says which machine has the address: nothing is started in the dark. A new machine boots before it gets the address.
wait_for_active() {
  until found=$(active) && case $found in i-*) ;; *) false ;; esac; do sleep 10; done
  printf '%s\n' "$found" | cut -f 1
}

# The volume comes after the machine has booted. Without it nothing is started: an empty GitLab would be what the other one copies.
there() { [ -z "$DEVICE" ] || mountpoint -q /srv; }

wait_for_volume() {
  until there; do
    if [ -b "$DEVICE" ]; then
      # 2: there is nothing on it.
      blkid -p "$DEVICE" >/dev/null || [ $? -ne 2 ] || mkfs.ext4 -q -L pair "$DEVICE"
      mount "$DEVICE" /srv || true
    fi
    there || sleep 10
  done
}

runs() { [ -n "$($COMPOSE ps -q --status running 2>/dev/null)" ]; }

case "$*" in
start)
  there || { echo "$DEVICE is not mounted" >&2; exit 1; }
  rm -f $MARKS/follows
  touch $MARKS/serves $MARKS/has-served $DATA/.pair
  $COMPOSE up -d --wait --wait-timeout 840
  ;;
stop)
  rm -f $MARKS/serves
  touch $MARKS/stopped
  $COMPOSE stop
  ! runs
  ;;
stop-copy)
  rm -f $MARKS/follows
  systemctl stop pair-copy.service
  ;;
follow)
  # What was written here and not copied is lost.
  if [ -e $MARKS/serves ] || runs; then echo 'this machine serves' >&2; exit 1; fi
  touch $MARKS/follows
  ;;
lag)
  if runs; then echo 'this machine serves' >&2; exit 1; fi
  [ -e $MARKS/follows ] || { echo 'this machine does not copy' >&2; exit 1; }
  echo $(($(date +%s) - $(cat $MARKS/copied)))
  ;;
copy)
  [ -e $MARKS/follows ] || exit 0
  if runs; then exit 0; fi
  found=$(active)
  source=$(printf '%s\n' "$found" | cut -f 2)
  [ "$(printf '%s\n' "$found" | cut -f 1)" != "$(about_me instance-id)" ] || exit 0
  # A machine without its volume has nothing to copy, and what is here would be deleted.
  there
  rsync --timeout=120 "rsync://$source:873/gitlab/.pair" >/dev/null
  begun=$(date +%s)
  rsync -aHAX --numeric-ids --delete --timeout=120 "rsync://$source:873/gitlab/" $DATA/
  echo "$begun" > $MARKS/copied.new
  mv $MARKS/copied.new $MARKS/copied
  ;;
boot)
  wait_for_volume
  mkdir -p $MARKS $DATA
  found=$(wait_for_active)
  me=$(about_me instance-id)
  if [ -e $MARKS/serves ]; then
    # The other one serves since: this one stays down.
    if [ "$found" = "$me" ]; then $COMPOSE up -d; else rm -f $MARKS/serves; fi
  elif [ "$(cat $MARKS/known 2>/dev/null)" != "$me" ] && [ ! -e $MARKS/has-served ]; then
    # The first boot, perhaps of an image or on the volume of another machine. What served before may have what was not copied.
    if [ "$found" = "$me" ]; then "$0" start; else touch $MARKS/follows; fi
  fi
  echo "$me" > $MARKS/known
  ;;
*)
  echo 'pair start | stop | stop-copy | follow | lag | copy | boot' >&2
  exit 2
  ;;
esac
