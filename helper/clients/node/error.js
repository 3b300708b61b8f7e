// There is no credential, so nothing was sent. The message says why and what to do next; status is the exit status of
// cgp-cred: 2 usage, 3 no such profile or none that covers the URL, 4 keychain, 5 refused, 6 network, 7 try again. It
// is undefined if cgp-cred did not run, did not end or gave an unusable answer. It is a TypeError, as all failures of
// fetch.
export class CredentialError extends TypeError {
  constructor(message, status) {
    super(message)
    this.code = 'ERR_CGP_CRED'
    this.status = status
  }

  get name() {
    return 'CredentialError'
  }

  // undici's errors.UndiciError recognises its own kind by this.
  get [Symbol.for('undici.error.UND_ERR')]() {
    return true
  }
}
