'use strict'
// The side door of the sandbox: what it was asked, and what goes wrong with it.

const BASE = process.env.PAYNOW_API_BASE

async function steer (method, path, body) {
  const answer = await fetch(`${BASE}/_sandbox/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body)
  })
  if (!answer.ok) throw new Error(`The sandbox answers ${answer.status} to ${method} ${path}`)
  const text = await answer.text()
  return text === '' ? null : JSON.parse(text)
}

/** Whether the store is a sandbox at all. */
async function isThere () {
  try {
    return (await steer('GET', 'health')).status === 'ok'
  } catch {
    return false
  }
}

const stats = () => steer('GET', 'stats')
const log = (limit = 1000) => steer('GET', `log?limit=${limit}`)
const faults = (plan) => steer('PUT', 'faults', plan)
const noFaults = () => steer('DELETE', 'faults')
const hangFor = (milliseconds) => steer('POST', 'hang', { for_ms: milliseconds })

module.exports = { isThere, stats, log, faults, noFaults, hangFor }
