// Bodies of requests and responses.

// Reports whether a request's body can be sent again: it is in memory, and no stream.
export function repeatable(body) {
  if (body === null || body === undefined || typeof body !== 'object' || ArrayBuffer.isView(body)) return true
  return ['ArrayBuffer', 'Blob', 'File', 'FormData', 'URLSearchParams'].includes(body[Symbol.toStringTag])
}

// Frees the connection of a response whose body is not passed on.
export function discard(body) {
  if (typeof body?.cancel === 'function') body.cancel().catch(() => {})
  else body?.destroy?.()
}
