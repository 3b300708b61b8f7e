// A program that plays cgp-cred, and servers that remember what they were sent.

import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, beforeEach } from 'node:test'

import { parseAnswer } from '../header.js'
import { placeOf } from '../place.js'

export const RULES = JSON.parse(readFileSync(new URL('../../testdata/rules.json', import.meta.url), 'utf8'))

// Each run leaves a file with its arguments and its stdin, and does what the file of its verb says, as a shell that
// knows how many times the verb was run. It starts no other program: that would take longer than all else.
const PROGRAM = `#!/bin/sh
here=\${0%/*}
verb=$2
n=1
until (set -C; : >"$here/run-$verb-$n") 2>/dev/null; do [ -d "$here" ] && n=$((n + 1)) || exit 1; done
{
	printf '%s\\n' "$@" ''
	while IFS= read -r line; do printf '%s\\n' "$line"; done
} >"$here/run-$verb-$n"
[ -e "$here/$verb.plan" ] && . "$here/$verb.plan"
exit 0
`

export let folder

// Starts each test of a file with a new program, which answers every place with a token.
export function useFake() {
  const before = { ...process.env }
  beforeEach(() => {
    clean()
    folder = mkdtempSync(path.join(tmpdir(), 'cgp-cred-'))
    writeFileSync(path.join(folder, 'cgp-cred'), PROGRAM)
    chmodSync(path.join(folder, 'cgp-cred'), 0o700)
    process.env.PATH = folder + path.delimiter + before.PATH
    process.env.NO_PROXY = '*'
    answers()
  })
  after(() => {
    clean()
    process.env.PATH = before.PATH
  })
}

// Removes the folder, into which a run that no test waited for may still write.
function clean() {
  for (let tries = 0; folder !== undefined; tries++) {
    try {
      return rmSync(folder, { recursive: true, force: true })
    } catch (error) {
      if (tries > 99) throw error
    }
  }
}

// Lets a verb of cgp-cred answer with this; in stdout, @N@ is how many times it was run. until names a file that it
// waits for; with hangs it does not end.
export function plan(verb, { stdout, stderr, status, until, hangs }) {
  const quoted = text => `'${String(text).replaceAll("'", "'\\''")}'`
  const lines = []
  if (hangs) lines.push('exec sleep 60')
  if (until) lines.push(`while [ -d "$here" ] && ! [ -e "$here/${until}" ]; do sleep 0.02; done`)
  if (stdout) lines.push(`printf %s ${quoted(stdout).replaceAll('@N@', `'"$n"'`)}`)
  if (stderr) lines.push(`printf %s ${quoted(stderr)} >&2`)
  lines.push(`exit ${status ?? 0}`)
  writeFileSync(path.join(folder, `${verb}.plan`), `${lines.join('\n')}\n`)
}

// Lets cgp-cred answer with a header.
export function answers({ header = 'Authorization: Bearer token@N@', scope, life, ...others } = {}) {
  const lines = ['capability[]=header', `header=${header}`]
  if (scope !== undefined) lines.push(`scope=${scope}`)
  if (life !== undefined) lines.push(`password_expiry_utc=${Math.floor(Date.now() / 1000) + life}`)
  plan('get', { stdout: `${lines.join('\n')}\n`, ...others })
}

// Lets the program continue that waits for a file.
export function release(name) {
  writeFileSync(path.join(folder, name), '')
}

// Returns what each run of a verb was given, in order.
export function runs(verb = 'get') {
  const found = []
  for (let n = 1; existsSync(path.join(folder, `run-${verb}-${n}`)); n++) {
    const text = readFileSync(path.join(folder, `run-${verb}-${n}`), 'latin1')
    const end = text.indexOf('\n\n')
    found.push({ argv: text.slice(0, end).split('\n'), stdin: text.slice(end + 2) })
  }
  return found
}

export function everyRun() {
  return readdirSync(folder).filter(name => name.startsWith('run-'))
}

// Returns what stands for a helper, without a program: each replacement is a new token.
export function quick(scope) {
  let n = 1
  const text = () => `capability[]=header\nheader=Authorization: Bearer token${n}\nscope=${scope}\n`
  const header = () => parseAnswer(text(), placeOf(scope))
  return {
    header: async () => header(),
    replace: async () => {
      n++
      return header()
    },
  }
}

let hosts = 0

// Returns an origin that no test has used.
export function newOrigin() {
  return `https://a${++hosts}.example`
}

// Serves what answer(request) returns: a status, or [status, headers, body]. Closes after the test t. seen has each
// request's method, path, headers and body.
export async function serve(t, answer) {
  const seen = []
  const server = http.createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const { method, url, headers } = request
    const one = { method, path: url, headers, body: Buffer.concat(chunks).toString() }
    seen.push(one)
    const [status, more = {}, body = 'ok'] = [await answer(one)].flat()
    response.writeHead(status, more).end(body)
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${server.address().port}`, seen }
}

// Answers 200 to these tokens, and 401 to others.
export function wants(...tokens) {
  return ({ headers }) => (tokens.some(token => headers.authorization === `Bearer ${token}`) ? 200 : [401, {}, 'no'])
}

// Collects the warnings of a test.
export function warnings(t) {
  const lines = []
  const listen = warning => lines.push(warning.message)
  process.on('warning', listen)
  t.after(() => process.off('warning', listen))
  return async () => {
    await new Promise(resolve => setImmediate(resolve))
    return lines
  }
}
