# Sourced by scripts that need a sandbox of their own.
#
# start_sandbox PROGRAM FOLDER   starts it on a free port and exports PAYNOW_API_BASE, PAYNOW_API_KEY and PAYNOW_STORE_ID; its
#                                output goes to FOLDER/sandbox.log. Fails when it does not get ready.
# stop_sandbox                   ends it
#
# However the script ends, the sandbox ends with it: its standard input is a pipe that only the script holds, as descriptor 9.
# What the script starts and leaves running must not hold it too: 9>&-.

start_sandbox() {
  sandbox_folder=$2
  rm -f "$sandbox_folder/ready.json" "$sandbox_folder/sandbox-stdin"
  mkfifo "$sandbox_folder/sandbox-stdin" || return 1
  "$1" --listen 127.0.0.1:0 --ready-file "$sandbox_folder/ready.json" --exit-with-stdin --quiet \
    <"$sandbox_folder/sandbox-stdin" >"$sandbox_folder/sandbox.log" 2>&1 &
  sandbox_pid=$!
  exec 9>"$sandbox_folder/sandbox-stdin"
  rm -f "$sandbox_folder/sandbox-stdin"
  sandbox_tries=0
  until [ -s "$sandbox_folder/ready.json" ]; do
    sandbox_tries=$((sandbox_tries + 1))
    if [ "$sandbox_tries" -gt 600 ] || ! kill -0 "$sandbox_pid" 2>/dev/null; then
      printf 'The sandbox does not start:\n' >&2
      cat "$sandbox_folder/sandbox.log" >&2
      return 1
    fi
    sleep 0.1
  done
  PAYNOW_API_BASE=$(sandbox_says base)
  PAYNOW_API_KEY=$(sandbox_says api_key)
  PAYNOW_STORE_ID=$(sandbox_says store_id)
  export PAYNOW_API_BASE PAYNOW_API_KEY PAYNOW_STORE_ID
  # There is a key in it.
  rm -f "$sandbox_folder/ready.json"
}

sandbox_says() { sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p' "$sandbox_folder/ready.json"; }

stop_sandbox() {
  exec 9>&-
  wait "$sandbox_pid" 2>/dev/null
}
