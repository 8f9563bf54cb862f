-- What a server's Lua would do with the module. gmod_host.cpp calls the functions, `tick` once a frame.

local hooks = {}
local errors = {}
local answers = {}
local expected = 0

hook = { Add = function(event, name, run) hooks[event .. "." .. name] = run end }
function ErrorNoHalt(...) errors[#errors + 1] = table.concat({ ... }) end
function MsgN() end

function tick()
  local think = hooks["Think.paynow"]
  -- As the game calls hooks.
  local fine, problem = pcall(think)
  if not fine then errors[#errors + 1] = problem end
  return fine
end

local function expect(name)
  expected = expected + 1
  return function(answer, err)
    if answers[name] then errors[#errors + 1] = name .. " came twice" end
    answers[name] = { answer = answer, err = err }
  end
end

local function message(_, problem) return tostring(problem) end

function load()
  check(ffi == nil and not pcall(function() return ffi.C end), "there-is-no-ffi")
  require("paynow")
  check(type(paynow) == "table", "the-module-is-there")
  local accepted, why = paynow.lookup_customer({ name = "x" }, function() end)
  check(accepted == nil and why:find("paynow.start", 1, true), "before-start-nothing-is-accepted", why)
  accepted, why = paynow.start({ store_id = 411486491630370816 })
  check(accepted == nil and why:find("store_id must be a string", 1, true), "a-number-is-no-id", why)
  accepted, why = paynow.start({ store_id = "one" })
  check(accepted == nil and why ~= "", "a-wrong-store-is-refused", why)
  accepted, why = paynow.start()
  check(accepted == true, "starts", why)
  accepted, why = paynow.start()
  check(accepted == nil and why:find("already", 1, true), "starts-once", why)
end

function ask()
  local steam = { steam_id = "76561198012345678" }
  check(paynow.lookup_customer(steam, expect("known")), "lookup-is-accepted")
  check(paynow.lookup_customer({ steam_id = "76561198000000017" }, expect("unknown")), "lookup-of-a-stranger-is-accepted")
  check(paynow.lookup_customer({ name = "Grünes Bäumchen" }, expect("utf8")), "lookup-by-name-is-accepted")
  check(paynow.ensure_customer({ steam_id = "76561198000000099" }, expect("ensured")), "ensure-is-accepted")
  check(paynow.token_for(steam, expect("token")), "token-is-accepted")
  check(paynow.create_customer_token("421621336637440000", expect("minted")), "mint-is-accepted")
  check(paynow.lookup_giftcard("no-such-token", "GIFT-2500-ALEX", expect("refused")), "card-is-accepted")
  check(paynow.request({ method = "GET", path = "/v1/stores/{store_id}/customers/421621336637440000" }, expect("raw")),
    "request-is-accepted")

  check(message(paynow.lookup_customer({}, function() end)) ~= "nil", "no-key-is-refused")
  check(message(paynow.lookup_customer({ steam_id = 76561198012345678 }, function() end)):find("must be a string", 1, true),
    "a-number-is-no-steam-id")
  check(message(paynow.lookup_customer(steam)):find("function", 1, true), "no-callback-is-refused")
  check(message(paynow.lookup_customer("x", function() end)):find("table", 1, true), "no-table-is-refused")
  check(message(paynow.lookup_giftcard(nil, "x", function() end)):find("customer_token", 1, true), "no-token-is-refused")
  check(message(paynow.request({ method = "BREW", path = "/x" }, function() end)) ~= "nil", "no-method-is-refused")
end

function all_answered()
  local count = 0
  for _ in pairs(answers) do count = count + 1 end
  return count == expected
end

function judge()
  local known = answers.known.answer
  check(known.found and known.customer.id == "424710168903683004", "known-is-found", known.customer and known.customer.id)
  check(known.customer.steam_id == "76561198012345678", "ids-keep-their-digits", known.customer.steam_id)
  check(answers.unknown.answer.found == false and answers.unknown.answer.customer == nil, "unknown-is-not")
  check(answers.utf8.answer.customer.id == "444946272223232820", "names-keep-their-letters")
  check(answers.ensured.answer.customer.steam_id == "76561198000000099", "unknown-is-created")
  check(answers.token.answer.customer ~= nil and #answers.token.answer.token > 20, "token-for-a-player")
  check(#answers.minted.answer.token > 20, "token-for-a-customer")
  local refused = answers.refused
  check(refused.answer == nil and refused.err.http_status == 401 and refused.err.message ~= "", "errors-say-why")
  check(answers.raw.answer.json:find("069a79f4", 1, true), "raw-answers-are-text")
  check(#errors == 0, "no-errors", errors[1])
  local status = paynow.status()
  check(status.outstanding == 0 and status.submitted == expected, "status", "outstanding " .. status.outstanding)

  -- The token just minted: a card is looked up with it, from inside a callback and a coroutine.
  answers, expected = {}, 0
  local card = expect("card")
  local token
  paynow.create_customer_token("421621336637440000", function(answer)
    token = answer.token
    coroutine.wrap(function() check(paynow.lookup_giftcard(token, "GIFT-1275-MIRA", card), "asks-in-a-coroutine") end)()
  end)
end

local kept = setmetatable({}, { __mode = "v" })
function break_a_callback()
  local broken = expect("after the error")
  kept[1] = broken
  paynow.lookup_customer({ steam_id = "76561198012345678" }, function() error("on purpose") end)
  paynow.lookup_customer({ steam_id = "76561198012345678" }, broken)
end

function broken_is_over()
  if not all_answered() or #errors == 0 then return false end
  collectgarbage()
  check(kept[1] == nil, "callbacks-are-let-go")
  check(answers.card.answer.giftcard.balance == 1275, "cards-have-balances")
  check(#errors == 1 and errors[1]:find("on purpose", 1, true), "the-error-is-shown", errors[1])
  return true
end

local lost
function break_a_tick()
  errors, answers, expected, lost = {}, {}, 0, true
  -- What pushing a text raises half-way through an answer leaves the tick through the module's frames.
  paynow.lookup_customer({ steam_id = "76561198012345678" }, function() lost = false end)
  fail_at_push(3)
end

local asked_again
function tick_is_fixed()
  if #errors == 0 then return false end
  if not asked_again then
    check(lost and errors[1]:find("not enough memory", 1, true), "the-tick-did-fail", errors[1])
    paynow.lookup_customer({ steam_id = "76561198012345678" }, expect("after the failed tick"))
    asked_again = true
  end
  -- What was being handed over when the error came is given back, too.
  return all_answered() and paynow.status().outstanding == 0
end

local stopped
function stop_inside()
  paynow.lookup_customer({ steam_id = "76561198012345678" }, function() paynow.stop(); stopped = true end)
  paynow.lookup_customer({ steam_id = "76561198000000018" }, function() end)
end

function is_stopped()
  if not stopped then return false end
  check(paynow.status() == nil, "stopped-has-no-status")
  return true
end

local landed = 0
function fly()
  check(paynow.start(), "starts-again")
  for number = 1, 50 do
    paynow.lookup_customer({ name = "stranger " .. number }, function() landed = landed + 1 end)
  end
end

function nothing_landed() return landed == 0 end
