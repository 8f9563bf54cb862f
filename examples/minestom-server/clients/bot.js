'use strict'
// A Minecraft client that says what it is told to and remembers what it hears.

const minecraft = require('minecraft-protocol')
const { poll } = require('./wait')

const VERSION = '26.1'
const WALK_EVERY_MS = 50

class Bot {
  /** `uuid` is who the proxy says they are. */
  constructor ({ name, uuid }) {
    this.name = name
    this.uuid = uuid
    this.heard = []
    this.joined = false
    this.ended = null
  }

  /** Joins through the proxy whose secret the server trusts: it writes who comes into the handshake. */
  join ({ port, secret }) {
    const host = '127.0.0.1'
    const properties = JSON.stringify([{ name: 'bungeeguard-token', value: secret }])
    const forwarded = [host, '192.0.2.1', this.uuid.replaceAll('-', ''), properties].join('\0')
    this.client = minecraft.createClient({
      host,
      port,
      username: this.name,
      version: VERSION,
      auth: 'offline',
      fakeHost: forwarded,
      clientSettings: { viewDistance: 2 }
    })
    this.client.on('systemChat', ({ formattedMessage }) => this.heard.push(plain(JSON.parse(formattedMessage))))
    this.client.on('position', (packet) => this.stand(packet))
    this.client.on('chunk_batch_finished', () => this.client.write('chunk_batch_received', { chunksPerTick: 20 }))
    this.client.on('kick_disconnect', (packet) => { this.ended ??= `kicked: ${plain(packet.reason)}` })
    this.client.on('disconnect', (packet) => { this.ended ??= `turned away: ${plain(packet.reason)}` })
    this.client.on('error', (error) => { this.ended ??= String(error) })
    this.client.on('end', (why) => {
      this.ended ??= String(why)
      clearInterval(this.walking)
    })
    return poll(`${this.name} joins`, () => this.joined || this.failed())
  }

  stand ({ teleportId, x, y, z }) {
    this.client.write('teleport_confirm', { teleportId })
    this.joined = true
    let steps = 0
    clearInterval(this.walking)
    this.walking = setInterval(() => {
      steps++
      const flags = { onGround: true, hasHorizontalCollision: false }
      this.client.write('position', { x: x + Math.sin(steps / 20), y, z: z + Math.cos(steps / 20), flags })
    }, WALK_EVERY_MS)
  }

  failed () {
    if (this.ended !== null) throw new Error(`${this.name} is not connected: ${this.ended}`)
    return false
  }

  say (text) {
    this.client.chat(text)
  }

  /** The first that fits among what was heard, leaving out the first `from`. */
  hears (pattern, from = 0) {
    return poll(() => `${this.name} hears ${pattern} (heard: ${JSON.stringify(this.heard)})`, () => {
      this.failed()
      return this.heard.slice(from).find((text) => pattern.test(text))
    })
  }

  /** Says something and waits for an answer that fits. */
  ask (text, pattern) {
    const from = this.heard.length
    this.say(text)
    return this.hears(pattern, from)
  }

  leave () {
    this.client.end('leaves')
  }
}

/** The words of a text component, whether it came as JSON or as NBT. */
function plain (component) {
  if (component === null || component === undefined) return ''
  if (typeof component !== 'object') return String(component)
  if (Array.isArray(component)) return component.map(plain).join('')
  if ('type' in component && 'value' in component) return plain(component.value)
  return plain(component.text) + plain(component.extra)
}

module.exports = { Bot, plain }
