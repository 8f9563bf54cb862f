'use strict'
// Five players in a server that sells things, a store that hangs, and what either does to the ticks.

const { Bot } = require('./bot')
const { GameServer } = require('./game_server')
const { PLAYERS } = require('./players')
const sandbox = require('./sandbox')
const { pause, poll } = require('./wait')

const TICKS_A_SECOND = 20
const LATENCY_MS = 20
const HANG_MS = 3000
const MEASURE_MS = 4000
const WARM_UP_MS = 1500

const problems = []
const say = (text) => console.log(text)
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`

function must (holds, problem) {
  if (!holds) problems.push(problem)
}

function row (cells, widths) {
  say('  ' + cells.map((cell, at) => widths[at] < 0 ? String(cell).padStart(-widths[at]) : String(cell).padEnd(widths[at])).join(' ').trimEnd())
}

async function shop (bot, player) {
  const welcome = await bot.hears(/^Welcome/)
  const store = await bot.ask('/store', /^You are customer \d+/)
  const [, customer, token] = /customer (\d+), with the token (\S+)\.$/.exec(store)
  const card = await bot.ask(`/giftcard ${player.card.code}`, /gift card/)
  must(/knows you as/.test(welcome) === (player.customer !== undefined), `${player.name} is greeted with: ${welcome}`)
  must(player.customer === undefined || player.customer === customer, `${player.name} is taken for customer ${customer}`)
  must(player.card.says.test(card), `${player.name} hears of the gift card: ${card}`)
  return { customer, token, card }
}

async function fivePlayers (server) {
  const before = await sandbox.stats()
  const bots = PLAYERS.map((player) => new Bot(player))
  await Promise.all(bots.map((bot) => bot.join(server)))
  const bought = await Promise.all(bots.map((bot, at) => shop(bot, PLAYERS[at])))
  const after = await sandbox.stats()
  const widths = [13, 18, 20, 14, 19, 9, 0]
  row(['player', 'kind', 'looked up by', 'at the store', 'customer', 'token', 'in chat, of a gift card'], widths)
  PLAYERS.forEach((player, at) => {
    const { customer, token, card } = bought[at]
    const known = player.customer === undefined ? 'new, created' : 'known'
    row([player.name, player.kind, player.key.split('=')[0], known, customer, token, card], widths)
  })
  const created = after.customers - before.customers
  const expected = PLAYERS.filter((player) => player.created).length
  must(created === expected, `the sandbox has ${created} new customers, not ${expected}`)
  say(`\nThe sandbox says: ${after.requests - before.requests} requests, ${created} customers created, ` +
    `${after.tokens_live - before.tokens_live} tokens minted.`)
  return bots
}

async function hang (server, bots) {
  await server.ask('begin')
  const began = Date.now()
  await sandbox.hangFor(HANG_MS)
  const answers = Promise.all(bots.map(async (bot) => {
    await bot.ask('/store', /^You are customer/)
    return Date.now() - began
  }))
  await pause(HANG_MS / 2)
  const chat = await bots[0].ask('/tps', /ticks a second/)
  await pause(HANG_MS - (Date.now() - began))
  const { ticks, seconds: passed } = await server.ask('report')
  const took = await answers
  say(`  While it hung there were ${ticks} ticks in ${passed.toFixed(1)} s (${TICKS_A_SECOND} a second would be ${Math.round(passed * TICKS_A_SECOND)}).`)
  say(`  /tps was answered meanwhile: "${chat}"`)
  say(`  All five /store were answered after ${seconds(Math.min(...took))} to ${seconds(Math.max(...took))}, when the store was back.`)
  must(ticks >= passed * TICKS_A_SECOND / 2, `only ${ticks} ticks in ${passed} s`)
  must(Math.min(...took) >= HANG_MS / 2, 'the store did not hang')
}

/** Ticks under one kind of load for some seconds, and what became of the questions. */
async function measure (server, load, hangMs = 0) {
  await server.ask('begin')
  if (hangMs > 0) await sandbox.hangFor(hangMs)
  await server.ask(`load ${load}`)
  await pause(MEASURE_MS)
  const report = await server.ask('report')
  await server.ask('load none')
  const end = await poll(`all answers under load ${load}`, async () => {
    const now = await server.ask('report')
    return now.ticks > report.ticks + 1 && now.answered + now.failed === now.asked && now
  })
  return { ...report, answered: end.answered, failed: end.failed, asked: end.asked }
}

function table (columns) {
  const widths = [26, ...columns.map(() => -13)]
  row(['', ...columns.map(({ title }) => title[0])], widths)
  row(['', ...columns.map(({ title }) => title[1])], widths)
  const line = (title, cell) => row([title, ...columns.map(({ report }) => cell(report))], widths)
  line('ticks a second', (r) => (r.ticks / r.seconds).toFixed(1))
  line('MSPT p50', (r) => `${r.p50.toFixed(2)} ms`)
  line('MSPT p99', (r) => `${r.p99.toFixed(2)} ms`)
  line('MSPT max', (r) => `${r.max.toFixed(2)} ms`)
  line('  in PayNow calls, p50', (r) => `${r.store_p50.toFixed(2)} ms`)
  line('  in PayNow calls, max', (r) => `${r.store_max.toFixed(2)} ms`)
  line('look-ups asked', (r) => r.asked)
  line('look-ups answered', (r) => r.answered)
}

async function main () {
  if (!await sandbox.isThere()) {
    say('This demo creates customers and makes the store hang: it needs a sandbox at PAYNOW_API_BASE.')
    process.exit(2)
  }
  await sandbox.faults({ latency_ms: LATENCY_MS })
  const server = await GameServer.start({ java: process.env.JAVA, jar: process.env.SERVER_JAR })
  say(`A Minecraft server (Minestom), ${TICKS_A_SECOND} ticks a second, with the PayNow client in its tick loop.`)
  say(`The store answers after ${LATENCY_MS} ms. Five players join, type /store and /giftcard, and read in chat:\n`)
  const bots = await fivePlayers(server)

  say(`\nNow the store hangs for ${seconds(HANG_MS)}, and all five type /store again.\n`)
  await hang(server, bots)

  say('\nNow, while the five walk about, 10 look-ups of unknown players in every tick, in different ways ...\n')
  await server.ask('load bridge')
  await pause(WARM_UP_MS)
  await server.ask('load none')
  const none = await measure(server, 'none')
  const bridge = await measure(server, 'bridge')
  const bridgeHung = await measure(server, 'bridge', HANG_MS)
  const blocking = await measure(server, 'blocking')
  const blockingHung = await measure(server, 'blocking', HANG_MS)
  table([
    { title: ['no look-ups', ''], report: none },
    { title: ['with the', 'bridge'], report: bridge },
    { title: ['bridge, the', 'store hangs'], report: bridgeHung },
    { title: ['blocking', 'calls'], report: blocking },
    { title: ['blocking, the', 'store hangs'], report: blockingHung }
  ])
  for (const [name, report] of Object.entries({ bridge, bridgeHung })) {
    must(report.asked > 0 && report.failed === 0, `${name}: ${report.failed} of ${report.asked} look-ups failed`)
    must(report.ticks >= report.seconds * TICKS_A_SECOND / 2, `${name}: only ${report.ticks} ticks in ${report.seconds} s`)
  }

  for (const bot of bots) must(bot.ended === null, `${bot.name} lost the connection: ${bot.ended}`)
  for (const bot of bots) bot.leave()
  const code = await server.stop()
  must(code === 0, `the server ended with ${code}:\n${server.log}`)
  say('\nMSPT: milliseconds per tick. A tick may take 50.')
  if (problems.length > 0) {
    say(`\nThis went wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    process.exit(1)
  }
  say('All players were served, and every look-up through the bridge was answered.')
}

main().catch((error) => {
  console.error(`\nThis went wrong: ${error.message}`)
  process.exit(1)
})
