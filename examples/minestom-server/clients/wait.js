'use strict'

const PATIENCE_MS = 30000
const LOOK_EVERY_MS = 10

/** Looks until there is something to see, and fails when there is nothing for too long. `what` may be a function. */
async function poll (what, look) {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (Date.now() > end) throw new Error(`This does not happen: ${typeof what === 'function' ? what() : what}`)
    await pause(LOOK_EVERY_MS)
  }
}

function pause (milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

module.exports = { poll, pause }
