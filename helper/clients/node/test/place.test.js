import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { parseAnswer, OldHelperError } from '../header.js'
import { Place, placeOf } from '../place.js'
import { proxyInTheWay } from '../proxy.js'
import { RULES } from './fake.js'

const ASKED = placeOf('https://a.example/api/v1/x')

describe('the rules that the packages of all languages share', () => {
  test('places', () => {
    for (const { url, scheme, host, path } of RULES.places) {
      assert.deepEqual({ ...placeOf(url) }, { scheme, host, path }, url)
    }
  })
  test('refused URLs', () => {
    for (const url of RULES.refused_urls) {
      assert.throws(() => placeOf(url), error => !error.message.includes('secret'), url)
    }
  })
  test('plain paths', () => {
    for (const [path, plain] of Object.entries(RULES.plain_paths)) {
      assert.equal(new Place('https', 'a.example', path).plain, plain, path)
    }
  })
  test('loopback hosts', () => {
    for (const [host, loopback] of Object.entries(RULES.loopback_hosts)) {
      assert.equal(new Place('http', host, '/').loopback, loopback, host)
    }
  })
  test('answers', () => {
    for (const { text, name, value } of RULES.answers) {
      const header = parseAnswer(text, ASKED)
      assert.deepEqual([header.name, header.value], [name, value])
    }
    assert.equal(parseAnswer('', ASKED), undefined)
    for (const text of RULES.bad_answers) {
      const isBad = error => !(error instanceof OldHelperError) && !error.message.includes('secret')
      assert.throws(() => parseAnswer(text, ASKED), isBad, text)
    }
    for (const text of RULES.answers_of_old_helpers) assert.throws(() => parseAnswer(text, ASKED), OldHelperError)
  })
  test('scopes', () => {
    for (const { scope, paths } of RULES.scopes) {
      const line = scope === null ? '' : `scope=${scope}\n`
      const header = parseAnswer(`capability[]=header\nheader=apikey: k\n${line}`, ASKED)
      for (const [path, covered] of Object.entries(paths)) {
        assert.equal(header.covers(new Place('https', 'a.example', path)), covered, `${scope} ${path}`)
      }
      for (const url of RULES.never_covered) assert.equal(header.coversURL(url), false, url)
    }
  })
})

test('a header is used until a minute before its end, and not if the clock was put back', t => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000_000 })
  const header = (life, replaces) => {
    const end = life === undefined ? '' : `password_expiry_utc=${(Date.now() + life) / 1000}\n`
    return parseAnswer(`capability[]=header\nheader=Authorization: Bearer t\n${end}`, ASKED, replaces)
  }
  const long = header(600_000)
  const short = header(20_000)
  const endless = header(undefined)
  const final = header(600_000, true)
  const states = () => [long.fresh(), short.fresh(), endless.fresh(), final.final()]
  const at = (time, ...want) => {
    t.mock.timers.setTime(1_000_000_000 + time)
    assert.deepEqual(states(), want, String(time))
  }
  assert.deepEqual(states(), [true, true, true, true])
  at(9_999, true, true, true, true)
  at(10_000, true, false, true, true)
  at(60_000, true, false, true, false)
  at(299_999, true, false, true, false)
  at(300_000, true, false, false, false)
  at(539_999, true, false, false, false)
  at(540_000, false, false, false, false)
})

test('a header is not used if the clock was put back', t => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000_000 })
  const header = parseAnswer('capability[]=header\nheader=apikey: k\n', ASKED, true)
  const at = now => {
    t.mock.timers.reset()
    t.mock.timers.enable({ apis: ['Date'], now })
    return [header.fresh(), header.final()]
  }
  assert.deepEqual(at(999_996_000), [true, true])
  assert.deepEqual(at(999_994_000), [false, false])
})

test('a proxy of the environment gets no credential for this machine', t => {
  const before = { ...process.env }
  t.after(() => Object.assign(process.env, before))
  const set = env => {
    for (const name of Object.keys(process.env)) if (/proxy/i.test(name)) delete process.env[name]
    Object.assign(process.env, env)
  }
  const said = url => proxyInTheWay(placeOf(url))
  for (const [env, url, refused] of [
    [{}, 'http://127.0.0.1:8080/', false],
    [{ HTTP_PROXY: 'http://p' }, 'http://127.0.0.1:8080/', true],
    [{ http_proxy: 'http://p' }, 'http://localhost/', true],
    [{ ALL_PROXY: 'http://p' }, 'http://[::1]:80/', true],
    [{ npm_config_http_proxy: 'http://p' }, 'http://127.0.0.1/', true],
    [{ npm_config_proxy: 'http://p' }, 'https://127.0.0.1/', true],
    [{ HTTPS_PROXY: 'http://p' }, 'http://127.0.0.1/', false],
    [{ HTTPS_PROXY: 'http://p' }, 'https://localhost/', true],
    [{ HTTP_PROXY: 'http://p' }, 'http://a.example/', false],
    [{ HTTP_PROXY: '' }, 'http://127.0.0.1/', false],
    [{ http_proxy: '', HTTP_PROXY: 'http://p' }, 'http://127.0.0.1/', false],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: '*' }, 'http://127.0.0.1/', false],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: 'x, 127.0.0.1' }, 'http://127.0.0.1:8080/', false],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: '::1' }, 'http://[::1]:8080/', false],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: 'LOCALHOST' }, 'http://localhost:8080/', false],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: '127.0.0.0/8' }, 'http://127.0.0.1/', true],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: '.0.0.1' }, 'http://127.0.0.1/', true],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: '*', npm_config_no_proxy: 'x' }, 'http://127.0.0.1/', true],
  ]) {
    set(env)
    assert.equal(said(url) !== undefined, refused, JSON.stringify(env) + url)
    if (refused) assert.match(said(url), /\nhint: .*export NO_PROXY=/)
  }
})
