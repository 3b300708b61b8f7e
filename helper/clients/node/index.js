// Credentials for NHS API Management, from the program cgp-cred. The package stores no key and no token on disk, and
// sends each header only to URLs that a profile of cgp-cred covers.

export { cgpAxios } from './axios.js'
export { cgpCredential } from './credential.js'
export { CredentialError } from './error.js'
export { cgpRequestSigner } from './fhir.js'
export { cgpFetch } from './fetch.js'
export { cgpInterceptor } from './undici.js'
