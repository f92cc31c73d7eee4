#!/bin/sh
# Creates Temporal's databases and brings their tables up to date. Again is fine: a newer image of
# admin-tools upgrades them, which has to happen before the newer server starts.
set -eu

prepare() {
  temporal-sql-tool --database "$1" create-database
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-name "$2"
}

prepare temporal postgresql/v12/temporal
prepare temporal_visibility postgresql/v12/visibility
