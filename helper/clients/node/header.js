// A header, how long it is valid, and for which URLs.

import { placeOf } from './place.js'

const LINE = /^([A-Za-z][A-Za-z0-9-]*): ([!-~]+(?: [!-~]+)?)$/

// In milliseconds: how long before its expiry a token is no longer used; how long a header without an expiry is kept;
// how long a new header that was refused too is not replaced again; by how much the clock may be put back.
const MARGIN = 60_000
const KEEP = 300_000
const FINAL = 60_000
const BACK = 5_000

// What cgp-cred answered for a place. The value is private, so no inspection and no JSON shows it.
export class Header {
  #value

  constructor({ name, value, asked, below, expires, replaces }) {
    this.name = name // empty: this place needs no credential
    this.#value = value
    this.asked = asked
    this.below = below // valid at and below this path, by whole segments; undefined: only for the path asked for
    this.received = Date.now()
    this.expires = expires // Unix time in milliseconds; undefined: it does not expire
    this.replaces = replaces // it was requested because another one was refused
    Object.freeze(this)
  }

  get value() {
    return this.#value
  }

  // Returns the Bearer token, or nothing.
  get token() {
    return this.#value.startsWith('Bearer ') ? this.#value.slice('Bearer '.length) : ''
  }

  // Reports whether it may be sent to a place.
  covers(place) {
    if (place.origin !== this.asked.origin) return false
    if (place.path === this.asked.path) return true
    return this.below !== undefined && place.plain && `${place.path}/`.startsWith(`${this.below}/`)
  }

  coversURL(url) {
    try {
      return this.covers(placeOf(url))
    } catch {
      return false
    }
  }

  // Reports whether it may be used: it does not expire soon, and the clock was not put back.
  fresh() {
    const now = Date.now()
    if (now < this.received - BACK) return false
    if (this.expires === undefined) return now < this.received + KEEP
    return now < this.expires - Math.min(MARGIN, (this.expires - this.received) / 2)
  }

  // Reports whether a refusal of it is final: it is new, so another one would be refused too.
  final() {
    const now = Date.now()
    const young = this.received - BACK <= now && now < this.received + FINAL
    return this.replaces && young && (this.expires === undefined || now < this.expires)
  }
}

// The answer is from a cgp-cred that does not know this package's request.
export class OldHelperError extends Error {}

// Reads the answer of cgp-cred credential get: key=value lines. Nothing: no profile covers the place. Throws if it is
// not such an answer, and an OldHelperError if an old cgp-cred gave it; the message does not quote it.
export function parseAnswer(text, asked, replaces = false) {
  if (text === '') return undefined
  if (!text.endsWith('\n')) throw new Error('its last line is incomplete')
  const seen = new Map()
  let capable = false
  for (const line of text.slice(0, -1).split('\n')) {
    const equals = line.indexOf('=')
    const key = line.slice(0, Math.max(equals, 0))
    if (key === 'capability[]') {
      capable ||= line === 'capability[]=header'
      continue
    }
    if (equals < 0 || seen.has(key)) throw new Error('a line is not KEY=VALUE, or a key is there twice')
    seen.set(key, line.slice(equals + 1))
  }
  const line = seen.get('header')
  if (line === undefined) throw new Error('it has no header')
  if (!capable) throw new OldHelperError('it is of an old cgp-cred')
  const [, name = '', value = ''] = LINE.exec(line) ?? []
  if (line !== '' && name === '') throw new Error("its header can't be sent")
  const expires = seen.get('password_expiry_utc')
  if (expires !== undefined && !/^[0-9]{1,12}$/.test(expires)) throw new Error('its expiry is not a number')
  return new Header({
    name,
    value,
    asked,
    below: belowOf(seen.get('scope'), asked),
    expires: expires === undefined ? undefined : Number(expires) * 1000,
    replaces,
  })
}

// Returns the path below which a header is valid, if its scope has the same host; otherwise nothing.
function belowOf(scope, asked) {
  let place
  try {
    place = placeOf(scope ?? '')
  } catch {
    return undefined
  }
  const same = place.scheme === asked.scheme && short(place) === short(asked)
  return same ? place.path.replace(/\/+$/, '') : undefined
}

// Returns the host without the default port of https.
function short(place) {
  return place.scheme === 'https' ? place.host.replace(/:443$/, '') : place.host
}
