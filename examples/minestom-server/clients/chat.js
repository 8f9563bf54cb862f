'use strict'
// Prints a page with what a client received in chat: a player on this server, with a sandbox as the store.

const { Bot, plain } = require('./bot')
const { GameServer } = require('./game_server')
const { PLAYERS } = require('./players')

const SAID = [
  ['/store', /^You are customer/],
  ['/giftcard GIFT-2500-ALEX', /gift card/i],
  ['/giftcard GIFT-OLD-2023', /gift card/i],
  ['/giftcard NO-SUCH-CARD', /gift card/i]
]

const escaped = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)

function page (lines, version) {
  return `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; width: 900px; background: #5a7d4f; font: 20px/1.5 monospace; color: #fff }
div { background: #000a; padding: 2px 14px } .typed { color: #bbb } footer { background: #fff; color: #222; font: 15px/1.4 sans-serif; padding: 10px 14px }
</style>${lines.map(({ typed, text }) => `<div${typed ? ' class="typed"' : ''}>${escaped(text)}</div>`).join('\n')}
<footer>Not a picture of the game. A client of the game's protocol (minecraft-protocol, Minecraft ${escaped(version)}) was on the example
server on Minestom, with the sandbox as the store, and typed what is grey. This page shows what it received. The plugin has words of its own.</footer>`
}

async function main () {
  const server = await GameServer.start({ java: process.env.JAVA, jar: process.env.SERVER_JAR })
  const bot = new Bot(PLAYERS[0])
  const lines = []
  await bot.join(server)
  bot.client.on('systemChat', ({ formattedMessage }) => lines.push({ text: plain(JSON.parse(formattedMessage)) }))
  lines.push({ text: await bot.hears(/^Welcome/) })
  for (const [typed, answer] of SAID) {
    lines.push({ typed: true, text: typed })
    await bot.ask(typed, answer)
  }
  console.log(page(lines, bot.client.version))
  bot.leave()
  await server.stop()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
