// Proxies from the environment. Some libraries use them for loopback addresses too.

// Returns why a credential for a loopback place could leave this machine, or nothing. NO_PROXY counts only if all
// libraries read it in the same way: "*", or exactly the host's name.
export function proxyInTheWay(place) {
  if (!place.loopback) return undefined
  const proxies = [`${place.scheme}_proxy`, 'all_proxy', `npm_config_${place.scheme}_proxy`, 'npm_config_proxy']
  if (!proxies.some(variable)) return undefined
  const name = place.host.replace(/:[0-9]+$/, '').replace(/^\[|\]$/g, '')
  const lists = [variable('no_proxy'), variable('npm_config_no_proxy')].filter(Boolean)
  const direct = list => list.split(',').some(entry => ['*', name].includes(entry.trim().toLowerCase()))
  if (lists.length > 0 && lists.every(direct)) return undefined
  return (
    `a proxy is set for ${place.origin}, and a credential for this machine goes to no proxy: nothing was sent\n` +
    `hint: use no proxy for this machine: export NO_PROXY=${name}`
  )
}

// Returns an environment variable in lower case, otherwise in upper case.
function variable(name) {
  return process.env[name] ?? process.env[name.toUpperCase()]
}
