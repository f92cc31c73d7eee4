#!/bin/sh
# Creates the namespace, and waits until the server knows it. Again is fine.
set -eu

tries=60
until temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --retention "$RETENTION" -n "$TEMPORAL_NAMESPACE"; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || exit 1
  sleep 1
done
# Each server reads the list of namespaces anew every few seconds only.
until temporal workflow list --limit 1 >/dev/null 2>&1; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || exit 1
  sleep 1
done
echo "namespace $TEMPORAL_NAMESPACE is ready"
