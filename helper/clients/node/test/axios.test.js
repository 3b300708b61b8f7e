// A stand-in for axios: what of it cgpAxios uses. The tests with axios itself are in real.js.

import assert from 'node:assert/strict'
import http from 'node:http'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'

import { cgpAxios, CredentialError } from '../index.js'
import { answers, plan, runs, serve, useFake, wants } from './fake.js'

class AxiosHeaders {
  constructor(headers) {
    Object.assign(this, headers)
  }

  set(name, value) {
    for (const key of Object.keys(this)) if (key.toLowerCase() === name.toLowerCase()) delete this[key]
    this[name] = value
  }
}

// Sends a request with node:http, and follows redirects with all headers, as follow-redirects does with an API key.
const httpAdapter = config => new Promise((resolve, reject) => {
  const beforeRedirects = { config: config.beforeRedirect }
  const hop = (href, method, count) => {
    const options = { href, method, headers: { ...config.headers }, beforeRedirects }
    if (count > 0) beforeRedirects.config?.(options, {}, {})
    const transport = config.transport ?? http
    const request = transport.request(href, options, async response => {
      const { location } = response.headers
      if (location && config.maxRedirects !== 0) return hop(new URL(location, href).href, method, count + 1)
      const chunks = []
      for await (const chunk of response) chunks.push(chunk)
      const answer = { status: response.statusCode, data: Buffer.concat(chunks).toString(), config, request }
      if (config.validateStatus?.(answer.status) ?? answer.status < 300) return resolve(answer)
      const error = new Error(`status ${answer.status}`)
      return reject(Object.assign(error, { config, request, response: answer, isAxiosError: true }))
    })
    request.on('error', error => reject(Object.assign(error, { config, request, isAxiosError: true })))
    if (config.data?.pipe) config.data.pipe(request)
    else request.end(config.data)
  }
  hop(new URL(config.url, config.baseURL).href, config.method, 0)
})

function create(defaults) {
  const use = []
  return {
    defaults,
    interceptors: { request: { use: one => use.push(one) } },
    create: () => create({ ...defaults }),
    getUri: config => new URL(config.url, config.baseURL).href,
    async request(given) {
      let config = { ...this.defaults, ...given }
      config.headers = new AxiosHeaders({ ...this.defaults.headers, ...config.headers })
      for (const one of use) config = await one(config)
      if (config.signal?.aborted) throw Object.assign(new Error('canceled'), { code: 'ERR_CANCELED' })
      return [config.adapter].flat().find(one => typeof one === 'function')(config)
    },
  }
}

describe('axios', () => {
  useFake()
  const instance = (defaults, profile = 'int') =>
    cgpAxios(create({ adapter: ['xhr', httpAdapter], ...defaults }), profile)

  for (const header of ['Authorization: Bearer token1', 'apikey: secretkey']) {
    const name = header.split(':')[0].toLowerCase()
    test(`${name}: redirects, and nothing that shows it`, async t => {
      const other = await serve(t, () => 200)
      const server = await serve(t, ({ path }) => {
        const to = { '/go/other': other.url, '/go/out': '/out', '/go/in': '/go/x' }[path]
        return to ? [302, { location: to }] : path === '/go/bad' ? 500 : 200
      })
      answers({ header, scope: `${server.url}/go` })
      const api = instance({ baseURL: server.url, headers: { [name]: 'own', 'x-own': '1' } })
      const things = []
      const hrefs = []
      const beforeRedirect = ({ href }) => hrefs.push(href)
      const transport = { request: (...args) => http.request(...args) }
      for (const url of ['/go/other', '/go/out', '/go/in']) {
        things.push(await api.request({ url, beforeRedirect, transport }))
      }
      things.push(await api.request({ url: '/go/bad' }).catch(e => e))
      things.push(await api.request({ url: '/go/other', maxRedirects: 0, validateStatus: () => true }))
      const seen = server.seen.map(({ path, headers }) => `${path} ${headers[name]?.length > 3}`)
      assert.deepEqual(seen, [
        '/go/other true',
        '/go/out true',
        '/out false',
        '/go/in true',
        '/go/x true',
        '/go/bad true',
        '/go/other true',
      ])
      assert.deepEqual(other.seen.map(({ headers }) => [headers[name], headers['x-own']]), [[undefined, '1']])
      assert.equal(hrefs.length, 3)
      for (const thing of things) {
        assert.doesNotMatch(inspect(thing, { depth: 9 }), /token1|secretkey/)
        assert.doesNotMatch(JSON.stringify({ ...thing, response: 0 }), /token1|secretkey/)
        assert.equal(thing.config.headers[name], 'own')
        assert.ok(thing.request)
      }
    })
  }

  test('a revoked token, and what can not be sent again', async t => {
    const server = await serve(t, wants('token2'))
    answers({ scope: server.url })
    const api = instance()
    const sent = { url: server.url, method: 'POST', data: 'b' }
    assert.equal((await api.request(sent)).status, 200)
    assert.deepEqual(server.seen.map(({ body }) => body), ['b', 'b'])
    assert.deepEqual([runs().length, runs('erase').length], [2, 1])
    const second = await serve(t, () => 401)
    answers({ scope: second.url })
    const error = await api.request({ ...sent, url: second.url, data: Readable.from(['b']) }).catch(e => e)
    assert.deepEqual([error.response.status, second.seen.length], [401, 1])
    assert.equal((await api.request({ url: second.url, validateStatus: () => true })).status, 401)
    assert.equal(second.seen.length, 3)
  })

  test('without a credential nothing is sent', async t => {
    const server = await serve(t, () => 200)
    plan('get', {})
    const api = instance()
    const error = await api.request({ url: `${server.url}/?patient=9434765919` }).catch(e => e)
    assert.ok(error instanceof CredentialError)
    assert.deepEqual([error.isAxiosError, error.status, error.code], [true, 3, 'ERR_CGP_CRED'])
    assert.match(error.config.url, /patient/)
    assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(error))), ['name', 'message', 'code', 'status'])
    assert.doesNotMatch(inspect(error), /9434765919/)
    await assert.rejects(api.request({ url: server.url, proxy: { host: 'x' } }), { status: 6 })
    await assert.rejects(api.request({ url: server.url, signal: AbortSignal.abort() }), { code: 'ERR_CANCELED' })
    plan('get', { until: 'go', status: 4 })
    const signal = AbortSignal.timeout(50)
    await assert.rejects(instance({}, 'new').request({ url: server.url, signal }), { code: 'ERR_CANCELED' })
    assert.equal(server.seen.length, 0)
  })

  test('an error within an error', async t => {
    const server = await serve(t, () => 200)
    answers({ header: 'apikey: secretkey', scope: server.url })
    const adapter = async config => {
      const cause = Object.assign(new Error('first'), { config, request: { config }, response: { config } })
      throw Object.assign(new Error('second', { cause }), { config })
    }
    const error = await instance({ adapter }).request({ url: server.url }).catch(e => e)
    assert.equal(error.cause.message, 'first')
    assert.doesNotMatch(inspect(error, { depth: 9 }), /secretkey/)
  })

  test('a config is sent again by the instance, and twice prepared is once', async t => {
    const server = await serve(t, () => 200)
    answers({ scope: server.url })
    const api = cgpAxios(instance(), 'int')
    const { config } = await api.request({ url: server.url })
    await api.request(config)
    assert.deepEqual(server.seen.map(({ headers }) => headers.authorization), Array(2).fill('Bearer token1'))
  })
})
