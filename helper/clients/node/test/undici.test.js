// The dispatchers here are those of Node's own fetch; the tests with the packages are in real.js.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'

import { CredentialError, cgpInterceptor, cgpRequestSigner } from '../index.js'
import { answers, everyRun, newOrigin, plan, runs, serve, useFake, wants } from './fake.js'

void globalThis.Request // loads Node's own undici
const dispatcher = () => globalThis[Symbol.for('undici.globalDispatcher.1')]
const compose = (...interceptors) => dispatcher().compose(...interceptors)

describe('undici', () => {
  useFake()

  test('a dispatcher for fetch', async t => {
    const server = await serve(t, wants('token1'))
    answers({ scope: server.url })
    const agent = compose(cgpInterceptor('int'))
    const calls = Array.from({ length: 50 }, (_, i) => fetch(`${server.url}/${i}?q=1`, { dispatcher: agent }))
    for (const response of await Promise.all(calls)) assert.equal(response.status, 200)
    assert.deepEqual(runs().map(({ argv }) => argv), [['credential', 'get', 'int']])
    assert.doesNotMatch(runs()[0].stdin, /q=1/)
  })

  test('a request is sent again after a 401', async t => {
    const server = await serve(t, wants('token2'))
    answers({ scope: server.url })
    const agent = compose(cgpInterceptor())
    assert.equal(await (await fetch(server.url, { dispatcher: agent })).text(), 'ok')
    assert.deepEqual([server.seen.length, runs('erase').length], [2, 1])
  })

  test('a second refusal is the answer, with its headers and its body', async t => {
    const server = await serve(t, () => [401, { 'x-why': 'no' }, 'no'])
    answers({ scope: server.url })
    const agent = compose(cgpInterceptor())
    for (let i = 0; i < 2; i++) {
      const response = await fetch(server.url, { dispatcher: agent })
      assert.deepEqual([response.status, response.headers.get('x-why'), await response.text()], [401, 'no', 'no'])
    }
    assert.equal(server.seen.length, 3)
  })

  test('the refusal of an API key is the answer, however large', async t => {
    const body = 'x'.repeat(3_000_000)
    const server = await serve(t, () => [401, {}, body])
    answers({ header: 'apikey: k', scope: server.url })
    const agent = compose(cgpInterceptor())
    assert.equal(await (await fetch(server.url, { dispatcher: agent })).text(), body)
    assert.equal(server.seen.length, 1)
  })

  test('without a credential nothing is sent', async t => {
    const server = await serve(t, () => 200)
    plan('get', {})
    const agent = compose(cgpInterceptor('int'))
    const error = await fetch(`${server.url}/?patient=9434765919`, { dispatcher: agent }).catch(e => e)
    assert.ok(error.cause instanceof CredentialError)
    assert.deepEqual([error.cause.status, server.seen.length], [3, 0])
    assert.doesNotMatch(inspect(error), /9434765919/)
  })

  test('only some origins', async t => {
    const server = await serve(t, () => 200)
    const other = await serve(t, () => 200)
    answers({ scope: server.url })
    const agent = compose(cgpInterceptor('int', { only: [`${server.url}/x`, newOrigin()] }))
    for (const { url } of [server, other]) await fetch(url, { dispatcher: agent })
    assert.equal(server.seen[0].headers.authorization, 'Bearer token1')
    assert.equal(other.seen[0].headers.authorization, undefined)
    assert.equal(runs().length, 1)
  })

  // Sends a request as undici's own functions do, and resolves to its status, or rejects.
  const send = (agent, opts) => new Promise((resolve, reject) => {
    agent.dispatch({ method: 'GET', path: '/', ...opts }, {
      onConnect() {},
      onHeaders: status => (resolve(status), true),
      onData: () => true,
      onComplete() {},
      onError: reject,
    })
  })

  test('every form of headers', async t => {
    const server = await serve(t, () => 200)
    answers({ scope: server.url })
    const agent = compose(cgpInterceptor())
    for (const headers of [
      undefined,
      null,
      {},
      { AUTHORIZATION: 'own', 'x-own': '1' },
      ['authorization', 'own', 'x-own', '1'],
      [['Authorization', 'own'], ['x-own', '1']],
      new Map([['authorization', 'own'], ['x-own', '1']]),
      new Headers({ authorization: 'own', 'x-own': '1' }),
      { 'x-own': ['1', '2'] },
    ]) {
      assert.equal(await send(agent, { origin: server.url, headers }), 200, inspect(headers))
      const sent = server.seen.pop().headers
      assert.equal(sent.authorization, 'Bearer token1')
      if (headers !== undefined && headers !== null && inspect(headers) !== '{}') assert.match(sent['x-own'], /^1/)
    }
  })

  test('a request that does not say where it goes', async () => {
    const agent = compose(cgpInterceptor())
    for (const opts of [
      {},
      { origin: 'nonsense' },
      { origin: 'https://a.example', path: 'https://b.example/' },
      { origin: 'https://a.example', path: '//b.example\\x y' },
      { origin: 'https://user:secret@a.example', path: '@b.example/' },
      { origin: 'https://a.example', path: '/x#/../y' },
      { origin: 'https://a.example', path: '*', method: 'OPTIONS' },
      { origin: 'https://a.example', path: 'b.example:443', method: 'CONNECT' },
    ]) {
      const error = await send(agent, opts).catch(e => e)
      assert.ok(error instanceof CredentialError, inspect(opts))
      assert.doesNotMatch(inspect(error), /secret/)
    }
    assert.deepEqual(everyRun(), [])
  })

  test('a path with dot segments is asked for as it is sent', async t => {
    const server = await serve(t, () => 200)
    answers({ scope: `${server.url}/api` })
    const agent = compose(cgpInterceptor())
    await send(agent, { origin: server.url, path: '/api/x' })
    plan('get', {})
    for (const path of ['/api/../x', '/api/%2e%2e/x', '/api/..;/x', '/apix']) {
      await assert.rejects(send(agent, { origin: new URL(server.url), path }), { status: 3 })
    }
    assert.equal(server.seen.length, 1)
  })

  // What undici's redirect interceptor does: it uses its handler again, and tells the history.
  const redirects = dispatch => (opts, handler) => {
    const history = []
    let location
    const head = (status, where) => {
      history.push(new URL(opts.path, opts.origin))
      location = status === 302 ? new URL(where, opts.origin) : undefined
    }
    const end = next => {
      if (!location) return next()
      opts = { ...opts, origin: location.origin, path: location.pathname }
      return dispatch(opts, relay)
    }
    const old = {
      onConnect: abort => handler.onConnect(abort, { history }),
      onError: error => handler.onError(error),
      onData: chunk => (location ? true : handler.onData(chunk)),
      onHeaders(status, raw, ...rest) {
        const names = raw.map(item => item.toString().toLowerCase())
        head(status, names[names.indexOf('location') + 1])
        return location ? true : handler.onHeaders(status, raw, ...rest)
      },
      onComplete: trailers => end(() => handler.onComplete(trailers)),
    }
    const relay = handler.onRequestStart === undefined ? old : {
      onRequestStart: (controller, context) => handler.onRequestStart(controller, { ...context, history }),
      onResponseError: (...args) => handler.onResponseError(...args),
      onResponseData: (...args) => location ?? handler.onResponseData(...args),
      onResponseStart(controller, status, headers, text) {
        head(status, headers.location)
        if (!location) handler.onResponseStart(controller, status, headers, text)
      },
      onResponseEnd: (...args) => end(() => handler.onResponseEnd(...args)),
    }
    return dispatch(opts, relay)
  }

  for (const header of ['Authorization: Bearer token1', 'apikey: k']) {
    const name = header.split(':')[0].toLowerCase()
    test(`a redirect to another place goes without ${name}`, async t => {
      const other = await serve(t, () => 200)
      const server = await serve(t, ({ path }) => {
        const to = { '/go/other': other.url, '/go/out': '/out', '/go/in': '/go/x' }[path]
        return to ? [302, { location: to }] : 200
      })
      answers({ header, scope: `${server.url}/go` })
      const agent = compose(cgpInterceptor(), redirects)
      for (const path of ['/go/other', '/go/out', '/go/in']) {
        assert.equal(await send(agent, { origin: server.url, path }), 200)
      }
      assert.deepEqual(other.seen.map(({ headers }) => headers[name]), [undefined])
      const hops = server.seen.map(({ path, headers }) => `${path} ${headers[name] !== undefined}`)
      assert.deepEqual(hops, ['/go/other true', '/go/out true', '/out false', '/go/in true', '/go/x true'])

      const wrong = compose(redirects, cgpInterceptor())
      const error = await send(wrong, { origin: server.url, path: '/go/other' }).catch(e => e)
      assert.match(error.message, /\nhint: name cgpInterceptor before the redirect interceptor/)
      assert.equal(await send(wrong, { origin: server.url, path: '/go/x' }), 200)
      assert.equal(other.seen.length, 1)
    })
  }

  // What fhir-kit-client does, which makes a Request and uses Node's own fetch.
  async function signed(signer, url, init = {}, waits = true) {
    const options = { method: 'GET', ...init }
    const signs = signer(url, options)
    if (waits) await signs
    const request = new Request(url, options)
    assert.doesNotMatch(inspect(request), /token|Bearer/)
    return fetch(request)
  }

  for (const waits of [true, false]) {
    test(`a request signer that its caller ${waits ? 'waits for' : 'does not wait for'}`, async t => {
      const other = await serve(t, () => 200)
      const server = await serve(t, one => (one.path === '/go' ? [302, { location: other.url }] : wants('token2')(one)))
      answers({ scope: server.url })
      const signer = cgpRequestSigner('int')
      const post = { method: 'POST', body: '{"é":1}', headers: { 'content-type': 'application/fhir+json' } }
      assert.equal((await signed(signer, `${server.url}/x`, post, waits)).status, 200)
      assert.deepEqual(server.seen.map(({ body }) => body), Array(2).fill('{"é":1}'))
      assert.deepEqual(server.seen.map(({ headers }) => headers.authorization), ['Bearer token1', 'Bearer token2'])
      assert.equal((await signed(signer, `${server.url}/go`, {}, waits)).status, 200)
      assert.equal(server.seen[2].headers.authorization, 'Bearer token2')
      assert.deepEqual(other.seen.map(({ headers }) => headers.authorization), [undefined])
      plan('get', {})
      const error = await signed(signer, `${other.url}/page2`, {}, waits).catch(e => e)
      assert.equal((waits ? error : error.cause).status, 3)
      assert.equal(other.seen.length, 1)
    })
  }
})
