// Runs cgp-cred: no shell, and no secret in its arguments.

import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { getSystemErrorMap } from 'node:util'

import { CredentialError } from './error.js'
import { PROGRAM } from './installed.js'

export const REINSTALL = 'hint: run this again: cgp-cred clients install node'

// How much of stdout and stderr is read: far more than any answer.
const MOST = 64 * 1024

// Returns the absolute path of cgp-cred: the one that wrote this package, otherwise the first on PATH. It skips the
// current folder and relative folders.
export function program() {
  if (PROGRAM !== '') return PROGRAM
  const windows = process.platform === 'win32'
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    if (!(windows ? /^(?:[a-z]:[\\/]|\\\\)/i : /^\//).test(folder)) continue
    const file = path.join(folder, windows ? 'cgp-cred.exe' : 'cgp-cred')
    if (executable(file)) return file
  }
  throw new CredentialError('cgp-cred is not on PATH\nhint: install it, then run: cgp-cred clients install node')
}

function executable(file) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

// Runs cgp-cred with arguments and a request on stdin. Resolves to its stdout; its warnings become warnings of the
// process. Rejects with a CredentialError. timeout is in milliseconds.
export async function run(args, request, timeout) {
  const { status, stdout, stderr } = await output(program(), args, request, timeout)
  const said = printable(stderr.trim())
  if (status !== 0) {
    const silent = `cgp-cred ended with status ${status} and no message\nhint: cgp-cred status`
    throw new CredentialError(said || silent, status)
  }
  for (const line of said.split('\n').filter(Boolean)) warn(line)
  return stdout
}

export function warn(line) {
  process.emitWarning(line, 'CgpCredWarning')
}

function output(file, args, request, timeout) {
  return new Promise((resolve, reject) => {
    let child
    try {
      child = spawn(file, args, { shell: false, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
    } catch (error) {
      // such as ERR_ACCESS_DENIED: Node's permission model needs --allow-child-process
      return reject(new CredentialError(`${printable(file)} can't be run: ${printable(error.message)}\n${REINSTALL}`))
    }
    const texts = { stdout: '', stderr: '' }
    const fail = (message, status) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      for (const stream of child.stdio ?? []) stream?.destroy() // a program that it started could hold them open
      reject(new CredentialError(message, status))
    }
    const timer = setTimeout(() => {
      fail(`cgp-cred did not answer within ${timeout / 1000} s\nhint: cgp-cred status`)
    }, timeout)
    for (const name of ['stdout', 'stderr']) {
      child[name]?.setEncoding('latin1').on('data', text => {
        texts[name] += text.slice(0, MOST + 1 - texts[name].length)
      })
    }
    child.stdin?.on('error', () => {}) // it ended without reading its request; its status says why
    child.stdin?.end(request)
    child.on('error', error => {
      const [, reason] = getSystemErrorMap().get(error.errno) ?? []
      fail(`${printable(file)} can't be run: ${reason ?? error.code}\n${REINSTALL}`)
    })
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      if (texts.stdout.length > MOST) fail(`cgp-cred gave an answer that can't be used: it is too long\n${REINSTALL}`)
      else if (status === null) fail(`cgp-cred was ended by ${signal}\nhint: cgp-cred status`)
      else resolve({ status, ...texts })
    })
  })
}

// Returns text that is safe to print on a terminal, cut to 2000 characters.
export function printable(text) {
  return text.slice(0, 2000).replace(/[^\n -~]/g, '?')
}
