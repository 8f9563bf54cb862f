"use strict";
// All values come from requests that anyone on this machine may have made: they are put in as text, and in no other way.

const OPERATIONS = [
  "*", "list_customers", "create_customer", "get_customer", "update_customer", "create_customer_token",
  "invalidate_customer_tokens", "lookup_customer", "bulk_create_customers", "authenticate_customer",
  "get_current_customer", "lookup_giftcard", "other",
];
const EVERY_MS = 1000;
const SHOWN = 50;

const at = (id) => document.getElementById(id);

/** Asks a route of the sandbox. */
async function ask(method, path, body) {
  const options = { method, cache: "no-store", credentials: "omit", redirect: "error" };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch("/_sandbox/" + path, options);
  const text = await answer.text();
  const value = text === "" ? null : JSON.parse(text);
  if (!answer.ok) {
    throw new Error(value !== null && typeof value.message === "string" ? value.message : "status " + answer.status);
  }
  return value;
}

/** A cell with a text in it. */
function cell(text, name) {
  const made = document.createElement("td");
  made.textContent = text;
  if (name !== undefined) {
    made.className = name;
  }
  return made;
}

function row(...cells) {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}

/** Puts rows in place of those that are there. What is the same stays, so that a selection in it stays too. */
function show(table, rows) {
  const body = at(table).tBodies[0];
  const now = rows.map((made) => made.textContent).join("\n");
  if (body.dataset.shown !== now) {
    body.dataset.shown = now;
    body.replaceChildren(...rows);
  }
}

/** A field shows what is so, unless someone is about to change it. */
function fill(id, value) {
  const field = at(id);
  if (document.activeElement === field) {
    return;
  }
  if (field.type === "checkbox") {
    field.checked = value;
  } else {
    field.value = value;
  }
}

// --- showing ---

function become(rule) {
  const actions = [
    [rule.respond, () => rule.respond.status === undefined ? "another answer" : "status " + rule.respond.status],
    [rule.delay_ms !== undefined, () => "an answer " + rule.delay_ms + " ms late"],
    [rule.hang, () => "no answer"],
    [rule.reset, () => "a connection that is reset"],
    [rule.reset_mid_body, () => "half an answer"],
    [rule.close, () => "a connection that is closed"],
    [rule.close_after, () => "an answer, then a close"],
  ];
  const found = actions.find(([is]) => is);
  const words = [found === undefined ? "as usual" : found[1]()];
  if (rule.after_effect) {
    words.push("after the real thing");
  }
  if (rule.target_contains !== undefined) {
    words.push("where the target has " + rule.target_contains);
  }
  if (rule.probability !== undefined) {
    words.push("with a probability of " + rule.probability);
  }
  return words.join(", ");
}

function showFaults(plan) {
  fill("latency", plan.latency_ms);
  fill("jitter", plan.jitter_ms);
  fill("hang", plan.hang);
  fill("trust-steam", plan.trust_steam);
  const limit = plan.rate_limit;
  const editing = ["rate-requests", "rate-per", "rate-after"].includes(document.activeElement.id);
  if (!editing && at("rate-set").dataset.typed !== "yes") {
    fill("rate-requests", limit === undefined ? "" : limit.requests);
    fill("rate-per", limit === undefined ? "" : limit.per_ms);
    fill("rate-after", limit === undefined || limit.retry_after === undefined ? "" : limit.retry_after);
  }
  show("rules", plan.rules.map((rule) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Remove";
    button.addEventListener("click", () => change((now) => {
      // How often it still applies may have changed since it was shown.
      const what = ({ times, ...rest }) => JSON.stringify(rest);
      const place = now.rules.findIndex((other) => what(other) === what(rule));
      if (place === -1) {
        throw new Error("the rule is gone already");
      }
      now.rules.splice(place, 1);
    }));
    const last = document.createElement("td");
    last.append(button);
    const left = rule.times === undefined ? "always" : String(rule.times);
    return row(cell(rule.operation === undefined ? "*" : rule.operation), cell(become(rule)), cell(left), last);
  }));
}

function showRequests(log) {
  show("requests", log.reverse().map((entry) => {
    // Codes of gift cards are money.
    const target = entry.operation === "lookup_giftcard"
      ? entry.target.slice(0, entry.target.lastIndexOf("/") + 1) + "***" : entry.target;
    const made = row(
      cell(String(entry.seq), "number"),
      cell(entry.method + " " + target),
      cell(entry.status === null ? "" : String(entry.status), "status"),
      cell(entry.outcome),
      cell(entry.duration_ms === null ? "" : entry.duration_ms.toFixed(1) + " ms", "number"),
    );
    made.className = entry.status !== null && entry.status < 400 ? "good" : "bad";
    return made;
  }));
}

function showCustomers(customers) {
  show("customers", customers.map((customer) => {
    const profile = customer.profile === undefined || customer.profile === null ? null : customer.profile;
    const accounts = [
      ["Steam", customer.steam_id], ["UUID", customer.minecraft_uuid], ["XUID", customer.xbox_xuid],
    ].filter(([, id]) => id !== undefined && id !== null).map(([kind, id]) => kind + " " + id);
    const kind = customer.minecraft_platform === undefined
      ? (customer.steam_id === undefined ? "a name" : "Steam") : customer.minecraft_platform;
    const names = [profile === null ? null : profile.name, customer.name].filter((name) => name !== null);
    const metadata = Object.entries(customer.metadata).map(([name, value]) => name + "=" + value);
    return row(
      cell(customer.id, "number"), cell([...new Set(names)].join(" / ")), cell(kind), cell(accounts.join(", ")),
      cell(metadata.join(", ")),
    );
  }));
}

function showTokens(tokens) {
  show("tokens", tokens.map((token) => row(cell(token.customer_id, "number"), cell(token.token, "number"))));
}

async function refresh() {
  try {
    const search = encodeURIComponent(at("search").value);
    const [stats, plan, log, customers, tokens] = await Promise.all([
      ask("GET", "stats"), ask("GET", "faults"), ask("GET", "log?limit=" + SHOWN),
      ask("GET", "customers?limit=" + SHOWN + "&search=" + search), ask("GET", "tokens?limit=" + SHOWN),
    ]);
    at("state").className = "";
    at("state").textContent = location.origin + ": " + stats.requests + " requests, " + stats.connections_open
      + " connections, " + stats.customers + " customers, " + stats.tokens_live + " tokens";
    showFaults(plan);
    showRequests(log);
    showCustomers(customers);
    showTokens(tokens);
  } catch (error) {
    at("state").className = "away";
    at("state").textContent = "The sandbox does not answer: " + error.message;
  }
}

// --- switching ---

/** Does something, says why when it was refused, and shows what is so now. */
async function attempt(what) {
  try {
    await what();
    at("said").textContent = "";
  } catch (error) {
    at("said").textContent = "Refused: " + error.message;
  }
  await refresh();
}

/** Changes the plan that is in force now, which another program may have changed meanwhile. */
function change(how) {
  return attempt(async () => {
    const plan = await ask("GET", "faults");
    how(plan);
    await ask("PUT", "faults", plan);
  });
}

/** A whole number from a field; undefined when it is empty. */
function number(id) {
  const field = at(id);
  if (field.value === "" && !field.validity.badInput) {
    return undefined;
  }
  if (!field.checkValidity()) {
    throw new Error(field.validationMessage);
  }
  return Number(field.value);
}

function rule() {
  const made = { operation: at("rule-operation").value };
  const action = at("rule-action").value;
  if (action === "reset" || action === "close" || action === "hang") {
    made[action] = true;
  } else if (action === "half") {
    made.reset_mid_body = true;
  } else if (action === "delay") {
    made.delay_ms = 2000;
  } else {
    const status = Number(action);
    const body = JSON.stringify({ status, code: "sandbox", message: "the sandbox was told to" });
    made.respond = { status, body };
  }
  const times = number("rule-times");
  if (times !== undefined) {
    made.times = times;
  }
  if (at("rule-after-effect").checked) {
    made.after_effect = true;
  }
  return made;
}

function limit() {
  const requests = number("rate-requests");
  if (requests === undefined) {
    return undefined;
  }
  const per = number("rate-per");
  const made = { requests, per_ms: per === undefined ? 1000 : per };
  if (at("rate-after").value !== "") {
    made.retry_after = at("rate-after").value;
  }
  return made;
}

function start() {
  for (const operation of OPERATIONS) {
    const option = document.createElement("option");
    option.value = operation;
    option.textContent = operation === "*" ? "any" : operation;
    at("rule-operation").append(option);
  }
  const on = (id, event, what) => at(id).addEventListener(event, what);
  on("latency", "change", () => change((plan) => { plan.latency_ms = number("latency") ?? 0; }));
  on("jitter", "change", () => change((plan) => { plan.jitter_ms = number("jitter") ?? 0; }));
  on("hang", "change", () => change((plan) => { plan.hang = at("hang").checked; }));
  on("trust-steam", "change", () => change((plan) => { plan.trust_steam = at("trust-steam").checked; }));
  for (const id of ["rate-requests", "rate-per", "rate-after"]) {
    on(id, "input", () => { at("rate-set").dataset.typed = "yes"; });
  }
  on("rate-set", "click", () => change((plan) => {
    plan.rate_limit = limit();
    at("rate-set").dataset.typed = "no";
  }));
  on("rule-add", "click", () => change((plan) => { plan.rules.push(rule()); }));
  on("hang-for", "click", () => attempt(() => ask("POST", "hang", { for_ms: 3000 })));
  on("clear", "click", () => attempt(() => ask("DELETE", "faults")));
  on("reset", "click", () => attempt(() => ask("POST", "reset", {})));
  on("search", "input", refresh);
  const tick = async () => {
    if (!document.hidden) {
      await refresh();
    }
    setTimeout(tick, EVERY_MS);
  };
  tick();
}

start();
