import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import cluster from 'node:cluster'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspect, promisify } from 'node:util'
import { Worker } from 'node:worker_threads'

import { CredentialError, cgpCredential } from '../index.js'
import { Helper } from '../helper.js'
import { answers, everyRun, folder, newOrigin, plan, release, RULES, runs, useFake, warnings } from './fake.js'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))
const PATH_BEFORE = process.env.PATH

describe('helper', () => {
  useFake()

  async function fails(url = `${newOrigin()}/api/x`, helper = new Helper()) {
    const error = await helper.header(url).then(() => assert.fail('it did not fail'), e => e)
    assert.ok(error instanceof CredentialError && error instanceof TypeError, inspect(error))
    assert.match(error.message, /\nhint: /)
    return error
  }

  test('the request', async () => {
    const origin = newOrigin()
    const header = await new Helper('int').header(`${origin.replace('a', 'A')}:8443/api/x?patient=9434765919#secret`)
    assert.deepEqual([header.name, header.value], ['Authorization', 'Bearer token1'])
    const host = origin.slice('https://'.length)
    assert.deepEqual(runs(), [
      {
        argv: ['credential', 'get', 'int'],
        stdin: `capability[]=header\nprotocol=https\nhost=${host}:8443\npath=/api/x\n\n`,
      },
    ])
    await new Helper().header(`${origin}/`)
    assert.deepEqual(runs()[1].argv, ['credential', 'get'])
  })

  test('each path is asked for if no scope is told', async () => {
    const origin = newOrigin()
    for (const name of ['x', 'y', 'x']) await new Helper().header(`${origin}/${name}`)
    assert.equal(runs().length, 2)
  })

  test('a scope is asked for once', async t => {
    const origin = newOrigin()
    answers({ scope: `${origin}/api` })
    const helper = new Helper('int')
    for (const name of ['api/x', 'api/y?z', 'api']) {
      assert.equal((await helper.header(`${origin}/${name}`)).value, 'Bearer token1')
    }
    assert.equal((await new Helper('int').header(`${origin}/api/z`)).value, 'Bearer token1')
    assert.equal(runs().length, 1)
    for (const url of [`${origin}/apix`, `${origin}/api/../x`, `${origin}:444/api`]) await helper.header(url)
    await new Helper('dev').header(`${origin}/api/x`)
    await new Helper().header(`${origin}/api/x`)
    process.env.CGP_CRED_PROFILE = 'dev'
    t.after(() => delete process.env.CGP_CRED_PROFILE)
    await new Helper().header(`${origin}/api/x`)
    assert.equal(runs().length, 7)
  })

  test('a token near its end is not kept, and still serves those who wait for it', async t => {
    const origin = newOrigin()
    answers({ scope: origin, life: 100 })
    await new Helper().header(`${origin}/x`)
    t.mock.method(Date, 'now', () => new Date().getTime() + 60_000)
    answers({ scope: origin, life: 1 })
    const values = await Promise.all([1, 2, 3].map(async i => (await new Helper().header(`${origin}/${i}`)).value))
    assert.deepEqual(values, Array(3).fill('Bearer token2'))
  })

  test('fifty calls ask once', async () => {
    const origin = newOrigin()
    answers({ scope: origin })
    const calls = Array.from({ length: 50 }, (_, i) => new Helper().header(`${origin}/${i}`))
    for (const header of await Promise.all(calls)) assert.equal(header.value, 'Bearer token1')
    assert.equal(runs().length, 1)
  })

  test('fifty calls share a failure', async () => {
    const origin = newOrigin()
    plan('get', { status: 4, stderr: 'cgp-cred: locked\nhint: unlock\n' })
    const calls = Array.from({ length: 50 }, (_, i) => fails(`${origin}/${i}`))
    const errors = await Promise.all(calls)
    for (const error of errors) assert.deepEqual([error.message, error.status], ['cgp-cred: locked\nhint: unlock', 4])
    assert.equal(new Set(errors).size, 50, 'each has its own stack')
    assert.equal(runs().length, 1)
    answers()
    assert.equal((await new Helper().header(`${origin}/1`)).name, 'Authorization')
  })

  test('a place that is not covered says nothing about another one', async () => {
    const origin = newOrigin()
    plan('get', {})
    await Promise.all(['x', 'x', 'y'].map(name => fails(`${origin}/${name}`)))
    assert.equal(runs().length, 2)
  })

  test('fifty calls replace once', async () => {
    const origin = newOrigin()
    answers({ scope: origin })
    const refused = await new Helper().header(`${origin}/x`)
    const calls = Array.from({ length: 50 }, (_, i) => new Helper().replace(`${origin}/${i}`, refused))
    for (const header of await Promise.all(calls)) assert.equal(header.value, 'Bearer token2')
    assert.equal(runs().length, 2)
    const [erase, ...others] = runs('erase')
    assert.deepEqual(erase.argv, ['credential', 'erase'])
    const host = origin.slice('https://'.length)
    const place = `protocol=https\nhost=${host}\npath=/0\n\n`
    assert.equal(erase.stdin, `authtype=Bearer\ncredential=token1\n${place}`)
    assert.equal(others.length, 0)
  })

  test('a refusal of a new header is final for a minute', async t => {
    const url = `${newOrigin()}/x`
    const helper = new Helper()
    const renewed = await helper.replace(url, await helper.header(url))
    assert.equal(await helper.replace(url, renewed), undefined)
    assert.deepEqual([runs().length, runs('erase').length], [2, 1])
    t.mock.method(Date, 'now', () => new Date().getTime() + 61_000)
    assert.equal((await helper.replace(url, renewed)).value, 'Bearer token3')
  })

  test('an API key is not erased, and fifty refusals ask once', async () => {
    const origin = newOrigin()
    answers({ header: 'apikey: k', scope: origin })
    const helper = new Helper()
    const refused = await helper.header(`${origin}/x`)
    const calls = Array.from({ length: 50 }, (_, i) => helper.replace(`${origin}/${i}`, refused))
    assert.deepEqual(await Promise.all(calls), Array(50).fill(undefined))
    assert.deepEqual([runs().length, runs('erase').length], [2, 0])
  })

  test('a token that cgp-cred gives again is not sent again', async () => {
    const url = `${newOrigin()}/x`
    answers({ header: 'Authorization: Bearer same' })
    const helper = new Helper()
    assert.equal(await helper.replace(url, await helper.header(url)), undefined)
    assert.deepEqual([runs().length, runs('erase').length], [2, 1])
  })

  test('an erase that fails is a warning', async t => {
    const said = warnings(t)
    const url = `${newOrigin()}/x`
    plan('erase', { status: 4, stderr: 'cgp-cred: locked\n' })
    const helper = new Helper()
    assert.equal((await helper.replace(url, await helper.header(url))).value, 'Bearer token2')
    assert.deepEqual(await said(), ['cgp-cred: locked'])
  })

  test('warnings of cgp-cred are warnings of the process', async t => {
    const said = warnings(t)
    answers({ stderr: 'cgp-cred: warning: the clock\ncgp-cred: warning: \x1b[2J\n' })
    await new Helper().header(`${newOrigin()}/x`)
    assert.deepEqual(await said(), ['cgp-cred: warning: the clock', 'cgp-cred: warning: ?[2J'])
  })

  test('status and message', async () => {
    plan('get', { status: 4, stdout: 'quit=1\n', stderr: 'cgp-cred: locked\x1b[2J\nhint: unlock it\n' })
    const error = await fails()
    assert.deepEqual([error.message, error.status], ['cgp-cred: locked?[2J\nhint: unlock it', 4])
    assert.equal(error.name, 'CredentialError')
    plan('get', { status: 4, stderr: `x\nhint: ${'y'.repeat(100_000)}` })
    assert.equal((await fails()).message.length, 2000)
    plan('get', { status: 9 })
    assert.equal((await fails()).status, 9)
  })

  test('no profile covers a place', async () => {
    plan('get', {})
    const origin = newOrigin()
    const error = await fails(`${origin}/secret?secret`)
    assert.equal(error.status, 3)
    assert.ok(error.message.startsWith(`cgp-cred: no profile covers this place on ${origin}\n`))
    assert.match((await fails(undefined, new Helper('int'))).message, /profile 'int' does not cover/)
  })

  test('answers that are none', async () => {
    for (const text of [RULES.bad_answers[0], RULES.bad_answers[2], `${'x'.repeat(70_000)}=secret\n`]) {
      plan('get', { stdout: text })
      const error = await fails()
      assert.equal(error.status, undefined)
      assert.match(error.message, /^cgp-cred gave an answer that can't be used: /)
      assert.doesNotMatch(inspect(error), /secret/)
    }
  })

  test('a helper that is too old is named', async () => {
    const unknown = 'is cgp-cred of an unknown version, which is too old'
    for (const [i, [version, said]] of [
      ['{"version":"v0.3.0","commit":""}', 'is cgp-cred v0.3.0, which is too old for this package, version 0.0.0'],
      ['cgp-cred: unknown flag', unknown],
      ['["v0.3.0"]', unknown],
      ['null', unknown],
    ].entries()) {
      plan('get', { stdout: RULES.answers_of_old_helpers[i % RULES.answers_of_old_helpers.length] })
      plan('--json', { stdout: version })
      const { message } = await fails()
      assert.ok(message.startsWith(path.join(folder, 'cgp-cred')), message)
      assert.ok(message.includes(said), message)
      assert.ok(message.endsWith('hint: update cgp-cred, then run: cgp-cred clients install node'), message)
      assert.doesNotMatch(message, /secret/)
    }
  })

  test('it hangs', async () => {
    plan('get', { hangs: 1 })
    const { message } = await fails(undefined, new Helper(undefined, { timeout: 300 }))
    assert.match(message, /^cgp-cred did not answer within 0.3 s\n/)
  })

  test('it is ended by a signal', async () => {
    writeFileSync(path.join(folder, 'cgp-cred'), '#!/bin/sh\nkill -9 $$\n')
    assert.match((await fails()).message, /^cgp-cred was ended by SIGKILL\n/)
  })

  test('it can not be run', async () => {
    writeFileSync(path.join(folder, 'cgp-cred'), '#!/nowhere/sh\n')
    assert.match((await fails()).message, /can't be run: no such file or directory\n/)
  })

  test("it ends without reading a request that is larger than a pipe's buffer", async () => {
    writeFileSync(path.join(folder, 'cgp-cred'), '#!/bin/sh\necho "cgp-cred: no" >&2\necho "hint: x" >&2\nexit 2\n')
    assert.equal((await fails(`${newOrigin()}/${'x'.repeat(200_000)}`)).status, 2)
  })

  test('names of profiles', async () => {
    for (const name of ['--help', 'a b', '../x', 'A', 'x'.repeat(65), 'x\n', 'ünt', 'int\0']) {
      assert.equal((await fails(undefined, new Helper(name))).status, 2)
    }
    assert.deepEqual(everyRun(), [])
  })

  test('URLs', async () => {
    for (const url of [...RULES.refused_urls, null, undefined, 7]) {
      assert.doesNotMatch(inspect(await fails(url === undefined ? 'undefined' : url)), /secret[.x]/)
    }
    assert.deepEqual(everyRun(), [])
  })

  test('a proxy and a place on this machine', async () => {
    process.env.NO_PROXY = ''
    process.env.HTTP_PROXY = 'http://proxy.example:1'
    const error = await fails('http://127.0.0.1:1/').finally(() => delete process.env.HTTP_PROXY)
    assert.equal(error.status, 6)
    assert.deepEqual(everyRun(), [])
  })

  test('the current folder is not on PATH', async t => {
    const before = process.cwd()
    process.chdir(folder)
    t.after(() => process.chdir(before))
    for (const value of ['', '.', ':', '.:/nowhere', './', `../${path.basename(folder)}`, '/nowhere']) {
      process.env.PATH = value
      assert.match((await fails()).message, /^cgp-cred is not on PATH\n/, value)
    }
    process.env.PATH = `/nowhere:${folder}`
    mkdirSync(path.join(folder, 'dir', 'cgp-cred'), { recursive: true })
    process.env.PATH = [path.join(folder, 'dir'), folder, PATH_BEFORE].join(':')
    await new Helper().header(`${newOrigin()}/x`)
    assert.equal(runs().length, 1)
  })

  test('a signal ends the wait of one caller, and not the run', async () => {
    const origin = newOrigin()
    answers({ scope: origin, until: 'go' })
    const controller = new AbortController()
    const given = new Helper().header(`${origin}/x`, controller.signal)
    const other = new Helper().header(`${origin}/y`)
    controller.abort(new Error('enough'))
    await assert.rejects(given, /^Error: enough$/)
    await assert.rejects(new Helper().header(`${origin}/z`, AbortSignal.abort()), { name: 'AbortError' })
    release('go')
    assert.equal((await other).value, 'Bearer token1')
    assert.equal(runs().length, 1)
  })

  test('a failure that no caller waits for is no unhandled rejection', async t => {
    const unhandled = t.mock.fn()
    process.on('unhandledRejection', unhandled)
    t.after(() => process.off('unhandledRejection', unhandled))
    const origin = newOrigin()
    plan('get', { status: 4, stderr: 'cgp-cred: locked\nhint: x\n', until: 'go' })
    const controller = new AbortController()
    const given = new Helper().header(`${origin}/x`, controller.signal)
    controller.abort(new Error('enough'))
    await assert.rejects(given, /enough/)
    const other = fails(`${origin}/x`)
    release('go')
    await other
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(unhandled.mock.callCount(), 0)
  })

  test('no inspection and no JSON shows a secret', async () => {
    const url = `${newOrigin()}/x`
    answers({ header: 'Authorization: Bearer secret@N@' })
    const helper = new Helper('int')
    const header = await helper.header(url)
    const credential = await cgpCredential(url, { profile: 'int' })
    for (const thing of [helper, header, credential]) {
      for (const options of [{}, { showHidden: true, depth: Infinity }, { getters: true }]) {
        const text = inspect(thing, options)
        if (thing !== credential && thing !== header) assert.doesNotMatch(text, /secret/)
        if (!options.getters) assert.doesNotMatch(text, /secret/)
      }
      assert.doesNotMatch(JSON.stringify(thing), /secret/)
      assert.doesNotMatch(String(thing), /secret/)
      assert.doesNotMatch(JSON.stringify({ ...thing }), /secret/)
    }
    assert.equal(credential.value, 'Bearer secret1')
    assert.deepEqual(credential.headers(), { Authorization: 'Bearer secret1' })
  })

  test('a credential for other clients', async () => {
    const origin = newOrigin()
    answers({ scope: `${origin}/api` })
    const first = await cgpCredential(new URL(`${origin}/api/x`))
    assert.deepEqual([first.covers(`${origin}/api/y?z`), first.covers(`${origin}/y`)], [true, false])
    assert.equal((await cgpCredential(`${origin}/api/x`, { refused: first })).value, 'Bearer token2')
    const second = await cgpCredential(`${origin}/api/x`)
    assert.equal(await cgpCredential(`${origin}/api/x`, { refused: second }), undefined)
    answers({ header: '' })
    assert.deepEqual((await cgpCredential(`${newOrigin()}/`)).headers(), {})
    await assert.rejects(cgpCredential('secret'), { status: 3 })
  })

  test('threads and processes have a memory of their own', async () => {
    const origin = newOrigin()
    answers({ scope: origin })
    const helper = JSON.stringify(new URL('../helper.js', import.meta.url).href)
    const code = `import(${helper}).then(({ Helper }) =>
      Promise.all([1, 2, 3].map(i => new Helper().header('${origin}/' + i))))`
    const exits = [1, 2].map(() => new Worker(code, { eval: true })).map(
      worker => new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject)),
    )
    assert.deepEqual(await Promise.all(exits), [0, 0])
    assert.equal(runs().length, 2)
    cluster.setupPrimary({ exec: process.execPath, execArgv: ['-e', `${code}.then(() => process.exit(7))`, '--'] })
    const forked = cluster.fork()
    assert.equal(await new Promise(resolve => forked.on('exit', resolve)), 7)
    assert.equal(runs().length, 3)
  })

  test('a kept token does not hold up the end of the process, and no argument shows it', async () => {
    const origin = newOrigin()
    answers({ scope: origin, life: 600 })
    const index = JSON.stringify(new URL('../index.js', import.meta.url).href)
    const code = `import(${index}).then(async ({ cgpCredential }) => {
      const first = await cgpCredential('${origin}/x'); await cgpCredential('${origin}/x', { refused: first }) })`
    await promisify(execFile)(process.execPath, ['-e', code])
    assert.equal(runs().length, 2)
    for (const { argv } of [...runs(), ...runs('erase')]) assert.doesNotMatch(argv.join(' '), /token|a[0-9]+\.example/)
  })

  test('an installed package runs the program that installed it', async () => {
    const copy = path.join(folder, 'node_modules', 'cgp-cred')
    cpSync(PACKAGE, copy, { recursive: true, filter: source => path.basename(source) !== 'test' })
    const program = path.join(folder, 'cgp-cred')
    const installed = `export const PROGRAM = ${JSON.stringify(program)}\nexport const VERSION = '1.2.3'\n`
    writeFileSync(path.join(copy, 'installed.js'), installed)
    const url = `${newOrigin()}/x`
    const env = { ...process.env, PATH: '/nowhere' }
    const options = { cwd: folder, env: { ...env, CGP_CRED_PROFILE: '' } }
    const run = (...args) => promisify(execFile)(process.execPath, args, options)
    const print = "c => console.log(c.value, 'ok')"
    const start = { env: { ...env, PATH: PATH_BEFORE }, cwd: folder }
    const ask = `import('cgp-cred').then(m => m.cgpCredential('${url}'))`
    await promisify(execFile)(process.execPath, ['-e', ask], start)
    assert.equal(runs().length, 1)
    rmSync(program)
    const code = `import('cgp-cred').then(m => m.cgpCredential('${url}')).then(${print})`
    await assert.rejects(run('-e', code), /can't be run: no such file or directory/)
    plan('get', {})
  })
})
