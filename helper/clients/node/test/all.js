// All tests in one process: a process each would take longer than they do.

import './place.test.js'
import './helper.test.js'
import './fetch.test.js'
import './undici.test.js'
import './axios.test.js'
