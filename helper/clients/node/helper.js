// Asks cgp-cred for headers over its standard input, and stores them in this thread's memory.

import { CredentialError } from './error.js'
import { OldHelperError, parseAnswer } from './header.js'
import { VERSION } from './installed.js'
import { Place, placeOf } from './place.js'
import { printable, program, REINSTALL, run, warn } from './program.js'
import { proxyInTheWay } from './proxy.js'

// Gets the headers of one profile, or without a name, of the profile that covers each URL. timeout limits one run of
// cgp-cred, in milliseconds.
export class Helper {
  #profile
  #timeout

  constructor(profile, { timeout = 120_000 } = {}) {
    this.#profile = profile || undefined
    this.#timeout = timeout
  }

  // Resolves to the header for a URL or a place. One call asks cgp-cred; those that wait get its answer, or its
  // failure. A signal ends the wait and not the run of cgp-cred. Rejects with a CredentialError, whose message has
  // only the origin of the URL.
  async header(url, signal) {
    const place = checked(url)
    const origin = this.#origin(place)
    for (;;) {
      const found = origin.find(place)
      if (found !== undefined) return found
      origin.asking ?? origin.start(place, () => this.#ask(place))
      const header = await origin.outcome(place, signal)
      if (header !== undefined) return header
    }
  }

  // Resolves to a new header after a server refused one with 401, or to nothing without another header. The refused
  // token is erased from cgp-cred's cache. A new header that is itself a replacement is not replaced again: the refusal
  // is final.
  async replace(url, refused, signal) {
    const place = checked(url)
    const origin = this.#origin(place)
    for (;;) {
      const found = origin.find(place)
      if (found !== undefined && found.value !== refused.value) return found
      if (refused.final() || found?.final()) return undefined
      const started = origin.asking === undefined
      if (started) origin.start(place, () => this.#another(place, origin, refused))
      const header = await origin.outcome(place, signal)
      if (header !== undefined && header.value !== refused.value) return header
      if (started) return undefined
    }
  }

  #origin(place) {
    const chosen = this.#profile ?? `?${process.env.CGP_CRED_PROFILE ?? ''}`
    const key = `${chosen} ${place.origin}`
    if (!origins.has(key)) origins.set(key, new Origin())
    return origins.get(key)
  }

  async #another(place, origin, refused) {
    origin.drop(refused)
    if (refused.token !== '') await this.#erase(place, refused.token)
    return this.#ask(place, true)
  }

  async #ask(place, replaces = false) {
    const text = await this.#run('get', requestOf(place, 'capability[]=header'))
    let header
    try {
      header = parseAnswer(text, place, replaces)
    } catch (error) {
      if (error instanceof OldHelperError) throw await this.#tooOld()
      throw new CredentialError(`cgp-cred gave an answer that can't be used: ${error.message}\n${REINSTALL}`)
    }
    if (header !== undefined) return header
    const name = this.#profile === undefined ? 'no profile covers' : `profile '${this.#profile}' does not cover`
    throw new CredentialError(`cgp-cred: ${name} this place on ${place.origin}\nhint: cgp-cred list`, 3)
  }

  async #erase(place, token) {
    try {
      await this.#run('erase', requestOf(place, 'authtype=Bearer', `credential=${token}`))
    } catch (error) {
      warn(error.message) // then the next answer is the same token, which is not sent again
    }
  }

  // Resolves to the error for a cgp-cred that is older than this package needs.
  async #tooOld() {
    let version = 'of an unknown version'
    try {
      const { version: said } = JSON.parse(await run(['version', '--json'], '', this.#timeout))
      if (typeof said === 'string') version = printable(said)
    } catch {
      // it is too old to say so
    }
    return new CredentialError(
      `${printable(program())} is cgp-cred ${version}, which is too old for this package, version ${VERSION}\n` +
        'hint: update cgp-cred, then run: cgp-cred clients install node',
    )
  }

  // Runs a verb of cgp-cred credential.
  async #run(verb, request) {
    const args = ['credential', verb]
    if (this.#profile !== undefined) {
      const name = String(this.#profile)
      if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) {
        throw new CredentialError(`'${printable(name)}' can't be a profile's name\nhint: cgp-cred list`, 2)
      }
      args.push(name)
    }
    return run(args, request, this.#timeout)
  }
}

// The headers of one profile and origin, and the run of cgp-cred that is not over.
class Origin {
  asking // what it asks for, and a promise that never rejects
  #headers = []

  find(place) {
    return this.#headers.find(header => header.covers(place) && header.fresh())
  }

  drop(refused) {
    this.#headers = this.#headers.filter(header => header.value !== refused.value)
  }

  start(place, ask) {
    const asking = { path: place.path, promise: undefined }
    asking.promise = ask().then(
      header => {
        const others = this.#headers.filter(other => other.fresh() && !header.covers(other.asked))
        this.#headers = [header, ...others].slice(0, 64)
        this.asking = undefined
        return { header }
      },
      error => {
        this.asking = undefined
        return { error }
      },
    )
    this.asking = asking
  }

  // Resolves to the answer to the run that is not over, if it is one for this place. Rejects with its failure, if this
  // place would have the same.
  async outcome(place, signal) {
    const { path, promise } = this.asking
    const { header, error } = await unless(signal, promise)
    if (header?.covers(place)) return header
    if (error === undefined || (error.status === 3 && path !== place.path)) return undefined
    if (error instanceof CredentialError) throw new CredentialError(error.message, error.status)
    throw error
  }
}

const origins = new Map()

// Resolves as a promise does, unless a signal is aborted before.
function unless(signal, promise) {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    return promise.then(resolve).finally(() => signal.removeEventListener('abort', abort))
  })
}

// Returns the place of a URL that cgp-cred may be asked about.
export function checked(url) {
  let place = url
  try {
    if (!(url instanceof Place)) place = placeOf(String(url))
  } catch (error) {
    const message = `cgp-cred was not asked: ${error.message}\nhint: give a URL such as https://HOST/PATH`
    throw new CredentialError(message, 3)
  }
  const problem = proxyInTheWay(place)
  if (problem !== undefined) throw new CredentialError(problem, 6)
  return place
}

// Returns the URL as it is sent: absolute, and as the URL standard writes it.
export function standard(url) {
  try {
    return new URL(String(url)).href
  } catch {
    const hint = 'hint: give a URL such as https://HOST/PATH'
    throw new CredentialError(`cgp-cred was not asked: the URL's scheme and host can't be read\n${hint}`, 3)
  }
}

function requestOf(place, ...lines) {
  return [...lines, `protocol=${place.scheme}`, `host=${place.host}`, `path=${place.path}`, '', ''].join('\n')
}
