"""A server in Python: looks a customer up, asks for eight more that are never answered, and is stopped."""

import ctypes
import os
import signal
import sys
import time

import paynow

if sys.argv[1:] == ["sizes"]:
    for name in ("client_config", "lookup_query", "call", "completion_info", "profile", "customer"):
        struct = getattr(paynow, name.title().replace("_", ""))
        print(f"paynow_{name} {ctypes.sizeof(struct)}")
    sys.exit()

stopped = False
ended = 0


def stop(_signal, _frame):
    global stopped
    stopped = True


def looked_up(status, customer_id, message):
    print(f"paynow: Notch is customer {customer_id}" if status == paynow.OK else f"paynow: {message}", flush=True)
    for number in range(8):
        bridge.lookup_customer(unanswered, minecraft_java_name=f"hang_{number}", deadline_ms=60_000)
    print("paynow: asked for 8 more", flush=True)


def unanswered(status, _customer_id, _message):
    global ended
    ended += status == paynow.SHUTDOWN


signal.signal(signal.SIGTERM, stop)
bridge = paynow.Bridge(
    os.environ["PAYNOW_LIBRARY"],
    store_id=os.environ["PAYNOW_STORE_ID"],
    api_base=os.environ["PAYNOW_API_BASE"],
    api_key_env="PAYNOW_API_KEY",
)
bridge.lookup_customer(looked_up, minecraft_java_name="Notch")
while not stopped:
    bridge.poll()
    time.sleep(0.02)  # the rest of the tick
bridge.close()
print(f"paynow: {ended} of 8 ended with the shutdown", flush=True)
