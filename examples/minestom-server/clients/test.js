'use strict'
// Real clients play on the real server, and the sandbox says what it was asked meanwhile.

const assert = require('node:assert/strict')
const { Bot } = require('./bot')
const { GameServer } = require('./game_server')
const { PLAYERS } = require('./players')
const sandbox = require('./sandbox')
const { poll } = require('./wait')

const TICKS_A_SECOND = 20
const GIFT_CARDS_A_MINUTE = 5
/** What the JVM says under -Xcheck:jni when a native method misbehaves. */
const WARNINGS = /WARNING in native method|WARNING: JNI|FATAL ERROR in native method|Warning: .*JNI|exceptions when required to call|restricted method/
const TOKEN = /pnct_[\w-]{6,}/

let passed = 0
let failed = 0

async function check (name, test) {
  try {
    await test()
    passed++
    console.log(`ok ${name}`)
  } catch (error) {
    failed++
    console.log(`FAIL ${name}: ${error.message}`)
  }
}

/** What the sandbox was asked of one operation. */
async function asked (operation) {
  return (await sandbox.log()).filter((entry) => entry.operation === operation)
}

const counted = async (operation) => (await sandbox.stats()).by_operation[operation]

function revokeTokens (customer) {
  const { PAYNOW_API_BASE: base, PAYNOW_API_KEY: key, PAYNOW_STORE_ID: store } = process.env
  return fetch(`${base}/v1/stores/${store}/customers/${customer}/tokens`, {
    method: 'DELETE', headers: { authorization: `APIKey ${key}` }
  })
}

async function main () {
  const server = await GameServer.start({
    java: process.env.JAVA,
    jar: process.env.SERVER_JAR,
    options: ['-Xcheck:jni'],
    // However slow the machine is: what hangs is released, not given up.
    environment: { DEADLINE_SECONDS: '300' }
  })
  const bots = PLAYERS.map((player) => new Bot(player))
  const each = (test) => Promise.all(PLAYERS.map((player, at) => test(bots[at], player)))
  const before = await sandbox.stats()
  const customers = new Map()

  await check('five players join', () => Promise.all(bots.map((bot) => bot.join(server))))

  await check('who the store knows is greeted as a customer, who it does not know is not', () => each(async (bot, player) => {
    const welcome = await bot.hears(/^Welcome/)
    if (player.customer) assert.match(welcome, new RegExp(`customer ${player.customer}\\.`))
    else assert.match(welcome, /does not know you yet/)
  }))

  await check('greeting a player creates no customer', async () => {
    assert.equal((await sandbox.stats()).creates_effective, before.creates_effective)
  })

  await check('/store answers with the customer and a masked token', () => each(async (bot, player) => {
    const answer = await bot.ask('/store', /^You are customer/)
    const [, customer, token] = /^You are customer (\d+), with the token (\S+)\.$/.exec(answer)
    customers.set(player.name, customer)
    if (player.customer) assert.equal(customer, player.customer)
    assert.match(token, /^pnct_…..$/)
  }))

  await check('the sandbox has the new customers, and made none for the others', async () => {
    const after = await sandbox.stats()
    const created = PLAYERS.filter((player) => player.created).length
    assert.equal(after.customers - before.customers, created)
    assert.equal(after.creates_effective - before.creates_effective, created)
    assert.equal(after.by_operation.create_customer, created)
    assert.equal(after.by_operation.create_customer_token, PLAYERS.length)
    assert.equal(after.tokens_live - before.tokens_live, PLAYERS.length)
  })

  await check('each kind of player was looked up by the right key', async () => {
    const keys = (await asked('lookup_customer')).map((entry) => entry.target.split('?')[1])
    for (const { name, key } of PLAYERS) assert.ok(keys.includes(key), `${name} by ${key}, among ${keys}`)
    assert.equal(new Set(keys).size, PLAYERS.length)
  })

  await check('the new customers were created with what is known of them', async () => {
    const bodies = (await asked('create_customer')).map((entry) => JSON.parse(entry.body))
    for (const { created } of PLAYERS.filter((player) => player.created)) {
      assert.ok(bodies.some((body) => Object.entries(created).every(([field, value]) => body[field] === value)),
        `${JSON.stringify(created)} among ${JSON.stringify(bodies)}`)
    }
  })

  await check('/giftcard tells what is on a card, used up, expired or unknown', () =>
    each((bot, player) => bot.ask(`/giftcard ${player.card.code}`, player.card.says)))

  await check('gift cards were looked up with the players\' own tokens, those of /store', async () => {
    const lookups = await asked('lookup_giftcard')
    assert.equal(lookups.length, PLAYERS.length)
    for (const { authorization } of lookups) assert.equal(authorization, 'Customer')
    assert.equal(await counted('create_customer_token'), PLAYERS.length)
    assert.ok(lookups.some((entry) => entry.target.endsWith('/SUMMER%2024%2F%C3%84%C3%96')))
  })

  await check('/store again is the same customer, and creates none', async () => {
    await each((bot, player) => bot.ask('/store', new RegExp(`^You are customer ${customers.get(player.name)},`)))
    const created = PLAYERS.filter((player) => player.created).length
    assert.equal((await sandbox.stats()).creates_effective - before.creates_effective, created)
  })

  await check('a token that was revoked is replaced', async () => {
    const minted = await counted('create_customer_token')
    assert.equal((await revokeTokens(PLAYERS[0].customer)).status, 204)
    await bots[0].ask(`/giftcard ${PLAYERS[0].card.code}`, PLAYERS[0].card.says)
    assert.equal(await counted('create_customer_token'), minted + 1)
  })

  await check('guessing gift cards is throttled, for the one who guesses', async () => {
    const lookups = await counted('lookup_giftcard')
    let guesses = 0
    while (/no such/.test(await bots[1].ask(`/giftcard GUESS-${guesses}`, /no such gift card|Try again in a minute/))) {
      guesses++
      // A new minute may begin meanwhile, but not two.
      assert.ok(guesses < 2 * GIFT_CARDS_A_MINUTE, `${guesses} guesses are answered`)
    }
    assert.equal(await counted('lookup_giftcard'), lookups + guesses)
    await bots[2].ask(`/giftcard ${PLAYERS[2].card.code}`, PLAYERS[2].card.says)
  })

  await check('a store that fails is explained in chat', async () => {
    await sandbox.faults({ rules: [{ operation: 'create_customer_token', respond: { status: 503, body: '' } }] })
    await bots[0].ask('/store', /does not answer at the moment/)
    await sandbox.noFaults()
    await bots[0].ask('/store', /^You are customer/)
  })

  const waiting = bots.slice(1)
  const from = waiting.map((bot) => bot.heard.length)
  const answersOf = (bot, at) => bot.heard.slice(from[at]).filter((text) => text.startsWith('You are customer'))

  await check('while the store hangs the ticks go on, and so does chat', async () => {
    await sandbox.faults({ hang: true })
    for (const bot of bots) bot.say('/store')
    await poll('five requests hang', async () => (await sandbox.log()).filter((entry) => entry.outcome === 'pending').length === 5)
    await server.ask('begin')
    await server.ask('load bridge')
    const { ticks, seconds, asked: lookups } = await poll('sixty ticks', async () => {
      const report = await server.ask('report')
      return report.ticks >= 60 && report
    })
    assert.ok(ticks >= seconds * TICKS_A_SECOND / 2, `${ticks} ticks in ${seconds} s`)
    assert.ok(lookups >= ticks, `${lookups} look-ups in ${ticks} ticks`)
    await bots[1].ask('/tps', /ticks a second/)
    assert.equal((await server.ask('report')).answered, 0)
    assert.deepEqual(waiting.flatMap(answersOf), [])
  })

  await check('who leaves meanwhile takes their requests with them', async () => {
    const { cancelled } = await server.ask('stats')
    bots[0].leave()
    await poll('the request is cancelled', async () => (await server.ask('stats')).cancelled > cancelled)
    assert.equal((await server.ask('stats')).cancelled, cancelled + 1)
  })

  await check('when the store is back everybody is answered, once', async () => {
    await server.ask('load none')
    await sandbox.noFaults()
    await Promise.all(waiting.map((bot, at) => bot.hears(/^You are customer/, from[at])))
    const { asked: lookups, failed: lost } = await poll('all look-ups are answered', async () => {
      const report = await server.ask('report')
      const { outstanding } = await server.ask('stats')
      return outstanding === 0 && report.asked === report.answered + report.failed && report
    })
    assert.equal(lost, 0, `${lost} of ${lookups} look-ups failed`)
    await Promise.all(waiting.map((bot) => bot.ask('/tps', /ticks a second/)))
    waiting.forEach((bot, at) => assert.equal(answersOf(bot, at).length, 1))
  })

  await check('who was there before can come back', async () => {
    const again = new Bot(PLAYERS[0])
    await again.join(server)
    await again.hears(new RegExp(`customer ${PLAYERS[0].customer}\\.`))
    bots[0] = again
  })

  await check('no client gets in past the proxy', async () => {
    const intruder = new Bot({ name: 'Intruder', uuid: PLAYERS[0].uuid })
    await assert.rejects(intruder.join({ port: server.port, secret: 'guessed' }), /not connected/)
  })

  await check('the server stops by itself, with requests under way', async () => {
    await sandbox.faults({ hang: true })
    for (const bot of bots) bot.say('/store')
    await poll('five requests hang', async () => (await server.ask('stats')).outstanding === 5)
    assert.equal(await server.stop(), 0)
    await sandbox.noFaults()
  })

  await check('neither the JVM warns about native methods nor the server about this program', () => {
    assert.doesNotMatch(server.log, WARNINGS)
    // Minestom has a warning of its own about the intruder.
    assert.doesNotMatch(server.log, /ERROR|dev\.paynowbridge/)
  })

  await check('no token and no key was shown to anyone', () => {
    for (const text of [server.log, ...bots.flatMap((bot) => bot.heard)]) {
      assert.doesNotMatch(text, TOKEN)
      assert.ok(!text.includes(process.env.PAYNOW_API_KEY))
    }
  })

  if (failed > 0) console.log(server.log)
}

main().catch((error) => {
  failed++
  console.log(`FAIL the server and its players: ${error.message}`)
}).finally(() => {
  console.log(`minestom: ${passed} passed, ${failed} failed`)
  process.exit(failed === 0 ? 0 : 1)
})
