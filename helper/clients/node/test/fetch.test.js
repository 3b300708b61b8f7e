import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'

import { CredentialError, cgpFetch } from '../index.js'
import { fetchWith } from '../fetch.js'
import { answers, everyRun, plan, quick, release, runs, serve, useFake, wants } from './fake.js'

// Answers /go/STATUS?to=URL with that redirect, and other paths with 200.
const redirecting = ({ path }) => {
  const url = new URL(path, 'http://x')
  const [, status] = /^\/go\/(\d+)/.exec(url.pathname) ?? []
  const to = url.searchParams.get('to')
  return status ? [Number(status), to === null ? {} : { location: to }] : 200
}
const go = (url, to, status = 302) => `${url}/go/${status}?to=${encodeURIComponent(to)}`

describe('fetch', () => {
  useFake()

  // Serves with a profile that covers the whole server.
  async function covered(t, answer, header) {
    const server = await serve(t, answer)
    answers({ header, scope: server.url })
    return server
  }
  const auth = ({ seen }) => seen.map(({ headers }) => headers.authorization)

  test('every kind of input', async t => {
    const server = await covered(t, () => 200)
    const fetch = cgpFetch('int')
    const request = new Request(`${server.url}/r`, { method: 'PUT', body: 'b', headers: { 'x-own': '1' } })
    for (const input of [`${server.url}/s`, new URL(`${server.url}/u`), { toString: () => `${server.url}/o` }]) {
      assert.equal(await (await fetch(input)).text(), 'ok')
    }
    await fetch(request)
    assert.equal(request.bodyUsed, true)
    await fetch(`${server.url}/init`, new Request('http://x/', { method: 'POST', body: 'i', duplex: 'half' }))
    await fetch(new Request(`${server.url}/both`, { headers: { a: '1' } }), { method: 'DELETE', headers: { b: '2' } })
    assert.deepEqual(auth(server), Array(6).fill('Bearer token1'))
    const [, , , put, post, both] = server.seen
    const { 'x-own': own, 'content-length': length } = put.headers
    assert.deepEqual([put.method, put.body, own, length], ['PUT', 'b', '1', '1'])
    assert.deepEqual([post.method, both.method, both.headers.a, both.headers.b], ['POST', 'DELETE', undefined, '2'])
    assert.equal(runs().length, 1)
  })

  test('every kind of body is sent again after a 401, except a stream', async t => {
    const form = new FormData()
    form.set('file', new Blob(['b']), 'f')
    for (const [kind, body, again, sent] of [
      ['nothing', undefined, true, /^$/],
      ['string', 'b', true, /^b$/],
      ['empty string', '', true, /^$/],
      ['Buffer', Buffer.from('b'), true, /^b$/],
      ['ArrayBuffer', new Uint8Array([98]).buffer, true, /^b$/],
      ['DataView', new DataView(new Uint8Array([98]).buffer), true, /^b$/],
      ['URLSearchParams', new URLSearchParams('a=b'), true, /^a=b$/],
      ['Blob', new Blob(['b']), true, /^b$/],
      ['FormData', form, true, /name="file"; filename="f"[^]*\r\nb\r\n/],
      ['ReadableStream', new Blob(['b']).stream(), false, /^b$/],
      ['generator', (async function* () { yield Buffer.from('b') })(), false, /^b$/],
    ]) {
      let refused = false
      const server = await serve(t, () => {
        const status = refused ? 200 : [401, {}, 'no']
        refused = true
        return status
      })
      const fetch = fetchWith(quick(server.url), () => globalThis.fetch, true)
      const response = await fetch(server.url, { method: 'POST', body, duplex: 'half' })
      assert.equal(response.status, again ? 200 : 401, kind)
      assert.equal(await response.text(), again ? 'ok' : 'no', kind)
      assert.equal(server.seen.length, again ? 2 : 1, kind)
      for (const one of server.seen) assert.match(one.body, sent, kind)
    }
  })

  test('a Request is sent again after a 401', async t => {
    const server = await covered(t, ({ headers }) => (headers.authorization === 'Bearer token1' ? 401 : 200))
    const request = new Request(server.url, { method: 'POST', body: 'b', headers: { 'content-type': 'text/x' } })
    assert.equal((await cgpFetch()(request)).status, 200)
    for (const one of server.seen) {
      assert.deepEqual([one.body, one.headers['content-type'], one.headers['content-length']], ['b', 'text/x', '1'])
    }
    assert.deepEqual(auth(server), ['Bearer token1', 'Bearer token2'])
  })

  test("a Request's own dispatcher is used, also after a 401", async t => {
    const server = await covered(t, wants('token2'))
    const agent = globalThis[Symbol.for('undici.globalDispatcher.1')]
    let dispatched = 0
    const dispatcher = { dispatch: (...args) => (dispatched++, agent.dispatch(...args)) }
    assert.equal((await cgpFetch()(new Request(server.url, { dispatcher }))).status, 200)
    assert.equal(dispatched, 2)
  })

  test('a second refusal is the answer, and asks no more for a minute', async t => {
    const server = await covered(t, () => [401, { 'x-why': 'no' }, 'no'])
    const fetch = cgpFetch()
    for (let i = 0; i < 3; i++) assert.equal(await (await fetch(server.url)).text(), 'no')
    assert.equal(server.seen.length, 4)
    assert.deepEqual([runs().length, runs('erase').length], [2, 1])
  })

  test('fifty calls share one token, and one new one', async t => {
    const server = await covered(t, wants('token2'))
    const fetch = cgpFetch()
    const responses = await Promise.all(Array.from({ length: 50 }, (_, i) => fetch(`${server.url}/${i}`)))
    assert.deepEqual(responses.map(({ status }) => status), Array(50).fill(200))
    assert.deepEqual([runs().length, runs('erase').length], [2, 1])
  })

  for (const header of ['Authorization: Bearer token@N@', 'apikey: key']) {
    const name = header.split(':')[0].toLowerCase()
    test(`a redirect to another place goes without ${name}`, async t => {
      const other = await serve(t, () => 200)
      const server = await serve(t, redirecting)
      answers({ header, scope: `${server.url}/go` })
      const port = new URL(other.url).port
      const fetch = cgpFetch()
      for (const to of [`${other.url}/x`, `//127.0.0.1:${port}/x`, `http://localhost:${port}/x`, `${other.url}/x#y`]) {
        const response = await fetch(go(server.url, to), { headers: { [name]: 'own', cookie: 'c' } })
        assert.equal(response.status, 200)
        assert.equal(response.redirected, true)
        assert.match(response.url, /\/x$/)
      }
      for (const { headers } of other.seen) assert.deepEqual([headers[name], headers.cookie], [undefined, undefined])
      for (const { headers } of server.seen) assert.match(headers[name], /^(Bearer token1|key)$/)
      assert.deepEqual([other.seen.length, server.seen.length], [4, 4])
      await fetch(go(server.url, '/outside'), { headers: { [name]: 'own' } })
      await fetch(go(server.url, '../../gone/x'))
      await fetch(go(server.url, '/go/%2e%2e/x'))
      await fetch(go(server.url, '/go/x'))
      const hops = server.seen.slice(4).filter((_, i) => i % 2 === 1)
      assert.deepEqual(hops.map(({ path, headers }) => [path, headers[name] !== undefined]), [
        ['/outside', false],
        ['/gone/x', false],
        ['/x', false],
        ['/go/x', true],
      ])
    })
  }

  test('a redirect back to a covered place has the header', async t => {
    const other = await serve(t, redirecting)
    const server = await covered(t, redirecting)
    await cgpFetch()(go(server.url, go(other.url, `${server.url}/end`)))
    assert.deepEqual([auth(server), auth(other)], [['Bearer token1', 'Bearer token1'], [undefined]])
  })

  test("another profile's place gets nothing, though cgp-cred would have an answer", async t => {
    const other = await serve(t, () => 200)
    const server = await covered(t, redirecting)
    await cgpFetch()(go(server.url, other.url))
    assert.deepEqual([auth(other), runs().length], [[undefined], 1])
  })

  test('a 401 after a redirect to another place is the answer', async t => {
    const other = await serve(t, () => 401)
    const server = await covered(t, redirecting)
    assert.equal((await cgpFetch()(go(server.url, other.url))).status, 401)
    assert.deepEqual([other.seen.length, runs('erase').length], [1, 0])
  })

  test('method and body at a redirect', async t => {
    const server = await covered(t, redirecting)
    for (const [status, method, then, body] of [
      [301, 'POST', 'GET', ''],
      [302, 'POST', 'GET', ''],
      [302, 'PUT', 'PUT', 'b'],
      [303, 'POST', 'GET', ''],
      [303, 'PUT', 'GET', ''],
      [303, 'HEAD', 'HEAD', ''],
      [301, 'DELETE', 'DELETE', 'b'],
      [307, 'POST', 'POST', 'b'],
      [308, 'PATCH', 'PATCH', 'b'],
      [308, 'post', 'POST', 'b'],
    ]) {
      for (const wrap of [(...given) => given, (...given) => [new Request(...given)]]) {
        server.seen.length = 0
        const init = { method, headers: { 'content-type': 'text/x' }, body: method === 'HEAD' ? undefined : 'b' }
        await cgpFetch()(...wrap(go(server.url, '/end', status), init))
        const end = server.seen[1]
        const name = `${status} ${method}`
        assert.deepEqual([end.method, end.body], [then, body], name)
        assert.equal(end.headers['content-type'], body || method === 'HEAD' ? 'text/x' : undefined, name)
        assert.equal(end.headers.authorization, 'Bearer token1', name)
      }
    }
  })

  test('redirects that fail as those of fetch do', async t => {
    const server = await covered(t, redirecting)
    const fetch = cgpFetch()
    const stream = { method: 'POST', duplex: 'half' }
    for (const [url, init] of [
      [go(server.url, 'file:///etc/passwd')],
      [go(server.url, 'data:text/plain,x')],
      [go(server.url, 'http://')],
      [go(server.url, server.url.replace('//', '//user:secret@'))],
      [go(server.url, '/x', 307), { ...stream, body: new Blob(['b']).stream() }],
      [go(server.url, '/x'), { redirect: 'error' }],
    ]) {
      await assert.rejects(fetch(url, init), error => {
        assert.ok(error instanceof TypeError && !(error instanceof CredentialError))
        assert.equal(error.message, 'fetch failed')
        return !inspect(error).includes('secret')
      })
      assert.equal(server.seen.pop().path.slice(0, 4), '/go/')
    }
    const response = await fetch(go(server.url, '/x', 303), { ...stream, body: new Blob(['b']).stream() })
    assert.equal(response.status, 200)
  })

  test('redirects that are not followed', async t => {
    const server = await covered(t, redirecting)
    const fetch = cgpFetch()
    const manual = await fetch(go(server.url, '/x'), { redirect: 'manual' })
    assert.deepEqual([manual.status, manual.redirected, manual.headers.get('location')], [302, false, '/x'])
    const request = await fetch(new Request(go(server.url, '/x'), { redirect: 'manual' }))
    assert.equal(request.status, 302)
    for (const status of [300, 304, 305]) assert.equal((await fetch(go(server.url, '/x', status))).status, status)
    assert.equal((await fetch(`${server.url}/go/302`)).status, 302)
    assert.equal(server.seen.length, 6)
  })

  test('at most twenty redirects', async t => {
    let hops = 0
    const server = await covered(t, () => (hops++ < 20 ? [302, { location: '/x' }] : 200))
    assert.equal((await cgpFetch()(server.url)).status, 200)
    hops = -1
    await assert.rejects(cgpFetch()(server.url), ({ cause }) => /too many redirects/.test(cause.message))
  })

  test('without a credential nothing is sent', async t => {
    const server = await serve(t, () => 200)
    plan('get', {})
    const error = await cgpFetch('int')(`${server.url}/?patient=9434765919`).catch(e => e)
    assert.ok(error instanceof CredentialError && error instanceof TypeError)
    assert.deepEqual([error.status, error.code, error.name], [3, 'ERR_CGP_CRED', 'CredentialError'])
    assert.match(inspect(error), /profile 'int' does not cover this place on http:\/\/127[^]*\nhint: /)
    assert.doesNotMatch(inspect(error) + JSON.stringify(error), /9434765919/)
    plan('get', { status: 4, stderr: 'cgp-cred: locked\nhint: unlock it\n' })
    await assert.rejects(cgpFetch()(server.url), { message: 'cgp-cred: locked\nhint: unlock it', status: 4 })
    await assert.rejects(cgpFetch()('relative'), { status: 3 })
    await assert.rejects(cgpFetch()('data:,x'), { status: 3 })
    await assert.rejects(cgpFetch()(server.url.replace('//', '//u:secret@')), e => !inspect(e).includes('secret'))
    assert.equal(server.seen.length, 0)
  })

  test('a place that needs no credential', async t => {
    const server = await covered(t, () => 401, '')
    const response = await cgpFetch()(server.url, { headers: { authorization: 'own' } })
    assert.deepEqual([response.status, auth(server), runs().length], [401, ['own'], 1])
  })

  test("the caller's own headers stay, except the one of the credential", async t => {
    const server = await covered(t, () => 200)
    for (const headers of [
      { Authorization: 'own', 'X-Own': '1' },
      [['AUTHORIZATION', 'own'], ['x-own', '1']],
      new Headers({ authorization: 'own', 'x-own': '1' }),
    ]) {
      await cgpFetch()(server.url, { headers })
      const { authorization, 'x-own': own } = server.seen.pop().headers
      assert.deepEqual([authorization, own], ['Bearer token1', '1'])
    }
  })

  test('signals', async t => {
    const server = await covered(t, () => new Promise(() => {}))
    await assert.rejects(cgpFetch()(server.url, { signal: AbortSignal.abort() }), { name: 'AbortError' })
    assert.deepEqual(everyRun(), [])
    for (const wrap of [(...given) => given, (...given) => [new Request(...given)]]) {
      const controller = new AbortController()
      const sent = cgpFetch()(...wrap(server.url, { signal: controller.signal }))
      while (server.seen.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
      controller.abort()
      await assert.rejects(sent, { name: 'AbortError' })
      server.seen.length = 0
    }
    answers({ scope: server.url, until: 'never' })
    const given = cgpFetch('new')(server.url, { signal: AbortSignal.timeout(50) })
    await assert.rejects(given, { name: 'TimeoutError' })
    assert.equal(server.seen.length, 0)
    plan('get', {})
    release('never')
  })

  test('the options of a call go to the fetch that was given', async () => {
    const calls = []
    const base = async (url, init) => {
      calls.push([url, init])
      return new Response('ok')
    }
    const known = { keepalive: true, integrity: 'sha256-x', mode: 'cors', cache: 'no-store', referrer: '' }
    const init = { ...known, next: { a: 1 } }
    await cgpFetch('int', { fetch: base })('https://b.example/x y?z=|', init)
    const [url, sent] = calls[0]
    assert.equal(url, 'https://b.example/x%20y?z=|')
    for (const [name, value] of Object.entries(init)) assert.equal(sent[name], value, name)
    assert.equal(sent.redirect, 'manual')
    assert.equal(sent.headers.get('authorization'), 'Bearer token1')
  })

  test('the global fetch is looked up at each call, and concurrent hops do not mix', async t => {
    const before = globalThis.fetch
    t.after(() => (globalThis.fetch = before))
    const fetch = cgpFetch()
    globalThis.fetch = async () => new Response('mock')
    assert.equal(await (await fetch('https://c.example/')).text(), 'mock')
  })
})
