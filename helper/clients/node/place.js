// Places on the web: scheme, host with port, and path, without a query.

const PARTS = /^(https?):\/\/([^/?#]*)([^?#]*)/i
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/
const PATH = /^(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+$/
const ENCODED = /%(?:2[5ef]|3b|5c|7f|[018-9a-f])/i
const DOTS = /\/\.+(?:[/;%]|$)/
const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?$/

// Where a request goes: scheme "https" or "http"; host in lower case, with the port if the URL has one; path as it is
// sent.
export class Place {
  constructor(scheme, host, path) {
    this.scheme = scheme
    this.host = host
    this.path = path
    Object.freeze(this)
  }

  get origin() {
    return `${this.scheme}://${this.host}`
  }

  // Reports whether every client and server reads the same path in it. The rule is stricter than cgp-cred's own: no dot
  // segments, with or without parameters, and no encoded character that servers decode in different ways. cgp-cred is
  // asked about each path that is not plain.
  get plain() {
    return PATH.test(this.path) && !ENCODED.test(this.path) && !DOTS.test(this.path)
  }

  // Reports whether it is on this machine: localhost, an address of 127.0.0.0/8 or [::1].
  get loopback() {
    return LOOPBACK.test(this.host)
  }
}

// Returns the place that an absolute URL names. Throws if clients could read another host in it; the message does not
// quote the URL.
export function placeOf(url) {
  if (!/^[!-~]+$/.test(url)) {
    throw new Error('the URL has a space, a control character or a letter beyond ASCII')
  }
  const [, scheme, authority, path] = PARTS.exec(url) ?? []
  const host = (authority ?? '').toLowerCase()
  if (host.includes('@')) throw new Error('the URL has user information, which is not allowed')
  if (!HOST.test(host)) throw new Error("the URL's scheme and host can't be read")
  return new Place(scheme.toLowerCase(), host, path || '/')
}
