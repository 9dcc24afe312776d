#!/usr/bin/env bash
# Compiles the module gpu twice, against our own declarations of TornadoVM's types and against an SDK's, and compares the
# classes, byte by byte. Needs TORNADOVM_HOME. The second is what stays in target/.
set -euo pipefail

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
: "${TORNADOVM_HOME:?set it to a TornadoVM SDK}"
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT

compile() { # from nothing, so that no class of the other is left
  rm -rf "$root/gpu/target/classes" "$root/gpu/target/maven-status"
  (cd "$root" && "$@" -q -DskipTests -Dspotless.check.skip=true -pl gpu -am compile)
}

compile env -u TORNADOVM_HOME "${MVN:-mvn}"
cp -r "$root/gpu/target/classes" "$kept/stub"
compile "${MVN:-mvn}"
diff -r "$kept/stub" "$root/gpu/target/classes"
echo "the same $(find "$root/gpu/target/classes" -name '*.class' | wc -l) classes with and without the SDK"
