// Compiled by tsc in strict mode, and not run.

import axios, { type AxiosInstance } from 'axios'
import { Client } from 'fhir-kit-client'
import nodeFetch from 'node-fetch'
import { Agent, interceptors, setGlobalDispatcher } from 'undici'

import {
  cgpAxios,
  cgpCredential,
  cgpFetch,
  cgpInterceptor,
  cgpRequestSigner,
  CredentialError,
  type Credential,
} from 'cgp-cred'

const withCredential: typeof fetch = cgpFetch()
const named = cgpFetch('int', { fetch: withCredential, timeout: 1000 })
const other = cgpFetch('int', { fetch: nodeFetch })
const api: AxiosInstance = cgpAxios(axios.create({ baseURL: 'https://a.example' }), 'int')
const agent = new Agent().compose(
  cgpInterceptor('int', { only: ['https://a.example', new URL('https://b.example')] }),
  interceptors.redirect({ maxRedirections: 3 }),
)
setGlobalDispatcher(agent)
const client = new Client({ baseUrl: 'https://a.example', requestSigner: cgpRequestSigner('int') })

export async function use(): Promise<number | undefined> {
  try {
    const response: Response = await named(new URL('https://a.example'), { method: 'POST', body: 'x' })
    await other('https://a.example')
    await api.get<string>('/x')
    await client.read({ resourceType: 'Patient', id: '1' })
    const credential: Credential = await cgpCredential('https://a.example', { profile: 'int' })
    const again: Credential | undefined = await cgpCredential('https://a.example', { refused: credential })
    const headers: Record<string, string> = again?.headers() ?? {}
    return headers['x'] === undefined ? response.status : undefined
  } catch (error) {
    if (error instanceof CredentialError) return error.status
    throw error
  }
}

// @ts-expect-error a profile is a name
cgpFetch(7)
// @ts-expect-error the options are known
cgpFetch('int', { tiemout: 1 })
// @ts-expect-error an instance of axios has interceptors
cgpAxios({})
