// SPDX-License-Identifier: Apache-2.0
// Node: code made at run time, exceptions, timers, worker threads of its own, promises.
const readline = require('readline')
console.log('ready')
const lines = readline.createInterface({ input: process.stdin })
function deep(n) { return n ? deep(n - 1) + n : 1 }
function fail(n) { try { if (n % 2) throw new Error(n); return n } catch (e) { return e.message.length } }
lines.on('line', async () => {
  let sum = 0
  for (let i = 0; i < 20000; i++) sum = (sum * 3 + deep(i % 20) + fail(i)) % 1000003
  await new Promise((resolve) => setTimeout(resolve, 10))
  const text = await require('fs').promises.readFile('/proc/self/comm', 'utf8')
  console.log(sum, text.length > 0)
  process.exit(23)
})
