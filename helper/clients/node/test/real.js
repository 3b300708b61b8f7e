// Tests with the packages themselves, which make clients installs; they are in node_modules next to the package.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'

import { cgpAxios, CredentialError, cgpFetch, cgpInterceptor, cgpRequestSigner } from '../index.js'
import { answers, plan, runs, serve, useFake, wants } from './fake.js'

const require = createRequire(import.meta.url)
const KEYS = ['Authorization: Bearer token@N@', 'apikey: secretkey']
const SECRET = /token[0-9]|secretkey/

// Serves what redirects and refuses: /go/other leads to another server, /go/out out of the scope, /go/in stays.
async function world(t, header, refused = []) {
  const other = await serve(t, ({ path }) => (path === '/back' ? [302, { location: `${server.url}/go/x` }] : 200))
  const server = await serve(t, ({ path, headers }) => {
    if (refused.some(token => headers.authorization === `Bearer ${token}`)) return [401, {}, 'no']
    const name = header.split(':')[0].toLowerCase()
    if (path.startsWith('/go') && headers[name] === undefined) return [403, {}, 'nothing']
    const away = { '/go/other': `${other.url}/x`, '/go/back': `${other.url}/back` }
    const where = { ...away, '/go/out': '/out', '/go/in': '/go/x' }
    return where[path] ? [302, { location: where[path] }] : [200, { 'content-type': 'application/json' }, '{"a":1}']
  })
  answers({ header, scope: `${server.url}/go` })
  const name = header.split(':')[0].toLowerCase()
  const hop = ({ path, headers }) => `${path} ${headers[name] === undefined ? 'without' : 'with'}`
  return { server, other, seen: () => server.seen.map(hop), others: () => other.seen.map(hop) }
}

// Plays what each client must hold. get(url) and post(url, body) resolve to a status.
function plays(client, { get, post, error: failure }, { back = true } = {}) {
  for (const header of KEYS) {
    test(`${client}: redirects and ${header.split(':')[0]}`, async t => {
      const { server, seen, others } = await world(t, header)
      for (const path of ['/go/x', '/go/other', '/go/out', '/go/in']) {
        assert.equal(await get(server.url + path), 200, path)
      }
      const hops = ['/go/x with', '/go/other with', '/go/out with', '/out without', '/go/in with', '/go/x with']
      assert.deepEqual(seen(), hops)
      assert.deepEqual(others(), ['/x without'])
      if (!back) return
      assert.equal(await get(`${server.url}/go/back`), 200)
      assert.deepEqual([seen().slice(6), others().slice(1)], [['/go/back with', '/go/x with'], ['/back without']])
    })
  }
  test(`${client}: a revoked token, and fifty requests`, async t => {
    const { server } = await world(t, KEYS[0], ['token1'])
    const statuses = await Promise.all(Array.from({ length: 50 }, (_, i) => get(`${server.url}/go/${i}x`)))
    assert.deepEqual([...new Set(statuses)], [200])
    assert.deepEqual([runs().length, runs('erase').length], [2, 1])
  })
  if (post) {
    test(`${client}: a body is sent again`, async t => {
      const { server } = await world(t, KEYS[0], ['token1'])
      assert.equal(await post(`${server.url}/go/x`, '{"b":2}'), 200)
      assert.deepEqual(server.seen.map(({ body }) => body), ['{"b":2}', '{"b":2}'])
    })
  }
  test(`${client}: a token that is refused twice`, async t => {
    const { server } = await world(t, KEYS[0], ['token1', 'token2'])
    for (let i = 0; i < 2; i++) assert.equal(await get(`${server.url}/go/x`), 401)
    assert.deepEqual([server.seen.length, runs().length], [3, 2])
  })
  test(`${client}: no credential`, async t => {
    const { server, other } = await world(t, KEYS[0])
    plan('get', {})
    const error = failure(await get(`${other.url}/?patient=9434765919`).then(() => assert.fail('it was sent'), e => e))
    assert.ok(error instanceof CredentialError, inspect(error))
    assert.equal(error.status, 3)
    assert.match(error.message, /\nhint: /)
    assert.deepEqual([server.seen.length, other.seen.length], [0, 0])
  })
}

describe('axios', () => {
  useFake()
  for (const name of ['axios', 'axios16']) {
    const axios = require(name)
    const status = promise => promise.then(r => r.status, e => e.response?.status ?? Promise.reject(e))
    const adapters = name === 'axios' ? ['http', 'fetch'] : ['http']
    for (const adapter of adapters) {
      const instance = () => cgpAxios(axios.create({ adapter, headers: { 'content-type': 'application/json' } }), 'int')
      plays(`${name}, adapter ${adapter}`, {
        get: url => status(instance().get(url)),
        post: (url, body) => status(instance().post(url, body)),
        error: error => {
          assert.equal(axios.isAxiosError(error), true)
          return error
        },
      })
      test(`${name}, adapter ${adapter}: no answer and no error shows the header`, async t => {
        for (const header of KEYS) {
          const { server } = await world(t, header)
          const api = instance()
          const response = await api.get(`${server.url}/go/x`)
          const stream = await api.get(`${server.url}/go/x`, { responseType: 'stream' })
          const gone = server.url.replace(/:\d+$/, ':1')
          answers({ header, scope: gone })
          const broken = await api.get(`${gone}/x`).catch(e => e)
          answers({ header, scope: `${server.url}/go` })
          const invalid = await api.get(`${server.url}/go/x`, { validateStatus: () => false }).catch(e => e)
          const late = await api.get(`${server.url}/go/x`, { maxContentLength: 1 }).catch(e => e)
          for (const thing of [response, stream, broken, invalid, late]) {
            assert.doesNotMatch(inspect(thing, { depth: 12 }), SECRET)
            assert.doesNotMatch(JSON.stringify(thing.config), SECRET)
            assert.doesNotMatch(JSON.stringify({ ...thing, data: 0, response: 0, cause: 0 }), SECRET)
            assert.doesNotMatch(thing.stack ?? '', SECRET)
          }
          for (const error of [broken, invalid, late]) {
            assert.ok(axios.isAxiosError(error), inspect(error))
            assert.doesNotMatch(JSON.stringify(error), SECRET)
          }
          stream.data.destroy?.()
          await stream.data.cancel?.()
        }
      })
    }
    const instance = config => cgpAxios(axios.create(config), 'int')
    test(`${name}: baseURL, params, own headers, the config's own redirects`, async t => {
      const { server, seen, others } = await world(t, KEYS[1])
      const headers = { 'x-own': '1', apikey: 'own' }
      const api = instance({ baseURL: `${server.url}/go`, headers, params: { a: 'b c' } })
      assert.deepEqual((await api.get('x', { params: { d: 1 } })).data, { a: 1 })
      const [one] = server.seen
      assert.match(one.path, /^\/go\/x\?a=b(\+|%20)c&d=1$/)
      assert.deepEqual([one.headers.apikey, one.headers['x-own']], ['secretkey', '1'])
      assert.doesNotMatch(runs()[0].stdin, /d=1/)
      const none = { maxRedirects: 0, params: undefined, validateStatus: () => true }
      assert.equal((await instance().get(`${server.url}/go/other`, none)).status, 302)
      const hops = []
      await instance().get(`${server.url}/go/other`, { beforeRedirect: options => hops.push(options.href) })
      assert.equal(hops.length, 1)
      const transport = require('follow-redirects').http
      await instance().get(`${server.url}/go/other`, { transport })
      assert.deepEqual([seen().at(-1), others()], ['/go/other with', Array(2).fill('/x without')])
    })
    test(`${name}: auth, streams, cancelled requests, validateStatus`, async t => {
      const { server } = await world(t, KEYS[0], ['token1'])
      const api = instance()
      const auth = { username: 'u', password: 'p' }
      assert.equal((await api.get(`${server.url}/go/x`, { auth })).status, 200)
      assert.equal(server.seen.at(-1).headers.authorization, 'Bearer token2')
      const { server: second } = await world(t, KEYS[0], ['token3'])
      const stream = await api.post(`${second.url}/go/x`, Readable.from(['b']), { validateStatus: () => true })
      assert.deepEqual([stream.status, second.seen.length], [401, 1])
      const { server: third } = await world(t, KEYS[0], ['token4'])
      const accepted = await api.get(`${third.url}/go/x`, { validateStatus: () => true })
      assert.deepEqual([accepted.status, third.seen.length], [200, 2])
      const { server: fourth } = await world(t, KEYS[0])
      const signal = AbortSignal.abort()
      const cancelled = await api.get(`${fourth.url}/go/x`, { signal }).catch(e => e)
      assert.equal(axios.isCancel(cancelled), true)
      const controller = new AbortController()
      const waiting = api.get(`${fourth.url}/go/x`, { signal: controller.signal })
      controller.abort()
      assert.equal(axios.isCancel(await waiting.catch(e => e)), true)
      assert.equal(fourth.seen.length, 0)
    })
    test(`${name}: a config is sent again, and an instance is not prepared twice`, async t => {
      const { server } = await world(t, KEYS[0])
      const api = cgpAxios(instance(), 'int')
      const { config } = await api.get(`${server.url}/go/x`)
      assert.equal((await api.request(config)).status, 200)
      assert.equal((await axios.request(config).catch(e => e.response)).status, 403)
      assert.equal(server.seen.length, 3)
    })
    test(`${name}: a proxy gets nothing for this machine`, async t => {
      const { server } = await world(t, KEYS[0])
      const proxy = { host: '127.0.0.1', port: new URL(server.url).port }
      const error = await instance().get(`${server.url}/go/x`, { proxy }).catch(e => e)
      assert.deepEqual([error.status, error.isAxiosError, server.seen.length], [6, true, 0])
    })
    test(`${name}: other adapters`, async t => {
      const { server } = await world(t, KEYS[0])
      const sent = []
      const adapter = async config => {
        sent.push(config.headers.get('authorization'))
        return { status: 200, data: 'x', config }
      }
      const response = await instance({ adapter }).get(`${server.url}/go/x`)
      assert.deepEqual([response.data, sent], ['x', ['Bearer token1']])
      assert.doesNotMatch(inspect(response), SECRET)
      const xhr = await instance({ adapter: 'xhr' }).get(`${server.url}/go/x`).catch(e => e)
      assert.match(xhr.message, /no suitable adapter|Unknown adapter|not available/)
    })
  }
})

describe('axios before 1.12 with the adapter fetch', () => {
  useFake()
  test('it follows no redirects, and shows no header', async t => {
    const axios = require('axios19')
    for (const header of KEYS) {
      const { server, other, seen } = await world(t, header, ['token1'])
      const api = cgpAxios(axios.create({ adapter: 'fetch' }), 'int')
      const response = await api.post(`${server.url}/go/x`, 'b')
      assert.deepEqual([response.status, new Set(server.seen.map(({ body }) => body))], [200, new Set(['b'])])
      const error = await api.get(`${server.url}/go/other`).catch(e => e)
      assert.deepEqual([error.response.status, other.seen.length, seen().at(-1)], [302, 0, '/go/other with'])
      for (const thing of [response, error]) assert.doesNotMatch(inspect(thing, { depth: 12 }), SECRET)
      assert.doesNotMatch(JSON.stringify(error), SECRET)
    }
  })
})

describe('undici', () => {
  useFake()
  for (const name of ['undici6', 'undici', 'undici8']) {
    const [major] = process.versions.node.split('.').map(Number)
    if (name === 'undici8' && major < 22) continue
    const { Agent, Client, errors, fetch, interceptors, request } = require(name)
    const agent = () => new Agent().compose(cgpInterceptor('int'), interceptors.redirect({ maxRedirections: 9 }))
    const text = async response => (await response.body.text(), response.statusCode)
    plays(`${name}, request`, {
      get: url => request(url, { dispatcher: agent() }).then(text),
      post: (url, body) => request(url, { dispatcher: agent(), method: 'POST', body }).then(text),
      error: error => {
        assert.ok(error instanceof errors.UndiciError)
        return error
      },
    })
    plays(`${name}, its fetch`, {
      get: url => cgpFetch('int', { fetch })(url).then(response => response.status),
      post: (url, body) => cgpFetch('int', { fetch })(url, { method: 'POST', body }).then(response => response.status),
      error: error => error,
    })
    test(`${name}: the wrong order, and the interceptor of responses that are errors`, async t => {
      for (const header of KEYS) {
        const { server, other, seen } = await world(t, header)
        const wrong = new Agent().compose(interceptors.redirect({ maxRedirections: 9 }), cgpInterceptor('int'))
        const error = await request(`${server.url}/go/other`, { dispatcher: wrong }).catch(e => e)
        assert.match(error.message, /name cgpInterceptor before the redirect interceptor/)
        assert.deepEqual([seen(), other.seen.length], [['/go/other with'], 0])
      }
      if (interceptors.responseError === undefined) return // undici 6
      const { server } = await world(t, KEYS[0], Array.from({ length: 9 }, (_, i) => `token${i}`))
      const strict = new Agent().compose(cgpInterceptor('int'), interceptors.responseError())
      const error = await request(`${server.url}/go/x`, { dispatcher: strict }).catch(e => e)
      assert.equal(error.statusCode ?? error.status, 401)
      assert.doesNotMatch(inspect(error, { depth: 9 }), SECRET)
    })
    test(`${name}: retries, and a signal`, async t => {
      const { server } = await world(t, KEYS[0], ['token1'])
      const dispatcher = new Agent().compose(cgpInterceptor('int'), interceptors.retry({ maxRetries: 2 }))
      assert.equal(await request(`${server.url}/go/x`, { dispatcher }).then(text), 200)
      const signal = AbortSignal.abort(new Error('enough'))
      await assert.rejects(request(`${server.url}/go/x`, { dispatcher, signal }))
      plan('get', {})
      await assert.rejects(request('http://127.0.0.1:9/', { dispatcher }), { status: 3 })
    })
    test(`${name}: a stream is not sent again`, async t => {
      const { server } = await world(t, KEYS[0], ['token1'])
      const sent = { dispatcher: agent(), method: 'POST', body: Readable.from(['b']) }
      assert.equal(await request(`${server.url}/go/x`, sent).then(text), 401)
      assert.equal(server.seen.length, 1)
    })
    test(`${name}: a Client that does not say its host`, async t => {
      const { server } = await world(t, KEYS[0])
      const client = new Client(server.url).compose(cgpInterceptor('int'))
      const sent = client.request({ method: 'GET', path: '/go/x' }).then(text)
      if (name === 'undici8') assert.equal(await sent, 200)
      else await assert.rejects(sent, /does not say which host it is for/)
      assert.equal(await client.request({ method: 'GET', path: '/go/x', origin: server.url }).then(text), 200)
      await client.destroy()
    })
    if (name === 'undici6' && major >= 26) continue // its global dispatcher is not the one of Node's fetch any more
    test(`${name}: as the global dispatcher of Node's own fetch`, async t => {
      const { server, seen, others } = await world(t, KEYS[1])
      const { getGlobalDispatcher, setGlobalDispatcher } = require(name)
      const before = getGlobalDispatcher()
      t.after(() => setGlobalDispatcher(before))
      setGlobalDispatcher(new Agent().compose(cgpInterceptor('int', { only: server.url })))
      assert.equal((await globalThis.fetch(`${server.url}/go/other`)).status, 200)
      assert.equal((await globalThis.fetch(`${server.url}/go/in`)).status, 200)
      assert.deepEqual([seen(), others()], [['/go/other with', '/go/in with', '/go/x with'], ['/x without']])
    })
  }
})

describe('fhir-kit-client', () => {
  useFake()
  for (const name of ['fhir-kit-client', 'fhir-kit-client1']) {
    test(`${name}: paging, redirects, a revoked token`, async t => {
      const module = await import(name)
      const Client = module.Client ?? module.default
      for (const header of KEYS) {
        const other = await serve(t, () => [200, {}, '{}'])
        let revoked = header === KEYS[0]
        const key = header.split(':')[0].toLowerCase()
        const bundle = url => JSON.stringify({ resourceType: 'Bundle', link: [{ relation: 'next', url }] })
        const server = await serve(t, ({ path, headers }) => {
          if (revoked && headers.authorization === 'Bearer token1') return [401, {}, '{}']
          if (path.startsWith('/api/Patient/go')) return [302, { location: `${other.url}/x` }]
          if (path.includes('page=2')) return [200, {}, bundle(`${other.url}/api/x`)]
          return [200, {}, path.startsWith('/api/Patient?') ? bundle(`${server.url}/api/Patient?page=2`) : '{"id":"1"}']
        })
        answers({ header, scope: `${server.url}/api` })
        const client = new Client({ baseUrl: `${server.url}/api`, requestSigner: cgpRequestSigner('int') })
        const created = await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', name: 'é' } })
        assert.equal(created.id, '1')
        const bodies = server.seen.map(({ body }) => JSON.parse(body).name)
        assert.deepEqual(bodies, revoked ? ['é', 'é'] : ['é'])
        revoked = false
        const first = await client.search({ resourceType: 'Patient', searchParams: { name: 'x' } })
        const second = await client.nextPage({ bundle: first })
        assert.match(server.seen.at(-1).headers[key], /token2|secretkey/)
        assert.doesNotMatch(inspect(Client.httpFor(second), { depth: 9 }), SECRET)
        await client.read({ resourceType: 'Patient', id: 'go' })
        assert.equal(other.seen.at(-1).headers[key], undefined)
        const hops = other.seen.length
        plan('get', {})
        const error = await client.nextPage({ bundle: second }).catch(e => e)
        assert.equal((error.cause ?? error).status, 3, inspect(error))
        assert.match((error.cause ?? error).message, /\nhint: /)
        assert.equal(other.seen.length, hops)
        assert.doesNotMatch(inspect(client, { depth: 9 }), SECRET)
      }
    })
    test(`${name}: fifty requests`, async t => {
      const module = await import(name)
      const Client = module.Client ?? module.default
      const server = await serve(t, one => [[wants('token2')(one)].flat()[0], {}, '{"id":"1"}'])
      answers({ scope: server.url })
      const client = new Client({ baseUrl: server.url, requestSigner: cgpRequestSigner('int') })
      const read = i => client.read({ resourceType: 'Patient', id: String(i) })
      const found = await Promise.all(Array.from({ length: 50 }, (_, i) => read(i)))
      assert.deepEqual([found.length, runs().length, runs('erase').length], [50, 2, 1])
    })
  }
})

describe('node-fetch', () => {
  useFake()
  test('node-fetch', async () => assert.ok(await import('node-fetch')))
  const call = async (url, init) => cgpFetch('int', { fetch: (await import('node-fetch')).default })(url, init)
  plays('node-fetch', {
    get: url => call(url).then(response => response.status),
    post: (url, body) => call(url, { method: 'POST', body }).then(response => response.status),
    error: error => error,
  })
})

// What clients do with a header that they are given, which docs/node.md says.
describe('without the package', () => {
  const headers = { authorization: 'Bearer x', apikey: 'x' }
  const clients = {
    fetch: url => fetch(url, { headers }),
    axios: url => require('axios').get(url, { headers }),
    'axios, sensitiveHeaders': url => require('axios').get(url, { headers, sensitiveHeaders: ['apikey'] }),
    got: async url => (await import('got')).got(url, { headers }),
    'node-fetch': async url => (await import('node-fetch')).default(url, { headers }),
    undici: url => {
      const { Agent, interceptors, request } = require('undici')
      return request(url, { headers, dispatcher: new Agent().compose(interceptors.redirect({ maxRedirections: 3 })) })
    },
    'fhir-kit-client': async url => {
      const { Client } = await import('fhir-kit-client')
      return new Client({ baseUrl: url, customHeaders: headers }).request('')
    },
  }
  for (const [name, call] of Object.entries(clients)) {
    test(name, async t => {
      const other = await serve(t, () => [200, {}, '{}'])
      const server = await serve(t, () => [302, { location: `${other.url}/x` }])
      await call(`${server.url}/x`)
      const [first] = server.seen
      const [second] = other.seen
      assert.deepEqual([first.headers.authorization, first.headers.apikey], ['Bearer x', 'x'])
      const kept = name === 'axios, sensitiveHeaders' ? undefined : 'x'
      const token = name === 'node-fetch' ? 'Bearer x' : undefined // it looks at the host only, and not at the port
      assert.deepEqual([second.headers.authorization, second.headers.apikey], [token, kept])
    })
  }
})
