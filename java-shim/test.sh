#!/bin/sh
# The Java suite, on each JDK there is: JAVA_HOME_17 and JAVA_HOME_25 if they are set, otherwise the JDK of `java`.
# PAYNOW_LIB_DIR holds libpaynow_bridge.so, PAYNOW_SANDBOX_BIN is the sandbox. Every JVM runs with -Xcheck:jni, and
# anything that finds fault with fails the suite.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
: "${PAYNOW_LIB_DIR:?says where libpaynow_bridge.so is}"
: "${PAYNOW_SANDBOX_BIN:?says where the sandbox is}"
export PAYNOW_SANDBOX_BIN
lib=$PAYNOW_LIB_DIR/libpaynow_bridge.so
mvn=${MVN:-mvn}
readme=$here/../examples/readme
. "$here/../sandbox/start.sh"
warnings='WARNING in native method|WARNING: JNI|FATAL ERROR in native method|Warning: .*JNI|exceptions when required to call'

passed=0
failed=0
skipped=0

# What a JVM was found to be, such as 17.0.15.
version() { "$1/bin/java" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.version = //p'; }

# Adds up one attribute of all reports.
total() {
  sed -n "s/^<testsuite .* $1=\"\([0-9]*\)\".*/\1/p" "$here"/*/target/surefire-reports/TEST-*.xml 2>/dev/null | awk '{ n += $1 } END { print n + 0 }'
}

run() {
  home=$1
  name=$(version "$home")
  log=$here/target/java-$name.log
  mkdir -p "$here/target"
  # The libraries of other targets, which `make dist` puts there, would be in the way of what is said without them.
  rm -rf "$here"/*/target/surefire-reports "$here/api/target/classes/dev/paynowbridge/natives"
  printf 'JDK %s\n' "$name"
  status=0
  # shellcheck disable=SC2086 # options, if any, are words
  JAVA_HOME=$home "$mvn" -B -ntp -f "$here/pom.xml" ${MVN_OPTIONS:-} verify "-Dpaynow.native=$lib" >"$log" 2>&1 || status=$?
  grep -E '^\[(INFO|ERROR|WARNING)\] .*Tests run:.* (in|--) ' "$log"
  ran=$(total tests)
  wrong=$(($(total errors) + $(total failures)))
  left=$(total skipped)
  passed=$((passed + ran - wrong - left))
  skipped=$((skipped + left))
  failed=$((failed + wrong))
  if [ "$wrong" -gt 0 ] || [ "$status" -ne 0 ] || [ "$ran" -eq 0 ]; then
    grep -vE '^\[INFO\]' "$log"
    [ "$wrong" -gt 0 ] || failed=$((failed + 1))
  fi
  if cat "$log" "$here"/*/target/surefire-reports/*.dump* 2>/dev/null | grep -E -A 12 "$warnings"; then
    printf 'FAIL the JVM warns about a native method (JDK %s)\n' "$name"
    failed=$((failed + 1))
  fi
  readme_example "$home"
  if [ "$left" -gt 0 ]; then
    sed -n 's/.*<testcase name="\([^"]*\)" classname="\([^"]*\)".*/\2.\1/;/testcase\|\.[a-zA-Z]*$/h;/<skipped/{x;s/^/skip /p;}' "$here"/*/target/surefire-reports/TEST-*.xml |
      grep '^skip dev' || true
  fi
}

# A jar built from source has the library where Platform.java looks for it, whatever it is built on: Maven as it would be there,
# except for Windows, where Maven itself calls the system.
names_its_platform() {
  home=$1
  copy=$here/target/platforms
  while read -r wanted file arch system; do
    rm -rf "$copy"
    mkdir -p "$copy/api" && cp "$here/pom.xml" "$copy"
    sed '/^  <dependencies>/,/^  <\/dependencies>/d' "$here/api/pom.xml" >"$copy/api/pom.xml"
    # shellcheck disable=SC2086 # options, if any, are words
    said=$(JAVA_HOME=$home JDK_JAVA_OPTIONS="\"-Dos.name=$system\" -Dos.arch=$arch" "$mvn" -B -ntp -q -f "$copy/api/pom.xml" ${MVN_OPTIONS:-} \
      process-resources "-Dpaynow.native=$lib" 2>&1)
    found=$(cd "$copy/api" && find target/classes -type f 2>/dev/null | LC_ALL=C sort | sed 's|^target/classes/dev/paynowbridge/natives/||' | paste -sd ' ' -)
    if [ "$found" = "$wanted/$file $wanted/$file.sha256" ]; then
      passed=$((passed + 1))
    else
      printf 'FAIL a jar built on %s, %s has %s\n%s\n' "$system" "$arch" "$found" "$said"
      failed=$((failed + 1))
    fi
  done <<SYSTEMS
linux-x86_64 libpaynow_bridge.so amd64 Linux
linux-i686 libpaynow_bridge.so i386 Linux
linux-aarch64 libpaynow_bridge.so aarch64 Linux
macos-x86_64 libpaynow_bridge.dylib x86_64 Mac OS X
macos-aarch64 libpaynow_bridge.dylib aarch64 Mac OS X
SYSTEMS
}

# The first program of docs/java.md, run as it stands against a sandbox of its own.
readme_example() {
  home=$1
  start_sandbox "$PAYNOW_SANDBOX_BIN" "$here/target"
  answer=$("$home/bin/java" -cp "$here/api/target/classes" "$readme/Lookup.java" 2>&1)
  stop_sandbox
  unset PAYNOW_API_BASE PAYNOW_API_KEY PAYNOW_STORE_ID
  case $answer in
    *'Notch is 421621336637440000'*) passed=$((passed + 1)) ;;
    *) printf 'FAIL examples/readme/Lookup.java: %s\n' "$answer"; failed=$((failed + 1)) ;;
  esac
}

if [ -n "${JAVA_HOME_17:-}" ] || [ -n "${JAVA_HOME_25:-}" ]; then
  for home in ${JAVA_HOME_17:+"$JAVA_HOME_17"} ${JAVA_HOME_25:+"$JAVA_HOME_25"}; do
    run "$home"
  done
else
  run "$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p')"
fi
names_its_platform "$home"

if [ "$skipped" -gt 0 ]; then
  printf 'java: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
else
  printf 'java: %s passed, %s failed\n' "$passed" "$failed"
fi
[ "$failed" -eq 0 ]
