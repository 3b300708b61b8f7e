// fetch with a credential.

import { discard, repeatable } from './body.js'
import { checked, Helper, standard } from './helper.js'
import { placeOf } from './place.js'

const MOST_HOPS = 20
const REDIRECTS = new Set([301, 302, 303, 307, 308])

// What fetch removes before it goes to another origin.
const OWN_ORIGIN = ['authorization', 'proxy-authorization', 'cookie', 'host']
const OF_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length']

// Members of a request and of an init that may be inherited, which a copy with ... would lose.
const MEMBERS = [
  ...['method', 'referrer', 'referrerPolicy', 'mode', 'credentials', 'cache', 'redirect', 'integrity', 'keepalive'],
  ...['signal', 'duplex', 'priority', 'dispatcher'],
]

// Returns a fetch that sends the header of a profile, or without a name, of the profile that covers the URL. A
// redirect to a place that the profile does not cover goes without it. After a 401 the request is sent once more with
// a new token if its body can be sent again. Rejects with a CredentialError if there is no credential; then nothing
// was sent. fetch is the one to use instead of the global one.
export function cgpFetch(profile, { fetch: base, timeout } = {}) {
  return fetchWith(new Helper(profile, { timeout }), () => base ?? globalThis.fetch, true)
}

// Returns a fetch with the headers of a helper. base returns the one to use; again: a 401 is answered with a new token.
export function fetchWith(helper, base, again) {
  return async function fetch(input, init) {
    return new Exchange(helper, base(), input, init ?? {}).run(again)
  }
}

class Exchange {
  #helper
  #fetch
  #url
  #headers // without the credential
  #options // what is the same in each attempt
  #body
  #request // a Request that can be sent as it is
  #spare // its copy, if it has a body, for another attempt
  #redirect
  #first // the first place's header

  constructor(helper, call, input, init) {
    this.#helper = helper
    this.#fetch = call
    const request = isRequest(input) ? input : undefined
    this.#url = standard(request?.url ?? input)
    this.#options = { ...members(request), ...members(init), ...init }
    this.#headers = new Headers(init.headers ?? request?.headers)
    this.#redirect = this.#options.redirect ?? 'follow'
    this.#body = init.body ?? undefined
    if (this.#body === undefined) this.#request = request
  }

  async run(again) {
    const { signal } = this.#options
    signal?.throwIfAborted()
    this.#first = await this.#helper.header(this.#url, signal)
    if (this.#first.name !== '') this.#headers.delete(this.#first.name)
    let header = this.#first
    for (let hops = 0; ; hops++) {
      const response = await (again ? this.#answer(header) : this.#send(header))
      const location = this.#location(response)
      if (location === undefined) {
        discard(this.#spare?.body)
        return hops === 0 ? response : redirected(response)
      }
      discard(response.body)
      if (hops === MOST_HOPS) throw failed('there were too many redirects')
      await this.#move(location, response.status)
      header = await this.#headerOfHop()
    }
  }

  // Resolves to the response, after a 401 to the second one.
  async #answer(header) {
    const response = await this.#send(header)
    if (response.status !== 401 || !header?.name || !repeatable(this.#body)) return response
    let next
    try {
      next = await this.#helper.replace(this.#url, header, this.#options.signal)
    } catch (error) {
      discard(response.body)
      throw error
    }
    if (!next?.name) return response
    discard(response.body)
    await this.#unpack()
    return this.#send(next)
  }

  #send(header) {
    const headers = new Headers(this.#headers)
    if (header?.name) headers.set(header.name, header.value)
    const redirect = this.#redirect === 'follow' ? 'manual' : this.#redirect
    const init = { ...this.#options, headers, redirect }
    const request = this.#request
    if (request === undefined) return this.#fetch.call(undefined, this.#url, { ...init, body: this.#body })
    if (request.body) {
      this.#request = undefined
      this.#spare = request.clone()
    }
    return this.#fetch.call(undefined, request, init)
  }

  // Makes the body of a Request that was sent one that can be sent again.
  async #unpack() {
    const spare = this.#spare
    this.#spare = undefined
    if (spare !== undefined) this.#body = await spare.arrayBuffer()
  }

  // Returns where a response leads, if it is to be followed.
  #location(response) {
    if (this.#redirect !== 'follow' || !REDIRECTS.has(response.status)) return undefined
    const location = response.headers.get('location')
    if (location === null) return undefined
    let url
    try {
      url = new URL(Buffer.from(location, 'latin1').toString(), this.#url)
    } catch {
      discard(response.body)
      throw failed('the address of a redirect can not be read')
    }
    if (url.hash === '') url.hash = new URL(this.#url).hash
    return url
  }

  // Makes the request the one that follows a redirect, by the rules of the fetch standard.
  async #move(url, status) {
    if (!/^https?:$/.test(url.protocol)) throw failed('a redirect leads to an address that is not http or https')
    if (url.username !== '' || url.password !== '') throw failed('the address of a redirect has user information')
    const method = (this.#options.method ?? 'GET').toUpperCase()
    const drops = status === 303 ? !['GET', 'HEAD'].includes(method) : status < 303 && method === 'POST'
    if (drops) {
      this.#options = { ...this.#options, method: 'GET' }
      this.#body = this.#spare = undefined
      for (const name of OF_BODY) this.#headers.delete(name)
    } else if (!repeatable(this.#body)) {
      throw failed('a redirect needs the body again, which is a stream')
    }
    await this.#unpack()
    if (url.origin !== new URL(this.#url).origin) for (const name of OWN_ORIGIN) this.#headers.delete(name)
    this.#url = url.href
    this.#request = undefined
  }

  // Resolves to the header for a redirect's target, or to nothing if the profile does not cover it.
  async #headerOfHop() {
    if (!this.#first.covers(placeOf(this.#url))) return undefined
    return this.#helper.header(checked(this.#url), this.#options.signal)
  }
}

// Reports whether an input of fetch is a Request, of this realm or another library.
function isRequest(input) {
  return typeof input === 'object' && typeof input?.url === 'string' && typeof input.clone === 'function'
}

function members(init) {
  const found = MEMBERS.filter(name => init?.[name] !== undefined)
  return Object.fromEntries(found.map(name => [name, init[name]]))
}

function redirected(response) {
  return Object.defineProperty(response, 'redirected', { value: true, configurable: true })
}

function failed(reason) {
  return new TypeError('fetch failed', { cause: new Error(reason) })
}
