// axios with a credential.

import { inspect } from 'node:util'

import { discard, repeatable } from './body.js'
import { CredentialError } from './error.js'
import { fetchWith } from './fetch.js'
import { checked, Helper, standard } from './helper.js'

// There is no credential, as axios.isAxiosError() recognises it.
class AxiosCredentialError extends CredentialError {
  constructor({ message, status }, config) {
    super(message, status)
    this.isAxiosError = true
    Object.defineProperty(this, 'config', { value: config, writable: true, configurable: true })
  }

  toJSON() {
    const { name, message, code, status } = this
    return { name, message, code, status }
  }
}

// The adapters that cgpAxios made.
const made = new WeakSet()

// Lets an instance of axios send the header of a profile, or without a name, of the profile that covers each URL, and
// returns the instance. The header is added below the instance's interceptors: it is in no config, and in no error. A
// redirect to a place that the profile does not cover goes without it. After a 401 the request is sent once more with a
// new token if its body can be sent again. Requests fail with a CredentialError if there is no credential; then nothing
// was sent.
export function cgpAxios(instance, profile, { timeout } = {}) {
  const sender = new Sender(instance, new Helper(profile, { timeout }))
  instance.interceptors.request.use(config => {
    const adapter = withoutXHR(config.adapter ?? instance.defaults.adapter)
    if (made.has(adapter)) return config
    config.adapter = complete => new Exchange(sender, adapter, complete).run()
    made.add(config.adapter)
    return config
  })
  return instance
}

// What the requests of an instance share.
class Sender {
  #fetches = new WeakMap()

  constructor(instance, helper) {
    this.helper = helper
    this.bare = instance.create() // without interceptors and, from here on, without defaults: a config is complete
    for (const key of Object.keys(this.bare.defaults)) delete this.bare.defaults[key]
  }

  // Returns a fetch that follows redirects, for the fetch adapter of axios 1.12 and later; others don't follow any.
  following(base) {
    if (!this.#fetches.has(base)) {
      const fetch = fetchWith(this.helper, () => base, false)
      this.#fetches.set(base, (input, init) => fetch(input, { ...init, redirect: 'follow' }))
    }
    return this.#fetches.get(base)
  }
}

class Exchange {
  #sender
  #adapter
  #config
  #beyond = false // a redirect led to a place that the header does not cover

  constructor(sender, adapter, config) {
    this.#sender = sender
    this.#adapter = adapter
    this.#config = config
    config.adapter = adapter // the config of the answer can be sent again
  }

  async run() {
    const { helper } = this.#sender
    const { signal } = this.#config
    const place = await this.#asked(() => this.#place())
    const header = await this.#asked(() => helper.header(place, signal))
    const first = await this.#answer(header)
    const response = first.error?.response ?? first.response
    if (response?.status === 401 && header.name && !this.#beyond && repeatable(this.#config.data)) {
      const next = await this.#asked(() => helper.replace(place, header, signal)).catch(error => {
        discard(response.data)
        throw error
      })
      if (next?.name) {
        discard(response.data)
        return result(await this.#answer(next))
      }
    }
    return result(first)
  }

  #place() {
    const { bare } = this.#sender
    const place = checked(standard(bare.getUri({ ...this.#config, params: undefined })))
    if (place.loopback && this.#config.proxy) {
      const hint = 'hint: remove the option proxy'
      const message = `a proxy is set for ${place.origin}, and a credential for this machine goes to no proxy`
      throw new CredentialError(`${message}: nothing was sent\n${hint}`, 6)
    }
    return place
  }

  // Calls what may fail without a credential. If the request was cancelled meanwhile, axios says so.
  async #asked(call) {
    try {
      return await call()
    } catch (error) {
      if (error instanceof CredentialError) throw new AxiosCredentialError(error, this.#config)
      if (this.#config.signal?.aborted) await this.#answer().then(result)
      throw error
    }
  }

  // Sends the request, and returns the response or the error without a trace of the header.
  async #answer(header) {
    try {
      const response = await this.#sender.bare.request(this.#complete(header))
      this.#clean(response)
      return { response }
    } catch (error) {
      this.#clean(error)
      return { error }
    }
  }

  // Returns the config with the header, and with what watches redirects.
  #complete(header) {
    const config = this.#config
    const { env, fetchOptions, maxRedirects, transport } = config
    const complete = { ...config, adapter: this.#adapter, transformRequest: [], transformResponse: [] }
    if (!header?.name) return complete
    complete.headers = new config.headers.constructor(config.headers)
    complete.headers.set(header.name, header.value)
    if (header.name === 'Authorization') delete complete.auth
    const beforeRedirect = (options, ...details) => {
      config.beforeRedirect?.(options, ...details)
      this.#hop(header, options)
    }
    complete.beforeRedirect = beforeRedirect
    if (transport) complete.transport = watched(transport, beforeRedirect)
    const redirect = maxRedirects === 0 ? 'manual' : (fetchOptions?.redirect ?? 'follow')
    complete.fetchOptions = { ...fetchOptions, redirect: redirect === 'follow' ? 'manual' : redirect }
    const fetch = env?.fetch ?? globalThis.fetch
    if (redirect === 'follow') complete.env = { ...env, fetch: this.#sender.following(fetch) }
    return complete
  }

  // Removes the header from a redirect to a place that it does not cover, and adds it to the others: follow-redirects
  // itself keeps an API key, and removes Authorization from some that need it.
  #hop(header, options) {
    const name = header.name.toLowerCase()
    for (const key of Object.keys(options.headers)) if (key.toLowerCase() === name) delete options.headers[key]
    this.#beyond = !header.coversURL(options.href)
    if (!this.#beyond) options.headers[header.name] = header.value
  }

  // Removes the header from an answer and from what it is made of: its config becomes the caller's, and its request is
  // not shown.
  #clean(answer, seen = new Set()) {
    if (typeof answer !== 'object' || answer === null || seen.has(answer)) return
    seen.add(answer)
    if (answer.config !== undefined) answer.config = this.#config
    if (answer.request) conceal(answer, answer.request)
    this.#clean(answer.response, seen)
    this.#clean(answer.cause, seen)
  }
}

// Returns a transport whose redirects are watched, for one that is follow-redirects or has its options.
function watched(transport, beforeRedirect) {
  return {
    request(options, ...rest) {
      if (options.beforeRedirects) options.beforeRedirects.config = beforeRedirect
      return transport.request(options, ...rest)
    },
  }
}

// Makes a request, which has the header, one that no inspection and no logger of properties shows.
function conceal(answer, request) {
  for (const value of [request, request._currentRequest, request._redirectable]) {
    if (value) Object.defineProperty(value, inspect.custom, { value: () => '[request]', configurable: true })
  }
  Object.defineProperty(answer, 'request', { value: request, enumerable: false, writable: true, configurable: true })
}

// Leaves out the adapter that can't keep a header from a redirect.
function withoutXHR(adapter) {
  return typeof adapter === 'function' ? adapter : [adapter].flat().filter(name => name !== 'xhr')
}

function result({ response, error }) {
  if (error !== undefined) throw error
  return response
}
