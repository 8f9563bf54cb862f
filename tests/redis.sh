# Sourced by suites whose programs share a Redis or a Valkey.
#
# start_redis FOLDER   starts one on a free port of loopback, with a password, and exports TEST_REDIS, its `host:port`, and
#                      TEST_REDIS_PASSWORD; its output goes to FOLDER/redis.log. Where redis-server is not installed it exports
#                      TEST_REDIS empty, and the tests that need one are skipped. TEST_REDIS_SERVER names another program.
#                      Fails when it does not get ready.
# stop_redis           ends it
#
# However the script ends, the server ends with it: its shell waits for the end of a pipe that only the script holds, as
# descriptor 8. What the script starts and leaves running must not hold it too: 8>&-.

TEST_REDIS=
TEST_REDIS_PASSWORD=pnpw_redis_of_the_tests
export TEST_REDIS TEST_REDIS_PASSWORD

start_redis() {
  redis_program=$(command -v "${TEST_REDIS_SERVER:-redis-server}") || return 0
  redis_folder=$1
  redis_tries=0
  # One that finds its port taken ends at once. Below the ports that the system gives out by itself.
  while [ "$redis_tries" -lt 20 ]; do
    redis_port=$((20000 + ($$ + redis_tries * 397) % 12000))
    redis_tries=$((redis_tries + 1))
    run_redis && return
    stop_redis
  done
  printf 'The Redis does not start:\n' >&2
  cat "$redis_folder/redis.log" >&2
  return 1
}

run_redis() {
  rm -f "$redis_folder/redis-stdin" "$redis_folder/redis.log"
  mkfifo "$redis_folder/redis-stdin" || return 1
  sh -c '"$@" >"$0" 2>&1 </dev/null & read -r _; kill -9 $! 2>/dev/null; wait $! 2>/dev/null' "$redis_folder/redis.log" \
    "$redis_program" --port "$redis_port" --bind 127.0.0.1 --requirepass "$TEST_REDIS_PASSWORD" --save '' --appendonly no \
    --daemonize no --dir "$redis_folder" <"$redis_folder/redis-stdin" 9>&- &
  redis_pid=$!
  exec 8>"$redis_folder/redis-stdin"
  rm -f "$redis_folder/redis-stdin"
  redis_looks=0
  until grep -q 'Ready to accept connections' "$redis_folder/redis.log" 2>/dev/null; do
    redis_looks=$((redis_looks + 1))
    if [ "$redis_looks" -gt 600 ] || grep -q -e 'Failed listening' -e FATAL "$redis_folder/redis.log" 2>/dev/null; then
      return 1
    fi
    sleep 0.1
  done
  TEST_REDIS=127.0.0.1:$redis_port
}

stop_redis() {
  exec 8>&-
  [ -z "${redis_pid:-}" ] || wait "$redis_pid" 2>/dev/null
  redis_pid=
  TEST_REDIS=
}
