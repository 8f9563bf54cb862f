'use strict'

const { createHash, randomBytes, randomUUID } = require('node:crypto')

/** What a server in offline mode makes of a name: version 3, from "OfflinePlayer:" and the name. */
function offlineUuid (name) {
  const bytes = createHash('md5').update(`OfflinePlayer:${name}`).digest()
  bytes[6] = (bytes[6] & 0x0f) | 0x30
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  return dashed(bytes.toString('hex'))
}

/** What Floodgate makes of an Xbox account: its number, behind zeros. */
function floodgateUuid (xuid) {
  return dashed(xuid.toString(16).padStart(32, '0'))
}

function dashed (hex) {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Xbox numbers begin at 2^51 or so. */
function newXuid () {
  return 2535400000000000n + BigInt(randomBytes(4).readUInt32BE())
}

const newXboxPlayer = newXuid()
const newJavaUuid = randomUUID()

/**
 * Five of different kinds. `customer` is whom the sandbox knows them as before they come, `key` what the library must look
 * them up by, and `created` what it must create them with.
 */
const PLAYERS = [
  {
    name: 'Notch',
    kind: 'Java',
    uuid: '069a79f4-44e9-4726-a5be-fca90e38aaf5',
    customer: '421621336637440000',
    key: 'minecraft_uuid=069a79f4-44e9-4726-a5be-fca90e38aaf5',
    card: { code: 'GIFT-2500-ALEX', says: /holds 25\.00 of 50\.00/ }
  },
  {
    name: 'FirstVisit',
    kind: 'Java',
    uuid: newJavaUuid,
    key: `minecraft_uuid=${newJavaUuid}`,
    created: { minecraft_uuid: newJavaUuid, minecraft_platform: 'java' },
    card: { code: 'SUMMER 24/ÄÖ', says: /holds 10\.00 of 10\.00/ }
  },
  {
    name: 'Offline_Olga',
    kind: 'Java, offline mode',
    uuid: offlineUuid('Offline_Olga'),
    customer: '435420340944897912',
    key: 'minecraft_java_name=Offline_Olga',
    card: { code: 'GIFT-OLD-2023', says: /has expired/ }
  },
  {
    name: '.PixelPia',
    kind: 'Bedrock',
    uuid: floodgateUuid(2535432196048835n),
    customer: '433322870177794185',
    key: 'xbox_xuid=2535432196048835',
    card: { code: 'GIFT-USED-0000', says: /is used up/ }
  },
  {
    name: '.PocketPetra',
    kind: 'Bedrock',
    uuid: floodgateUuid(newXboxPlayer),
    key: `xbox_xuid=${newXboxPlayer}`,
    created: { xbox_xuid: String(newXboxPlayer), minecraft_platform: 'bedrock' },
    card: { code: 'NO-SUCH-CARD', says: /no such gift card/ }
  }
]

module.exports = { PLAYERS }
