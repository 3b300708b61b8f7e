// A request signer for fhir-kit-client, which uses Node's own fetch.

import { Helper, standard } from './helper.js'
import { Exchange } from './undici.js'

// Returns a requestSigner: new Client({ baseUrl, requestSigner: cgpRequestSigner('int') }). It puts no header into the
// request, which the client and its errors keep, but a dispatcher that adds it to each hop that the profile covers, and
// sends a request that is refused with 401 once more. fhir-kit-client 2 waits for the credential first.
export function cgpRequestSigner(profile, { timeout } = {}) {
  const helper = new Helper(profile, { timeout })
  return function requestSigner(url, options) {
    options.dispatcher = dispatcher(helper, options)
    const asked = Promise.resolve().then(async () => void (await helper.header(standard(url))))
    asked.catch(() => {}) // fhir-kit-client 1 does not wait: then the dispatcher fails
    return asked
  }
}

// Returns a dispatcher for one request and its redirects.
function dispatcher(helper, { body, dispatcher: own }) {
  let first
  let sent
  return {
    dispatch(opts, handler) {
      const base = own ?? globalDispatcher(handler)
      sent ??= `${opts.method} ${opts.origin}${opts.path}`
      const same = sent === `${opts.method} ${opts.origin}${opts.path}`
      const repeated = same && typeof body === 'string' ? { ...opts, body } : opts
      const exchange = new Exchange(helper, base.dispatch.bind(base), repeated, handler)
      exchange.run(first, header => (first = header))
      return true
    },
    close: async () => {},
    destroy: async () => {},
  }
}

// Returns what Node's fetch would have used: Node 26 and undici 8 have a dispatcher for each kind of handler.
function globalDispatcher(handler) {
  const [old, current] = [1, 2].map(n => globalThis[Symbol.for(`undici.globalDispatcher.${n}`)])
  return typeof handler.onRequestStart === 'function' ? (current ?? old) : (old ?? current)
}
