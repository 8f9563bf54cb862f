"""The sandbox's page in a real browser.

  browser.py CHROMIUM SANDBOX     drives it through the browser's debugging pipe; the last line says what passed

The browser writes and reads JSON, ended by a zero byte, on descriptors 3 and 4: no port that others can reach, and no library.
"""

import http.server
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

chromium, sandbox = sys.argv[1:]
PATIENCE = 60
passed = 0


def ok(name):
    global passed
    passed += 1
    print(f"ok {name}", flush=True)


class Browser:
    def __init__(self, folder):
        # Descriptors 3 and 4 are the browser's; nothing that starts it may have one of them.
        while os.open(os.devnull, os.O_RDONLY) < 4:
            pass
        to_browser, self.out = os.pipe()
        self.into, from_browser = os.pipe()
        arguments = [
            chromium, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={folder}/profile", "--no-first-run",
            "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-proxy-server", "--host-resolver-rules=MAP rebound.example 127.0.0.1",
        ]
        if os.getuid() == 0:
            arguments.append("--no-sandbox")

        def move():
            os.dup2(to_browser, 3)
            os.dup2(from_browser, 4)

        self.process = subprocess.Popen(
            [*arguments, "about:blank"], preexec_fn=move, pass_fds=(3, 4), stdout=subprocess.DEVNULL,
            stderr=open(f"{folder}/browser.log", "w"), env={**os.environ, "HOME": str(folder)})
        os.close(to_browser)
        os.close(from_browser)
        self.number = 0
        self.rest = b""
        self.events = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def message(self):
        give_up = time.monotonic() + PATIENCE
        while b"\0" not in self.rest:
            left = give_up - time.monotonic()
            if left <= 0 or not select.select([self.into], [], [], left)[0]:
                raise AssertionError("the browser says nothing any more")
            read = os.read(self.into, 1 << 16)
            if not read:
                raise AssertionError("the browser ended")
            self.rest += read
        text, _, self.rest = self.rest.partition(b"\0")
        return json.loads(text)

    def ask(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if hasattr(self, "session"):
            request["sessionId"] = self.session
        os.write(self.out, json.dumps(request).encode() + b"\0")
        while True:
            said = self.message()
            if said.get("id") == self.number:
                if "error" in said:
                    raise AssertionError(f"{method}: {said['error']}")
                return said["result"]
            self.events.append(said)

    def run(self, script):
        said = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in said:
            raise AssertionError(f"{script}: {said['exceptionDetails']}")
        return said["result"].get("value")

    def open(self, address):
        self.events.clear()
        self.ask("Page.navigate", url=address)
        self.until("it is loaded", "document.readyState === 'complete' && location.href !== 'about:blank'")

    def until(self, what, script):
        """Asking is the waiting; the limit only ends a test that would fail anyway."""
        give_up = time.monotonic() + PATIENCE
        while not self.run(script):
            if time.monotonic() > give_up:
                raise AssertionError(f"never: {what}: {self.run('document.body.innerText')}")
            time.sleep(0.02)

    def errors(self):
        """What a person would find in the browser's console."""
        self.run("0")
        found = []
        for event in self.events:
            if event["method"] == "Runtime.exceptionThrown":
                found.append(event["params"]["exceptionDetails"]["text"])
            elif event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] in ("warning", "error"):
                found.append(event["params"]["entry"]["text"])
        return found

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Api:
    def __init__(self, ready):
        said = json.loads(ready)
        self.base, self.store, self.key = said["base"], said["store_id"], said["api_key"]

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None or method == "POST" and path.startswith("/_") else {}
        if not path.startswith("/_"):
            headers["Authorization"] = f"APIKey {self.key}"
            path = path if path.startswith("/v1/") else f"/v1/stores/{self.store}/customers{path}"
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def plan(self):
        return self.ask("GET", "/_sandbox/faults")[1]


EVIL = """<!doctype html><title>evil</title><body><script>
const base = %s;
const attempts = [
  () => fetch(base + "/_sandbox/faults", {method: "PUT", body: '{"hang":true}'}),
  () => fetch(base + "/_sandbox/faults", {method: "PUT", body: '{"hang":true}', headers: {"Content-Type": "application/json"}}),
  () => fetch(base + "/_sandbox/reset", {method: "POST", mode: "no-cors", body: "{}", headers: {"Content-Type": "text/plain"}}),
  () => fetch(base + "/_sandbox/hang", {method: "POST", mode: "no-cors", body: '{"for_ms":3600000}'}),
  () => fetch(base + "/_sandbox/tokens").then((answer) => answer.text()),
  () => fetch(base + "/_sandbox/log").then((answer) => answer.text()),
  () => fetch(base + "/v1/stores/411486491630370816/customers"),
];
window.read = [];
(async () => {
  for (const attempt of attempts) {
    try {
      const got = await attempt();
      window.read.push(typeof got === "string" ? got : got.type);
    } catch (error) {
      window.read.push("refused");
    }
  }
  const form = document.createElement("form");
  form.method = "POST"; form.action = base + "/_sandbox/reset"; form.target = "frame"; form.enctype = "text/plain";
  const frame = document.createElement("iframe");
  frame.name = "frame"; frame.src = base + "/";
  const script = document.createElement("script");
  script.src = base + "/_sandbox/page.js";
  script.onload = () => { window.script = "loaded"; };
  script.onerror = () => { window.script = "refused"; };
  document.body.append(frame, form, script);
  form.submit();
  frame.onload = () => {
    try { window.framed = frame.contentDocument === null ? "closed" : frame.contentDocument.title; }
    catch (error) { window.framed = "closed"; }
  };
})();
</script>"""


def evil_server(base):
    text = (EVIL % json.dumps(base)).encode()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def value(identity, text):
    """Types into a field and leaves it."""
    return (f"(() => {{ const field = document.getElementById({json.dumps(identity)}); field.focus(); field.value = {json.dumps(text)};"
            "field.dispatchEvent(new Event('input', {bubbles: true})); field.dispatchEvent(new Event('change', {bubbles: true}));"
            "field.blur(); })()")


def click(identity):
    return f"document.getElementById({json.dumps(identity)}).click()"


def has(identity, text):
    return f"document.getElementById({json.dumps(identity)}).textContent.includes({json.dumps(text)})"


def wait_for(what, is_so):
    give_up = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < give_up, f"never: {what}"
        time.sleep(0.02)


def story(browser, api):
    browser.open(api.base + "/")
    browser.until("the customers of the start", has("customers", "Grünes Bäumchen"))
    browser.until("how many there are", has("state", "24 customers"))
    ok("it shows what the store holds")

    assert api.ask("GET", "/lookup?minecraft_java_name=Notch")[0] == 200
    browser.until("a request that was made meanwhile", has("requests", "lookup?minecraft_java_name=Notch"))
    _, minted = api.ask("POST", "/421621336637440000/tokens")
    token = minted["token"]
    browser.until("the token, masked", has("tokens", "pnct_…" + token[-4:]))
    assert token[5:17] not in browser.run("document.documentElement.outerHTML"), "the token is in the page"
    api.ask("GET", "/v1/store/customer/giftcards/lookup/GIFT-2500-ALEX")
    browser.until("the request without the code", has("requests", "/giftcards/lookup/***"))
    assert "GIFT-2500" not in browser.run("document.documentElement.outerHTML"), "the code is in the page"
    ok("it shows requests live, and masks tokens and the codes of gift cards")

    hostile = "<img src=x onerror='window.owned=1'><script>window.owned=1</script>"
    status, made = api.ask("POST", "", {"name": hostile, "metadata": {"<b>k": "<svg onload=window.owned=1>"}})
    assert status == 200, made
    browser.until("the name as it is", has("customers", hostile))
    assert browser.run("document.querySelectorAll('main img, main script, main svg, main b').length") == 0
    assert browser.run("window.owned === undefined")
    ok("what others wrote stays text")

    browser.run(value("latency", "7"))
    wait_for("the latency is in force", lambda: api.plan()["latency_ms"] == 7)
    browser.run(value("latency", "-5"))
    browser.until("why it was refused", "document.getElementById('said').textContent.startsWith('Refused: ')")
    assert api.plan()["latency_ms"] == 7
    browser.run(value("latency", "0"))
    wait_for("no latency", lambda: api.plan()["latency_ms"] == 0)
    browser.run("document.getElementById('rule-operation').value = 'lookup_customer'")
    browser.run("document.getElementById('rule-action').value = '503'")
    browser.run(value("rule-times", "2"))
    browser.run(click("rule-add"))
    browser.until("the rule is shown", has("rules", "status 503"))
    assert api.ask("GET", "/lookup?name=x")[0] == 503
    browser.until("one time is left", "document.querySelector('#rules tbody tr td:nth-child(3)').textContent === '1'")
    browser.run("document.querySelector('#rules button').click()")
    browser.until("it is gone", "document.querySelectorAll('#rules tbody tr').length === 0")
    assert api.ask("GET", "/lookup?name=x")[0] == 404
    ok("latency and rules are switched")

    browser.run(value("rate-requests", "1"))
    browser.run(value("rate-per", "60000"))
    browser.run(click("rate-set"))
    wait_for("a limit", lambda: api.plan().get("rate_limit") == {"requests": 1, "per_ms": 60000})
    assert [api.ask("GET", "/lookup?name=x")[0] for _ in range(2)] == [404, 429]
    browser.run(click("trust-steam"))
    wait_for("Steam ids are not enough", lambda: api.plan()["trust_steam"] is False)
    browser.run(click("hang"))
    wait_for("it hangs", lambda: api.plan()["hang"] is True)
    browser.until("the page goes on all the same", has("state", "requests"))
    api.ask("PUT", "/_sandbox/faults", {"jitter_ms": 3})
    browser.until("what another program switched", "document.getElementById('jitter').value === '3' && !document.getElementById('hang').checked")
    browser.run(click("clear"))
    wait_for("no faults", lambda: api.plan() == {"latency_ms": 0, "jitter_ms": 0, "hang": False, "trust_steam": True, "rules": []})
    browser.run(value("search", "ember"))
    browser.until("only what is searched for", "document.querySelectorAll('#customers tbody tr').length === 1")
    browser.run(value("search", ""))
    browser.run(click("reset"))
    browser.until("as it was at the start", has("state", "24 customers, 0 tokens"))
    ok("every other switch does what it says")

    errors = [error for error in browser.errors() if "400 (Bad Request)" not in error]
    assert errors == [], errors
    ok("the console is empty, so nothing broke the page's policy")

    api.ask("POST", "/421621336637440000/tokens")
    before = (api.plan(), api.ask("GET", "/_sandbox/stats")[1]["tokens_live"])
    browser.open(evil_server(api.base))
    browser.until("all was tried", "window.read.length === 7 && window.script !== undefined && window.framed !== undefined")
    read = browser.run("window.read")
    assert all(got in ("refused", "opaque") for got in read), read
    assert browser.run("window.script") == "refused" and browser.run("window.framed") == "closed"
    assert (api.plan(), api.ask("GET", "/_sandbox/stats")[1]["tokens_live"]) == before
    ok("another page neither reads nor changes anything, nor shows the page in a frame")

    port = api.base.rsplit(":", 1)[1]
    browser.open(f"http://rebound.example:{port}/")
    assert "neither localhost nor a loopback address" in browser.run("document.body.innerText")
    answered = browser.run("fetch('/_sandbox/faults', {method: 'PUT', body: '{\"hang\":true}'}).then((answer) => answer.status)")
    assert answered == 403, answered
    assert api.plan() == before[0]
    ok("a name of another that stands for this machine gets nothing")


with tempfile.TemporaryDirectory(prefix="sandbox-browser-") as folder:
    ready = pathlib.Path(folder, "ready.json")
    server = subprocess.Popen(
        [sandbox, "--listen", "127.0.0.1:0", "--quiet", "--exit-with-stdin", "--ready-file", ready], stdin=subprocess.PIPE)
    browser = None
    try:
        wait_for("the sandbox is ready", ready.exists)
        browser = Browser(folder)
        story(browser, Api(ready.read_text()))
    except BaseException:
        log = pathlib.Path(folder, "browser.log")
        if log.exists():
            print(log.read_text()[-2000:])
        raise
    finally:
        if browser is not None:
            browser.end()
        server.stdin.close()
        server.wait()
print(f"browser: {passed} passed, 0 failed")
