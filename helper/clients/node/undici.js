// An interceptor for undici, and what fhir.js has in common with it.

import { repeatable } from './body.js'
import { CredentialError } from './error.js'
import { checked, Helper } from './helper.js'

// How much of a 401's body is kept until it is known whether the request is sent again.
const MOST = 1024 * 1024

const ORDER =
  'a redirect was not followed: the credential would have gone with it\n' +
  'hint: name cgpInterceptor before the redirect interceptor: agent.compose(cgpInterceptor(), redirect())'

// The methods of a handler: undici 7 and later have the first ones; undici 6, and fetch in Node 24 and before, the
// others.
const STYLES = [
  {
    ...{ start: 'onRequestStart', head: 'onResponseStart', data: 'onResponseData', end: 'onResponseEnd' },
    ...{ error: 'onResponseError', others: ['onRequestUpgrade', 'onBodySent', 'onRequestSent', 'onResponseStarted'] },
    ...{ status: args => args[1], chunk: args => args[1], abort: ([controller], error) => controller.abort(error) },
    fail: (handler, error) => handler.onResponseError?.(NO_CONTROLLER, error),
  },
  {
    ...{ start: 'onConnect', head: 'onHeaders', data: 'onData', end: 'onComplete' },
    ...{ error: 'onError', others: ['onUpgrade', 'onBodySent', 'onRequestSent', 'onResponseStarted', 'onInfo'] },
    ...{ status: args => args[0], chunk: args => args[0], abort: ([abort], error) => abort(error) },
    fail: (handler, error) => handler.onError?.(error),
  },
]

// The controller of a request that was not sent.
const NO_CONTROLLER = {
  ...{ aborted: false, paused: false, reason: null, rawHeaders: null, rawTrailers: null },
  ...{ abort() {}, pause() {}, resume() {} },
}

// Returns an interceptor for dispatcher.compose(): it sends the header of a profile, or without a name, of the profile
// that covers the URL. Name it before the redirect interceptor, so that it decides about each hop. Requests fail with a
// CredentialError if there is no credential; then nothing was sent. only is an origin, or a list of them: requests to
// others pass unchanged.
export function cgpInterceptor(profile, { only, timeout } = {}) {
  const helper = new Helper(profile, { timeout })
  const origins = only === undefined ? undefined : [only].flat().map(url => new URL(url).origin)
  return dispatch => {
    const started = new WeakMap() // the first header of each handler: a redirect uses the handler again
    return function cgpDispatch(opts, handler) {
      const origin = originOf(opts)
      if (origins !== undefined && origin !== undefined && !origins.includes(origin)) return dispatch(opts, handler)
      const begin = header => started.set(handler, header)
      new Exchange(helper, dispatch, opts, handler).run(started.get(handler), begin)
      return true
    }
  }
}

// One request, from the credential to the answer.
export class Exchange {
  #helper
  #dispatch
  #opts
  #handler
  #style
  #header
  #held // the callbacks of a 401 that was not passed on yet
  #size = 0

  constructor(helper, dispatch, opts, handler) {
    this.#helper = helper
    this.#dispatch = dispatch
    this.#opts = opts
    this.#handler = handler
    this.#style = STYLES.find(({ start }) => typeof handler[start] === 'function') ?? STYLES[0]
  }

  // Sends the request. first is the header of the request of which this is a redirect: a place that it does not cover
  // gets no header. Without first, begin is called with the header.
  async run(first, begin) {
    try {
      const place = placeOf(this.#opts)
      const header = first === undefined || first.covers(place) ? await this.#helper.header(place) : undefined
      if (first === undefined) begin(header)
      this.#send(header, true)
    } catch (error) {
      this.#style.fail(this.#handler, error)
    }
  }

  #send(header, again) {
    this.#header = header
    const opts = header?.name ? { ...this.#opts, headers: withHeader(this.#opts.headers, header) } : this.#opts
    this.#dispatch(opts, this.#relay(again && Boolean(header?.name) && repeatable(opts.body)))
  }

  // Returns a handler that passes everything on, except a 401 after which the request may be sent again.
  #relay(again) {
    const { start, head, data, end, error, others, status, chunk, abort } = this.#style
    const handler = this.#handler
    const pass = name => (...args) => handler[name]?.(...args)
    const relay = { [head]: pass(head), [data]: pass(data), [end]: pass(end), [error]: pass(error) }
    for (const name of others) if (typeof handler[name] === 'function') relay[name] = pass(name)
    relay[start] = (...args) => {
      if (this.#header?.name && args[1]?.history?.length > 0) return abort(args, new CredentialError(ORDER))
      return handler[start]?.(...args)
    }
    if (!again) return relay
    relay[head] = (...args) => {
      if (status(args) !== 401) return handler[head]?.(...args)
      this.#held = []
      return this.#hold(head, args)
    }
    relay[data] = (...args) => {
      this.#size += chunk(args).length
      return this.#held ? this.#hold(data, args) : handler[data]?.(...args)
    }
    relay[end] = (...args) => {
      if (this.#held === undefined) return handler[end]?.(...args)
      this.#hold(end, args)
      if (this.#held !== undefined) this.#again()
    }
    return relay
  }

  // Keeps a callback for later. If they are too large, the 401 is passed on.
  #hold(name, args) {
    this.#held.push([name, args])
    return this.#size > MOST ? this.#release() : true
  }

  #release() {
    const held = this.#held
    this.#held = undefined
    let result
    for (const [name, args] of held) result = this.#handler[name]?.(...args)
    return result
  }

  // Sends the request once more if there is another header; otherwise the 401 is the answer.
  async #again() {
    try {
      const next = await this.#helper.replace(placeOf(this.#opts), this.#header)
      if (!next?.name) return this.#release()
      this.#held = undefined
      this.#send(next, false)
    } catch (error) {
      this.#style.fail(this.#handler, error)
    }
  }
}

// Returns the origin that a request goes to, or nothing: a Client or Pool of undici 6 and 7 does not tell.
function originOf({ origin }) {
  try {
    return new URL(origin).origin
  } catch {
    return undefined
  }
}

function placeOf(opts) {
  const origin = originOf(opts)
  if (origin === undefined) {
    const hint = 'hint: use an Agent, or give the request its origin'
    throw new CredentialError(`cgp-cred was not asked: the request does not say which host it is for\n${hint}`, 3)
  }
  const path = String(opts.path ?? '/')
  if (!/^\/[^#]*$/.test(path)) {
    throw new CredentialError('cgp-cred was not asked: the path can not be read\nhint: give a path such as /x', 3)
  }
  return checked(origin + path)
}

// Returns headers in any form that undici takes as a flat list, with another one instead of those of its name.
function withHeader(headers, { name, value }) {
  const list = []
  const add = (key, text) => {
    if (String(key).toLowerCase() !== name.toLowerCase()) list.push(key, text)
  }
  if (Array.isArray(headers) && !Array.isArray(headers[0])) {
    for (let i = 0; i < headers.length; i += 2) add(headers[i], headers[i + 1])
  } else {
    const pairs = typeof headers?.[Symbol.iterator] === 'function' ? headers : Object.entries(headers ?? {})
    for (const [key, text] of pairs) add(key, text)
  }
  return [...list, name, value]
}
