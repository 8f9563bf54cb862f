'use strict'
// The server, in a process of its own that ends with this one at the latest.

const { spawn } = require('node:child_process')
const { randomUUID } = require('node:crypto')
const readline = require('node:readline')

class GameServer {
  /** The store's address and key it takes from this process's environment. */
  static async start ({ java, jar, options = [], environment = {} }) {
    const server = new GameServer()
    server.secret = randomUUID()
    server.process = spawn(java, [...options, '-jar', jar], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment, FORWARDING_SECRET: server.secret, PORT: '0' }
    })
    server.log = ''
    server.process.stderr.on('data', (text) => { server.log += text })
    server.process.stdin.on('error', () => {})
    server.exited = new Promise((resolve) => server.process.on('close', (code) => resolve(code)))
    server.waiting = []
    server.lines = []
    const out = readline.createInterface({ input: server.process.stdout })
    out.on('line', (line) => {
      // Warnings of the JVM come here too.
      if (!line.startsWith('{')) {
        server.log += `${line}\n`
        return
      }
      server.waiting.shift()?.resolve(JSON.parse(line))
    })
    server.exited.then((code) => {
      for (const { reject } of server.waiting.splice(0)) reject(new Error(`The server ended (${code}):\n${server.log}`))
    })
    server.port = (await server.next()).port
    return server
  }

  next () {
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
  }

  /** One console command, and its answer. */
  ask (line) {
    const answer = this.next()
    this.process.stdin.write(`${line}\n`)
    return answer
  }

  /** How it ended: 0 is well. */
  stop () {
    this.process.stdin.end()
    return this.exited
  }
}

module.exports = { GameServer }
