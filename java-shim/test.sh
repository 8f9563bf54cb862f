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

if [ "$skipped" -gt 0 ]; then
  printf 'java: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
else
  printf 'java: %s passed, %s failed\n' "$passed" "$failed"
fi
[ "$failed" -eq 0 ]
