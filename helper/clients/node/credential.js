// The credential itself, for clients that this package has no hook for.

import { checked, Helper } from './helper.js'

// A header, which its own methods show and no inspection does.
class Credential {
  #header

  constructor(header) {
    this.#header = header
    Object.freeze(this)
  }

  get name() {
    return this.#header.name
  }

  get value() {
    return this.#header.value
  }

  // Returns the header as an object, empty if the place needs none.
  headers() {
    return this.name === '' ? {} : { [this.name]: this.value }
  }

  // Reports whether it may be sent to a URL.
  covers(url) {
    return this.#header.coversURL(String(url))
  }

  static headerOf(credential) {
    return credential.#header
  }
}

// Resolves to the credential for a URL; with refused, to another one after a 401, or to nothing without another one.
export async function cgpCredential(url, { profile, refused, signal, timeout } = {}) {
  const helper = new Helper(profile, { timeout })
  if (refused === undefined) return new Credential(await helper.header(checked(url), signal))
  const header = await helper.replace(checked(url), Credential.headerOf(refused), signal)
  return header === undefined ? undefined : new Credential(header)
}
