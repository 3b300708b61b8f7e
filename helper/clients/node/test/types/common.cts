// A CommonJS module that uses the package.

import type { Credential } from 'cgp-cred' with { 'resolution-mode': 'import' }

export async function use(): Promise<Credential> {
  const { cgpCredential } = await import('cgp-cred')
  return cgpCredential('https://a.example')
}
