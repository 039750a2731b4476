#!/usr/bin/env bash
# Makes etcd_pb.ts from ../etcd.proto. Needs npm; only whoever changes the .proto runs it (`deno task etcd-proto`), its result is committed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @bufbuild/buf@1.75.0 @bufbuild/protoc-gen-es@2.17.0 @bufbuild/protobuf@2.17.0
mkdir proto
cp "$here/../etcd.proto" proto/
cat >buf.gen.yaml <<END
version: v2
plugins:
  - local: ./node_modules/.bin/protoc-gen-es
    out: $here
    opt: [target=ts, import_extension=ts]
END
npx buf generate proto
