// What is live on the page: forms that show their answer, figures, and notes.
'use strict'

// Calls take(text) with each piece of a response as it comes.
async function pieces(response, take) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (let piece; !(piece = await reader.read()).done;) take(piece.value)
}

const pause = seconds => new Promise(done => setTimeout(done, seconds * 1000))

// --- forms ---

// The request that a form, or the button of it that was pressed, stands for.
function requestOf(form, button) {
  const fields = new FormData(form)
  const {path, method = 'GET', type} = {...form.dataset, ...button.dataset}
  const options = {method, headers: {Accept: 'application/json'}}
  const target = path.replace(/{(\w+)}/g, (_, name) => {
    const value = encodeURIComponent(fields.get(name))
    fields.delete(name)
    return value
  })
  if (fields.has('file')) options.body = fields.get('file')
  else if (type) {
    options.body = fields.get('body')
    options.headers['Content-Type'] = type
  } else if (method === 'POST') options.body = new URLSearchParams(fields)
  else if ([...fields].length) return [`${target}?${new URLSearchParams(fields)}`, options]
  return [target, options]
}

function showInvalid(form, text) {
  let errors = []
  try { errors = JSON.parse(text).errors || [] } catch { /* no JSON: nothing is invalid */ }
  for (const place of form.querySelectorAll('.wrong')) {
    const name = place.previousElementSibling.querySelector('input').name
    const wrong = errors.find(error => error.field === name)
    place.textContent = wrong ? wrong.message : ''
  }
}

async function ask(form, button) {
  const output = form.parentElement.querySelector('output')
  const [target, options] = requestOf(form, button)
  const head = document.createElement('b'), body = document.createTextNode('')
  const began = performance.now()
  const tell = what => {
    head.textContent = `${what} · ${((performance.now() - began) / 1000).toFixed(2)} s`
  }
  output.classList.remove('good', 'bad')
  output.replaceChildren(head, body)
  head.textContent = `${options.method} ${target}`
  try {
    const response = await fetch(target, options)
    const status = `${response.status} ${response.statusText}`
    output.classList.add(response.ok ? 'good' : 'bad')
    tell(status)
    await pieces(response, text => {
      body.data += text
      tell(status)
    })
    showInvalid(form, body.data)
    if (response.ok && output.classList.contains('quiet')) form.reset()
  } catch {
    output.classList.add('bad')
    head.textContent = 'no answer: is the demo still running?'
  }
}

for (const form of document.querySelectorAll('form.try'))
  form.addEventListener('submit', async event => {
    event.preventDefault()
    const button = event.submitter || form.querySelector('button')
    button.disabled = true
    await ask(form, button)
    button.disabled = false
  })

// --- figures: one response without an end, a line of JSON at a time ---

const show = {
  late: seconds => `${Math.max(0, seconds * 1000).toFixed(1)} ms`,
  cpu: seconds => `${seconds.toFixed(2)} s`,
  resident: bytes => `${(bytes / 1048576).toFixed(1)} MiB`,
  uptime: seconds => seconds < 60 ? `${Math.floor(seconds)} s` : `${Math.floor(seconds / 60)} min`,
  requests: n => n.toLocaleString('en'),
}

function showFigures(figures) {
  for (const place of document.querySelectorAll('[data-figure]')) {
    const name = place.dataset.figure, value = figures[name]
    place.textContent = show[name] ? show[name](value) : value
  }
}

async function watchFigures() {
  for (;; await pause(2)) {
    let rest = ''
    try {
      await pieces(await fetch('/live'), text => {
        const lines = (rest + text).split('\n')
        rest = lines.pop()
        if (lines.length) showFigures(JSON.parse(lines.pop()))
      })
    } catch { /* it went away: ask again */ }
  }
}

// --- notes: each answer is followed by the next question ---

async function watchNotes() {
  const board = document.getElementById('board')
  for (let since = 0;;) {
    try {
      const response = await fetch(`/notes?since=${since}`)
      if (!response.ok) throw new Error(response.statusText)
      const {notes, last} = await response.json()
      for (const note of notes) {
        const item = document.createElement('li')
        item.textContent = note
        board.prepend(item)
      }
      since = last
    } catch { await pause(2) }
  }
}

for (const code of document.querySelectorAll('.curl code'))
  code.textContent = code.textContent.replace('localhost:8888', location.host)
watchFigures()
watchNotes()
