/** What all functions take. */
export interface Options {
  /** How long one run of cgp-cred may take, in milliseconds; 120,000 by default. */
  timeout?: number
}

/** There is no credential, so nothing was sent. The message says why, and what to do next. */
export class CredentialError extends TypeError {
  constructor(message: string, status?: number)
  readonly name: 'CredentialError'
  readonly code: 'ERR_CGP_CRED'
  /**
   * The exit status of cgp-cred: 2 usage, 3 no such profile or none that covers the URL, 4 keychain, 5 refused,
   * 6 network, 7 try again. It is undefined if cgp-cred did not run, did not end or gave an unusable answer.
   */
  readonly status: number | undefined
}

type Fetch = typeof globalThis.fetch

/**
 * Returns a fetch that sends the header of a profile, or without a name, of the profile that covers the URL. A
 * redirect to a place that the profile does not cover goes without it. After a 401 the request is sent once more with
 * a new token if its body can be sent again.
 */
export function cgpFetch(profile?: string, options?: Options & { fetch?: Fetch | ((...args: any[]) => any) }): Fetch

/** What cgpAxios uses of an instance of axios. */
interface AxiosLike {
  defaults: object
  interceptors: { request: { use(onFulfilled: (config: any) => any): unknown } }
}

/** Lets an instance of axios send the header, and returns the instance. */
export function cgpAxios<T extends AxiosLike>(instance: T, profile?: string, options?: Options): T

/**
 * Returns an interceptor for dispatcher.compose() of undici 6 and later. Name it before the redirect interceptor. With
 * only, requests to origins that are not named pass unchanged.
 */
export function cgpInterceptor(
  profile?: string,
  options?: Options & { only?: string | URL | (string | URL)[] },
): (dispatch: any) => any

/** Returns a requestSigner for fhir-kit-client 1 and 2. */
export function cgpRequestSigner(profile?: string, options?: Options): (url: string, options: object) => Promise<void>

/** A header, which no inspection shows. */
export interface Credential {
  /** Empty if the place needs no credential. */
  readonly name: string
  readonly value: string
  /** Returns the header as an object, empty if the place needs none. */
  headers(): Record<string, string>
  /** Reports whether it may be sent to a URL. */
  covers(url: string | URL): boolean
}

/** Resolves to the credential for a URL. */
export function cgpCredential(
  url: string | URL,
  options?: Options & { profile?: string; signal?: AbortSignal },
): Promise<Credential>

/** Resolves to another credential after a 401, or to nothing if there is no other one. */
export function cgpCredential(
  url: string | URL,
  options: Options & { profile?: string; signal?: AbortSignal; refused: Credential },
): Promise<Credential | undefined>
