#!/usr/bin/env bash
# `npm run test:deploy`: what the tools of Compose, Kubernetes and systemd say about our files. Needs Go,
# Python with pip, systemd and the registries, so it is no part of `npm test`. The last line is
# 'N passed, N failed'.
set -uo pipefail
cd "$(dirname "$0")/../.."

COMPOSE=github.com/compose-spec/compose-go/v2/cmd@v2.16.2
KUBECONFORM=github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
KUSTOMIZE=sigs.k8s.io/kustomize/kustomize/v5@v5.6.0
KUBERNETES=1.37.0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

check() {
  echo "== $1"
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# The library of `docker compose`, which knows each field. Its own command passes it no variables.
compose() {
  go run "$COMPOSE" -no-interpolation "$1" >/dev/null
}

# The schemas come with a package, whose references to each other are addresses.
schemas() {
  python3 -m pip download --quiet --no-deps --dest "$work" "kubernetes-validate==$KUBERNETES" &&
    python3 - "$work" "v$KUBERNETES-local-strict" <<'PYTHON'
import glob, json, os, sys, zipfile

work, version = sys.argv[1:]
with zipfile.ZipFile(glob.glob(f"{work}/*.whl")[0]) as wheel:
    for name in wheel.namelist():
        if f"/{version}/" in name:
            schema = json.loads(wheel.read(name))
            schema.pop("$id", None)
            with open(os.path.join(work, os.path.basename(name)), "w") as file:
                file.write(json.dumps(schema).replace("/api/_definitions.json", "_definitions.json"))
PYTHON
}

kubernetes() {
  schemas &&
    go run "$KUSTOMIZE" build deploy/kubernetes >"$work/applied.yaml" &&
    go run "$KUBECONFORM" -strict -summary -schema-location "$work/{{.ResourceKind}}{{.KindSuffix}}.json" \
      "$work/applied.yaml" deploy/kubernetes/secret.example.yaml
}

check 'docker-compose.yml' compose docker-compose.yml
check 'docker-compose.dev.yml' compose docker-compose.dev.yml
check 'deploy/kubernetes' kubernetes
check 'deploy/systemd' systemd-analyze verify deploy/systemd/*.service

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
